"""The command line as a whole: help, exit codes, streams that close, Ctrl-C, a full disk."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import Runner, names

import embroider_prep
from embroider_prep.cli.entry import COMMANDS, MODULES
from embroider_prep.errors import EmbroiderPrepError

HEAVY = ("onnxruntime", "cv2", "sklearn", "shapely", "PIL", "numpy", "scipy", "skimage", "pyembroidery")
SMALL = ("convert", "sample:coffee", "--width", "20mm", "--threads", "3", "--style", "none")


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def in_a_new_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


class TestHelp:
    def test_lists_every_command(self, cli: Runner) -> None:
        ran = cli("--help")
        assert ran.code == 0
        assert not ran.err
        for name, (_, line) in COMMANDS.items():
            assert name in ran.text
            assert line in ran.text

    @pytest.mark.parametrize("name", COMMANDS)
    def test_of_every_command(self, cli: Runner, name: str) -> None:
        ran = cli(name, "--help")
        assert ran.code == 0
        assert f"embroider-prep {name}" in ran.text
        assert not ran.err

    def test_every_module_with_a_command_is_listed(self) -> None:
        folder = Path(embroider_prep.__file__).parent / "cli"
        found = {path.stem for path in folder.glob("*.py") if "\ndef command(" in path.read_text(encoding="utf-8")}
        assert found == {MODULES.get(name, name) for name in COMMANDS}

    def test_nothing_said_is_wrong_usage(self, cli: Runner) -> None:
        ran = cli()
        assert ran.code == 2
        assert not ran.out
        assert "convert" in ran.err

    def test_half_a_command_is_wrong_usage(self, cli: Runner) -> None:
        ran = cli("threads")
        assert (ran.code, ran.err) == (2, "error: Missing command.\nhint: embroider-prep threads --help\n")

    @pytest.mark.parametrize("arguments", [["--help"], ["convert", "--help"], ["--version"]])
    def test_loads_nothing_heavy(self, arguments: list[str]) -> None:
        code = f"import sys; from embroider_prep.cli import run; run({arguments!r}); " + (
            f"print('loaded', *(name for name in {HEAVY!r} if name in sys.modules))"
        )
        done = in_a_new_process("-c", code)
        assert done.stdout.splitlines()[-1] == "loaded"
        assert done.returncode == 0

    @pytest.mark.skipif(sys.platform == "win32", reason="no processor time of child processes")
    def test_takes_less_than_a_fifth_of_a_second_of_cpu(self) -> None:
        import resource

        def seconds() -> float:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            return used.ru_utime + used.ru_stime

        taken = []
        for _ in range(4):
            start = seconds()
            in_a_new_process("-m", "embroider_prep", "--help")
            taken.append(seconds() - start)
        assert min(taken) < 0.2


def test_version(cli: Runner) -> None:
    assert cli("--version").text == f"embroider-prep {embroider_prep.__version__}\n"


def test_python_dash_m() -> None:
    done = in_a_new_process("-m", "embroider_prep", "--version")
    assert done.stdout == f"embroider-prep {embroider_prep.__version__}\n"


def test_a_misspelt_command_names_the_closest(cli: Runner) -> None:
    ran = cli("convrt", "photo.jpg")
    assert ran.code == 2
    assert ran.err == "error: there is no command and no file 'convrt'\nhint: did you mean 'convert'?\n"


def test_a_misspelt_option_names_the_closest(cli: Runner, tmp_path: Path) -> None:
    ran = cli(*SMALL, "-o", tmp_path / "a.pes", "--widht", "30")
    assert ran.code == 2
    assert "--width" in ran.err
    assert ran.err.splitlines()[1] == "hint: embroider-prep convert --help"


class TestOutput:
    def test_talk_goes_to_stderr_and_nothing_to_stdout(self, cli: Runner, tmp_path: Path) -> None:
        ran = cli(*SMALL, "-o", tmp_path / "a.pes")
        assert ran.code == 0
        assert not ran.out
        assert "20.0 x 13." in ran.err
        assert names(tmp_path) == ["a.pes", "a.preview.png", "a.report.json"]

    def test_quiet_says_nothing(self, cli: Runner, tmp_path: Path) -> None:
        ran = cli(*SMALL, "-o", tmp_path / "a.pes", "-q", "--no-preview", "--no-report")
        assert (ran.code, ran.out, ran.err) == (0, b"", "")
        assert names(tmp_path) == ["a.pes"]

    def test_json_is_one_document(self, cli: Runner, tmp_path: Path) -> None:
        pytest.importorskip("reportlab")
        ran = cli(*SMALL, "-o", tmp_path / "a.pes", "--json", "--sheet", "--sheet-pdf", "--strip", tmp_path / "s.png")
        assert not ran.err
        document = json.loads(ran.text)
        assert sorted(Path(name).name for name in document["files"]) == names(tmp_path)
        assert names(tmp_path) == ["a.pes", "a.preview.png", "a.report.json", "a.sheet.html", "a.sheet.pdf", "s.png"]
        assert document["plan"]["stitches"] > 100
        report = json.loads((tmp_path / "a.report.json").read_text(encoding="utf-8"))
        assert {**report, "files": document["files"]} == document

    def test_progress_only_on_a_terminal(self, cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        screen = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", screen)
            patch.setenv("TERM", "xterm")
            assert cli(*SMALL, "-o", tmp_path / "a.pes", "--json").code == 0
        shown = screen.getvalue()
        assert "\r\x1b[2Klaying stitches" in shown
        assert shown.endswith("\r\x1b[2K")
        assert "laying" not in cli(*SMALL, "-o", tmp_path / "a.pes").err


class TestExitCodes:
    def test_findings_at_fail_on_are_3_and_the_file_is_there(self, cli: Runner, tmp_path: Path) -> None:
        # DST does not keep colours, which is a note.
        out = tmp_path / "a.dst"
        assert cli(*SMALL, "-o", out, "--fail-on", "note").code == 3
        assert out.is_file()
        assert cli(*SMALL, "-o", out, "--fail-on", "error").code == 0
        assert cli("report", out, "--fail-on", "note").code == 0
        # Without the list of colours beside it, stand-ins are shown, which is a note.
        out.with_suffix(".edr").unlink()
        assert cli("report", out, "--fail-on", "note").code == 3
        assert cli("report", out).code == 0

    def test_a_bug_keeps_its_traceback(self, cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr("embroider_prep.pipeline.convert", broken)
        with pytest.raises(RuntimeError, match="a bug"):
            cli(*SMALL, "-o", tmp_path / "a.pes")

    @pytest.mark.parametrize(
        ("error", "code", "said"),
        [
            (EmbroiderPrepError("where: what", hint="try this"), 1, "error: where: what\nhint: try this\n"),
            (EmbroiderPrepError("two\nlines"), 1, "error: two lines\n"),
            (
                MemoryError(),
                1,
                "error: there is not enough memory\nhint: use a smaller picture, --px-per-mm or --width\n",
            ),
            (KeyboardInterrupt(), 130, "stopped\n"),
        ],
    )
    def test_errors_become_a_line_and_a_code(
        self,
        cli: Runner,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        error: BaseException,
        code: int,
        said: str,
    ) -> None:
        def fails(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("embroider_prep.pipeline.convert", fails)
        ran = cli(*SMALL, "-o", tmp_path / "a.pes")
        assert (ran.code, ran.err) == (code, said)

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_a_reader_that_leaves_is_no_error_to_speak_of(self) -> None:
        command = [sys.executable, "-m", "embroider_prep", "threads", "list", "brother"]
        read, write = os.pipe()
        with subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE) as process:
            os.close(write)
            os.close(read)
            assert process.stderr is not None
            said = process.stderr.read()
        assert (process.returncode, said) == (141, b"")


class TestAllOrNothing:
    """After whatever goes wrong no part of a result is left, and what stood there before still does."""

    EVERYTHING = (*SMALL, "--sheet")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        (tmp_path / "a.pes").write_bytes(b"old")
        yield tmp_path
        assert names(tmp_path) == ["a.pes"]
        assert (tmp_path / "a.pes").read_bytes() == b"old"

    @pytest.mark.parametrize("file", [1, 2, 3, 4])
    def test_disk_full(self, cli: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch, file: int) -> None:
        calls = 0

        def fsync(_: int) -> None:
            nonlocal calls
            calls += 1
            if calls == file:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", fsync)
        ran = cli(*self.EVERYTHING, "-o", folder / "a.pes")
        assert ran.code == 1
        assert "the disk is full" in ran.err
        assert len(ran.err.splitlines()) == 2

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_ctrl_c(self, cli: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)

        # The stitch file, preview and report are done by then.
        monkeypatch.setattr("embroider_prep.worksheet.write_worksheet", interrupted)
        ran = cli(*self.EVERYTHING, "-o", folder / "a.pes")
        assert (ran.code, ran.err) == (130, "stopped\n")

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_terminated(self, folder: Path) -> None:
        code = (
            "import os, signal, sys, time, embroider_prep.worksheet as room\n"
            "def stopped(*a, **k):\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(10)\n"
            "room.write_worksheet = stopped\n"
            "from embroider_prep.cli import main\n"
            f"sys.argv[1:] = {[*self.EVERYTHING, '-o', str(folder / 'a.pes')]!r}\n"
            "main()\n"
        )
        assert in_a_new_process("-c", code).returncode == 143
