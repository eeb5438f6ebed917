"""Results never take the place of what they are made from, nor of what somebody else has put there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cli_runs import Ran, Runner
from PIL import Image
from sample_plans import square
from tiny_onnx import save_tiny

from embroider_prep import pattern
from embroider_prep.errors import EmbroiderPrepError, OptionsError, OutputError
from embroider_prep.options import WriteOptions
from embroider_prep.targets import check_targets

QUICK = ("--style", "none", "--width", "20mm", "--threads", "2")
CHART = "number,name,hex\n1,Black,#000000\n2,Red,#ff0000\n3,White,#ffffff\n"
HOOP = "[[hoop]]\nwidth_mm = 100\nheight_mm = 100\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    picture = Image.new("RGB", (60, 60), "red")
    picture.paste((255, 255, 255), (20, 20, 40, 40))
    for name in ("photo.png", "d.preview.png", "mask.png", "d.sheet.html"):
        picture.save(tmp_path / name, "PNG")
    (tmp_path / "chart.csv").write_text(CHART)
    (tmp_path / "d.threads.txt").write_text("1\n2\n3\n")
    (tmp_path / "m.toml").write_text(HOOP)
    (tmp_path / "o.toml").write_text("[quantize]\nthreads = 2\n")
    pattern.write(square(), tmp_path / "s.dst")
    save_tiny(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def refused(folder: Path, cli: Runner) -> Callable[..., Ran]:
    def refuse(*words: str | Path) -> Ran:
        before = content(folder)
        ran = cli(*words)
        assert content(folder) == before
        assert ran.code in (1, 2), ran.err
        assert ran.err.startswith("error: ")
        return ran

    return refuse


CLASHES = [
    ["convert", "photo.png", "-o", "chart.csv", "--chart", "chart.csv"],
    ["convert", "photo.png", "-o", "d.dst", "--spools", "d.threads.txt", "--chart", "chart.csv", "--color-list"],
    ["convert", "d.preview.png", "-o", "d.pes"],
    ["convert", "photo.png", "-o", "d.pes", "--background-mask", "d.preview.png"],
    ["convert", "photo.png", "-o", "d.pes", "--background-mask", "d.sheet.html", "--sheet"],
    ["convert", "photo.png", "-o", "mask.png", "--background-mask", "mask.png"],
    ["convert", "photo.png", "-o", "x.pes", "--strip", "photo.png"],
    ["digitize", "photo.png", "-o", "d.pes", "--guide", "d.preview.png"],
    ["digitize", "photo.png", "-o", "x.pes", "--strip", "photo.png"],
    ["quantize", "photo.png", "-o", "mask.png", "--background-mask", "mask.png"],
    ["quantize", "photo.png", "-o", "mask.png", "--guide", "mask.png"],
    ["stylize", "photo.png", "-o", "photo.png"],
]


@pytest.mark.parametrize("words", CLASHES, ids=" ".join)
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_sources_stay(refused: Callable[..., Ran], words: list[str], force: list[str]) -> None:
    """Nothing allows to overwrite a source, --force neither."""
    if force and words[0] not in ("convert", "digitize"):
        pytest.skip("no such option")
    ran = refused(*words, *force)
    assert (ran.code, "overwrite what it is made from" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("how", ["./x.png", "sub/../x.png", "link.png", "hard.png", "X.PNG", "sub/link/x.png"])
def test_a_source_under_another_name(refused: Callable[..., Ran], folder: Path, how: str) -> None:
    (folder / "photo.png").rename(folder / "x.png")
    (folder / "sub").mkdir()
    (folder / "sub" / "link").symlink_to(folder)
    (folder / "link.png").symlink_to("x.png")
    os.link(folder / "x.png", folder / "hard.png")
    for verb in ("convert", "quantize", "stylize", "digitize"):
        assert "overwrite what it is made from" in refused(verb, "x.png", "-o", how).err
    # The other way round: the source is the link.
    if how in ("link.png", "hard.png"):
        assert "overwrite what it is made from" in refused("stylize", how, "-o", "x.png").err


def test_accents_in_either_form_are_one_name(refused: Callable[..., Ran], folder: Path) -> None:
    (folder / "photo.png").rename(folder / "\u00e9.png")
    assert "overwrite what it is made from" in refused("stylize", "\u00e9.png", "-o", "e\u0301.png").err


def test_a_model_and_its_card_stay(folder: Path) -> None:
    from embroider_prep.options import ConvertOptions
    from embroider_prep.targets import files_of

    options = ConvertOptions().with_values({"style": "model/model.onnx", "machine": "m.toml", "chart": "chart.csv"})
    names = {path.name for path in files_of(options)}
    assert names == {"model.onnx", "card.json", "m.toml", "chart.csv"}


@pytest.mark.parametrize(
    "name", ["con.pes", "NUL.dst", "aux.preview.pes", "Com1.jef", "lpt9.exp", "prn .pes", "COM².pes"]
)
def test_names_of_devices(refused: Callable[..., Ran], name: str) -> None:
    assert "Windows keeps the name" in refused("convert", "photo.png", "-o", name).err
    assert "Windows keeps the name" in refused("digitize", "photo.png", "-o", name).err
    picture = f"{name.partition('.')[0]}.png"
    for verb, source in (("stylize", "photo.png"), ("quantize", "photo.png"), ("preview", "s.dst")):
        assert "Windows keeps the name" in refused(verb, source, "-o", picture).err


def test_names_that_only_look_like_devices() -> None:
    check_targets(["console.pes", "nulls.pes", "com.pes", "com10.pes", "auxiliary.pes", "my con.pes"], [])


IN_THE_WAY = ["d.inf", "d.edr", "d.col", "d.threads.txt", "d.preview.png", "d.report.json", "d.sheet.html"]


@pytest.mark.parametrize("name", IN_THE_WAY)
@pytest.mark.parametrize("form", ["dst", "exp"])
def test_files_of_somebody_else_stay(
    refused: Callable[..., Ran], cli: Runner, folder: Path, name: str, form: str
) -> None:
    for path in folder.glob("d.*"):
        path.unlink()
    words = ["convert", "photo.png", "-o", f"d.{form}", *QUICK, "--chart", "chart.csv", "--color-list", "--sheet"]
    written = {path.name for path in folder.iterdir()}
    assert cli(*words).code == 0
    written = {path.name for path in folder.iterdir()} - written
    if name not in written:
        pytest.skip(f"{form} has none")
    for path in folder.glob("d.*"):
        path.unlink()
    (folder / name).write_bytes(b"mine")
    ran = refused(*words)
    assert f"{name}: another file has this name already" in ran.err
    assert "--force" in ran.err
    assert cli(*words, "--force").code == 0
    assert (folder / name).read_bytes() != b"mine"


def test_hoopings_of_somebody_else_stay(folder: Path) -> None:
    from sample_plans import bouquet

    options = WriteOptions(split_hoops=True, hoop="30x30")
    written = pattern.write(bouquet(), folder / "w.pes", options)
    assert len(written.paths) > 1
    for path in (written.paths[1], written.side_paths[0]):
        for other in (*written.paths, *written.side_paths):
            other.unlink(missing_ok=True)
        path.write_bytes(b"mine")
        with pytest.raises(OutputError, match="another file has this name already"):
            pattern.write(bouquet(), folder / "w.pes", options)
        assert path.read_bytes() == b"mine"
        assert [item.name for item in folder.glob("w*")] == [path.name]
        pattern.write(bouquet(), folder / "w.pes", options, force=True)


@pytest.mark.parametrize("more", [[], ["--no-report"]], ids=["report", "no report"])
@pytest.mark.parametrize("form", ["dst"])
def test_the_same_again_needs_no_force(cli: Runner, folder: Path, form: str, more: list[str]) -> None:
    """What is ours is replaced: by its report's digests, by its mark, or because nothing changes."""
    for path in folder.glob("d.*"):
        path.unlink()
    words = [
        "convert",
        "photo.png",
        "-o",
        f"d.{form}",
        "--style",
        "none",
        "--chart",
        "chart.csv",
        "--sheet",
        "--color-list",
    ]
    assert cli(*words, *more, "--width", "20mm", "--threads", "2").code == 0
    assert cli(*words, *more, "--width", "20mm", "--threads", "2").code == 0
    assert cli(*words, *more, "--width", "25mm", "--use", "1").code == 0
    if more:
        return
    report = json.loads((folder / "d.report.json").read_text())
    for name, digest in report["sha256"].items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert {f"d.{form}", "d.preview.png", "d.sheet.html", "d.threads.txt"} <= set(report["sha256"])


