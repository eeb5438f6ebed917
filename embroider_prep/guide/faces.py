"""Faces of people and animals: where they are, and where their eyes and mouths are.

Two networks of MediaPipe's BlazeFace family (Bazarevsky et al. 2019): the full-range one for people, the short-range
one, which also answers to the faces of cats and dogs, for what the first one leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.guide.networks import run
from embroider_prep.scene import Face

Floats = npt.NDArray[np.float32]

PERSON_SCORE = 0.55
"""Score from which the full-range network's answer counts."""

ANIMAL_SCORE = 0.22
"""Score from which the short-range network's answer counts as an animal's face, inside the subject."""

ANIMAL_AGREEMENT, SECOND_AGREEMENT = 0.43, 0.56
"""Median score over `VIEWS` from which a candidate is an animal's face; that of one beside another face.

Of 45 photos with candidates, faces of cats, dogs and an ape have 0.45 to 0.55; of what is no face a dahlia and a
teddy's head have more than 0.4."""

VIEWS = (
    (2.0, 0.0, 0.0, 0.0, False),
    (3.0, 0.2, 0.1, 8.0, False),
    (3.0, 0.0, 0.0, 0.0, True),
    (2.0, 0.2, 0.1, 8.0, False),
    (2.0, -0.2, 0.1, -8.0, False),
    (2.0, 0.1, -0.2, 12.0, True),
    (3.0, -0.2, 0.1, -8.0, False),
    (2.0, 0.0, 0.0, 0.0, True),
    (3.0, 0.1, -0.2, 12.0, True),
)
"""Side of the view in sides of the box, its way right and down in the same unit, its turn in degrees, mirrored."""

ANIMALS_ASKED = 4
"""Candidates that are looked at again; each costs some 20 ms."""

POOR_SUBJECT = (0.01, 0.97)
"""Shares of the picture between which the subject's mask says something."""

SAME_FACE = 0.3
"""Two boxes whose intersection is this share of their union show one face."""

MAX_FACES = 100
"""More faces than these are a crowd, in which none can be sewn."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A face network: ``side`` of its picture in pixels, ``(stride, anchors a cell)`` in order."""

    name: str
    side: int
    layers: tuple[tuple[int, int], ...]


FULL = Network(name="face_full", side=192, layers=((4, 1),))
SHORT = Network(name="face_short", side=128, layers=((8, 2), (16, 6)))


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
    """A part of the photo that a network looks at: a square box in pixels, turned clockwise."""

    left: float
    top: float
    side: float
    turn_deg: float = 0.0

    def matrix(self, size: int) -> npt.NDArray[np.float64]:
        """Return the affine map (2, 3) from pixels of the network's picture to pixels of the photo."""
        turn = np.radians(self.turn_deg)
        scale = self.side / size
        cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
        middle = np.array([self.left + self.side / 2, self.top + self.side / 2])
        away = np.array([[cos, -sin], [sin, cos]]) @ np.full(2, size / 2)
        return np.column_stack([[cos, sin], [-sin, cos], middle - away])


def whole(height: int, width: int) -> Window:
    """Return the window that shows all of a picture, in the middle of a square."""
    side = max(height, width)
    return Window(left=(width - side) / 2, top=(height - side) / 2, side=side)


