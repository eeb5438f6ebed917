"""What is in the photo, where threads should run and where people look: photo -> `Scene`, picture -> `Guide`."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8, lightness_from_rgb8
from embroider_prep.design import FABRIC, Box, Finding, Guide, IndexedImage
from embroider_prep.errors import ModelError
from embroider_prep.guide.directions import GUIDE_PX_PER_MM, directions, local_contrast
from embroider_prep.guide.weight import contents, weights
from embroider_prep.scene import Face, Scene

__all__ = ["GUIDE_PX_PER_MM", "guide_from_labels", "look", "make_guide"]

LOOK_PX = 1280
"""Longest side of the copy that is looked at: a face of a fortieth of it has 32 pixels, enough for a network."""

SMALLEST_PX = 32
"""Nothing is looked for in a picture with a smaller side."""


def look(rgb8: Rgb8) -> Scene:
    """Return what a photo shows: faces of people and animals, and the subject.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
        The whole photo, upright, at any size.

    Returns
    -------
    Scene
        When a network is missing or damaged the others look, and a finding says so.
    """
    height, width = rgb8.shape[:2]
    if min(height, width) < SMALLEST_PX:
        return Scene()
    from embroider_prep.guide.faces import find_faces
    from embroider_prep.guide.subject import find_subject

    scale = min(1.0, LOOK_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb8, size, interpolation=cv2.INTER_AREA) if scale < 1 else rgb8
    small = np.ascontiguousarray(small).reshape(size[1], size[0], 3)
    findings = []
    subject: npt.NDArray[np.float32] | None = None
    faces: tuple[Face, ...] = ()
    try:
        subject = find_subject(small)
    except ModelError as error:
        findings.append(_blind("the subject was", error))
    try:
        faces = find_faces(small, subject)
    except ModelError as error:
        findings.append(_blind("faces were", error))
    return Scene(faces=faces, subject=subject, findings=tuple(findings))


def _blind(what: str, error: ModelError) -> Finding:
    return Finding(
        code="not-looked",
        severity="warning",
        message=f"{what} not looked for: {error.message}",
        remedy=error.hint or "say where people look with --focus",
    )


def make_guide(
    rgb8: Rgb8,
    *,
    px_per_mm: float,
    scene: Scene | None = None,
    subject_weight: float = 3.0,
    face_weight: float = 30.0,
    focus_box: Box | None = None,
) -> Guide:
    """Return directions and weights of a working picture.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
        The picture that will be sewn (the illustration), at ``px_per_mm``.
    scene : Scene, optional
        What the photo shows (`look`), in shares of this picture; default nothing.
    subject_weight : float
        How much more a place of the subject counts than the background; 1 makes no difference.
    face_weight : float
        How much more a place in a face counts; its eyes and mouth count twice that; 1 makes no difference.
    focus_box : (left, top, right, bottom), optional
        Shares of the picture; counts as a face that was found.

    Returns
    -------
    Guide
        At 2 px/mm. ``angle_deg`` runs along stripes, fur and edges: the weaker eigenvector of the structure tensor
        (Bigun and Granlund 1987) over 1 mm; ``coherence`` is the tensor's contrast of eigenvalues. ``weight`` is 1 on
        flat ordinary ground, and grows with local contrast. ``content`` says what is where, whatever it weighs.
    """
    lightness = lightness_from_rgb8(rgb8)
    angle, coherence = directions(lightness, px_per_mm)
    shape = (angle.shape[0], angle.shape[1])
    content = contents(scene or Scene(), focus_box, shape)
    contrast = local_contrast(lightness, px_per_mm, shape)
    weight = weights(
        content, contrast, subject_weight=subject_weight, face_weight=face_weight, px_per_mm=GUIDE_PX_PER_MM
    )
    return Guide(angle_deg=angle, coherence=coherence, weight=weight, content=content, px_per_mm=GUIDE_PX_PER_MM)


def guide_from_labels(image: IndexedImage) -> Guide:
    """Return a guide for an indexed picture without a photograph: directions of its own borders, no faces."""
    palette = np.array([thread.rgb8 for thread in image.threads] or [(0, 0, 0)], np.uint8)
    sewn = image.labels != FABRIC
    rgb8 = np.where(sewn[..., None], palette[np.where(sewn, image.labels, 0)], np.uint8(255))
    return make_guide(rgb8.astype(np.uint8), px_per_mm=image.px_per_mm)
