"""From what a file says back to a stitch plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, get_args

import numpy as np

from embroider_prep.decoders import Decoded, standin_thread
from embroider_prep.design import BlockKind, Points, StitchBlock, StitchPlan, Thread
from embroider_prep.plans import Came
from embroider_prep.units import UNITS_PER_MM

_KINDS = get_args(BlockKind)


def plan_of_decoded(decoded: Decoded, side_threads: Sequence[Thread] = ()) -> StitchPlan:
    """Return the plan that a decoded file describes.

    Parameters
    ----------
    decoded : Decoded
        At least one stitch.
    side_threads : sequence of Thread
        Colours from a list beside the file, one a colour block, for formats without any.

    Notes
    -----
    Files do not say what kind of stitches they hold: all are ``unknown``. A thread that follows itself (a stop) makes
    no colour change in a plan.
    """
    known = decoded.threads if any(decoded.threads) else tuple(side_threads)
    count = int(decoded.color.max()) + 1
    needles = decoded.header.get("needles", ())
    # A needle that comes again has one stand-in, where the file names it for each block.
    number = list(dict.fromkeys(needles)) if len(needles) >= count else []
    of_block = [
        (known[index] if index < len(known) else None)
        or standin_thread(number.index(needles[index]) if number else index)
        for index in range(count)
    ]
    starts = np.flatnonzero(decoded.came != Came.STITCH)
    runs = [
        (
            of_block[int(decoded.color[start])],
            Came(int(decoded.came[start])).name.lower(),
            "unknown",
            decoded.xy[start:stop] / UNITS_PER_MM,
        )
        for start, stop in zip(starts, [*starts[1:], len(decoded.xy)], strict=True)
    ]
    return plan_of_runs(runs)


def plan_of_runs(runs: Sequence[tuple[Thread, str, str, Any]]) -> StitchPlan:
    """Return a plan of runs (thread, how it is reached, kind, points in mm); it promises what they hold."""
    threads: dict[Thread, int] = {}
    blocks: list[StitchBlock] = []
    gaps: list[tuple[float, bool]] = []
    shortest, longest = np.inf, 0.0
    for thread, came, kind, xy in runs:
        number = threads.setdefault(thread, len(threads))
        points: Points = np.rint(np.asarray(xy, np.float64).reshape(-1, 2) * UNITS_PER_MM) / UNITS_PER_MM
        if blocks and came in ("jump", "trim") and blocks[-1].thread == number:
            gaps.append((float(np.hypot(*(points[0] - blocks[-1].xy_mm[-1]))), came == "trim"))
        known = cast(BlockKind, kind if kind in _KINDS else "unknown")
        blocks.append(StitchBlock(thread=number, kind=known, xy_mm=points))
        if len(points) > 1:
            step = np.hypot(*np.diff(points, axis=0).T)
            shortest, longest = min(shortest, float(step.min())), max(longest, float(step.max()))
    return StitchPlan(
        threads=tuple(threads),
        blocks=tuple(blocks),
        max_stitch_mm=longest if longest else 7.0,
        min_stitch_mm=float(shortest) if np.isfinite(shortest) else 0.0,
        trim_above_mm=_trim_above(gaps),
    )


def _trim_above(gaps: Sequence[tuple[float, bool]]) -> float:
    """Return the length above which a gap is a trim that agrees with most jumps and trims of a file.

    A plan decides by length; a file may cut short gaps and leave long ones, and then a few come out wrong.
    """
    if not gaps:
        return 1.0
    length, trimmed = np.array(sorted(gaps)).T
    # Wrong ones when the first k gaps are jumps: trims among them and jumps behind them.
    wrong = np.concatenate([[0], np.cumsum(trimmed)]) + np.concatenate([np.cumsum(1 - trimmed[::-1])[::-1], [0]])
    # Gaps of one length cannot be told apart.
    apart = np.concatenate([[True], np.diff(length) > 1e-9, [True]])
    best = int(np.argmin(np.where(apart, wrong, np.inf)))
    if best == 0:
        return float(max(0.0, length[0] - 0.5 / UNITS_PER_MM))
    if best == len(length):
        return float(length[-1] + 0.5 / UNITS_PER_MM)
    return float((length[best - 1] + length[best]) / 2)
