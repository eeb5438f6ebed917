"""Atomic writing: whole files or none, and errors in one line."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from embroider_prep.errors import EmbroiderPrepError, OutputError
from embroider_prep.files import all_or_none, atomic_write, check_writable


def write_half(path: Path, error: BaseException | None) -> None:
    with atomic_write(path) as file:
        file.write(b"half")
        if error is not None:
            raise error


def test_writes_a_new_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.bin") as file:
        file.write(b"stitches")
        assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin").read_bytes() == b"stitches"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    with atomic_write(tmp_path / "ours"):
        pass
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_existing_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), EmbroiderPrepError("on purpose")])
def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "permission denied"), (errno.EIO, os.strerror(errno.EIO))],
)
@pytest.mark.parametrize("where", ["write", "fsync", "open", "replace"])
def test_system_errors_become_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, number: int, says: str
) -> None:
    error = OSError(number, os.strerror(number), *([str(tmp_path / "x")] if where in ("open", "replace") else []))

    def fail(*_: object, **__: object) -> int:
        raise error

    if where in ("fsync", "open"):
        monkeypatch.setattr(os, where, fail)
    elif where == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    path = tmp_path / "a.bin"
    with pytest.raises(OutputError, match=says) as caught:
        write_half(path, error if where == "write" else None)
    monkeypatch.undo()
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_full_device_is_an_error() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OutputError, match="disk is full"), atomic_write(full) as file:
        file.write(b"x" * 100_000)
    assert not full.is_file()


def test_the_callers_own_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.bin"):
        (tmp_path / "other").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    rows = {
        tmp_path: "this is a folder",
        tmp_path / "no" / "a": f"the folder {tmp_path / 'no'} does not exist",
        tmp_path / "file" / "a": "is not a folder",
        tmp_path / "loop" / "a": "cannot write",
        tmp_path / "zero\0byte": "cannot write",
        tmp_path / ("n" * 300): "cannot write",
    }
    for path, says in rows.items():
        with pytest.raises(OutputError, match=says.replace("\\", "\\\\")) as caught, atomic_write(path):
            pass
        assert str(caught.value).startswith(str(path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "loop"]


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="permission denied"):
        check_writable(tmp_path / "a")


def test_a_link_is_followed_and_the_longest_name_works(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    long = tmp_path / "sub" / ("n" * 255)
    (tmp_path / "link").symlink_to(long)
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert long.read_bytes() == b"new"


class TestAllOrNone:
    """Several files of one result."""

    def test_they_appear_together(self, tmp_path: Path) -> None:
        with all_or_none():
            for name in ("a", "b"):
                with atomic_write(tmp_path / name) as file:
                    file.write(name.encode())
            assert not (tmp_path / "a").exists()
            assert not (tmp_path / "b").exists()
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"a", "b": b"b"}

    @pytest.mark.parametrize("error", [OutputError("full"), KeyboardInterrupt(), ValueError("bug")])
    def test_after_an_error_none_of_them(self, tmp_path: Path, error: BaseException) -> None:
        (tmp_path / "a").write_bytes(b"old")

        def fail() -> None:
            with all_or_none():
                for name in ("a", "b"):
                    with atomic_write(tmp_path / name) as file:
                        file.write(b"new")
                raise error

        with pytest.raises(type(error)):
            fail()
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}

    def test_inside_each_other_the_outer_one_decides(self, tmp_path: Path) -> None:
        with all_or_none():
            with all_or_none(), atomic_write(tmp_path / "a") as file:
                file.write(b"a")
            assert not (tmp_path / "a").exists()
        assert (tmp_path / "a").read_bytes() == b"a"
