"""Styles by classic image processing: pure functions, usable on their own, and the teachers of the networks.

The steps follow JP7469738B2: Gaussian smoothing, colour reduction by k-means, edges of the grey picture by Sobel
or Prewitt over a threshold, edge pixels darkened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.checked import parse_color
from embroider_prep.color import Rgb8, lab_from_rgb8
from embroider_prep.errors import OptionsError, closest
from embroider_prep.recipe_options import (
    ContourOptions,
    EdgeOptions,
    IllustrationOptions,
    NightOptions,
    RecipeOptions,
    SpotlightOptions,
)

Mask = npt.NDArray[np.bool_]
Grey = npt.NDArray[np.float32]

PALETTE_SAMPLE = 16384
"""Pixels that k-means sees: 256 for each of 64 colours, enough for means within 0.2 ΔE of all pixels'."""


def illustration(rgb8: Rgb8, options: IllustrationOptions | None = None) -> Rgb8:
    """Return the picture as an illustration: smooth, few colours, dark contours.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8, sRGB
    options : IllustrationOptions

    Returns
    -------
    (H, W, 3) uint8, sRGB
    """
    o = options or IllustrationOptions()
    flat = reduce_colors(smooth(rgb8, o), o.colors, seed=o.seed)
    return darken_edges(flat, rgb8, o)


def night(rgb8: Rgb8, options: NightOptions | None = None) -> Rgb8:
    """Return the illustration of the picture as if by night: brightness lowered, shadows towards the night's colour."""
    o = options or NightOptions()
    flat = reduce_colors(smooth(rgb8, o), o.colors, seed=o.seed)
    level = np.arange(256, dtype=np.float32) / 255
    # Lights stay lights: the curve takes most from the middle tones and returns to the diagonal at white.
    curve = level * (o.brightness + (1 - o.brightness) * level**o.lights)
    tint = np.array(parse_color(o.tint), np.float32) / 255
    table = curve[:, None] * (1 - o.tint_strength * (1 - curve[:, None]) * (1 - tint))
    table8 = np.round(table * 255).astype(np.uint8)
    dark = np.stack([cv2.LUT(flat[..., c], table8[:, c]) for c in range(3)], axis=-1)
    return darken_edges(dark, rgb8, o)


def spotlight(rgb8: Rgb8, options: SpotlightOptions | None = None) -> Rgb8:
    """Return the illustration with its most saturated (or brightest) object in colour and the rest grey, or reverse."""
    o = options or SpotlightOptions()
    drawn = illustration(rgb8, o)
    found = find_object(smooth(rgb8, o), by=o.by, share=o.object_share)
    change = found if o.recolor == "object" else ~found
    grey = cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32) / 255
    tint = np.array(parse_color(o.tint), np.float32)
    # Black, the tint and white at grey 0, 1/2 and 1: lightness stays, hue goes.
    tinted = np.where(grey < 0.5, 2 * grey * tint, tint + (2 * grey - 1) * (255 - tint))
    return np.where(change[..., None], np.round(tinted), drawn).astype(np.uint8)


def contour(rgb8: Rgb8, options: ContourOptions | None = None) -> Rgb8:
    """Return a two-tone picture (Otsu's threshold on smoothed grey) with contour lines: the older art."""
    o = options or ContourOptions()
    grey = _grey8(cv2.GaussianBlur(rgb8, (0, 0), o.smoothing_px) if o.smoothing_px else rgb8)
    _, two = cv2.threshold(grey, o.threshold or 0, 255, cv2.THRESH_BINARY | (0 if o.threshold else cv2.THRESH_OTSU))
    tones = np.array([parse_color(o.shadow), parse_color(o.light)], np.uint8)
    return darken_edges(tones[(two > 0).astype(np.uint8)], rgb8, o)


def smooth(rgb8: Rgb8, options: RecipeOptions) -> Rgb8:
    """Return the picture after Gaussian smoothing, then Gaussian smoothing that stops at edges (bilateral filter)."""
    out = rgb8
    if options.smoothing_px > 0:
        out = cv2.GaussianBlur(out, (0, 0), options.smoothing_px).astype(np.uint8, copy=False)
    for _ in range(options.flatten_passes):
        out = cv2.bilateralFilter(out, 0, options.flatten_tone, options.flatten_px).astype(np.uint8, copy=False)
    return out.reshape(rgb8.shape)


