"""Subpaths -> polygons as SVG fills them, strokes -> lines, and what a clip leaves of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from embroider_prep.design import Points
from embroider_prep.svg.path_data import Polyline

# Areas below hold no stitch.
SMALLEST_MM2 = 0.05

# Faces of a path that crosses itself everywhere: more is a drawing of noise.
MAX_FACES = 20_000


def polygons_of(lines: Sequence[Polyline], rule: str) -> list[Any]:
    """Return the polygons that subpaths enclose by a fill rule, ``nonzero`` or ``evenodd``; open ones are closed."""
    rings = [_closed(line.xy) for line in lines]
    rings = [ring for ring in rings if len(ring) >= 4]
    if not rings:
        return []
    simple = _simple(rings, rule)
    if simple is not None:
        return [simple] if simple.area >= SMALLEST_MM2 else []
    edges = shapely.node(shapely.multilinestrings([shapely.linestrings(ring) for ring in rings]))
    faces = list(shapely.get_parts(shapely.polygonize(shapely.get_parts(edges))))[:MAX_FACES]
    inside = []
    for face in faces:
        if face.area > 0:
            wound = [_winding(ring, np.asarray(face.representative_point().coords[0])) for ring in rings]
            if sum(map(abs, wound)) % 2 if rule == "evenodd" else sum(wound):
                inside.append(face)
    whole = shapely.union_all(inside) if inside else shapely.Polygon()
    return parts_of(whole)


def parts_of(shape: Any) -> list[Any]:
    """Return the polygons of any geometry that are large enough to be sewn."""
    return [
        part
        for part in shapely.get_parts(shapely.get_parts(shape))
        if part.geom_type == "Polygon" and part.area >= SMALLEST_MM2
    ]


def _closed(xy: Points) -> Points:
    return xy if (xy[0] == xy[-1]).all() else np.concatenate([xy, xy[:1]])


def _simple(rings: list[Points], rule: str) -> Any:
    """Return the polygon of an outline with its holes, point for point; None when it is more than that."""
    polygon = shapely.Polygon(rings[0], rings[1:])
    if not polygon.is_valid or polygon.area <= 0:
        return None
    if rule == "evenodd" or len(rings) == 1:
        return polygon
    outer = shapely.is_ccw(polygon.exterior)
    return polygon if all(shapely.is_ccw(hole) != outer for hole in polygon.interiors) else None


def _winding(ring: Points, at: Points) -> int:
    """Return how often a ring goes around a point."""
    x, y = (ring - at).T
    up = (y[:-1] <= 0) & (y[1:] > 0)
    down = (y[:-1] > 0) & (y[1:] <= 0)
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    return int(np.count_nonzero(up & (cross > 0)) - np.count_nonzero(down & (cross < 0)))


def line_points(line: Polyline) -> Points:
    """Return the points of a stroke without repetitions; a closed one ends where it began."""
    xy = _closed(line.xy) if line.closed else line.xy
    keep = np.append(True, (np.diff(xy, axis=0) != 0).any(axis=1))
    out: Points = xy if keep.all() else xy[keep]
    return out


def outline_of(xy: Points, width_mm: float, cap: str) -> list[Any]:
    """Return the area of a wide stroke."""
    style = {"round": "round", "square": "square"}.get(cap, "flat")
    return parts_of(shapely.LineString(xy).buffer(width_mm / 2, cap_style=style, join_style="mitre", mitre_limit=4))


def long_axis(polygon: Any) -> tuple[float, float, float]:
    """Return the direction in degrees of the longer side of the smallest box around a shape, its length and width."""
    box = np.asarray(shapely.minimum_rotated_rectangle(polygon).exterior.coords)
    sides = np.diff(box[:3], axis=0)
    length = np.hypot(*sides.T)
    x, y = sides[int(length.argmax())]
    # y points down, angles count upwards.
    return float(np.degrees(np.arctan2(-y, x)) % 180), float(length.max()), float(length.min())
