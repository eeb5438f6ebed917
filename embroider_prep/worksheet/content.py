"""What stands on a work sheet, whatever it is printed on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embroider_prep.design import Finding, StitchPlan, Thread
from embroider_prep.machines import GENERIC, Hoop, Machine
from embroider_prep.options import PreviewOptions
from embroider_prep.plans import Came, needle_path
from embroider_prep.preview import MARGIN_MM, render
from embroider_prep.report import minutes_text

PAPER_MM = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
MARGIN_PAPER_MM = 10.0
"""Printers leave 5 mm white or less; ten are safe."""

PICTURE_MM = (190.0, 150.0)
"""Room for the picture: the width of A4 within its margins, and a good half of Letter's height."""

PICTURE_PX_PER_MM = 10.0
CLOTH_MM = 1.0
"""Cloth left around the design in the picture."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One colour block in sewing order."""

    number: int
    thread: Thread
    stitches: int
    metres: float
    minutes: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """A work sheet: title, lines of facts, colour blocks, spools, picture, hoop, findings."""

    title: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    spools: tuple[tuple[Thread, float], ...]
    size_mm: tuple[float, float]
    picture_png: bytes
    picture_mm: tuple[float, float]
    picture_scale: float
    hoop: Hoop | None
    bounds_mm: tuple[float, float, float, float]
    findings: tuple[Finding, ...]


def make_sheet(
    plan: StitchPlan,
    *,
    title: str = "Design",
    machine: Machine = GENERIC,
    hoop: Hoop | None = None,
    findings: Sequence[Finding] = (),
    preview: PreviewOptions | None = None,
) -> Sheet:
    """Collect what a work sheet says about a plan."""
    path = needle_path(plan)
    rows = []
    step = np.where((path.came == Came.STITCH) | (path.came == Came.JUMP), path.step_mm, 0.0)
    for number, thread in enumerate(path.color_threads):
        here = path.color == number
        stitches, trims = int(here.sum()), int((path.came[here] == Came.TRIM).sum())
        minutes = machine.minutes(stitches=stitches, color_changes=int(number > 0), trims=trims)
        metres = float(step[here].sum()) / 1000
        rows.append(
            Row(number=number + 1, thread=plan.threads[thread], stitches=stitches, metres=metres, minutes=minutes)
        )
    metres_of: dict[Thread, float] = {}
    for row in rows:
        metres_of[row.thread] = metres_of.get(row.thread, 0.0) + row.metres
    picture, size = _picture(plan, preview or PreviewOptions())
    scale = min(1.0, PICTURE_MM[0] / size[0], PICTURE_MM[1] / size[1])
    return Sheet(
        title=title,
        facts=_facts(plan, machine, hoop, rows, trims=int((path.came == Came.TRIM).sum())),
        rows=tuple(rows),
        spools=tuple(metres_of.items()),
        size_mm=plan.size_mm,
        picture_png=picture,
        picture_mm=(size[0] * scale, size[1] * scale),
        picture_scale=scale,
        hoop=hoop,
        bounds_mm=plan.bounds_mm,
        findings=tuple(findings),
    )


def _facts(
    plan: StitchPlan, machine: Machine, hoop: Hoop | None, rows: Sequence[Row], *, trims: int
) -> tuple[tuple[str, str], ...]:
    width, height = plan.size_mm
    changes = max(0, len(rows) - 1)
    total = machine.minutes(stitches=sum(row.stitches for row in rows), color_changes=changes, trims=trims)
    speed = f"{machine.speed_spm:g} stitches a minute"
    return (
        ("Size", f"{width:.1f} × {height:.1f} mm ({width / 25.4:.2f} × {height / 25.4:.2f} in)"),
        ("Stitches", f"{sum(row.stitches for row in rows):,}"),
        ("Colours", f"{len({row.thread for row in rows})} threads, {changes} changes"),
        ("Trims", f"{trims}" + ("" if machine.trims or not trims else ", cut by hand")),
        ("Thread", f"{sum(row.metres for row in rows):.1f} m"),
        ("Run time", f"{minutes_text(total)} at {speed}"),
        ("Machine", machine.title),
        ("Hoop", str(hoop) if hoop else "any that holds the design"),
    )


def _picture(plan: StitchPlan, options: PreviewOptions) -> tuple[bytes, tuple[float, float]]:
    """Return a PNG with a rim of cloth, and its true size in mm."""
    from dataclasses import replace

    from PIL import Image

    width, height = plan.size_mm
    # A picture for paper: ten pixels a millimetre are 254 dpi; large designs get fewer.
    scale = min(PICTURE_PX_PER_MM, 2400 / max(width, height, 1.0))
    picture = render(plan, replace(options, preview_px_per_mm=max(1.0, scale), marks=False))
    cut = round((MARGIN_MM - CLOTH_MM) * scale)
    picture = picture[cut : picture.shape[0] - cut, cut : picture.shape[1] - cut]
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue(), (picture.shape[1] / scale, picture.shape[0] / scale)
