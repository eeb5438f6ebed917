"""Which photos: files, folders, patterns, addresses become items, each with a name of its own for its result."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from embroider_prep.batches.storage import is_address, list_address
from embroider_prep.errors import InputError
from embroider_prep.limits import PICTURE_SUFFIXES
from embroider_prep.targets import REPORT_SUFFIX

SAMPLE = "sample:"
DERIVED = (".preview.png", ".placement.png")
"""Pictures that stand beside a result are no photos."""

STATE = ".embroider-prep-batch"
"""Folder within the output that holds what the next run needs to know."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One photo: where it is, what it is called in lists (``2024/cat.jpg``), and its result without suffix."""

    source: str
    shown: str
    stem: str = ""
    data: bytes | None = None
    size: int = 0


def find_photos(sources: Iterable[str | Path | bytes], *, output: str | Path | None = None) -> list[Item]:
    """Return all photos in the order of their names, each once.

    Parameters
    ----------
    sources : iterable of str, Path or bytes
        Files, folders (mirrored below the output), patterns with ``*`` and ``**``, addresses, ``sample:NAME``; the
        content of a file as bytes.
    output : str or Path, optional
        Nothing below it is a photo.

    Raises
    ------
    InputError
        When something is not there, or there is no photo at all.
    """
    named = list(sources)
    away = None if output is None or is_address(str(output)) else os.path.realpath(output)
    found: list[Item] = []
    for number, source in enumerate(named, 1):
        if isinstance(source, bytes):
            found.append(Item(source="", shown=f"photo-{number}.jpg", data=source, size=len(source)))
            continue
        items = list(_items(str(source), alone=len(named) == 1, away=away))
        if not items:
            raise InputError(
                f"{source}: no photo there; taken are files that end in {', '.join(PICTURE_SUFFIXES)}",
                hint="check the folder; photos in folders within it are found too",
            )
        found += items
    if not found:
        raise InputError("no photos are named", hint="embroider-prep batch PHOTOS -o OUT")
    once = {item.source or item.shown: item for item in found}
    return _named(sorted(once.values(), key=lambda item: (item.shown, item.source)))


def _items(source: str, *, alone: bool, away: str | None) -> Iterator[Item]:
    if source.startswith(SAMPLE):
        yield Item(source=source, shown=f"{source.removeprefix(SAMPLE)}.png")
    elif is_address(source):
        yield from _at_address(source, alone)
    elif os.path.isdir(source):  # noqa: PTH112, a hundred thousand times
        yield from _in_folder(Path(source), "" if alone else Path(os.path.realpath(source)).name, away)
    elif any(letter in source for letter in "*?[") and not Path(source).exists():
        base = _fixed_part(source)
        for path in sorted(base.glob(str(Path(source).relative_to(base)))):
            below = path.relative_to(base)
            hidden = any(part.startswith(".") for part in below.parts)
            if _is_photo(path.name) and not hidden and path.is_file() and not _within(str(path), away):
                yield _item(str(path), below.as_posix())
    else:
        # That it is not there, or may not be read, is said when its turn comes: the others have nothing to do with it.
        yield _item(source, os.path.basename(source))  # noqa: PTH119


def _item(source: str, shown: str) -> Item:
    try:
        size = os.stat(source).st_size  # noqa: PTH116
    except (OSError, ValueError):
        size = 0
    return Item(source=source, shown=shown, size=size)


def _at_address(source: str, alone: bool) -> Iterator[Item]:
    head = source[: source.index("*")].rpartition("/")[0] if "*" in source else source.rstrip("/")
    prefix = "" if alone or "*" in source else f"{PurePosixPath(head).name}/"
    for address, size in list_address(source):
        below = address.removeprefix(head).lstrip("/")
        if address == source:
            yield Item(source=address, shown=PurePosixPath(address).name, size=size)
        elif _is_photo(below) and not any(part.startswith(".") for part in below.split("/")):
            yield Item(source=address, shown=prefix + below, size=size)


def _fixed_part(pattern: str) -> Path:
    """Return the folder before the first part that has a letter of a pattern."""
    fixed = []
    for part in Path(pattern).parts[:-1]:
        if any(letter in part for letter in "*?["):
            break
        fixed.append(part)
    return Path(*fixed)


def _in_folder(folder: Path, prefix: str, away: str | None) -> Iterator[Item]:
    seen: set[str] = set()
    for here, inner, names in os.walk(folder, followlinks=True, onerror=_raise):
        real = os.path.realpath(here)
        seen.add(real)
        # Links that lead back, hidden folders, and the output within the input.
        inner[:] = sorted(
            name for name in inner
            if not name.startswith(".")
            and os.path.realpath(f"{here}/{name}") not in {*seen, away}
        )  # fmt: skip
        reports = {name.removesuffix(REPORT_SUFFIX) for name in names if name.endswith(REPORT_SUFFIX)}
        for name in sorted(names):
            if _is_photo(name) and not _is_derived(name, reports):
                path = Path(here) / name
                yield _item(str(path), (PurePosixPath(prefix) / path.relative_to(folder).as_posix()).as_posix())


def _raise(error: OSError) -> None:
    raise InputError(
        f"{error.filename}: cannot look into the folder: {error.strerror}", hint="check who owns it"
    ) from error


def _is_photo(name: str) -> bool:
    # Hidden files: what other systems keep beside a photo has its name (._cat.jpg).
    return name.lower().endswith(PICTURE_SUFFIXES) and not name.rpartition("/")[2].startswith(".")


def _is_derived(name: str, reports: set[str]) -> bool:
    return any(
        name.endswith(suffix) and (name.removesuffix(suffix) in reports or suffix == DERIVED[1]) for suffix in DERIVED
    )


def _within(name: str, away: str | None) -> bool:
    real = os.path.realpath(name)
    return away is not None and (real == away or real.startswith(away + os.sep))


def _key(stem: str) -> str:
    """Return one spelling for what a disk that is blind to capitals and accents takes for one name."""
    return unicodedata.normalize("NFC", stem).casefold()


def _named(items: list[Item]) -> list[Item]:
    """Return the items with names for their results; where two would have one, both say more of where they are from."""
    ways = (_plain_stem, _with_folder, _with_suffix)
    stems = [ways[0](item) for item in items]
    level = [0] * len(items)
    for _ in ways[1:]:
        counts = Counter(_key(stem) for stem in stems)
        for index, item in enumerate(items):
            if counts[_key(stems[index])] > 1 and level[index] + 1 < len(ways):
                level[index] += 1
                stems[index] = ways[level[index]](item)
    taken: set[str] = set()
    out = []
    for item, stem in zip(items, stems, strict=True):
        free, number = stem, 2
        while _key(free) in taken:
            free, number = f"{stem}-{number}", number + 1
        taken.add(_key(free))
        out.append(replace(item, stem=free))
    shown = Counter(item.shown for item in out)
    return [replace(item, shown=item.source) if shown[item.shown] > 1 else item for item in out]


def _plain_stem(item: Item) -> str:
    return os.path.splitext(item.shown)[0]  # noqa: PTH122


def _with_folder(item: Item) -> str:
    """Two folders may each have a cat.jpg."""
    whole = item.source if is_address(item.source) else Path(item.source).absolute().as_posix()
    above = whole.removesuffix(item.shown).rstrip("/").rpartition("/")[2]
    # Of one folder cat.jpg and cat.png are no clearer for it.
    return f"{above}/{_plain_stem(item)}" if above and item.source and "/" not in item.shown else _with_suffix(item)


def _with_suffix(item: Item) -> str:
    return item.shown if item.shown.startswith(_plain_stem(item)) else _plain_stem(item)
