"""The small picture of a result: photo and stitches side by side."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from embroider_prep.color import Rgb8

if TYPE_CHECKING:
    from embroider_prep.conversion import Conversion
    from embroider_prep.options import PictureOptions

SIDE_PX = 240
"""Longest side of each half: twelve pairs fill a page, and a thousand of them are some 15 MB."""

QUALITY = 82


def draw_pair(made: Conversion, preview: bytes | None) -> bytes:
    """Return a JPEG of the photo and its stitches.

    Parameters
    ----------
    made : Conversion
    preview : bytes or None
        The preview as PNG, if it is at hand; else the stitches are drawn.
    """
    if preview is None:
        from embroider_prep.options import PreviewOptions
        from embroider_prep.preview import render

        stitches: Rgb8 = render(made.plan, PreviewOptions(preview_px_per_mm=max(1.0, SIDE_PX / max(made.plan.size_mm))))
    else:
        stitches = _read(preview)
    photo = made.photo if made.photo is not None else stitches
    return _jpeg(beside_each_other(photo, stitches))


def pair_of_files(photo: bytes, preview: bytes, options: PictureOptions) -> bytes:
    """Return the same from a photo's file and the preview of its stitches."""
    from dataclasses import replace

    from embroider_prep.picture import load

    crop = options.crop if not isinstance(options.crop, str) else None
    return _jpeg(beside_each_other(load(photo, replace(options, crop=crop)).rgb8, _read(preview)))


def _read(preview: bytes) -> Rgb8:
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(preview)).convert("RGB"))


def beside_each_other(photo: Rgb8, stitches: Rgb8) -> Rgb8:
    """Return two pictures of one height beside each other, (H, W, 3) uint8."""
    import cv2
    import numpy as np

    gap = 6
    wide = max(photo.shape[1] / photo.shape[0], stitches.shape[1] / stitches.shape[0])
    height = max(8, round(SIDE_PX / max(1.0, wide)))
    parts = []
    for picture in (photo, stitches):
        size = (max(1, round(picture.shape[1] * height / picture.shape[0])), height)
        parts.append(cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA))
    space = np.full((height, gap, 3), 255, np.uint8)
    return np.concatenate([parts[0], space, parts[1]], axis=1)


def _jpeg(rgb8: Rgb8) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(rgb8).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
