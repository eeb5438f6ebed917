"""What happened to a path since it was drawn here: from three of its points, whatever a program did in between."""

from __future__ import annotations

import numpy as np

from embroider_prep.design import Points
from embroider_prep.svg.place import Matrix, identity

# Points of a file are rounded: nearer than this nothing has moved.
STILL_MM = 2e-4

FARTHEST_MM = 1e6
"""No drawing is larger."""


def affine_since(mark: str | None, xy: Points) -> Matrix | None:
    """Return the map from where the points of a path were, `shapes.place_mark`, to where they are.

    None when there is no mark, or the path has other points now (it was united, simplified, drawn anew).
    """
    found = _parse(mark)
    if found is None or found[0] != len(xy):
        return None
    index, before = found[1], found[2]
    after = xy[index]
    if not (np.abs(after) < FARTHEST_MM).all():
        return None
    if np.abs(after - before).max() <= STILL_MM:
        return identity()
    if len(before) == 2:
        # Two points: turned, scaled and moved, not sheared.
        one, two = before[1] - before[0], after[1] - after[0]
        length2 = float(one @ one)
        if length2 == 0:
            return None
        c, s = float(one @ two) / length2, float(one[0] * two[1] - one[1] * two[0]) / length2
        turn = np.array([[c, -s], [s, c]])
    else:
        sides = np.stack([before[1] - before[0], before[2] - before[0]], axis=1)
        if abs(np.linalg.det(sides)) < 1e-9:
            return None
        turn = np.stack([after[1] - after[0], after[2] - after[0]], axis=1) @ np.linalg.inv(sides)
    matrix = np.column_stack([turn, after[0] - turn @ before[0]])
    if np.abs(matrix[:, :2] - np.eye(2)).max() < 1e-4:
        # Moved only: no angle has changed.
        matrix[:, :2] = np.eye(2)
    return matrix


def _parse(mark: str | None) -> tuple[int, list[int], Points] | None:
    try:
        words = [float(word) for word in (mark or "").split()]
        count, table = int(words[0]), np.array(words[1:]).reshape(-1, 3)
        index = [int(value) for value in table[:, 0]]
    except (ValueError, IndexError, OverflowError):
        return None
    if len(index) not in (2, 3) or not all(0 <= i < count for i in index) or not (np.abs(table) < FARTHEST_MM).all():
        return None
    return count, index, table[:, 1:]


def pairs(text: str | None) -> Points | None:
    """Return points from a list ``x,y x,y``; None when it is none."""
    try:
        xy = np.array([[float(value) for value in word.split(",")] for word in (text or "").split()], np.float64)
    except ValueError:
        return None
    return xy if xy.ndim == 2 and len(xy) > 1 and xy.shape[1] == 2 and (np.abs(xy) < FARTHEST_MM).all() else None
