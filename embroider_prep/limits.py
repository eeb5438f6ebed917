"""What is the most that is taken from outside, in one place: whoever reads a file asks here."""

from __future__ import annotations

MAX_TEXT_BYTES = 1 << 20
"""Text files that a person keeps (charts, spools, machines, options, cards): the largest known has 60 kB."""

MAX_FILE_BYTES = 1 << 30
"""Largest file that is opened; what it holds is bounded by its own kind."""

MAX_STREAM_BYTES = 256 << 20
"""Most that is taken from a pipe, which is held in memory: one without an end must not fill it."""

MAX_TABLE_BYTES = 256 << 10
"""TOML files: the parser needs seconds for a megabyte, and nobody writes one by hand."""

MAX_STITCH_FILE_BYTES = 2_000_000
"""Larger stitch files are read with ``force`` only: a full hoop of 100,000 stitches has 0.6 MB."""

MAX_DESIGN_MM = 2000.0
"""No machine sews larger: what claims to be is damaged. 16-bit places in PES files end at 3.2 m."""

MAX_PLAN_BYTES = 24_000_000
"""Plans as JSON or CSV: 100,000 stitches are some 10 MB; as Python's lists a plan takes up to forty times that."""

MAX_NESTING = 32
"""Tables in tables: options have two levels, cards three, plans four."""

MAX_KEY_PARTS = 16
"""Names in a dotted TOML key: the parser's time grows with their square."""

MAX_INTEGER = 2**63 - 1
"""What TOML promises to hold, and the largest number that arrays take."""

MAX_CHART_THREADS = 10_000
"""The largest charts of makers have some 900 threads: more is another kind of file."""

MAX_SPOOL_WORDS = 20_000
"""Codes and words in a list of spools: the largest maker's range, with names of several words."""

MAX_LINE_LETTERS = 1000
"""Most of a message that is shown: it may hold a value from a file."""

MAX_NAME_LETTERS = 200
"""Most of a name from a file (a thread's, a design's): longer ones are no names."""

MAX_SIDE_MM = 1500.0
"""Longest side of a design or hoop: the largest industrial machines sew 1.4 m wide."""

MIN_SIDE_MM = 5.0
"""Shortest side of a design: below that there is room for a dozen rows, and no picture."""

MAX_WORKING_MEGAPIXELS = 24.0
"""Pixels of the working picture: 1 x 0.67 m at 6 pixels per mm. Steps hold some forty bytes for each of them."""

MAX_MODEL_FILE_BYTES = 512 << 20
"""Largest network that is read: the published HRNets have 120 MB and more than enough layers."""

MAX_MODEL_BYTES = 768 << 20
"""Most memory that a network may take while it is opened or run, weights included: twice what a session plans for."""

MAX_MODEL_S = 60.0
"""Longest time to open a network or to run one batch of tiles: the slowest known take ten seconds on one core."""

MAX_DRAWING_BYTES = 96 << 20
"""Largest SVG drawing: one with a large photo embedded has some 30 MB."""

MAX_DRAWING_ELEMENTS = 100_000
"""Elements of a drawing: detailed maps have some 50,000, and nothing sews as many shapes."""

MAX_DRAWING_COPIES = 10_000
"""Elements that copies of others stand for: copies of copies of copies grow without end."""

MAX_DRAWING_DEPTH = 100
"""Groups in groups: drawing programs nest a dozen."""

MAX_DRAWING_POINTS = 4_000_000
"""Points of all paths of a drawing, curves flattened: forty times the longest design."""

MAX_ENTITY_LETTERS = 200
"""Text that stands for a short name within a drawing: Illustrator has addresses of namespaces there."""

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif",
)  # fmt: skip
"""Names of what is taken for a picture, in small letters."""
