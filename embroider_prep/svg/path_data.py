"""Path data and basic shapes -> polylines; curves flattened.

https://www.w3.org/TR/SVG2/paths.html, elliptical arcs as in its appendix of implementation notes (B.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import acos, atan2, ceil, cos, hypot, pi, radians, sin, sqrt

import numpy as np

from embroider_prep.design import Points
from embroider_prep.svg.xml import Element

_TOKEN = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_SIZES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
# In arcs two flags may stand without anything between them and the next number.
_ARC = re.compile(
    r"[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[\s,]*"
    r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[\s,]*([01])[\s,]*([01])[\s,]*"
    r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
)
MAX_CURVE_PARTS = 2000
MAX_VALUE = 1e9
"""Coordinates beyond are no places."""

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Polyline:
    """A subpath: ``xy`` (N, 2) in the user units where it stands, and whether it is closed."""

    xy: Points
    closed: bool


def parse_path(data: str, tolerance: float) -> list[Polyline]:
    """Return the subpaths of path data, curves within ``tolerance`` user units; up to the first mistake, as SVG says.

    A subpath of one point is left out.
    """
    out: list[Polyline] = []
    for points, closed in _subpaths(data, tolerance):
        xy = np.array(points, np.float64).reshape(-1, 2)
        if len(xy) > 1 and np.isfinite(xy).all() and np.abs(xy).max() < MAX_VALUE:
            out.append(Polyline(xy=xy, closed=closed))
    return out


def _commands(data: str) -> list[tuple[str, list[float]]]:
    """Return commands with one set of numbers each; what is left out after the first is written out."""
    out: list[tuple[str, list[float]]] = []
    at, command = 0, ""
    numbers: list[float] = []
    while at < len(data):
        if data[at] in " \t\r\n\f,":
            at += 1
            continue
        if command in "Aa" and command and not numbers and data[at] not in "MmLlHhVvCcSsQqTtAaZz":
            arc = _ARC.match(data, at)
            if arc is None:
                return out
            out.append((command, [float(text) for text in arc.groups()]))
            at = arc.end()
            continue
        token = _TOKEN.match(data, at)
        if token is None:
            return out
        at = token.end()
        if token.group(1):
            if numbers:
                return out
            command = token.group(1)
            if not out and command not in "Mm":
                return out
            if command in "Zz":
                out.append((command, []))
            continue
        if not command or command in "Zz":
            return out
        numbers.append(float(token.group(2)))
        if len(numbers) == _SIZES[command.upper()]:
            out.append((command, numbers))
            numbers = []
            # More pairs behind a move are lines.
            command = {"M": "L", "m": "l"}.get(command, command)
    return out


def _subpaths(data: str, tolerance: float) -> list[tuple[list[Point], bool]]:
    out: list[tuple[list[Point], bool]] = []
    points: list[Point] = []
    x = y = 0.0
    before, handle = "", (0.0, 0.0)
    for command, v in _commands(data):
        kind = command.upper()
        ox, oy = (x, y) if command.islower() else (0.0, 0.0)
        if kind == "Z":
            if points:
                out.append((points, True))
                x, y = points[0]
                # What follows without a move begins where this subpath did.
                points = [(x, y)]
        elif kind == "M":
            if len(points) > 1:
                out.append((points, False))
            x, y = ox + v[0], oy + v[1]
            points = [(x, y)]
        elif kind in "LHV":
            x, y = (ox + v[0], oy + v[1]) if kind == "L" else (ox + v[0], y) if kind == "H" else (x, oy + v[0])
            points.append((x, y))
        elif kind == "A":
            end = ox + v[5], oy + v[6]
            points += _arc((x, y), v, end, tolerance)
            x, y = end
        else:
            curve, handle = _curve(kind, (x, y), v, (ox, oy), before, handle)
            points += _bezier(curve, tolerance)
            x, y = curve[-1]
        before = kind
    if len(points) > 1:
        out.append((points, False))
    return out


def _curve(
    kind: str, at: Point, v: list[float], origin: Point, before: str, handle: Point
) -> tuple[list[Point], Point]:
    """Return the points of a Bézier curve, and the handle that a smooth one behind it mirrors."""
    pairs = [(origin[0] + v[i], origin[1] + v[i + 1]) for i in range(0, len(v), 2)]
    mirrored = (2 * at[0] - handle[0], 2 * at[1] - handle[1])
    if kind == "S":
        pairs = [mirrored if before in "CS" and before else at, *pairs]
    elif kind == "T":
        pairs = [mirrored if before in "QT" and before else at, *pairs]
    return [at, *pairs], pairs[-2]


def _bezier(curve: list[Point], tolerance: float) -> list[Point]:
    """Return points on a quadratic or cubic curve behind its first one.

    Evenly in its parameter: as many parts as the second differences say (Wang's formula).
    """
    p = np.array(curve)
    degree = len(p) - 1
    bend = float(np.hypot(*np.diff(p, n=2, axis=0).T).max())
    count = max(1, min(MAX_CURVE_PARTS, ceil(sqrt(degree * (degree - 1) / 8 * bend / tolerance))))
    t = (np.arange(1, count + 1) / count)[:, None]
    s = 1 - t
    if degree == 2:
        xy = s * s * p[0] + 2 * s * t * p[1] + t * t * p[2]
    else:
        xy = s**3 * p[0] + 3 * s * s * t * p[1] + 3 * s * t * t * p[2] + t**3 * p[3]
    return [(float(a), float(b)) for a, b in [*xy[:-1], p[-1]]]


def _arc(start: Point, v: list[float], end: Point, tolerance: float) -> list[Point]:
    rx, ry, turn = abs(v[0]), abs(v[1]), radians(v[2])
    if start == end:
        return []
    if rx == 0 or ry == 0:
        return [end]
    c, s = cos(turn), sin(turn)
    dx, dy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = c * dx + s * dy, -s * dx + c * dy
    grow = sqrt(max(1.0, (x / rx) ** 2 + (y / ry) ** 2))
    rx, ry = rx * grow, ry * grow
    low = (rx * y) ** 2 + (ry * x) ** 2
    root = sqrt(max(0.0, (rx * ry) ** 2 - low) / low) if low else 0.0
    if bool(v[3]) == bool(v[4]):
        root = -root
    cx, cy = root * rx * y / ry, -root * ry * x / rx
    first = atan2((y - cy) / ry, (x - cx) / rx)
    sweep = atan2((-y - cy) / ry, (-x - cx) / rx) - first
    if v[4] and sweep < 0:
        sweep += 2 * pi
    elif not v[4] and sweep > 0:
        sweep -= 2 * pi
    mx, my = c * cx - s * cy + (start[0] + end[0]) / 2, s * cx + c * cy + (start[1] + end[1]) / 2
    count = _parts_of_turn(abs(sweep), max(rx, ry), tolerance)
    out = []
    for i in range(1, count):
        a = first + sweep * i / count
        px, py = rx * cos(a), ry * sin(a)
        out.append((mx + c * px - s * py, my + s * px + c * py))
    return [*out, end]


def _parts_of_turn(sweep: float, radius: float, tolerance: float) -> int:
    step = 2 * acos(max(0.0, 1 - tolerance / radius)) if radius > tolerance else pi / 2
    return max(2, min(MAX_CURVE_PARTS, ceil(sweep / step)))


def shape_of(element: Element, lengths: dict[str, float], tolerance: float) -> list[Polyline]:
    """Return the subpaths of a basic shape or path; ``lengths`` are its attributes that are lengths, user units."""
    name = element.name
    if name == "path":
        return parse_path(element.get("d") or "", tolerance)
    if name in ("polyline", "polygon"):
        numbers = [float(m.group(2)) for m in _TOKEN.finditer(element.get("points") or "") if m.group(2)]
        xy = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
        good = len(xy) > 1 and bool(np.abs(xy).max() < MAX_VALUE)
        return [Polyline(xy=xy, closed=name == "polygon")] if good else []
    get = lengths.get
    if name == "line":
        xy = np.array([[get("x1", 0.0), get("y1", 0.0)], [get("x2", 0.0), get("y2", 0.0)]])
        return [Polyline(xy=xy, closed=False)]
    if name in ("circle", "ellipse"):
        rx, ry = (get("r", 0.0),) * 2 if name == "circle" else (get("rx", 0.0), get("ry", 0.0))
        if rx <= 0 or ry <= 0:
            return []
        count = _parts_of_turn(2 * pi, max(rx, ry), tolerance)
        a = np.arange(max(count, 12)) / max(count, 12) * 2 * pi
        xy = np.stack([get("cx", 0.0) + rx * np.cos(a), get("cy", 0.0) + ry * np.sin(a)], axis=1)
        return [Polyline(xy=xy, closed=True)]
    if name == "rect":
        return _rect(lengths, tolerance)
    return []


def _rect(lengths: dict[str, float], tolerance: float) -> list[Polyline]:
    x, y, w, h = (lengths.get(key, 0.0) for key in ("x", "y", "width", "height"))
    if w <= 0 or h <= 0:
        return []
    rx, ry = lengths.get("rx", lengths.get("ry", 0.0)), lengths.get("ry", lengths.get("rx", 0.0))
    rx, ry = min(max(rx, 0.0), w / 2), min(max(ry, 0.0), h / 2)
    if hypot(rx, ry) == 0:
        return [Polyline(xy=np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]), closed=True)]
    data = (
        f"M{x + rx},{y} h{w - 2 * rx} a{rx},{ry} 0 0 1 {rx},{ry} v{h - 2 * ry} a{rx},{ry} 0 0 1 {-rx},{ry} "
        f"h{2 * rx - w} a{rx},{ry} 0 0 1 {-rx},{-ry} v{2 * ry - h} a{rx},{ry} 0 0 1 {rx},{-ry} Z"
    )
    return parse_path(data, tolerance)