def reduce_colors(rgb8: Rgb8, colors: int, *, seed: int = 0) -> Rgb8:
    """Return the picture in at most ``colors`` colours: k-means in CIELAB (k-means++ start, seeded).

    Pixels are assigned through a table of 64 steps per channel, so the cost per pixel does not depend on ``colors``.
    """
    flat = rgb8.reshape(-1, 3)
    pick = np.random.default_rng(seed).integers(0, len(flat), min(len(flat), PALETTE_SAMPLE))
    sample = np.ascontiguousarray(flat[pick])
    if len(np.unique(sample, axis=0)) <= colors:
        centres = np.unique(lab_from_rgb8(sample), axis=0)
    else:
        cv2.setRNGSeed(seed)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
        labels = np.empty((len(sample), 1), np.int32)
        _, _, centres = cv2.kmeans(lab_from_rgb8(sample), colors, labels, stop, 1, cv2.KMEANS_PP_CENTERS)
    lut = _nearest_table(np.asarray(centres, np.float32))
    palette = np.round(255 * _rgb_from_lab(np.asarray(centres, np.float32))).astype(np.uint8)
    steps = rgb8 >> 2
    return palette[lut[steps[..., 0], steps[..., 1], steps[..., 2]]]


def _nearest_table(centres: Grey) -> npt.NDArray[np.intp]:
    axis = (np.arange(64) * 4 + 2).astype(np.uint8)
    lab = lab_from_rgb8(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)).reshape(-1, 3)
    nearest = np.empty(len(lab), np.intp)
    square = (centres**2).sum(axis=1)
    for i in range(0, len(lab), 1 << 14):
        nearest[i : i + (1 << 14)] = (square - 2 * np.einsum("ij,kj->ik", lab[i : i + (1 << 14)], centres)).argmin(
            axis=1
        )
    return nearest.reshape(64, 64, 64)


def _rgb_from_lab(lab: Grey) -> Grey:
    out: Grey = cv2.cvtColor(lab.reshape(1, -1, 3), cv2.COLOR_Lab2RGB)[0]
    return out


def edge_strength(rgb8: Rgb8, options: EdgeOptions) -> Grey:
    """Return the gradient of the picture's grey, (H, W) float32, in multiples of the contrast around each pixel.

    With ``contrast_window_px`` 0 it is the plain gradient in grey levels per pixel.
    """
    grey = cv2.GaussianBlur(_grey8(rgb8).astype(np.float32), (0, 0), options.edge_smoothing_px)
    across = np.array([[-1, 0, 1]], np.float32) / 2
    along = np.array([[1, 2, 1]], np.float32) / 4 if options.operator == "sobel" else np.full((1, 3), 1 / 3, np.float32)
    gx = cv2.sepFilter2D(grey, cv2.CV_32F, across, along)
    gy = cv2.sepFilter2D(grey, cv2.CV_32F, along, across)
    strength = cv2.magnitude(gx, gy).reshape(grey.shape)
    if options.contrast_window_px > 0:
        around = cv2.GaussianBlur(strength * strength, (0, 0), options.contrast_window_px).reshape(grey.shape)
        strength /= np.sqrt(around) + np.float32(options.contrast_floor)
    return strength


def edge_mask(rgb8: Rgb8, options: EdgeOptions) -> Mask:
    """Return which pixels are edges, (H, W) bool: over the threshold, in pieces of at least ``min_edge_px`` pixels."""
    return _edges(rgb8, options)[0]


