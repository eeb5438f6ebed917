"""Directions of a picture: along stripes, fur and edges."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

GUIDE_PX_PER_MM = 2.0
"""Half a millimetre a cell: finer than any region's direction, 40,000 cells for 100 x 100 mm."""

Grey = npt.NDArray[np.float32]


def _grid(shape: tuple[int, ...], px_per_mm: float) -> tuple[int, int]:
    scale = GUIDE_PX_PER_MM / px_per_mm
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _resize(image: npt.NDArray[np.float64], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    small = cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64).reshape(shape)


def directions(lightness: Grey, px_per_mm: float) -> tuple[Grey, Grey]:
    """Return ``angle_deg`` and ``coherence`` of a picture's lightness (H, W), both on the guide's grid."""
    # In double precision: in single the last digits are the processor's, and decide about stitches.
    smooth = cv2.GaussianBlur(lightness.astype(np.float64), (0, 0), max(0.5, px_per_mm / 6)).reshape(lightness.shape)
    gx = cv2.Sobel(smooth, cv2.CV_64F, 1, 0, scale=1 / 8).reshape(lightness.shape)
    gy = cv2.Sobel(smooth, cv2.CV_64F, 0, 1, scale=1 / 8).reshape(lightness.shape)
    shape = _grid(lightness.shape, px_per_mm)
    sigma = GUIDE_PX_PER_MM  # one millimetre
    jxx, jyy, jxy = (
        cv2.GaussianBlur(_resize(product, shape), (0, 0), sigma).reshape(shape)
        for product in (gx * gx, gy * gy, gx * gy)
    )
    # The gradient's angle, y down; threads run across it; as seen, y is up.
    across = 0.5 * np.degrees(np.arctan2(2 * jxy, jxx - jyy))
    angle = (90 - across) % 180
    spread = np.hypot(jxx - jyy, 2 * jxy)
    # The constant is the tensor of 1 L* per mm: weaker slopes have no direction.
    coherence = spread / (jxx + jyy + (1 / px_per_mm) ** 2)
    return angle.astype(np.float32), coherence.astype(np.float32)


def local_contrast(lightness: Grey, px_per_mm: float, shape: tuple[int, int]) -> Grey:
    """Standard deviation of lightness over about 2 mm, 0..1.5, 15 L* counting as 1."""
    sigma = px_per_mm
    double = lightness.astype(np.float64)
    mean = cv2.GaussianBlur(double, (0, 0), sigma)
    square = cv2.GaussianBlur(double * double, (0, 0), sigma)
    deviation = np.sqrt(np.maximum(square - mean * mean, 0)).reshape(lightness.shape)
    return np.minimum(_resize(deviation, shape) / 15, 1.5).astype(np.float32)
