"""What a photo shows: faces and the subject, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from embroider_prep.design import Box, Finding


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face in a photo. All places are shares of the picture (x to the right, y down, 0 to 1).

    ``kind`` is person or animal; ``box`` is left, top, right, bottom, from the brows to the chin; ``score`` is how sure
    the network is, 0 to 1; ``eyes`` are two points, ``mouth`` is one.
    """

    kind: Literal["person", "animal"]
    box: Box
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]]
    mouth: tuple[float, float]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What a photo shows: its faces, the largest first, and its subject.

    ``subject`` (h, w) float32 says how much each place belongs to it, 0 to 1, over the whole picture at a size of its
    own; None when nobody has looked. ``findings`` say what could not be looked at.
    """

    faces: tuple[Face, ...] = ()
    subject: npt.NDArray[np.float32] | None = None
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if self.subject is not None:
            subject = np.array(self.subject, np.float32, order="C")
            subject.flags.writeable = False
            object.__setattr__(self, "subject", subject)

    @property
    def subject_share(self) -> float:
        """Share of the picture that belongs to the subject."""
        return 0.0 if self.subject is None else float((self.subject >= 0.5).mean())

    @property
    def subject_softness(self) -> float:
        """Places where the network is unsure per place that it takes for the subject: of clear subjects under 0.7."""
        if self.subject is None:
            return 0.0
        unsure = (self.subject > 0.15) & (self.subject < 0.85)
        return float(unsure.sum() / max(int((self.subject >= 0.5).sum()), 1))

    def cropped(self, box: Box) -> Scene:
        """Return what is left of it in a part of the picture: left, top, right, bottom as shares."""
        left, top, right, bottom = box

        def moved(x: float, y: float) -> tuple[float, float]:
            return (x - left) / (right - left), (y - top) / (bottom - top)

        faces = []
        for face in self.faces:
            middle = moved((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
            if min(middle) < 0 or max(middle) > 1:
                continue
            corners = np.clip([*moved(*face.box[:2]), *moved(*face.box[2:])], 0, 1).tolist()
            eyes = moved(*face.eyes[0]), moved(*face.eyes[1])
            faces.append(
                replace(face, box=(corners[0], corners[1], corners[2], corners[3]), eyes=eyes, mouth=moved(*face.mouth))
            )
        subject = self.subject
        if subject is not None:
            height, width = subject.shape
            rows = slice(min(int(top * height), height - 1), max(int(np.ceil(bottom * height)), 1))
            columns = slice(min(int(left * width), width - 1), max(int(np.ceil(right * width)), 1))
            subject = subject[rows, columns]
        return replace(self, faces=tuple(faces), subject=subject)
