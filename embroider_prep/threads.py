"""Thread charts: built in, GIMP palettes, CSV files, and lists of the spools one owns."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from embroider_prep.checked import parse_color
from embroider_prep.design import Thread
from embroider_prep.errors import InputError, OptionsError, closest
from embroider_prep.files import open_input

CHARTS = Path(__file__).parent / "data" / "charts"

MAX_CHART_BYTES = 4 << 20
MAX_CHART_THREADS = 10_000
"""The largest charts of makers have some 600 threads: more is another kind of file."""

# Words of a CSV header, without case, spaces and points, and what the column holds.
_COLUMNS = {
    "code": ("number", "code", "no", "nr", "num", "id", "catalognumber", "cataloguenumber", "threadcode", "colorcode"),
    "name": ("name", "description", "colorname", "colourname", "threadname"),
    "hex": ("hex", "html", "htmlcolor", "rgbhex", "hexcode", "hexcolor"),
    # Holds hex values when no other column does; then it is a name.
    "color": ("color", "colour", "rgb"),
    "red": ("r", "red"),
    "green": ("g", "green"),
    "blue": ("b", "blue"),
    "brand": ("maker", "brand", "manufacturer"),
    "chart": ("chart", "range", "line"),
    "weight": ("weight", "wt", "weightwt"),
}
_COLUMN_OF = {word: column for column, words in _COLUMNS.items() for word in words}

# A maker's number: digits, perhaps with a few letters before and a point or dash within (1147, 0015, B5200, FS-104).
_NUMBER = re.compile(r"[A-Za-z]{0,3}-?\d[\dA-Za-z./-]{0,9}")


@dataclass(frozen=True, kw_only=True)
class ChartInfo:
    """A built-in chart: its name for options, who makes the threads, how many there are, where the values come from."""

    name: str
    maker: str
    count: int
    origin: str


@cache
def list_charts() -> tuple[ChartInfo, ...]:
    """Return the built-in charts, by name."""
    charts = []
    for path in sorted(CHARTS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        charts.append(ChartInfo(name=path.stem, maker=rows[0]["maker"], count=len(rows), origin=rows[0]["origin"]))
    return tuple(charts)


def load_chart(name_or_path: str | Path) -> tuple[Thread, ...]:
    """Return the threads of a built-in chart, a GIMP palette (.gpl) or a CSV file, in the file's order.

    A palette's line ``R G B  name number`` gives the code when its last word looks like one; otherwise the code is
    the colour's hex value. A CSV file has a header with its columns in any order: number or code and name (one of
    them), hex or r, g, b, and perhaps maker, chart and weight; it is separated by commas, semicolons or tabs.
    A code that comes again is left out.

    Parameters
    ----------
    name_or_path : str or Path
        ``"brother"`` … (see `list_charts`), or a file.

    Raises
    ------
    OptionsError
        When no built-in chart has that name.
    InputError
        When the file is missing, empty, too large or has a line that does not parse (with its number).
    """
    names = [chart.name for chart in list_charts()]
    name = str(name_or_path)
    if name.lower() in names:
        return _builtin(name.lower())
    path = Path(name_or_path)
    if not path.suffix and path.name == name and not path.exists():
        raise OptionsError(
            f"chart {name!r} is unknown; allowed: {', '.join(names)}, or a .gpl or .csv file",
            hint=closest(name, names, otherwise="give the path of your maker's .gpl or .csv file"),
        )
    text = _read_text(path)
    parse = _parse_palette if _is_palette(text) else _parse_table
    return _collected(path, parse(path, text))


@cache
def _builtin(name: str) -> tuple[Thread, ...]:
    path = CHARTS / f"{name}.csv"
    return _collected(path, _parse_table(path, path.read_text(encoding="utf-8")))


def read_spools(path: str | Path, chart: Sequence[Thread]) -> tuple[Thread, ...]:
    """Return the threads that one owns, in the order of the file.

    Parameters
    ----------
    path : str or Path
        Codes of ``chart``, one or several per line (separated by commas, semicolons or tabs), each perhaps followed by
        words; or a CSV file with a column of codes; or a chart of its own (.gpl, .csv with colours), taken as it is.
        ``#`` starts a comment.
    chart : sequence of Thread
        Where the codes are looked up.

    Raises
    ------
    InputError
        When the file is missing or empty, or names a thread that the chart has not (with its line).
    """
    text = _read_text(path)
    if _is_palette(text):
        return _collected(path, _parse_palette(path, text))
    header, delimiter = _header(path, text)
    if _has_color(header):
        return _collected(path, _parse_table(path, text))
    column = header.get("code", header.get("name"))
    rows = _lines(text) if column is None else _rows(path, text, delimiter)
    if column is not None:
        next(rows)
    found: dict[tuple[str, str], Thread] = {}
    for line, cells in rows:
        for position, cell in enumerate(cells if column is None else cells[column : column + 1]):
            try:
                thread = _find_spool(cell, chart)
            except OptionsError as error:
                # After a code, words that are no code are what the maker calls it.
                if position and not any(char.isdigit() for char in cell):
                    continue
                raise InputError(f"{path}, line {line}: {error.message}", hint=error.hint) from error
            found.setdefault((thread.brand, thread.code), thread)
    if not found:
        raise InputError(f"{path}: no codes in it; allowed are codes of threads, one per line")
    return tuple(found.values())


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and parts of each line that holds any, without comments."""
    for number, line in enumerate(text.splitlines(), start=1):
        parts = [part.strip() for part in re.split(r"[,;\t]", re.sub(r"(^|\s)#(\s.*)?$", "", line))]
        if any(parts):
            yield number, [part for part in parts if part]


