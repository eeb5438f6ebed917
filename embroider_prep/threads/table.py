"""Charts as tables: which column is what, and the threads of the rows."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from embroider_prep.checked import parse_color
from embroider_prep.errors import InputError, OptionsError
from embroider_prep.threads.rows import table_rows

# Words of a CSV header, without case, accents, spaces and points, and what the column holds.
_COLUMNS = {
    "code": (
        "number", "code", "no", "nr", "num", "id", "catalognumber", "cataloguenumber", "catalog", "threadcode",
        "colorcode", "colourcode", "colornumber", "colournumber", "threadnumber", "colorno", "colourno", "sku",
        "nummer", "farbnummer", "numero", "codigo",
    ),
    "name": (
        "name", "description", "colorname", "colourname", "threadname", "comment", "title",
        "bezeichnung", "farbname", "nom", "nombre", "nome",
    ),
    "hex": ("hex", "html", "htmlcolor", "rgbhex", "hexrgb", "hexcode", "hexcolor", "hexcolour", "hexvalue"),
    # Holds hex values when no other column does; then it is a name.
    "color": ("color", "colour", "rgb", "farbe", "couleur", "colore"),
    "red": ("r", "red", "rot", "rouge", "rojo"),
    "green": ("g", "green", "grun", "vert", "verde"),
    "blue": ("b", "blue", "blau", "bleu", "azul"),
    "brand": ("maker", "brand", "manufacturer", "hersteller", "marque"),
    "chart": ("chart", "range", "line"),
    "weight": ("weight", "wt", "weightwt"),
}  # fmt: skip
_COLUMN_OF = {word: column for column, words in _COLUMNS.items() for word in words}

# Titles, addresses and dates that a spreadsheet has above its table.
_HEADER_WITHIN = 40


@dataclass(frozen=True)
class Row:
    """A line of a chart: where it stands, and what it says of one thread; ``rgb8`` None: a row without a colour."""

    line: int
    code: str
    name: str
    rgb8: tuple[int, int, int] | None
    brand: str = ""
    chart: str = ""
    weight_wt: int = 40


@dataclass(frozen=True)
class Header:
    """The place of each known column, the delimiter, and the line it stands in; empty when there is none."""

    columns: dict[str, int] = field(default_factory=dict)
    delimiter: str = ","
    line: int = 0

    @property
    def has_color(self) -> bool:
        """Whether the columns give a colour."""
        return "hex" in self.columns or self.columns.keys() >= {"red", "green", "blue"}

    @property
    def names_threads(self) -> bool:
        """Whether the columns say which thread a row is."""
        return bool(self.columns.keys() & {"code", "name"})

    @property
    def is_whole(self) -> bool:
        """Whether there is all that a chart needs."""
        return self.has_color and self.names_threads

    @property
    def rank(self) -> tuple[bool, int]:
        """How good a header this is: larger is better."""
        return self.is_whole, len(self.columns)

    def cell(self, cells: list[str], column: str) -> str:
        """Return a cell by the kind of its column; empty when the row ends before."""
        place = self.columns.get(column, len(cells))
        return cells[place] if place < len(cells) else ""


def find_header(path: str | Path, text: str) -> tuple[Header, str]:
    """Return the header of a table, and the text without a line ``sep=;`` (line numbers stay)."""
    declared = re.match(r"\s*\"?sep=(.)\"?[;,\t ]*(?=\r|\n|$)", text, re.IGNORECASE)
    if declared:
        text = text[declared.end() :]
    best = Header()
    for delimiter in declared.group(1) if declared else ",;\t|":
        best = _best_row(path, text, delimiter, best)
    # Words below the first row are a header only when they make a whole one: a spool may be called Blue.
    first = next((number for number, line in enumerate(text.split("\n"), start=1) if line.strip(" ;,\t")), 0)
    if best.line > first and not best.is_whole:
        best = Header()
    return best, text


def _best_row(path: str | Path, text: str, delimiter: str, best: Header) -> Header:
    """Return the first row with the most columns, when it has more than ``best``: titles stand above it."""
    # A cell larger than the reader takes is said when the rows are read.
    with contextlib.suppress(InputError):
        for count, (line, cells) in enumerate(table_rows(path, text, delimiter)):
            header = Header(_columns(cells), delimiter, line)
            if header.rank > best.rank:
                best = header
            if count >= _HEADER_WITHIN or (best.is_whole and line > best.line):
                break
    return best


def _columns(cells: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        plain = unicodedata.normalize("NFKD", cell.lower())
        word = re.sub(r"[^a-z]", "", plain)
        # "Color #", "Thread #"
        column = "code" if "#" in cell and word in ("", "color", "colour", "thread") else _COLUMN_OF.get(word)
        # A row of threads has numbers.
        if column and not re.search(r"\d", cell):
            found.setdefault(column, place)
    if "color" in found:
        known = "hex" in found or found.keys() >= {"red", "green", "blue"}
        found.setdefault("name" if known else "hex", found.pop("color"))
    return found


def parse_table(path: str | Path, text: str) -> Iterator[Row]:
    """Yield the rows of a chart.

    Raises
    ------
    InputError
        When there is no header, or a colour or weight that does not parse (with its line).
    """
    header, text = find_header(path, text)
    if not header.is_whole:
        raise InputError(
            f"{path}, line 1: no header of a chart; needed are columns number or name, and hex or r, g, b",
            hint="start the file with: number,name,hex",
        )
    for line, cells in table_rows(path, text, header.delimiter):
        if line <= header.line:
            continue
        weight = re.fullmatch(r"(?:no\.?|#)?\s*(\d+)\s*(?:wt|weight|/\s*\d)?", header.cell(cells, "weight").lower())
        if header.cell(cells, "weight") and not (weight and 1 <= int(weight[1]) <= 200):
            raise InputError(f"{path}, line {line}: weight {header.cell(cells, 'weight')!r} is no number from 1 to 200")
        yield Row(
            line=line,
            # A spreadsheet's number.
            code=re.sub(r"^(\d+)\.0+$", r"\1", header.cell(cells, "code")),
            name=header.cell(cells, "name"),
            rgb8=_color(f"{path}, line {line}", header, cells),
            brand=header.cell(cells, "brand"),
            chart=header.cell(cells, "chart"),
            weight_wt=int(weight[1]) if weight else 40,
        )


def _color(where: str, header: Header, cells: list[str]) -> tuple[int, int, int] | None:
    text = header.cell(cells, "hex")
    parts = [header.cell(cells, column) for column in ("red", "green", "blue")]
    if not text and not any(parts):
        return None
    if text:
        digits = re.fullmatch(r"(?:#|0[xX])?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", text)
        levels = re.fullmatch(r"(?:rgb)?\(?\s*(\d+)[\s,;]+(\d+)[\s,;]+(\d+)\s*\)?", text)
        if not levels:
            try:
                return parse_color(digits.group(1) if digits else text, where=where)
            except OptionsError as error:
                raise InputError(f"{where}: {text!r} is no colour; allowed: #rrggbb, #rgb") from error
        parts = list(levels.groups())
    numbers = [re.fullmatch(r"(\d+)(?:[.,]0+)?", part) for part in parts]
    if not all(number and number[1].isascii() and int(number[1]) <= 255 for number in numbers):
        raise InputError(f"{where}: {', '.join(parts)!r} is no colour; allowed: #rrggbb, or r, g, b from 0 to 255")
    red, green, blue = (int(number[1]) for number in numbers if number)
    return red, green, blue
