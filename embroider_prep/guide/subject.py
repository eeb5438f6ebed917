"""The subject of a photo: what stands before the background."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.guide.networks import run

Floats = npt.NDArray[np.float32]

SIDE = 256
"""Pixels on a side of the network's picture."""


def find_subject(rgb8: Rgb8) -> Floats:
    """Return how much each place belongs to the subject, (256, 256) float32 from 0 to 1, over the whole picture.

    MediaPipe's selfie segmentation: people and most pets; elsewhere it is unsure, or finds nothing.
    """
    small = cv2.resize(rgb8, (SIDE, SIDE), interpolation=cv2.INTER_AREA).reshape(SIDE, SIDE, 3)
    return run("subject", np.ascontiguousarray(small))[0].reshape(SIDE, SIDE)
