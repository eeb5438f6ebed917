"""The gate for text that comes from outside: files of any encoding in, letters that fool nobody out.

Every chart, list, profile, options file, card and plan is read here, and every name from a picture or stitch file
goes through `clean_line`. What it lets through can be printed on a terminal, put into a page and written as UTF-8.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from embroider_prep.errors import InputError
from embroider_prep.files import open_input
from embroider_prep.limits import (
    MAX_INTEGER,
    MAX_KEY_PARTS,
    MAX_NAME_LETTERS,
    MAX_NESTING,
    MAX_TABLE_BYTES,
    MAX_TEXT_BYTES,
)

STAND_IN = "?"
"""Stands where a letter was that must not get through; every font and encoding has it."""

# Control letters (a terminal obeys them), separators that end a line nobody sees, embeddings, overrides and isolates
# that turn the order of letters round (https://trojansource.codes), halves of surrogate pairs (what an undecodable
# byte in a file name becomes), byte order marks in the middle, annotations, and what XML cannot hold.
_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
# Invisible and in honest use between letters of two directions: left out, not replaced.
_DIRECTION_MARKS = str.maketrans("", "", "\u200e\u200f\u061c")

_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_DOTTED = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}""" % MAX_KEY_PARTS  # noqa: UP031
)


def clean(text: str) -> str:
    r"""Return text of several lines with a question mark for each letter that could fool a terminal or a reader.

    Line ends become ``\n``; tabs stay.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HOSTILE.sub(STAND_IN, text).translate(_DIRECTION_MARKS)


def clean_line(text: str, *, most: int = MAX_NAME_LETTERS) -> str:
    """Return text as one line of at most ``most`` letters: for names that come from a file, and names of files."""
    if text.isprintable() and len(text) <= most:
        return text
    line = clean(text[: 2 * most]).replace("\n", " ").replace("\t", " ")
    return line if len(line) <= most and len(text) <= 2 * most else line[: most - 1] + "…"


def decode(data: bytes, where: str) -> str:
    """Return bytes as clean text: UTF-8, UTF-16 and UTF-32 with or without a byte order mark, else Windows-1252.

    Raises
    ------
    InputError
        When it is no text: zero bytes that belong to no encoding.
    """
    encoding = _encoding(data)
    try:
        text = data.decode(encoding, "strict" if encoding == "utf-8-sig" else "replace")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        raise InputError(f"{where}: not a text file", hint="save it as plain text, UTF-8")
    return clean(text.removeprefix("\ufeff"))


def _encoding(data: bytes) -> str:
    if data.startswith(_UTF32):
        return "utf-32"
    if data.startswith(_UTF16):
        return "utf-16"
    # Without a mark: what is mostly Latin letters has a zero in every second byte.
    start = data[:4096]
    pairs = max(1, len(start) // 2)
    if b"\0" in start and not len(data) % 2:
        low, high = start[1::2].count(0) / pairs, start[::2].count(0) / pairs
        if low > 0.5 and high < 0.05:
            return "utf-16-le"
        if high > 0.5 and low < 0.05:
            return "utf-16-be"
    return "utf-8-sig"


def read_text(path: str | Path | bytes | BinaryIO, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Return the clean text of a file.

    Parameters
    ----------
    path : str, Path, bytes or binary stream
        As `files.open_input`.
    max_bytes : int

    Raises
    ------
    InputError
        When it is missing, empty, too large, or no text.
    """
    with open_input(path, max_bytes=max_bytes) as (file, where):
        return decode(file.read(), where)


def read_toml(path: str | Path, *, hint: str) -> dict[str, Any]:
    """Return the tables of a TOML file: clean texts, finite numbers, a few levels.

    Raises
    ------
    InputError
        When it cannot be read, is not TOML (with line and column), or holds what no such file needs.
    """
    return parse_toml(read_text(path, max_bytes=MAX_TABLE_BYTES), str(path), hint=hint)


