"""JPEG files that break off at their very end: all that can be seen is there, and every viewer shows it."""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

from PIL import Image, ImageChops, JpegImagePlugin

END = b"\xff\xd9"

# Coefficients that a decoder takes for more of the picture when it still waits for some.
GO_ON = b"\x55" * 512
# Files with restart markers wait for the next of the eight; the second tail has no marker, the third has all.
TAILS = (END, 8 * GO_ON + END, 4 * b"".join(GO_ON + bytes((0xFF, 0xD0 + number)) for number in range(8)) + END)

BLOCK_PX = 16
"""Pictures are coded in squares of that many pixels (8 without subsampling), row by row."""

SMEARED_PX = 2
"""Colours of half the size are smeared that far into the row above."""

GUESSED_SHARE = 0.005
"""Most of the picture that may be a guess: a few squares at the end of the last row."""


def read_unended(file: BinaryIO) -> Image.Image | None:
    """Return a JPEG picture whose last bytes are missing; None when more is missing than nobody would see.

    Decodings that go on in different ways differ where the file has no more to say.
    """
    file.seek(0)
    data = file.read().rstrip(b"\xff")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            first, *others = (_decoded(data + tail) for tail in TAILS)
    except (OSError, ValueError, SyntaxError):
        return None
    boxes = [box for other in others if (box := ImageChops.difference(first, other).getbbox())]
    if not boxes:
        return first
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    # The last row of squares only, and not all of it.
    last_row = (first.height - 1) // BLOCK_PX * BLOCK_PX - SMEARED_PX
    few = (right - left) * (bottom - top) <= GUESSED_SHARE * first.width * first.height
    return first if top >= last_row and few else None


def _decoded(data: bytes) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    image.load()
    return image
