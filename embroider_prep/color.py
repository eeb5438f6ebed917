"""sRGB, linear light, CIELAB (D65, 2 degrees) and CIEDE2000, vectorised, in float32."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Rgb8 = npt.NDArray[np.uint8]

CHUNK = 1 << 13
"""Pairs per chunk of `delta_e`: under 1 MB of temporaries, so that they stay in the cache."""


def linear_from_srgb(rgb8: Rgb8) -> Float32:
    """Return linear light 0..1 of 8-bit sRGB (IEC 61966-2-1); any shape, float32."""
    flat = np.ascontiguousarray(rgb8, np.uint8).reshape(-1, 1)
    # Five times as fast as indexing the table.
    return cv2.LUT(flat, _LINEAR).reshape(rgb8.shape) if len(flat) else flat.astype(np.float32).reshape(rgb8.shape)


def srgb_from_linear(linear: npt.NDArray[Any]) -> Rgb8:
    """Return 8-bit sRGB of linear light 0..1 (clipped), rounded to nearest; any shape."""
    index = np.clip(linear, 0.0, 1.0) * np.float32(_SRGB.size - 1) + np.float32(0.5)
    return _SRGB[index.astype(np.uint16)]


def _transfer_tables() -> tuple[Float32, Rgb8]:
    v = np.arange(256) / 255.0
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    # 2^16 steps: the steepest part of the curve (12.92) moves by 0.05 of an 8-bit level per step.
    w = np.arange(1 << 16) / ((1 << 16) - 1)
    srgb = np.where(w <= 0.0031308, w * 12.92, 1.055 * w ** (1 / 2.4) - 0.055)
    return linear.astype(np.float32), np.round(srgb * 255).astype(np.uint8)


_LINEAR, _SRGB = _transfer_tables()

# sRGB primaries to XYZ (IEC 61966-2-1), rows divided by the D65 white point, so that white is (1, 1, 1).
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_XYZ_WHITE = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)


def lab_from_linear(linear: npt.NDArray[Any]) -> Float32:
    """Return CIELAB (L 0..100) of linear sRGB light 0..1; shape (..., 3), float32."""
    red, green, blue = np.moveaxis(np.asarray(linear, np.float32).reshape(-1, 3), -1, 0)
    # Sum by sum: `cv2.transform` rounds as the processor likes.
    xyz = np.stack([red * a + green * b + blue * c for a, b, c in _XYZ_WHITE], axis=-1)
    # CIE 15:2004: cube root above (6/29)^3, the straight line below.
    f = np.cbrt(xyz)
    low = xyz <= np.float32((6 / 29) ** 3)
    f[low] = xyz[low] * np.float32((29 / 6) ** 2 / 3) + np.float32(4 / 29)
    lab = np.empty_like(f)
    lab[:, 0] = 116 * f[:, 1] - 16
    lab[:, 1] = 500 * (f[:, 0] - f[:, 1])
    lab[:, 2] = 200 * (f[:, 1] - f[:, 2])
    return lab.reshape(linear.shape)


def lab_from_rgb8(rgb8: Rgb8) -> Float32:
    """Return CIELAB of 8-bit sRGB; shape (..., 3), float32."""
    return lab_from_linear(linear_from_srgb(rgb8))


def lightness_from_rgb8(rgb8: Rgb8) -> Float32:
    """Return CIELAB's L (0..100) alone of 8-bit sRGB, (H, W) of (H, W, 3): a third of the work."""
    red, green, blue = np.moveaxis(linear_from_srgb(rgb8), -1, 0)
    y = red * _XYZ_WHITE[1, 0] + green * _XYZ_WHITE[1, 1] + blue * _XYZ_WHITE[1, 2]
    return np.where(y > np.float32((6 / 29) ** 3), 116 * np.cbrt(y) - 16, np.float32((29 / 3) ** 3) * y)


