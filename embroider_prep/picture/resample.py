"""The size at which the needle's world begins: a picture brought to ``px_per_mm``, in linear light, strip by strip."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Float32, Rgb8, linear_from_srgb, srgb_from_linear
from embroider_prep.errors import InputError, OptionsError
from embroider_prep.limits import MAX_WORKING_MEGAPIXELS
from embroider_prep.options import DEFAULT_FIELD_MM

Mask8 = npt.NDArray[np.uint8]

BLOCK_VALUES = 1 << 22
"""Values of linear light held between the two passes (16 MB)."""

LEVELS = np.arange(256, dtype=np.uint8)


def to_working_size(
    rgb8: Rgb8,
    *,
    width_mm: float | None = None,
    height_mm: float | None = None,
    within_mm: tuple[float, float] = DEFAULT_FIELD_MM,
    px_per_mm: float,
    max_megapixels: float | None = None,
) -> Rgb8:
    """Return the picture with exactly ``round(width_mm * px_per_mm)`` columns, its height by its shape.

    Colours are mixed as light is: in linear sRGB. Shrinking averages the area that each new pixel covers; enlarging
    interpolates with the cubic of Keys (1981), clipped to what a pixel can hold.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8, sRGB; or (H, W) uint8, a mask, mixed as it is
    width_mm, height_mm : float
        Size of the design; one of them, the other follows from the picture.
    within_mm : (width, height)
        With neither: what the design fits into, as large as it can be.
    px_per_mm : float
        Pixels of the result per mm of the design.
    max_megapixels : float, optional
        Largest result; default `limits.MAX_WORKING_MEGAPIXELS`.

    Returns
    -------
    uint8 array of the new size, at least 1 x 1

    Raises
    ------
    InputError
        When the array is not a picture or a mask.
    OptionsError
        When a length is not above 0, both are given, or the result would be too large.
    """
    if rgb8.dtype != np.uint8 or rgb8.ndim not in (2, 3) or not rgb8.size or rgb8.shape[2:] not in ((), (3,)):
        raise InputError(f"picture: {rgb8.dtype} array of shape {rgb8.shape}; allowed are (H, W, 3) and (H, W) uint8")
    columns, rows = working_size_px(
        rgb8.shape[1], rgb8.shape[0], width_mm=width_mm, height_mm=height_mm, within_mm=within_mm, px_per_mm=px_per_mm
    )
    limit = MAX_WORKING_MEGAPIXELS if max_megapixels is None else max_megapixels
    if columns * rows > limit * 1e6:
        fits = px_per_mm * math.sqrt(limit * 1e6 / (columns * rows))
        raise OptionsError(
            f"size: {columns / px_per_mm:.0f} x {rows / px_per_mm:.0f} mm at {px_per_mm:g} px per mm are "
            f"{columns} x {rows} pixels; allowed are at most {limit:g} megapixels",
            hint=f"--px-per-mm {math.floor(10 * fits) / 10:g}, or make the design smaller",
        )
    if (rows, columns) == rgb8.shape[:2]:
        return rgb8
    if rgb8.ndim == 3:
        return _resample(rgb8, rows, columns, linear_from_srgb(LEVELS), srgb_from_linear)
    return _resample(rgb8[..., None], rows, columns, _share(LEVELS), _share8)[..., 0]


def working_size_px(
    columns: int,
    rows: int,
    *,
    width_mm: float | None,
    height_mm: float | None,
    within_mm: tuple[float, float] = DEFAULT_FIELD_MM,
    px_per_mm: float,
) -> tuple[int, int]:
    """Return the columns and rows that a picture of ``columns`` x ``rows`` has at its working size.

    Raises
    ------
    OptionsError
        When a length or the scale is not above 0, or both lengths are given.
    """
    for name, value in (("width_mm", width_mm), ("height_mm", height_mm), ("px_per_mm", px_per_mm)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise OptionsError(f"size.{name}: {value} is out of range; allowed is more than 0")
    if width_mm is not None and height_mm is not None:
        raise OptionsError(
            f"size: width {width_mm} mm and height {height_mm} mm are both given; allowed is one of them",
            hint="the other follows from the picture",
        )
    if height_mm is not None:
        tall = max(1, round(height_mm * px_per_mm))
        return max(1, round(tall * columns / rows)), tall
    if width_mm is not None:
        wide = max(1, round(width_mm * px_per_mm))
        return wide, max(1, round(wide * rows / columns))
    factor = min(within_mm[0] / columns, within_mm[1] / rows) * px_per_mm
    # Whole pixels that the field holds: rounding must not carry the last of them over its edge.
    most = [int(side * px_per_mm + 1e-6) for side in within_mm]
    return max(1, min(round(columns * factor), most[0])), max(1, min(round(rows * factor), most[1]))


def over_color(rgb8: Rgb8, alpha: Mask8, color: tuple[int, int, int]) -> Rgb8:
    """Return the picture laid over one colour (a fabric), mixed in linear light.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8, sRGB
    alpha : (H, W) uint8
        0: only the colour is seen; 255: only the picture.
    color : three numbers from 0 to 255, sRGB
    """
    if alpha.shape != rgb8.shape[:2] or alpha.dtype != np.uint8:
        raise InputError(f"alpha: {alpha.dtype} array of shape {alpha.shape}; allowed is {rgb8.shape[:2]} uint8")
    below = linear_from_srgb(np.array(color, np.uint8))
    out = np.empty_like(rgb8)
    step = max(1, BLOCK_VALUES // (3 * rgb8.shape[1]))
    for top in range(0, len(rgb8), step):
        rows = slice(top, top + step)
        cover = _share(alpha[rows])[..., None]
        out[rows] = srgb_from_linear(below + cover * (linear_from_srgb(rgb8[rows]) - below))
    return out


def _share(mask8: Mask8) -> Float32:
    return mask8 * np.float32(1 / 255)


def _share8(share: npt.NDArray[Any]) -> Mask8:
    return np.round(np.clip(share, 0, 1) * 255).astype(np.uint8)


def _resample(
    image: npt.NDArray[np.uint8],
    rows: int,
    columns: int,
    light_of: Float32,
    from_light: Callable[[Any], npt.NDArray[np.uint8]],
) -> npt.NDArray[np.uint8]:
    """Mix rows, of which few remain when shrinking, then columns of the transposed block.

    ``light_of`` is the light of each of the 256 levels. Plain sums, row by row: a product of matrices would be no
    faster, and its last digits depend on the processor and on how many threads there are.
    """
    high, wide, channels = image.shape
    down, across = _taps(high, rows), _taps(wide, columns)

    def light(part: slice) -> Float32:
        return cv2.LUT(image[part].reshape(-1, wide * channels), light_of)

    out = np.empty((rows, columns, channels), np.uint8)
    step = max(1, min(rows, BLOCK_VALUES // (wide * channels)))
    for top in range(0, rows, step):
        block = _mix(light, down[top : top + step], wide * channels)
        upright = np.ascontiguousarray(block.reshape(-1, wide, channels).swapaxes(0, 1)).reshape(wide, -1)
        turned = _mix(upright.__getitem__, across, upright.shape[1])
        out[top : top + step] = from_light(turned).reshape(columns, -1, channels).swapaxes(0, 1)
    return out


def _mix(rows_of: Callable[[slice], Float32], taps: list[tuple[int, Float32]], values: int) -> Float32:
    """Return for each of ``taps`` the weighted sum of the rows from its first on."""
    out = np.zeros((len(taps), values), np.float32)
    part = np.empty(values, np.float32)
    most = max(1, BLOCK_VALUES // values)
    for total, (first, weights) in zip(out, taps, strict=True):
        for i in range(0, len(weights), most):
            some = weights[i : i + most]
            for row, weight in zip(rows_of(slice(first + i, first + i + len(some))), some, strict=True):
                np.multiply(row, weight, out=part)
                np.add(total, part, out=total)
    return out


def _taps(before: int, after: int) -> list[tuple[int, Float32]]:
    """Return for each of ``after`` new samples its first old sample and the weights from there on; they add up to 1."""
    scale = before / after
    if scale >= 1:
        edges = np.arange(after + 1) * scale
        edges[-1] = before
        taps = []
        for low, high in pairwise(edges.tolist()):
            old = np.arange(int(low), math.ceil(high))
            taps.append((int(low), np.minimum(high, old + 1) - np.maximum(low, old)))
    else:
        centre = (np.arange(after) + 0.5) * scale - 0.5
        base = np.floor(centre).astype(int)
        places = base[:, None] + np.arange(-1, 3)
        cubic = _keys(np.abs(centre[:, None] - places))
        # Beyond the border the outermost sample goes on.
        places = np.clip(places, 0, before - 1)
        taps = [(int(p[0]), np.bincount(p - p[0], w)) for p, w in zip(places, cubic, strict=True)]
    return [(first, (weights / weights.sum()).astype(np.float32)) for first, weights in taps]


def _keys(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cubic convolution with a = -1/2 (R. Keys, IEEE Trans. ASSP 29, 1981): exact for quadratics."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
