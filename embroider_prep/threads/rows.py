"""Rows of a table from the text of a file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from embroider_prep.errors import InputError


def table_rows(path: str | Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not empty and no comment."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{path}, line {reader.line_num}: not a line of a table: {error}") from error
        trimmed = [" ".join(cell.split()) for cell in cells]
        # A hex colour in the first column starts like a comment.
        if any(trimmed) and not re.match(r"#(?![0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?$)", trimmed[0]):
            yield reader.line_num, trimmed
