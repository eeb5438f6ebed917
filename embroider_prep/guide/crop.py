"""Which part of a photo is worth sewing: head and shoulders, the subject, or all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from embroider_prep.design import Box, Finding
from embroider_prep.guide.words import EYES_NEED_MM, NAMED
from embroider_prep.scene import Face, Scene

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

# Head and shoulders, in widths and heights of the face (brows to chin) from its box: hair above, a collar below.
AROUND_ACROSS, AROUND_ABOVE, AROUND_BELOW = 0.85, 0.75, 0.95
# Faces of about the same size that lie close together are one group.
GROUP_SIZE, GROUP_REACH = 0.6, 2.0

SUBJECT_MARGIN = 0.06
# A subject smaller than this has not been found, one whose box is larger fills the picture anyway.
SMALLEST_SUBJECT, LARGEST_BOX = 0.02, 0.85
# A mask as soft as this is a guess (see `Scene.subject_softness`).
SOFTEST = 0.9
# `auto` crops to a subject whose box is at most this share of the picture.
SMALL_BOX = 0.5

WidthMm = Callable[[Box], float]
"""The width in mm that a part of the picture would be sewn in."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """What to keep of a photo (shares of it), and what is said about it."""

    box: Box
    finding: Finding | None


def choose_crop(scene: Scene, word: str, width_mm: WidthMm) -> Crop:
    """Return the part of a photo that ``--crop subject|face|auto`` keeps.

    Parameters
    ----------
    scene : Scene
        What the whole photo shows.
    word : "subject", "face" or "auto"
    width_mm : callable
        Width in which a part of the photo would be sewn.

    Returns
    -------
    Crop
        The whole photo when what is asked for is not there: its finding is a warning then.
    """
    face = face_box(scene)
    subject = subject_box(scene)
    if word == "face":
        if face is None:
            return _kept("no face was found", word)
        return _cropped(face, f"to the face: sewn {_face_mm(scene, face, width_mm):.0f} mm wide", word)
    if word == "subject":
        if subject is None:
            return _kept("no subject was found", word)
        if _area(subject) > LARGEST_BOX:
            return _kept("the subject fills the photo", word, severity="note")
        return _cropped(subject, "to the subject", word)
    if face is not None and _is_subject(scene) and scene.faces[0].width * width_mm(WHOLE) < EYES_NEED_MM:
        return _cropped(face, f"to the face: sewn {_face_mm(scene, face, width_mm):.0f} mm wide", word)
    if subject is not None and _area(subject) <= SMALL_BOX:
        return _cropped(subject, "to the subject", word)
    return Crop(box=WHOLE, finding=None)


def face_box(scene: Scene) -> Box | None:
    """Return the box of head and shoulders of the main face, and of others beside it; None without a face."""
    people = [face for face in scene.faces if face.kind == "person"] or list(scene.faces)
    if not people:
        return None
    # Of faces of nearly one size the one in the middle.
    largest = max(face.width for face in people)
    main = min((face for face in people if face.width > 0.85 * largest), key=lambda face: abs(_middle(face)[0] - 0.5))
    group = [face for face in people if face.width >= GROUP_SIZE * main.width and _near(face, main)]
    boxes = [_around(face) for face in (group if len(group) <= NAMED else [main])]
    left, top = (max(0.0, min(box[i] for box in boxes)) for i in (0, 1))
    right, bottom = (min(1.0, max(box[i] for box in boxes)) for i in (2, 3))
    return left, top, right, bottom


def subject_box(scene: Scene) -> Box | None:
    """Return the box of the subject with a margin; None when there is none."""
    if scene.subject is None or scene.subject_share < SMALLEST_SUBJECT or scene.subject_softness > SOFTEST:
        return None
    inside = (scene.subject >= 0.5).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    rows, columns = inside.shape
    large = np.isin(pieces, 1 + np.flatnonzero(areas >= 0.2 * areas.max()))
    y, x = np.nonzero(large)
    left, top, right, bottom = x.min() / columns, y.min() / rows, (x.max() + 1) / columns, (y.max() + 1) / rows
    margin = SUBJECT_MARGIN * max(right - left, bottom - top)
    return (
        float(max(0.0, left - margin)), float(max(0.0, top - margin)),
        float(min(1.0, right + margin)), float(min(1.0, bottom + margin)),
    )  # fmt: skip


def _around(face: Face) -> Box:
    left, top, right, bottom = face.box
    wide, high = right - left, bottom - top
    return (
        left - AROUND_ACROSS * wide, top - AROUND_ABOVE * high,
        right + AROUND_ACROSS * wide, bottom + AROUND_BELOW * high,
    )  # fmt: skip


def _middle(face: Face) -> tuple[float, float]:
    return (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2


def _near(one: Face, other: Face) -> bool:
    (x, y), (u, v) = _middle(one), _middle(other)
    return abs(x - u) <= GROUP_REACH * other.width and abs(y - v) <= GROUP_REACH * (other.box[3] - other.box[1])


def _is_subject(scene: Scene) -> bool:
    """Return whether a person is what the photo is about: not a crowd, and not a face in the background."""
    face = scene.faces[0]
    if face.kind != "person" or len(scene.faces) > NAMED:
        return False
    if scene.subject is None:
        return True
    if scene.subject_softness > SOFTEST:
        return False
    x, y = _middle(face)
    rows, columns = scene.subject.shape
    return bool(scene.subject[min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)] >= 0.5)


def _face_mm(scene: Scene, box: Box, width_mm: WidthMm) -> float:
    kept = scene.cropped(box).faces
    return max((face.width for face in kept), default=0.0) * width_mm(box)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _cropped(box: Box, what: str, word: str) -> Crop:
    values = ",".join(f"{value:.2f}" for value in box)
    note = Finding(
        code="cropped",
        severity="note",
        message=f"the photo is cropped {what} ({values})",
        remedy=f"--crop L,T,R,B in place of --crop {word} for another part",
    )
    return Crop(box=box, finding=note)


def _kept(why: str, word: str, severity: str = "warning") -> Crop:
    finding = Finding(
        code="not-cropped",
        severity="note" if severity == "note" else "warning",
        message=f"--crop {word}: {why}; the whole photo is kept",
        remedy="" if severity == "note" else "say which part with --crop L,T,R,B (shares of the photo)",
    )
    return Crop(box=WHOLE, finding=finding)
