"""Faults from outside: the n-th write, fsync, rename or allocation fails, for every n; runs that are killed."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embroider_prep import parts
from embroider_prep.cli import run
from embroider_prep.errors import OutputError
from embroider_prep.files import all_or_none, atomic_write

NAMES = ("a", "b", "c")
FAULTS = {
    "open": (errno.EMFILE, errno.EACCES, errno.ENOSPC),
    "write": (errno.ENOSPC, errno.EIO),
    "fsync": (errno.EIO, errno.ENOSPC),
    "replace": (errno.EACCES, errno.EIO, errno.ENOSPC),
    "link": (errno.EPERM, errno.EOPNOTSUPP),
}


class Injector:
    """Lets the n-th call of one kind fail, once or from then on."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, kind: str, at: int, fault: int | None, *, for_good: bool
    ) -> None:
        self.at, self.calls, self.fault, self.for_good = at, 0, fault, for_good
        if kind == "write":
            real_fdopen = os.fdopen
            monkeypatch.setattr(os, "fdopen", lambda *a, **k: _Failing(real_fdopen(*a, **k), self))
        elif kind == "replace":
            self._wrap(monkeypatch, Path, "replace")
        else:
            self._wrap(monkeypatch, os, kind)

    def _wrap(self, monkeypatch: pytest.MonkeyPatch, home: Any, name: str) -> None:
        real = getattr(home, name)

        def wrapped(*args: Any, **more: Any) -> Any:
            self.tick()
            return real(*args, **more)

        monkeypatch.setattr(home, name, wrapped)

    def tick(self) -> None:
        self.calls += 1
        if self.fault is not None and (self.calls == self.at or (self.for_good and self.calls > self.at)):
            raise OSError(self.fault, os.strerror(self.fault))


class _Failing(io.BufferedIOBase):
    """A file whose writes an injector counts."""

    def __init__(self, file: Any, injector: Injector) -> None:
        self.file, self.injector = file, injector

    def write(self, data: Any) -> int:
        self.injector.tick()
        return int(self.file.write(data))

    def __getattribute__(self, name: str) -> Any:
        if name in ("write", "file", "injector", "__enter__", "__exit__", "__class__"):
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "file"), name)

    def __exit__(self, *_: Any) -> None:
        self.file.close()


def write_set(folder: Path, word: bytes) -> None:
    with all_or_none():
        for name in NAMES:
            with atomic_write(folder / name) as file:
                file.write(word)
                file.write(name.encode())


def refused(folder: Path) -> str:
    """Write the new set; return the error, or nothing."""
    try:
        write_set(folder, b"new ")
    except OutputError as error:
        return str(error)
    return ""


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


OLD, NEW = ({name: word + name.encode() for name in NAMES} for word in (b"old ", b"new "))


@contextmanager
def counting(
    monkeypatch: pytest.MonkeyPatch, kind: str, at: int, fault: int | None, for_good: bool
) -> Iterator[Injector]:
    with monkeypatch.context() as patch:
        yield Injector(patch, kind, at, fault, for_good=for_good)


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind, faults in FAULTS.items() for fault in faults])
@pytest.mark.parametrize("before", [{}, OLD, {"b": OLD["b"]}], ids=["nothing", "all", "one"])
def test_a_set_of_files_is_whole_or_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, fault: int, for_good: bool, before: dict[str, bytes]
) -> None:
    """Every call of the kind fails once: then all files are there, or all are as they were; nothing else is."""
    with counting(monkeypatch, kind, 0, None, False) as injector:
        write_set(tmp_path, b"new ")
    outcomes = set()
    for at in range(1, injector.calls + 2):
        for path in tmp_path.iterdir():
            path.unlink()
        for name, data in before.items():
            (tmp_path / name).write_bytes(data)
        with counting(monkeypatch, kind, at, fault, for_good):
            said = refused(tmp_path)
        if said:
            assert "cannot write" in said
            # For good: also what would put the old names back fails, and the report's digests tell.
            if not (kind == "replace" and for_good and at > 1 and before):
                assert content(tmp_path) == before
            assert not [name for name in content(tmp_path) if name.startswith(".")]
        else:
            assert content(tmp_path) == NEW
        outcomes.add("old" if said else "new")
    assert "new" in outcomes
    # The injector works: a folder's own fsync and a missing hard link alone are no reason to stop.
    assert "old" in outcomes or kind == "link"


def test_the_injector_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with counting(monkeypatch, "fsync", 1, errno.EIO, False), pytest.raises(OSError, match="Input/output"):
        os.fsync(0)


