"""The command line: verbs of the pipeline. Every command parses, calls one function of the library, and shows.

stdout is data, stderr is talk. Commands are loaded when they are called, and the library when they work, so that
``--help`` is instant.
"""

from __future__ import annotations

from embroider_prep.cli.entry import main, run

__all__ = ["main", "run"]
