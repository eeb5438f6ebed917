"""Shapes -> `StitchPlan`: `arrange` decides order, directions and ways, `sew` makes the stitches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from embroider_prep.design import DetailLine, Guide, Region, StitchPlan, Thread
from embroider_prep.errors import PlanError
from embroider_prep.options import PlanOptions
from embroider_prep.planning.arrange import arrange
from embroider_prep.planning.ground import make_ground
from embroider_prep.planning.sew import sew

__all__ = ["make_plan"]


def make_plan(
    regions: Sequence[Region],
    lines: Sequence[DetailLine],
    threads: Sequence[Thread],
    *,
    guide: Guide,
    size_mm: tuple[float, float],
    options: PlanOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StitchPlan:
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
        When there is nothing to sew.
    """
    o = options or PlanOptions()
    if not regions and not lines:
        raise PlanError("plan: there is nothing to sew: no regions and no lines", hint="check --fabric and --background")
    width, height = size_mm
    ground = make_ground(regions, (-width / 2, -height / 2, width / 2, height / 2))
    arrangement = arrange(regions, lines, threads, ground, guide, o, progress)
    blocks = sew(arrangement, ground, o, progress)
    trim_above = float("inf") if o.no_trim else o.trim_above_mm
    return StitchPlan(
        threads=tuple(threads),
        objects=arrangement.objects,
        blocks=blocks,
        max_stitch_mm=o.max_stitch_mm,
        trim_above_mm=trim_above,
    )
