"""Calm areas, and how clearly the photo steps at each place: what a drawn look is made of.

All lengths are millimetres of the design, so a photo gives the same drawing however many pixels it has.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Float32, Rgb8, delta_e, lab_from_rgb8
from embroider_prep.scene import Face

# Smoothing that stops at edges: a pass reaches 1.5 sigma. A mm is not the same detail in a small and in a large
# design, so in large ones a share of the width counts.
FLATTEN_MM, FLATTEN_SHARE, FLATTEN_LEVELS, PASSES = 0.5, 0.007, 28.0, 3

# In faces less: eyes and lips are as wide as that.
FACE_MM, FACE_LEVELS = 0.25, 9.0

# Specks before the first pass.
MEDIAN_MM = 0.35

# How far a face is kept fine, in half axes of its box: brows and chin lie on its border.
FACE_REACH = 1.25

# A step is the difference of two places this far on both sides of a border: shading has next to none there.
STEP_MM, STEP_BLUR_MM = 0.35, 0.2

# Of the mean step around a place, what is over this is texture, and this share of it is taken off.
TEXTURE_MM, TEXTURE_FREE, TEXTURE_SHARE = 3.0, 3.0, 0.7

STEP_FULL = 30.0
"""The step, ΔE, that counts as strength 1."""


def flatten(rgb8: Rgb8, *, px_per_mm: float, strength: float = 1.0, faces: tuple[Face, ...] = ()) -> Rgb8:
    """Return a picture in calm areas whose borders stay where they are.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
    px_per_mm : float
        Pixels per mm of the design.
    strength : float
        0 leaves the photo, 1 is all of it.
    faces : tuple of Face
        In shares of the picture; there less is smoothed.

    Notes
    -----
    Bilateral filter (Tomasi and Manduchi 1998), a few passes. Each pixel depends on those within 5 mm alone, so parts
    of a picture give what the whole gives.
    """
    if strength <= 0:
        return rgb8.copy()
    sigma_mm = max(FLATTEN_MM, FLATTEN_SHARE * rgb8.shape[1] / px_per_mm)
    size = 2 * round(MEDIAN_MM * px_per_mm / 2) + 1
    calm = cv2.medianBlur(rgb8, size).reshape(rgb8.shape) if 3 <= size <= 255 else rgb8
    for _ in range(PASSES):
        calm = _bilateral(calm, strength * FLATTEN_LEVELS, sigma_mm * px_per_mm)
    near = face_share(rgb8.shape[:2], faces)
    if not near.any():
        return calm
    fine = _bilateral(rgb8, strength * FACE_LEVELS, FACE_MM * px_per_mm)
    share = near[..., None]
    return np.round(calm + share * (fine.astype(np.float32) - calm)).astype(np.uint8)


def _bilateral(rgb8: Rgb8, levels: float, sigma_px: float) -> Rgb8:
    return cv2.bilateralFilter(rgb8, 0, levels, max(sigma_px, 0.5)).astype(np.uint8, copy=False).reshape(rgb8.shape)


def face_share(shape: tuple[int, ...], faces: tuple[Face, ...], reach: float = FACE_REACH) -> Float32:
    """Return 1 within ``reach`` half axes of a face, (H, W) float32, and less towards the rim of that ellipse."""
    out = np.zeros(shape[:2], np.float32)
    y = ((np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0])[:, None]
    x = ((np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1])[None]
    for face in faces:
        left, top, right, bottom = face.box
        across, down = max(right - left, 1e-6) / 2 * reach, max(bottom - top, 1e-6) / 2 * reach
        away = np.hypot((x - (left + right) / 2) / across, (y - (top + bottom) / 2) / down)
        out = np.maximum(out, np.clip((1 - away) / 0.15, 0, 1))
    return out


def step_strength(rgb8: Rgb8, *, px_per_mm: float) -> npt.NDArray[np.uint8]:
    """Return how clearly the photo steps at each place, (H, W) uint8: 255 is a difference of 30 ΔE or more.

    The CIEDE2000 difference of the places 0.35 mm on both sides, across the steepest change of colour; less what the
    surroundings have anyway. An outline steps; shading, however dark it gets, does not; fur steps everywhere.
    """
    lab = cv2.GaussianBlur(lab_from_rgb8(rgb8), (0, 0), max(STEP_BLUR_MM * px_per_mm, 0.4)).reshape(rgb8.shape)
    reach = STEP_MM * px_per_mm
    gx, gy = (cv2.Sobel(lab, cv2.CV_32F, dx, dy, ksize=3).reshape(lab.shape) for dx, dy in ((1, 0), (0, 1)))
    # Direction of the largest change in all channels (Di Zenzo 1986), over a little more than a pixel.
    tensor = np.stack([(gx * gx).sum(axis=2), (gy * gy).sum(axis=2), (gx * gy).sum(axis=2)], axis=-1)
    xx, yy, xy = np.moveaxis(cv2.GaussianBlur(tensor, (0, 0), max(0.15 * px_per_mm, 0.5)).reshape(tensor.shape), -1, 0)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    dx, dy = reach * np.cos(angle), reach * np.sin(angle)
    columns, rows = np.meshgrid(np.arange(rgb8.shape[1], dtype=np.float32), np.arange(rgb8.shape[0], dtype=np.float32))
    ends = [
        cv2.remap(lab, columns + sign * dx, rows + sign * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for sign in (-1, 1)
    ]
    step = delta_e(ends[0].reshape(lab.shape), ends[1].reshape(lab.shape)).astype(np.float32)
    around = cv2.GaussianBlur(step, (0, 0), TEXTURE_MM * px_per_mm / 2).reshape(step.shape)
    step -= np.float32(TEXTURE_SHARE) * np.maximum(around - np.float32(TEXTURE_FREE), 0)
    return np.round(np.clip(step / np.float32(STEP_FULL), 0, 1) * 255).astype(np.uint8)
