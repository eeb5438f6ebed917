"""Objects sewn again: the same give the same stitches, changed ones those that they ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planning_checks import covered, grid, lengths, locked, same
from sample_plans import THREADS
from shapely import Point, affinity, box

import embroider_prep as ep
from embroider_prep.design import DetailLine, Region, SewObject, StitchPlan
from embroider_prep.errors import OptionsError, PlanError
from embroider_prep.plans import moved, turned


def check_plan(plan: StitchPlan) -> None:
    grid(plan)
    lengths(plan, 7.0)
    locked(plan)
    covered(plan, share=0.03, gap_mm=1.3)


@pytest.fixture(scope="module")
def cat() -> StitchPlan:
    return ep.convert("sample:chelsea", width_mm=45, threads=6).plan


@pytest.mark.parametrize("values", [{"fill": "flow"}, {"fill": "contour", "stagger": 3}, {"no_trim": True}], ids=str)
def test_the_objects_of_a_plan_give_its_stitches(values) -> None:
    plan = ep.convert("sample:chelsea", width_mm=45, threads=5, **values).plan
    given = {name: value for name, value in values.items() if name == "no_trim"}
    again = ep.sew_objects(plan.objects, plan.threads, **given)
    same(plan, again)
    assert again.trim_above_mm == plan.trim_above_mm


def test_a_saved_plan_gives_its_stitches(cat: StitchPlan, tmp_path) -> None:
    ep.write(cat, tmp_path / "cat.json")
    back = ep.read(tmp_path / "cat.json")
    same(cat, ep.sew_objects(back.objects, back.threads))


def test_removed_and_reordered_objects_are_sewn_as_they_stand(cat: StitchPlan) -> None:
    without = ep.sew_objects(cat.objects[:3] + cat.objects[4:], cat.threads)
    check_plan(without)
    assert len(without.objects) == len(cat.objects) - 1
    order = sorted(cat.objects, key=lambda item: -item.thread)
    back = ep.sew_objects(order, cat.threads)
    check_plan(back)
    used = [block.thread for block in back.blocks]
    assert used == sorted(used, reverse=True)


def test_ways_that_nobody_knows_are_found(cat: StitchPlan) -> None:
    again = ep.sew_objects([replace(item, travel_mm=None) for item in cat.objects], cat.threads)
    assert again.trims <= cat.trims + 2


def test_a_changed_object_is_sewn_as_it_says(cat: StitchPlan) -> None:
    number = max(range(len(cat.objects)), key=lambda i: getattr(cat.objects[i].shape, "area_mm2", 0.0))
    old = cat.objects[number]
    new = replace(old, angle_deg=(old.angle_deg + 90) % 180, row_spacing_mm=0.6, underlay=(), pull_mm=0.0)
    objects = [*cat.objects[:number], new, *cat.objects[number + 1 :]]
    plan = ep.sew_objects(objects, cat.threads)
    assert main_angle(plan, number) == pytest.approx(new.angle_deg, abs=10)
    assert main_angle(cat, number) == pytest.approx(old.angle_deg, abs=10)
    count = [sum(len(b.xy_mm) for b in p.blocks if b.object == number and b.kind == "fill") for p in (cat, plan)]
    assert count[1] < 0.85 * count[0]


def main_angle(plan: StitchPlan, number: int) -> float:
    steps = np.concatenate([np.diff(b.xy_mm, axis=0) for b in plan.blocks if b.object == number and b.kind == "fill"])
    length = np.hypot(*steps.T)
    turn = 2 * np.arctan2(-steps[:, 1], steps[:, 0])
    return float(np.degrees(np.arctan2((length * np.sin(turn)).sum(), (length * np.cos(turn)).sum())) / 2 % 180)


def test_a_moved_and_turned_plan_can_be_sewn_again(cat: StitchPlan) -> None:
    for plan in (moved(cat, right_mm=7.3, down_mm=-2.0), turned(cat)):
        again = ep.sew_objects(plan.objects, plan.threads)
        check_plan(again)
        assert again.stitch_count == pytest.approx(cat.stitch_count, rel=0.03)
        assert np.allclose(again.bounds_mm, plan.bounds_mm, atol=0.25)


def square(thread: int, left: float, top: float, side: float, **more) -> SewObject:
    return SewObject(shape=Region(thread=thread, polygon=box(left, top, left + side, top + side)), kind="fill", **more)


def test_the_later_of_two_that_overlap_lies_on_top() -> None:
    plan = ep.sew_objects([square(0, -10, -10, 20), square(1, -3, -3, 6)], THREADS[:2])
    below = np.concatenate([block.xy_mm for block in plan.blocks if block.thread == 0 and block.kind == "fill"])
    assert not (np.abs(below) < 2.4).all(axis=1).any()
    assert plan.objects[0].shape.polygon.area == pytest.approx(400 - 36)
    # Wide rows cover nothing: a mixture of two threads.
    mixed = ep.sew_objects(
        [square(0, -5, -5, 10, row_spacing_mm=1.0), square(1, -5, -5, 10, row_spacing_mm=1.0)], THREADS
    )
    assert {block.thread for block in mixed.blocks} == {0, 1}
    assert [item.shape.polygon.area for item in mixed.objects] == [100, 100]


def test_what_covers_another_in_two_leaves_both_parts() -> None:
    bar = SewObject(shape=Region(thread=1, polygon=box(-2, -12, 2, 12)), kind="fill")
    plan = ep.sew_objects([square(0, -10, -10, 20), bar], THREADS[:2])
    assert [item.thread for item in plan.objects] == [0, 0, 1]
    # The way between them lies below the bar.
    assert plan.trims == 0


def test_shapes_by_hand() -> None:
    ring = Region(thread=0, polygon=Point(0, 0).buffer(8).difference(Point(0, 0).buffer(4)))
    line = DetailLine(thread=1, xy_mm=np.array([[-10, 0], [10, 0]]), width_mm=2)
    objects = [SewObject(shape=ring, kind="fill"), SewObject(shape=line, kind="satin", pull_mm=0.2)]
    plan = ep.sew_objects(objects, THREADS[:2])
    check_plan(plan)
    left, top, right, bottom = plan.bounds_mm
    assert (left, right) == (pytest.approx(-10, abs=0.2), pytest.approx(10, abs=0.2))
    assert (top, bottom) == (pytest.approx(-8, abs=0.3), pytest.approx(8, abs=0.3))
    far = [replace(objects[0], shape=Region(thread=0, polygon=affinity.translate(ring.polygon, 300, 40)))]
    assert ep.sew_objects(far, THREADS[:1]).bounds_mm[0] == pytest.approx(292, abs=0.3)


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(PlanError, match="nothing to sew"):
        ep.sew_objects([], THREADS)
    with pytest.raises(PlanError, match="thread 7 does not exist"):
        ep.sew_objects([square(7, 0, 0, 5)], THREADS)
    with pytest.raises(OptionsError, match="'trim' is unknown"):
        ep.sew_objects([square(0, 0, 0, 5)], THREADS, trim=2)
