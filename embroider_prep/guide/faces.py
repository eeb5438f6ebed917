"""Faces of people and animals: where they are, and where their eyes and mouths are.

Three networks of MediaPipe's BlazeFace family (Bazarevsky et al. 2019). None of them is sure by itself at a low
threshold; what two of them see in views of one place, enlarged and turned, is a face.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.guide.detector import BACK, FULL, SAME_FACE, SHORT, Answer, Network, Photo, Points, Window, overlap
from embroider_prep.scene import Face

Floats = npt.NDArray[np.float32]

HINT_SCORE, TILE_HINT_SCORE = 0.3, 0.2
"""Scores from which the full-range network's answer in the whole photo, and in a tile, is looked at again."""

PERSON_AGREEMENT = 0.64
"""Mean score of the closer looks at a hint from which it is a face.

Of 111 photos all that is above it has a face (also of a doll); petals, pebbles and rocks reach 0.57."""

CLOSE_SCORE = 0.5
"""Score of a cheap closer look below which a hint is dropped."""

HINTS = 32
"""Hints that are looked at again; most cost 5 ms, some 20 ms."""

LARGE_FACE = 0.15
"""Beside a face of this share of the photo's longer side, none is looked for that is too small to sew."""

TILE = 0.42
"""Side of the tiles in which small faces are looked for, share of the photo's longer side."""

SUBJECT_SHARE, SUBJECT_CORE = 0.08, 0.72
"""Share of the photo that a subject has in which an animal's face is looked for, and share of it that is sure."""

ANIMAL_LEAST = 0.1
"""Score from which an answer counts in the sum over all views of an animal."""

ANIMAL_EVIDENCE = 0.22
"""Mean score over all views of the subject from which a place is looked at with the second network."""

ANIMAL_AGREEMENT = 0.4
"""Mean score of the second network's looks from which a place is an animal's face.

Of 90 photos without people those of cats and dogs have 0.42 to 0.68, toys 0.62 and more; of all else that has the
evidence one rock reaches 0.24."""

LOOKS = ((2.0, 0.0, False), (3.0, 15.0, True), (2.0, -15.0, False), (3.0, 0.0, True))
"""Of the second network: side of the view in sides of the place, its turn in degrees, mirrored."""

MIRRORED = [1, 0, 2, 3, 5, 4]
"""Order of the points of a mirrored face: the other eye and ear first."""

ANIMALS_ASKED = 2
"""Places that are looked at with the second network; each costs some 60 ms."""

MAX_FACES = 100
"""More faces than these are a crowd, in which none can be sewn."""


def find_faces(rgb8: Rgb8, subject: Floats | None) -> tuple[Face, ...]:
    """Return the faces in a photo, the largest first.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
        Upright.
    subject : (h, w) float32 or None
        0 to 1: how much a place belongs to the subject; animals are looked for only there.
    """
    photo = Photo(rgb8)
    people = find_people(photo)
    animals = [] if subject is None else find_animals(photo, subject, people)
    faces = [*_as_faces("person", people, photo), *_as_faces("animal", animals, photo)]
    return tuple(sorted(faces, key=lambda face: -face.width)[:MAX_FACES])


# ------------------------------------------------------------------ people


def find_people(photo: Photo) -> list[Answer]:
    """Return what the full-range network sees and others agree to: in the whole; without a large face, in tiles."""
    found = _agreed(photo, photo.detect(FULL, photo.whole(), HINT_SCORE))
    longer = max(photo.width, photo.height)
    if any(_side(item.box) >= LARGE_FACE * longer for item in found):
        return found
    hints = [answer for tile in _tiles(photo, TILE * longer) for answer in photo.detect(FULL, tile, TILE_HINT_SCORE)]
    return _agreed(photo, hints, found)


def _tiles(photo: Photo, side: float) -> list[Window]:
    """Return overlapping squares that cover a photo."""
    ways = []
    for length in (photo.height, photo.width):
        # A face of a quarter of the side that lies on a border is whole in one of the two.
        count = 1 + int(np.ceil(max(0.0, length - side) / (0.75 * side)))
        ways.append(np.linspace(side / 2, length - side / 2, count) if count > 1 else np.array([length / 2]))
    return [Window(x=float(x), y=float(y), side=side) for y in ways[0] for x in ways[1]]


def _agreed(photo: Photo, hints: Sequence[Answer], known: Sequence[Answer] = ()) -> list[Answer]:
    """Return those hints that closer looks confirm, each face once, beside those known."""
    out = list(known)
    for hint in sorted(hints, key=lambda hint: -hint.score)[:HINTS]:
        if _touches(hint.box, out):
            continue
        looks: list[float] = []
        for network, zoom in ((SHORT, 2.2), (SHORT, 3.0), (FULL, 4.0)):
            looks.append(_score(_closer(photo, network, hint.box, zoom)))
            if min(looks) < CLOSE_SCORE and network is SHORT:
                break
        score = sum(looks) / 3
        if score >= PERSON_AGREEMENT:
            out.append(Answer(score=score, box=hint.box, points=hint.points))
    return out


def _touches(box: Points, known: Sequence[Answer], least: float = SAME_FACE) -> bool:
    boxes = np.array([item.box for item in known]).reshape(-1, 4)
    return bool(len(boxes)) and float(overlap(box, boxes).max()) >= least


