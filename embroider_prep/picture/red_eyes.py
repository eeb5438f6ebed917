"""Red eyes of a flash: the pupil gets back the grey that it has without the light from behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from embroider_prep.design import Finding
from embroider_prep.picture.load import Picture

# A pupil lit from behind is at least this much redder than green and blue; skin and lips stay below 1.8.
REDNESS, SKIN_REDNESS = 2.5, 1.7
LEAST_RED = 110
# A pupil fills so much of the disc that is searched, no more and no less.
LEAST_SHARE, MOST_SHARE = 0.02, 0.35


def mend_red_eyes(picture: Picture, eyes: Sequence[tuple[float, float, float]]) -> tuple[Picture, tuple[Finding, ...]]:
    """Return the photo without red pupils, and what was done; the same object when there are none.

    Parameters
    ----------
    picture : Picture
    eyes : sequence of (x, y, radius)
        Where eyes are, px, and how far around them to search.
    """
    rgb8, mended = picture.rgb8, 0
    rows, columns = rgb8.shape[:2]
    for x, y, radius in eyes:
        reach = max(2, round(radius))
        x0, x1 = max(0, round(x) - reach), min(columns, round(x) + reach + 1)
        y0, y1 = max(0, round(y) - reach), min(rows, round(y) + reach + 1)
        if x1 - x0 < 5 or y1 - y0 < 5:
            continue
        part = rgb8[y0:y1, x0:x1].astype(np.float32)
        others = np.maximum(part[..., 1], part[..., 2])
        redness = part[..., 0] / (others + 1)
        grid_y, grid_x = np.mgrid[y0:y1, x0:x1]
        away = np.hypot(grid_x - x, grid_y - y)
        disc, ring = away <= reach, (away > 0.75 * reach) & (away <= reach)
        red = (redness > REDNESS) & (part[..., 0] > LEAST_RED) & disc
        share = red.sum() / max(int(disc.sum()), 1)
        # Skin in red light is red all round, a pupil lies in white and grey.
        if not LEAST_SHARE <= share <= MOST_SHARE or np.median(redness[ring]) > SKIN_REDNESS or red[ring].mean() > 0.1:
            continue
        soft = cv2.GaussianBlur(
            cv2.dilate(red.astype(np.float32), np.ones((3, 3), np.uint8)), (0, 0), max(0.6, reach / 12)
        ).reshape(red.shape)
        grey = (part[..., 1] + part[..., 2]) / 2
        part[..., 0] += np.minimum(1, soft) * (np.minimum(grey, part[..., 0]) - part[..., 0])
        if rgb8 is picture.rgb8:
            rgb8 = rgb8.copy()
        rgb8[y0:y1, x0:x1] = np.round(part).astype(np.uint8)
        mended += 1
    if not mended:
        return picture, ()
    found = Finding(
        code="photo-red-eyes",
        severity="note",
        message=f"the flash made {mended} red {'eye' if mended == 1 else 'eyes'}: darkened",
        remedy="--fix off leaves the photo as it is",
    )
    return replace(picture, rgb8=rgb8), (found,)
