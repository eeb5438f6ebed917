"""What is measured on two pictures of one shape, (H, W, 3) uint8 sRGB each."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import delta_e, lab_from_linear, lab_from_rgb8, linear_from_srgb
from embroider_prep.stylizer.recipes import reduce_colors

Rgb8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

EDGE_SHARE = 0.1
EDGE_TOLERANCE_PX = 2


def psnr(a: Rgb8, b: Rgb8) -> float:
    """Return the peak signal-to-noise ratio in dB; 99 for equal pictures."""
    error = float(np.mean((a.astype(np.float32) - b) ** 2))
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(a: Rgb8, b: Rgb8) -> float:
    """Return the structural similarity (Wang et al. 2004), mean over channels; 1 for equal pictures."""
    from skimage.metrics import structural_similarity

    side = min(7, *a.shape[:2])
    return float(structural_similarity(a, b, channel_axis=2, win_size=side - 1 + side % 2))


def mean_delta_e(a: Rgb8, b: Rgb8) -> float:
    """Return the mean CIEDE2000 of the pixels."""
    return float(np.mean(delta_e(lab_from_rgb8(a), lab_from_rgb8(b))))


def color_drift(a: Rgb8, b: Rgb8) -> float:
    """Return the CIEDE2000 of the two pictures' mean colours, each the mean of linear light."""
    means = [lab_from_linear(linear_from_srgb(x).reshape(-1, 3).mean(axis=0, dtype=np.float64)) for x in (a, b)]
    return float(delta_e(means[0], means[1]))


def edges(rgb8: Rgb8) -> Mask:
    """Return the tenth of the pixels with the strongest Sobel gradient of grey."""
    grey = cv2.cvtColor(rgb8, cv2.COLOR_RGB2GRAY)
    strength = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return strength > np.quantile(strength, 1 - EDGE_SHARE)


def edge_f1(a: Rgb8, b: Rgb8) -> float:
    """Return the harmonic mean of the shares of each picture's edges that lie within 2 px of the other's."""
    mine, theirs = edges(a), edges(b)
    if not mine.any() or not theirs.any():
        return float(mine.any() == theirs.any())
    side = 2 * EDGE_TOLERANCE_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = [cv2.dilate(mask.astype(np.uint8), disc) > 0 for mask in (mine, theirs)]
    precision, recall = (mine & near[1]).sum() / mine.sum(), (theirs & near[0]).sum() / theirs.sum()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def colors_for(rgb8: Rgb8, share: float = 0.95) -> int:
    """Return how many colours, in steps of 8 levels, hold that share of the pixels."""
    index = (rgb8 >> 3).astype(np.uint32)
    counts = np.bincount((index[..., 0] << 10 | index[..., 1] << 5 | index[..., 2]).ravel())
    counts = np.sort(counts)[::-1].cumsum()
    return int(np.searchsorted(counts, share * counts[-1]) + 1)


def region_count(rgb8: Rgb8, lines: Mask, *, colors: int = 12) -> int:
    """Return how many connected regions remain after quantizing, without the pixels of contour lines.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
    lines : (H, W) bool
        Contour lines; they are taken out, as a line between two regions is not one more region.
    colors : int
    """
    flat = reduce_colors(rgb8, colors)
    code = flat.astype(np.int32) @ np.array([1, 256, 65536], np.int32)
    total = 0
    for value in np.unique(code):
        mask = ((code == value) & ~lines).astype(np.uint8)
        total += cv2.connectedComponents(mask, connectivity=4)[0] - 1
    return total


def grown(mask: Mask, px: int = 1) -> Mask:
    """Return the mask and what lies within ``px`` pixels of it."""
    kernel = np.ones((2 * px + 1, 2 * px + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)