def test_a_list_goes_with_its_design(refused: Callable[..., Ran], cli: Runner, folder: Path) -> None:
    words = ["convert", "photo.png", "-o", "e.dst", *QUICK, "--chart", "chart.csv", "--no-report", "--no-preview"]
    assert cli(*words).code == 0
    beside = next(path for path in folder.glob("e.*") if path.suffix in (".edr", ".inf", ".col"))
    before = beside.read_bytes()
    assert cli(*words, "--use", "1", "--threads", "1").code == 0
    assert beside.read_bytes() != before
    # Whatever else has its name, or came another time, is somebody's.
    (folder / beside.name).write_bytes(b"mine")
    refused(*words)
    beside.write_bytes(before)
    os.utime(beside, (1e9, 1e9))
    refused(*words, "--use", "1", "--threads", "1")


def test_a_changed_list_is_no_longer_ours(refused: Callable[..., Ran], cli: Runner, folder: Path) -> None:
    words = ["convert", "photo.png", "-o", "e.dst", *QUICK, "--chart", "chart.csv"]
    assert cli(*words).code == 0
    beside = next(path for path in folder.glob("e.*") if path.suffix in (".edr", ".inf", ".col"))
    beside.write_bytes(beside.read_bytes() + b"\0\0\0\0")
    assert "was not written here" in refused(*words).err


def test_two_results_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a").touch()
    for one, other in (("a", "a"), ("a", "A"), ("a", "link")):
        with pytest.raises(OptionsError, match="two results have one name"):
            check_targets([tmp_path / one, tmp_path / other], [])


def test_sources_that_are_no_files_are_none(tmp_path: Path) -> None:
    check_targets([tmp_path / "a"], ["sample:coffee", "x" * 5000, "a\0b", tmp_path / "missing"])
    with pytest.raises(EmbroiderPrepError):
        check_targets(["a\0b"], [])
