"""The spools one owns, and colours one has measured oneself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from embroider_prep.design import Thread
from embroider_prep.errors import InputError
from embroider_prep.limits import MAX_SPOOL_WORDS
from embroider_prep.texts import read_text
from embroider_prep.threads.chart_file import collect
from embroider_prep.threads.match import ThreadIndex
from embroider_prep.threads.palette import is_palette, parse_palette
from embroider_prep.threads.rows import table_rows
from embroider_prep.threads.table import Row, find_header, parse_table


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
    text = read_text(path)
    name = Path(path).stem
    if is_palette(text):
        title, rows = parse_palette(path, text)
        title = title.removeprefix("Ink/Stitch:").strip() or name
        return collect(path, rows, brand=title, chart=title)[0]
    header, rest = find_header(path, text)
    if header.has_color:
        return collect(path, parse_table(path, text), brand=name, chart=name)[0]
    index = ThreadIndex(chart)
    found: dict[Thread, None] = {}
    if header.names_threads:
        for line, cells in table_rows(path, rest, header.delimiter):
            if line > header.line:
                found[_of_row(path, line, header.cell(cells, "code"), header.cell(cells, "name"), index)] = None
    else:
        words = 0
        for line, parts in _lines(rest):
            words += len(parts)
            if words > MAX_SPOOL_WORDS:
                raise InputError(f"{path}: more than {MAX_SPOOL_WORDS:,} codes and words; this is no list of spools")
            for position, part in enumerate(parts):
                thread = _of_words(part, index)
                # After a code, words that are no code are what the maker calls it.
                if thread is None and not (position and not any(char.isdigit() for char in part)):
                    error = index.unknown(part)
                    raise InputError(f"{path}, line {line}: {error.message}", hint=error.hint)
                if thread is not None:
                    found[thread] = None
    if not found:
        raise InputError(f"{path}: no codes in it; allowed are codes of threads, one per line")
    return tuple(found)


def _of_row(path: str | Path, line: int, code: str, name: str, index: ThreadIndex) -> Thread:
    thread = _of_words(re.sub(r"^(\d+)\.0+$", r"\1", code) if code else name, index)
    if thread is not None:
        return thread
    if not code and not name:
        raise InputError(f"{path}, line {line}: neither number nor name", hint="fill the cell, or take the line away")
    error = index.unknown(code or name)
    raise InputError(f"{path}, line {line}: {error.message}", hint=error.hint)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and parts of each line that holds any, without comments."""
    for number, line in enumerate(text.split("\n"), start=1):
        parts = [part.strip(" \t\"'") for part in re.split(r"[,;\t]", re.sub(r"(^|\s)#(\s.*)?$", "", line))]
        if any(parts):
            yield number, [part for part in parts if part]


def _of_words(words: str, index: ThreadIndex) -> Thread | None:
    """Return the thread that words name, or the first of the words that is a number: "Isacord 0015 White"."""
    parts = words.split()
    tried = (words, *parts[:1], *(part.strip("()#:") for part in parts[:8] if any(char.isdigit() for char in part)))
    return next((thread for part in tried if (thread := index.find(part)) is not None), None)


def read_measured(path: str | Path, chart: Sequence[Thread]) -> tuple[Thread, ...]:
    """Return a chart with the colours that somebody has measured in place of its own.

    Parameters
    ----------
    path : str or Path
        CSV file with columns number (or name) and hex, or r, g, b; or a GIMP palette. It may hold a few threads only:
        the others keep the chart's colours.
    chart : sequence of Thread

    Raises
    ------
    InputError
        When the file is missing or empty, does not parse, or names a thread that the chart has not (with its line).
    """
    text = read_text(path)
    rows: Iterator[Row] | list[Row] = parse_palette(path, text)[1] if is_palette(text) else parse_table(path, text)
    index = ThreadIndex(chart)
    measured: dict[Thread, Thread] = {}
    for row in rows:
        thread = index.find(row.code or row.name)
        if thread is None:
            error = index.unknown(row.code or row.name)
            raise InputError(f"{path}, line {row.line}: {error.message}", hint=error.hint)
        if row.rgb8 is None:
            raise InputError(f"{path}, line {row.line}: no colour for {thread}", hint="give it, or take the line away")
        measured[thread] = replace(thread, rgb8=row.rgb8)
    if not measured:
        raise InputError(f"{path}: no measured colours in it", hint="start the file with: number,hex")
    return tuple(measured.get(thread, thread) for thread in chart)
