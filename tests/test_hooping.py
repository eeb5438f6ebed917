from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from sample_plans import bouquet, noise, plan_of, rows, spiral, square
from strategies import plans

from embroider_prep.errors import FormatError
from embroider_prep.hooping import MARK_MM, fit, split_hoops
from embroider_prep.machines import Hoop, find_hoop
from embroider_prep.plans import Came, needle_path, turned, with_short_stitches
from embroider_prep.preflight import check

H100 = find_hoop("100x100")
H130 = find_hoop("130x180")


def test_fits_as_it_stands_turned_or_not_at_all() -> None:
    wide = plan_of([(0, rows(170, 100))])
    assert fit(square(), [H100]).plan.size_mm == square().size_mm
    result = fit(wide, [H100, H130])
    assert (result.hoop, result.rotated) == (H130, True)
    assert result.plan.size_mm == pytest.approx((100, 170), abs=0.11)
    with pytest.raises(FormatError, match=r"40\.0 mm too wide"):
        fit(wide, [H130], rotate=False)
    with pytest.raises(FormatError, match=r"the largest hoop 130x180 holds 130 x 180 mm: .* even when turned"):
        fit(plan_of([(0, rows(170, 150))]), [H100, H130])
    assert fit(wide, []).hoop is None


def test_margin_counts() -> None:
    hoop = Hoop(name="x", width_mm=100, height_mm=100, margin_mm=3)
    assert fit(plan_of([(0, rows(94, 94))]), [hoop]).hoop is hoop
    with pytest.raises(FormatError, match="holds 94 x 94 mm"):
        fit(plan_of([(0, rows(96, 20))]), [hoop])


def test_hint_names_a_hoop_that_holds_it() -> None:
    with pytest.raises(FormatError) as error:
        fit(plan_of([(0, rows(150, 120))]), [H100])
    assert "hoop 130x180 holds it" in error.value.hint
    with pytest.raises(FormatError) as error:
        fit(plan_of([(0, rows(900, 900, spacing=10))]), [H100])
    assert "--split-hoops" in error.value.hint


def test_turning_four_times_is_nothing() -> None:
    plan = bouquet()
    again = turned(turned(turned(turned(plan))))
    np.testing.assert_array_equal(needle_path(again).xy, needle_path(plan).xy)
    x, y = needle_path(turned(plan)).xy[7]
    a, b = needle_path(plan).xy[7]
    # Counter-clockwise as seen, with y down: what lies right comes up.
    assert (x, y) == (b, -a)


def test_turning_objects_turns_their_angle() -> None:
    from test_svg import plan_with_objects

    plan = plan_with_objects()
    other = turned(plan)
    assert other.objects[0].angle_deg == pytest.approx((37.5 + 90) % 180)
    assert other.objects[0].shape.polygon.area == pytest.approx(plan.objects[0].shape.polygon.area)
    np.testing.assert_allclose(other.objects[2].shape.xy_mm[1], (5, -10))


@settings(max_examples=60, deadline=None)
@given(plan=plans())
def test_divided_stitches_stay_below_the_limit_and_on_the_line(plan) -> None:
    short = with_short_stitches(plan, 3.0)
    path = needle_path(short)
    step = np.where(path.came == Came.STITCH, path.step_mm, 0)
    assert step.max() <= 3.0 + 1e-9
    assert set(map(tuple, needle_path(plan).xy)) <= set(map(tuple, path.xy))
    assert short.trims == plan.trims


# ------------------------------------------------------------------ several hoopings


def large():
    return plan_of(
        [(0, rows(250, 160, spacing=1.0)), (1, rows(80, 80, center=(20, 10), angle_deg=45)), (3, spiral(60))]
    )


@pytest.mark.parametrize("overlap", [0.0, 1.0, 5.0])
def test_parts_fit_and_together_are_the_design(overlap: float) -> None:
    plan = large()
    parts = split_hoops(plan, H100, overlap_mm=overlap)
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert len(parts) == 6
    # Count sewn length on a grid of 2 mm: away from the borders each cell is sewn as in the whole.
    whole = sewn_length(plan)
    summed = sum(sewn_length(part.plan, skip_marks=True) for part in parts)
    inner = np.ones_like(whole, bool)
    for part in parts:
        for edges, axis in ((part.box_mm[::2], 1), (part.box_mm[1::2], 0)):
            for edge in edges:
                index = int((edge + 200) // 2)
                inner[tuple(slice(max(0, index - 4), index + 5) if k == axis else slice(None) for k in (0, 1))] = False
    np.testing.assert_allclose(summed[inner], whole[inner], atol=0.6)
    assert summed.sum() >= whole.sum() * 0.999
    assert summed.sum() <= whole.sum() * (1.03 + overlap * 0.04)
    for part in parts:
        assert H100.holds(part.plan.size_mm)
        assert not [item for item in check(part.plan, None, hoop=H100) if item.severity == "error"]


def sewn_length(plan, *, skip_marks: bool = False) -> np.ndarray:
    path = needle_path(plan)
    keep = path.came == Came.STITCH
    if skip_marks:
        keep &= path.thread < len(plan.threads) - 1
    index = np.flatnonzero(keep)
    out = np.zeros((200, 200))
    for share in (np.arange(8) + 0.5) / 8:
        at = (path.xy[index - 1] * (1 - share) + path.xy[index] * share) / 10
        cell = ((at + 200) // 2).astype(int)
        np.add.at(out, (cell[:, 1], cell[:, 0]), path.step_mm[index] / 8)
    return out


def test_registration_marks_are_sewn_first_and_shared() -> None:
    parts = split_hoops(large(), H100)
    seen: dict[tuple[float, float], int] = {}
    for part in parts:
        assert len(part.marks_mm) >= 2
        first = part.plan.blocks[0]
        assert part.plan.threads[first.thread].name == "Registration marks"
        np.testing.assert_allclose(first.xy_mm.mean(axis=0), part.marks_mm[0], atol=0.8)
        assert np.ptp(first.xy_mm, axis=0) == pytest.approx((MARK_MM, MARK_MM))
        for mark in map(tuple, part.marks_mm.tolist()):
            seen[mark] = seen.get(mark, 0) + 1
    # Each cross is sewn in both hoopings that meet there.
    assert set(seen.values()) == {2}


def test_cut_runs_are_locked() -> None:
    plan = large()
    assert "no-lock" not in [item.code for item in check(plan)]
    for part in split_hoops(plan, H100):
        loose = [item for item in check(part.plan) if item.code == "no-lock"]
        # Only the crosses, which come out again, have no locks.
        assert not loose or int(loose[0].message.split()[0]) <= 2 * len(part.marks_mm)


def test_a_design_that_fits_is_one_part() -> None:
    (part,) = split_hoops(square(), H100)
    assert (part.count, len(part.marks_mm)) == (1, 0)


def test_noise_of_long_jumps_survives() -> None:
    for seed in range(3):
        parts = split_hoops(noise(seed, reach=120), H100)
        assert sum(part.plan.stitch_count for part in parts) >= noise(seed, reach=120).stitch_count
        assert all(H100.holds(part.plan.size_mm) for part in parts)


def test_hoop_too_small_to_divide() -> None:
    with pytest.raises(FormatError, match="too small to divide"):
        split_hoops(square(50), Hoop(name="tiny", width_mm=19, height_mm=40))
    with pytest.raises(FormatError, match="overlap"):
        split_hoops(square(150), H100, overlap_mm=9)
