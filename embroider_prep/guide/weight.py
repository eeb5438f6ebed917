"""How much each place of a picture counts, and what is there: subject, face, eyes and mouth."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.design import FACE, FEATURE, ORDINARY, SUBJECT, Box
from embroider_prep.scene import Scene

Grey = npt.NDArray[np.float32]

# What each 15 L* of local contrast adds to the weight of a face: it is known by its eyes and mouth, and with one
# weight for all of it threads go to the shades of its cheeks.
FACE_CONTRAST = 0.7

# Eyes and mouth weigh this much more than cheeks.
FEATURE_SHARE = 2.0

# Half axes of a face's ellipse in widths and heights of its box, which reaches from brows to chin.
FACE_AXES = 0.5, 0.56

# Half axes of what shows an eye with its lids, and a mouth, in widths of the face.
EYE_AXES, MOUTH_AXES = (0.14, 0.09), (0.19, 0.09)


def contents(scene: Scene, focus_box: Box | None, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return what is where, (h, w) uint8: `ORDINARY`, `SUBJECT`, `FACE` or `FEATURE`.

    Parameters
    ----------
    scene : Scene
    focus_box : (left, top, right, bottom) or None
        Shares of the picture; counts as a face.
    shape : (h, w)
    """
    out = np.full(shape, ORDINARY, np.uint8)
    if scene.subject is not None:
        subject = cv2.resize(scene.subject, shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(shape)
        out[subject >= 0.5] = SUBJECT
    for face in scene.faces:
        left, top, right, bottom = face.box
        axes = FACE_AXES[0] * (right - left), FACE_AXES[1] * (bottom - top)
        out[_ellipse(((left + right) / 2, (top + bottom) / 2), axes, shape) & (out < FACE)] = FACE
    if focus_box is not None:
        out[_inside(focus_box, shape) & (out < FACE)] = FACE
    for face in scene.faces:
        # The points of an animal's face are too far off: a network for people has guessed them.
        if face.kind == "animal":
            continue
        # Shares of the width and of the height are different lengths.
        stretch = shape[1] / shape[0]
        for places, (wide, high) in ((face.eyes, EYE_AXES), ((face.mouth,), MOUTH_AXES)):
            for place in places:
                out[_ellipse(place, (wide * face.width, high * face.width * stretch), shape)] = FEATURE
    return out


def weights(
    content: npt.NDArray[np.uint8], contrast: Grey, *, subject_weight: float, face_weight: float, px_per_mm: float
) -> Grey:
    """Return how much each place counts, (h, w) float32; 1 on flat ordinary ground.

    Parameters
    ----------
    content : (h, w) uint8
        From `contents`.
    contrast : (h, w) float32
        Local contrast, 0 to 1.5: it is seen.
    subject_weight, face_weight : float
        How much more a place of the subject, and of a face, counts than the background.
    px_per_mm : float
        Of ``content``: what counts more fades out over half a millimetre.
    """
    shape = content.shape
    steps = np.ones(4, np.float32)
    steps[SUBJECT:] = subject_weight
    steps[FACE:] = max(face_weight, subject_weight)
    steps[FEATURE] *= FEATURE_SHARE if face_weight > 1 else 1
    base = cv2.GaussianBlur(steps[content].astype(np.float64), (0, 0), 0.5 * px_per_mm).reshape(shape)
    gain = np.where(content >= FACE, np.float32(FACE_CONTRAST), np.float32(1)) if face_weight > 1 else np.float32(1)
    return (base * (1 + gain * contrast)).astype(np.float32)


def _ellipse(middle: tuple[float, float], axes: tuple[float, float], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    y = (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]
    x = (np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1]
    away = ((x - middle[0]) / max(axes[0], 1e-6))[None] ** 2 + ((y - middle[1]) / max(axes[1], 1e-6))[:, None] ** 2
    return away <= 1


def _inside(box: Box, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    y = (np.arange(shape[0]) + 0.5) / shape[0]
    x = (np.arange(shape[1]) + 0.5) / shape[1]
    return ((y >= box[1]) & (y <= box[3]))[:, None] & ((x >= box[0]) & (x <= box[2]))[None]
