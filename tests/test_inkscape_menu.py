"""Inkscape's menu without Inkscape: what is installed, and what our program answers when it is called."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from sample_plans import bouquet

import embroider_prep as ep
from embroider_prep.cli.entry import run as command_line
from embroider_prep.errors import InputError, OutputError
from embroider_prep.inkscape import install, status, uninstall
from embroider_prep.inkscape.document import Document
from embroider_prep.inkscape.folders import profiles
from embroider_prep.inkscape.photo import find_picture, place_picture
from embroider_prep.inkscape.run import answer
from embroider_prep.plans import needle_path
from embroider_prep.svg import plan_to_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
PAGE = f'{HEAD} width="200mm" height="200mm" viewBox="0 0 200 200">'


def picture(width: int = 60, height: int = 40) -> bytes:
    """Return a PNG with a red left and a blue right half."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (200, 30, 40)
    pixels[:, width // 2 :] = (30, 60, 160)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def embedded(more: str = 'x="10" y="20" width="60" height="40"', data: bytes | None = None) -> str:
    text = base64.b64encode(data or picture()).decode()
    return f'<image id="image1" {more} xlink:href="data:image/png;base64,{text}"/>'


def drawn(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "drawing.svg"
    path.write_text(text, encoding="utf-8")
    return path


def test_install_status_uninstall_touch_nothing_else(tmp_path: Path) -> None:
    profile = tmp_path / "inkscape"
    other = profile / "extensions" / "other.inx"
    other.parent.mkdir(parents=True)
    other.write_text("x", encoding="utf-8")
    assert not status([profile])[0].there
    (made,) = install([profile])
    assert made.there
    assert made.version == ep.__version__
    assert status([profile])[0].files == made.files
    before = {path: path.read_bytes() for path in made.files}
    assert install([profile])[0].files == made.files
    assert {path: path.read_bytes() for path in made.files} == before
    uninstall([profile])
    assert not status([profile])[0].there
    assert sorted(path for path in profile.rglob("*") if path.is_file()) == [other]
    assert not (profile / "extensions" / "embroider-prep").exists()


def test_what_somebody_has_changed_stays(tmp_path: Path) -> None:
    (made,) = install([tmp_path])
    mine = next(path for path in made.files if path.name == "photo.inx")
    mine.write_text("changed", encoding="utf-8")
    uninstall([tmp_path])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["photo.inx"]


def test_a_list_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    (made,) = install([tmp_path / "inkscape"])
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    home = made.files[0].parent
    table = json.loads((home / "embroider-prep.json").read_text())
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    table["files"] |= {"../victim": digest, str(victim): digest, "extensions/embroider-prep/../../../victim": digest}
    (home / "embroider-prep.json").write_text(json.dumps(table))
    uninstall([tmp_path / "inkscape"])
    assert victim.exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "extensions" / "embroider-prep"
    home.mkdir(parents=True)
    (home / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="was not written here"):
        install([tmp_path])
    assert [path.name for path in home.iterdir()] == ["mine.txt"]
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(OutputError):
        install([blocked])


def test_palettes_are_installed_and_found(tmp_path: Path) -> None:
    (tmp_path / "palettes").mkdir()
    theirs = tmp_path / "palettes" / "InkStitch Isacord Polyester.gpl"
    theirs.write_text("theirs", encoding="utf-8")
    install([tmp_path], palettes=True)
    assert theirs.read_text(encoding="utf-8") == "theirs"
    made = tmp_path / "palettes" / "InkStitch Madeira Polyneon.gpl"
    chart = ep.load_chart(made)
    assert [(t.code, t.name, t.rgb8) for t in chart] == [
        (t.code, t.name, t.rgb8) for t in ep.load_chart("madeira-polyneon")
    ]
    uninstall([tmp_path])
    assert [path.name for path in (tmp_path / "palettes").iterdir()] == [theirs.name]


def test_flatpak_and_snap_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: None)
    for name in ("INKSCAPE_PROFILE_DIR", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert len(profiles()) == 1
    (tmp_path / ".var/app/org.inkscape.Inkscape").mkdir(parents=True)
    (tmp_path / "snap/inkscape").mkdir(parents=True)
    found = [path.relative_to(tmp_path).as_posix() for path in profiles()]
    assert found == [".var/app/org.inkscape.Inkscape/config/inkscape", "snap/inkscape/current/.config/inkscape"]


def test_menu_files_are_what_inkscape_reads(tmp_path: Path) -> None:
    (made,) = install([tmp_path])
    names = set()
    for path in made.files:
        if path.suffix != ".inx":
            continue
        root = ET.parse(path).getroot()
        space = root.tag.removesuffix("inkscape-extension")
        names.add(root.find(f"{space}id").text)
        command = root.find(f"{space}script/{space}command")
        # Beside the file: no path that only a shell knows, no second Python.
        assert command.get("location") == "inx"
        assert (path.parent / command.text).is_file()
        assert command.get("interpreter") is None
    assert {f"org.embroiderprep.{name}" for name in ("photo", "sew", "preview", "preflight")} <= names
    assert {f"org.embroiderprep.{way}.{form}" for way in ("input", "output") for form in ("pes", "dst", "jef")} <= names


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path)]
    assert command_line(["inkscape", "status", *folder]) == 0
    assert "not installed" in capsys.readouterr().out
    assert command_line(["inkscape", "install", *folder]) == 0
    assert command_line(["inkscape", "status", *folder, "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["profiles"][0]["installed"] is True
    assert command_line(["inkscape", "uninstall", *folder]) == 0
    assert command_line(["inkscape", "status", *folder]) == 0


def run_program(profile: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    (made,) = install([profile])
    program = next(path for path in made.files if path.name.startswith("embroider-prep-inkscape"))
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    return subprocess.run([str(program), *arguments], capture_output=True, timeout=120, env=env, check=False)


def test_errors_are_one_message_and_success_is_silent(tmp_path: Path) -> None:
    bad = drawn(tmp_path, PAGE + "</svg>")
    done = run_program(tmp_path / "profile", "--action=photo", str(bad))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith("no picture is selected")
    assert "Traceback" not in done.stderr.decode()
    # Modules in Inkscape's folders have names of all kinds.
    trap = tmp_path / "inkscape" / "extensions"
    trap.mkdir(parents=True)
    (trap / "numpy.py").write_text("raise SystemExit('trapped')", encoding="utf-8")
    good = tmp_path / "design.dst"
    ep.write(bouquet(), good)
    done = run_program(tmp_path / "profile", str(good), PYTHONPATH=str(trap), PYTHONWARNINGS="always")
    assert (done.returncode, done.stderr) == (0, b"")
    assert ep.read(done.stdout, format="svg").stitch_count == ep.read(good).stitch_count


def corners(document: Document) -> np.ndarray:
    """Return where the corners of the picture of a drawing lie, in mm."""
    placed = place_picture(document, find_picture(document, ["image1"]))
    unit = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], float)
    return unit @ placed.matrix.T * document.mm_per_unit


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (PAGE + embedded() + "</svg>", [(10, 20), (70, 20), (10, 60), (70, 60)]),
        (PAGE + f'<g transform="translate(5)"><g transform="scale(2)">{embedded()}</g></g></svg>',
         [(25, 40), (145, 40), (25, 120), (145, 120)]),
        (PAGE + embedded('x="10" y="20" width="60" height="40" transform="rotate(90)"') + "</svg>",
         [(-20, 10), (-20, 70), (-60, 10), (-60, 70)]),
        (PAGE + embedded('width="60" height="40" transform="matrix(-1,0,0,1,100,0)"') + "</svg>",
         [(100, 0), (40, 0), (100, 40), (40, 40)]),
        # The box is higher than the picture: it stands in its middle.
        (PAGE + embedded('width="60" height="80"') + "</svg>", [(0, 20), (60, 20), (0, 60), (60, 60)]),
        (PAGE + embedded('width="60" height="80" preserveAspectRatio="none"') + "</svg>",
         [(0, 0), (60, 0), (0, 80), (60, 80)]),
        (PAGE + embedded('width="60" height="20" preserveAspectRatio="xMidYMid slice"') + "</svg>",
         [(0, 0), (60, 0), (0, 20), (60, 20)]),
        (f'{HEAD} width="4in" height="4in" viewBox="0 0 8 8">' + embedded('width="3" height="2"') + "</svg>",
         [(0, 0), (38.1, 0), (0, 25.4), (38.1, 25.4)]),
        (PAGE + '<clipPath id="c"><rect x="20" y="30" width="30" height="10"/></clipPath>'
         + embedded('x="10" y="20" width="60" height="40" clip-path="url(#c)"') + "</svg>",
         [(20, 30), (50, 30), (20, 40), (50, 40)]),
    ],
)  # fmt: skip
def test_pictures_are_found_where_they_are_seen(tmp_path: Path, text: str, want: list[tuple[float, float]]) -> None:
    np.testing.assert_allclose(corners(Document(drawn(tmp_path, text))), want, atol=1e-6)


