"""What stands on a work sheet, whatever it is printed on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embroider_prep.design import Finding, StitchPlan, Thread
from embroider_prep.hooping import HoopPart
from embroider_prep.machines import GENERIC, Hoop, Machine
from embroider_prep.options import PreviewOptions
from embroider_prep.plans import Came, needle_path
from embroider_prep.preview import MARGIN_MM, render
from embroider_prep.report import minutes_text
from embroider_prep.texts import clean_line
from embroider_prep.threads import chart_info, chart_title

PAPER_MM = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
MARGIN_PAPER_MM = 10.0
"""Printers leave 5 mm white or less; ten are safe."""

PICTURE_MM = (190.0, 150.0)
"""Room for the picture: the width of A4 within its margins, and a good half of Letter's height."""

PICTURE_PX_PER_MM = 10.0
JPEG_QUALITY = 90
"""Stitches are fine structure and hardly smaller as PNG; at this quality the eye sees no difference."""

CLOTH_MM = 1.0
"""Cloth left around the design in the picture."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One colour block in sewing order."""

    number: int
    thread: Thread
    stitches: int
    trims: int
    metres: float
    minutes: float


@dataclass(frozen=True, kw_only=True)
class Hooping:
    """What is sewn in one go: its colour blocks, and where the hoop's middle lies from the design's, mm."""

    title: str
    rows: tuple[Row, ...]
    center_mm: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """A work sheet: title, lines of facts, colour blocks by hooping, spools, picture, hoop, findings."""

    title: str
    facts: tuple[tuple[str, str], ...]
    hoopings: tuple[Hooping, ...]
    spools: tuple[tuple[Thread, float], ...]
    size_mm: tuple[float, float]
    picture_jpeg: bytes
    picture_mm: tuple[float, float]
    picture_scale: float
    hoop: Hoop | None
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The colour blocks of all hoopings."""
        return tuple(row for hooping in self.hoopings for row in hooping.rows)

    @property
    def hoop_caption(self) -> str:
        """What stands below the drawing of the hoop."""
        if len(self.hoopings) == 1:
            return f"Hoop {self.hoop}, the design centred."
        return f"Hoop {self.hoop}, {len(self.hoopings)} times."

    @property
    def hoop_view_mm(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of all hoops and the design, from the design's middle."""
        width, height = self.size_mm if self.hoop is None else (self.hoop.width_mm, self.hoop.height_mm)
        x, y = zip(*(hooping.center_mm for hooping in self.hoopings), strict=True)
        half_width, half_height = self.size_mm[0] / 2, self.size_mm[1] / 2
        return (
            min(min(x) - width / 2, -half_width),
            min(min(y) - height / 2, -half_height),
            max(max(x) + width / 2, half_width),
            max(max(y) + height / 2, half_height),
        )


def make_sheet(
    plan: StitchPlan,
    *,
    title: str = "Design",
    files: Sequence[str] = (),
    machine: Machine = GENERIC,
    hoop: Hoop | None = None,
    parts: Sequence[HoopPart] = (),
    findings: Sequence[Finding] = (),
    preview: PreviewOptions | None = None,
) -> Sheet:
    """Collect what a work sheet says about a plan; ``parts`` are its hoopings where it is divided."""
    # Names of files may hold anything at all.
    title, files = clean_line(title), [clean_line(name) for name in files]
    left, top, right, bottom = plan.bounds_mm
    middle = (left + right) / 2, (top + bottom) / 2
    hoopings = tuple(
        Hooping(
            title=files[index] if index < len(files) else f"Hooping {part.number} of {part.count}",
            rows=_rows(part.plan, machine),
            center_mm=(part.center_mm[0] - middle[0], part.center_mm[1] - middle[1]),
        )
        for index, part in enumerate(parts)
    ) or (Hooping(title=title, rows=_rows(plan, machine)),)
    metres_of: dict[Thread, float] = {}
    for row in (row for hooping in hoopings for row in hooping.rows):
        metres_of[row.thread] = metres_of.get(row.thread, 0.0) + row.metres
    picture, size = _picture(plan, preview or PreviewOptions())
    scale = min(1.0, PICTURE_MM[0] / size[0], PICTURE_MM[1] / size[1])
    return Sheet(
        title=title,
        facts=_facts(plan, files, machine, hoop, hoopings),
        hoopings=hoopings,
        spools=tuple(metres_of.items()),
        size_mm=plan.size_mm,
        picture_jpeg=picture,
        picture_mm=(size[0] * scale, size[1] * scale),
        picture_scale=scale,
        hoop=hoop,
        findings=tuple(findings),
    )