def _edges(rgb8: Rgb8, options: EdgeOptions) -> tuple[Mask, Grey, float]:
    strength = edge_strength(rgb8, options)
    # The threshold bends where it would mark hardly anything, or everything; never so low that flat areas count.
    sparse = strength.reshape(-1)[:: max(1, strength.size // 250_000)]
    low, high = np.quantile(sparse, [1 - options.edge_share_max, 1 - options.edge_share_min])
    threshold = max(float(np.clip(options.edge_threshold, low, high)), 1e-3)
    mask = (strength >= threshold).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = stats[:count, cv2.CC_STAT_AREA] >= min(options.min_edge_px, strength.size)
    keep[0] = False
    return keep[pieces], strength, threshold


def darken_edges(rgb8: Rgb8, original: Rgb8, options: EdgeOptions) -> Rgb8:
    """Return ``rgb8`` with the edges of ``original`` darkened by at most ``darken``, most where they are strongest."""
    mask, strength, threshold = _edges(original, options)
    ramp = np.clip(0.4 + (strength / np.float32(threshold) - 1) / 0.35, 0, 1) * np.float32(options.darken)
    ramp[~mask] = 0
    keep = 1 - cv2.GaussianBlur(ramp, (0, 0), 0.5).reshape(ramp.shape)
    out = np.empty_like(rgb8)
    for c in range(3):
        out[..., c] = rgb8[..., c] * keep + np.float32(0.5)
    return out


def find_object(rgb8: Rgb8, *, by: str = "saturation", share: float = 0.1) -> Mask:
    """Return the connected object with the most saturation or brightness, (H, W) bool.

    The seed is the piece with the largest sum among the pixels of the top ``share``; GrabCut (Rother et al. 2004)
    then draws its border, on a picture of at most 300 pixels.
    """
    scale = min(1.0, 300 / max(rgb8.shape[:2]))
    small = cv2.resize(rgb8, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb8
    small = np.ascontiguousarray(small).reshape(*small.shape[:2], 3)
    lab = lab_from_rgb8(small)
    score = np.hypot(lab[..., 1], lab[..., 2]) if by == "saturation" else lab[..., 0]
    score = cv2.GaussianBlur(score, (0, 0), 2).reshape(score.shape)
    if min(small.shape[:2]) < 8 or np.ptp(score) < 1:
        return np.zeros(rgb8.shape[:2], bool)
    seed = (score >= np.quantile(score, 1 - share)).astype(np.uint8)
    count, pieces = cv2.connectedComponents(seed, connectivity=4)
    weight = np.bincount(pieces.reshape(-1), score.reshape(-1), count)
    weight[0] = -1
    found = pieces == int(weight.argmax())
    trimap = np.full(score.shape, cv2.GC_PR_BGD, np.uint8)
    trimap[score >= np.quantile(score, max(0.0, 1 - 2 * share))] = cv2.GC_PR_FGD
    trimap[found] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, trimap, None, *models, 4, cv2.GC_INIT_WITH_MASK)
    mask = ((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)).astype(np.uint8)
    _, pieces = cv2.connectedComponents(mask, connectivity=4)
    mask = np.isin(pieces, np.unique(pieces[found & (mask > 0)])).astype(np.uint8)
    full = cv2.resize(mask, rgb8.shape[1::-1], interpolation=cv2.INTER_LINEAR_EXACT).reshape(rgb8.shape[:2])
    return full > 0


def _grey8(rgb8: Rgb8) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(rgb8, cv2.COLOR_RGB2GRAY), np.uint8).reshape(rgb8.shape[:2])


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A style by classic image processing."""

    name: str
    summary: str
    apply: Callable[[Rgb8, Any], Rgb8]
    options: type[RecipeOptions]


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="illustration",
            summary="smooth, 64 colours, darkened contours",
            apply=illustration,
            options=IllustrationOptions,
        ),
        Recipe(name="night", summary="the illustration by night", apply=night, options=NightOptions),
        Recipe(name="spotlight", summary="one object in colour", apply=spotlight, options=SpotlightOptions),
        Recipe(name="contour", summary="two tones and contour lines", apply=contour, options=ContourOptions),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return the recipe of that name, or raise ``OptionsError`` that names the closest."""
    if name not in RECIPES:
        raise OptionsError(
            f"recipe {name!r} is unknown; allowed: {', '.join(RECIPES)}", hint=closest(name, list(RECIPES))
        )
    return RECIPES[name]
