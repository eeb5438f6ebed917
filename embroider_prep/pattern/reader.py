"""Any stitch file in the world to a stitch plan, or one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from embroider_prep.decoders import DECODERS, Decoded, decode, sniff
from embroider_prep.design import StitchPlan
from embroider_prep.errors import FormatError, InputError
from embroider_prep.formats import FORMATS, StitchFormat, find_format
from embroider_prep.limits import MAX_PLAN_BYTES
from embroider_prep.pattern.rebuild import plan_of_decoded
from embroider_prep.pattern.sidecar import read_side_file
from embroider_prep.pattern.tables import from_csv, from_json
from embroider_prep.plans import centered
from embroider_prep.units import UNITS_PER_MM

MAX_BYTES = 2_000_000
"""Larger stitch files are refused without ``force``: a full hoop of 100,000 stitches has 0.6 MB."""

MAX_SIZE_MM = 2000.0
"""No machine sews larger: what claims to be is damaged."""

_OTHER_FILES = {
    b"\xff\xd8\xff": "a JPEG picture", b"\x89PNG": "a PNG picture", b"GIF8": "a GIF picture", b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive", b"RIFF": "a RIFF (WebP, sound) file", b"<svg": "an SVG drawing",
    b"<?xml": "an XML file", b"<!DOC": "a web page", b"<html": "a web page", b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
}  # fmt: skip


_HEADER_OF_DST = ("DSB", "DSZ")
"""Formats whose files begin as DST files do: only the suffix tells them apart."""


def read(path: str | Path, *, force: bool = False) -> StitchPlan:
    """Read a stitch file of any format that its content or suffix shows.

    Parameters
    ----------
    path : str or Path
        The file; colours of formats without any come from a list beside it, else stand-ins are used.
    force : bool
        Also read files over 2 MB, truncated ones (as far as they go) and designs over 2 m.

    Returns
    -------
    StitchPlan
        Needle points where the file has them (PES and PEC hold no place: centred), kinds ``unknown``; `to_json` and
        `to_csv` files give the plan that was written. ``trim_above_mm`` is the length that agrees with most of the
        file's jumps and trims.

    Raises
    ------
    InputError
        When the file cannot be opened.
    FormatError
        When it is empty, too large, damaged, truncated, of another kind, or sews nothing.
    """
    where = str(path)
    form, data = _load(Path(path), force)
    if form.name == "JSON":
        return from_json(data, where)
    if form.name == "CSV":
        return from_csv(data, where)
    try:
        form, decoded = _decode(form, data, Path(path).suffix.lower())
    except FormatError as error:
        raise FormatError(f"{where}: {error.message}", hint=error.hint) from error
    _check(decoded, where, force)
    beside = () if decoded.threads else read_side_file(Path(path))
    try:
        plan = plan_of_decoded(decoded, beside)
    except MemoryError:
        raise FormatError(f"{where}: too large to be read", hint="divide the design") from None
    return centered(plan) if form.name in ("PES", "PEC") else plan


def content_format(path: str | Path) -> StitchFormat:
    """Return the format that a file's content shows, whatever its name says; else that of its suffix.

    Raises
    ------
    InputError, FormatError
        When the file cannot be opened, or neither content nor suffix is known.
    """
    form, data = _load(Path(path), force=True)
    return _shown(form, data)


def _shown(form: StitchFormat, data: bytes) -> StitchFormat:
    shown = sniff(data)
    if shown is None or (shown == "DST" and form.name in _HEADER_OF_DST):
        return form
    return FORMATS[shown]


def _load(path: Path, force: bool) -> tuple[StitchFormat, bytes]:
    try:
        if path.is_dir():
            raise InputError(f"{path}: a folder, not a stitch file", hint="name a file in it")
        form = find_format(path, to="read")
        size = path.stat().st_size
        limit = MAX_BYTES if form.kind == "stitches" else MAX_PLAN_BYTES
        if size > limit and not force:
            raise FormatError(
                f"{path}: {size / 1e6:.1f} MB; stitch files are read up to {limit / 1e6:g} MB", hint="add --force"
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}", hint="check the path") from error
    except ValueError as error:
        # A zero byte in the name.
        raise InputError(f"{path!s}: cannot read: {error}", hint="check the path") from error
    if not data:
        raise FormatError(f"{path}: the file is empty", hint="copy it again")
    for mark, what in _OTHER_FILES.items():
        if data.startswith(mark):
            raise FormatError(f"{path}: this is {what}, not a {form.name} file", hint="give it its own suffix back")
    return form, data


def _decode(form: StitchFormat, data: bytes, suffix: str) -> tuple[StitchFormat, Decoded]:
    """Decode by content where that shows a format, else by suffix."""
    form = _shown(form, data)
    if form.name == "DST" and sniff(data) is None and b"ST:" not in data[:512]:
        raise FormatError("not a DST file: its header has no ST: line", hint="the file is damaged or of another format")
    if form.name in DECODERS:
        return form, decode(data, form.name)
    from embroider_prep.pattern.foreign import decode_foreign

    return form, decode_foreign(data, form, suffix)


def _check(decoded: Decoded, where: str, force: bool) -> None:
    if not len(decoded.xy):
        raise FormatError(f"{where}: there are no stitches in it", hint="the file is damaged or of another format")
    if not decoded.complete and not force:
        raise FormatError(
            f"{where}: the file breaks off after {len(decoded.xy):,} stitches, without an end mark",
            hint="copy it again, or add --force to see what is there",
        )
    extent = float(np.ptp(decoded.xy, axis=0).max()) / UNITS_PER_MM
    if extent > MAX_SIZE_MM and not force:
        raise FormatError(
            f"{where}: its stitches spread over {extent / 1000:.1f} m; machines sew up to {MAX_SIZE_MM / 1000:g} m",
            hint="the file is damaged or of another format",
        )