def test_stitches_lie_on_the_picture(tmp_path: Path) -> None:
    for number, more in enumerate(("", 'transform="rotate(30)"', 'transform="scale(-1,1) translate(-90,0)"')):
        data = picture()
        path = drawn(tmp_path, PAGE + embedded(f'x="10" y="20" width="30" height="20" {more}', data) + "</svg>")
        before = corners(Document(path))
        out, message = answer(["--action=photo", "--id=image1", "--threads=2", "--chart=isacord", str(path)])
        assert not message
        plan = ep.read(out, format="svg")
        xy = np.concatenate([block.xy_mm for block in plan.blocks])
        # In the picture's own axes the stitches fill it to its edges.
        axes = np.stack([before[1] - before[0], before[2] - before[0]])
        share = (xy - before[0]) @ np.linalg.inv(axes)
        for side, length in enumerate((30, 20)):
            assert share[:, side].min() * length == pytest.approx(0, abs=0.45), number
            assert share[:, side].max() * length == pytest.approx(length, abs=0.45), number
        # Red lies on the left of the picture, also when that is mirrored.
        red = max(range(len(plan.threads)), key=lambda i: plan.threads[i].rgb8[0])
        left = np.concatenate([block.xy_mm for block in plan.blocks if block.thread == red])
        assert ((left - before[0]) @ np.linalg.inv(axes))[:, 0].mean() < 0.4
        # What was there is there as it was.
        assert path.read_bytes()[: -len(b"</svg>")] in out.replace(
            out[out.index(b"\n<metadata>") : out.index(b"</metadata>") + len(b"</metadata>")], b"", 1
        )


