"""Shapes -> `StitchPlan`: `arrange` decides order, directions and ways, `sew` makes the stitches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from embroider_prep.design import DetailLine, Finding, Guide, Link, Region, StitchPlan, Thread
from embroider_prep.errors import PlanError
from embroider_prep.options import PlanOptions
from embroider_prep.planning.again import sew_objects
from embroider_prep.planning.arrange import arrange
from embroider_prep.planning.density import Layers, relieve
from embroider_prep.planning.finish import finish
from embroider_prep.planning.ground import make_ground
from embroider_prep.planning.sew import Sewn, sew

__all__ = ["Planned", "make_plan", "sew_objects"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """A plan, and what was left out of it: ``dropped_lines`` would each have cost a cut."""

    plan: StitchPlan
    dropped_lines: int
    findings: tuple[Finding, ...]


def make_plan(
    regions: Sequence[Region],
    lines: Sequence[DetailLine],
    threads: Sequence[Thread],
    *,
    guide: Guide,
    size_mm: tuple[float, float],
    options: PlanOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Planned:
    """Plan all stitches of a design.

    Parameters
    ----------
    regions, lines : sequences of Region and DetailLine
        Shapes in mm around the design's centre; regions must not overlap.
    threads : sequence of Thread
        What the shapes' ``thread`` indexes.
    guide : Guide
        Directions of the picture.
    size_mm : (width, height)
        The picture's frame: no needle point lies outside.
    options : PlanOptions
    progress : callable (done, total)

    Raises
    ------
    PlanError
        When there is nothing to sew, or a shape's thread does not exist.
    """
    o = options or PlanOptions()
    if not regions and not lines:
        raise PlanError(
            "plan: there is nothing to sew: no regions and no lines", hint="check --fabric and --background"
        )
    for thread in (*(region.thread for region in regions), *(line.thread for line in lines)):
        if not 0 <= thread < len(threads):
            raise PlanError(f"plan: thread {thread} does not exist; there are {len(threads)}")
    width, height = size_mm
    ground = make_ground(regions, (-width / 2, -height / 2, width / 2, height / 2))
    arrangement = arrange(regions, lines, threads, ground, guide, o, progress)
    known: dict[int, Sewn] = {}
    runs = sew(arrangement, ground, progress, known=known)
    # What stays crowded all the same, pre-flight reports, with the limit from which needles bend.
    raw = Layers.of_runs(runs)
    if crowded := raw.objects_in(raw.over(o.max_layers)):
        arrangement = replace(arrangement, objects=relieve(arrangement.objects, crowded))
        runs = sew(arrangement, ground, known=known)
    blocks = finish(runs, ground, o)
    trim_above = float("inf") if o.no_trim else o.trim_above_mm
    plan = StitchPlan(
        threads=tuple(threads),
        objects=arrangement.objects,
        blocks=blocks,
        max_stitch_mm=o.max_stitch_mm,
        trim_above_mm=trim_above,
    )
    return Planned(plan=plan, dropped_lines=arrangement.dropped, findings=_findings(plan, arrangement.dropped, o))


def _findings(plan: StitchPlan, dropped: int, options: PlanOptions) -> tuple[Finding, ...]:
    out = []
    if dropped:
        out.append(
            Finding(
                code="lines-left-out",
                severity="note",
                message=f"{dropped} detail lines are not sewn: each would have needed a trim",
                remedy="raise --max-breaks to keep them",
            )
        )
    if options.no_trim:
        jumps = [block for how, block in plan.links() if how is Link.JUMP]
        if jumps:
            x, y = jumps[0].xy_mm[0]
            out.append(
                Finding(
                    code="cut-by-hand",
                    severity="note",
                    message=f"{len(jumps)} threads lie loose between two locked ends: cut them by hand",
                    at_mm=(float(x), float(y)),
                    remedy="the preview marks them (--marks)",
                )
            )
    return tuple(out)
