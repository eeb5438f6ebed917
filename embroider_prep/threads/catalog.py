"""All charts by name: built in, of other programs on this computer, and files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from embroider_prep.design import Finding, Thread
from embroider_prep.errors import InputError, OptionsError, closest
from embroider_prep.threads.chart_file import read_chart_file
from embroider_prep.threads.computer import chart_files
from embroider_prep.threads.names import find_names, keys_of

DATA = Path(__file__).parents[1] / "data"
CHARTS = DATA / "charts"

ORIGIN_OF_FILES = "Ink/Stitch or Inkscape"


@dataclass(frozen=True, kw_only=True)
class ChartInfo:
    """A chart: its name for options, who makes the threads, how many there are, where the values come from.

    ``title`` is what people call it, ``also`` other names of it, ``path`` the file of a chart that other programs keep.
    """

    name: str
    maker: str
    count: int
    origin: str
    title: str = ""
    material: str = ""
    also: tuple[str, ...] = ()
    path: Path | None = None


def list_charts(*, computer: bool = False) -> tuple[ChartInfo, ...]:
    """Return the built-in charts, by name.

    Parameters
    ----------
    computer : bool
        Also the palettes that Ink/Stitch and Inkscape keep on this computer.
    """
    others = []
    for name, path in chart_files().items() if computer else ():
        try:
            threads, _ = read_chart_file(path)
        except InputError:
            # Another program's file: `load_chart` says what is wrong with it.
            continue
        maker = name.removeprefix("InkStitch ")
        others.append(ChartInfo(name=name, maker=maker, count=len(threads), origin=ORIGIN_OF_FILES, path=path))
    return (*_builtin(), *others)


@cache
def _builtin() -> tuple[ChartInfo, ...]:
    with (DATA / "charts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        ChartInfo(
            name=row["name"],
            maker=row["maker"],
            count=(CHARTS / f"{row['name']}.csv").read_bytes().count(b"\n") - 1,
            origin=row["origin"],
            title=row["title"],
            material=row["material"],
            also=tuple(part for part in row["also"].split("/") if part),
        )
        for row in rows
    )


def load_chart(name_or_path: str | Path) -> tuple[Thread, ...]:
    """Return the threads of a built-in chart, a GIMP palette (.gpl) or a CSV file, in the file's order.

    A palette's line ``R G B  name number`` gives the code where the last or the first words look like numbers;
    otherwise the code is the colour's hex value. A CSV file has a header with its columns in any order: number or code
    and name (one of them), hex or r, g, b, and perhaps maker, chart and weight; it is separated by commas, semicolons
    or tabs. Threads with the same number are all kept.

    Parameters
    ----------
    name_or_path : str or Path
        ``"isacord"``, ``"Madeira Polyneon 40"`` … (see `list_charts`), a palette of Ink/Stitch or Inkscape on this
        computer by its name, or a file.

    Raises
    ------
    OptionsError
        When no chart has that name, or several may be meant.
    InputError
        When the file is missing, empty, too large or has a line that does not parse (with its number).
    """
    return read_chart(name_or_path)[0]


def read_chart(name_or_path: str | Path) -> tuple[tuple[Thread, ...], tuple[Finding, ...]]:
    """Return the threads as `load_chart` does, and what was noticed: lines left out, numbers that stand twice."""
    name = str(name_or_path)
    builtin = {chart.name: chart for chart in _builtin()}
    if name.lower() in builtin:
        return _read_builtin(name.lower()), ()
    if not name.strip():
        raise OptionsError("chart: no name is given", hint="see `embroider-prep threads list`")
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.is_file() or path.name != name or path.suffix.lower() in (".gpl", ".csv"):
        return read_chart_file(path)
    found = find_names(name, {chart.name: (chart.name, chart.title, *chart.also) for chart in _builtin()})
    if len(found) == 1:
        return _read_builtin(found[0]), _other_ranges(name, builtin[found[0]])
    if not found:
        files = chart_files()
        found = find_names(name, {stem: (stem, stem.removeprefix("InkStitch ")) for stem in files})
        if len(found) == 1:
            return read_chart_file(files[found[0]])
    if path.exists():
        return read_chart_file(path)
    if found:
        raise OptionsError(
            f"chart {name!r} may be {_or(found)}", hint=f"say which, for instance --chart {_quoted(found[0])}"
        )
    names = {name: name for chart in _builtin() for name in (chart.name, chart.title.lower(), *chart.also)}
    raise OptionsError(
        f"chart {name!r} is unknown; allowed: one of the {len(builtin)} built-in charts, or a .gpl or .csv file",
        hint=closest(
            name, names, otherwise="see `embroider-prep threads list`, or give the path of a .gpl or .csv file"
        ),
    )


def chart_info(name: str) -> ChartInfo | None:
    """Return the entry of a built-in chart, or None."""
    return next((chart for chart in _builtin() if chart.name == name), None)


def chart_title(name: str) -> str:
    """Return what people call a chart: the title of a built-in one, else its name."""
    info = chart_info(name)
    return info.title if info else name


def chart_colors(name: str) -> list[tuple[int, int, int]]:
    """Return the colours alone of a built-in chart: twenty times as fast as all of it."""
    lines = (CHARTS / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    values = [bytes.fromhex(line[-6:]) for line in lines]
    return [(value[0], value[1], value[2]) for value in values]


def _other_ranges(name: str, taken: ChartInfo) -> tuple[Finding, ...]:
    """Say which range of a maker is meant by the maker's name alone."""
    others = [chart.name for chart in _builtin() if chart.maker == taken.maker and chart.name != taken.name]
    if not others or not set(keys_of(name)) & set(keys_of(taken.maker)):
        return ()
    return (
        Finding(
            code="chart-range",
            severity="note",
            message=f"{name!r} is taken for {taken.title}; {taken.maker} also has {', '.join(others)}",
            remedy="",
        ),
    )


@cache
def _read_builtin(name: str) -> tuple[Thread, ...]:
    info = chart_info(name)
    threads, _ = read_chart_file(CHARTS / f"{name}.csv", brand=info.maker if info else name, chart=name)
    return threads


def _or(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
