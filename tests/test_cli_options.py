"""Options of the command line against the options classes: the same names, ranges and defaults, nothing of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from cli_runs import Runner

import embroider_prep
from embroider_prep.checked import option_fields
from embroider_prep.cli.entry import COMMANDS, root
from embroider_prep.cli.params import FieldOption, flag_name
from embroider_prep.options import ConvertOptions

STEPS = ConvertOptions.steps()
FIELDS = [(step, field) for step, kind in STEPS.items() for field in option_fields(kind)]


def command_named(name: str) -> click.Command:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    return command


def field_options(name: str) -> dict[str, FieldOption]:
    return {str(param.name): param for param in command_named(name).params if isinstance(param, FieldOption)}


class _Stop(Exception):
    pass


@pytest.fixture
def options_of(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return the options with which `convert` is called for a command line."""
    caught: list[ConvertOptions] = []

    def catch(source: object, options: ConvertOptions, **_: object) -> None:
        caught.append(options)
        raise _Stop

    monkeypatch.setattr("embroider_prep.pipeline.convert", catch)
    cli = Runner(capfdbinary)

    def options(*arguments: str) -> ConvertOptions:
        caught.clear()
        try:
            ran = cli("convert", "sample:coffee", "-o", tmp_path / "a.pes", *arguments)
        except _Stop:
            return caught[0]
        raise AssertionError(ran.err)

    return options


def test_every_field_has_its_option_on_convert() -> None:
    assert set(field_options("convert")) == {field.name for _, field in FIELDS if field.metadata["cli"]}


