"""Stitch plans for tests, made without the planner: squares, rows, spirals, letters, noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from embroider_prep.design import StitchBlock, StitchPlan, Thread

RED = Thread(brand="Brother", chart="Brother", code="800", name="Red", rgb8=(237, 23, 31))
BLUE = Thread(brand="Brother", chart="Brother", code="405", name="Blue", rgb8=(10, 85, 163))
GREEN = Thread(brand="Brother", chart="Brother", code="509", name="Leaf Green", rgb8=(102, 186, 73))
GOLD = Thread(brand="Madeira", chart="Rayon 40", code="1070", name="Gold", rgb8=(222, 170, 60))
WHITE = Thread(brand="Brother", chart="Brother", code="001", name="White", rgb8=(240, 240, 240))
BLACK = Thread(brand="Brother", chart="Brother", code="900", name="Black", rgb8=(10, 10, 12))
THREADS = (RED, BLUE, GREEN, GOLD, WHITE, BLACK)


def grid(xy) -> np.ndarray:
    return np.round(np.asarray(xy, float), 1)


def locked(xy: np.ndarray) -> np.ndarray:
    """Add locks at both ends: three stitches of 0.7 mm."""

    def lock(at, toward):
        way = (toward - at) / max(1e-9, np.hypot(*(toward - at))) * 0.7
        return grid([at, at + way, at, at + way])

    xy = grid(xy)
    return np.concatenate([lock(xy[0], xy[1]), xy, lock(xy[-1], xy[-2])[::-1]])


def rows(
    width: float, height: float, *, center=(0.0, 0.0), angle_deg: float = 0.0, spacing: float = 0.4, step: float = 4.0
):
    """Needle points of a filled rectangle, row by row, back and forth, with stagger."""
    out = []
    for number, y in enumerate(np.arange(-height / 2, height / 2 + 1e-9, spacing)):
        inner = np.arange(-width / 2 + step * (0.25 + number % 4 / 4), width / 2 - 0.5, step)
        xs = np.concatenate([[-width / 2], inner[inner > -width / 2 + 0.5], [width / 2]])
        out += [(x, y) for x in (xs if number % 2 == 0 else xs[::-1])]
    xy = np.array(out)
    a = math.radians(-angle_deg)
    turn = np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    return xy @ turn + np.array(center)


def satin(path: np.ndarray, width: float, pitch: float = 0.4) -> np.ndarray:
    """Zigzag over a centre line."""
    path = np.asarray(path, float)
    seg = np.hypot(*np.diff(path, axis=0).T)
    at = np.concatenate([[0], np.cumsum(seg)])
    s = np.arange(0, at[-1], pitch / 2)
    xy = np.stack([np.interp(s, at, path[:, 0]), np.interp(s, at, path[:, 1])], axis=1)
    way = np.gradient(xy, axis=0)
    way /= np.maximum(1e-9, np.hypot(*way.T))[:, None]
    side = np.where(np.arange(len(s)) % 2 == 0, 1, -1)[:, None]
    return xy + np.stack([-way[:, 1], way[:, 0]], axis=1) * side * width / 2


def spiral(radius: float, pitch: float = 2.0, step: float = 2.2) -> np.ndarray:
    turns = radius / pitch
    length = math.pi * radius * turns
    t = np.sqrt(np.linspace(0.01, 1, max(4, int(length / step))))
    return np.stack([np.cos(2 * math.pi * turns * t), np.sin(2 * math.pi * turns * t)], axis=1) * (radius * t)[:, None]


def plan_of(
    runs: Sequence[tuple[int, np.ndarray]], *, threads: Sequence[Thread] = THREADS, lock: bool = True, **limits
) -> StitchPlan:
    """Make a plan of (thread, points); points too near each other are dropped."""
    blocks = []
    for thread, xy in runs:
        points = locked(xy) if lock and len(xy) > 1 else grid(xy)
        keep = [points[0]]
        for point in points[1:]:
            if np.hypot(*(point - keep[-1])) >= 0.3 - 1e-9:
                keep.append(point)
        blocks.append(StitchBlock(thread=thread, kind="fill", xy_mm=np.array(keep)))
    return StitchPlan(threads=tuple(threads), blocks=tuple(blocks), **{"max_stitch_mm": 12.1, **limits})


def square(side: float = 20.0) -> StitchPlan:
    """A filled square with a red border: two threads, locks, one colour change, nothing to complain about."""
    h = side / 2
    edge = grid([(-h, -h), *[(x, -h) for x in np.arange(-h + 2, h, 2)], (h, -h), (h, h), (-h, h), (-h, -h)])
    border = np.concatenate(
        [
            np.linspace(a, b, max(2, int(side / 2)), endpoint=False)
            for a, b in zip(edge[[0, -4, -3, -2]], edge[[-4, -3, -2, -1]], strict=True)
        ]
    )
    return plan_of([(0, rows(side, side)), (1, np.concatenate([border, edge[-1:]]))], threads=(RED, BLUE))


def bouquet() -> StitchPlan:
    """Petals, a spiral, satin letters and a gold frame: many directions and all threads."""
    runs = []
    for k in range(6):
        a = math.radians(60 * k)
        runs.append((k % 2, rows(12, 8, center=(14 * math.cos(a), 14 * math.sin(a)), angle_deg=-60 * k)))
    runs.append((3, spiral(6)))
    x = np.linspace(-20, 20, 60)
    runs.append((2, satin(np.stack([x, 27 + 2 * np.sin(x / 4)], axis=1), 3.0)))
    for k, x0 in enumerate((-16, -4, 8)):
        runs.append((5, satin(np.array([(x0, -22), (x0 + 4, -32), (x0 + 8, -22)], float), 2.0)))
        runs.append((5 if k else 4, satin(np.array([(x0 + 2, -26), (x0 + 6, -26)], float), 1.6)))
    runs.sort(key=lambda run: run[0])
    return plan_of(runs)


def noise(seed: int, *, blocks: int = 30, threads: int = 5, reach: float = 60.0, **limits) -> StitchPlan:
    """Random runs with jumps of all lengths; no locks."""
    rng = np.random.default_rng(seed)
    at = np.zeros(2)
    runs = []
    for number in range(blocks):
        at = np.clip(at + rng.choice([0, 0.5, 0.9, 5, 30, 50]) * rng.choice([-1, 1], 2), -reach, reach)
        move = rng.uniform(0.4, 5, rng.integers(1, 40))[:, None] * _unit(rng, 1)
        move = rng.uniform(0.4, 5, (len(move), 1)) * _unit(rng, len(move))
        xy = grid(np.cumsum(np.concatenate([at[None], move]), axis=0))
        runs.append((number * threads // blocks % threads, xy))
        at = xy[-1]
    return plan_of(runs, lock=False, **limits)


def _unit(rng, count: int) -> np.ndarray:
    a = rng.uniform(0, 2 * math.pi, count)
    return np.stack([np.cos(a), np.sin(a)], axis=1)
