"""What a scene means for a design: how large its faces are sewn, as data and as findings."""

from __future__ import annotations

from typing import Any

from embroider_prep.design import Box, Finding
from embroider_prep.scene import Face, Scene

EYES_NEED_MM = 20.0
"""Width of a face below which its eyes are smaller than what a needle can show."""

WANTED_MM = 28.0
"""Width that a proposed crop gives the face: eyes and mouth read well, hair and shoulders stay in the picture."""

SUBJECT_SAID = 0.02, 0.97
"""Shares of the picture between which a subject stands before a background."""

PASSER_BY = 0.01
"""Share of the picture that a face's box has below which it is somebody passing: the picture is of something else."""

NAMED = 5
"""More faces than these nobody crops to one by one."""


def describe(scene: Scene, size_mm: tuple[float, float]) -> dict[str, Any]:
    """Return what was found in a photo as data for a report; ``size_mm`` is the size of the picture."""
    return {
        "faces": [
            {
                "kind": face.kind,
                "box": [round(value, 4) for value in face.box],
                "width_mm": round(face.width * size_mm[0], 1),
                "score": face.score,
            }
            for face in scene.faces
        ],
        "subject_share": round(scene.subject_share, 3),
    }


def in_words(described: dict[str, Any]) -> str:
    """Return what was found in a line for people: ``1 face, 34 mm wide; the subject on 40 %``."""
    if not described:
        return ""
    parts = []
    for kind, one, many in (("person", "face", "faces"), ("animal", "animal's face", "animals' faces")):
        widths = [face["width_mm"] for face in described.get("faces", ()) if face["kind"] == kind]
        if widths:
            span = " to ".join(dict.fromkeys(f"{width:.0f}" for width in (min(widths), max(widths))))
            parts.append(f"{len(widths)} {one if len(widths) == 1 else many}, {span} mm wide")
    share = described.get("subject_share", 0.0)
    if SUBJECT_SAID[0] <= share <= SUBJECT_SAID[1]:
        parts.append(f"{'the subject on' if parts else 'no face, a subject on'} {100 * share:.0f} %")
    return "; ".join(parts or ["no face"])


def face_findings(scene: Scene, size_mm: tuple[float, float], crop: Box | None = None) -> tuple[Finding, ...]:
    """Say which faces are too small for eyes, with a crop to paste that makes the first of them large enough.

    A warning where the picture is of somebody, a note where somebody passes by.

    Parameters
    ----------
    scene : Scene
        In shares of the picture that is sewn.
    size_mm : (width, height)
        Of the picture.
    crop : (left, top, right, bottom), optional
        The part of the photo that this picture is: a proposed crop is said in shares of the whole photo.
    """
    # A crowd has no first face.
    if not 0 < len(scene.faces) <= NAMED or scene.faces[0].width * size_mm[0] >= EYES_NEED_MM:
        return ()
    face = scene.faces[0]
    wide = face.width * size_mm[0]
    passing = (face.box[2] - face.box[0]) * (face.box[3] - face.box[1]) < PASSER_BY
    whose = "the face" if len(scene.faces) == 1 else "the largest face"
    remedy = f"make the design at least {size_mm[0] * EYES_NEED_MM / wide:.0f} mm wide"
    box = _around(face, size_mm)
    if box is not None:
        left, top, right, bottom = crop or (0.0, 0.0, 1.0, 1.0)
        across, down = right - left, bottom - top
        values = left + box[0] * across, top + box[1] * down, left + box[2] * across, top + box[3] * down
        remedy = "--crop " + ",".join(f"{value:.2f}" for value in values)
    small = Finding(
        code="face-small",
        severity="note" if passing else "warning",
        message=f"{whose} is sewn {wide:.0f} mm wide; eyes need {EYES_NEED_MM:.0f}",
        remedy=remedy,
    )
    return (small,)


def _around(face: Face, size_mm: tuple[float, float]) -> Box | None:
    """Return a box of the picture's shape, around head and shoulders, that makes the face `WANTED_MM` wide."""
    share = face.width * size_mm[0] / WANTED_MM
    if share >= 0.95:
        return None
    x = (face.box[0] + face.box[2]) / 2
    # The middle of a face at two fifths of the height leaves room for hair above and shoulders below.
    y = (face.box[1] + face.box[3]) / 2 + 0.1 * share
    left, top = (min(max(middle - share / 2, 0.0), 1.0 - share) for middle in (x, y))
    return left, top, left + share, top + share
