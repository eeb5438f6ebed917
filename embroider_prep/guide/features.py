"""Eyes and mouths drawn clearer: what a face is known by must survive a dozen threads."""

from __future__ import annotations

import cv2
import numpy as np

from embroider_prep.color import Rgb8
from embroider_prep.guide.weight import EYE_AXES, MOUTH_AXES
from embroider_prep.scene import Face

# The lightness that a feature is compared with: the mean over this share of the face's width.
GROUND_SHARE = 0.1

# The change fades out over this share of a feature's ellipse.
RIM = 0.5


def clarify(rgb8: Rgb8, faces: tuple[Face, ...], strength: float) -> Rgb8:
    """Return a picture with more contrast in lightness at the eyes and mouths of its faces, as illustrators draw them.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
    faces : tuple of Face
        In shares of this picture.
    strength : float
        Factor of the difference in L* to the surrounding tenth of a face; 1 changes nothing.
    """
    if strength == 1 or not faces:
        return rgb8
    out = rgb8.copy()
    height, width = rgb8.shape[:2]
    for face in faces:
        # The points of an animal's face are too far off: a network for people has guessed them.
        if face.kind == "animal":
            continue
        wide = face.width * width
        marks = [(place, EYE_AXES) for place in face.eyes] + [(face.mouth, MOUTH_AXES)]
        for (x, y), (across, down) in marks:
            # The ellipse with its rim, and the ground around it.
            reach = (1 + RIM) * np.array([across, down]) * wide
            around = 3 * GROUND_SHARE * wide
            left, right = (round(x * width + sign * (reach[0] + around)) for sign in (-1, 1))
            top, bottom = (round(y * height + sign * (reach[1] + around)) for sign in (-1, 1))
            rows, columns = slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))
            part = out[rows, columns]
            if not part.size:
                continue
            lab = cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
            ground = cv2.GaussianBlur(lab[..., 0], (0, 0), max(GROUND_SHARE * wide, 0.5)).reshape(part.shape[:2])
            at_x = (np.arange(part.shape[1]) + columns.start + 0.5 - x * width) / (across * wide)
            at_y = (np.arange(part.shape[0]) + rows.start + 0.5 - y * height) / (down * wide)
            share = np.clip((1 + RIM - np.hypot(at_x[None], at_y[:, None])) / RIM, 0, 1).astype(np.float32)
            lab[..., 0] = np.clip(lab[..., 0] + (strength - 1) * share * (lab[..., 0] - ground), 0, 100)
            clear = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
            # Where nothing changes the bytes stay as they are.
            out[rows, columns] = np.where(share[..., None] > 0, np.round(clear * 255).astype(np.uint8), part)
    return out
