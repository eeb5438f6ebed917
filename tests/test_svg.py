from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from sample_plans import THREADS, bouquet, plan_of, rows
from shapely import Point, Polygon, box

from embroider_prep.design import DetailLine, Region, SewObject, StitchPlan
from embroider_prep.plans import needle_path
from embroider_prep.svg import plan_to_svg
from embroider_prep.svg.manual import plan_of_stitches
from embroider_prep.svg.names import INKSCAPE, INKSTITCH
from embroider_prep.svg.read import read_drawing
from embroider_prep.svg.threads import Spools

SVG = "{http://www.w3.org/2000/svg}"


def plan_with_objects() -> StitchPlan:
    """Return regions with holes, lines of all kinds, and stitches that roughly fill one of them."""
    ring = Polygon(box(-30, -30, 30, 30).exterior, [Point(0, 0).buffer(11.3).exterior])
    objects = (
        SewObject(
            shape=Region(thread=0, polygon=ring), kind="fill", angle_deg=37.5, row_spacing_mm=0.38, pull_mm=0.25,
            underlay=("edge", "tatami"), sewn=ring.buffer(0.3), travel_mm=np.array([[0.1, 0.2], [3, 4]]),
        ),
        SewObject(shape=Region(thread=0, polygon=Point(0, 0).buffer(8)), kind="satin", fill="contour", pull_mm=0.3),
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


def parse(plan: StitchPlan, show: str = "shapes", **more):
    root = ET.fromstring(plan_to_svg(plan, show=show, **more))
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
    # Rows that end at the frame would grow past it.
    assert parameter("object0", "pull_compensation_mm") == "0"
    assert parameter("object1", "pull_compensation_mm") == "0.3"
    assert parameter("object0", "fill_underlay") == "True"
    assert parameter("object0", "fill_underlay_angle") == "127.5"
    assert parameter("object1", "fill_underlay") == "False"
    assert parameter("object1", "fill_method") == "contour_fill"
    assert parameter("object2", "stroke_method") == "running_stitch"
    assert parameter("object2", "running_stitch_length_mm") == "2.2"
    assert parameter("object0", "staggers") == "4"
    assert parameter("object1", "contour_strategy") == "1"
    # A closed satin has no ends for two rails.
    assert parameter("object3", "stroke_method") == "zigzag_stitch"
    assert paths["object3"].get("d").endswith("Z")
    assert parameter("object4", "bean_stitch_repeats") == "1"
    assert "stroke-width:1.5" in paths["object3"].get("style")


def test_layers_by_thread_in_sewing_order() -> None:
    plan = plan_with_objects()
    root, _ = parse(plan)
    shapes = next(item for item in root if item.get("id") == "shapes")
    layers = [item for item in shapes if item.get(f"{{{INKSCAPE}}}groupmode") == "layer"]
    labels = [item.get(f"{{{INKSCAPE}}}label") for item in layers]
    assert labels == ["1 Brother 800 Red", "2 Brother 405 Blue", "3 Brother 800 Red"]
    numbers = [item.get("id") for layer in layers for item in layer if item.get("id").startswith("object")]
    assert numbers == [f"object{i}" for i in range(5)]


def test_what_inkscape_asks_of_a_file() -> None:
    root, _ = parse(plan_with_objects(), name='A & B "<c>" \x00 🌸')
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text == 'A & B "<c>" ? 🌸'
    assert root.find(f"{SVG}metadata/{{{INKSTITCH}}}inkstitch_svg_version").text == "3"
    names = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(names) == len(set(names))
    for path in root.iter(f"{SVG}path"):
        assert re.fullmatch(r"(M( ?-?[\d.e-]+,-?[\d.e-]+ ?L?)+Z? ?)+", path.get("d"))


def test_plan_of_a_file_keeps_its_stitches() -> None:
    plan = bouquet()
    root, paths = parse(plan)
    assert all(path.get(f"{{{INKSTITCH}}}stroke_method") == "manual_stitch" for path in paths.values())
    points = sum(path.get("d").count(",") for path in paths.values())
    assert points == plan.stitch_count
    assert len(paths) == plan.trims + plan.color_changes + 1
    layers = next(item for item in root if item.get("id") == "stitches")
    assert len(layers) == plan.color_changes + 1


def stitches_of(text: str) -> StitchPlan:
    drawing = read_drawing(text.encode())
    return plan_of_stitches(drawing, Spools(drawing.threads, THREADS))


@pytest.mark.parametrize("plan", [bouquet(), plan_with_objects()], ids=["file", "objects"])
def test_stitches_come_back_point_for_point(plan: StitchPlan) -> None:
    one, two = needle_path(plan), needle_path(stitches_of(plan_to_svg(plan)))
    np.testing.assert_array_equal(one.xy, two.xy)
    np.testing.assert_array_equal(one.came, two.came)
    np.testing.assert_array_equal(one.thread, two.thread)


def test_a_drawing_that_was_moved_keeps_every_stitch() -> None:
    plan = bouquet()
    text = plan_to_svg(plan)
    text = text.replace('<g id="stitches"', '<g transform="translate(0.7937,-3.2561)"><g id="stitches"', 1)
    moved = needle_path(stitches_of(text.replace("</svg>", "</g></svg>")))
    before = needle_path(plan)
    np.testing.assert_array_equal(moved.came, before.came)
    shift = moved.xy - before.xy
    assert len(np.unique(shift, axis=0)) == 1
    assert np.abs(shift[0] / 10 - (0.7937, -3.2561)).max() <= 0.05


def test_a_drawing_that_was_turned_is_on_the_grid_nearby() -> None:
    plan = bouquet()
    text = plan_to_svg(plan).replace('<g id="stitches"', '<g transform="rotate(30)"><g id="stitches"', 1)
    turned = needle_path(stitches_of(text.replace("</svg>", "</g></svg>")))
    a = np.radians(30)
    want = needle_path(plan).xy @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    np.testing.assert_array_equal(turned.came, needle_path(plan).came)
    assert np.abs(turned.xy - want).max() <= 0.5 + 1e-6


def test_what_inkstitch_needs_to_take_every_point() -> None:
    plan = plan_with_objects()
    root, paths = parse(plan, show="both")
    meta = {item.tag.split("}")[1]: item.text for item in root.find(f"{SVG}metadata")}
    assert meta["min_stitch_len_mm"] == "0.05"
    assert meta["collapse_len_mm"] == "1"
    assert meta["thread-palette"] == '"Brother"'
    hidden = next(item for item in root if item.get("id") == "shapes")
    assert "display:none" in hidden.get("style")
    visible = next(item for item in root if item.get("id") == "stitches")
    assert all(path.get(f"{{{INKSTITCH}}}stroke_method") == "manual_stitch" for path in visible.iter(f"{SVG}path"))
    assert [name for name in paths if name.startswith("object")] == [f"object{i}" for i in range(5)]
    assert "shapes" not in plan_to_svg(plan, show="stitches").split("<metadata>")[0]
    assert not [name for name in parse(plan, show="stitches")[1] if name.startswith("object")]


def test_trims_are_commands() -> None:
    plan = bouquet()
    _, paths = parse(plan)
    cut = [path for path in paths.values() if path.get(f"{{{INKSTITCH}}}trim_after") == "True"]
    assert len(cut) == plan.trims > 0


def test_the_photo_lies_locked_below() -> None:
    photo = np.full((40, 60, 3), 90, np.uint8)
    root, _ = parse(plan_with_objects(), show="both", photo=(photo, 1.0))
    below = next(item for item in root if item.tag == f"{SVG}g")
    picture = below.find(f"{SVG}image")
    assert below.get("{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}insensitive") == "true"
    assert [picture.get(name) for name in ("x", "y", "width", "height")] == ["-30", "-20", "60", "40"]


def test_empty_plan() -> None:
    root, paths = parse(StitchPlan(threads=(), blocks=()))
    assert not paths
    assert root.get("width") == "1mm"