@pytest.mark.parametrize(
    ("text", "ids", "word"),
    [
        (PAGE + "</svg>", [], "no picture is selected"),
        (PAGE + embedded() + embedded().replace("image1", "image2") + "</svg>", [], "2 pictures are there"),
        (PAGE + embedded() + embedded().replace("image1", "b") + "</svg>", ["--id=image1", "--id=b"],
         "2 pictures are selected"),
        (PAGE + '<rect id="r" width="9" height="9"/>' + embedded() + "</svg>", ["--id=r"], "no picture is selected"),
        (PAGE + '<image id="image1" xlink:href="gone.png" width="9" height="9"/></svg>', [], "'gone.png' is not where"),
        (PAGE + '<image xlink:href="https://example.com/a.png" width="9" height="9"/></svg>', [], "not fetched"),
        (PAGE + '<image xlink:href="data:image/png;base64,abcd" width="9" height="9"/></svg>', [], "picture"),
        (PAGE + embedded(data=picture(2, 1)) + "</svg>", [], "pixels"),
        (PAGE + '<clipPath id="c"><circle cx="30" cy="30" r="10"/></clipPath>'
         + embedded('x="10" y="20" width="60" height="40" clip-path="url(#c)"') + "</svg>", [], "no rectangle"),
        ("<svg", [], "not an SVG"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_picture_is_said(tmp_path: Path, text: str, ids: list[str], word: str) -> None:
    with pytest.raises(ep.EmbroiderPrepError) as error:
        answer(["--action=photo", *ids, str(drawn(tmp_path, text))])
    assert word in error.value.message


def test_a_linked_picture_is_found_beside_the_file_that_is_handed_over(tmp_path: Path) -> None:
    folder = tmp_path / "over there"
    folder.mkdir()
    (folder / "a b.png").write_bytes(picture())
    text = PAGE + '<image id="image1" xlink:href="over%20there/a%20b.png" width="60" height="40"/></svg>'
    assert corners(Document(drawn(tmp_path, text)))[3].tolist() == [60, 40]
    text = PAGE + f'<image id="image1" xlink:href="{(folder / "a b.png").as_uri()}" width="60" height="40"/></svg>'
    assert corners(Document(drawn(tmp_path, text)))[3].tolist() == [60, 40]


def test_sew_what_is_drawn_hides_what_was_sewn(tmp_path: Path) -> None:
    page = f'{HEAD} width="4in" height="4in" viewBox="0 0 96 96">'
    text = f'{page}<rect x="10" y="10" width="30" height="20" fill="#c00"/></svg>'
    path = drawn(tmp_path, text)
    out, _ = answer(["--action=sew", str(path)])
    again = ep.sew_drawing(out)
    assert not again.plan.objects
    left, top, right, bottom = again.plan.bounds_mm
    factor = 101.6 / 96
    assert (left, right) == (pytest.approx(10 * factor, abs=0.15), pytest.approx(40 * factor, abs=0.15))
    assert (top, bottom) == (pytest.approx(10 * factor, abs=0.35), pytest.approx(30 * factor, abs=0.35))
    # Saved as a stitch file those stitches are all there is.
    path.write_bytes(out)
    data, _ = answer(["--action=output", "--format=DST", str(path)])
    assert ep.read(data, format="dst").stitch_count == pytest.approx(again.plan.stitch_count, abs=2)


def test_preview_and_preflight_change_nothing_that_is_sewn(tmp_path: Path) -> None:
    path = drawn(tmp_path, f'{PAGE}<rect x="10" y="10" width="30" height="20" fill="#c00"/></svg>')
    out, message = answer(["--action=preview", str(path)])
    assert not message
    assert b"data:image/png;base64," in out
    after = ep.sew_drawing(out)
    assert not after.findings
    assert after.plan.stitch_count == ep.sew_drawing(path).plan.stitch_count
    same, message = answer(["--action=preflight", "--format=PES", "--machine=brother-pe800", str(path)])
    assert same == path.read_bytes()
    assert "30.0 x" in message


@pytest.mark.parametrize("form", ["PES", "DST", "JEF", "VP3", "EXP", "XXX"])
def test_files_open_as_layers_and_are_saved_again_stitch_for_stitch(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"design.{form.lower()}"
    ep.write(bouquet(), path)
    out, _ = answer([str(path)])
    drawing = drawn(tmp_path, out.decode())
    data, _ = answer(["--action=output", f"--format={form}", str(drawing)])
    one, two = needle_path(ep.read(path)), needle_path(ep.read(data, format=form.lower()))
    np.testing.assert_array_equal(one.xy - one.xy[0], two.xy - two.xy[0])


def test_an_unknown_action_is_an_error(tmp_path: Path) -> None:
    path = drawn(tmp_path, plan_to_svg(bouquet()))
    with pytest.raises(InputError, match="unknown"):
        answer(["--action=dance", str(path)])
    with pytest.raises(InputError, match="no file"):
        answer(["--action=sew"])
