"""Text in pictures: Pillow's built-in scalable font, so that every machine draws the same letters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from embroider_prep.color import Rgb8

Rgb = tuple[int, int, int]


@lru_cache(maxsize=16)
def font(size: int) -> Any:
    """Return the font at a height of ``size`` pixels."""
    return ImageFont.load_default(size=size)


def text_size(text: str, size: int) -> tuple[int, int]:
    """Return width and height of a line of text, px."""
    left, top, right, bottom = font(size).getbbox(text)
    return int(right - left), int(bottom - top)


def draw_text(
    picture: Rgb8, text: str, at: tuple[float, float], *, size: int, color: Rgb, halo: Rgb | None = None
) -> None:
    """Draw a line of text into ``picture`` with its upper left corner at ``at`` (px), kept within the picture.

    With ``halo`` the letters get a rim, to be readable on anything.
    """
    width, height = text_size(text, size)
    rim = max(1, size // 8) if halo else 0
    rows, columns = picture.shape[:2]
    box_width, box_height = width + 2 * rim + 2, height + size // 2 + 2 * rim
    x = max(0, min(round(at[0]), columns - box_width))
    y = max(0, min(round(at[1]), rows - box_height))
    part = picture[y : y + box_height, x : x + box_width]
    if not part.size:
        return
    image = Image.fromarray(part)
    draw = ImageDraw.Draw(image)
    draw.text((rim, rim), text, font=font(size), fill=color, stroke_width=rim, stroke_fill=halo)
    part[...] = np.asarray(image)
