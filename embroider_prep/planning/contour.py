"""Contour fill: rings parallel to the border, joined into spirals."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.planning.fill import Leg
from embroider_prep.planning.ground import Patch
from embroider_prep.planning.run import resample, through

Points = npt.NDArray[np.float64]

# The outermost ring lies half a thread inside the border.
FIRST_INSET_MM = 0.2

# Shorter rings are the last turn of a spiral: a knot.
SHORTEST_RING_MM = 1.5

# Ways between spirals, covered by rings still to come.
TRAVEL_MM = 3.0


def sew_contour(
    patch: Patch, spacing_mm: float, stitch_mm: float, entry_mm: Points | None, exit_mm: Points | None
) -> list[Leg]:
    """Return rings from the inside outwards: ways between inner rings lie below the outer ones.

    Rings follow each other from the nearest point to the nearest; the outermost one ends near ``exit_mm``.
    """
    legs: list[Leg] = []
    here = entry_mm
    for number, ring in enumerate(rings := _rings(patch, spacing_mm)):
        towards = exit_mm if number == len(rings) - 1 and exit_mm is not None else here
        start = 0 if towards is None else int(np.hypot(*(ring - towards).T).argmin())
        closed = np.concatenate([ring[start:], ring[: start + 1]])
        if here is not None and np.hypot(*(closed[0] - here)) > 1.5 * spacing_mm:
            legs.append(Leg(kind="travel", xy_mm=resample(through(patch, here, closed[0]), TRAVEL_MM)))
        # Half a stitch further along in every other ring: needle points do not line up.
        legs.append(Leg(kind="fill", xy_mm=_staggered(closed, stitch_mm, number)))
        here = closed[-1]
    return legs


def _staggered(ring: Points, stitch_mm: float, number: int) -> Points:
    if number % 2 == 0:
        return resample(ring, stitch_mm, tolerance_mm=0.1)
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(ring, axis=0).T)))
    first = min(stitch_mm / 2, way[-1] / 2)
    cut = int(np.searchsorted(way, first))
    at = np.array([np.interp(first, way, ring[:, 0]), np.interp(first, way, ring[:, 1])])
    rest = np.concatenate([at[None], ring[cut:]])
    return np.concatenate([ring[:1], resample(rest, stitch_mm, tolerance_mm=0.1)])


def _rings(patch: Patch, spacing_mm: float) -> list[Points]:
    """Return closed rings (N, 2) without their last point, inner ones before those around them."""
    import shapely

    shape = _polygon(patch)
    levels: list[list[Points]] = []
    inset = FIRST_INSET_MM
    while True:
        inner = shape.buffer(-inset, quad_segs=4)
        level = [
            np.asarray(line.coords)[:-1]
            for part in shapely.get_parts(inner)
            if part.geom_type == "Polygon" and not part.is_empty
            for line in (part.exterior, *part.interiors)
            if line.length >= SHORTEST_RING_MM
        ]
        if not level:
            break
        levels.append(level)
        inset += spacing_mm
    out: list[Points] = []
    for level in reversed(levels):
        left = list(level)
        while left:
            here = out[-1][0] if out else left[0][0]
            near = int(np.argmin([np.hypot(*(ring - here).T).min() for ring in left]))
            out.append(left.pop(near))
    return out


def _polygon(patch: Patch):  # type: ignore[no-untyped-def]
    """Return the patch's mask as a polygon in mm; several pieces make a MultiPolygon."""
    import shapely

    contours, tree = cv2.findContours(patch.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    shells: dict[int, tuple[Points, list[Points]]] = {}
    for i, contour in enumerate(contours):
        ring = (contour.reshape(-1, 2) + 0.5) / patch.px_per_mm + np.array(patch.origin_mm)
        if len(ring) < 3:
            continue
        parent = int(tree.reshape(-1, 4)[i, 3])
        if parent < 0:
            shells.setdefault(i, (ring, []))
        elif parent in shells:
            shells[parent][1].append(ring)
    shapes = [shapely.Polygon(shell, holes).buffer(0) for shell, holes in shells.values()]
    # Contours run through the middles of the outermost cells.
    return shapely.union_all(shapes).buffer(0.5 / patch.px_per_mm).simplify(0.05)
