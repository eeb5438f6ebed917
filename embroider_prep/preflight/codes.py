"""The codes of findings: stable, so that scripts may rely on them, each with its severity and meaning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embroider_prep.design import Finding, Severity
from embroider_prep.units import UNITS_PER_MM

CODES: dict[str, tuple[Severity, str]] = {
    "no-stitches": ("error", "the plan sews nothing"),
    "color-blocks": ("error", "more colour blocks than the format can count"),
    "threads": ("error", "more threads than the file has room for"),
    "too-large": ("error", "the design is larger than the hoop"),
    "too-many-stitches": ("error", "more stitches than the machine's memory takes"),
    "color-table": ("warning", "more colour blocks than the format's table shows on old machines"),
    "machine-format": ("warning", "the machine does not read this format"),
    "divided-stitch": ("warning", "stitches over the format's or machine's limit; they are divided when written"),
    "long-stitch": ("warning", "stitches over 7 mm, which snag"),
    "short-stitch": ("warning", "many stitches under 0.3 mm, which nest"),
    "density": ("warning", "too many layers of thread in one place"),
    "no-lock": ("warning", "runs that start or end without lock stitches and can come loose"),
    "single-stitch": ("warning", "runs of one needle point, which hold no thread"),
    "long-jump": ("warning", "uncut jumps that leave loops"),
    "jef-hoop": ("warning", "no hoop of the JEF table holds the design"),
    "pes-version": ("warning", "the machine does not list PES files of this version"),
    "divided-run": ("note", "a run too long for one section; it is divided when written"),
    "hand-trims": ("note", "trims that the machine leaves to the scissors"),
    "cut-jumps": ("note", "jumps so long that machines take them for trims in this format"),
    "needles": ("note", "more threads than needles"),
    "display-colors": ("note", "more colours than the machine's screen tells apart"),
    "screen-colors": ("note", "the machine's screen shows clearly other colours than the threads"),
    "colors-lost": ("note", "the format does not keep the thread colours"),
    "name-changed": ("note", "the design name does not fit the format as it is"),
    "off-center": ("note", "the design is not centred on the origin; it is when written"),
    "unused-thread": ("note", "threads that sew nothing"),
    "wrong-suffix": ("warning", "the content of a file is another format than its name says"),
    "stand-ins": ("note", "a file without colours is shown in stand-ins"),
    "no-end-mark": ("warning", "a file without an end mark whose header counts the stitches that are there"),
    "cut-file": ("warning", "a file that breaks off; shown is what there is"),
    "left-over": ("note", "bytes behind the end of a design, or missing there"),
    "header-count": ("warning", "the header counts other stitches than the file holds"),
    "side-list": ("note", "a colour list beside a file that cannot be read"),
    "rotated": ("note", "the design was turned by 90 degrees to fit the hoop"),
    "split": ("note", "the design was divided into several hoopings"),
}
"""Every code with its severity and meaning. ``rotated`` and ``split`` come from the writer, those
from ``wrong-suffix`` on, but these two, from looking into somebody's file."""


def finding(
    code: str, message: str, remedy: str, at: npt.NDArray[np.int64] | None = None, severity: Severity | None = None
) -> Finding:
    """Return a finding with the severity of its code; ``at`` is a needle point in machine units."""
    place = None if at is None else (float(at[0]) / UNITS_PER_MM, float(at[1]) / UNITS_PER_MM)
    return Finding(code=code, severity=severity or CODES[code][0], message=message, at_mm=place, remedy=remedy)
