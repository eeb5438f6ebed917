"""The thumbnailer: files as the specifications want them, a call that makes a picture, nothing else touched."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli_runs import Runner
from PIL import Image
from sample_plans import bouquet

import embroider_prep as ep
from embroider_prep import desktop
from embroider_prep.errors import InputError

SPACE = "{http://www.freedesktop.org/standards/shared-mime-info}"
linux = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file managers of Linux")


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def entry(text: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser["Thumbnailer Entry"]


def test_types_and_thumbnailer_name_the_same_formats() -> None:
    root = ElementTree.fromstring(desktop.types_xml())
    types = [node.get("type") for node in root]
    assert ";".join(types) + ";" == entry(desktop.thumbnailer())["MimeType"]
    assert "application/x-embroidery-pes" in types
    globs = [node.get("pattern") for node in root.iter(f"{SPACE}glob")]
    assert {"*.pes", "*.dst", "*.jef", "*.vp3"} <= set(globs)
    assert len(globs) == len(set(globs))
    # Endings that many programs use would get pictures of nothing.
    assert not {"*.dat", "*.max", "*.inf", "*.exp", "*.jpx", "*.pcd", "*.z01", "*.png", "*.svg", "*.json"} & set(globs)


def test_a_program_anywhere_is_quoted() -> None:
    text = desktop.thumbnailer(('/home/a "b" $c/embroider-prep', "-m", "x"))
    assert entry(text)["Exec"].startswith(r'"/home/a \"b\" \$c/embroider-prep" -m x preview')


@linux
def test_the_call_makes_a_picture(tmp_path: Path) -> None:
    """As a file manager does it: a size, a target without an ending, a file with a blank in its name."""
    ep.write(bouquet(), tmp_path / "a rose.pes")
    words = shlex.split(entry(desktop.thumbnailer())["Exec"])
    target = tmp_path / "thumbnail-XYZ"
    target.touch()
    filled = {"%s": "128", "%o": str(target), "%i": str(tmp_path / "a rose.pes")}
    done = subprocess.run([filled.get(word, word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with Image.open(target) as picture:
        assert picture.format == "PNG"
        assert max(picture.size) == 128


@linux
def test_a_broken_file_makes_none(tmp_path: Path) -> None:
    (tmp_path / "a.pes").write_bytes(b"#PES0060 nothing")
    words = [*desktop.this_program(), "preview", "--quiet", "--size", "64", "--output", str(tmp_path / "t")]
    done = subprocess.run([*words, str(tmp_path / "a.pes")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not (tmp_path / "t").exists()


@linux
def test_install_and_uninstall_touch_their_own_files_only(
    cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    other = tmp_path / "thumbnailers" / "other.thumbnailer"
    other.parent.mkdir()
    other.write_text("[Thumbnailer Entry]\n")
    assert cli("desktop", "status").code == 0
    ran = cli("desktop", "install")
    assert ran.code == 0
    assert len(ran.out.split()) == 2
    assert cli("desktop", "install").code == 0
    assert len(desktop.installed()) == 2
    assert len(cli("desktop", "status").out.split()) == 2
    if shutil.which("update-mime-database"):
        assert "embroidery-pes" in (tmp_path / "mime" / "globs2").read_text(encoding="utf-8")
    assert cli("desktop", "uninstall").code == 0
    assert desktop.installed() == ()
    assert other.is_file()
    assert cli("desktop", "uninstall").code == 0


def test_a_relative_data_home_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "here")
    assert desktop.data_home() == Path.home() / ".local" / "share"


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_are_told(system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(InputError, match="Linux"):
        desktop.install(tmp_path)
    assert list(tmp_path.iterdir()) == []
