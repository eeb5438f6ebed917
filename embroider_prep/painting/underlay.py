"""Underlay: columns of long stitches in the colours of large parts of the picture, below all rows."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import lab_from_linear
from embroider_prep.painting.target import CELL_MM, Floats

Points = npt.NDArray[np.float64]

# Columns hold the fabric across the rows; what shows through a slit is near the colour around it.
PITCH_MM, STITCH_MM = 2.0, 5.0

# Areas of one colour: the picture seen from a few metres.
FAR_SIGMA_MM = 3.0
THREADS = 3

# Columns end that far within their area, and shorter ones are not sewn.
INSIDE_MM, SHORTEST_MM = 0.4, 2.0


def underlay_columns(
    light: Floats, sewn: npt.NDArray[np.bool_], threads: Floats, size_mm: tuple[float, float]
) -> dict[int, Points]:
    """Return both ends (m, 2, 2) of the columns of each thread of the underlay, from the picture's upper left.

    Parameters
    ----------
    light : (h, w, 3)
        The picture on cells, linear.
    sewn : (h, w) bool
    threads : (n, 3)
        Linear light of the threads.
    size_mm : (width, height)
    """
    height, width = sewn.shape
    far = lab_from_linear(cv2.GaussianBlur(light, (0, 0), FAR_SIGMA_MM / CELL_MM).reshape(-1, 3))
    lab = lab_from_linear(threads)
    apart = ((far[:, None] - lab[None]) ** 2).sum(axis=2)
    inside = apart[sewn.reshape(-1)]
    if not len(inside):
        return {}
    chosen = min(
        combinations(range(len(lab)), min(THREADS, len(lab))),
        key=lambda some: float(inside[:, some].min(axis=1).sum()),
    )
    nearest = np.array(chosen)[apart[:, chosen].argmin(axis=1)].reshape(height, width)
    smooth = cv2.medianBlur(nearest.astype(np.uint8), 9).reshape(height, width)
    down, across = size_mm[1] / height, size_mm[0] / width
    out: dict[int, list[tuple[tuple[float, float], tuple[float, float]]]] = {}
    for x in np.arange(PITCH_MM / 2, size_mm[0], PITCH_MM).tolist():
        column = min(width - 1, int(x / across))
        label = np.where(sewn[:, column], smooth[:, column].astype(np.int64), -1)
        edges = np.concatenate([[0], np.flatnonzero(np.diff(label)) + 1, [height]])
        for top, bottom in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            y0, y1 = top * down + INSIDE_MM, bottom * down - INSIDE_MM
            if label[top] >= 0 and y1 - y0 >= SHORTEST_MM:
                out.setdefault(int(label[top]), []).append(((x, y0), (x, y1)))
    return {thread: np.array(columns) for thread, columns in out.items()}
