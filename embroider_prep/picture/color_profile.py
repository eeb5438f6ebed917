"""Embedded ICC profiles: from the picture's colours to sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

INPUT_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
"""Colour spaces of ICC profiles and the modes of pictures that they can describe."""


def to_srgb(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    """Return what brings pictures of ``mode`` (RGB, L, CMYK, LAB) to sRGB, or None when nothing needs to be done.

    A profile that is damaged or of another colour space is left aside, as viewers do. So is one that moves no colour
    by more than one 8-bit level: sRGB under any name, without which a picture is read in half the time.
    """
    try:
        if mode == "LAB":
            # TIFF's CIELAB says itself what it means.
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            return None
        if INPUT_MODES.get(source.profile.xcolor_space) != mode:
            return None
        # Black point compensation keeps shadows apart when the profile's black is lighter than sRGB's.
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode == "L":
        before = np.arange(256, dtype=np.uint8)[None]
    elif mode == "RGB":
        steps = np.linspace(0, 255, 9).astype(np.uint8)
        before = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    else:
        return False
    after = ImageCms.applyTransform(Image.fromarray(before), transform)
    moved = np.asarray(after, np.int16) - before.reshape(*before.shape[:2], -1)
    return bool(np.abs(moved).max() <= 1)
