"""What went wrong when a photo was taken, mended gently: too dark, too flat, a colour cast.

A good photo stays as it is, bit for bit: a night with lamps, a sunset, a red flower, snow and a picture that is drawn
are meant to look so. The limits below were set on 156 good photos (none of them may be touched but the two that are
plainly underexposed) and on the same photos spoilt on purpose (two stops too dark: 8 of 10 noticed; contrast halved:
9 of 10; light of a lamp that is taken for daylight: half, those that show something grey or white).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Float32, Rgb8, lab_from_linear, lab_from_rgb8, linear_from_srgb, srgb_from_linear
from embroider_prep.design import Finding
from embroider_prep.picture.load import Mask8, Picture

Table = npt.NDArray[np.uint8]
"""(256, 3): the new level of each level, by channel."""

LOOK_PX = 256
"""Longest side at which a photo is judged: grain and small lights are averaged away."""

REMEDY = "--fix off leaves the photo as it is"

LEVELS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)

DRAWN_COLORS = 32
"""So many colours fill nine tenths of a drawing; grain and light make thousands of a photo."""

# Too dark: half of the picture below the first lightness, and nothing but 1 and 0.1 % above the others. A night has
# its lamps, a low-key portrait its highlights.
DARK_L = (32.0, 60.0, 67.0)
# A pure red or blue is as strong as it can be while its lightness is low: no channel may come above this.
DARK_LEVEL = 185.0
# What the brightest 1 % become (L* 76), by at most 1.8 stops: beyond that there is more grain than picture.
BRIGHT_LIGHT, MOST_GAIN = 0.5, 3.5
SHOULDER = 0.7

# Too flat: 99 % of the pixels within so little, and neither end near black or white. What is bright on purpose
# (a pale sky, white on white) has its middle above the last.
FLAT_RANGE_L, FLAT_BLACK_L, FLAT_WHITE_L, FLAT_MIDDLE_L = 43.0, 15.0, 92.0, (28.0, 73.0)
ENDS = (16.0, 240.0)
MOST_STRETCH = 2.0

# Cast: see `_cast_of`. Cleaner than all of it would be colder than the photographer saw it.
CAST_TAKEN = 0.75
MINKOWSKI = 6.0
NEUTRAL_CHROMA, NEUTRAL_AFTER_CHROMA = 5.0, 7.0
MUCH_AFTER, MOST_OPPOSITE = 0.35, 0.12


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A cast: its name, its hue angles (degrees), and what it takes to believe in it."""

    name: str
    hue_deg: tuple[float, float]
    tint: tuple[float, float]
    most_opposite: float
    most_neutral: float
    least_after: float


# No lamp is pink or violet: a sky at dusk is.
KINDS = (
    _Kind(name="yellow", hue_deg=(30, 115), tint=(17.5, 48), most_opposite=0.02, most_neutral=0.03, least_after=0.12),
    _Kind(name="green", hue_deg=(115, 210), tint=(13, 34), most_opposite=0.04, most_neutral=0.06, least_after=0.15),
    _Kind(name="blue", hue_deg=(210, 297), tint=(12, 34), most_opposite=0.04, most_neutral=0.06, least_after=0.2),
)


def mend(picture: Picture) -> tuple[Picture, tuple[Finding, ...]]:
    """Return the photo with its faults mended, and what was done; the same object when there is nothing to do.

    Parameters
    ----------
    picture : Picture
        Transparent pixels do not count.

    Returns
    -------
    Picture
    tuple of Finding
        ``photo-dark``, ``photo-flat``, ``photo-cast``.

    Notes
    -----
    Light: a gain in linear light, with a shoulder above 70 %. Contrast: levels stretched, all channels alike. Cast:
    a gain for each channel in linear light (von Kries), the light estimated as shades of grey (Finlayson and Trezzi
    2004, Minkowski norm 6).
    """
    if is_drawn(picture.rgb8):
        return picture, ()
    sample = _sample(picture)
    table, findings = LEVELS, []
    if len(sample):
        for find in (_lighten, _stretch, _neutralize):
            found = find(sample)
            if found is not None:
                step, finding = found
                table = np.take_along_axis(step, table.astype(np.intp), axis=0)
                sample = _through(step, sample)
                findings.append(finding)
    if not findings:
        return picture, ()
    return replace(picture, rgb8=_through(table, picture.rgb8)), tuple(findings)


