"""Pictures for paper, for file managers and in a terminal: their size is said in the file, and they fit."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from cli_runs import Runner
from PIL import Image
from sample_plans import bouquet, plan_of, rows, square

import embroider_prep as ep
from embroider_prep.errors import OptionsError
from embroider_prep.picture import save_picture
from embroider_prep.preview import terminal_picture, thumbnail

TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def two_colors(height: int = 40, width: int = 60) -> np.ndarray:
    out = np.zeros((height, width, 3), np.uint8)
    out[: height // 2] = (200, 30, 40)
    out[height // 2 :] = (20, 60, 220)
    return out


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_picture_says_its_size(suffix: str, tmp_path: Path) -> None:
    save_picture(two_colors(), tmp_path / f"a.{suffix}", px_per_mm=6)
    with Image.open(tmp_path / f"a.{suffix}") as picture:
        assert float(picture.info["dpi"][0]) == pytest.approx(152.4, abs=0.5)
    save_picture(two_colors(), tmp_path / "a.webp", px_per_mm=6)
    save_picture(two_colors(), tmp_path / f"b.{suffix}")
    with Image.open(tmp_path / f"b.{suffix}") as picture:
        assert "dpi" not in picture.info or float(picture.info["dpi"][0]) in (1, 72)


def test_the_illustration_prints_at_the_width_that_was_asked_for(cli: Runner, tmp_path: Path) -> None:
    target = tmp_path / "print.png"
    ran = cli(
        "stylize", "sample:coffee", "-o", target, "--width", "50mm", "--style", "recipe:illustration", "--no-config"
    )
    assert ran.code == 0
    assert "50.0 x 33.3 mm at 152 dpi" in ran.err
    with Image.open(target) as picture:
        assert picture.width / float(picture.info["dpi"][0]) * 25.4 == pytest.approx(50, abs=0.1)


def test_the_preview_prints_at_true_size(cli: Runner, tmp_path: Path) -> None:
    ep.write(square(20), tmp_path / "a.pes")
    assert cli("preview", tmp_path / "a.pes", "-o", tmp_path / "a.png", "--px-per-mm", "8").code == 0
    with Image.open(tmp_path / "a.png") as picture:
        # Three millimetres of cloth on each side.
        assert picture.width / float(picture.info["dpi"][0]) * 25.4 == pytest.approx(26, abs=0.1)


@pytest.mark.parametrize("size", [16, 256, 700])
def test_thumbnail_fits_its_square(size: int) -> None:
    for plan in (bouquet(), plan_of([(0, rows(400, 30, spacing=2))]), plan_of([(1, rows(3, 5))])):
        picture = thumbnail(plan, size)
        assert max(picture.shape[:2]) == size
        width, height = (side + 2 for side in plan.size_mm)
        wanted = width / max(width, height) * size, height / max(width, height) * size
        assert picture.shape[1::-1] == pytest.approx(wanted, abs=1)
        assert picture.std() > 5


@pytest.mark.parametrize("size", [0, -1, 15, 100_000])
def test_thumbnail_of_no_size(size: int) -> None:
    with pytest.raises(OptionsError, match="allowed are 16 to 8192"):
        thumbnail(square(), size)


def test_preview_of_a_size(cli: Runner, tmp_path: Path) -> None:
    ep.write(bouquet(), tmp_path / "a.pes")
    assert cli("preview", "--size", "256", "-o", tmp_path / "t.png", tmp_path / "a.pes").code == 0
    with Image.open(tmp_path / "t.png") as picture:
        assert max(picture.size) == 256
    assert cli("preview", "--size", "0", "-o", tmp_path / "t.png", tmp_path / "a.pes").code == 2


def test_half_blocks_have_the_colours_and_the_shape() -> None:
    text = terminal_picture(two_colors(), columns=30, rows=50, env=TRUE)
    lines = text.splitlines()
    # 60 x 40 pixels in 30 columns: 20 rows of dots, two in each line.
    assert len(lines) == 10
    assert all(line.count("▀") == 30 and line.endswith("\x1b[0m") for line in lines)
    assert "38;2;200;30;40" in lines[0]
    assert "48;2;20;60;220" in lines[-1]


def test_terminals_of_256_colours() -> None:
    text = terminal_picture(two_colors(), columns=80, rows=24, env={"TERM": "xterm-256color"})
    assert "38;5;160" in text
    assert "38;2;" not in text


def test_a_picture_never_leaves_the_terminal() -> None:
    for shape in ((500, 20), (20, 500), (1, 1), (3000, 3000)):
        lines = terminal_picture(two_colors(*shape), columns=40, rows=12, env=TRUE).splitlines()
        assert len(lines) <= 12
        assert max(line.count("▀") for line in lines) <= 40


def test_kitty_gets_the_picture_itself_in_chunks() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8)
    text = terminal_picture(picture, columns=80, rows=40, env={"TERM": "xterm-kitty"})
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert "f=100" in parts[0][0]
    assert [part[0][-1] for part in parts] == ["1"] * (len(parts) - 1) + ["0"]
    assert max(len(part[1]) for part in parts) <= 4096
    sent = Image.open(io.BytesIO(b64decode("".join(part[1] for part in parts))))
    assert (np.asarray(sent) == picture).all()


def test_iterm_gets_the_picture_itself() -> None:
    text = terminal_picture(two_colors(), columns=80, rows=40, env={"TERM_PROGRAM": "WezTerm", "TERM": "x"})
    found = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+):([^\a]*)\a\n", text)
    assert found
    assert len(b64decode(found.group(2))) == int(found.group(1))


@pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}, TRUE | {"NO_COLOR": "1"}])
def test_a_terminal_without_colours_says_so(env: dict[str, str]) -> None:
    with pytest.raises(OptionsError, match="shows no colours"):
        terminal_picture(two_colors(), columns=80, rows=24, env=env)


def test_show_needs_a_terminal(cli: Runner, tmp_path: Path) -> None:
    ep.write(square(), tmp_path / "a.pes")
    ran = cli("preview", tmp_path / "a.pes", "--show")
    assert ran.code == 2
    assert "no terminal" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pes"]
    assert "embroider-prep stylize sample:coffee -o illustration.png, or --show" in cli("stylize", "sample:coffee").err


def test_show_in_a_terminal(cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ep.write(square(), tmp_path / "a.pes")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for name, value in TRUE.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "KITTY_WINDOW_ID", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    ran = cli("preview", tmp_path / "a.pes", "--show")
    assert ran.code == 0
    assert "▀" in ran.out.decode("utf-8")
