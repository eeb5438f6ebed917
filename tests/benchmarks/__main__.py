"""Time, memory, likeness and sewability of conversions: ``python -m tests.benchmarks [--quick] [--write]``.

Each photo that comes with scikit-image and two drawn pictures, as they are and in each look and style, is converted in
a process of its own. The table is shown beside the last one, with what moved; ``--write`` keeps it in
``history.csv`` and in ``docs/benchmarks.md``. ``--quick`` takes one photo, 40 mm wide. The other files of this folder
measure single rooms, each with its own command.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
HISTORY = HERE / "history.csv"
PAGE = HERE.parent.parent / "docs" / "benchmarks.md"

PHOTOS = ("sample:chelsea", "sample:astronaut", "sample:coffee")
WAYS = {
    "as it is": {},
    "8 threads": {"threads": 8},
    "drawn": {"style": "drawn"},
    "painting": {"look": "painting"},
    "illustration": {"style": "illustration"},
    "recipe:contour": {"style": "recipe:contour", "threads": 3},
}
DRAWN_WAYS = ("as it is",)

COLUMNS = {
    "cpu_s": ("CPU s", 0.15),
    "peak_mb": ("peak MB", 0.1),
    "delta_e": ("ΔE", 0.02),
    "stitches": ("stitches", 0.03),
    "breaks": ("breaks per 1,000", 0.1),
    "changes": ("colour changes", 0.05),
    "short": ("under 1 mm, %", 0.1),
    "minutes": ("minutes", 0.05),
}
"""Each number with its heading, and the share from which it has moved: below that it is noise."""


def draw(folder: Path) -> dict[str, str]:
    """Draw what no photo is: flat areas with hard borders, and thin lines on bare ground."""
    from PIL import Image, ImageDraw

    areas = Image.new("RGB", (600, 400), (240, 235, 225))
    pen = ImageDraw.Draw(areas)
    pen.ellipse((60, 60, 320, 320), fill=(200, 30, 40))
    pen.polygon([(300, 380), (440, 60), (580, 380)], fill=(30, 70, 150))
    pen.rectangle((0, 340, 600, 400), fill=(40, 120, 60))
    lines = Image.new("RGB", (600, 400), "white")
    pen = ImageDraw.Draw(lines)
    for step in range(6):
        pen.arc((40 + 30 * step, 40 + 20 * step, 560 - 30 * step, 360 - 20 * step), 0, 300, fill="black", width=4)
    out = {"drawn areas": areas, "drawn lines": lines}
    for name, picture in out.items():
        picture.save(folder / f"{name.replace(' ', '-')}.png")
    return {name: str(folder / f"{name.replace(' ', '-')}.png") for name in out}


MEASURE = """
import json, sys, time
import numpy as np
import embroider_prep as ep
from training.memory import peak_bytes
source, values = sys.argv[1], json.loads(sys.argv[2])
start = time.process_time()
made = ep.convert(source, **values)
seconds = time.process_time() - start
plan, numbers = made.plan, made.report.plan
steps = np.concatenate([np.hypot(*np.diff(block.xy_mm, axis=0).T) for block in plan.blocks])
print(json.dumps({
    "cpu_s": round(seconds, 1), "peak_mb": round(peak_bytes() / 1e6),
    "delta_e": made.report.likeness.get("delta_e_mean", ""), "stitches": numbers["stitches"],
    "breaks": round(1000 * (numbers["trims"] + numbers["jumps"]) / numbers["stitches"], 2),
    "changes": numbers["color_changes"], "short": round(100 * float((steps < 0.999).mean()), 1),
    "minutes": numbers["minutes"],
}))
"""


def measure(source: str, values: dict[str, object]) -> dict[str, object]:
    """Return the numbers of one conversion, made in a process that has done nothing else."""
    words = [sys.executable, "-c", MEASURE, source, json.dumps(values)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=HERE.parent.parent, check=False)
    if done.returncode:
        raise SystemExit(f"{source} {values}\n{done.stderr}")
    numbers: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def last(version: str | None = None) -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows that were written last, or for a version, by picture and way."""
    if not HISTORY.is_file():
        return {}
    with HISTORY.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if version in (None, row["version"])]
    return {(row["picture"], row["way"]): row for row in rows}


def moved(row: dict[str, object], before: dict[str, str] | None) -> list[str]:
    """Return what moved against the last table by more than noise."""
    out = []
    for name, (title, share) in COLUMNS.items():
        old, new = (before or {}).get(name, ""), row[name]
        if old in ("", None) or new == "":
            continue
        if abs(float(str(new)) - float(old)) > share * max(abs(float(old)), 1e-9):
            out.append(f"{title} {old} -> {new}")
    return out


def page(rows: list[dict[str, object]]) -> str:
    """Return the page of the documentation: the newest table, and what the releases before had."""
    text = PAGE.read_text(encoding="utf-8").split("\n## ")[0].rstrip() + "\n"
    heads = ["picture", "way", *(title for title, _ in COLUMNS.values())]
    for version in dict.fromkeys(str(row["version"]) for row in reversed(rows)):
        text += f"\n## {version}\n\n| " + " | ".join(heads) + " |\n" + "|---" * 2 + "|---:" * len(COLUMNS) + "|\n"
        for row in rows:
            if row["version"] == version:
                cells = [str(row[name]) for name in ("picture", "way", *COLUMNS)]
                text += "| " + " | ".join(cells) + " |\n"
    return text


def main() -> None:
    """Measure, compare, show, and keep the table when asked."""
    from embroider_prep import __version__

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one photo, 40 mm wide")
    parser.add_argument("--write", action="store_true", help="keep the table")
    asked = parser.parse_args()
    rows: list[dict[str, object]] = []
    before = last()
    with tempfile.TemporaryDirectory() as folder:
        sources = {name.removeprefix("sample:"): name for name in PHOTOS[: 1 if asked.quick else None]}
        drawn = {} if asked.quick else draw(Path(folder))
        for name, source in (sources | drawn).items():
            for way in DRAWN_WAYS if name in drawn else WAYS:
                values = {"width_mm": 40 if asked.quick else 100, **WAYS[way]}
                row = {"version": __version__, "picture": name, "way": way, **measure(source, values)}
                rows.append(row)
                now = "  ".join(f"{title} {row[key]}" for key, (title, _) in COLUMNS.items())
                changed = [] if asked.quick else moved(row, before.get((name, way)))
                print(f"{name}, {way}: {now}" + (f"\n    moved: {'; '.join(changed)}" if changed else ""), flush=True)
    if asked.write and not asked.quick:
        kept = []
        if HISTORY.is_file():
            with HISTORY.open(encoding="utf-8", newline="") as file:
                kept = [row for row in csv.DictReader(file) if row["version"] != __version__]
        rows = [*kept, *rows]
        with HISTORY.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["version", "picture", "way", *COLUMNS], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        PAGE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
