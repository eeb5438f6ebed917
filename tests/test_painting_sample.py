"""The sewn sample of mixed rows, the exponent that is read from it, and what the exponent does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_runs import Runner

import embroider_prep as ep
from embroider_prep.painting.sample import GAP_MM, PAIRS, SIDE_MM, fit_mix_exponent, mixing_sample, powered


def test_the_sample_has_all_patches_in_their_threads() -> None:
    plan = mixing_sample(ep.load_chart("isacord"))
    assert plan.size_mm == pytest.approx((SIDE_MM, SIDE_MM), abs=1.0)
    assert len(set(plan.threads)) == 2 * len(PAIRS)
    assert plan.color_changes == 3 * len(PAIRS) - 1
    steps = np.concatenate([np.hypot(*np.diff(block.xy_mm, axis=0).T) for block in plan.blocks])
    assert steps.min() >= 0.3 - 1e-6
    assert steps.max() <= 7.0 + 1e-6
    # Patches of 1:3, 1:1 and 3:1 of the first pair, level rows 0.4 mm apart: length of each thread in them.
    wide, high = SIDE_MM / 15, SIDE_MM / 12
    top = 4 * high - SIDE_MM / 2
    for column, share in enumerate((0.25, 0.5, 0.75)):
        left = column * wide - SIDE_MM / 2
        rows = [0, 0]
        for block in plan.blocks:
            if block.thread > 1 or block.kind != "fill":
                continue
            middle = (block.xy_mm[1:] + block.xy_mm[:-1]) / 2
            level = np.abs(np.diff(block.xy_mm[:, 1])) < 0.05
            long = np.abs(np.diff(block.xy_mm[:, 0])) > 2.8
            here = (
                (middle[:, 0] > left)
                & (middle[:, 0] < left + wide)
                & (middle[:, 1] > top)
                & (middle[:, 1] < top + high)
            )
            rows[block.thread] += int((level & long & here).sum())
        assert sum(rows) == pytest.approx((high - GAP_MM) / 0.4, abs=1.5)
        assert rows[0] / sum(rows) == pytest.approx(share, abs=0.1)


def test_a_chart_that_is_too_small_says_so() -> None:
    with pytest.raises(ep.OptionsError, match="takes 10"):
        mixing_sample(ep.load_chart("isacord")[:9])


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.4, 2.0])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_the_exponent_is_found_again(exponent: float, share: float) -> None:
    from embroider_prep.color import linear_from_srgb, srgb_from_linear

    one, two = (30, 30, 30), (240, 240, 240)
    light = linear_from_srgb(np.array([[one, two]], np.uint8))[0, :, 0].astype(float)
    mixed = (share * light[0] ** (1 / exponent) + (1 - share) * light[1] ** (1 / exponent)) ** exponent
    code = int(srgb_from_linear(np.full((1, 1, 3), mixed, np.float32))[0, 0, 0])
    assert fit_mix_exponent(one, two, (code,) * 3, share=share) == pytest.approx(exponent, abs=0.04)


def test_what_cannot_be_a_mixture_is_refused() -> None:
    with pytest.raises(ep.OptionsError, match="no exponent"):
        fit_mix_exponent((30, 30, 30), (240, 240, 240), (250, 250, 250))
    with pytest.raises(ep.OptionsError, match="too much alike"):
        fit_mix_exponent((30, 30, 30), (35, 35, 35), (32, 32, 32))


def test_mixed_rows_are_darker_with_a_higher_exponent() -> None:
    grey = np.full((4, 4, 3), 128, np.uint8)
    assert powered(grey, 1.0) is grey
    # In the space in which they mix, the middle of black and white stands for a darker grey.
    assert powered(grey, 1.5)[0, 0, 0] > 150
    assert powered(np.array([[[0, 255, 0]]], np.uint8), 1.5).tolist() == [[[0, 255, 0]]]
    ramp = np.linspace(60, 200, 90).astype(np.uint8)[None, :, None].repeat(90, 0).repeat(3, 2)
    values = {"look": "painting", "width_mm": 20, "threads": 2, "draft": True, "features": False}
    made = [ep.convert(ramp, **values, mix_exponent=exponent) for exponent in (1.0, 2.0)]
    again = ep.convert(ramp, **values)
    assert len(again.plan.blocks) == len(made[0].plan.blocks)

    def light_share(one: ep.Conversion) -> float:
        lights = [sum(thread.rgb8) for thread in one.plan.threads]
        length = one.plan.thread_length_mm
        return length[int(np.argmax(lights))] / sum(length)

    if {thread.code for thread in made[0].plan.threads} == {thread.code for thread in made[1].plan.threads}:
        assert light_share(made[1]) > light_share(made[0])


def test_command_line(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    cli = Runner(capfdbinary)
    ran = cli("sample", "mixing", "-o", tmp_path / "ramps.pes", "--json")
    assert ran.code == 0, ran.err
    data = json.loads(ran.out)
    assert len(data["pairs"]) == 5
    assert Path(data["files"][0]).stat().st_size > 5000
    assert cli("sample", "mixing", "-o", tmp_path / "ramps.pes").code == 1
    said = cli("sample", "exponent", "#1e1e1e", "#f0f0f0", "#b2b2b2")
    assert said.code == 0, said.err
    assert said.text.startswith("--mix-exponent ")
    assert cli("sample", "exponent", "#1e1e1e", "#f0f0f0", "#b2b2b2", "--share", "2").code == 2
