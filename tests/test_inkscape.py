"""Inkscape itself opens, edits and saves our drawings, and calls our extension; skipped where it is not installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from planning_checks import same
from sample_plans import THREADS, bouquet
from shapely import box
from test_inkscape_menu import PAGE, drawn, embedded, picture

import embroider_prep as ep
from embroider_prep.design import DetailLine, Region, SewObject, StitchPlan
from embroider_prep.inkscape import install
from embroider_prep.plans import needle_path
from embroider_prep.svg import plan_to_svg

LIMIT_S = 100
"""Of one run; it takes two to six seconds on a quiet machine. A dialog would wait for ever."""

pytestmark = [
    pytest.mark.skipif(shutil.which("inkscape") is None, reason="inkscape is not installed: apt-get install inkscape"),
    pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed: apt-get install xvfb"),
]


@dataclass(frozen=True, kw_only=True)
class Inkscape:
    """An Inkscape with a profile of its own, our extension in it, and a screen that nobody sees."""

    profile: Path
    display: str

    def __call__(self, *arguments: str | Path) -> None:
        env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "WAYLAND_DISPLAY")}
        env |= {"DISPLAY": self.display, "INKSCAPE_PROFILE_DIR": str(self.profile), "NO_AT_BRIDGE": "1"}
        with subprocess.Popen(
            ["inkscape", *map(str, arguments)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                pytest.fail(f"Inkscape has not come back within {LIMIT_S} s: {arguments}")

    def act(self, drawing: Path, *actions: str) -> None:
        self("--batch-process", "--actions=" + ";".join(actions), drawing)


@pytest.fixture(scope="module")
def inkscape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inkscape]:
    profile = tmp_path_factory.mktemp("profile")
    install([profile])
    number, told = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(told), "-nolisten", "tcp", "-screen", "0", "800x600x24"],
        pass_fds=[told], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(told)
    try:
        with os.fdopen(number) as pipe:
            display = pipe.readline().strip()
        if not display:
            pytest.skip("Xvfb does not start here")
        yield Inkscape(profile=profile, display=f":{display}")
    finally:
        screen.terminate()
        screen.wait(30)


def saved_as(path: Path) -> tuple[str, str]:
    return f"export-filename:{path}", "export-do"


def example() -> StitchPlan:
    """Return a plan of two squares, a bar across, a satin and a running stitch."""
    items = [
        SewObject(shape=Region(thread=0, polygon=box(-20, -10, 0, 10)), kind="fill", angle_deg=20, underlay=("edge",)),
        SewObject(shape=Region(thread=1, polygon=box(5, -10, 20, 10)), kind="fill", angle_deg=90, row_spacing_mm=0.5),
        SewObject(shape=Region(thread=1, polygon=box(-20, 15, 20, 20)), kind="fill", angle_deg=45),
        SewObject(
            shape=DetailLine(thread=2, xy_mm=np.array([[-18, 0], [-10, 3], [-3, 0]]), width_mm=2.0), kind="satin",
            pull_mm=0.2,
        ),
        SewObject(shape=DetailLine(thread=2, xy_mm=np.array([[8, 0], [18, 0]]), width_mm=0.4), kind="running"),
    ]  # fmt: skip
    return ep.sew_objects(items, THREADS[:3])


def test_stitches_stay_through_save_move_and_turn(inkscape: Inkscape, tmp_path: Path) -> None:
    plan = bouquet()
    before = needle_path(plan)
    path = drawn(tmp_path, plan_to_svg(plan))
    names = [tmp_path / f"{name}.svg" for name in ("saved", "moved", "turned")]
    inkscape.act(
        path, *saved_as(names[0]), "select-all:all", "transform-translate:5,3", *saved_as(names[1]),
        "transform-rotate:30", *saved_as(names[2]),
    )  # fmt: skip
    saved, moved, turned = (needle_path(ep.read(name)) for name in names)
    for after in (saved, moved, turned):
        np.testing.assert_array_equal(after.came, before.came)
        np.testing.assert_array_equal(after.thread, before.thread)
    np.testing.assert_array_equal(saved.xy, before.xy)
    shift = np.unique(moved.xy - before.xy, axis=0)
    assert len(shift) == 1
    assert np.abs(shift[0] / 10 - np.array([5, 3]) * 25.4 / 96).max() <= 0.05
    # The best rotation between the two; what is left is the grid's rounding.
    a, b = before.xy - before.xy.mean(axis=0), turned.xy - turned.xy.mean(axis=0)
    left, _, right = np.linalg.svd(a.T @ b)
    assert np.abs(a @ left @ right - b).max() <= 0.55


def test_shapes_come_back_as_they_were_and_as_they_were_changed(inkscape: Inkscape, tmp_path: Path) -> None:
    plan = example()
    path = drawn(tmp_path, plan_to_svg(plan, show="shapes"))
    saved, changed = tmp_path / "saved.svg", tmp_path / "changed.svg"
    inkscape.act(
        path, *saved_as(saved),
        "select-by-id:object0", "transform-rotate:30", "select-clear",
        "select-by-id:object1", "object-set-property:fill,#66ba49", "duplicate", "transform-translate:0,190",
        "select-clear",
        "select-by-id:object2", "delete", "select-clear",
        "select-by-id:object3", "transform-rotate:-20", *saved_as(changed),
    )  # fmt: skip
    back = ep.read_objects(saved)
    assert back.threads == plan.threads
    same(plan, ep.sew_objects(back.objects, back.threads))
    made = ep.read_objects(changed)
    areas = [item for item in made.objects if isinstance(item.shape, Region)]
    assert [item.shape.area_mm2 for item in areas] == pytest.approx([400, 300, 300], rel=1e-4)
    assert [item.angle_deg for item in areas] == pytest.approx([170, 90, 90], abs=0.01)
    assert [made.threads[item.thread].rgb8 for item in areas] == [THREADS[0].rgb8, THREADS[2].rgb8, THREADS[2].rgb8]
    down = areas[2].shape.polygon.centroid.y - areas[1].shape.polygon.centroid.y
    assert down == pytest.approx(190 * 25.4 / 96, abs=0.01)
    satin = next(item for item in made.objects if item.kind == "satin")
    assert satin.shape.width_mm == pytest.approx(2, abs=0.01)
    assert satin.shape.length_mm == pytest.approx(plan.objects[3].shape.length_mm, abs=0.01)
    ep.sew_objects(made.objects, made.threads)


def test_united_shapes_and_new_ones(inkscape: Inkscape, tmp_path: Path) -> None:
    text = plan_to_svg(example(), show="shapes")
    new = '<rect id="new" x="-3" y="-5" width="12" height="10" style="fill:#ed171f"/>'
    path = drawn(tmp_path, text.replace("</svg>", new + "</svg>"))
    inkscape.act(path, "select-by-id:object0,new", "path-union", *saved_as(tmp_path / "united.svg"))
    made = ep.read_objects(tmp_path / "united.svg")
    areas = [item.shape.area_mm2 for item in made.objects if isinstance(item.shape, Region)]
    assert sum(areas) == pytest.approx(400 + 300 + 200 + 120 - 30, rel=1e-3)
    assert ep.sew_drawing(tmp_path / "united.svg").plan.stitch_count > 500


def test_photo_to_stitches_linked_and_embedded(inkscape: Inkscape, tmp_path: Path) -> None:
    more = 'x="10" y="20" width="30" height="20" transform="translate(20,5) rotate(15) scale(0.8)"'
    (tmp_path / "photo.png").write_bytes(picture())
    linked = f'<g transform="translate(3)"><image id="image1" {more} xlink:href="photo.png"/></g>'
    other = f'<g transform="translate(103)">{embedded(more).replace("image1", "image2")}</g>'
    path = drawn(tmp_path, f"{PAGE}{linked}{other}</svg>")
    out = tmp_path / "out.svg"
    effect = "org.embroiderprep.photo.noprefs"
    inkscape.act(
        path, "select-by-id:image1", effect, "select-clear", "select-by-id:image2", effect, *saved_as(out)
    )  # fmt: skip
    everything = np.concatenate([block.xy_mm for block in ep.read(out).blocks])
    a = np.radians(15)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    for left, xy in ((23, everything[everything[:, 0] < 100]), (123, everything[everything[:, 0] > 100])):
        own = (xy - (left, 5)) @ turn / 0.8
        assert own.min(axis=0) == pytest.approx((10, 20), abs=0.5)
        assert own.max(axis=0) == pytest.approx((40, 40), abs=0.5)
    # The hidden shapes are there as well, and the pictures as they were.
    assert ep.sew_drawing(out, take="shapes").plan.objects
    text = out.read_text(encoding="utf-8")
    assert 'id="image1"' in text
    assert "thread-palette" in text


def test_sew_what_is_drawn(inkscape: Inkscape, tmp_path: Path) -> None:
    path = drawn(tmp_path, f'{PAGE}<circle id="c" cx="50" cy="50" r="12" fill="#1f4fa3"/></svg>')
    out = tmp_path / "out.svg"
    inkscape.act(path, "select-by-id:c", "org.embroiderprep.sew.noprefs", *saved_as(out))
    left, _, right, _ = ep.read(out).bounds_mm
    assert (left, right) == (pytest.approx(38, abs=0.3), pytest.approx(62, abs=0.3))


def test_stitch_files_are_opened_and_saved(inkscape: Inkscape, tmp_path: Path) -> None:
    plan = bouquet()
    forms = ("pes", "dst", "jef", "vp3", "exp", "xxx")
    first = tmp_path / "0.pes"
    ep.write(plan, first)
    before = needle_path(ep.read(first))
    for number, form in enumerate((*forms[1:], forms[0])):
        after = tmp_path / f"{number + 1}.{form}"
        inkscape(tmp_path / f"{number}.{forms[number]}", f"--export-filename={after}")
        path = needle_path(ep.read(after))
        np.testing.assert_array_equal(path.xy - path.xy[0], before.xy - before.xy[0])
