"""How large a design is: what the hoop holds, what somebody asks for, and nothing that cannot be sewn."""

from __future__ import annotations

import json
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cli_runs import Runner
from PIL import Image

import embroider_prep as ep
from embroider_prep.errors import OptionsError
from embroider_prep.limits import MAX_SIDE_MM, MIN_SIDE_MM
from embroider_prep.machines import Machine, find_machine, list_machines
from embroider_prep.options import DEFAULT_FIELD_MM, SizeOptions, WriteOptions
from embroider_prep.picture import working_size_px
from embroider_prep.sizing import check_sides, field_for

Rgb8 = npt.NDArray[np.uint8]

SHAPES = {"landscape": (90, 60), "portrait": (60, 90), "square": (70, 70), "banner": (300, 40)}


def drawn(columns: int, rows: int) -> Rgb8:
    """A picture of four fields up to its very border, with a line across: pull compensation has work everywhere."""
    picture = np.full((rows, columns, 3), (237, 23, 31), np.uint8)
    picture[: rows // 2, columns // 2 :] = (0, 135, 119)
    picture[rows // 2 :, : columns // 3] = (10, 85, 163)
    picture[rows // 2 :, columns // 3 :: 9] = (255, 255, 255)
    return picture


def sewn_mm(path: Path) -> tuple[float, float]:
    return ep.read(path).size_mm


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", list_machines())
@pytest.mark.parametrize("turn", [True, False])
def test_a_design_is_as_large_as_a_hoop_of_the_machine_and_no_larger(name: str, shape: str, turn: bool) -> None:
    columns, rows = SHAPES[shape]
    machine = find_machine(name)
    width, height = field_for(columns, rows, WriteOptions(machine=name, turn_to_fit=turn))
    wide, high = working_size_px(columns, rows, width_mm=None, height_mm=None, within_mm=(width, height), px_per_mm=6)
    assert max(wide / 6 / width, high / 6 / height) > 0.99
    ways = [hoop.field_mm for hoop in machine.hoops]
    ways += [field[::-1] for field in ways] * turn
    assert any(wide / 6 <= field[0] and high / 6 <= field[1] for field in ways)
    # No hoop of the machine holds one that is larger.
    assert not any(wide / 6 * 1.02 <= field[0] and high / 6 * 1.02 <= field[1] for field in ways)


@pytest.mark.parametrize(("name", "shape"), list(zip(list_machines(), cycle(("landscape", "portrait")), strict=False)))
def test_the_written_file_stays_in_the_hoop(tmp_path: Path, name: str, shape: str) -> None:
    machine = find_machine(name)
    # Wide rows and few pixels: what is asked is where the needle goes at the border.
    made = ep.convert(
        drawn(*SHAPES[shape]), machine=name, style="none", threads=4, px_per_mm=1, row_spacing_mm=3, pull_mm=0.6
    )
    path = tmp_path / f"a.{machine.formats[0].lower()}"
    made.save(path, preview=False, report=False)
    assert in_a_hoop(sewn_mm(path), machine)
    assert max(sewn_mm(path)) > 0.8 * min(max(hoop.field_mm) for hoop in machine.hoops)


def in_a_hoop(size_mm: tuple[float, float], machine: Machine) -> bool:
    return any(
        size_mm[0] <= hoop.field_mm[0] + 0.05 and size_mm[1] <= hoop.field_mm[1] + 0.05 for hoop in machine.hoops
    )


def test_a_margin_is_kept(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text("[[hoop]]\nwidth_mm = 60.5\nheight_mm = 80.7\nmargin_mm = 3.3\n")
    made = ep.convert(drawn(90, 60), machine=str(profile), style="none", threads=4)
    made.save(tmp_path / "a.pes", preview=False)
    width, height = sewn_mm(tmp_path / "a.pes")
    assert (width, height) == (pytest.approx(49.4, abs=0.5), pytest.approx(74.1, abs=0.5))
    assert width <= 60.5 - 6.6
    assert height <= 80.7 - 6.6


@pytest.mark.parametrize(
    ("shape", "values", "expected"),
    [
        ((90, 60), {}, (100, 66.7)),
        ((60, 90), {}, (66.7, 100)),
        ((50, 50), {}, (100, 100)),
        ((60, 90), {"hoop": "auto"}, (66.7, 100)),
        ((60, 90), {"hoop": "none", "machine": "brother-pe800"}, (66.7, 100)),
        ((60, 90), {"hoop": "130x180"}, (120, 180)),
        ((90, 60), {"hoop": "130x180"}, (180, 120)),
        ((90, 60), {"hoop": "130x180", "turn_to_fit": False}, (130, 86.7)),
        ((90, 60), {"hoop": "100x100", "machine": "brother-pe800"}, (100, 66.7)),
        ((60, 90), {"machine": "brother-se600"}, (66.7, 100)),
        ((60, 90), {"width_mm": 90}, (90, 135)),
        ((60, 90), {"height_mm": 60, "machine": "brother-pe800"}, (40, 60)),
        ((90, 60), {"crop": (0, 0, 0.5, 1)}, (75, 100)),
        ((90, 60), {"rotate": "90"}, (66.7, 100)),
    ],
)
def test_size_without_and_with_options(shape: tuple[int, int], values: Any, expected: tuple[float, float]) -> None:
    made = ep.quantize_picture(drawn(*shape), style="none", threads=4, px_per_mm=2, **values)
    assert made.indexed.size_mm == pytest.approx(expected, abs=0.5)


def test_what_no_size_gives_is_what_the_same_width_gives(samples: dict[str, Rgb8]) -> None:
    for photo in samples.values():
        rows, columns = photo.shape[:2]
        assert working_size_px(columns, rows, width_mm=None, height_mm=None, px_per_mm=6) == working_size_px(
            columns, rows, width_mm=100, height_mm=None, px_per_mm=6
        )


@pytest.mark.parametrize(
    ("shape", "size", "said"),
    [
        ((40, 2000), {"width_mm": 100}, "40 x 2000 pixels with --width 100mm is a design of 100.0 x 5,000.0 mm"),
        ((2000, 40), {"height_mm": 100}, "a design of 5,000.0 x 100.0 mm; allowed are 5 to 1500 mm on each side"),
        ((2000, 40), {"width_mm": 100}, "a design of 100.0 x 2.0 mm"),
        ((2000, 40), {}, "with 100 x 100 mm is a design of 100.0 x 2.0 mm"),
        ((8, 100_000), {}, "allowed are 5 to 1500 mm"),
        ((100_000, 8), {"width_mm": 1500}, "allowed are 5 to 1500 mm"),
    ],
)
def test_a_strip_is_refused(shape: tuple[int, int], size: dict[str, float], said: str) -> None:
    with pytest.raises(OptionsError) as caught:
        check_sides(*shape, SizeOptions(**size), DEFAULT_FIELD_MM)
    assert said in caught.value.message
    assert "--crop" in caught.value.hint


def test_the_hint_for_a_strip_is_true() -> None:
    with pytest.raises(OptionsError) as caught:
        check_sides(1000, 30, SizeOptions(width_mm=100), DEFAULT_FIELD_MM)
    assert "--height 5mm" in caught.value.hint
    check_sides(1000, 30, SizeOptions(height_mm=5), DEFAULT_FIELD_MM)
    with pytest.raises(OptionsError) as caught:
        check_sides(300, 900, SizeOptions(width_mm=600), DEFAULT_FIELD_MM)
    assert "--height 1500mm" in caught.value.hint
    check_sides(300, 900, SizeOptions(height_mm=1500), DEFAULT_FIELD_MM)


def test_the_limits_are_those_of_the_options() -> None:
    for side in ("width_mm", "height_mm"):
        for good in (MIN_SIDE_MM, MAX_SIDE_MM):
            assert getattr(SizeOptions(**{side: good}), side) == good
        for bad in (MIN_SIDE_MM - 0.1, MAX_SIDE_MM + 0.1):
            with pytest.raises(OptionsError, match="out of range"):
                SizeOptions(**{side: bad})


class TestCommands:
    """Every verb that makes a design sizes it alike."""

    @pytest.fixture
    def cli(self, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
        monkeypatch.chdir(tmp_path)
        Image.fromarray(drawn(60, 90)).save("portrait.png")
        Image.fromarray(drawn(40, 2000)).save("strip.png")
        Path("small.toml").write_text("[[hoop]]\nwidth_mm = 40\nheight_mm = 30\n")
        return Runner(capfdbinary)

    @pytest.mark.parametrize(
        ("more", "expected"),
        [
            ((), (66.7, 100)),
            (("--hoop", "50x50"), (33.3, 50)),
            (("--machine", "small.toml"), (26.7, 40)),
            (("--machine", "small.toml", "--no-turn-to-fit"), (20, 30)),
        ],
        ids=["", "hoop", "machine", "not turned"],
    )
    def test_convert_and_the_steps(self, cli: Runner, more: tuple[str, ...], expected: tuple[float, float]) -> None:
        plain = ("--style", "none", "--px-per-mm", "2", *more)
        made = json.loads(cli("convert", "portrait.png", "-o", "one.pes", "--json", "--name", "a", *plain).text)
        assert sorted((made["plan"]["width_mm"], made["plan"]["height_mm"])) == pytest.approx(expected, abs=0.6)
        drawing = json.loads(cli("stylize", "portrait.png", "-o", "drawn.png", "--json", *plain).text)
        assert (drawing["width_px"], drawing["height_px"]) == pytest.approx([2 * side for side in expected], abs=1)
        threads = json.loads(cli("quantize", "drawn.png", "-o", "threads.png", "--json", *plain).text)
        assert (threads["width_mm"], threads["height_mm"]) == pytest.approx(expected, abs=0.6)
        assert cli("quantize", "portrait.png", "-o", "threads.png", *plain).code == 0
        assert cli("digitize", "threads.png", "-o", "two.pes", "--name", "a", *more).code == 0
        assert Path("one.pes").read_bytes() == Path("two.pes").read_bytes()

    def test_digitize_of_a_picture_without_a_scale(self, cli: Runner) -> None:
        for more, expected in (((), (66.7, 100)), (("--hoop", "40x60"), (40, 60)), (("--width", "30mm"), (30, 45))):
            made = json.loads(cli("digitize", "portrait.png", "-o", "a.pes", "--json", *more).text)
            assert (made["plan"]["width_mm"], made["plan"]["height_mm"]) == pytest.approx(expected, abs=1.3)
            said = [item["message"] for item in made["findings"] if item["code"] == "scale-missing"]
            assert len(said) == ("--width" not in more)

    def test_demo(self, cli: Runner) -> None:
        made = json.loads(cli("demo", "coffee", "--style", "none", "--machine", "small.toml", "--json").text)
        assert made["plan"]["width_mm"] == pytest.approx(40, abs=0.6)

    @pytest.mark.parametrize("verb", ["convert", "quantize", "digitize", "stylize"])
    @pytest.mark.parametrize("more", [("--width", "100mm"), ("--height", "100mm")])
    def test_a_strip_is_refused_at_once(self, cli: Runner, verb: str, more: tuple[str, ...]) -> None:
        start = time.perf_counter()
        ran = cli(verb, "strip.png", "-o", "out.png", *more)
        assert time.perf_counter() - start < 1
        assert ran.code == 2
        assert "allowed are 5 to 1500 mm on each side" in ran.err
        assert not Path("out.png").exists()
