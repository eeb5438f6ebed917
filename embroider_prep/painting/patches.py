"""Where rows follow the picture: patches of one direction, along fur, hair, folds and petals."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.design import Guide
from embroider_prep.painting.target import CELL_MM

# Directions that rows can take. Between neighbouring ones an eye sees one flow.
COUNT = 8

# A direction is that of this neighbourhood, and must be as clear as this (0 to 1).
AROUND_MM, CLEAR = 2.5, 0.3

# Borders of patches are rounded by this much; smaller patches take their neighbour's direction.
ROUND_MM, SMALLEST_MM2 = 1.5, 60.0


def row_patches(guide: Guide, shape: tuple[int, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the patch kind of each cell (h, w), and the direction of each kind, degrees counter-clockwise.

    Kind 0 is level: where the picture has no direction, and where its direction is level.
    """
    angles = np.arange(COUNT) * 180.0 / COUNT
    size = (shape[1], shape[0])
    turn = np.exp(2j * np.radians(guide.angle_deg.astype(np.float64))) * guide.coherence**2
    sigma = AROUND_MM / CELL_MM
    parts = [
        cv2.GaussianBlur(cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA), (0, 0), sigma)
        for part in (turn.real, turn.imag)
    ]
    flow = (parts[0] + 1j * parts[1]).reshape(shape)
    kind = np.round(np.degrees(np.angle(flow)) / 2 / (180.0 / COUNT)).astype(np.int64) % COUNT
    kind[np.abs(flow) < CLEAR] = 0
    votes = np.stack(
        [cv2.GaussianBlur((kind == i).astype(np.float32), (0, 0), ROUND_MM / CELL_MM) for i in range(COUNT)]
    )
    return _merged(votes.reshape(COUNT, *shape).argmax(axis=0)), angles


def _merged(kind: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give patches that are too small the kind of the nearest large one."""
    from scipy.ndimage import distance_transform_edt

    small = np.zeros(kind.shape, bool)
    for i in np.unique(kind).tolist():
        count, number, stats, _ = cv2.connectedComponentsWithStats((kind == i).astype(np.uint8), connectivity=4)
        few = stats[:, cv2.CC_STAT_AREA] * CELL_MM**2 < SMALLEST_MM2
        few[0] = False
        if count > 1:
            small |= few[number]
    if small.all() or not small.any():
        return np.zeros_like(kind) if small.all() else kind
    nearest = distance_transform_edt(small, return_distances=False, return_indices=True)
    return np.asarray(kind[tuple(nearest)], np.int64)
