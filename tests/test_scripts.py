"""What a script can do with plans: streams, bytes, other threads, several designs in one."""

from __future__ import annotations

import io
import runpy
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import shapely
from sample_plans import bouquet, square

import embroider_prep as ep
from embroider_prep import option_values

RED = ep.Thread(brand="Mine", chart="mine", code="7", name="Red", rgb8=(200, 10, 10))


def points(plan: ep.StitchPlan) -> list[tuple[str, bytes]]:
    return [(plan.threads[block.thread].hex, block.xy_mm.tobytes()) for block in plan.blocks]


@pytest.mark.parametrize("name", ["pes", "DST", ".jef", "vp3", "exp", "json", "csv"])
def test_a_stream_gets_what_a_file_gets(name: str, tmp_path: Path) -> None:
    plan = bouquet()
    path = tmp_path / f"design.{name.strip('.').lower()}"
    kept = ep.write(plan, path)
    out = io.BytesIO()
    written = ep.write(plan, out, format=name, name="design")
    assert out.getvalue() == path.read_bytes() == ep.to_bytes(plan, name, name="design")
    assert written.paths == ()
    assert written.plan.stitch_count == kept.plan.stitch_count
    for source in (out.getvalue(), io.BytesIO(out.getvalue())):
        # A list beside the file names the colours of some; the needle points are the same.
        read = ep.read(source, format=name)
        assert [xy for _, xy in points(read)] == [xy for _, xy in points(ep.read(path))]


def test_content_shows_the_format_or_it_has_to_be_said(tmp_path: Path) -> None:
    data = ep.to_bytes(bouquet(), "pes")
    assert ep.read(data).stitch_count == ep.read(io.BytesIO(data)).stitch_count
    with pytest.raises(ep.OptionsError, match="does not show which format"):
        ep.read(ep.to_bytes(bouquet(), "exp"))
    with pytest.raises(ep.OptionsError, match="no name that shows its format"):
        ep.write(bouquet(), io.BytesIO())
    with pytest.raises(ep.FormatError, match="JPEG"):
        ep.read(b"\xff\xd8\xff" + b"x" * 700, format="pes")
    odd = tmp_path / "design.bin"
    ep.write(bouquet(), odd, format="dst")
    assert ep.read(odd, format="dst").stitch_count == bouquet().stitch_count
    assert (tmp_path / "design.edr").exists()


def test_a_stream_that_cannot_hold_it_gets_nothing() -> None:
    out = io.BytesIO()
    with pytest.raises(ep.FormatError):
        ep.write(bouquet(), out, format="pes", hoop="20x20")
    with pytest.raises(ep.OptionsError, match="hop"):
        ep.to_bytes(bouquet(), "pes", hop="100x100")  # type: ignore[call-arg]
    assert out.getvalue() == b""


def test_one_thread_for_another_moves_no_stitch() -> None:
    plan = bouquet()
    other = plan.with_thread(1, RED)
    assert other.threads[1] == RED
    assert [block.xy_mm.tobytes() for block in other.blocks] == [block.xy_mm.tobytes() for block in plan.blocks]
    assert plan.threads[1] != RED
    with pytest.raises(ep.PlanError, match="thread 99"):
        plan.with_thread(99, RED)
    with pytest.raises(ep.PlanError, match="thread -1"):
        plan.with_thread(-1, RED)
    with pytest.raises(ep.PlanError, match="is not a Thread"):
        plan.with_thread(0, ep.match_color("red", plan.threads)[0])  # type: ignore[arg-type]


def test_a_conversion_in_another_thread(tmp_path: Path) -> None:
    picture = np.full((90, 90, 3), (40, 90, 200), np.uint8)
    picture[20:70, 20:70] = (230, 200, 40)
    made = ep.convert(picture, width_mm=30, threads=2)
    other = made.with_thread(0, RED)
    assert [block.xy_mm.tobytes() for block in other.plan.blocks] == [b.xy_mm.tobytes() for b in made.plan.blocks]
    assert other.indexed.threads[0] == RED
    assert "#c80a0a" in [row["color"] for row in other.report.threads]
    assert other.report.likeness["delta_e_mean"] > made.report.likeness["delta_e_mean"]
    assert not np.array_equal(other.preview(), made.preview())
    saved = other.save(tmp_path / "other.pes")
    assert "#c80a0a" in [thread.hex for thread in ep.read(saved.paths[0]).threads]
    back = other.with_thread(0, made.plan.threads[0])
    assert back.report.as_dict() == made.report.as_dict()


def test_several_plans_become_one() -> None:
    first, second = bouquet(), ep.moved(bouquet(), right_mm=40, down_mm=0)
    both = ep.merge([first, second])
    assert both.threads == first.threads
    assert points(both) == points(first) + points(second)
    assert both.stitch_count == first.stitch_count + second.stitch_count
    assert len(both.objects) == len(first.objects) + len(second.objects)
    for block in both.blocks:
        if block.object >= 0:
            assert both.objects[block.object].thread == block.thread
    plain = square(10)
    mixed = ep.merge([plain, bouquet()])
    assert mixed.threads == tuple(dict.fromkeys((*plain.threads, *bouquet().threads)))
    assert ep.read(ep.to_bytes(mixed, "json"), format="json").threads == mixed.threads
    with pytest.raises(ep.PlanError, match="no plans"):
        ep.merge([])


def test_shapes_are_sewn_without_a_picture() -> None:
    letter = shapely.LineString([(-12, 10), (0, -10), (12, 10)]).buffer(2)
    shapes = [
        ep.Region(thread=0, polygon=letter),
        ep.DetailLine(thread=1, xy_mm=np.array([[-6.0, 3], [6, 3]]), width_mm=0.6),
    ]
    plan = ep.plan_shapes(shapes, [RED, bouquet().threads[0]], angle_deg=45)
    assert {item.kind for item in plan.objects} == {"fill", "bean"}
    assert {block.thread for block in plan.blocks} == {0, 1}
    sewn = np.concatenate([block.xy_mm for block in plan.blocks if block.kind == "fill"])
    assert shapely.contains_xy(letter.buffer(0.6), *sewn.T).all()
    assert plan.size_mm == pytest.approx((letter.bounds[2] * 2, letter.bounds[3] - letter.bounds[1]), abs=1)
    line = ep.plan_shapes(shapes[1:], [RED, RED])
    assert line.stitch_count > 10
    with pytest.raises(ep.PlanError, match="nothing to sew"):
        ep.plan_shapes([], [RED])
    with pytest.raises(ep.PlanError, match="thread 1 does not exist"):
        ep.plan_shapes(shapes, [RED])


def test_editors_know_every_single_option() -> None:
    wanted = runpy.run_path(str(Path(__file__).parent / "make" / "make_option_values.py"))["text"]()
    assert Path(str(option_values.__file__)).read_text(encoding="utf-8") == wanted, (
        "run python tests/make/make_option_values.py"
    )
    known = {item.name for kind in ep.ConvertOptions.steps().values() for item in fields(kind) if item.metadata}
    assert set(option_values.ConvertValues.__annotations__) == known
    assert get_type_hints(option_values.WriteValues, vars(ep))["hoop"] == str | None
