"""Which faces are found, by hand-drawn boxes: ``python tests/benchmarks/bench_faces.py FOLDER``.

``face_boxes.csv`` holds a line a face: photo (its file's stem), kind (person, animal), left, top, right and bottom as
shares of the picture, from brows to chin, and whether it counts. What does not count is under 2.5 % of the photo's
width, or a person's face of which both eyes are not seen, or out of focus: it may be found or missed. Kind none, with
no box, is a photo without any face; toys are none. Of the photos below FOLDER those in the table are looked at.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embroider_prep.design import Box
from embroider_prep.guide import look
from embroider_prep.guide.detector import overlap
from embroider_prep.picture import load

TABLE = Path(__file__).with_name("face_boxes.csv")

SAME_UNION = 0.3
"""Share of their union from which two boxes show the same face."""

SAME_SIZE = 2.2
"""Factor between the sides of two boxes up to which one that has its centre in the other shows the same face."""


@dataclass(frozen=True)
class Drawn:
    """A face somebody drew a box around."""

    kind: str
    box: Box
    counts: bool


def read_table(path: Path = TABLE) -> dict[str, list[Drawn]]:
    """Return the faces of each photo; none for a photo without any."""
    out: dict[str, list[Drawn]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            faces = out[row["photo"]]
            if row["kind"] != "none":
                left, top, right, bottom = (float(row[side]) for side in ("left", "top", "right", "bottom"))
                faces.append(Drawn(row["kind"], (left, top, right, bottom), row["counts"] == "1"))
    return dict(out)


def share(one: Box, two: Box) -> float:
    """Return the intersection of two boxes as a share of their union."""
    return float(overlap(np.array(one), np.array([two]))[0])


def same(drawn: Box, found: Box) -> bool:
    """Return whether a found box shows the drawn face."""
    if share(drawn, found) >= SAME_UNION:
        return True
    x, y = (found[0] + found[2]) / 2, (found[1] + found[3]) / 2
    inside = drawn[0] <= x <= drawn[2] and drawn[1] <= y <= drawn[3]
    areas = sorted((box[2] - box[0]) * (box[3] - box[1]) for box in (drawn, found))
    return inside and areas[1] <= SAME_SIZE**2 * areas[0]


def match(drawn: Sequence[Box], found: Sequence[Box]) -> list[int | None]:
    """Return for each drawn box the number of the found one that shows it; each is given once, the best first."""
    pairs = [(share(a, b), i, j) for i, a in enumerate(drawn) for j, b in enumerate(found) if same(a, b)]
    out: list[int | None] = [None] * len(drawn)
    for _, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        if out[i] is None and j not in out:
            out[i] = j
    return out


def main() -> None:
    """Print a line a photo, and the sums."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    table = read_table()
    there, hits, close, cpu = Counter[str](), Counter[str](), Counter[str](), []
    alarms = Counter[bool]()
    for path in sorted(given.folder.rglob("*.jpg")):
        if path.stem not in table:
            continue
        rgb8 = load(path).rgb8
        start = time.process_time()
        faces = look(rgb8).faces
        cpu.append(time.process_time() - start)
        drawn = table[path.stem]
        numbers = match([face.box for face in drawn], [face.box for face in faces])
        missed = 0
        for face, number in zip(drawn, numbers, strict=True):
            name = face.kind if face.counts else f"{face.kind} that does not count"
            there[name] += 1
            missed += number is None and face.counts
            if number is not None:
                hits[name] += 1
                close[name] += share(face.box, faces[number].box) >= SAME_UNION
        wrong = [face for i, face in enumerate(faces) if i not in numbers]
        alarms[bool(drawn)] += len(wrong)
        told = "".join(f", {face.kind} {face.score:.2f} at {face.box[0]:.2f},{face.box[1]:.2f}" for face in wrong)
        found = len(faces) - len(wrong)
        print(f"{path.stem:16}{found:3} found {missed:3} missed {len(wrong):3} alarms {cpu[-1]:6.2f} s{told}")
    if not cpu:
        parser.error(f"no photo of the table lies below {given.folder}")
    for name in sorted(there):
        part = hits[name] / there[name]
        print(f"{name}: {hits[name]} of {there[name]} found ({part:.0%}), {close[name]} by their union alone")
    print(f"alarms: {alarms[False]} in photos without a face, {alarms[True]} in others")
    mean, median, most = np.mean(cpu), np.median(cpu), max(cpu)
    print(f"{len(cpu)} photos, CPU seconds each: mean {mean:.2f}, median {median:.2f}, most {most:.2f}")


if __name__ == "__main__":
    main()
