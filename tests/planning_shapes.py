"""Shapes for tests of the planner, drawn with shapely: from a square to a region with 300 holes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from sample_plans import THREADS
from shapely import Polygon, affinity

from embroider_prep.design import DetailLine, Guide, Region
from embroider_prep.options import PlanOptions
from embroider_prep.planning import Planned, make_plan


def flat_guide(size_mm: tuple[float, float], *, angle_deg: float = 0.0, coherence: float = 0.0) -> Guide:
    """Return a guide with one direction everywhere; without coherence the shapes decide."""
    shape = max(1, round(size_mm[1] * 2)), max(1, round(size_mm[0] * 2))
    return Guide(
        angle_deg=np.full(shape, angle_deg), coherence=np.full(shape, coherence), weight=np.ones(shape), px_per_mm=2.0
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """What `make_plan` takes; ``lean`` is the largest share of stitches below 1 mm."""

    regions: tuple[Region, ...] = ()
    lines: tuple[DetailLine, ...] = ()
    size_mm: tuple[float, float] = (40.0, 40.0)
    options: PlanOptions = field(default_factory=PlanOptions)
    guide: Guide | None = None
    short_share: float = 1.0

    def plan(self, **changes: object) -> Planned:
        """Plan it, with single options changed."""
        options = replace(self.options, **changes)  # type: ignore[arg-type]
        guide = self.guide or flat_guide(self.size_mm)
        return make_plan(self.regions, self.lines, THREADS, guide=guide, size_mm=self.size_mm, options=options)


def regions_of(*shapes: tuple[int, Polygon]) -> tuple[Region, ...]:
    return tuple(Region(thread=thread, polygon=polygon) for thread, polygon in shapes)


def box(width: float, height: float, *, x: float = 0.0, y: float = 0.0) -> Polygon:
    """Return a rectangle around (x, y)."""
    return shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def disk(radius: float, *, x: float = 0.0, y: float = 0.0) -> Polygon:
    return shapely.Point(x, y).buffer(radius, quad_segs=32)


def ring(outer: float, inner: float) -> Polygon:
    return disk(outer).difference(disk(inner))


def comb(teeth: int = 9, *, tooth: float = 1.5, gap: float = 1.5, length: float = 15.0) -> Polygon:
    """Return a bar with teeth below it."""
    width = teeth * tooth + (teeth - 1) * gap
    parts = [shapely.box(0, -3, width, 0)]
    parts += [shapely.box(i * (tooth + gap), -1, i * (tooth + gap) + tooth, length) for i in range(teeth)]
    return affinity.translate(shapely.union_all(parts), -width / 2, -length / 2)


def spiral(turns: float = 4.0, *, pitch: float = 4.0, width: float = 2.0) -> Polygon:
    t = np.linspace(0.25, turns, int(40 * turns))
    a = 2 * math.pi * t
    return shapely.LineString(np.stack([np.cos(a), np.sin(a)], axis=1) * (pitch * t)[:, None]).buffer(width / 2)


def letter_a(size: float = 20.0, *, width: float = 3.0) -> Polygon:
    h = size / 2
    strokes = [[(-0.7 * h, h), (0, -h), (0.7 * h, h)], [(-0.4 * h, 0.3 * h), (0.4 * h, 0.3 * h)]]
    return shapely.MultiLineString(strokes).buffer(width / 2, cap_style="flat", join_style="mitre")


def letter_s(size: float = 20.0, *, width: float = 3.0) -> Polygon:
    r = size / 4
    a, b = np.radians(np.linspace(-30, -270, 40)), np.radians(np.linspace(-90, 150, 40))
    upper = np.stack([r * np.cos(a), r * np.sin(a) - r], axis=1)
    lower = np.stack([r * np.cos(b), r * np.sin(b) + r], axis=1)
    return shapely.LineString(np.concatenate([upper, lower])).buffer(width / 2, cap_style="flat")


def star(points: int = 5, *, outer: float = 15.0, inner: float = 5.0) -> Polygon:
    a = math.pi * np.arange(2 * points) / points - math.pi / 2
    r = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return Polygon(np.stack([r * np.cos(a), r * np.sin(a)], axis=1))


def hourglass(neck: float = 0.2) -> Polygon:
    n = neck / 2
    return Polygon([(-10, -10), (10, -10), (n, 0), (10, 10), (-10, 10), (-n, 0)])


def sieve(side: int = 20, *, count: int = 300) -> Polygon:
    """Return a square with ``count`` holes."""
    places = [(i, j) for j in range(side) for i in range(side)][:count]
    at = np.array(places) * 3.0 - (side - 1) * 1.5
    holes = shapely.union_all([disk(0.7, x=x, y=y) for x, y in at])
    return box(side * 3.0 + 1, side * 3.0 + 1).difference(holes)


def ragged(seed: int = 0, *, radius: float = 12.0, rounds: int = 7, roughness: float = 0.35) -> Polygon:
    """Return a coast: a circle whose sides are broken at random again and again."""
    rng = np.random.default_rng(seed)
    a = np.linspace(0, 2 * math.pi, 8, endpoint=False)
    points = np.stack([np.cos(a), np.sin(a)], axis=1) * radius
    for _ in range(rounds):
        after = np.roll(points, -1, axis=0)
        way = after - points
        normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
        middle = (points + after) / 2 + normal * rng.uniform(-roughness, roughness, (len(points), 1))
        points = np.stack([points, middle], axis=1).reshape(-1, 2)
    shape = shapely.make_valid(Polygon(points)).buffer(0)
    return max(shapely.get_parts(shape), key=lambda part: part.area)


def checkerboard(side: int, cell: float) -> tuple[Region, ...]:
    h = (side - 1) / 2
    return regions_of(
        *(((i + j) % 2, box(cell, cell, x=(i - h) * cell, y=(j - h) * cell)) for j in range(side) for i in range(side))
    )


def mosaic(width: float, height: float, count: int, *, threads: int = 6, seed: int = 0) -> tuple[Region, ...]:
    """Return about ``count`` Voronoi cells of random threads that fill a rectangle."""
    rng = np.random.default_rng(seed)
    across = max(1, round(math.sqrt(count * width / height)))
    down = max(1, math.ceil(count / across))
    x, y = np.meshgrid((np.arange(across) + 0.5) / across, (np.arange(down) + 0.5) / down)
    at = np.stack([x.ravel(), y.ravel()], axis=1) + rng.uniform(-0.4, 0.4, (x.size, 2)) / (across, down)
    seeds = shapely.MultiPoint((at - 0.5) * (width, height))
    frame = box(width, height)
    cells = shapely.intersection(np.array(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame))), frame)
    color = rng.integers(0, threads, len(cells))
    return tuple(Region(thread=int(t), polygon=c) for t, c in zip(color, cells, strict=True) if c.area > 0)


def line(thread: int, xy: Sequence[tuple[float, float]] | np.ndarray, width: float = 0.4) -> DetailLine:
    return DetailLine(thread=thread, xy_mm=np.asarray(xy, float), width_mm=width)


def wave(length: float = 30.0, *, height: float = 4.0, waves: float = 3.0, y: float = 0.0) -> np.ndarray:
    x = np.linspace(-length / 2, length / 2, 200)
    return np.stack([x, y + height * np.sin(2 * math.pi * waves * x / length)], axis=1)