def _through(table: Table, rgb8: Rgb8) -> Rgb8:
    flat = np.ascontiguousarray(rgb8).reshape(-1, 1, 3)
    return np.asarray(cv2.LUT(flat, table.reshape(256, 1, 3)), np.uint8).reshape(rgb8.shape)


def is_drawn(rgb8: Rgb8) -> bool:
    """Return whether few colours fill the picture and neighbours are equal: a logo, a drawing."""
    step = max(1, max(rgb8.shape[:2]) // LOOK_PX)
    code = rgb8[::step, ::step].astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    counts = np.sort(np.unique(code, return_counts=True)[1])[::-1]
    right, below = rgb8[::step, 1::step], rgb8[1::step, ::step]
    rows, columns = min(len(right), len(below)), min(right.shape[1], below.shape[1])
    here = rgb8[::step, ::step][:rows, :columns]
    same = (here == right[:rows, :columns]).all(axis=2) & (here == below[:rows, :columns]).all(axis=2)
    return bool(counts[:DRAWN_COLORS].sum() >= 0.9 * code.size and (not same.size or same.mean() >= 0.7))


def _sample(picture: Picture) -> Rgb8:
    """Return the opaque pixels of a reduced picture, (N, 3)."""
    # Of large pictures every few pixels, averaged by twos: all of them would take longer than the rest of it.
    step = max(1, max(picture.rgb8.shape[:2]) // (2 * LOOK_PX))
    rgb8 = np.ascontiguousarray(picture.rgb8[::step, ::step])
    scale = min(1.0, LOOK_PX / max(rgb8.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in rgb8.shape[1::-1])
    small = np.asarray(cv2.resize(rgb8, size, interpolation=cv2.INTER_AREA), np.uint8).reshape(-1, 3)
    if picture.alpha is None:
        return small
    part = np.ascontiguousarray(picture.alpha[::step, ::step])
    alpha: Mask8 = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8).reshape(-1)
    return small[alpha == 255]


def _lighten(sample: Rgb8) -> tuple[Table, Finding] | None:
    lightness = lab_from_rgb8(sample)[:, 0]
    strongest = float(np.percentile(sample.max(axis=1), 99))
    if strongest > DARK_LEVEL or (np.percentile(lightness, (50, 99, 99.9)) > DARK_L).any():
        return None
    bright = float(
        np.percentile((linear_from_srgb(sample) * np.array([0.2126, 0.7152, 0.0722], np.float32)).sum(axis=1), 99)
    )
    gain = min(MOST_GAIN, BRIGHT_LIGHT / max(bright, 1e-6))
    light = linear_from_srgb(LEVELS) * gain
    over = np.maximum(light - SHOULDER, 0) / (1 - SHOULDER)
    table = srgb_from_linear(np.where(light < SHOULDER, light, SHOULDER + (1 - SHOULDER) * (1 - np.exp(-over))))
    after = float(lab_from_rgb8(_through(table, sample))[:, 0].mean())
    before = float(lightness.mean())
    if after < before + 1:
        return None
    share = after / max(before, 1.0) - 1
    return table, _note("photo-dark", f"the photo was dark: lightened by {share:.0%}")


def _stretch(sample: Rgb8) -> tuple[Table, Finding] | None:
    low, middle, high = np.percentile(lab_from_rgb8(sample)[:, 0], (0.5, 50, 99.5))
    flat = high - low < FLAT_RANGE_L and low > FLAT_BLACK_L and high < FLAT_WHITE_L
    # One tone is no photo.
    if not flat or high - low < 4 or not FLAT_MIDDLE_L[0] < middle < FLAT_MIDDLE_L[1]:
        return None
    grey = cv2.cvtColor(sample.reshape(-1, 1, 3), cv2.COLOR_RGB2GRAY)
    dark, bright = np.percentile(grey, (0.5, 99.5))
    gain = min(MOST_STRETCH, (ENDS[1] - ENDS[0]) / max(bright - dark, 1))
    # The range opens about the point that keeps its place in it.
    place = (dark - ENDS[0]) / max(ENDS[1] - ENDS[0] - (bright - dark), 1)
    centre = dark + np.clip(place, 0, 1) * (bright - dark)
    table = np.round(np.clip((LEVELS - centre) * gain + centre, 0, 255)).astype(np.uint8)
    return table, _note("photo-flat", f"the photo was flat: contrast raised by {gain - 1:.0%}")


def _neutralize(sample: Rgb8) -> tuple[Table, Finding] | None:
    found = _cast_of(sample)
    if found is None:
        return None
    light, name = found
    gain = light ** np.float32(-CAST_TAKEN)
    table = srgb_from_linear(linear_from_srgb(LEVELS) * gain)
    note = _note("photo-cast", f"the photo had a {name} cast: {CAST_TAKEN:.0%} of it taken out")
    return table, note


def _cast_of(sample: Rgb8) -> tuple[Float32, str] | None:
    """Return the colour of the light (luminance 1) and its name, or None when the colours may be the things' own.

    A cast lies on everything: next to nothing in the picture is neutral or of the opposite hue; the highlights have
    it as well, and no more of it than the rest (a setting sun does); and without it a good part of the picture turns
    neutral, which petals and leaves do not.
    """
    lab = lab_from_rgb8(sample)
    seen = (sample.max(axis=1) < 250) & (lab[:, 0] > 8)
    if seen.mean() < 0.2:
        return None
    lab, linear = lab[seen], linear_from_srgb(sample[seen])
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    light = ((linear.astype(np.float64) ** MINKOWSKI).mean(axis=0) ** (1 / MINKOWSKI)).astype(np.float32)
    mean = linear.mean(axis=0)
    light, mean = light / max(float((light * weights).sum()), 1e-6), mean / max(float((mean * weights).sum()), 1e-6)
    # As a tint: that of a light grey under this light.
    tint, mean_tint = lab_from_linear(np.stack([light, mean]) * np.float32(0.4))[:, 1:]
    size = float(np.hypot(*tint))
    angle = float(np.degrees(np.arctan2(tint[1], tint[0]))) % 360
    kind = next((kind for kind in KINDS if kind.hue_deg[0] <= angle < kind.hue_deg[1]), None)
    if kind is None or not kind.tint[0] < size < kind.tint[1] or np.hypot(*mean_tint) > 1.5 * size:
        return None
    chroma, along = np.hypot(lab[:, 1], lab[:, 2]), (lab[:, 1:] * (tint / size)).sum(axis=1)
    highlights = float(np.hypot(*np.median(lab[lab[:, 0] >= np.percentile(lab[:, 0], 95), 1:], axis=0)))
    if (chroma < NEUTRAL_CHROMA).mean() > kind.most_neutral or highlights > 1.32 * size:
        return None
    without = lab_from_linear(np.minimum(linear / light, 1))
    after = float((np.hypot(without[:, 1], without[:, 2]) < NEUTRAL_AFTER_CHROMA).mean())
    # Where much turns neutral, a blue thing may stay blue under a yellow lamp.
    if (along < 2).mean() > (MOST_OPPOSITE if after > MUCH_AFTER else kind.most_opposite) or after < kind.least_after:
        return None
    return light, kind.name


def _note(code: str, message: str) -> Finding:
    return Finding(code=code, severity="note", message=message, remedy=REMEDY)
