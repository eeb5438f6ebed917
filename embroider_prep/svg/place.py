"""Where things are: lengths with units, transforms, and the page.

https://www.w3.org/TR/SVG2/coords.html; a CSS pixel is 1/96 inch.
"""

from __future__ import annotations

import re
from math import cos, radians, sin, sqrt, tan

import numpy as np
import numpy.typing as npt

from embroider_prep.design import Points
from embroider_prep.svg.xml import Element

Matrix = npt.NDArray[np.float64]
"""(2, 3): x' = m[0] · (x, y, 1)."""

MM_PER_PX = 25.4 / 96
LARGEST = 1e12
_UNITS = {
    "": 1.0, "px": 1.0, "mm": 1 / MM_PER_PX, "cm": 10 / MM_PER_PX, "in": 96.0, "pt": 96 / 72, "pc": 16.0,
    "q": 0.25 / MM_PER_PX, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0,
}  # fmt: skip
_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-zA-Z]*|%)\s*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRANSFORM = re.compile(r"\s*,?\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)", re.IGNORECASE)


def identity() -> Matrix:
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def chain(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the matrix that applies ``inner`` first."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def apply(matrix: Matrix, xy: Points) -> Points:
    """Return points (N, 2) where a matrix puts them; the identity leaves them bit for bit."""
    if (matrix == identity()).all():
        return xy
    out: Points = xy @ matrix[:, :2].T + matrix[:, 2]
    return out


def scale_of(matrix: Matrix) -> float:
    """Return how many times as long things become, on average over all directions."""
    (a, b), (c, d) = matrix[:, :2].tolist()
    return sqrt(abs(a * d - b * c))


def turned_deg(matrix: Matrix, angle_deg: float) -> float:
    """Return the direction, degrees counter-clockwise from 0 to 180, that one at ``angle_deg`` gets."""
    if np.allclose(matrix[:, :2], np.eye(2) * matrix[0, 0], rtol=0, atol=1e-9) and matrix[0, 0] > 0:
        return angle_deg
    a = radians(angle_deg)
    # y points down, angles count upwards.
    x, y = matrix[:, :2] @ (cos(a), -sin(a))
    return float(np.degrees(np.arctan2(-y, x)) % 180)


def numbers(text: str | None) -> list[float]:
    """Return the numbers in a text that lists them."""
    return [float(word) for word in _NUMBER.findall(text or "")]


def parse_length(text: str | None, *, of: float = 0.0) -> float | None:
    """Return a length in px, percentages of ``of``; None when it is none."""
    found = _LENGTH.fullmatch(text or "")
    if found is None:
        return None
    unit = found.group(2).lower()
    if unit == "%":
        return float(found.group(1)) * of / 100
    return float(found.group(1)) * _UNITS[unit] if unit in _UNITS else None


def parse_transform(text: str | None) -> Matrix:
    """Return the matrix of a list of transforms; what is no transform ends the list, as SVG says."""
    out, at = identity(), 0
    text = (text or "").strip()
    while at < len(text):
        found = _TRANSFORM.match(text, at)
        if found is None:
            break
        at = found.end()
        one = _one(found.group(1).lower(), numbers(found.group(2)))
        if one is None:
            break
        out = chain(out, one)
    # Beyond these numbers there is no place in a drawing.
    return out if np.abs(out).max() < LARGEST else identity()


def _one(kind: str, v: list[float]) -> Matrix | None:
    if kind == "matrix" and len(v) == 6:
        return np.array([[v[0], v[2], v[4]], [v[1], v[3], v[5]]])
    if kind == "translate" and len(v) in (1, 2):
        return np.array([[1, 0, v[0]], [0, 1, v[1] if len(v) == 2 else 0.0]])
    if kind == "scale" and len(v) in (1, 2):
        return np.array([[v[0], 0, 0], [0, v[-1], 0]])
    if kind == "rotate" and len(v) in (1, 3):
        c, s = cos(radians(v[0])), sin(radians(v[0]))
        turn = np.array([[c, -s, 0.0], [s, c, 0.0]])
        if len(v) == 1:
            return turn
        to, back = np.array([[1, 0, v[1]], [0, 1, v[2]]]), np.array([[1, 0, -v[1]], [0, 1, -v[2]]])
        return chain(chain(to, turn), back)
    if kind == "skewx" and len(v) == 1:
        return np.array([[1, tan(radians(v[0])), 0], [0, 1, 0]])
    if kind == "skewy" and len(v) == 1:
        return np.array([[1, 0, 0], [tan(radians(v[0])), 1, 0]])
    return None


def view_box(element: Element, width: float | None, height: float | None) -> tuple[Matrix, tuple[float, float]]:
    """Return what puts the inside of an element with a viewBox into ``width`` x ``height``, and the box's size.

    https://www.w3.org/TR/SVG2/coords.html#ComputingAViewportsTransform
    """
    box = numbers(element.get("viewBox"))
    if len(box) != 4 or not all(1e-6 < side < 1e9 for side in box[2:]) or max(map(abs, box)) > 1e9:
        return identity(), (width or 300.0, height or 150.0)
    x, y, w, h = box
    # A side that is left out follows from the box, as drawing programs take it.
    if width is None and height is None:
        width, height = w, h
    wide = width if width is not None else (height or 0.0) * w / h
    high = height if height is not None else (width or 0.0) * h / w
    sx, sy = wide / w, high / h
    words = (element.get("preserveAspectRatio") or "xMidYMid meet").split()
    align = next((word for word in words if word.startswith("x")), "none" if "none" in words else "xMidYMid")
    if align != "none":
        sx = sy = max(sx, sy) if "slice" in words else min(sx, sy)
    shift = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    dx = (wide - w * sx) * shift.get(align[1:4], 0.5) if align != "none" else 0.0
    dy = (high - h * sy) * shift.get(align[5:8], 0.5) if align != "none" else 0.0
    return np.array([[sx, 0, dx - x * sx], [0, sy, dy - y * sy]]), (w, h)


def page_matrix(root: Element) -> Matrix:
    """Return what puts user units of a document into millimetres.

    Where the page is in true millimetres already it is the identity, bit for bit: our own drawings lose nothing, and
    their origin is the design's centre.
    """
    size = [parse_length(root.get(side), of=0.0) or None for side in ("width", "height")]
    box = numbers(root.get("viewBox"))
    if not all(side is None or 1e-6 < abs(side) < 1e9 for side in size):
        size = [None, None]
    matrix, _ = view_box(root, size[0], size[1])
    out = matrix * MM_PER_PX
    if len(box) == 4:
        # The drawing's own origin stays: only size counts, not where the page lies.
        origin = apply(out, np.zeros((1, 2)))[0]
        out = np.column_stack([out[:, :2], out[:, 2] - origin])
        if np.abs(out[:, :2] - np.eye(2)).max() < 1e-6:
            return identity()
    return out
