"""Hypothesis strategies for stitch plans."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from sample_plans import THREADS, noise

from embroider_prep.design import StitchBlock, StitchPlan


@st.composite
def plans(draw: st.DrawFn, *, max_threads: int = 6) -> StitchPlan:
    """Return any plan that a stitch file can hold: short and long stitches, jumps, trims, changes, single points."""
    count = draw(st.integers(1, 12))
    at = np.zeros(2, int)
    blocks = []
    for _ in range(count):
        at = at + draw(st.sampled_from([(0, 0), (4, -3), (0, 9), (30, 0), (-250, 120), (700, -900), (1, 1)]))
        moves = draw(st.lists(st.tuples(st.integers(-85, 85), st.integers(-85, 85)), min_size=0, max_size=12))
        points = np.cumsum(np.array([at, *moves]), axis=0)
        at = points[-1]
        blocks.append(StitchBlock(thread=draw(st.integers(0, max_threads - 1)), kind="running", xy_mm=points / 10))
    return StitchPlan(
        threads=THREADS[:max_threads],
        blocks=tuple(blocks),
        min_stitch_mm=0,
        max_stitch_mm=12.1,
        trim_above_mm=draw(st.sampled_from([0.0, 0.5, 1.0, 30.0])),
    )


__all__ = ["noise", "plans"]
