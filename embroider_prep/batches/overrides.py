"""What is different for single photos, from a table: crop, box, focus, style, size, name, machine.

The summary that a batch writes can be that table: what it says of results is passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from embroider_prep.batches.sources import Item
from embroider_prep.batches.summary import COLUMNS as RESULTS
from embroider_prep.errors import InputError, OptionsError, closest
from embroider_prep.limits import MAX_PLAN_BYTES
from embroider_prep.options import ConvertOptions
from embroider_prep.texts import plain_cell, read_text

FIELDS = {
    "crop": "crop", "box": "background_box", "focus": "focus", "style": "style", "size": "width_mm", "name": "name",
    "machine": "machine",
}  # fmt: skip
"""Columns that may be set, and the options that they stand for."""

COLUMNS = tuple(FIELDS)
PHOTO_COLUMNS = ("file", "photo")
BOXES = ("crop", "box", "focus")


def read_overrides(path: str | Path, items: Sequence[Item]) -> dict[str, dict[str, str]]:
    """Return what a table sets, by the name of the photo's result.

    Parameters
    ----------
    path : str or Path
        CSV file with the columns ``file`` and any of `COLUMNS`; parted by commas, semicolons or tabs. ``file`` is a
        photo as the summary lists it, its path, or its bare name where that is clear.
    items : sequence of Item

    Raises
    ------
    InputError
        When the file cannot be read, has columns that nobody knows, or names photos that are not in the batch.
    """
    text = read_text(path, max_bytes=MAX_PLAN_BYTES)
    first = text.split("\n", 1)[0]
    rows = list(csv.reader(text.splitlines(), delimiter=max(";,\t", key=first.count)))
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    known = (*PHOTO_COLUMNS, *COLUMNS, *RESULTS)
    for head in heads:
        if head and head not in known:
            raise InputError(
                f"{path}: unknown column {head!r}; allowed: file, {', '.join(COLUMNS)}, and those of a summary",
                hint=closest(head, (*PHOTO_COLUMNS, *COLUMNS), otherwise="take the column out"),
            )
    naming = next((heads.index(name) for name in PHOTO_COLUMNS if name in heads), None)
    if naming is None:
        raise InputError(
            f"{path}: the column 'file' is missing, which says which photo", hint="add it in the first line"
        )
    find = _finder(items)
    out: dict[str, dict[str, str]] = {}
    for number, cells in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        photo = plain_cell(cells[naming].strip()) if naming < len(cells) else ""
        item = find(photo, f"{path}, line {number}")
        values = {
            head: plain_cell(cell.strip())
            for head, cell in zip(heads, cells, strict=False) if head in FIELDS and cell.strip()
        }  # fmt: skip
        before = out.setdefault(item.stem, values)
        if before != values:
            raise InputError(
                f"{path}, line {number}: {photo} is set differently in two lines", hint="keep one line for each photo"
            )
    return {stem: values for stem, values in out.items() if values}


def _finder(items: Sequence[Item]) -> Any:
    ways: dict[str, list[Item]] = {}
    for item in items:
        for name in {item.shown, item.source, PurePosixPath(item.shown).name}:
            ways.setdefault(name, []).append(item)
    shown = {item.shown: item for item in items}

    def find(photo: str, where: str) -> Item:
        if photo in shown:
            return shown[photo]
        found = ways.get(photo) or ways.get(Path(photo).as_posix()) or []
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"{where}: {photo!r} may be {len(found)} photos of this batch: {found[0].shown}, {found[1].shown} …",
                hint="write it with its folder",
            )
        raise InputError(
            f"{where}: the batch has no photo {photo!r}",
            hint=closest(photo, list(shown)[:2000], otherwise="take the line out, or name its folder as well"),
        )

    return find


def apply(options: ConvertOptions, values: Mapping[str, str], where: str) -> ConvertOptions:
    """Return options with what a line of the table sets.

    Raises
    ------
    OptionsError
        When a value is not allowed; it names the photo.
    """
    changed: dict[str, Any] = {FIELDS[name]: _value(name, text) for name, text in values.items()}
    if "width_mm" in changed:
        changed["height_mm"] = None
    if "machine" in changed:
        # A hoop of another machine.
        changed["hoop"] = None
    try:
        out = options.with_values(changed)
        if "machine" in changed:
            from embroider_prep.machines import find_machine

            find_machine(changed["machine"])
    except OptionsError as error:
        raise OptionsError(f"{where}: {error.message}", hint=error.hint) from error
    return out


def _value(name: str, text: str) -> Any:
    if name in BOXES:
        # Spreadsheets in half of the world part numbers otherwise.
        parts = text.replace(";", " ").split() if "," not in text or ";" in text else text.split(",")
        return text if len(parts) < 2 else tuple(_number(part) for part in parts)
    return text


def _number(text: str) -> Any:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text
