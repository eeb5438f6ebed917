"""The report for people and its schema: charts hold the numbers, the JSON in the page is the report."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from cli_runs import Runner
from PIL import Image
from sample_plans import THREADS, bouquet, plan_of, rows, square

import embroider_prep as ep
from embroider_prep.design import Finding, Report
from embroider_prep.errors import OptionsError
from embroider_prep.machines import find_machine
from embroider_prep.plans import needle_path
from embroider_prep.worksheet.charts import colors_seen, density_png, length_bars, time_line

MACHINE = find_machine("brother-pe800")


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def valid(data: dict) -> None:
    jsonschema.Draft202012Validator(ep.report_schema()).validate(data)


def test_the_schema_is_one_and_has_the_version_of_reports() -> None:
    schema = ep.report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    default = next(field.default for field in fields(Report) if field.name == "schema")
    assert schema["version"] == schema["properties"]["schema"]["const"] == default


def test_the_schema_describes_every_field() -> None:
    data = ep.make_report(bouquet()).as_dict()
    schema = ep.report_schema()
    assert set(schema["properties"]) - {"files"} == set(data)
    assert set(schema["required"]) == set(data)
    for name in ("plan", "threads"):
        inner = data[name][0] if name == "threads" else data[name]
        described = schema["properties"][name]
        assert set(described.get("items", described)["properties"]) == set(inner)
    assert [name for name, value in schema["properties"].items() if "description" not in value] == []


def test_reports_follow_the_schema(tmp_path: Path) -> None:
    finding = Finding(code="a", severity="warning", message="b", at_mm=(1.0, 2.0), remedy="c")
    for plan in (bouquet(), replace(square(), blocks=())):
        valid(ep.make_report(plan, [finding]).as_dict())
    made = ep.convert("sample:coffee", width_mm=30, threads=4)
    made.save(tmp_path / "a.pes", preview=False)
    valid(json.loads((tmp_path / "a.report.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("change", [{"schema": 2}, {"plan": {}}, {"threads": [{}]}, {"findings": [1]}, {"more": 1}])
def test_the_schema_refuses_what_is_no_report(change: dict) -> None:
    data = ep.make_report(bouquet()).as_dict() | change
    with pytest.raises(jsonschema.ValidationError):
        valid(data)


def test_bars_count_every_stitch() -> None:
    plan = bouquet()
    path = needle_path(plan)
    assert sum(bar.value for bar in length_bars(plan)) == (path.came == 0).sum()
    long = plan_of([(0, rows(30, 10, step=4.0))], lock=False)
    most = max(length_bars(long), key=lambda bar: bar.value)
    assert most.start <= 4.0 <= most.stop + 1e-9


def test_the_time_line_is_the_run_time() -> None:
    plan = bouquet()
    pieces = time_line([plan], MACHINE)
    want = MACHINE.minutes(stitches=plan.stitch_count, color_changes=plan.color_changes, trims=plan.trims)
    assert pieces[-1].stop == pytest.approx(want)
    assert [piece.start for piece in pieces[1:]] == [piece.stop for piece in pieces[:-1]]
    assert [piece.thread for piece in pieces] == [plan.threads[i] for i in needle_path(plan).color_threads]


def test_layers_of_thread() -> None:
    one = plan_of([(0, rows(20, 20))], lock=False)
    two = plan_of([(0, rows(20, 20)), (1, rows(20, 20))], lock=False)
    png, most = density_png(one)
    assert most == pytest.approx(1.5, abs=0.7)
    assert density_png(two)[1] == pytest.approx(2 * most, rel=0.3)
    assert Image.open(io.BytesIO(png)).size == (21, 21)
    assert density_png(replace(square(), blocks=())) == (b"", 0.0)


def test_colours_against_the_photo() -> None:
    plan = plan_of([(0, rows(20, 20, center=(-10, 0))), (1, rows(20, 20, center=(10, 0)))], lock=False)
    photo = np.zeros((40, 80, 3), np.uint8)
    photo[:, :40], photo[:, 40:] = THREADS[0].rgb8, (255, 255, 255)
    red, blue = sorted(colors_seen(plan, photo, (-20, -10, 20, 10)), key=lambda item: item.delta_e)
    assert (red.thread, blue.thread) == THREADS[:2]
    assert red.delta_e < 1 < 40 < blue.delta_e
    # A pixel at the border is a mixture.
    assert blue.photo_hex > "#fff0f0"
    assert red.share + blue.share == pytest.approx(1)
    assert red.share == pytest.approx(0.5, abs=0.05)


def test_the_page_holds_charts_and_the_report_itself() -> None:
    plan = bouquet()
    report = ep.make_report(plan, machine=MACHINE)
    photo = np.full((50, 60, 3), 128, np.uint8)
    page = ep.make_report_page(plan, report, title="</title><script>x", machine=MACHINE, photo=photo)
    for words in ("Lengths of stitches", "Layers of thread", "Time line of colours", "Colours against the photo"):
        assert f"<h2>{words}</h2>" in page
    assert page.count("<script") == 1
    data = json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', page).group(1))
    assert data == json.loads(json.dumps(report.as_dict()))
    assert "default-src 'none'" in page
    assert " style=" not in page
    assert "Colours against" not in ep.make_report_page(plan, report)
    assert page == ep.make_report_page(plan, report, title="</title><script>x", machine=MACHINE, photo=photo)


def test_pages_of_hostile_and_empty_plans() -> None:
    thread = replace(THREADS[0], name="</script><b>", brand="<!--")
    for plan in (replace(square(), threads=(thread, thread)), replace(square(), blocks=())):
        page = ep.make_report_page(plan, ep.make_report(plan))
        assert "<b>" not in page
        assert page.count("</script") == 1


def test_on_the_command_line(cli: Runner, tmp_path: Path) -> None:
    ep.write(bouquet(), tmp_path / "a.pes")
    Image.new("RGB", (60, 50), "red").save(tmp_path / "p.png")
    ran = cli("report", tmp_path / "a.pes", "--html", tmp_path / "a.html", "--photo", tmp_path / "p.png", "--no-config")
    assert ran.code == 0
    assert "Stitches" in ran.out.decode("utf-8")
    assert "Colours against the photo" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert json.loads(cli("report", "--schema").out) == ep.report_schema()
    assert cli("report", tmp_path / "a.pes", "--photo", tmp_path / "p.png").code == 2
    assert cli("report", tmp_path / "a.pes", "--html", tmp_path / "a.png").code == 2
    valid(json.loads(cli("report", tmp_path / "a.pes", "--json", "--no-config").out))


def test_the_page_is_a_page(tmp_path: Path) -> None:
    from embroider_prep.worksheet import write_report_page

    with pytest.raises(OptionsError, match=r"\.html file"):
        write_report_page(bouquet(), ep.make_report(bouquet()), tmp_path / "a.pdf")
