"""What is the most that is taken from outside, in one place: whoever reads a file asks here."""

from __future__ import annotations

MAX_TEXT_BYTES = 4 << 20
"""Text files that a person keeps (charts, spools, machines, options, cards): the largest known has 60 kB."""

MAX_TABLE_BYTES = 256 << 10
"""TOML files: the parser needs seconds for a megabyte, and nobody writes one by hand."""

MAX_PLAN_BYTES = 24_000_000
"""Plans as JSON or CSV: 100,000 stitches are some 10 MB; as Python's lists a plan takes up to forty times that."""

MAX_NESTING = 32
"""Tables in tables: options have two levels, cards three, plans four."""

MAX_KEY_PARTS = 16
"""Names in a dotted TOML key: the parser's time grows with their square."""

MAX_INTEGER = 2**63 - 1
"""What TOML promises to hold, and the largest number that arrays take."""

MAX_LINE_LETTERS = 1000
"""Most of a message that is shown: it may hold a value from a file."""

MAX_NAME_LETTERS = 200
"""Most of a name from a file (a thread's, a design's): longer ones are no names."""

MAX_SIDE_MM = 1500.0
"""Longest side of a design or hoop: the largest industrial machines sew 1.4 m wide."""

MIN_SIDE_MM = 5.0
"""Shortest side of a design: below that there is room for a dozen rows, and no picture."""