def _rows(plan: StitchPlan, machine: Machine) -> tuple[Row, ...]:
    """Return the colour blocks of what is sewn in one hooping."""
    path = needle_path(plan)
    step = np.where((path.came == Came.STITCH) | (path.came == Came.JUMP), path.step_mm, 0.0)
    rows = []
    for number, thread in enumerate(path.color_threads):
        here = path.color == number
        stitches, trims = int(here.sum()), int((path.came[here] == Came.TRIM).sum())
        rows.append(
            Row(
                number=number + 1,
                thread=plan.threads[thread],
                stitches=stitches,
                trims=trims,
                metres=float(step[here].sum()) / 1000,
                minutes=machine.minutes(stitches=stitches, color_changes=int(number > 0), trims=trims),
            )
        )
    return tuple(rows)


def _facts(
    plan: StitchPlan, files: Sequence[str], machine: Machine, hoop: Hoop | None, hoopings: Sequence[Hooping]
) -> tuple[tuple[str, str], ...]:
    width, height = plan.size_mm
    rows = [row for hooping in hoopings for row in hooping.rows]
    trims = sum(row.trims for row in rows)
    speed = f"{machine.speed_spm:g} stitches a minute"
    where = str(hoop) if hoop else "any that holds the design"
    facts = [
        ("File", files[0] if len(files) == 1 else f"{len(files)} files, one a hooping"),
        ("Size", f"{width:.1f} × {height:.1f} mm ({width / 25.4:.2f} × {height / 25.4:.2f} in)"),
        ("Stitches", f"{sum(row.stitches for row in rows):,}"),
        ("Colours", f"{len({row.thread for row in rows})} threads, {max(0, len(rows) - len(hoopings))} changes"),
        *(("Chart", text) for text in [_charts(rows)] if text),
        ("Trims", f"{trims}" + ("" if machine.trims or not trims else ", cut by hand")),
        ("Thread", f"{sum(row.metres for row in rows):.1f} m"),
        ("Run time", f"{minutes_text(sum(row.minutes for row in rows))} at {speed}"),
        ("Machine", machine.title),
        ("Hoop", where if len(hoopings) == 1 else f"{where}, {len(hoopings)} hoopings"),
    ]
    return tuple(facts if files else facts[1:])


def _charts(rows: Sequence[Row]) -> str:
    """Return the charts of all threads by name, and whether their colours on a screen are approximate."""
    names = dict.fromkeys(row.thread.chart for row in rows if row.thread.chart)
    titles = ", ".join(chart_title(name) for name in names)
    # Built-in values come from public lists; what somebody's own file says may have been measured.
    public = any(chart_info(name) is not None for name in names)
    return f"{titles}; colours on screen and paper are approximate" if public else titles


def _picture(plan: StitchPlan, options: PreviewOptions) -> tuple[bytes, tuple[float, float]]:
    """Return a JPEG with a rim of cloth, and its true size in mm."""
    from dataclasses import replace

    from PIL import Image

    width, height = plan.size_mm
    # A picture for paper: ten pixels a millimetre are 254 dpi; large designs get fewer.
    scale = min(PICTURE_PX_PER_MM, 2400 / max(width, height, 1.0))
    picture = render(plan, replace(options, preview_px_per_mm=max(1.0, scale), marks=False))
    cut = round((MARGIN_MM - CLOTH_MM) * scale)
    picture = picture[cut : picture.shape[0] - cut, cut : picture.shape[1] - cut]
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return out.getvalue(), (picture.shape[1] / scale, picture.shape[0] / scale)
