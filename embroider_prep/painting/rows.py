"""Rows of thread, cut into sites that each take one colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SITE_MM = 0.5
"""Length of a site along its row: borders of colours fall on this grid."""

# The grid of sites is shifted from row to row by this share of a site, so that borders do not line up in columns.
BRICK = 0.382

# Cells are sampled this many times along and across to say which sites lie in them.
FINE = 4

SHORTEST_MM = 1.0
"""Shorter stretches of a row are left bare: a needle only makes a knot there."""

APART = 6
"""Rows of one phase are that many rows apart: 2.4 mm, where the eye's blur of a blur has fallen to 2 %."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Stretches of rows cut into sites, padded to one length.

    ``xy_mm`` (R, N, 2) are the middles of sites, from the picture's upper left corner; ``ends_mm`` (R, N + 1, 2) the
    points between them; ``valid`` (R, N), true from the first to the last site of a stretch. ``fine`` (h FINE, w FINE)
    is the site that lies on each pixel, R N where there is none; ``cells`` a sparse matrix (h w, R N): the share of
    each cell of ``shape`` (sides ``cell_mm``, x and y) that a site covers. ``phases`` groups stretches so far apart
    that they do not see each other.
    """

    xy_mm: npt.NDArray[np.float64]
    ends_mm: npt.NDArray[np.float64]
    valid: npt.NDArray[np.bool_]
    fine: npt.NDArray[np.int32]
    cells: Any
    shape: tuple[int, int]
    cell_mm: tuple[float, float]
    phases: tuple[npt.NDArray[np.int64], ...]


def level_rows(size_mm: tuple[float, float], sewn: npt.NDArray[np.bool_]) -> Rows:
    """Return level rows, a cell's height apart, over the cells that are sewn.

    Parameters
    ----------
    size_mm : (width, height)
    sewn : (h, w) bool
        Cells.
    """
    height, width = sewn.shape
    pitch, across = size_mm[1] / height, size_mm[0] / width
    stretches = []
    for y in range(height):
        turns = np.flatnonzero(np.diff(np.concatenate([[False], sewn[y], [False]]).astype(np.int8)))
        stretches += [(y, a * across, b * across) for a, b in zip(turns[::2], turns[1::2], strict=True)]
    kept = [item for item in stretches if item[2] - item[1] >= SHORTEST_MM]
    cuts = [_sites(left, right, y * BRICK % 1) for y, left, right in kept]
    longest = max((len(cut) for cut in cuts), default=2) - 1
    ends = np.zeros((len(kept), longest + 1, 2))
    valid = np.zeros((len(kept), longest), bool)
    fine = np.full((height, FINE, width * FINE), len(kept) * longest, np.int32)
    for i, ((y, left, right), cut) in enumerate(zip(kept, cuts, strict=True)):
        ends[i, :, 0] = cut[-1]
        ends[i, : len(cut), 0] = cut
        ends[i, :, 1] = (y + 0.5) * pitch
        valid[i, : len(cut) - 1] = True
        pixel = np.arange(round(left / across * FINE), round(right / across * FINE))
        site = np.searchsorted(cut, (pixel + 0.5) * across / FINE, side="right") - 1
        fine[y, :, pixel] = (i * longest + np.clip(site, 0, len(cut) - 2))[:, None]
    fine = fine.reshape(height * FINE, width * FINE)
    row = np.array([item[0] for item in kept], np.int64)
    return Rows(
        xy_mm=(ends[:, 1:] + ends[:, :-1]) / 2,
        ends_mm=ends,
        valid=valid,
        fine=fine,
        cells=cells_of(fine, len(kept) * longest),
        shape=(height, width),
        cell_mm=(across, pitch),
        phases=tuple(np.flatnonzero(row % APART == start) for start in range(APART) if (row % APART == start).any()),
    )


def _sites(left: float, right: float, shift: float) -> npt.NDArray[np.float64]:
    """Return where a stretch is cut: on a grid of sites, but no piece shorter than half of one."""
    grid = np.arange(np.floor(left / SITE_MM), np.ceil(right / SITE_MM) + 1) + shift
    grid = grid * SITE_MM
    inner = grid[(grid > left + SITE_MM / 2) & (grid < right - SITE_MM / 2)]
    return np.concatenate([[left], inner, [right]])


def cells_of(fine: npt.NDArray[np.int32], sites: int) -> Any:
    """Return the shares (h w, sites) of cells that sites cover, from the site on each pixel."""
    from scipy import sparse

    height, width = fine.shape[0] // FINE, fine.shape[1] // FINE
    cell = np.arange(height)[:, None] * width + np.arange(width)[None]
    cell = np.repeat(np.repeat(cell, FINE, axis=0), FINE, axis=1).ravel()
    site = fine.ravel()
    sewn = site < sites
    share = np.full(int(sewn.sum()), 1 / FINE**2, np.float32)
    out = sparse.csr_matrix((share, (cell[sewn], site[sewn])), shape=(height * width, sites))
    out.sum_duplicates()
    return out
