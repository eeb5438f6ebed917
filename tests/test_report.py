from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sample_plans import bouquet, noise, plan_of, rows, square

from embroider_prep.design import Finding, StitchPlan
from embroider_prep.machines import find_machine
from embroider_prep.plans import needle_path
from embroider_prep.preflight import check
from embroider_prep.report import as_text, make_report, minutes_text


@pytest.mark.parametrize("make", [bouquet, square, lambda: noise(2), lambda: noise(7)])
def test_numbers_are_the_plans(make) -> None:
    plan = make()
    numbers = make_report(plan).plan
    assert numbers["stitches"] == plan.stitch_count == sum(numbers["stitches_by_kind"].values())
    assert numbers["color_changes"] == plan.color_changes
    assert numbers["trims"] == plan.trims
    assert (numbers["width_mm"], numbers["height_mm"]) == pytest.approx(plan.size_mm)
    assert numbers["thread_m"] == pytest.approx(sum(plan.thread_length_mm) / 1000, abs=0.01)


def test_threads_in_sewing_order() -> None:
    plan = plan_of([(3, rows(10, 10)), (0, rows(5, 5)), (3, rows(4, 4))])
    rows_ = make_report(plan).threads
    assert [row["code"] for row in rows_] == ["1070", "800"]
    assert rows_[0]["blocks"] == 2
    assert rows_[0]["color"] == "#deaa3c"
    assert sum(row["stitches"] for row in rows_) == plan.stitch_count
    assert sum(row["metres"] for row in rows_) == pytest.approx(sum(plan.thread_length_mm) / 1000, abs=0.02)


def test_run_time() -> None:
    plan = bouquet()
    stitches, trims = len(needle_path(plan)), plan.trims
    # 700 stitches a minute, ten seconds a change and a trim: Ink/Stitch's work sheet.
    assert make_report(plan).plan["minutes"] == round(stitches / 700 + (5 * 10 + trims * 10) / 60, 1)
    slow = make_report(plan, machine=find_machine("brother-pe800")).plan
    assert slow["minutes"] == round(stitches / 650 + 50 / 60, 1)
    assert slow["machine"] == "Brother PE800"


def test_json_safe() -> None:
    plan = bouquet()
    findings = check(plan)
    report = make_report(plan, findings, options={"a": 1}, model={"sha256": "x"}, likeness={"ssim": 0.5})
    table = json.loads(json.dumps(report.as_dict()))
    assert table["schema"] == 1
    assert table["options"] == {"a": 1}
    assert table["versions"]["embroider-prep"]
    assert len(table["threads"]) == 6
    assert len(table["findings"]) == len(findings)


def test_text() -> None:
    finding = Finding(code="density", severity="warning", message="too thick", at_mm=(1.0, -2.5), remedy="thin it")
    text = as_text(make_report(bouquet(), [finding], likeness={"ssim": 0.51234}, shapes={"regions": 7}))
    lines = text.splitlines()
    assert lines[0] == "threads: Brother, Rayon 40 (screen values approximate)"
    assert lines[1].startswith("Size      ")
    assert "6 spools of 200 m or more" in text
    assert "6 in 6 colour blocks" in text
    assert "ssim 0.512" in text
    assert "regions 7" in text
    assert "warning: too thick at (1.0, -2.5) mm [density]; thin it" in text
    table = [line for line in lines if line.startswith(("#", *"123456")) and "#" in line]
    assert len(table) == 7
    # Columns stand below each other.
    at = table[0].index("number")
    assert [line[at - 1] for line in table] == [" "] * 7
    assert table[1].split()[1:5] == ["#ed171f", "Brother", "800", "Red"]
    assert "\x1b" not in text
    assert "\x1b[48;2;237;23;31m" in as_text(make_report(bouquet()), color=True)


def test_text_of_somebodys_file_says_only_what_is_known() -> None:
    """Files do not say what kind of stitches they hold; without a machine there is nothing to name."""
    plan = square()
    plan = replace(plan, blocks=tuple(replace(block, kind="unknown", object=None) for block in plan.blocks))
    text = as_text(make_report(plan))
    assert f"Stitches  {plan.stitch_count:,}\n" in text
    assert "Any machine" not in text


def test_empty_plan() -> None:
    report = make_report(StitchPlan(threads=(), blocks=()))
    assert report.plan["stitches"] == 0
    assert "0.0 x 0.0 mm" in as_text(report)


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.2, "1 min"), (48.4, "48 min"), (59.8, "1 h 00 min"), (65, "1 h 05 min")]
)
def test_minutes(minutes: float, text: str) -> None:
    assert minutes_text(minutes) == text
