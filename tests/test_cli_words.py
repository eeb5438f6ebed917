"""Mistakes that new users make: what is said names the option as typed, what is allowed and what to try."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_runs import Runner
from PIL import Image

import embroider_prep as ep
from embroider_prep.cli.params import flag_name
from embroider_prep.cli.words import SYNONYMS
from embroider_prep.errors import OptionsError
from embroider_prep.machines import find_machine, list_machines
from embroider_prep.units import parse_mm


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((40, 60, 3), 200, np.uint8)).save("photo.jpg")
    return Runner(capfdbinary)


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        ("--width 10", "--width: 10 without a unit is 10 mm", "did you mean 10cm? For such a small one write 10mm"),
        ("--width 4", "--width: 4.0 mm is out of range; allowed: 5 to 1500", "did you mean 4cm or 4in?"),
        ("--height 6.5", "--height: 6.5 without a unit", "did you mean 6.5cm or 6.5in?"),
        ("--width 100m", "--width: 100m is 100,000 mm; allowed: 5 to 1500", "did you mean 100mm"),
        ("--height 2m", "--height: 2m is 2,000 mm", "did you mean 2cm or 2in?"),
        ("--width 3cn", "--width: '3cn' is not a length", "did you mean 3cm?"),
        ("--row-spacing 4mn", "--row-spacing: '4mn' is not a length", "did you mean 4mm?"),
        ("--width 100x100", "--width: '100x100' is not a length", "one length is enough"),
        ("--width 10,5cm", "--width: '10,5cm' is not a length", "did you mean 10.5cm?"),
        ("--width 1,000mm", "--width: '1,000mm' is not a length", "without a comma"),
        ("--machine brother", "--machine: 'brother' stands in ", "--machine brother-"),
        ("--machine SE70", "--machine: 'SE70' is unknown", "did you mean 'brother-se600'?"),
        ("--machine zzz", "--machine: 'zzz' is unknown", "--hoop 130x180"),
        ("--hoop 5x7", "--hoop: '5x7' is 5 x 7 mm", "did you mean 130x180?"),
        ("--hoop 100", "--hoop: '100' is not a hoop", "did you mean 100x100?"),
        ("--size 100", "there is no option --size", "did you mean --width 100mm or --height 100mm? The other side"),
        ("--colours 5", "there is no option --colours", "did you mean --threads?"),
        ("--treads 5", "there is no option --treads", "did you mean --threads?"),
        ("--out b.pes", "there is no option --out", "did you mean -o?"),
        ("-width 90mm", "there is no option -width", "did you mean --width?"),
        ("--width", "Option '--width' requires an argument", "write a value behind --width"),
        ("--max-regions 0", "--max-regions: 0 is out of range; allowed: 1 or more", ""),
        ("--use 4711", "--use: thread '4711' is not in chart", ""),
        ("--style ghibli", "--style 'ghibli' is unknown; allowed: drawn", "embroider-prep models list"),
        ("--chart Isacordd", "--chart 'Isacordd' is unknown", "did you mean 'isacord'?"),
        ("--date tomorrow", "--date: 'tomorrow' is not a date", "write 2026-01-31"),
        ("-o b.jpg", "b.jpg: a picture; the result is a stitch file", "-o b.pes"),
    ],
)
def test_options_of_convert(cli: Runner, words: str, said: str, hint: str) -> None:
    ran = cli("convert", "photo.jpg", "-o", "a.pes", *words.split())
    assert ran.code == 2
    message, *rest = ran.err.splitlines()
    assert said in message
    assert hint in ran.err
    assert len(rest) <= 1
    assert not list(Path().glob("a.*"))


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        ("machines show", "machines: there is no command 'show'; allowed: list", "embroider-prep machines list"),
        ("machines show brother-pe800", "no command 'show'", "embroider-prep machines list brother-pe800"),
        ("machines PE800", "no command 'PE800'", "embroider-prep machines list PE800"),
        ("models show", "models: there is no command 'show'", "embroider-prep models list"),
        ("threads add 1", "threads: there is no command 'add'", "threads list FILE"),
        ("formats pex", "unknown format '.pex'", "did you mean 'pes'?"),
        ("photo", "there is no command and no file 'photo'", "photo.jpg"),
        ("convert", "Missing argument 'PHOTO'", "embroider-prep convert photo.jpg"),
        ("stylize photo.jpg", "a name for the picture is missing", "embroider-prep stylize photo.jpg -o"),
        ("convert photo.jpg a.pes", "a.pes: a stitch file behind a photo", "convert photo.jpg -o a.pes"),
        ("quantize photo.jpg -o a.png --stagger 1", "there is no option --stagger", "embroider-prep convert has"),
        ("demo photo.jpg", "photo.jpg: demo takes a sample", "embroider-prep convert photo.jpg"),
        ("preview photo.jpg", "photo.jpg: a photo, not a stitch file", "embroider-prep convert photo.jpg"),
    ],
)
def test_commands(cli: Runner, words: str, said: str, hint: str) -> None:
    ran = cli(*words.split())
    assert ran.code in (1, 2)
    message, *rest = ran.err.splitlines()
    assert said in message
    assert hint in ran.err
    assert len(rest) <= 1


def test_what_people_try_works(cli: Runner) -> None:
    assert cli("help").text == cli("--help").text
    assert cli("help", "report").text == cli("report", "--help").text
    assert cli("version").text == cli("--version").text
    assert cli("machines", "list", "PE800").text == cli("machines", "list", "brother-pe800").text
    assert "JEF" not in cli("formats", "pes", ".dst").text.split("\n", 1)[1]


@pytest.mark.parametrize("text", ["PE800", "pe 800", "Brother PE800", "brother_pe800", "pe-800"])
def test_a_machine_is_found_by_a_part_of_its_name(text: str) -> None:
    assert find_machine(text).name == "brother-pe800"


def test_every_machine_is_found_by_its_model_and_title() -> None:
    for name, machine in list_machines().items():
        assert find_machine(name.partition("-")[2]) is machine
        assert find_machine(machine.title) is machine


@pytest.mark.parametrize(
    ("text", "length_mm"), [("4inches", 101.6), ("4 inch", 101.6), ("4”", 101.6), (" 10.5 CM ", 105)]
)
def test_lengths_as_people_write_them(text: str, length_mm: float) -> None:
    assert parse_mm(text) == pytest.approx(length_mm)


def test_a_small_design_may_be_asked_for(cli: Runner) -> None:
    assert cli("convert", "photo.jpg", "-o", "a.pes", "--width", "10mm", "--style", "none", "--threads", "1").code == 0


def test_an_option_has_the_name_by_which_it_was_given(tmp_path: Path, cli: Runner) -> None:
    picture = np.full((40, 60, 3), 200, np.uint8)
    with pytest.raises(OptionsError, match=r"^max_regions: 0 is out of range"):
        ep.convert(picture, max_regions=0)
    Path("o.toml").write_text("[quantize]\nmax_regions = 0\n")
    assert (
        "o.toml: [quantize] max_regions: 0 is out of range"
        in cli("convert", "photo.jpg", "-o", "a.pes", "--options", "o.toml").err
    )
    assert "--max-regions: 0 is out of range" in cli("convert", "photo.jpg", "-o", "a.pes", "--max-regions", "0").err


def test_synonyms_name_options_that_exist() -> None:
    from test_cli_options import command_named, known_flags, mentioned_flags

    mentioned = mentioned_flags(" ".join(SYNONYMS.values()))
    assert {"--threads", "--chart"} <= mentioned
    assert mentioned <= known_flags()
    # `preview` has a --size of its own.
    assert not {f"--{word}" for word in SYNONYMS} & {flag for p in command_named("convert").params for flag in p.opts}
    assert flag_name("width_mm") == "width"


def test_what_comes_with_every_design_is_left_to_the_report(cli: Runner) -> None:
    import json

    ran = cli("convert", "sample:chelsea", "-o", "a.pes", "--style", "none", "--width", "50mm", "--threads", "8")
    codes = {item["code"] for item in json.loads(Path("a.report.json").read_text())["findings"]}
    assert codes & {"lines-left-out", "screen-colors"}
    assert "detail lines are not sewn" not in ran.err
    assert "only the maker's colours" not in ran.err
