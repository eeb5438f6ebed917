"""Marks on a preview: findings by severity, jumps and trims."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from embroider_prep.color import Rgb8
from embroider_prep.design import Finding, StitchPlan
from embroider_prep.plans import Came, needle_path
from embroider_prep.units import UNITS_PER_MM

SEVERITY_RGB8 = {"error": (214, 40, 40), "warning": (240, 140, 0), "note": (30, 110, 200)}
JUMP_RGB8 = (90, 60, 160)


def draw_marks(
    picture: Rgb8, plan: StitchPlan, findings: Sequence[Finding], *, scale: float, origin_mm: tuple[float, float]
) -> None:
    """Draw into ``picture``: thin lines for jumps, a cross where the thread is cut, a ring and a code for findings."""
    path = needle_path(plan)
    origin = np.array(origin_mm)
    xy = (path.xy / UNITS_PER_MM - origin) * scale
    fine = max(1, round(scale / 12))
    for index in np.flatnonzero((path.came == Came.JUMP) | (path.came == Came.TRIM)).tolist():
        _line(picture, xy[index - 1], xy[index], JUMP_RGB8, fine)
        if path.came[index] == Came.TRIM:
            size = max(2.0, 0.5 * scale)
            for dx, dy in ((1, 1), (1, -1)):
                arm = np.array([dx, dy]) * size
                _line(picture, xy[index - 1] - arm, xy[index - 1] + arm, JUMP_RGB8, fine)
    order = {"note": 0, "warning": 1, "error": 2}
    for finding in sorted(findings, key=lambda item: order[item.severity]):
        if finding.at_mm is not None:
            _ring(picture, (np.array(finding.at_mm) - origin) * scale, finding, scale)


def _line(picture: Rgb8, a: np.ndarray, b: np.ndarray, color: tuple[int, int, int], width: int) -> None:
    (ax, ay), (bx, by) = (np.round(point * 16).astype(int).tolist() for point in (a, b))
    cv2.line(picture, (ax, ay), (bx, by), color, width, cv2.LINE_AA, 4)


def _ring(picture: Rgb8, at: np.ndarray, finding: Finding, scale: float) -> None:
    from embroider_prep.preview.text import draw_text

    color = SEVERITY_RGB8[finding.severity]
    radius = max(5.0, 1.6 * scale)
    x, y = (int(value) for value in np.round(at * 16))
    for width, ink in ((max(3, round(0.45 * scale)), (255, 255, 255)), (max(1, round(0.25 * scale)), color)):
        cv2.circle(picture, (x, y), round(radius * 16), ink, width, cv2.LINE_AA, 4)
    size = max(9, round(1.6 * scale))
    draw_text(
        picture, finding.code, (at[0] + radius + 2, at[1] - size / 2), size=size, color=color, halo=(255, 255, 255)
    )