def _find_spool(cell: str, chart: Sequence[Thread]) -> Thread:
    try:
        return find_thread(cell, chart)
    except OptionsError:
        first = cell.split()[0]
        if first == cell:
            raise
        return find_thread(first, chart)


def find_thread(code: str, chart: Sequence[Thread]) -> Thread:
    """Return the thread of that code; else, without regard to case and leading zeros, that code or name.

    Raises
    ------
    OptionsError
        When the chart has no such thread; the hint names the closest code.
    """
    wanted = code.strip()
    for same in (
        lambda thread: thread.code == wanted,
        lambda thread: _loose(thread.code) == _loose(wanted),
        lambda thread: thread.name.lower() == wanted.lower(),
    ):
        for thread in chart:
            if same(thread):
                return thread
    where = f"chart {chart[0].chart}" if chart else "an empty chart"
    names = [thread.code for thread in chart] + [thread.name for thread in chart if thread.name]
    raise OptionsError(f"thread {wanted!r} is not in {where} ({len(chart)} threads)", hint=closest(wanted, names))


def _loose(code: str) -> str:
    return code.lower().lstrip("0") or "0"


def match_color(
    color: str | tuple[int, int, int], chart: Sequence[Thread], count: int = 5
) -> tuple[tuple[Thread, float], ...]:
    """Return the threads nearest to a colour with their CIEDE2000 differences, nearest first.

    Parameters
    ----------
    color : str or three numbers from 0 to 255
        ``"#rrggbb"``, ``"#rgb"``, a few names, or 8-bit sRGB.
    chart : sequence of Thread
    count : int
        How many, at most; 1 or more.
    """
    from embroider_prep.color import delta_e, lab_from_rgb8

    rgb8 = parse_color(color) if isinstance(color, str) else color
    if count < 1 or not chart:
        raise OptionsError(f"match: {count} of {len(chart)} threads; allowed: 1 or more")
    if len(rgb8) != 3 or not all(0 <= level <= 255 for level in rgb8):
        raise OptionsError(f"match: {rgb8!r} is not a colour; allowed are three numbers from 0 to 255")
    threads = np.array([thread.rgb8 for thread in chart], np.uint8)
    difference = delta_e(lab_from_rgb8(np.array([rgb8], np.uint8)), lab_from_rgb8(threads))
    order = np.argsort(difference, kind="stable")[:count]
    return tuple((chart[i], float(difference[i])) for i in order)


# ------------------------------------------------------------------ files


def _read_text(path: str | Path) -> str:
    with open_input(path, max_bytes=MAX_CHART_BYTES) as (file, _):
        data = file.read()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # What spreadsheets call Unicode text.
        return data.decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise InputError(f"{path}: not a text file; allowed are .gpl palettes and .csv files")
    return text


def _is_palette(text: str) -> bool:
    return text.lstrip().lower().startswith("gimp palette")


def _collected(path: str | Path, threads: Iterable[Thread]) -> tuple[Thread, ...]:
    found: dict[tuple[str, str], Thread] = {}
    for thread in threads:
        found.setdefault((thread.brand, thread.code), thread)
        if len(found) > MAX_CHART_THREADS:
            raise InputError(f"{path}: more than {MAX_CHART_THREADS} threads; this is no chart")
    if not found:
        raise InputError(f"{path}: the chart is empty", hint="it needs a line for each thread")
    return tuple(found.values())


