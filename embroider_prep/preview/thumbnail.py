"""Small pictures of plans: for file managers, and wherever a picture must fit a square of pixels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from embroider_prep.color import Rgb8
from embroider_prep.design import StitchPlan
from embroider_prep.errors import OptionsError
from embroider_prep.options import PreviewOptions
from embroider_prep.preview.render import MARGIN_MM, render

RIM_MM = 1.0
"""Cloth around the design: in a small picture every pixel counts."""

LEAST_PX, MOST_PX = 16, 8192


def thumbnail(plan: StitchPlan, size_px: int, options: PreviewOptions | None = None) -> Rgb8:
    """Return a picture of the stitches whose longer side has ``size_px`` pixels.

    Parameters
    ----------
    plan : StitchPlan
    size_px : int
        16..8192.
    options : PreviewOptions, optional
        Cloth and sheen; the scale follows from the size.

    Returns
    -------
    rgb8

    Raises
    ------
    OptionsError
        When the size is out of range.
    """
    if not LEAST_PX <= size_px <= MOST_PX:
        raise OptionsError(f"size: {size_px} pixels; allowed are {LEAST_PX} to {MOST_PX}", hint="use 256")
    width, height = (side + 2 * RIM_MM for side in plan.size_mm)
    scale = size_px / max(width, height)
    # A coarse picture is reduced from a finer one: a thread is then a shade, not a pixel that is there or not.
    drawn = min(max(scale, 1.0), 100.0)
    picture = render(plan, replace(options or PreviewOptions(), preview_px_per_mm=drawn, marks=False))
    cut = round((MARGIN_MM - RIM_MM) * drawn)
    picture = np.ascontiguousarray(picture[cut : picture.shape[0] - cut, cut : picture.shape[1] - cut])
    size = tuple(max(1, round(side * scale)) for side in (width, height))
    how = cv2.INTER_AREA if size[0] <= picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
