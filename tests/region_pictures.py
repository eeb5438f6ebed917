"""Pictures that are hard to quantize and to divide into regions, and what must hold of whatever comes out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt
import shapely

from embroider_prep.design import FABRIC, FACE, ORDINARY, DetailLine, Guide, IndexedImage, Region, Thread

Rgb8 = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]


def make_thread(rgb8: tuple[int, int, int], code: str) -> Thread:
    return Thread(brand="Acme", chart="test", code=code, name=f"no {code}", rgb8=rgb8)


def make_chart(levels: tuple[int, ...] = (0, 85, 170, 255)) -> tuple[Thread, ...]:
    """Return a chart with all combinations of a few levels; codes are ``"0"``, ``"1"`` …"""
    return tuple(make_thread(rgb, str(i)) for i, rgb in enumerate(product(levels, repeat=3)))


def grey_chart(count: int) -> tuple[Thread, ...]:
    return tuple(make_thread((v, v, v), str(v)) for v in np.linspace(0, 255, count).round().astype(int).tolist())


def flat_guide(shape: tuple[int, ...], px_per_mm: float, *, face: bool = False) -> Guide:
    """Return a guide without directions: ordinary ground, or all of it a face."""
    rows, columns = (max(1, round(side * 2 / px_per_mm)) for side in shape[:2])
    zero = np.zeros((rows, columns), np.float32)
    content = np.full(zero.shape, FACE if face else ORDINARY, np.uint8)
    return Guide(angle_deg=zero, coherence=zero, weight=zero + (10 if face else 1), content=content, px_per_mm=2.0)


def make_indexed(labels: npt.ArrayLike, px_per_mm: float = 6.0, count: int | None = None) -> IndexedImage:
    """Return an indexed picture whose threads are far from each other."""
    labels = np.asarray(labels, np.uint8)
    used = labels[labels != FABRIC]
    count = count or (int(used.max()) + 1 if used.size else 0)
    chart = make_chart()
    # Neighbours in the chart are near: a step that is prime to its length spreads them.
    return IndexedImage(
        labels=labels, threads=tuple(chart[(29 * i + 3) % len(chart)] for i in range(count)), px_per_mm=px_per_mm
    )


# ------------------------------------------------------------------ pictures


def _noise(height: int, width: int) -> Rgb8:
    """Every pixel another colour."""
    # An odd factor: no number comes twice below 2^24.
    numbers = (np.arange(height * width, dtype=np.uint32) * np.uint32(10_368_889) + 12_345) & 0xFFFFFF
    return (
        np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=1).astype(np.uint8).reshape(height, width, 3)
    )


def _line_drawing() -> Rgb8:
    out = np.full((90, 120, 3), 255, np.uint8)
    cv2.line(out, (5, 5), (110, 80), (0, 0, 0), 1)
    cv2.line(out, (10, 70), (100, 20), (0, 0, 0), 1)
    cv2.circle(out, (60, 45), 30, (0, 0, 0), 1)
    cv2.rectangle(out, (20, 15), (90, 75), (200, 0, 0), 1)
    return out


def _checkerboard(cell: int) -> Rgb8:
    y, x = np.mgrid[:60, :80] // cell
    return np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def _gradient() -> Rgb8:
    x, y = np.meshgrid(np.linspace(0, 255, 110), np.linspace(0, 255, 70))
    return np.stack([x, y, 255 - x], axis=2).round().astype(np.uint8)


def _stripes() -> Rgb8:
    y, x = np.mgrid[:80, :100]
    return np.where((((x + 2 * y) // 9) % 2 == 0)[..., None], (250, 220, 30), (20, 40, 140)).astype(np.uint8)


def _rings() -> Rgb8:
    y, x = np.mgrid[:100, :100] - 49.5
    radius = np.hypot(x, y)
    palette = np.array([(230, 30, 30), (250, 250, 250), (30, 30, 30), (40, 120, 60)], np.uint8)
    return palette[(radius // 7).astype(int) % 4]


def _blobs() -> Rgb8:
    rng = np.random.default_rng(3)
    planes = [cv2.GaussianBlur(rng.random((75, 95)).astype(np.float32), (0, 0), 4) for _ in range(3)]
    return np.stack([cv2.normalize(p, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8) for p in planes], axis=2)


def _one(height: int, width: int) -> Rgb8:
    return np.full((height, width, 3), (90, 140, 200), np.uint8)


PICTURES: dict[str, Callable[[], Rgb8]] = {
    "one colour": lambda: _one(60, 80),
    "noise": lambda: _noise(80, 90),
    "line drawing": _line_drawing,
    "checkerboard of pixels": lambda: _checkerboard(1),
    "checkerboard of 3 pixels": lambda: _checkerboard(3),
    "checkerboard of 10 pixels": lambda: _checkerboard(10),
    "gradient": _gradient,
    "stripes": _stripes,
    "rings": _rings,
    "blobs": _blobs,
    "1 x 1": lambda: _one(1, 1),
    "1 x n": lambda: _noise(1, 70),
    "n x 1": lambda: _noise(70, 1),
    "2 x 2": lambda: _noise(2, 2),
    "tiny": lambda: _noise(5, 7),
}


# ------------------------------------------------------------------ invariants


def check_indexed(image: IndexedImage, shape: tuple[int, ...]) -> None:
    assert image.labels.shape == shape[:2]
    used = set(np.unique(image.labels).tolist())
    assert used <= {*range(len(image.threads)), FABRIC}


def check_regions(regions: tuple[Region, ...], image: IndexedImage) -> None:
    """Valid, on the grid, inside the picture, sharing their borders exactly."""
    width, height = image.size_mm
    shapes = np.array([region.polygon for region in regions], object)
    if not len(shapes):
        return
    assert shapely.is_valid(shapes).all()
    assert (shapely.get_type_id(shapes) == 3).all()
    xy = shapely.get_coordinates(shapes)
    assert np.abs(xy * 100 - np.round(xy * 100)).max() < 1e-6, "corners off the grid of 0.01 mm"
    assert (np.abs(xy) <= np.array([width, height]) / 2 + 0.0051).all(), "outside the picture"
    assert shapely.coverage_is_valid(shapes), "neighbours do not share their border"
    total = sum(region.area_mm2 for region in regions)
    assert abs(shapely.union_all(shapes).area - total) <= 1e-9 * max(total, 1), "regions overlap"
    assert all(0 <= region.thread < len(image.threads) for region in regions)


def check_lines(lines: tuple[DetailLine, ...], image: IndexedImage) -> None:
    width, height = image.size_mm
    for line in lines:
        assert np.isfinite(line.xy_mm).all()
        assert (np.abs(line.xy_mm) <= np.array([width, height]) / 2 + 1e-9).all(), "outside the picture"
        assert (np.hypot(*np.diff(line.xy_mm, axis=0).T) > 0).all(), "a point comes twice"
        assert 0 <= line.thread < len(image.threads)
