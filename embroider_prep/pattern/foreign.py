"""Stitch files that only pyembroidery reads: thirty old formats, each behind a guard.

Its readers trust what they read: on a damaged file they raise whatever Python raises, loop at the end of the file, or
believe a count of four billion. The guard counts reads, stitches and calls, and gives up with one clear error.
"""

from __future__ import annotations

import io
import struct
import sys
import time
from types import FrameType
from typing import Any

import numpy as np

from embroider_prep.decoders.common import Decoded, Record, assemble
from embroider_prep.design import Thread
from embroider_prep.errors import FormatError
from embroider_prep.formats import StitchFormat

SECONDS = 1.2
"""Processor time that a reader may take for a file of up to 2 MB, and again for each further one."""


class _TooMuch(Exception):
    """A reader that does not come to an end."""


class _Stream(io.BytesIO):
    """Bytes that can be read past their end only a few times, and not again and again."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.left = 20 * len(data) + 100_000
        self.empty = 1000

    def read(self, size: int | None = -1, /) -> bytes:
        out = super().read(size)
        self.left -= len(out)
        self.empty -= not out
        if self.left < 0 or self.empty < 0:
            raise _TooMuch
        return out


def decode_foreign(data: bytes, form: StitchFormat, suffix: str) -> Decoded:
    """Decode a file with the library's reader for its suffix.

    Raises
    ------
    FormatError
        When the reader fails or does not come to an end.
    """
    import pyembroidery

    if form.name == "HUS":
        _check_hus(data)
    reader = _reader(pyembroidery, suffix)
    pattern = _guarded_pattern(pyembroidery, 8 * len(data) + 10_000)
    seconds = SECONDS * max(1.0, len(data) / 2e6)
    try:
        _with_deadline(seconds, reader, _Stream(data), pattern)
    except (_TooMuch, MemoryError):
        raise FormatError(
            f"{form.name}: the file makes no sense to its reader, which does not come to an end",
            hint="the file is damaged or of another format",
        ) from None
    except Exception as error:
        # Somebody else's parser on a damaged file can raise anything at all.
        raise FormatError(
            f"{form.name}: its reader can make nothing of the file ({type(error).__name__})",
            hint="the file is damaged or of another format",
        ) from error
    return _decoded(pattern, pyembroidery)


def _reader(library: Any, suffix: str) -> Any:
    for entry in library.supported_formats():
        if suffix.lstrip(".") in (entry.get("extension"), *entry.get("extensions", ())) and "reader" in entry:
            return entry["reader"].read
    raise FormatError(f"{suffix} files cannot be read", hint="convert the file to .dst or .pes first")


def _guarded_pattern(library: Any, limit: int) -> Any:
    class Guarded(library.EmbPattern):  # type: ignore[misc]
        def add_stitch_absolute(self, cmd: int, x: float = 0, y: float = 0) -> None:
            if len(self.stitches) > limit:
                raise _TooMuch
            super().add_stitch_absolute(cmd, x, y)

        def add_thread(self, thread: Any) -> None:
            if len(self.threadlist) > 10_000:
                raise _TooMuch
            super().add_thread(thread)

    return Guarded()


def _check_hus(data: bytes) -> None:
    """Refuse a HUS file whose header states more stitches than it can hold: its unpacker would believe it."""
    if len(data) >= 12:
        stitches, colors = struct.unpack_from("<II", data, 4)
        if stitches > 8 * len(data) or colors > 4096:
            raise FormatError(
                f"HUS: the header states {stitches:,} stitches in {colors:,} colours; the file has {len(data):,} bytes",
                hint="the file is damaged or of another format",
            )


def _with_deadline(seconds: float, reader: Any, stream: _Stream, pattern: Any) -> None:
    """Run a reader for at most ``seconds`` of processor time; its own calls are the clock's ticks."""
    end = time.thread_time() + seconds
    ticks = 0

    def tick(_frame: FrameType, _event: str, _argument: Any) -> None:
        nonlocal ticks
        ticks += 1
        if ticks % 256 == 0 and time.thread_time() > end:
            raise _TooMuch

    before = sys.getprofile()
    sys.setprofile(tick)
    try:
        reader(stream, pattern)
    finally:
        sys.setprofile(before)


def _decoded(pattern: Any, library: Any) -> Decoded:
    kinds = {
        library.STITCH: Record.STITCH,
        library.SEW_TO: Record.STITCH,
        library.NEEDLE_AT: Record.STITCH,
        library.JUMP: Record.JUMP,
        library.TRIM: Record.TRIM,
        library.COLOR_CHANGE: Record.COLOR,
        library.NEEDLE_SET: Record.COLOR,
    }
    rows = [
        (x, y, kinds.get(command & library.COMMAND_MASK, Record.OTHER))
        for x, y, command in pattern.stitches
        if x is not None and y is not None
    ]
    table = np.array(rows, float).reshape(-1, 3)
    # Garbage can give numbers that fit no integer; two kilometres are garbage as well.
    if not np.isfinite(table).all() or (table.size and np.abs(table).max() > 2e7):
        raise FormatError("its stitches lie kilometres apart", hint="the file is damaged or of another format")
    position = np.rint(table[:, :2]).astype(np.int64)
    moves = np.diff(position, axis=0, prepend=np.zeros((1, 2), np.int64))
    kind = table[:, 2].astype(np.int64)
    sewn, changes = np.flatnonzero(kind == Record.STITCH), np.flatnonzero(kind == Record.COLOR)
    by_needle = any(command & library.COMMAND_MASK == library.NEEDLE_SET for _, _, command in pattern.stitches)
    if by_needle and len(changes) and len(sewn) and changes[0] < sewn[0]:
        # Choosing the first needle is no change.
        kind[changes[0]] = Record.OTHER
    threads = tuple(_thread(item) for item in pattern.threadlist)
    name = pattern.extras.get("name") or ""
    return assemble(moves[:, 0], moves[:, 1], kind, threads=threads, name=str(name))


def _thread(item: Any) -> Thread | None:
    if item is None or not isinstance(item.color, int):
        return None
    brand, chart, code, name = (
        str(text) if text else "" for text in (item.brand, item.chart, item.catalog_number, item.description)
    )
    rgb8 = (item.color >> 16 & 255, item.color >> 8 & 255, item.color & 255)
    return Thread(brand=brand, chart=chart, code=code, name=name, rgb8=rgb8)