def test_names_are_the_fields_with_and_without_unit() -> None:
    for field, option in field_options("convert").items():
        assert option.opts[0] == f"--{flag_name(field)}"
        if option.field.metadata["kind"] != "bool":
            assert option.opts[-1] == f"--{field.replace('_', '-')}"
    assert [flag_name(name) for name in ("width_mm", "tile_px", "angle_deg", "min_area_mm2", "face_weight")] == [
        "width", "tile", "angle", "min-area", "face-weight",
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_stands_for_two_things(name: str) -> None:
    command = command_named(name)
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in commands:
        flags = [flag for param in one.params for flag in (*param.opts, *param.secondary_opts)]
        assert len(flags) == len(set(flags))


def test_fields_that_steps_share_have_one_default() -> None:
    shared: dict[str, set[Any]] = {}
    for _, field in FIELDS:
        shared.setdefault(field.name, set()).add(field.default)
    assert {name for name, defaults in shared.items() if len(defaults) > 1} == set()


def test_nothing_given_means_the_defaults_of_the_classes(options_of: Any) -> None:
    assert options_of() == ConvertOptions()


def test_the_defaults_that_help_shows_are_those_of_the_classes(options_of: Any) -> None:
    arguments = []
    for name, option in field_options("convert").items():
        default, kind = option.field.default, option.field.metadata["kind"]
        if kind == "bool":
            arguments.append(option.opts[0] if default else option.secondary_opts[0])
        elif option.shown_default:
            assert f"[default: {option.shown_default}]" in str(option.help), name
            arguments += [option.opts[0], option.shown_default]
        else:
            assert default in (None, ()), name
    assert options_of(*arguments) == ConvertOptions()


def test_help_says_what_is_on(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    text = " ".join(Runner(capfdbinary)("convert", "--help-all").text.split())
    assert "--underlay / --no-underlay Sew underlay below large fills and wide satins. [default: on]" in text
    assert "--row-spacing LENGTH Distance of rows: the laid width of 40 wt thread. [default: 0.4mm]" in text
    assert "PHOTO is a JPEG" in text


@pytest.mark.parametrize(
    ("arguments", "step", "values"),
    [
        (["--width", "9cm"], "size", {"width_mm": 90.0}),
        (["--width-mm", "90"], "size", {"width_mm": 90.0}),
        (["--height", "2.5in"], "size", {"height_mm": 63.5}),
        (["--crop", "0.1,0,0.9,1"], "picture", {"crop": (0.1, 0.0, 0.9, 1.0)}),
        (["--rotate", "90", "--fix", "off"], "picture", {"rotate": "90", "fix": "off"}),
        (["--style", "none"], "stylize", {"style": "none"}),
        (["--overlap", "0", "--tile", "256"], "stylize", {"overlap_px": 0, "tile_px": 256}),
        (["--threads", "auto"], "quantize", {"threads": "auto"}),
        (["--chart", "brother", "--use", "058, 900"], "quantize", {"chart": "brother", "use": ("058", "900")}),
        (["--fabric", "navy", "--skip-fabric", "9"], "quantize", {"fabric": "navy", "skip_fabric": 9.0}),
        (["--background", "remove"], "quantize", {"background": "remove"}),
        (["--max-regions", "none"], "quantize", {"max_regions": None}),
        (["--max-regions", "none"], "regions", {"max_regions": None}),
        (["--min-area", "3mm2"], "regions", {"min_area_mm2": 3.0}),
        (["--no-underlay", "--no-trim"], "plan", {"underlay": False, "no_trim": True}),
        (["--trim"], "plan", {"no_trim": False}),
        (["--angle", "-45"], "plan", {"angle_deg": -45.0}),
        (["--machine", "brother-pe800", "--hoop", "auto"], "write", {"machine": "brother-pe800", "hoop": "auto"}),
        (["--hoop", "200x200", "--split-hoops", "--hoop-overlap", "2mm"], "write",
         {"hoop": "200x200", "split_hoops": True, "overlap_mm": 2.0}),
        (["--fail-on", "warning"], "write", {"fail_on": "warning"}),
        (["--no-turn-to-fit"], "write", {"turn_to_fit": False}),
        (["--preview-px-per-mm", "20", "--marks"], "preview", {"preview_px_per_mm": 20.0, "marks": True}),
    ],
)  # fmt: skip
def test_options_reach_their_step(options_of: Any, arguments: list[str], step: str, values: dict[str, Any]) -> None:
    got = getattr(options_of(*arguments), step)
    assert got == replace(STEPS[step](), **values)


class TestOptionsFile:
    """``--options design.toml`` lies below what stands on the command line."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> str:
        path = tmp_path / "design.toml"
        path.write_text(
            "[size]\nwidth_mm = 70\n[quantize]\nthreads = 5\nblack_white = true\n[plan]\nunderlay = false\n"
        )
        return str(path)

    def test_the_file_is_used(self, options_of: Any, file: str) -> None:
        got = options_of("--options", file)
        assert (got.size.width_mm, got.quantize.threads, got.plan.underlay) == (70, 5, False)

    def test_the_command_line_wins_where_it_says_something(self, options_of: Any, file: str) -> None:
        got = options_of("--options", file, "--threads", "7", "--underlay", "--no-black-white")
        assert (got.quantize.threads, got.plan.underlay, got.quantize.black_white) == (7, True, False)
        assert got.size.width_mm == 70

    def test_a_default_that_is_given_wins_as_well(self, options_of: Any, file: str) -> None:
        assert options_of("--options", file, "--threads", "12").quantize.threads == 12

    def test_a_height_takes_the_place_of_the_files_width(self, options_of: Any, file: str) -> None:
        got = options_of("--options", file, "--height", "40")
        assert (got.size.width_mm, got.size.height_mm) == (None, 40)

    def test_one_file_serves_every_step(
        self, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, file: str
    ) -> None:
        ran = Runner(capfdbinary)(
            "stylize", "sample:coffee", "-o", tmp_path / "a.png", "--options", file, "--style", "none"
        )
        assert ran.code == 0

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("[quantize]\nthread = 5\n", "unknown option 'thread'"),
            ("[quantise]\n", "unknown table [quantise]"),
            ("threads = 5\n", "stands outside a table"),
            ("[quantize\n", "not TOML"),
            ("[plan]\nrow_spacing_mm = 0\n", "row_spacing_mm: 0 mm is out of range"),
        ],
    )
    def test_a_wrong_file_is_an_error(
        self, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, content: str, said: str
    ) -> None:
        path = tmp_path / "wrong.toml"
        path.write_text(content)
        ran = Runner(capfdbinary)("convert", "sample:coffee", "-o", tmp_path / "a.pes", "--options", path)
        assert ran.code in (1, 2)
        assert said in ran.err
        assert not (tmp_path / "a.pes").exists()


def known_flags() -> set[str]:
    flags = {"--version", "--help"}
    for name in COMMANDS:
        command = command_named(name)
        for one in [command, *(command.commands.values() if isinstance(command, click.Group) else ())]:
            flags |= {flag for param in one.params for flag in (*param.opts, *param.secondary_opts)}
    return flags


def mentioned_flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+(?![\w-])", text))


def test_every_option_that_the_library_names_exists() -> None:
    # Hints such as "use --split-hoops" must not send people astray.
    folder = Path(embroider_prep.__file__).parent
    mentioned = {flag for path in folder.rglob("*.py") for flag in mentioned_flags(path.read_text(encoding="utf-8"))}
    assert {"--split-hoops", "--style"} <= mentioned
    # Inkscape gives --id to what it calls, and Flatpak's own command takes --env.
    assert mentioned - known_flags() == {"--env", "--id"}