def delta_e(lab_a: npt.NDArray[Any], lab_b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the CIEDE2000 colour difference of two arrays of CIELAB colours.

    Parameters
    ----------
    lab_a, lab_b : array, shapes (..., 3) that broadcast
        float32, or float64 when both are.

    Returns
    -------
    array of the broadcast shape without its last axis
        0 is equal; about 1 is just noticeable; 100 is black against white.

    References
    ----------
    G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary
    test data, and mathematical observations", Color Research and Application 30 (2005). Hue differences and mean
    hues are taken from unit vectors instead of angles, which needs no case distinctions.
    """
    kind = np.result_type(lab_a, lab_b, np.float32)
    # Planes L, a, b, not yet broadcast: what depends on one colour alone is computed once for it.
    one = [np.ascontiguousarray(plane, kind) for plane in np.moveaxis(np.asarray(lab_a), -1, 0)]
    two = [np.ascontiguousarray(plane, kind) for plane in np.moveaxis(np.asarray(lab_b), -1, 0)]
    shape = np.broadcast_shapes(np.shape(lab_a)[:-1], np.shape(lab_b)[:-1])
    out = np.empty(shape, kind)
    if out.size <= 2 * CHUNK or len(one[0].shape) != len(two[0].shape):
        out[...] = _delta_e(one, two).reshape(shape)
        return out
    step = max(1, CHUNK // max(1, out[0].size))
    for i in range(0, len(out), step):
        rows = slice(i, i + step)
        out[rows] = _delta_e([p[rows] if len(p) > 1 else p for p in one], [p[rows] if len(p) > 1 else p for p in two])
    return out


def _delta_e(one: list[npt.NDArray[Any]], two: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    (l1, a1, b1), (l2, a2, b2) = one, two
    kind = l1.dtype.type
    tiny, seven = kind(1e-12), kind(25.0**7)
    mean7 = _power7((np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)) * kind(0.5))
    stretch = kind(1.5) - kind(0.5) * np.sqrt(mean7 / (mean7 + seven))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    # As 2 (c1 c2 - a1 a2 - b1 b2) it would cancel: 0.01 between equal colours in float32.
    hue2 = np.maximum((a2 - a1) ** 2 + (b2 - b1) ** 2 - (c2 - c1) ** 2, 0)
    # Against a grey, which has no hue to differ, this one cancels as well: it is never over 4 c1 c2.
    hue2 = np.minimum(hue2, kind(4) * c1 * c2)
    # Direction of the mean hue: the sum of two unit vectors; a grey has none and leaves it to the other.
    u1, u2 = 1 / np.maximum(c1, tiny), 1 / np.maximum(c2, tiny)
    x, y = a1 * u1 + a2 * u2, b1 * u1 + b2 * u2
    length = np.sqrt(x * x + y * y)
    opposite = length < kind(8) * np.finfo(kind).eps
    norm = 1 / np.maximum(length, tiny)
    x, y = x * norm, y * norm
    if opposite.any():
        # Two angles from 0 to 360 degrees, 180 apart, have their mean 90 above the smaller.
        side = np.where((b1 > 0) | ((b1 == 0) & (a1 > 0)), u1, -u1)
        x, y = np.where(opposite, -b1 * side, x), np.where(opposite, a1 * side, y)
    x2, y2 = x * x - y * y, 2 * x * y
    x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
    x4, y4 = x2 * x2 - y2 * y2, 2 * x2 * y2
    t = (
        1
        - _cos(x, y, -30) * kind(0.17)
        + x2 * kind(0.24)
        + _cos(x3, y3, 6) * kind(0.32)
        - _cos(x4, y4, -63) * kind(0.2)
    )
    mean_c = (c1 + c2) * kind(0.5)
    dl, dc = l2 - l1, c2 - c1
    light = ((l1 + l2) * kind(0.5) - 50) ** 2
    dl = dl / (1 + kind(0.015) * light / np.sqrt(20 + light))
    dc = dc / (1 + kind(0.045) * mean_c)
    weight_h = 1 + kind(0.015) * mean_c * t
    c7 = _power7(mean_c)
    turn = _rotation(x, y) * np.sqrt(c7 / (c7 + seven))
    cross = a1 * b2 - a2 * b1
    dh = np.sqrt(hue2) / weight_h
    signed = np.where(cross < 0, -dh, dh)
    out: npt.NDArray[Any] = np.sqrt(np.maximum(dl * dl + dc * dc + dh * dh + turn * dc * signed, 0))
    return out


def _cos(x: npt.NDArray[Any], y: npt.NDArray[Any], shift_deg: float) -> npt.NDArray[Any]:
    """Cosine of (angle + shift) of the unit vector (x, y)."""
    kind = x.dtype.type
    out: npt.NDArray[Any] = x * kind(np.cos(np.radians(shift_deg))) - y * kind(np.sin(np.radians(shift_deg)))
    return out


def _power7(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    x2 = x * x
    out: npt.NDArray[Any] = x2 * x2 * x2 * x
    return out


def _rotation(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The hue part of the rotation term, from the unit vector of the mean hue; it counts only around 275 degrees."""
    near = _cos(x, y, -275) > 0
    out = np.zeros_like(x)
    away = (np.degrees(np.arctan2(y[near], x[near])) + 85) / 25
    out[near] = -2 * np.sin(np.radians(60 * np.exp(-away * away)))
    return out