@pytest.mark.parametrize("number", range(1, 6))
def test_signals_wait_for_the_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    real, calls = Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == number:
            signal.raise_signal(signal.SIGINT)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    if number <= len(NAMES):
        with pytest.raises(KeyboardInterrupt):
            write_set(tmp_path, b"new ")
    else:
        write_set(tmp_path, b"new ")
    assert content(tmp_path) == NEW
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class TestLeftovers:
    """Temporary files of runs that could not clear up."""

    def test_the_next_run_removes_them(self, tmp_path: Path) -> None:
        (tmp_path / ".embroider-prep-0123456789ab.part").write_bytes(b"half")
        (tmp_path / ".other.part").write_bytes(b"")
        with atomic_write(tmp_path / "a") as file:
            file.write(b"a")
        assert sorted(content(tmp_path)) == [".other.part", "a"]

    @pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
    @pytest.mark.parametrize("number", range(4))
    def test_renames_that_were_cut_short_are_finished(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        """Killed after so many renames: the next run finds the rest and brings it to its end."""
        write_set(tmp_path, b"old ")
        real, calls = Path.replace, []

        def replace(self: Path, target: Path) -> Path:
            if len(calls) == number:
                os._exit(9)
            calls.append(target)
            return real(self, target)

        child = os.fork()
        if not child:
            monkeypatch.setattr(Path, "replace", replace)
            write_set(tmp_path, b"new ")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (9 if number < len(NAMES) else 0)
        monkeypatch.setattr(parts, "_swept", set())
        with atomic_write(tmp_path / "z") as file:
            file.write(b"z")
        assert content(tmp_path) == {**NEW, "z": b"z"}

    def test_a_list_of_somebody_else_reaches_no_further(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parts, "_swept", set())
        (tmp_path / "in").mkdir()
        (tmp_path / "mine").write_bytes(b"mine")
        (tmp_path / "in" / "mine").write_bytes(b"mine")
        for text in (b'[["../mine", "a"], ["mine", "b"], [".embroider-prep-1.part", "../c"]]', b"[[1]]", b"no", b"7"):
            (tmp_path / "in" / ".embroider-prep-0.part").write_bytes(parts.LIST_HEAD + text)
            (tmp_path / "in" / ".embroider-prep-1.part").write_bytes(b"")
            parts._swept.clear()
            parts.sweep(tmp_path / "in")
            assert sorted(content(tmp_path / "in")) == ["mine"]
            assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "mine"]

    @pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
    def test_those_of_a_run_that_is_alive_stay(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parts, "_swept", set())
        with all_or_none():
            with atomic_write(tmp_path / "a") as file:
                file.write(b"a")
            code = f"from embroider_prep.files import atomic_write\nwith atomic_write({str(tmp_path / 'b')!r}): pass"
            subprocess.run([sys.executable, "-c", code], check=True)
        assert sorted(content(tmp_path)) == ["a", "b"]


STOPPED = """
import os, sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_faults import write_set

folder = Path({folder!r})
print("ready", flush=True)
while True:
    for word in (b"old ", b"new "):
        write_set(folder, word)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"])
def test_any_signal_leaves_a_set_whole_or_old(name: str, tmp_path: Path) -> None:
    write_set(tmp_path, b"old ")
    script = textwrap.dedent(STOPPED).format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    if name != "SIGKILL":
        # As the command line does it: unwind.
        script = "from embroider_prep.cli import process\nprocess.prepare()\n" + script
    for round_ in range(4):
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.01 + 0.0137 * round_)
        child.send_signal(getattr(signal, name))
        child.communicate(timeout=20)
        if name == "SIGKILL":
            # Between two renames nothing can help; the next run brings them to their end.
            parts._swept.clear()
            parts.sweep(tmp_path)
        assert content(tmp_path) in (OLD, NEW)


ARRAYS = ("empty", "zeros", "ones", "full", "concatenate", "stack", "array", "repeat", "zeros_like", "empty_like")
"""What asks for the memory of arrays; all of them count together."""

TINY = ("--width", "8mm", "--threads", "2", "--style", "none")
VERBS = {
    "report": ("report", "s.dst"),
    "preview": ("preview", "s.dst", "-o", "new.png"),
    "stylize": ("stylize", "t.png", "-o", "new.png", "--style", "recipe:illustration"),
    "quantize": ("quantize", "t.png", "-o", "new.png", *TINY),
    "digitize": ("digitize", "q.png", "-o", "new.dst", "--no-preview"),
    "convert": ("convert", "t.png", "-o", "new.pes", *TINY),
}
EVERY = os.environ.get("EMBROIDER_PREP_FAULTS") == "every"
SOME = 30


class OutOfMemory:
    """Lets the n-th array fail, of all that numpy is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.calls, self.at = 0, at
        for name in ARRAYS:
            monkeypatch.setattr(np, name, self._counted(getattr(np, name)))

    def _counted(self, real: Any) -> Any:
        def counted(*args: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                raise MemoryError
            return real(*args, **more)

        return counted


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from PIL import Image
    from sample_plans import square

    from embroider_prep import pattern

    monkeypatch.chdir(tmp_path)
    colors = np.random.default_rng(3).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(colors).resize((32, 32), Image.Resampling.NEAREST).save("t.png")
    pattern.write(square(), "s.dst")
    assert run(["quantize", "t.png", "-o", "q.png", *TINY, "-q"]) == 0
    return tmp_path


@pytest.mark.parametrize("verb", VERBS)
def test_memory_that_runs_out_is_said(
    verb: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The n-th array cannot be had: one line of error, and no file. Each n with EMBROIDER_PREP_FAULTS=every."""
    words = [*VERBS[verb], *(() if verb == "report" else ("-q",))]
    before = content(desk)
    assert run(words) == 0
    for path in set(desk.iterdir()) - {desk / name for name in before}:
        path.unlink()
    with monkeypatch.context() as patch:
        counter = OutOfMemory(patch, 0)
        assert run(words) == 0
    for path in set(desk.iterdir()) - {desk / name for name in before}:
        path.unlink()
    total = counter.calls
    assert total > SOME
    # Most arrays are of the planner's inner loops: some of them stand for all.
    numbers = range(1, total + 1) if EVERY else sorted({round(n) for n in np.geomspace(1, total, SOME)})
    capsys.readouterr()
    for at in numbers:
        with monkeypatch.context() as patch:
            OutOfMemory(patch, at)
            code = run(words)
        said = capsys.readouterr().err.splitlines()
        assert code == 1, at
        assert said[0].startswith("error: "), at
        assert len(said) <= 2, at
        assert content(desk) == before, at
