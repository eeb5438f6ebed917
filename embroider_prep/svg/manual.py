"""Paths that are sewn point for point -> a plan: the stitches of one of ours, also after Inkscape has saved it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embroider_prep.design import Points, StitchPlan, Thread
from embroider_prep.errors import FormatError
from embroider_prep.plans import plan_of_runs
from embroider_prep.svg.read import Drawing, Item, is_on
from embroider_prep.svg.style import paint_of
from embroider_prep.svg.threads import Spools
from embroider_prep.units import UNITS_PER_MM

# Points that lie beside the machine's grid by one common shift have been moved; this much is rounding of the file.
ROUNDING_MM = 0.012

# Ends nearer to each other are one needle point.
SAME_MM = 0.005


def plan_of_stitches(drawing: Drawing, spools: Spools, items: Sequence[Item] | None = None) -> StitchPlan:
    """Return the stitches of a drawing's paths that are sewn point for point, in their order.

    A drawing that was moved as a whole keeps every stitch; one that was turned or scaled has its needle points on the
    nearest places of the grid.

    Raises
    ------
    FormatError
        When there are none.
    """
    pieces: list[tuple[int, Points, bool]] = []
    for item in drawing.items if items is None else items:
        paint = paint_of(item.style, "stroke")
        if not item.is_manual or paint is None or paint.rgb8 is None:
            continue
        thread = spools.number(paint.rgb8, item.ours("thread"))
        cut = is_on(item.stitch("trim_after"))
        for line in item.lines:
            xy = np.concatenate([line.xy, line.xy[:1]]) if line.closed else line.xy
            pieces.append((thread, xy, cut))
    if not pieces:
        raise FormatError("the drawing has no stitches", hint="its shapes are sewn with: embroider-prep digitize")
    shift = _shift(np.concatenate([xy for _, xy, _ in pieces]))
    each = [_shift(xy) if shift is None else shift for _, xy, _ in pieces]
    shifts = [off for off in each if off is not None]
    if len(shifts) < len(pieces):
        shifts = [np.zeros(2) for _ in pieces]
    runs: list[tuple[Thread, str, str, Points]] = []
    cut_before = False
    before: tuple[int, Points, Points] | None = None
    for (thread, xy, cut), off in zip(pieces, shifts, strict=True):
        units = np.rint((xy - off) * UNITS_PER_MM)
        if before is not None and before[0] == thread and np.abs(before[1] - xy[0]).max() < SAME_MM:
            # It goes on where the last one ended, also after rounding.
            units[0] = before[2]
        before = thread, xy[-1], units[-1]
        moves = np.append(True, (np.diff(units, axis=0) != 0).any(axis=1))
        runs.append((spools.threads[thread], "trim" if cut_before else "jump", "unknown", units[moves] / UNITS_PER_MM))
        cut_before = cut
    noted = drawing.noted.get("trim_above_mm", 1.0)
    wanted = float("inf") if noted is None else float(noted) if isinstance(noted, int | float) else 1.0
    return plan_of_runs(runs, spools.known, trim_above_mm=wanted)


def _shift(xy: Points) -> Points | None:
    """Return by how much all points lie beside the grid; None when not all by the same."""
    turn = np.exp(2j * np.pi * xy * UNITS_PER_MM).mean(axis=0)
    shift: Points = np.angle(turn) / (2 * np.pi * UNITS_PER_MM)
    rest = (xy - shift) * UNITS_PER_MM
    return shift if np.abs(rest - np.rint(rest)).max() / UNITS_PER_MM <= ROUNDING_MM else None
