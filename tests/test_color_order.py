"""Colours that may change places, and a plan in which one has moved."""

from __future__ import annotations

import numpy as np
import pytest

import embroider_prep as ep
from embroider_prep.color_order import allowed_swaps, color_blocks, move_color


def plan(*places: tuple[int, float]) -> ep.StitchPlan:
    """Return blocks of 5 mm, each of a thread and with its left end at a place."""
    threads = tuple(
        ep.Thread(brand="a", chart="a", code=str(number), name="", rgb8=(number, 0, 0)) for number in range(4)
    )
    line = np.array([[0.0, 0.0], [2.5, 0.0], [5.0, 0.0]])
    blocks = tuple(ep.StitchBlock(thread=thread, kind="running", xy_mm=line + np.array([x, 0])) for thread, x in places)
    return ep.StitchPlan(threads=threads, blocks=blocks)


def order(of: ep.StitchPlan) -> list[int]:
    return [group[0].thread for group in color_blocks(of)]


def test_colours_that_meet_nowhere_may_change_places() -> None:
    assert allowed_swaps(plan((0, 0), (1, 20), (2, 22), (3, 60))) == (True, False, True)
    assert allowed_swaps(plan()) == ()


def test_a_moved_colour_takes_its_stitches_along() -> None:
    before = plan((0, 0), (1, 20), (2, 40), (3, 60))
    after = move_color(before, 0, 2)
    assert order(after) == [1, 2, 0, 3]
    assert sorted(block.xy_mm[0, 0] for block in after.blocks) == [0, 20, 40, 60]
    assert order(move_color(after, 2, 0)) == [0, 1, 2, 3]
    assert after.stitch_count == before.stitch_count


def test_what_is_covered_stays_below() -> None:
    with pytest.raises(ep.PlanError, match="is sewn over"):
        move_color(plan((0, 0), (1, 2), (2, 40)), 0, 2)
    with pytest.raises(ep.PlanError, match="there are 1"):
        move_color(plan((0, 0)), 0, 1)


def test_two_blocks_of_one_thread_become_one() -> None:
    after = move_color(plan((0, 0), (1, 20), (0, 40)), 1, 2)
    assert order(after) == [0, 1]
    assert after.color_changes == 1


def test_objects_follow_their_blocks() -> None:
    picture = np.full((120, 240, 3), 255, np.uint8)
    picture[20:100, 20:100], picture[20:100, 140:220] = (200, 30, 30), (30, 30, 200)
    made = ep.convert(picture, width_mm=40.0, threads=2, fabric="white")
    assert allowed_swaps(made.plan) == (True,)
    after = move_color(made.plan, 0, 1)
    wanted = {
        (block.thread, block.xy_mm.tobytes()): made.plan.objects[block.object].shape for block in made.plan.blocks
    }
    for block in after.blocks:
        if block.object >= 0:
            assert after.objects[block.object].shape is wanted[block.thread, block.xy_mm.tobytes()]
