"""Where results go: never in the place of what they are made from, and of nothing that somebody else has put there.

What the person named (``-o``) is meant to be replaced. What appears beside it under a derived name (preview, report,
colour list, hoopings, placement pictures) replaces only what an earlier run has left there, as its report or the
file itself tells.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embroider_prep.errors import EmbroiderPrepError, OptionsError, OutputError
from embroider_prep.files import check_writable
from embroider_prep.texts import parse_json, read_text

if TYPE_CHECKING:
    from embroider_prep.parts import Part

REPORT_SUFFIX = ".report.json"
MARKS = (b"embroider-prep", b"Threads in sewing order\n")
"""One of them stands in each of our files that can hold a text."""

MARKED_BYTES = 64 << 10
"""How far from a file's start and end a mark is looked for."""

ONE_RUN_S = 2.0
"""Files of one result appear within hundredths of a second; some disks keep times in steps of two seconds."""

# Colour lists beside a stitch file.
_LISTS = (".edr", ".inf", ".col")

# Devices of Windows, with whatever suffix:
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_WINDOWS_LETTERS = re.compile(r'[<>:"|?*]')

# Options of this kind that are words, never names of files.
_WORDS = ("name", "date", "style")


def check_targets(targets: Iterable[str | Path], sources: Iterable[str | Path]) -> None:
    """Raise when a result cannot be written under its name, or would take the place of what it is made from.

    Parameters
    ----------
    targets : iterable of str or Path
        Every file that will be written, as far as is known.
    sources : iterable of str or Path
        Every file that is read; what does not exist is no source.

    Raises
    ------
    OptionsError
        A target is a source (by name, link, hard link, or but for capitals), two targets are one file, or Windows
        keeps the name for a device.
    OutputError
        As `files.check_writable`.
    """
    read = [(Path(source), _key(source)) for source in sources if _is_there(source)]
    written: list[tuple[Path, str]] = []
    for target in targets:
        _check_name(Path(target))
        path = check_writable(target)
        key = _key(target)
        if any(key == other or _same(path, source) for source, other in read):
            raise OptionsError(
                f"{target}: the result would overwrite what it is made from", hint="give it another name"
            )
        if any(key == other or _same(path, before) for before, other in written):
            raise OptionsError(f"{target}: two results have one name", hint="give one of them another name")
        written.append((path, key))


def _is_there(path: str | Path) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _key(path: str | Path) -> str:
    """Return one spelling for what a disk that is blind to capitals and accents' forms takes for one name."""
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _check_name(path: Path) -> None:
    reserved = _RESERVED.fullmatch(path.name)
    if reserved:
        raise OptionsError(
            f"{path}: Windows keeps the name {reserved.group(1).upper()} for a device", hint="give it another name"
        )
    letter = _WINDOWS_LETTERS.search(path.name) if os.name == "nt" else None
    if letter:
        raise OptionsError(
            f"{path}: no name of a file on Windows, because of {letter.group()}", hint="give it another name"
        )


def files_of(options: Any) -> list[Path]:
    """Return every file that options name: whatever text is the name of a file that exists counts.

    Parameters
    ----------
    options : Options
        One step's or all steps'.
    """
    out = []
    for name, value in options.as_dict().items():
        if isinstance(value, dict):
            out += [Path(text) for text in _texts(value) if _is_there(text) and Path(text).is_file()]
        elif name not in _WORDS and isinstance(value, str) and _is_there(value) and Path(value).is_file():
            out.append(Path(value))
    style = options.as_dict().get("stylize", {}).get("style", "")
    if style.lower().endswith(".onnx"):
        # A model's card, halves and weights lie beside it.
        out += [path for path in Path(style).parent.glob("*") if path.suffix in (".json", ".onnx", ".data")]
    return out


def _texts(table: dict[str, Any]) -> Iterable[str]:
    return (value for name, value in table.items() if name not in _WORDS and isinstance(value, str))


class Guard:
    """What must hold before the files of one result appear: see `files.all_or_none`.

    Parameters
    ----------
    asked : sequence of str or Path
        Targets that the person named.
    sources : sequence of str or Path
        Files that the result is made from.
    force : bool
        Also replace what is in the way and is not ours.
    """

    def __init__(self, asked: Sequence[str | Path], sources: Sequence[str | Path] = (), *, force: bool = False) -> None:
        self.asked = {_key(path) for path in asked}
        self.sources, self.force = tuple(sources), force

    def __call__(self, parts: Sequence[Part]) -> None:
        """Raise when one of the files must not appear.

        Raises
        ------
        OptionsError
            As `check_targets`.
        OutputError
            Something that is not ours is in the way.
        """
        check_targets([part.target for part in parts], self.sources)
        if self.force:
            return
        derived = [part for part in parts if _key(part.target) not in self.asked and part.target.exists()]
        for part in derived:
            if not (_equal(part.path, part.target) or _is_ours(part.target) or self._goes_with(part.target)):
                raise OutputError(
                    f"{part.target}: another file has this name already, and was not written here",
                    hint="give the result another name, or add --force to replace it",
                )

    def _goes_with(self, path: Path) -> bool:
        """Say whether this is a colour list that came with a design that is replaced: no list has room for a mark.

        Both are there since the same moment, no report says otherwise, and the list is one as they are written here.
        """
        if path.suffix not in _LISTS or path.with_name(path.stem + REPORT_SUFFIX).exists():
            return False
        born = path.stat().st_mtime
        designs = (other for other in path.parent.glob(glob.escape(path.stem) + ".*") if _key(other) in self.asked)
        return any(abs(other.stat().st_mtime - born) <= ONE_RUN_S for other in designs) and _is_list(path)


def _is_list(path: Path) -> bool:
    if path.stat().st_size > MARKED_BYTES:
        return False
    data = path.read_bytes()
    if path.suffix == ".edr":
        return len(data) % 4 == 0 and not any(data[3::4])
    if path.suffix == ".col":
        return re.fullmatch(rb"\d+\r\n(\d+,\d+,\d+,\d+\r\n)*", data) is not None
    return data[:8] == b"\0\0\0\1\0\0\0\x08" and int.from_bytes(data[8:12], "big") == len(data) - 12


def _equal(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def _is_ours(path: Path) -> bool:
    """Say whether an earlier run wrote this file: it is marked, or the report beside it has its digest."""
    with path.open("rb") as file:
        data = file.read(MARKED_BYTES)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MARKED_BYTES))
        data += file.read()
        if any(mark in data for mark in MARKS):
            return True
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # rose-1of2.placement.png belongs to rose: the report has the name of the design.
    starts = [path.name[: dot.start()] for dot in re.finditer(r"\.", path.name)]
    stems = dict.fromkeys([*starts, *(re.sub(r"-\d+of\d+$", "", start) for start in starts)])
    return any(_digests(path.with_name(stem + REPORT_SUFFIX)).get(path.name) == digest for stem in stems)


def _digests(report: Path) -> dict[str, Any]:
    if not report.is_file():
        return {}
    try:
        found = parse_json(read_text(report), str(report))["sha256"]
    except (EmbroiderPrepError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def digests(parts: Sequence[Part]) -> dict[str, str]:
    """Return the sha256 of what has been written so far, by name: for the report, which is written last."""
    out = {}
    for part in parts:
        with part.path.open("rb") as file:
            out[part.target.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return out
