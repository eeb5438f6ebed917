"""What lies round a photo or a cut-out and is not part of it: borders of scans, bars of films, light fringes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.design import Finding
from embroider_prep.picture.load import Mask8, Picture
from embroider_prep.picture.mend import is_drawn

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, px."""

LOOK_PX = 800
"""Longest side at which a frame is looked for."""

# Levels by which a line of a frame may waver (grain of a scan, JPEG), and the share of its pixels that must not.
WAVER, STEADY_SHARE = 14, 0.97
# Right behind a frame the picture begins all along it; behind a wall or a sky it begins here and there.
OTHER_LEVELS, OTHER_SHARE = 24, 0.6
# Two frames at most (paper and a black line), a third of a side in all; a polaroid's lower rim is the widest.
MOST_SHARE, FRAMES = 0.34, 2
# Opposite sides of a frame are of one colour.
SAME_LEVELS = 24

# A fringe this much lighter than what it surrounds, over this share of the outline, is paper or a sky left over.
FRINGE_L, FRINGE_SHARE = 12.0, 0.5
FRINGE_LOOK_PX = 1200
# Widest fringe, share of the longer side: a wider rim is meant (a sticker's).
FRINGE_WIDEST = 0.006


def cut_frame(picture: Picture) -> tuple[Picture, tuple[Finding, ...], tuple[float, float, float, float]]:
    """Return a photo without its frame: the rim of a print, of a scan, a drawn line, bars above and below.

    A frame is flat, has one colour on opposite sides, and ends along a straight line behind which the picture begins.
    Pictures that are drawn and cut-outs keep theirs. Also returned: what is kept, as shares.
    """
    if picture.alpha is not None or not _may_have_one(picture.rgb8) or is_drawn(picture.rgb8):
        return picture, (), (0.0, 0.0, 1.0, 1.0)
    rows, columns = picture.rgb8.shape[:2]
    scale = min(1.0, LOOK_PX / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = np.asarray(cv2.resize(picture.rgb8, size, interpolation=cv2.INTER_AREA), np.int16).reshape(*size[::-1], 3)
    left, top, right, bottom = _inner(small)
    # What leaves less than half of a side is no frame but what the picture shows: bands, a flag.
    if (
        (left, top, right, bottom) == (0, 0, size[0], size[1])
        or 2 * (right - left) < size[0]
        or 2 * (bottom - top) < size[1]
    ):
        return picture, (), (0.0, 0.0, 1.0, 1.0)
    # The line where both mix goes with the frame.
    x0, x1 = _grown(left, right, size[0], columns)
    y0, y1 = _grown(top, bottom, size[1], rows)
    found = Finding(
        code="photo-frame",
        severity="note",
        message=f"the photo has a frame: cut off {x0} px left, {y0} top, {columns - x1} right, {rows - y1} bottom",
        remedy="--crop 0,0,1,1 keeps it",
    )
    inner = (x0 / columns, y0 / rows, x1 / columns, y1 / rows)
    return replace(picture, rgb8=picture.rgb8[y0:y1, x0:x1]), (found,), inner


def _may_have_one(rgb8: Rgb8) -> bool:
    """Return whether two opposite outermost lines are about flat: of most photos they are not."""

    def flat(line: Rgb8) -> bool:
        far = np.abs(line.astype(np.int16) - np.median(line, axis=0)).max(axis=1)
        return bool((far <= 2 * WAVER).mean() >= 0.9)

    return (flat(rgb8[0]) and flat(rgb8[-1])) or (flat(rgb8[:, 0]) and flat(rgb8[:, -1]))


def _grown(low: int, high: int, small: int, full: int) -> tuple[int, int]:
    scale = full / small
    first = 0 if low == 0 else int(np.ceil((low + 0.5) * scale))
    last = full if high == small else int(np.floor((high - 0.5) * scale))
    return first, max(last, first + 1)


def _inner(small: npt.NDArray[np.int16]) -> Box:
    """Return the box inside all frames."""
    rows, columns = small.shape[:2]
    left, top, right, bottom = 0, 0, columns, rows
    for _ in range(FRAMES):
        part = small[top:bottom, left:right]
        if min(part.shape[:2]) < 16:
            break
        # From each side inwards; where the picture has the frame's colour itself, one side of four may be hard to see.
        across, along = _pair(part), _pair(part.swapaxes(0, 1))
        least = min(across.least, along.least)
        use = [
            pair.sharp == 2 or (pair.sharp == 1 and other.sharp == 2)
            for pair, other in ((across, along), (along, across))
        ]
        if not any(use):
            break
        cut_across, cut_along = across.bounded(least), along.bounded(least)
        if use[0]:
            top, bottom = top + cut_across[0], bottom - cut_across[1]
        if use[1]:
            left, right = left + cut_along[0], right - cut_along[1]
    return (left, top, right, bottom)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Two opposite sides: how many lines of each are flat, and which of them end sharply."""

    lines: tuple[int, int]
    ends: tuple[bool, bool]

    @property
    def sharp(self) -> int:
        return sum(self.ends)

    @property
    def least(self) -> int:
        """Fewest lines of a side that ends sharply."""
        return min((count for count, end in zip(self.lines, self.ends, strict=True) if end), default=1 << 30)

    def bounded(self, least: int) -> tuple[int, int]:
        """Return the lines to cut: no more than ``least`` where the end is not seen."""
        first, last = (count if end else min(count, least) for count, end in zip(self.lines, self.ends, strict=True))
        return first, last


def _pair(part: npt.NDArray[np.int16]) -> _Pair:
    (first, color, one), (last, other, two) = _lines(part), _lines(part[::-1])
    if not first or not last or int(np.abs(color - other).max()) > SAME_LEVELS:
        return _Pair(lines=(0, 0), ends=(False, False))
    return _Pair(lines=(first, last), ends=(one, two))


def _lines(part: npt.NDArray[np.int16]) -> tuple[int, npt.NDArray[np.int16], bool]:
    """Return how many rows from the top are flat, in which colour, and whether the picture begins right behind."""
    rows, columns = part.shape[:2]
    color = np.median(part[0], axis=0).astype(np.int16)
    most = int(rows * MOST_SHARE)
    far = np.abs(part[: most + 4] - color).max(axis=2)
    steady = (far <= WAVER).mean(axis=1) >= STEADY_SHARE
    count = int(np.argmin(steady)) if not steady.all() else len(steady)
    if not 0 < count <= most:
        return count, color, False
    behind = far[count : count + max(2, rows // 60)].max(axis=0)
    # Frames at the sides are steady all the way down: between them is where the picture must begin.
    inside = slice(columns // 8, columns - columns // 8)
    return count, color, bool((behind[inside] > OTHER_LEVELS).mean() >= OTHER_SHARE)


def cut_fringe(picture: Picture) -> tuple[Picture, tuple[Finding, ...]]:
    """Return a cut-out without the light fringe along its transparent pixels, which would be sewn as a pale outline."""
    if picture.alpha is None:
        return picture, ()
    rows, columns = picture.rgb8.shape[:2]
    scale = min(1.0, FRINGE_LOOK_PX / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    rgb8 = np.asarray(cv2.resize(picture.rgb8, size, interpolation=cv2.INTER_AREA), np.uint8).reshape(*size[::-1], 3)
    alpha = np.asarray(cv2.resize(picture.alpha, size, interpolation=cv2.INTER_AREA), np.uint8).reshape(size[::-1])
    width = _fringe_px(rgb8, alpha)
    if not width:
        return picture, ()
    reach = max(1, round(width / scale))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = (np.hypot(x, y) <= reach + 0.5).astype(np.uint8)
    # Beyond the picture's border the subject may go on.
    smaller = np.asarray(cv2.erode(picture.alpha, kernel, borderValue=255), np.uint8).reshape(rows, columns)
    if not (smaller >= 128).any():
        return picture, ()
    found = Finding(
        code="photo-fringe",
        severity="note",
        message=f"the cut-out has a light fringe: {reach} px cut off along its outline",
        remedy="--fix off keeps it",
    )
    return replace(picture, alpha=smaller), (found,)


def _fringe_px(rgb8: Rgb8, alpha: Mask8) -> int:
    """Return the width of the light fringe, 0 for none."""
    solid = (alpha >= 128).astype(np.uint8)
    if not solid.any() or solid.all():
        return 0
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 5).reshape(alpha.shape)
    lightness = cv2.cvtColor(rgb8, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32) * np.float32(100 / 255)
    widest = max(2, round(FRINGE_WIDEST * max(alpha.shape)))
    # What the fringe surrounds: the picture a little deeper, averaged near each place.
    deep = ((depth > widest + 1) & (depth <= 3 * widest + 3)).astype(np.float32)
    if not deep.any():
        return 0
    sigma = 1.5 * widest + 1
    near = cv2.GaussianBlur(deep, (0, 0), sigma).reshape(alpha.shape)
    inner = cv2.GaussianBlur(lightness * deep, (0, 0), sigma).reshape(alpha.shape) / np.maximum(near, 1e-6)
    width = 0
    for ring in range(1, widest + 1):
        here = (depth > ring - 1) & (depth <= ring) & (near > 1e-3)
        if not here.any() or (lightness[here] - inner[here] > FRINGE_L).mean() < FRINGE_SHARE:
            break
        width = ring
    return width
