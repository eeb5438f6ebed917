"""Files dropped on the program: results appear beside them, and take the place of nothing."""

from __future__ import annotations

import re
from pathlib import Path

import click
import numpy as np
import pytest
from cli_runs import Runner, names
from PIL import Image
from sample_plans import square

from embroider_prep.cli.entry import root
from embroider_prep.cli.params import MANY
from embroider_prep.pattern import read, write

QUICK = ("--style", "none", "--threads", "2", "--width", "20mm")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    picture = np.full((60, 90, 3), (237, 23, 31), np.uint8)
    picture[20:40] = (0, 135, 119)
    Image.fromarray(picture).save(tmp_path / "red.png")
    Image.fromarray(picture[:, ::-1]).save(tmp_path / "My photo.v2.JPG")
    (tmp_path / "inner").mkdir()
    Image.fromarray(picture).save(tmp_path / "inner" / "deep.png")
    write(square(), tmp_path / "square.dst")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


class TestPhoto:
    @pytest.mark.parametrize("words", [[], ["convert"]], ids=["dropped", "convert"])
    def test_the_result_stands_beside_it(self, cli: Runner, folder: Path, words: list[str]) -> None:
        ran = cli(*words, folder / "inner" / "deep.png", *QUICK)
        assert ran.code == 0, ran.err
        assert names(folder / "inner") == ["deep.pes", "deep.png", "deep.preview.png", "deep.report.json"]
        assert "deep.pes" in ran.err

    def test_with_options_before_the_other_words(self, cli: Runner) -> None:
        assert cli("red.png", "-q", *QUICK, "--format", "dst").code == 0
        assert read("red.dst").stitch_count > 10

    def test_a_name_with_dots_and_blanks_keeps_them(self, cli: Runner) -> None:
        assert cli("My photo.v2.JPG", *QUICK).code == 0
        assert Path("My photo.v2.pes").is_file()

    def test_the_format_is_that_of_the_machine(self, cli: Runner) -> None:
        assert cli("red.png", *QUICK, "--machine", "janome-mc500e").code == 0
        assert Path("red.jef").is_file()

    def test_a_sample_appears_in_this_folder(self, cli: Runner) -> None:
        assert cli("sample:coffee", *QUICK).code == 0
        assert Path("coffee.pes").is_file()

    @pytest.mark.parametrize("there", ["red.pes", "red.preview.png", "red.report.json"])
    def test_nothing_is_overwritten_without_force(self, cli: Runner, folder: Path, there: str) -> None:
        Path(there).write_text("mine")
        before = names(folder)
        ran = cli("red.png", *QUICK)
        assert ran.code == 1
        assert f"{there}: is there already; nothing is overwritten" in ran.err
        assert "--force" in ran.err
        assert names(folder) == before
        assert Path(there).read_text() == "mine"
        assert cli("red.png", *QUICK, "--force").code == 0
        assert Path(there).read_bytes() != b"mine"

    def test_nor_is_an_earlier_result(self, cli: Runner) -> None:
        assert cli("red.png", *QUICK).code == 0
        made = Path("red.pes").read_bytes()
        assert cli("red.png", *QUICK, "--fabric", "red").code == 1
        assert Path("red.pes").read_bytes() == made
        assert cli("red.png", *QUICK, "-o", "red.pes").code == 0

    def test_nor_are_hoopings(self, cli: Runner) -> None:
        Path("red-1of4.pes").write_text("mine")
        ran = cli("red.png", *QUICK[:4], "--width", "60mm", "--px-per-mm", "2", "--hoop", "50x50", "--split-hoops")
        assert ran.code == 1
        assert "red-1of4.pes: is there already" in ran.err

    def test_digitize_does_the_same(self, cli: Runner) -> None:
        assert cli("quantize", "red.png", "-o", "threads.png", *QUICK).code == 0
        assert cli("digitize", "threads.png").code == 0
        assert Path("threads.pes").is_file()
        assert cli("digitize", "threads.png").code == 1