def parse_toml(text: str, where: str, *, hint: str) -> dict[str, Any]:
    """Return the tables of TOML text; see `read_toml`."""
    if _DOTTED.search(text):
        raise InputError(f"{where}: a name of more than {MAX_KEY_PARTS} parts", hint=hint)
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise InputError(f"{where}: more than {MAX_NESTING} levels", hint=hint) from error
    except ValueError as error:
        raise InputError(f"{where}: not TOML: {clean_line(str(error))}", hint=_toml_hint(text, error, hint)) from error
    checked: dict[str, Any] = _checked(table, where)
    return checked


def _toml_hint(text: str, error: ValueError, otherwise: str) -> str:
    found = re.search(r"at line (\d+)", str(error))
    lines = text.split("\n")
    line = lines[int(found.group(1)) - 1] if found and int(found.group(1)) <= len(lines) else ""
    if re.search(r'"[^"]*\\', line):
        return r"in double quotes a \ starts an escape: write \\ or /, or put the text into single quotes"
    if re.search("[“”„‘’]", line):
        return "write straight quotes: \" or '"
    return otherwise


def parse_json(text: str | bytes, where: str) -> Any:
    """Return what JSON text says: clean texts, finite numbers, a few levels.

    Raises
    ------
    InputError
        When it is not JSON, or holds what no file of ours does.
    """
    if isinstance(text, bytes):
        text = decode(text, where)
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise InputError(f"{where}: more than {MAX_NESTING} levels", hint="the file is damaged") from error
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {clean_line(str(error))}", hint="the file is damaged") from error
    return _checked(found, where)


def _checked(root: Any, where: str) -> Any:
    """Return the tables with clean texts; without recursion, for they may be nested deeper than Python's stack."""
    holder = [root]
    todo: list[tuple[Any, Any, str, int]] = [(holder, 0, "", 0)]
    while todo:
        home, key, name, level = todo.pop()
        value = home[key]
        if isinstance(value, str):
            if "\0" in value:
                raise InputError(f"{where}: {name or 'text'}: a zero byte", hint="take it out")
            home[key] = clean(value)
        elif isinstance(value, dict | list):
            if level >= MAX_NESTING:
                raise InputError(f"{where}: {name}: more than {MAX_NESTING} levels", hint="the file is damaged")
            todo += _parts(home, key, value, name, level + 1)
        elif isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{where}: {name}: {value} is not a finite number", hint="leave the line out")
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise InputError(f"{where}: {name}: a number of more than 19 digits", hint="leave the line out")
    return holder[0]


def _parts(
    home: Any, key: Any, value: dict[str, Any] | list[Any], name: str, level: int
) -> Iterator[tuple[Any, Any, str, int]]:
    if isinstance(value, list):
        return ((value, index, name, level) for index in range(len(value)))
    table = {clean_line(inner): item for inner, item in value.items()}
    home[key] = table
    return ((table, inner, f"{name}.{inner}" if name else inner, level) for inner in table)


def json_text(data: Any, *, indent: int | None = 1, ascii_only: bool = False) -> str:
    """Return data as JSON text that any reader takes: no ``NaN``, no ``Infinity``, nothing that UTF-8 cannot hold.

    Raises
    ------
    ValueError
        When a number is not finite: a bug of the caller's.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False, separators=separators)
    # Letters below a blank are escaped already; line ends here are those of the indent.
    text = _HOSTILE.sub(STAND_IN, text)
    if ascii_only:
        text = re.sub("[^\0-\x7f]", lambda letter: json.dumps(letter.group())[1:-1], text)
    return text


def safe_cell(text: str) -> str:
    """Return a text for a cell of a table, so that no spreadsheet takes it for a formula; `plain_cell` undoes it.

    Source: OWASP, "CSV injection": cells that begin with = + - @ (their full-width forms too) get a quote before them.
    """
    return f"'{text}" if re.match(r"'*[=+\-@＝＋－＠]", text) else text


def plain_cell(text: str) -> str:
    """Return what `safe_cell` was given."""
    return text[1:] if re.match(r"'+[=+\-@＝＋－＠]", text) else text
