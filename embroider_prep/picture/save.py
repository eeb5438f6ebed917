"""Arrays to picture files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from embroider_prep.color import Rgb8
from embroider_prep.errors import InputError, OptionsError, closest
from embroider_prep.files import atomic_write

# What it costs and saves was measured on illustrations of 64 colours: zlib's level 6 takes three times as long as 2
# for files that are a tenth smaller; chroma at half the size (the default of JPEG) smears contours.
WRITERS: dict[str, tuple[str, int, dict[str, Any]]] = {
    ".png": ("PNG", 1 << 24, {"compress_level": 2}),
    ".jpg": ("JPEG", 65500, {"quality": 92, "subsampling": 0}),
    ".jpeg": ("JPEG", 65500, {"quality": 92, "subsampling": 0}),
    ".webp": ("WEBP", 16383, {"lossless": True, "quality": 20, "method": 1}),
    ".tif": ("TIFF", 1 << 24, {"compression": "tiff_adobe_deflate"}),
    ".tiff": ("TIFF", 1 << 24, {"compression": "tiff_adobe_deflate"}),
}
"""Suffix: Pillow's name, the longest side that the format holds, options."""


def check_picture_path(path: str | Path) -> None:
    """Raise ``OptionsError`` when the suffix is not one of a picture that can be written."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise OptionsError(
            f"{path}: {suffix or 'no suffix'} is not a picture that can be written; allowed: {', '.join(WRITERS)}",
            hint=closest(suffix, WRITERS, otherwise="") if suffix else "add .png",
        )


MM_PER_INCH = 25.4


def save_picture(
    rgb8: Rgb8,
    path: str | Path,
    *,
    alpha: npt.NDArray[np.uint8] | None = None,
    px_per_mm: float | None = None,
) -> None:
    """Write a picture as PNG, JPEG, WebP (lossless) or TIFF, by the suffix: whole, or not at all.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8, sRGB
    path : str or Path
    alpha : (H, W) uint8, optional
        0 is transparent; JPEG cannot hold it.
    px_per_mm : float, optional
        Kept in the file as dots per inch, so that it prints at its true size; WebP cannot hold it.

    Raises
    ------
    OptionsError
        When the format is unknown or cannot hold transparency.
    InputError
        When the array is not a picture, or too large for the format.
    OutputError
        When the file cannot be written.
    """
    check_picture_path(path)
    suffix = Path(path).suffix.lower()
    kind, longest, settings = WRITERS[suffix]
    if rgb8.dtype != np.uint8 or rgb8.ndim != 3 or rgb8.shape[2] != 3 or not rgb8.size:
        raise InputError(f"{path}: cannot write a {rgb8.dtype} array of shape {rgb8.shape}; allowed: (H, W, 3) uint8")
    if max(rgb8.shape) > longest:
        raise InputError(
            f"{path}: {rgb8.shape[1]} x {rgb8.shape[0]} pixels; {kind} holds at most {longest} on a side",
            hint="write .png",
        )
    image = Image.fromarray(rgb8)
    if alpha is not None:
        if kind == "JPEG":
            raise OptionsError(f"{path}: JPEG cannot hold transparent pixels", hint="write .png")
        image.putalpha(Image.fromarray(alpha))
    if kind == "PNG":
        settings = settings | {"pnginfo": _signed()}
    with atomic_write(path) as file:
        image.save(file, kind, **settings | density(kind, px_per_mm))


def density(kind: str, px_per_mm: float | None) -> dict[str, Any]:
    """Return what Pillow is told about a picture's size on paper."""
    if px_per_mm is None or kind == "WEBP":
        return {}
    return {"dpi": (px_per_mm * MM_PER_INCH, px_per_mm * MM_PER_INCH)}


def _signed() -> PngImagePlugin.PngInfo:
    """Say who made the picture: by that a later run knows it for one that it may replace."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Software", "embroider-prep")
    return chunks
