"""One look of a face network at a part of the photo: windows, anchors, decoding, and answers that show one face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.guide.networks import run

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

SAME_FACE = 0.3
"""Two boxes whose intersection is this share of their union show one face."""

MAX_ANSWERS = 400
"""Anchors of one look that are decoded, the surest first."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A face network: ``side`` of its picture in pixels, ``(stride, anchors a cell)`` in order."""

    name: str
    side: int
    layers: tuple[tuple[int, int], ...]


FULL = Network(name="face_full", side=192, layers=((4, 1),))
SHORT = Network(name="face_short", side=128, layers=((8, 2), (16, 6)))
BACK = Network(name="face_back", side=256, layers=((16, 2), (32, 6)))


@cache
def anchors(network: Network) -> Floats:
    """Return the anchors' centres as shares of the network's picture, (n, 2): x, y."""
    parts = []
    for stride, count in network.layers:
        cells = network.side // stride
        at = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(at, at, indexing="ij")
        parts.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), count, axis=0))
    return np.concatenate(parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A part of the photo that a network looks at: a square in pixels around (x, y), turned, perhaps mirrored."""

    x: float
    y: float
    side: float
    turn_deg: float = 0.0
    mirror: bool = False

    def matrix(self, size: int) -> Points:
        """Return the affine map (2, 3) from pixels of the network's picture to pixels of the photo."""
        turn = np.radians(self.turn_deg)
        scale = self.side / size
        axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * scale
        if self.mirror:
            axes[:, 0] *= -1
        return np.column_stack([axes, np.array([self.x, self.y]) - axes @ np.full(2, size / 2)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What a network takes for a face, in pixels of the photo: score, box (left, top, right, bottom), points (6, 2).

    The points are one eye, the other eye, nose, mouth, one ear, the other ear.
    """

    score: float
    box: Points
    points: Points


PARTS = 32
"""Steps between two pixels that `cv2.remap` knows."""


class Photo:
    """A photo that is looked at many times: shrunk by halves once, so that a look at all of it does not alias."""

    def __init__(self, rgb8: Rgb8) -> None:
        self.height, self.width = rgb8.shape[:2]
        self._levels = [rgb8]

    def whole(self, *, mirror: bool = False) -> Window:
        """Return the window that shows all of the photo, in the middle of a square."""
        return Window(x=self.width / 2, y=self.height / 2, side=max(self.width, self.height), mirror=mirror)

    def view(self, window: Window, size: int) -> Rgb8:
        """Return what a window shows, (size, size, 3); black beyond the photo's edge."""
        level = max(0, int(np.floor(np.log2(max(window.side / size, 1e-6) / 0.9))))
        while len(self._levels) <= level and min(self._levels[-1].shape[:2]) > 1:
            height, width = self._levels[-1].shape[:2]
            half = max(1, width // 2), max(1, height // 2)
            self._levels.append(cv2.resize(self._levels[-1], half, interpolation=cv2.INTER_AREA))
        small = self._levels[min(level, len(self._levels) - 1)]
        ratio = np.array([small.shape[1] / self.width, small.shape[0] / self.height])
        # OpenCV counts from the middle of a pixel.
        matrix = window.matrix(size) * ratio[:, None]
        matrix[:, 2] += matrix[:, :2] @ np.full(2, 0.5) - 0.5
        view = cv2.remap(small, *_taps(matrix, size), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return np.ascontiguousarray(view).reshape(size, size, 3)

    def detect(self, network: Network, window: Window, least: float) -> list[Answer]:
        """Return what a network sees in a window, the surest first.

        Anchors that answer to one face are blended into one answer, weighed by their scores, as MediaPipe does.
        """
        size = network.side
        regressors, logits = run(network.name, self.view(window, size))
        score = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80).astype(np.float64)))
        good = np.flatnonzero(score >= least)
        good = good[np.argsort(-score[good], kind="stable")][:MAX_ANSWERS]
        score = score[good]
        values = regressors.reshape(-1, 16)[good].astype(np.float64) / size
        centre = anchors(network)[good].astype(np.float64)
        middle, extent = values[:, :2] + centre, np.maximum(values[:, 2:4], 1e-6)
        boxes = np.concatenate([middle - extent / 2, middle + extent / 2], axis=1)
        points = values[:, 4:].reshape(-1, 6, 2) + centre[:, None]
        matrix = window.matrix(size)
        out = []
        left = np.arange(len(good))
        while len(left):
            near = overlap(boxes[left[0]], boxes[left]) >= SAME_FACE
            same = left[near]
            share = score[same] / score[same].sum()
            low, high = (share @ boxes[same]).reshape(2, 2)
            at = np.concatenate([[(low + high) / 2], np.tensordot(share, points[same], 1)]) * size
            at = at @ matrix[:, :2].T + matrix[:, 2]
            # A turned box stays upright, of its own size around its middle.
            half = (high - low) * window.side / 2
            box = np.concatenate([at[0] - half, at[0] + half])
            out.append(Answer(score=float(score[same[0]]), box=box, points=at[1:]))
            left = left[~near]
        return out


def _taps(matrix: Points, size: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]:
    """Return where a view looks in its photo, as `cv2.remap` takes it: whole pixels, and steps of 1/32 between them.

    All that is left to do is done in whole numbers: `cv2.warpAffine` computes places with other digits where a
    processor has other instructions, and a face a hair beside its place changes stitches.
    """
    steps = np.arange(size)
    x, y = (np.rint((a * steps[None] + b * steps[:, None] + c) * PARTS).astype(np.int64) for a, b, c in matrix.tolist())
    low, high = np.iinfo(np.int16).min, np.iinfo(np.int16).max
    whole = np.stack([np.clip(x >> 5, low, high), np.clip(y >> 5, low, high)], axis=-1).astype(np.int16)
    return whole, ((y & 31) * PARTS + (x & 31)).astype(np.uint16)


def overlap(box: Points, others: Points) -> Points:
    """Return the intersection of a box with others (n, 4) as a share of their union, (n,)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return common / np.maximum(np.prod(box[2:] - box[:2]) + areas - common, 1e-12)
