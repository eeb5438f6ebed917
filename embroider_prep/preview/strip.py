"""Pictures side by side with their names: photo, illustration, threads, stitches."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.design import FABRIC, IndexedImage
from embroider_prep.preview.render import MARGIN_MM
from embroider_prep.preview.text import draw_text, text_size

PAPER = (255, 255, 255)
INK = (60, 60, 64)
GAP_PX = 12


def strip(
    photo: Rgb8 | None = None,
    illustration: Rgb8 | None = None,
    threads: IndexedImage | Rgb8 | None = None,
    stitches: Rgb8 | None = None,
    *,
    height_px: int = 480,
    stitches_px_per_mm: float | None = None,
    labels: tuple[str, str, str, str] = ("Photo", "Illustration", "Threads", "Stitches"),
) -> Rgb8:
    """Put the steps of a conversion side by side, at one height, each with its name below.

    Parameters
    ----------
    photo, illustration, threads, stitches : rgb8, or None to leave one out
        ``threads`` may be the `IndexedImage` itself; its label then counts them.
    height_px : int
        Height of the pictures, at least 32.
    stitches_px_per_mm : float, optional
        Scale of ``stitches`` when it comes from `render`: its margin of cloth is cut off, so that all show the same.
    labels : four str
        Names, in the same order.

    Returns
    -------
    rgb8
    """
    pictures: list[tuple[str, Rgb8]] = []
    for label, picture in zip(labels, (photo, illustration, threads, stitches), strict=True):
        if picture is None:
            continue
        if isinstance(picture, IndexedImage):
            count = len(np.setdiff1d(np.unique(picture.labels), [FABRIC]))
            pictures.append((f"{count} {label.lower()}", picture_of_threads(picture)))
        else:
            pictures.append((label, picture))
    if stitches is not None and stitches_px_per_mm is not None:
        margin = math.floor(MARGIN_MM * stitches_px_per_mm)
        label, whole = pictures[-1]
        pictures[-1] = (label, whole[margin : len(whole) - margin, margin : whole.shape[1] - margin])
    if not pictures:
        return np.full((32, 32, 3), 255, np.uint8)
    height = max(32, height_px)
    scaled = [(label, _with_height(picture, height)) for label, picture in pictures]
    size = max(11, height // 26)
    band = round(size * 2.2)
    width = sum(picture.shape[1] for _, picture in scaled) + GAP_PX * (len(scaled) + 1)
    out = np.empty((height + GAP_PX + band, width, 3), np.uint8)
    out[:] = PAPER
    x = GAP_PX
    for label, picture in scaled:
        out[GAP_PX : GAP_PX + height, x : x + picture.shape[1]] = picture
        middle = x + picture.shape[1] / 2 - text_size(label, size)[0] / 2
        draw_text(out, label, (middle, GAP_PX + height + size * 0.45), size=size, color=INK)
        x += picture.shape[1] + GAP_PX
    return out


def picture_of_threads(indexed: IndexedImage, fabric_rgb8: tuple[int, int, int] = (241, 237, 228)) -> Rgb8:
    """Return an indexed picture in the colours of its threads, with cloth where nothing is sewn."""
    table = np.empty((256, 3), np.uint8)
    table[:] = fabric_rgb8
    table[: len(indexed.threads)] = [thread.rgb8 for thread in indexed.threads]
    table[FABRIC] = fabric_rgb8
    out: Rgb8 = table[indexed.labels]
    return out


def _with_height(picture: npt.NDArray[Any], height: int) -> Rgb8:
    rows, columns = picture.shape[:2]
    width = max(1, round(columns * height / rows))
    interpolation = cv2.INTER_AREA if height < rows else cv2.INTER_CUBIC
    out: Rgb8 = cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=interpolation)
    return out
