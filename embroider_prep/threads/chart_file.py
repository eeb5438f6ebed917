"""A chart from a file: all of its threads, and what was noticed on the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from embroider_prep.design import Finding, Thread
from embroider_prep.errors import InputError
from embroider_prep.limits import MAX_CHART_THREADS
from embroider_prep.texts import read_text
from embroider_prep.threads.palette import is_palette, parse_palette
from embroider_prep.threads.table import Row, parse_table

# Lines named with their words; more get their numbers alone.
_WITH_WORDS = 6


def read_chart_file(
    path: str | Path, *, brand: str = "", chart: str = ""
) -> tuple[tuple[Thread, ...], tuple[Finding, ...]]:
    """Return the threads of a GIMP palette or a CSV file, in its order, and findings about lines.

    Every line with a colour becomes a thread. Two threads of one number and different colours or names are both kept,
    and said; a line that repeats another word for word, or has no colour, is left out, and said.

    Parameters
    ----------
    path : str or Path
    brand, chart : str
        What to call the maker and the chart where the file does not; default the palette's or the file's name.

    Raises
    ------
    InputError
        When the file is missing, empty, too large or has a line that does not parse (with its number).
    """
    text = read_text(path)
    rows: Iterable[Row]
    title = ""
    if is_palette(text):
        title, rows = parse_palette(path, text)
        title = title.removeprefix("Ink/Stitch:").strip()
    else:
        rows = parse_table(path, text)
    default = title or Path(path).stem
    return collect(path, rows, brand=brand or default, chart=chart or default)


def collect(
    path: str | Path, rows: Iterable[Row], *, brand: str, chart: str
) -> tuple[tuple[Thread, ...], tuple[Finding, ...]]:
    """Return the threads of rows, and what is to be said about rows that repeat others or have no colour."""
    threads: list[Thread] = []
    seen: dict[Thread, int] = {}
    numbers: dict[tuple[str, str, str], int] = {}
    # Line: what is to be said of it.
    again: dict[int, str] = {}
    twice: dict[int, str] = {}
    bare: dict[int, str] = {}
    for row in rows:
        said = " ".join(part for part in (row.code, row.name) if part)
        if row.rgb8 is None:
            bare[row.line] = said or "no words"
            _check_lines(path, len(bare))
            continue
        color = "#{:02x}{:02x}{:02x}".format(*row.rgb8)
        thread = Thread(
            brand=row.brand or brand,
            chart=row.chart or chart,
            code=row.code or color,
            name=row.name,
            rgb8=row.rgb8,
            weight_wt=row.weight_wt,
        )
        if thread in seen:
            again[row.line] = f"{said or color}, as line {seen[thread]}"
            _check_lines(path, len(again))
            continue
        key = (thread.brand, thread.chart, thread.code)
        if row.code and key in numbers:
            twice[row.line] = f"{said} {color}, as line {numbers[key]}"
        seen[thread] = row.line
        numbers.setdefault(key, row.line)
        threads.append(thread)
        _check_lines(path, len(threads))
    if not threads:
        why = f": no colour in {_named(bare)}" if bare else ""
        raise InputError(f"{path}: the chart is empty{why}", hint="it needs a line for each thread, with its colour")
    findings = []
    if bare:
        message = f"{path}: no colour in {_named(bare)}; left out"
        findings.append(_finding("chart-no-color", message, "give each thread a colour, or take the line away"))
    if again:
        findings.append(_finding("chart-line-again", f"{path}: the same thread again in {_named(again)}; left out", ""))
    if twice:
        message = f"{path}: the same number for another thread: {_named(twice)}; both are kept"
        findings.append(_finding("chart-number-twice", message, "look on the spool, and correct the file"))
    return tuple(threads), tuple(findings)


def _check_lines(path: str | Path, count: int) -> None:
    if count > MAX_CHART_THREADS:
        raise InputError(f"{path}: more than {MAX_CHART_THREADS} threads; this is no chart")


def _finding(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity="warning", message=message, remedy=remedy)


def _named(lines: dict[int, str]) -> str:
    if len(lines) > _WITH_WORDS:
        return "lines " + ", ".join(str(line) for line in lines)
    return ", ".join(f"line {line} ({said})" for line, said in lines.items())
