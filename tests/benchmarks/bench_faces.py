"""Which faces are found, by hand-drawn boxes: ``python tests/benchmarks/bench_faces.py FOLDER``.

``faces.csv`` holds the boxes: photo (its file's stem), kind (person, animal; toy counts neither way), left, top, right
and bottom as shares of the picture. Photos are looked for below FOLDER; one without a line in the table has no face.
``--pattern`` chooses among them. A face is found when its box and the drawn one share 0.3 of their union.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from embroider_prep.design import Box
from embroider_prep.guide import look
from embroider_prep.guide.detector import SAME_FACE, overlap
from embroider_prep.picture import load

TABLE = Path(__file__).with_name("faces.csv")


def read_table() -> dict[str, list[tuple[str, Box]]]:
    """Return kind and box of each face by photo."""
    out: dict[str, list[tuple[str, Box]]] = defaultdict(list)
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            left, top, right, bottom = (float(row[side]) for side in ("left", "top", "right", "bottom"))
            out[row["photo"]].append((row["kind"], (left, top, right, bottom)))
    return out


def share(one: Box, two: Box) -> float:
    """Return the intersection of two boxes as a share of their union."""
    return float(overlap(np.array(one), np.array([two]))[0])


def main() -> None:
    """Print a line a photo that has faces or alarms, and the sums."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pattern", default="**/*.jpg", help="which files below the folder")
    given = parser.parse_args()
    table = read_table()
    there, found, alarms, cpu = Counter[str](), Counter[str](), Counter[str](), []
    for path in sorted(given.folder.glob(given.pattern)):
        rgb8 = load(path).rgb8
        start = time.process_time()
        faces = list(look(rgb8).faces)
        cpu.append(time.process_time() - start)
        drawn = table.get(path.stem, [])
        said = []
        for kind, box in drawn:
            best = max(faces, key=lambda face: share(face.box, box), default=None)
            hit = best is not None and share(best.box, box) >= SAME_FACE
            there[kind] += 1
            found[kind] += hit
            if hit:
                faces.remove(best)
            said.append(f"{kind} {best.score:.2f}" if hit else f"{kind} missed")
        where = "beside faces" if any(kind != "toy" for kind, _ in drawn) else "without a face"
        alarms[where] += len(faces)
        said += [f"alarm: {face.kind} {face.score:.2f} at {face.box[0]:.2f},{face.box[1]:.2f}" for face in faces]
        if said:
            print(f"{path.stem:20}{', '.join(said)}")
    for kind in there:
        print(f"{kind}: {found[kind]} of {there[kind]} found")
    print(f"alarms: {alarms['without a face']} in photos without a face, {alarms['beside faces']} in others")
    print(f"CPU seconds a photo: median {np.median(cpu):.2f}, at most {max(cpu):.2f}")


if __name__ == "__main__":
    main()