def _parse_palette(path: str | Path, text: str) -> Iterator[Thread]:
    chart = Path(path).stem
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if number == 1 or not words or line.lstrip().startswith("#"):
            continue
        if re.match(r"\s*[A-Za-z]+:", line):
            if words[0].lower() == "name:" and len(words) > 1:
                chart = " ".join(words[1:]).removeprefix("Ink/Stitch: ")
            continue
        rgb = tuple(int(word) if word.isdecimal() else -1 for word in words[:3])
        if len(rgb) != 3 or not all(0 <= level <= 255 for level in rgb):
            raise InputError(
                f"{path}, line {number}: {line.strip()[:60]!r} is no colour; "
                "allowed: three numbers from 0 to 255, then a name"
            )
        code = words[-1] if len(words) > 3 and _NUMBER.fullmatch(words[-1]) else ""
        name = " ".join(words[3 : len(words) - bool(code)])
        yield Thread(brand=chart, chart=chart, code=code or "#{:02x}{:02x}{:02x}".format(*rgb), name=name, rgb8=rgb)


def _parse_table(path: str | Path, text: str) -> Iterator[Thread]:
    header, delimiter = _header(path, text)
    if not _has_color(header) or not header.keys() & {"code", "name"}:
        raise InputError(
            f"{path}, line 1: no header of a chart; needed are columns number or name, and hex or r, g, b",
            hint="start the file with: number,name,hex",
        )
    rows = _rows(path, text, delimiter)
    next(rows)
    for line, cells in rows:

        def cell(column: str, cells: list[str] = cells) -> str:
            place = header.get(column, len(cells))
            return cells[place] if place < len(cells) else ""

        rgb = _color(f"{path}, line {line}", cell)
        code = cell("code") or "#{:02x}{:02x}{:02x}".format(*rgb)
        weight = cell("weight").lower().removesuffix("wt").strip() or "40"
        if not weight.isdecimal() or not 1 <= int(weight) <= 200:
            raise InputError(f"{path}, line {line}: weight {weight!r} is no number from 1 to 200")
        name = Path(path).stem
        yield Thread(
            brand=cell("brand") or name,
            chart=cell("chart") or name,
            code=code,
            name=cell("name"),
            rgb8=rgb,
            weight_wt=int(weight),
        )


def _color(where: str, cell: Callable[[str], str]) -> tuple[int, int, int]:
    if cell("hex"):
        digits = re.fullmatch(r"(?:#|0x)?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", cell("hex"))
        if digits is None:
            raise InputError(f"{where}: {cell('hex')!r} is no colour; allowed: #rrggbb, #rgb")
        return parse_color(digits.group(1), where=where)
    parts = cell("red"), cell("green"), cell("blue")
    if not all(part.isdecimal() and int(part) <= 255 for part in parts):
        raise InputError(f"{where}: {', '.join(parts)!r} is no colour; allowed: #rrggbb, or r, g, b from 0 to 255")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _rows(path: str | Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not empty and no comment."""
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{path}, line {reader.line_num}: not a line of a table: {error}") from error
        trimmed = [cell.strip() for cell in cells]
        # A hex colour in the first column starts like a comment.
        if any(trimmed) and not re.match(r"#(?![0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?$)", trimmed[0]):
            yield reader.line_num, trimmed


def _header(path: str | Path, text: str) -> tuple[dict[str, int], str]:
    """Return the place of each known column, and the delimiter that finds most of them."""
    best: dict[str, int] = {}
    best_delimiter = ","
    for delimiter in ",;\t":
        found: dict[str, int] = {}
        for place, cell in enumerate(_first_row(path, text, delimiter)):
            column = _COLUMN_OF.get(re.sub(r"[^a-z]", "", cell.lower()))
            if column:
                found.setdefault(column, place)
        if "color" in found:
            found.setdefault("name" if _has_color(found) else "hex", found.pop("color"))
        if len(found) > len(best):
            best, best_delimiter = found, delimiter
    return best, best_delimiter


def _first_row(path: str | Path, text: str, delimiter: str) -> list[str]:
    return next((cells for _, cells in _rows(path, text, delimiter)), [])


def _has_color(header: dict[str, int]) -> bool:
    return "hex" in header or header.keys() >= {"red", "green", "blue"}
