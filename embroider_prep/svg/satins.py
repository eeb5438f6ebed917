"""Two rails of a satin column -> its middle and width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from embroider_prep.design import Points

# A column whose width changes by more than this share is an area.
EVEN = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """``middle`` (N, 2) and ``width_mm``; None, where the width changes: then the ``area`` counts."""

    middle: Points
    width_mm: float | None
    area: Any


def column(parts: list[Points]) -> Column | None:
    """Return the column between the two longest parts of a path; the others are rungs. None when there is none.

    Rails with as many points face each other point by point, as ours do.
    """
    import shapely

    length = [float(np.hypot(*np.diff(part, axis=0).T).sum()) for part in parts]
    # As Ink/Stitch: the first two where they are longer than the rest.
    order = sorted(sorted(range(len(parts)), key=lambda i: -length[i])[:2])
    if len(order) < 2 or min(length[i] for i in order) <= 0:
        return None
    one, two = parts[order[0]], parts[order[1]]
    if _far(one[0], two[-1]) + _far(one[-1], two[0]) < _far(one[0], two[0]) + _far(one[-1], two[-1]):
        two = two[::-1]
    if len(one) != len(two):
        share = np.linspace(0, 1, 2 * max(len(one), len(two)))
        one, two = _at(one, share), _at(two, share)
    width = np.hypot(*(one - two).T)
    ring = np.concatenate([one, two[::-1]])
    area = shapely.Polygon(ring).buffer(0)
    typical = float(np.median(width))
    if typical <= 0:
        return None
    # Bends make the mitres of two rails longer than they are apart.
    even = bool((np.abs(width - typical) <= EVEN * typical + 0.1).mean() > 0.9)
    if not even:
        largest = max(shapely.get_parts(area), key=lambda part: part.area)
        return Column(middle=(one + two) / 2, width_mm=None, area=largest)
    return Column(middle=(one + two) / 2, width_mm=typical, area=area)


def _far(one: Points, two: Points) -> float:
    return float(np.hypot(*(one - two)))


def _at(xy: Points, share: Points) -> Points:
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
    return np.stack([np.interp(share * way[-1], way, xy[:, i]) for i in (0, 1)], axis=1)