def detect(
    network: Network, rgb8: Rgb8, window: Window, least: float
) -> list[tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Return score, box (left, top, right, bottom) and six points (6, 2) of each answer, in pixels of the photo.

    Answers that show one face are blended into one, weighed by their scores, as MediaPipe does.
    """
    size = network.side
    matrix = window.matrix(size)
    # Shrinking by warping alone would alias: first by area to near the size that is needed.
    step = window.side / size
    shrink = max(1.0, step / 1.5)
    if shrink > 1:
        small = cv2.resize(rgb8, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        ratio = np.array([small.shape[1] / rgb8.shape[1], small.shape[0] / rgb8.shape[0]])
    else:
        small, ratio = rgb8, np.ones(2)
    to_small = matrix * ratio[:, None]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(small, to_small, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    regressors, logits = run(network.name, np.ascontiguousarray(view).reshape(size, size, 3))
    score = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80)))
    good = np.flatnonzero(score >= least)
    good = good[np.argsort(-score[good], kind="stable")][: 4 * MAX_FACES]
    values = regressors.reshape(-1, 16)[good].astype(np.float64) / size
    centre = anchors(network)[good].astype(np.float64)
    middle, extent = values[:, :2] + centre, values[:, 2:4]
    points = values[:, 4:].reshape(-1, 6, 2) + centre[:, None]
    out = []
    left = np.arange(len(good))
    boxes = np.concatenate([middle - extent / 2, middle + extent / 2], axis=1)
    while len(left):
        same = left[overlap(boxes[left[0]], boxes[left]) >= SAME_FACE]
        if not len(same):
            same = left[:1]
        weight = score[good[same]].astype(np.float64)
        weight /= weight.sum()
        corners = np.concatenate(
            [
                (boxes[same] * weight[:, None]).sum(axis=0).reshape(2, 2),
                (points[same] * weight[:, None, None]).sum(axis=0),
            ]
        )
        at = (corners * size) @ matrix[:, :2].T + matrix[:, 2]
        # A turned box stays a square of its own size around its middle.
        half = np.abs(corners[1] - corners[0]) * window.side / 2
        centre_px = at[:2].mean(axis=0)
        out.append((float(score[good[left[0]]]), np.concatenate([centre_px - half, centre_px + half]), at[2:]))
        left = np.setdiff1d(left, same, assume_unique=True)
        left = left[np.argsort(-score[good[left]], kind="stable")]
    return out


def overlap(box: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the intersection of a box with others (n, 4) as a share of their union, (n,)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return common / np.maximum(np.prod(box[2:] - box[:2]) + areas - common, 1e-12)


def find_faces(rgb8: Rgb8, subject: Floats | None) -> tuple[Face, ...]:
    """Return the faces in a photo, the largest first.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
        Upright.
    subject : (h, w) float32 or None
        0 to 1: how much a place belongs to the subject; animals are looked for only there.
    """
    people = _people(rgb8)
    animals = [] if subject is None else _animals(rgb8, subject, people)
    faces = [*_as_faces("person", people, rgb8.shape), *_as_faces("animal", animals, rgb8.shape)]
    return tuple(sorted(faces, key=lambda face: -face.width)[:MAX_FACES])


Found = tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _people(rgb8: Rgb8) -> list[Found]:
    height, width = rgb8.shape[:2]
    found = detect(FULL, rgb8, whole(height, width), PERSON_SCORE)
    # A long picture shrinks much in a square: its two ends are looked at as well.
    side, length = min(height, width), max(height, width)
    if length > 1.2 * side:
        for start in (0.0, length - side):
            window = Window(left=start if width > height else 0, top=start if height > width else 0, side=side)
            found += detect(FULL, rgb8, window, PERSON_SCORE)
    return _apart(found)


def _animals(rgb8: Rgb8, subject: Floats, people: Sequence[Found]) -> list[Found]:
    """Return what looks like a face from every side: the short-range network alone answers to petals and cakes, too."""
    height, width = rgb8.shape[:2]
    if not POOR_SUBJECT[0] < float((subject >= 0.5).mean()) < POOR_SUBJECT[1]:
        return []
    known = np.array([box for _, box, _ in people]).reshape(-1, 4)
    sure: list[Found] = []
    asked = 0
    for _, box, points in detect(SHORT, rgb8, whole(height, width), ANIMAL_SCORE):
        x, y = (box[:2] + box[2:]) / 2 / (width, height)
        row, column = (min(max(int(v * n), 0), n - 1) for v, n in zip((y, x), subject.shape, strict=True))
        if subject[row, column] < 0.5 or (len(known) and overlap(box, known).max() > 0):
            continue
        asked += 1
        if asked > ANIMALS_ASKED:
            break
        agreed = _agreement(rgb8, box)
        if agreed >= (SECOND_AGREEMENT if people else ANIMAL_AGREEMENT):
            sure.append((agreed, box, points))
    sure.sort(key=lambda item: -item[0])
    # Ears and chests come close: beside the surest only what is sure and apart.
    apart = [item for item in sure[1:] if item[0] >= SECOND_AGREEMENT and not overlap(item[1], sure[0][1][None]).any()]
    return [*sure[:1], *apart]


def _agreement(rgb8: Rgb8, box: npt.NDArray[np.float64]) -> float:
    """Return the median score of the same box in views that are moved, turned, enlarged and mirrored."""
    side = float((box[2:] - box[:2]).mean())
    middle = (box[:2] + box[2:]) / 2
    mirrored = np.ascontiguousarray(rgb8[:, ::-1])
    scores: list[float] = []
    for zoom, right, down, turn, mirror in VIEWS:
        at = np.array([rgb8.shape[1] - middle[0], middle[1]]) if mirror else middle
        window = Window(
            left=at[0] + side * (right - zoom / 2),
            top=at[1] + side * (down - zoom / 2),
            side=zoom * side,
            turn_deg=turn,
        )
        wanted = np.concatenate([at - side / 2, at + side / 2])
        found = detect(SHORT, mirrored if mirror else rgb8, window, 0.05)
        scores.append(max((score for score, other, _ in found if overlap(wanted, other[None])[0] >= 0.35), default=0.0))
        # Most candidates fail at once.
        if len(scores) == 3 and max(scores) < ANIMAL_AGREEMENT:
            break
    return float(np.median(scores))


def _apart(found: Iterable[Found]) -> list[Found]:
    """Return the answers of several windows without repetitions, the surest first."""
    out: list[Found] = []
    for item in sorted(found, key=lambda item: -item[0]):
        known = np.array([box for _, box, _ in out]).reshape(-1, 4)
        if not len(known) or overlap(item[1], known).max() < SAME_FACE:
            out.append(item)
    return out


def _as_faces(kind: Literal["person", "animal"], found: Iterable[Found], shape: tuple[int, ...]) -> list[Face]:
    size = np.array([shape[1], shape[0]], np.float64)
    out = []
    for score, box, points in found:
        corners = np.clip(box.reshape(2, 2) / size, 0, 1)
        if (corners[1] <= corners[0]).any():
            continue
        at = [tuple(float(v) for v in np.clip(point / size, 0, 1)) for point in points]
        out.append(
            Face(
                kind=kind,
                box=(float(corners[0, 0]), float(corners[0, 1]), float(corners[1, 0]), float(corners[1, 1])),
                score=round(score, 3),
                eyes=((at[0][0], at[0][1]), (at[1][0], at[1][1])),
                mouth=(at[3][0], at[3][1]),
            )
        )
    return out