class TestSeveral:
    def test_each_photo_is_converted_and_a_wrong_one_stops_no_other(self, cli: Runner) -> None:
        Path("letter.jpg").write_text("Dear embroiderer,")
        ran = cli("red.png", "letter.jpg", "inner/deep.png", *QUICK)
        assert ran.code == 1
        assert Path("red.pes").is_file()
        assert Path("inner/deep.pes").is_file()
        assert "letter.jpg: not a picture" in ran.err
        assert not Path("letter.pes").exists()

    def test_of_one_name_the_second_is_refused(self, cli: Runner) -> None:
        with Image.open("red.png") as picture:
            picture.save("red.jpg")
        ran = cli("red.png", "red.jpg", *QUICK)
        assert ran.code == 1
        assert "red.pes: is there already" in ran.err

    def test_photos_and_stitch_files_together(self, cli: Runner) -> None:
        ran = cli("square.dst", "red.png", *QUICK)
        assert ran.code == 0, ran.err
        assert Path("square.preview.png").is_file()
        assert Path("red.pes").is_file()


class TestStitchFile:
    @pytest.mark.parametrize("words", [[], ["preview"]], ids=["dropped", "preview"])
    def test_its_picture_stands_beside_it(self, cli: Runner, folder: Path, words: list[str]) -> None:
        ran = cli(*words, "square.dst")
        assert ran.code == 0, ran.err
        with Image.open("square.preview.png") as picture:
            assert picture.size[0] > 50
        assert "square.preview.png" in ran.err
        assert "stitches" in ran.err
        assert cli(*words, "square.dst").code == 1
        assert cli(*words, "square.dst", "--force").code == 0

    def test_of_several_each_is_drawn(self, cli: Runner) -> None:
        write(square(), Path("two.pes"))
        assert cli("square.dst", "two.pes").code == 0
        assert Path("two.preview.png").is_file()

    @pytest.mark.parametrize("verb", ["preview", "report"])
    def test_a_photo_is_sent_to_convert(self, cli: Runner, verb: str) -> None:
        for name in ("red.png", "My photo.v2.JPG"):
            ran = cli(verb, name)
            assert ran.code == 1
            assert f"{name}: a photo, not a stitch file" in ran.err
            assert f"embroider-prep convert {name}" in ran.err


class TestHelp:
    def options_in(self, text: str) -> set[str]:
        return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))

    def test_of_convert_shows_the_usual_options_by_what_people_want(self, cli: Runner) -> None:
        shown = self.options_in(cli("convert", "--help").text)
        assert {"--output", "--width", "--machine", "--threads", "--crop", "--fabric", "--options"} <= shown
        assert len(shown - {"--help", "--help-all"}) == 25
        assert "--stagger" not in shown

    def test_help_all_shows_every_option(self, cli: Runner) -> None:
        ran = cli("convert", "--help-all")
        assert ran.code == 0
        command = root.get_command(click.Context(root), "convert")
        assert command is not None
        known = {param.opts[-1] if "-" in param.opts[0][1:2] else param.opts[0] for param in command.params}
        shown = self.options_in(ran.text)
        assert len(shown) == len([param for param in command.params if isinstance(param, click.Option)]) + 1
        assert {"--stagger", "--format", "--px-per-mm", "--help-all"} <= shown & (known | {"--format", "--help-all"})
        assert "--help-all" in cli("convert", "--help").text

    @pytest.mark.parametrize("name", ["setup", "report", "preview", "stylize"])
    def test_of_a_command_with_few_options_shows_all(self, cli: Runner, name: str) -> None:
        command = root.get_command(click.Context(root), name)
        assert command is not None
        assert len(command.params) <= MANY
        options = [param for param in command.params if isinstance(param, click.Option)]
        assert len(self.options_in(cli(name, "--help").text)) == len(options) + 1
