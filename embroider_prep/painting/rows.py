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


def make_rows(
    size_mm: tuple[float, float],
    sewn: npt.NDArray[np.bool_],
    kind: npt.NDArray[np.int64] | None = None,
    angles_deg: npt.ArrayLike = (0.0,),
) -> Rows:
    """Return rows, a cell's height apart, over the cells that are sewn.

    Parameters
    ----------
    size_mm : (width, height)
    sewn : (h, w) bool
        Cells.
    kind : (h, w) int, optional
        Which of ``angles_deg`` the rows of a cell have; default the first everywhere.
    angles_deg : (k,)
        Directions of rows, counter-clockwise as seen.
    """
    height, width = sewn.shape
    pixel = np.array([size_mm[0] / width, size_mm[1] / height]) / FINE
    there = np.where(sewn, 0 if kind is None else kind, -1)
    there = np.repeat(np.repeat(there, FINE, axis=0), FINE, axis=1)
    found: list[_Stretch] = []
    layers = []
    for number, angle in enumerate(np.asarray(angles_deg, float).tolist()):
        if (there == number).any():
            layers.append((number, _Grid(angle, pixel, there.shape)))
            found += layers[-1][1].stretches(there == number)
    longest = max((len(item.cuts) for item in found), default=2) - 1
    sites = len(found) * longest
    ends = np.zeros((len(found), longest + 1, 2))
    valid = np.zeros((len(found), longest), bool)
    for i, item in enumerate(found):
        ends[i, : len(item.cuts)] = item.grid.points(item.cuts, item.row)
        ends[i, len(item.cuts) :] = ends[i, len(item.cuts) - 1]
        valid[i, : len(item.cuts) - 1] = True
    fine = np.full(there.shape, sites, np.int32)
    for number, grid in layers:
        own = [(i, item) for i, item in enumerate(found) if item.grid is grid]
        grid.fill(fine, there == number, own, longest)
    phase = np.array([item.row % APART for item in found], np.int64)
    return Rows(
        xy_mm=(ends[:, 1:] + ends[:, :-1]) / 2,
        ends_mm=ends,
        valid=valid,
        fine=fine,
        cells=cells_of(fine, sites),
        shape=(height, width),
        cell_mm=(pixel[0] * FINE, pixel[1] * FINE),
        phases=tuple(np.flatnonzero(phase == start) for start in range(APART) if (phase == start).any()),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stretch:
    """A stretch of row ``row`` of a grid; ``cuts`` (n,) are where its sites begin and end along it, mm."""

    grid: _Grid
    row: int
    cuts: npt.NDArray[np.float64]


class _Grid:
    """All rows of one direction over a picture of pixels (h, w)."""

    def __init__(self, angle_deg: float, pixel_mm: npt.NDArray[np.float64], shape: tuple[int, ...]) -> None:
        turn = np.radians(angle_deg)
        # y runs down.
        self.along, self.across = np.array([np.cos(turn), -np.sin(turn)]), np.array([np.sin(turn), np.cos(turn)])
        self.pixel_mm, self.shape = pixel_mm, shape
        # Level rows fill the picture exactly.
        self.pitch = float(pixel_mm[1]) * FINE
        corners = np.array([(x, y) for x in (0, shape[1]) for y in (0, shape[0])]) * pixel_mm
        self.low = np.floor([(corners @ self.along).min(), (corners @ self.across).min() / self.pitch + 1e-6])
        self.high = np.ceil([(corners @ self.along).max(), (corners @ self.across).max() / self.pitch - 1e-6])
        self.step = float(pixel_mm[0])
        self.count = int(np.ceil((self.high[0] - self.low[0]) / self.step))

    def points(self, u: npt.NDArray[np.float64], row: int) -> npt.NDArray[np.float64]:
        """Return the places (n, 2) of distances along a row."""
        return u[:, None] * self.along + (row + 0.5) * self.pitch * self.across

    def stretches(self, inside: npt.NDArray[np.bool_]) -> list[_Stretch]:
        """Return the stretches of rows whose middle lies inside (h, w)."""
        out = []
        u = self.low[0] + (np.arange(self.count) + 0.5) * self.step
        for row in range(int(self.low[1]), int(self.high[1])):
            x, y = np.floor(self.points(u, row) / self.pixel_mm).astype(np.int64).T
            there = (x >= 0) & (y >= 0) & (x < self.shape[1]) & (y < self.shape[0])
            there[there] = inside[y[there], x[there]]
            turns = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
            for a, b in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
                left, right = self.low[0] + a * self.step, self.low[0] + b * self.step
                if right - left >= SHORTEST_MM:
                    out.append(_Stretch(grid=self, row=row, cuts=_sites(left, right, row * BRICK % 1)))
        return out

    def fill(
        self, fine: npt.NDArray[np.int32], inside: npt.NDArray[np.bool_], own: list[tuple[int, _Stretch]], longest: int
    ) -> None:
        """Write the site of each pixel inside; a stretch reaches half a row beyond its ends."""
        rows = int(self.high[1] - self.low[1])
        table = np.full((rows, self.count), -1, np.int64)
        reach = round(self.pitch / 2 / self.step)
        for i, item in own:
            first = round((item.cuts[0] - self.low[0]) / self.step)
            last = round((item.cuts[-1] - self.low[0]) / self.step)
            index = np.arange(max(0, first - reach), min(self.count, last + reach))
            site = np.searchsorted(item.cuts, self.low[0] + (index + 0.5) * self.step, side="right") - 1
            line = table[item.row - int(self.low[1])]
            new = i * longest + np.clip(site, 0, len(item.cuts) - 2)
            line[index] = np.where((line[index] >= 0) & ((index < first) | (index >= last)), line[index], new)
        y, x = np.nonzero(inside)
        at = (np.stack([x, y], axis=1) + 0.5) * self.pixel_mm
        row = np.clip(np.floor(at @ self.across / self.pitch - self.low[1]).astype(np.int64), 0, rows - 1)
        along = np.clip(((at @ self.along - self.low[0]) / self.step).astype(np.int64), 0, self.count - 1)
        site = table[row, along]
        fine[y[site >= 0], x[site >= 0]] = site[site >= 0]


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
