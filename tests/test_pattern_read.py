"""Reading whatever there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_plans import bouquet, noise, square

from embroider_prep import pattern
from embroider_prep.errors import FormatError, InputError
from embroider_prep.plans import Came, needle_path


def test_wrong_suffix_is_read_by_content(tmp_path: Path) -> None:
    for suffix, wrong in ((".pes", ".dst"), (".dst", ".pes"), (".vp3", ".jef"), (".jef", ".exp"), (".tbf", ".hus")):
        pattern.write(bouquet(), tmp_path / f"a{suffix}")
        other = tmp_path / f"b{wrong}"
        other.write_bytes((tmp_path / f"a{suffix}").read_bytes())
        assert pattern.read(other).stitch_count == bouquet().stitch_count


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"\xff\xd8\xff\xe0" + b"x" * 900, "a.dst", "JPEG picture"),
        (b"PK\x03\x04" + b"x" * 900, "a.pes", "ZIP"),
        (b"hello", "a.pes", "not a PES"),
        (b"hello" * 300, "a.dst", "not a DST file"),
        (b"hello" * 300, "a.vp3", "not a VP3"),
        (b"{}", "a.json", "not a stitch plan"),
        (b"a,b\n1,2\n", "a.csv", "not one of needle points"),
        (b"hello", "a.jef", "file ends after 5 bytes"),
        (b"\0" * 300, "a.xxx", "stitches"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, name: str, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words) as error:
        pattern.read(path)
    assert name in error.value.message
    assert error.value.hint
    assert "\n" not in str(error.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        pattern.read(tmp_path / "gone.pes")
    with pytest.raises(InputError, match="a folder"):
        pattern.read(tmp_path)


def test_large_and_truncated_files_need_force(tmp_path: Path) -> None:
    path = tmp_path / "a.dst"
    pattern.write(square(), path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FormatError, match="breaks off after"):
        pattern.read(path)
    assert 0 < pattern.read(path, force=True).stitch_count < square().stitch_count
    path.write_bytes(data + b"\0" * 2_100_000)
    with pytest.raises(FormatError, match=r"2\.1 MB; stitch files are read up to 2 MB"):
        pattern.read(path)
    assert pattern.read(path, force=True).stitch_count == square().stitch_count


def test_trims_of_a_file_become_a_length(tmp_path: Path) -> None:
    """Jumps and trims are not stored: the length that tells them apart is."""
    for seed in range(5):
        plan = noise(seed, trim_above_mm=5.0)
        pattern.write(plan, tmp_path / "a.pes")
        back = pattern.read(tmp_path / "a.pes")
        assert back.trims == plan.trims
        assert (needle_path(back).came == Came.JUMP).sum() == (needle_path(plan).came == Came.JUMP).sum()
