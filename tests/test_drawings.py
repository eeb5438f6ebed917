"""Drawings read: our own after somebody's changes, other people's, and files that are meant to do harm."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from planning_checks import same
from sample_plans import THREADS
from shapely import Polygon, box
from shapely.affinity import rotate, translate

import embroider_prep as ep
from embroider_prep.design import DetailLine, Region, SewObject, StitchPlan
from embroider_prep.svg import plan_to_svg
from embroider_prep.svg.path_data import parse_path
from embroider_prep.svg.place import parse_length, parse_transform, turned_deg
from embroider_prep.svg.style import parse_color

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
PAGE = f'{HEAD} width="100mm" height="100mm" viewBox="0 0 100 100">'


def objects(text: str, **more) -> ep.DrawnObjects:
    return ep.read_objects(text.encode(), **more)


def areas(text: str) -> list[float]:
    return [round(item.shape.area_mm2, 3) for item in objects(f"{PAGE}{text}</svg>").objects]


@pytest.fixture(scope="module", params=[{}, {"fill": "flow"}, {"fill": "contour"}], ids=["auto", "flow", "contour"])
def cat(request) -> StitchPlan:
    return ep.convert("sample:chelsea", width_mm=40, threads=6, **request.param).plan


def test_shapes_come_back_as_they_were_and_give_the_same_stitches(cat: StitchPlan) -> None:
    for show in ("both", "shapes"):
        back = objects(plan_to_svg(cat, show=show))
        assert back.threads == cat.threads
        assert not back.findings
        same(cat, ep.sew_objects(back.objects, back.threads))


def example() -> StitchPlan:
    """Return a plan of a square, a bar beside it, a satin and a running stitch."""
    items = [
        SewObject(shape=Region(thread=0, polygon=box(-20, -10, 0, 10)), kind="fill", angle_deg=20, underlay=("edge",)),
        SewObject(shape=Region(thread=1, polygon=box(5, -10, 20, 10)), kind="fill", angle_deg=90, row_spacing_mm=0.5),
        SewObject(
            shape=DetailLine(thread=2, xy_mm=np.array([[-18, 0], [-10, 3], [-3, 0]]), width_mm=2.0), kind="satin",
            pull_mm=0.2,
        ),
        SewObject(shape=DetailLine(thread=2, xy_mm=np.array([[8, 0], [18, 0]]), width_mm=0.4), kind="running"),
    ]  # fmt: skip
    return ep.sew_objects(items, THREADS[:3])


def wrapped(plan: StitchPlan, transform: str) -> ep.DrawnObjects:
    text = plan_to_svg(plan, show="shapes").replace('<g id="shapes"', f'<g transform="{transform}"><g id="shapes"', 1)
    return objects(text.replace("</svg>", "</g></svg>"))


def test_a_group_that_was_turned_turns_the_rows() -> None:
    plan = example()
    for turn in (30.0, -45.0, 170.0):
        back = wrapped(plan, f"rotate({turn})")
        for one, two in zip(plan.objects, back.objects, strict=True):
            assert two.kind == one.kind
            if isinstance(one.shape, Region):
                # Turning clockwise on the screen takes from a counter-clockwise angle.
                assert two.angle_deg == pytest.approx((one.angle_deg - turn) % 180, abs=1e-3)
                want = rotate(one.shape.polygon, turn, origin=(0, 0))
                assert two.shape.polygon.hausdorff_distance(want) < 0.01
            else:
                assert two.shape.width_mm == pytest.approx(one.shape.width_mm, abs=0.01)


def turned_in_place(text: str, name: str, degrees: float) -> str:
    """Write a rotation into the points of a path, as Inkscape does."""
    start = text.index(' d="', text.index(f'id="{name}"')) + 4
    end = text.index('"', start)
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    out = []
    for line in parse_path(text[start:end], 0.02):
        points = " ".join(f"{x:.6f},{y:.6f}" for x, y in line.xy @ turn.T)
        out.append(f"M {points}{' Z' if line.closed else ''}")
    return text[:start] + " ".join(out) + text[end:]


def test_a_rotation_that_is_written_into_the_points_turns_the_rows() -> None:
    plan = example()
    text = turned_in_place(plan_to_svg(plan, show="shapes"), "object0", 25.0)
    back = objects(turned_in_place(text, "object2", 25.0))
    assert back.objects[0].angle_deg == pytest.approx((20 - 25) % 180, abs=1e-3)
    assert back.objects[1].angle_deg == 90
    want = rotate(Polygon(plan.objects[2].shape.xy_mm), 25, origin=(0, 0))
    np.testing.assert_allclose(back.objects[2].shape.xy_mm, np.asarray(want.exterior.coords)[:-1], atol=0.01)
    assert back.objects[2].shape.width_mm == pytest.approx(2.0, abs=0.01)


def test_moved_scaled_and_flipped() -> None:
    plan = example()
    back = wrapped(plan, "translate(30,-7.5) scale(2)")
    assert back.objects[1].shape.area_mm2 == pytest.approx(4 * 300, rel=1e-6)
    assert back.objects[1].row_spacing_mm == 0.5
    assert back.objects[3].shape.width_mm == pytest.approx(0.8)
    flipped = wrapped(plan, "scale(-1,1)")
    assert flipped.objects[0].angle_deg == pytest.approx(160)
    assert flipped.objects[0].shape.area_mm2 == pytest.approx(400)
    # As it is in a larger page in inches.
    text = plan_to_svg(plan, show="shapes")
    page = text[text.index("viewBox") : text.index(">", text.index("viewBox"))]
    width, height = (float(value) for value in page.split('"')[1].split()[2:])
    size = f'width="{width / 25.4}in" height="{height / 25.4}in"'
    inches = text.replace(f'width="{width:g}mm" height="{height:g}mm"', size)
    assert inches != text
    assert [item.shape.area_mm2 for item in objects(inches).objects[:2]] == pytest.approx([400, 300])


def test_the_colour_decides_and_not_the_label() -> None:
    plan = example()
    text = plan_to_svg(plan, show="shapes")
    at = text.index('id="object1"')
    blue, green = THREADS[1].hex, "#66ba49"
    changed = text[:at] + text[at:].replace(f"fill:{blue}", f"fill:{green}", 1)
    back = objects(changed, chart=tuple(THREADS))
    assert back.threads[back.objects[1].thread].rgb8 == THREADS[2].rgb8
    assert back.threads[back.objects[0].thread] == THREADS[0]
    # Not exactly in the chart: the nearest.
    near = objects(text[:at] + text[at:].replace(f"fill:{blue}", "fill:#68b84b", 1), chart=tuple(THREADS))
    assert near.threads[near.objects[1].thread] == THREADS[2]


def test_deleted_copied_and_new_shapes() -> None:
    plan = example()
    text = plan_to_svg(plan, show="shapes")
    start = text.rindex("<path", 0, text.index('id="object1"'))
    end = text.index("/>", start) + 2
    without = objects(text[:start] + text[end:])
    assert [item.kind for item in without.objects] == ["fill", "satin", "running"]
    copy = text[start:end].replace('id="object1"', 'id="path99" transform="translate(0,30)"')
    new = '<rect x="-20" y="20" width="15" height="8" style="fill:#66ba49"/>'
    more = objects(text[:end] + copy + new + text[end:])
    assert [round(item.shape.area_mm2) for item in more.objects[:4]] == [400, 300, 300, 120]
    assert more.objects[2].angle_deg == 90
    plan = ep.sew_objects(more.objects, more.threads)
    assert plan.size_mm[1] == pytest.approx(50, abs=0.5)


def test_parameters_that_both_know_are_obeyed_and_others_named() -> None:
    attributes = (
        'xmlns:inkstitch="http://inkstitch.org/namespace" inkstitch:angle="33" inkstitch:row_spacing_mm="0.5" '
        'inkstitch:max_stitch_length_mm="3.5" inkstitch:fill_underlay="False" inkstitch:pull_compensation_mm="0.3" '
        'inkstitch:staggers="3" inkstitch:fill_method="contour_fill" inkstitch:meander_pattern="x" '
        'inkstitch:expand_mm="abc"'
    )
    made = objects(f'{PAGE}<rect width="20" height="10" fill="#123456" {attributes}/></svg>')
    item = made.objects[0]
    assert (item.angle_deg, item.row_spacing_mm, item.stitch_length_mm, item.underlay) == (33, 0.5, 3.5, ())
    assert (item.pull_mm, item.stagger, item.fill) == (0.3, 3, "contour")
    assert {finding.code for finding in made.findings} == {"not-obeyed", "odd-value"}
    assert any("meander_pattern" in finding.message for finding in made.findings)
    # What is missing is as in Ink/Stitch.
    some = objects(
        f'{PAGE}<rect width="20" height="10" xmlns:i="http://inkstitch.org/namespace" i:angle="10"/></svg>'
    ).objects[0]
    assert (some.row_spacing_mm, some.stitch_length_mm, some.stagger, some.underlay) == (0.25, 3.0, 4, ("tatami",))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('<rect x="1" y="2" width="10" height="5"/>', [50]),
        ('<circle cx="20" cy="20" r="10"/>', [np.pi * 100]),
        ('<ellipse cx="20" cy="20" rx="10" ry="5"/>', [np.pi * 50]),
        ('<polygon points="0,0 10,0 10,10"/>', [50]),
        ('<path d="m10,10h10v10h-10z"/>', [100]),
        ('<path d="M10 10 20 10 20 20 10 20"/>', [100]),
        ('<path d="M0 0h30v30h-30zM10 10v10h10v-10z"/>', [800]),
        ('<path d="M0 0h30v30h-30zM10 10h10v10h-10z"/>', [900]),
        ('<path fill-rule="evenodd" d="M0 0h30v30h-30zM10 10h10v10h-10z"/>', [800]),
        ('<path d="M0 0h10v10h-10zM20 0h10v10h-10z"/>', [100, 100]),
        ('<path d="M0 0L20 20L20 0L0 20z" fill-rule="evenodd"/>', [100, 100]),
        ('<path d="M10 20a10 10 0 1 0 20 0a10 10 0 1 0-20 0z"/>', [np.pi * 100]),
        ('<path d="M10 20a10 10 0 0120 0z"/>', [np.pi * 50]),
        ('<g transform="translate(5)"><g transform="scale(2)"><rect width="5" height="5"/></g></g>', [100]),
        ('<g transform="rotate(30, 50, 50) skewX(20)"><rect width="10" height="10"/></g>', [100]),
        ('<svg x="10" y="10" width="20" height="20" viewBox="0 0 10 10"><rect width="5" height="5"/></svg>', [100]),
        ('<defs><rect id="a" width="5" height="4"/></defs><use xlink:href="#a"/><use href="#a" x="9"/>', [20, 20]),
        ('<symbol id="s" viewBox="0 0 10 10"><rect width="10" height="10"/></symbol>'
         '<use href="#s" width="20" height="20"/>', [400]),
        ('<rect width="5" height="5" style="display:none"/><g display="none"><rect width="3" height="3"/></g>'
         '<rect width="9" height="1" opacity="0"/><rect width="2" height="2"/>', [4]),
        ('<style>.x{fill:none} #y{fill:red} rect{fill:none}</style><rect class="x" width="5" height="5"/>'
         '<rect id="y" class="x" width="4" height="4"/>', [16]),
        ('<rect width="1cm" height="10px"/>', [10 * 10 * 96 / 25.4]),
    ],
)  # fmt: skip
def test_what_drawing_programs_write(text: str, want: list[float]) -> None:
    assert areas(text) == pytest.approx(want, rel=0.003)


@pytest.mark.parametrize(
    ("page", "side_mm"),
    [
        ('width="100mm" height="100mm" viewBox="0 0 100 100"', 10),
        ('width="4in" height="4in" viewBox="0 0 4 4"', 254),
        ('width="10cm" height="10cm" viewBox="0 0 1000 1000"', 1),
        ('width="200" height="200"', 10 * 25.4 / 96),
        ('viewBox="0 0 500 500"', 10 * 25.4 / 96),
        ('width="72pt" height="72pt" viewBox="0 0 72 72"', 10 * 25.4 / 72),
        ('width="100mm" height="50mm" viewBox="0 0 100 100"', 5),
    ],
)
def test_pages_in_any_unit(page: str, side_mm: float) -> None:
    made = objects(f'{HEAD}{page}><rect x="1" y="1" width="10" height="10"/></svg>')
    assert made.objects[0].shape.area_mm2 == pytest.approx(side_mm**2, rel=1e-6)


def test_curves_are_followed_to_a_fraction_of_a_stitch() -> None:
    line = parse_path("M0,0 C0,60 100,60 100,0", 0.025)[0].xy
    t = np.linspace(0, 1, 2001)[:, None]
    curve = 3 * (1 - t) * t * (t * np.array([100, 60]) + (1 - t) * np.array([0, 60])) + t**3 * np.array([100, 0])
    from shapely import LineString, points

    assert LineString(line).distance(points(curve)).max() <= 0.025
    smooth = parse_path("M0 0c0 10 10 10 10 0s10-10 10 0q5 5 10 0t10 0", 0.025)[0].xy
    assert tuple(smooth[-1]) == (40, 0)


def test_strokes_are_lines_and_wide_ones_areas() -> None:
    made = objects(f'{PAGE}<g fill="none" stroke="#008000"><path d="M0 0H40" stroke-width="0.4"/>'
                   '<line x1="0" y1="5" x2="40" y2="5" stroke-width="2"/>'
                   '<circle cx="50" cy="50" r="10" stroke-width="1"/>'
                   '<polyline points="0,20 40,20" stroke-width="10"/></g></svg>')  # fmt: skip
    kinds = [(item.kind, round(getattr(item.shape, "width_mm", 0), 2)) for item in made.objects]
    assert kinds == [("running", 0.4), ("satin", 2), ("satin", 1), ("fill", 0)]
    assert made.objects[3].shape.area_mm2 == pytest.approx(400)
    ring = made.objects[2].shape.xy_mm
    assert (ring[0] == ring[-1]).all()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<text>Hello</text>", "text"),
        ('<image href="file:///etc/passwd" width="9" height="9"/>', "a picture"),
        ('<linearGradient id="g"><stop stop-color="red"/><stop stop-color="blue"/></linearGradient>'
         '<rect width="9" height="9" fill="url(#g)"/>', "gradient"),
        ('<clipPath id="c"><rect width="4" height="4"/></clipPath><rect width="9" height="9" clip-path="url(#c)"/>',
         "a clip"),
        ('<mask id="m"/><rect width="9" height="9" mask="url(#m)"/>', "a mask"),
        ('<use href="https://example.com/a.svg#b"/>', "another file"),
    ],
)  # fmt: skip
def test_what_cannot_be_sewn_is_named_and_the_rest_sewn(text: str, word: str) -> None:
    made = objects(f'{PAGE}{text}<rect x="20" width="5" height="5"/></svg>')
    assert [item.shape.area_mm2 for item in made.objects] == [25]
    assert [finding.code for finding in made.findings] == ["not-sewn"]
    assert word in made.findings[0].message
    assert made.findings[0].remedy


def test_a_clip_that_cuts_nothing_and_a_swatch_are_no_hindrance() -> None:
    made = objects(
        f'{PAGE}<clipPath id="c"><rect width="100" height="100"/></clipPath><linearGradient id="s">'
        '<stop style="stop-color:#ff0000"/></linearGradient><linearGradient id="t" href="#s"/>'
        '<g clip-path="url(#c)"><rect width="9" height="9" fill="url(#t)"/></g></svg>'
    )
    assert len(made.objects) == 1
    assert not made.findings


def test_a_plain_drawing_becomes_a_design_without_a_trace() -> None:
    text = (
        f'{PAGE}<rect width="40" height="30" fill="#1f4fa3"/><circle cx="20" cy="15" r="8" fill="#fff"/>'
        '<path d="M5 25 Q20 10 35 25" fill="none" stroke="#d0a020" stroke-width="1.5"/></svg>'
    )
    made = ep.sew_drawing(text.encode(), chart="isacord")
    assert made.plan.size_mm == (pytest.approx(40, abs=0.2), pytest.approx(30, abs=0.5))
    assert made.plan.trims == 0
    assert len({block.thread for block in made.plan.blocks}) == 3
    # The circle cuts out what it covers.
    assert sum(getattr(item.shape, "area_mm2", 0) for item in made.plan.objects) == pytest.approx(1200, rel=0.01)
    large = ep.sew_drawing(text.encode(), width_mm=80)
    assert large.plan.size_mm[0] == pytest.approx(80, abs=0.2)
    assert large.plan.stitch_count > 2.5 * made.plan.stitch_count


def test_what_is_visible_is_sewn(tmp_path: Path) -> None:
    plan = example()
    text = plan_to_svg(plan)
    path = tmp_path / "design.svg"
    path.write_text(text, encoding="utf-8")
    made = ep.sew_drawing(path)
    assert made.plan.stitch_count == plan.stitch_count
    assert not made.plan.objects
    same(plan, ep.sew_drawing(path, take="shapes").plan)
    both = text.replace("</svg>", '<rect x="-20" y="20" width="10" height="10" fill="#66ba49"/></svg>')
    mixed = ep.sew_drawing(both.encode()).plan
    assert mixed.stitch_count > plan.stitch_count
    assert len(mixed.objects) == 1
    with pytest.raises(ep.OptionsError, match="cannot have another size"):
        ep.sew_drawing(path, width_mm=50)
    assert ep.sew_drawing(path, take="shapes", width_mm=80).plan.size_mm[0] == pytest.approx(80, abs=0.6)
    assert ep.read(path).stitch_count == plan.stitch_count


def bomb() -> str:
    grow = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "lol">{grow}]>{HEAD}><text>&a9;</text></svg>'


BAD = {
    "entities": bomb(),
    "quadratic": f'<!DOCTYPE svg [<!ENTITY a "{"x" * 190}">]>{HEAD}><text>{"&a;" * 20_000}</text></svg>',
    "deep": PAGE + "<g>" * 50_000 + "</g>" * 50_000 + "</svg>",
    "many": PAGE + '<rect width="1" height="1"/>' * 110_000 + "</svg>",
    "copies": PAGE
    + '<g id="g0"><rect width="1" height="1"/></g>'
    + "".join(f'<g id="g{i}">{f"""<use href="#g{i - 1}"/>""" * 20}</g>' for i in range(1, 9))
    + "</svg>",
    "itself": f'{PAGE}<g id="a"><use href="#a"/></g></svg>',
    "cut": f"{PAGE}<rect",
    "other": "<html><body/></html>",
    "empty": f"{PAGE}</svg>",
    "picture only": f'{PAGE}<image href="a.png"/></svg>',
    "packed": gzip.compress(b"<svg>" + b" " * 200_000_000, 1).decode("latin-1"),
}


@pytest.mark.parametrize("name", BAD)
def test_harmful_and_damaged_files_are_one_clear_error(name: str) -> None:
    with pytest.raises(ep.EmbroiderPrepError) as error:
        ep.sew_drawing(BAD[name].encode("latin-1"))
    assert error.value.message
    assert "Traceback" not in error.value.message


def test_nothing_outside_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("5", encoding="utf-8")
    text = (
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{secret}">]>{HEAD} width="100mm" viewBox="0 0 100 100">'
        '<rect width="10" height="10"/><text>&x;</text></svg>'
    )
    made = objects(text)
    assert len(made.objects) == 1
    assert not made.findings


@pytest.mark.parametrize(
    "text",
    [
        '<svg xmlns="http://www.w3.org/2000/svg" width="1e308mm" height="1" viewBox="1e308 0 5 1e308"><rect width="9" '
        'height="9"/></svg>',
        f'{PAGE}<rect width="100000" height="9"/></svg>',
        f'{PAGE}<g transform="matrix(1e200,0,0,1e200,0,0)"><rect width="9" height="9"/></g></svg>',
        f'{PAGE}<path d="M0 0H1e7" fill="none" stroke="red"/></svg>',
        f'{PAGE}<rect width="9" height="9" transform="scale(0)"/></svg>',
    ],
)
def test_sizes_that_nobody_sews_are_an_error_or_nothing(text: str) -> None:
    # Whatever else is raised is a fault.
    with suppress(ep.EmbroiderPrepError):
        assert max(ep.sew_drawing(text.encode()).plan.size_mm) <= 2000


@pytest.mark.parametrize("text", ["", "M", "M1", "L1 1", "M0 0 L 1e999 5", "M0 0 C 1 1", "M0,0 A 1 1 0 2 0 5 5"])
def test_broken_paths_are_read_up_to_the_mistake(text: str) -> None:
    assert all(np.isfinite(line.xy).all() for line in parse_path(text, 0.02))


def test_small_parts() -> None:
    assert parse_color("rgb(255, 0, 10%)") == ((255, 0, 26), 1.0)
    assert parse_color("#f0f8") == ((255, 0, 255), 0x88 / 255)
    assert parse_color("HotPink") == ((255, 105, 180), 1.0)
    assert parse_color("hsl(120,100%,50%)") == ((0, 255, 0), 1.0)
    assert parse_color("none") is None
    assert parse_length("1in") == pytest.approx(96)
    assert parse_length("auto") is None
    np.testing.assert_allclose(parse_transform("translate(0.79375)"), [[1, 0, 0.79375], [0, 1, 0]])
    assert turned_deg(parse_transform("rotate(30)"), 10) == pytest.approx(160)
    square = translate(box(0, 0, 1, 1), 5, 5)
    assert square.area == 1