def _closer(
    photo: Photo, network: Network, box: Points, zoom: float, turn_deg: float = 0.0, mirror: bool = False
) -> Answer | None:
    """Return the surest answer for a box in a view of ``zoom`` times its side."""
    x, y = (box[:2] + box[2:]) / 2
    window = Window(x=float(x), y=float(y), side=zoom * _side(box), turn_deg=turn_deg, mirror=mirror)
    for answer in photo.detect(network, window, 0.05):
        if overlap(box, answer.box[None])[0] >= 0.35:
            return answer
    return None


def _score(answer: Answer | None) -> float:
    return 0.0 if answer is None else answer.score


def _side(box: Points) -> float:
    return float((box[2:] - box[:2]).mean())


# ------------------------------------------------------------------ animals


def find_animals(photo: Photo, subject: Floats, people: Sequence[Answer] = ()) -> list[Answer]:
    """Return the face of an animal, if two networks see it from many sides.

    The short-range network answers to cats and dogs, but to petals and cakes as well: what counts is the mean over
    all views of the subject, and the second network's opinion.
    """
    views = _views(photo, subject)
    if not views:
        return []
    places = _evidence([(view, photo.detect(SHORT, view, ANIMAL_LEAST)) for view in views])
    places = [item for item in places if _belongs(item.box, photo, subject) and not _touches(item.box, people, 0.05)]
    sure = []
    for place in places[:ANIMALS_ASKED]:
        if place.score < ANIMAL_EVIDENCE:
            break
        answers = [(_closer(photo, BACK, place.box, *look), look[2]) for look in LOOKS]
        seen = [(answer, mirror) for answer, mirror in answers if answer is not None]
        score = sum(answer.score for answer, _ in seen) / len(LOOKS)
        if score >= ANIMAL_AGREEMENT:
            sure.append(_blend(score, seen))
    return sorted(sure, key=lambda item: -item.score)[:1]


def _blend(score: float, seen: Sequence[tuple[Answer, bool]]) -> Answer:
    """Return the mean of answers, weighed by their scores; each says whether it is mirrored."""
    share = np.array([answer.score for answer, _ in seen])
    share /= share.sum()
    points = np.stack([answer.points[MIRRORED] if mirror else answer.points for answer, mirror in seen])
    boxes = np.stack([answer.box for answer, _ in seen])
    return Answer(score=score, box=share @ boxes, points=np.tensordot(share, points, 1))


def _views(photo: Photo, subject: Floats) -> list[Window]:
    """Return windows that show the subject as a whole and in parts, turned and mirrored; none where it is unsure."""
    mask = (subject >= 0.5).astype(np.uint8)
    if mask.mean() < SUBJECT_SHARE or (subject > 0.9).sum() < SUBJECT_CORE * mask.sum():
        return []
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask)
    left, top, width, height, _ = boxes[1 + int(boxes[1:, 4].argmax())]
    scale = photo.width / mask.shape[1], photo.height / mask.shape[0]
    x, y = (left + width / 2) * scale[0], (top + height / 2) * scale[1]
    side = 1.15 * max(width * scale[0], height * scale[1])
    out = [photo.whole(), photo.whole(mirror=True)]
    out += [Window(x=x, y=y, side=side, turn_deg=turn, mirror=turn > 0) for turn in (-20.0, 0.0, 20.0)]
    part, step = 0.55 * side, 0.225 * side
    for i, (down, right) in enumerate((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)):
        out.append(Window(x=x + right * step, y=y + down * step, side=part, mirror=i % 2 > 0))
    return out


def _evidence(views: Sequence[tuple[Window, Sequence[Answer]]], same: float = 0.4) -> list[Answer]:
    """Return places with their mean score over all views, the surest first."""
    answers = [(number, view.mirror, item) for number, (view, items) in enumerate(views) for item in items]
    if not answers:
        return []
    boxes = np.array([item.box for _, _, item in answers])
    scores = np.array([item.score for _, _, item in answers])
    numbers = np.array([number for number, _, _ in answers])
    alike = np.stack([overlap(box, boxes) for box in boxes])
    total = np.zeros(len(boxes))
    for number in np.unique(numbers):
        mine = numbers == number
        total += np.where(alike[:, mine] >= same, scores[mine], 0).max(axis=1)
    out = []
    free = np.ones(len(boxes), bool)
    for i in np.argsort(-total, kind="stable"):
        if free[i]:
            seen = [(item, mirror) for (_, mirror, item), near in zip(answers, alike[i] >= same, strict=True) if near]
            out.append(_blend(float(total[i] / len(views)), seen))
            free &= alike[i] < same / 2
    return out


def _belongs(box: Points, photo: Photo, subject: Floats) -> bool:
    x, y = (box[:2] + box[2:]) / 2 / (photo.width, photo.height)
    row, column = (min(max(int(v * n), 0), n - 1) for v, n in zip((y, x), subject.shape, strict=True))
    return bool(subject[row, column] >= 0.5)


# ------------------------------------------------------------------ as data


def _as_faces(kind: Literal["person", "animal"], found: Iterable[Answer], photo: Photo) -> list[Face]:
    size = np.array([photo.width, photo.height], np.float64)
    out = []
    for item in found:
        left, top, right, bottom = np.clip(item.box.reshape(2, 2) / size, 0, 1).reshape(-1).tolist()
        if right <= left or bottom <= top:
            continue
        at = np.clip(item.points / size, 0, 1).tolist()
        out.append(
            Face(
                kind=kind,
                box=(left, top, right, bottom),
                score=round(item.score, 3),
                eyes=((at[0][0], at[0][1]), (at[1][0], at[1][1])),
                mouth=(at[3][0], at[3][1]),
            )
        )
    return out
