from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from sample_plans import THREADS, bouquet, plan_of, rows
from shapely import Point, Polygon, box

from embroider_prep.design import DetailLine, Region, SewObject, StitchPlan
from embroider_prep.svg import INKSCAPE, INKSTITCH, plan_to_svg

SVG = "{http://www.w3.org/2000/svg}"


def plan_with_objects() -> StitchPlan:
    """Return regions with holes, lines of all kinds, and stitches that roughly fill one of them."""
    ring = Polygon(box(-30, -30, 30, 30).exterior, [Point(0, 0).buffer(11.3).exterior])
    objects = (
        SewObject(
            shape=Region(thread=0, polygon=ring), kind="fill", angle_deg=37.5, row_spacing_mm=0.38, pull_mm=0.25,
            underlay=("edge", "tatami"), sewn=ring.buffer(0.3), travel_mm=np.array([[0.1, 0.2], [3, 4]]),
        ),
        SewObject(shape=Region(thread=0, polygon=Point(0, 0).buffer(8)), kind="satin", fill="contour"),
        SewObject(
            shape=DetailLine(thread=1, xy_mm=np.array([[0, 0], [10, 5], [20, 0]]), width_mm=0.4), kind="running",
            stitch_length_mm=2.2,
        ),
        SewObject(
            shape=DetailLine(thread=1, xy_mm=np.array([[0, 0], [10, 5], [0, 10], [0, 0]]), width_mm=1.5), kind="satin"
        ),
        SewObject(shape=DetailLine(thread=0, xy_mm=np.array([[0, 0], [1 / 3, -7]]), width_mm=0.6), kind="bean"),
    )  # fmt: skip
    return replace(plan_of([(0, rows(60, 60))], threads=THREADS[:2]), objects=objects)


def parse(plan: StitchPlan, **more):
    root = ET.fromstring(plan_to_svg(plan, **more))
    paths = {item.get("id"): item for item in root.iter(f"{SVG}path")}
    return root, paths


def polygon_of(path) -> Polygon:
    rings = []
    for part in path.get("d").split("Z"):
        if part.strip():
            numbers = re.findall(r"-?[\d.]+", part)
            rings.append(np.array(numbers, float).reshape(-1, 2))
    return Polygon(rings[0], rings[1:])


def test_areas_are_the_regions() -> None:
    plan = plan_with_objects()
    _, paths = parse(plan)
    for index in (0, 1):
        want = plan.objects[index].shape.polygon
        got = polygon_of(paths[f"object{index}"])
        assert got.area == pytest.approx(want.area, rel=1e-4)
        assert got.symmetric_difference(want).area < 0.01


def test_true_millimetres() -> None:
    root, _ = parse(plan_with_objects())
    left, top, width, height = (float(v) for v in root.get("viewBox").split())
    assert root.get("width") == f"{width:g}mm"
    assert root.get("height") == f"{height:g}mm"
    assert (left, top) == (-30, -30)
    assert width == 60


def test_parameters_of_inkstitch() -> None:
    _, paths = parse(plan_with_objects())

    def parameter(name: str, key: str) -> str | None:
        return paths[name].get(f"{{{INKSTITCH}}}{key}")

    assert parameter("object0", "fill_method") == "auto_fill"
    assert parameter("object0", "angle") == "37.5"
    assert parameter("object0", "row_spacing_mm") == "0.38"
    assert parameter("object0", "max_stitch_length_mm") == "4"
    assert parameter("object0", "pull_compensation_mm") == "0.25"
    assert parameter("object0", "fill_underlay") == "True"
    assert parameter("object0", "fill_underlay_angle") == "127.5"
    assert parameter("object1", "fill_underlay") == "False"
    assert parameter("object1", "fill_method") == "contour_fill"
    assert parameter("object2", "stroke_method") == "running_stitch"
    assert parameter("object2", "running_stitch_length_mm") == "2.2"
    assert parameter("object3", "stroke_method") == "zigzag_stitch"
    assert paths["object3"].get("d").endswith("Z")
    assert parameter("object4", "bean_stitch_repeats") == "1"
    assert "stroke-width:1.5" in paths["object3"].get("style")


def test_layers_by_thread_in_sewing_order() -> None:
    plan = plan_with_objects()
    root, _ = parse(plan)
    layers = [item for item in root if item.get(f"{{{INKSCAPE}}}groupmode") == "layer"]
    labels = [item.get(f"{{{INKSCAPE}}}label") for item in layers]
    assert labels == ["1 Brother 800 Red", "2 Brother 405 Blue", "3 Brother 800 Red"]
    assert [len(layer) for layer in layers] == [2, 2, 1]


def test_what_inkscape_asks_of_a_file() -> None:
    root, _ = parse(plan_with_objects(), name='A & B "<c>" \x00 🌸')
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text == 'A & B "<c>" ? 🌸'
    assert root.find(f"{SVG}metadata/{{{INKSTITCH}}}inkstitch_svg_version").text == "3"
    names = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(names) == len(set(names))
    for path in root.iter(f"{SVG}path"):
        assert re.fullmatch(r"(M( ?-?[\d.]+,-?[\d.]+ ?L?)+Z? ?)+", path.get("d"))


def test_plan_of_a_file_keeps_its_stitches() -> None:
    plan = bouquet()
    root, paths = parse(plan)
    assert all(path.get(f"{{{INKSTITCH}}}stroke_method") == "manual_stitch" for path in paths.values())
    points = sum(path.get("d").count(",") for path in paths.values())
    assert points == plan.stitch_count
    assert len(paths) == plan.trims + plan.color_changes + 1
    assert len([item for item in root if item.tag == f"{SVG}g"]) == plan.color_changes + 1


def test_empty_plan() -> None:
    root, paths = parse(StitchPlan(threads=(), blocks=()))
    assert not paths
    assert root.get("width") == "1mm"
