"""Runs: stretches of a row in one thread, as the needle sews them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embroider_prep.painting.rows import Rows

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

# A thread ends round, half its width beyond the needle point. Against what was sewn before, the needle stays back so
# that the round end reaches the border; under what is still to come it goes on a little, so that no corner is bare.
BACK_MM, UNDER_MM = 0.17, 0.05

# Pull compensation where a row ends, at the rim or at rows of another direction: nothing may gape there.
PULL_MM = 0.15

# Stitches longer than this are divided, on a grid that moves on from row to row by this share of a stitch: needle
# points of neighbouring rows must not meet, or the fabric tears and light draws a line.
STAGGER = 0.425
LEAST_PART_MM = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """The runs of one thread.

    ``ends_mm`` (m, 2, 2) are their first and last needle points, ``row`` (m,) their stretches in `Rows`, ``sites``
    (m, 2) their first site and the one after their last.
    """

    ends_mm: Points
    row: npt.NDArray[np.int64]
    sites: npt.NDArray[np.int64]


def find_runs(rows: Rows, labels: Labels, order: tuple[int, ...]) -> list[Runs]:
    """Return the runs of each thread.

    Parameters
    ----------
    rows : Rows
    labels : (R, N)
        Thread of each site.
    order : threads in sewing order
    """
    count, length = labels.shape
    rank = np.empty(len(order), np.int64)
    rank[list(order)] = np.arange(len(order))
    # -1 beyond both ends of a stretch: nothing is sewn there.
    padded = np.full((count, length + 2), -1)
    padded[:, 1:-1] = np.where(rows.valid, labels, -1)
    row, first = np.nonzero((padded[:, 1:-1] != padded[:, :-2]) & rows.valid)
    row_too, last = np.nonzero((padded[:, 1:-1] != padded[:, 2:]) & rows.valid)
    assert (row == row_too).all()
    thread = labels[row, first]
    start, end = rows.ends_mm[row, first], rows.ends_mm[row, last + 1]
    step = end - start
    long = np.hypot(*step.T)
    unit = step / np.maximum(long, 1e-9)[:, None]
    placed = np.append(rank, -1)
    for point, beside, sign in ((start, padded[row, first], 1), (end, padded[row, last + 2], -1)):
        ahead = placed[beside] > placed[thread]
        back = np.where(beside < 0, -PULL_MM, np.where(ahead, -UNDER_MM, BACK_MM))
        point += sign * unit * np.where(long < 2 * SHORT_ENOUGH_MM, 0.0, back)[:, None]
    ends = np.stack([start, end], axis=1)
    sites = np.stack([first, last + 1], axis=1)
    return [Runs(ends_mm=ends[thread == k], row=row[thread == k], sites=sites[thread == k]) for k in range(len(order))]


SHORT_ENOUGH_MM = 0.5
"""Runs of two of these, at the rim of the design, are sewn in full."""


def needle_points(start: Points, end: Points, row: int, stitch_mm: float, longest_mm: float) -> Points:
    """Return the needle points (N, 2) of a straight run."""
    step = end - start
    length = float(np.hypot(*step))
    if length <= longest_mm:
        return np.stack([start, end])
    unit = step / length
    along = float(start @ unit)
    # The same grid from either end: a row sewn backwards has the same needle points.
    phase = (row * STAGGER % 1) * stitch_mm * (1 if unit[0] + 1e-3 * unit[1] >= 0 else -1)
    first = np.ceil((along - phase) / stitch_mm) * stitch_mm + phase
    inner = np.arange(first, along + length, stitch_mm) - along
    inner = inner[(inner > LEAST_PART_MM) & (inner < length - LEAST_PART_MM)]
    return start + unit * np.concatenate([[0.0], inner, [length]])[:, None]
