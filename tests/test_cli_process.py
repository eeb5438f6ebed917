"""The process of a command: streams that are closed or full, noise of libraries, signals from the first moment on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sample_plans import square

from embroider_prep import pattern

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams and signals of POSIX")

COMMAND = f"{sys.executable} -m embroider_prep"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=120, check=False, cwd=folder)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("{c} formats > /dev/full", 1, "error: standard output: cannot write: No space left"),
        ("{c} machines list --json > /dev/full", 1, "No space left"),
        ("{c} report a.dst > /dev/full", 1, "No space left"),
        ("{c} preview a.dst -o - > /dev/full", 1, "No space left"),
        ("{c} formats >&-", 1, "error: standard output: cannot write"),
        ("{c} formats --json >&-", 1, "standard output: cannot write"),
        ("{c} --help > /dev/full", 1, "standard output: cannot write"),
        ("{c} preview a.dst -o out.png >&-", 0, ""),
        ("{c} preview a.dst -o out.png >&- 2>&- <&-", 0, ""),
        ("{c} preview a.dst -o out.png 2> /dev/full", 0, ""),
        ("{c} preview nothing.dst -o out.png 2> /dev/full", 1, ""),
        ("{c} preview nothing.dst -o out.png 2>&-", 1, ""),
        ("{c} convert - -o out.dst <&-", 1, "error: standard input"),
        ("{c} report - <&-", 1, "error: standard input"),
        ("{c} report - --format dst < /dev/null", 1, "error: standard input"),
    ],
)
def test_streams_that_are_closed_or_full(line: str, code: int, said: str, tmp_path: Path) -> None:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    pattern.write(square(), tmp_path / "a.dst")
    ran = shell(line.format(c=COMMAND), tmp_path)
    assert (ran.returncode, "Traceback" in ran.stderr) == (code, False), ran.stderr
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2
    if code == 0:
        # With standard error closed the file would get its number, and whatever a library says.
        assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    ran = shell(f"{COMMAND} formats --all | head -1", tmp_path)
    assert ran.stderr == ""


def test_libraries_cannot_be_heard(tmp_path: Path) -> None:
    code = (
        "import os, sys, warnings\n"
        "from embroider_prep.cli import process\n"
        "process.prepare()\n"
        "os.write(1, b'noise'), os.write(2, b'noise')\n"
        "os.system('echo noise; echo noise >&2')\n"
        "warnings.warn('noise')\n"
        "print('data'), print('talk', file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("data\n", "talk\n")


def test_a_bug_keeps_its_traceback() -> None:
    code = "import sys, embroider_prep.cli.entry as entry\nentry.run = lambda words: 1 / 0\nentry.main()\n"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "ZeroDivisionError" in ran.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("after_s", [0.08, 0.15, 0.3, 0.6, 1.2])
def test_stopped_at_any_time(name: str, after_s: float, tmp_path: Path) -> None:
    """No traceback, no file, and the exit code that a shell expects."""
    words = [sys.executable, "-m", "embroider_prep", "convert", "sample:coffee", "-o", str(tmp_path / "a.pes")]
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(after_s)
    number = getattr(signal, name)
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert before[number] == signal.getsignal(number)
    assert child.returncode in (128 + number, -number)
    # Before the first line of ours runs, the interpreter answers in its own way.
    started = "embroider_prep" in err or "Traceback" not in err
    assert (out, err.strip()) in (("", ""), ("", "stopped")) or not started
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_stop_within_a_callback_is_not_lost(name: str) -> None:
    """Python drops what is raised in `__del__` and the like."""
    code = (
        "import os, signal, time\n"
        "from embroider_prep.cli import process\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "process.prepare()\n"
        "class Gone:\n"
        "    def __del__(self):\n"
        f"        os.kill(os.getpid(), signal.{name})\n"
        "        [0 for _ in range(1000)]\n"
        "try:\n"
        "    gone = Gone()\n"
        "    del gone\n"
        "    time.sleep(20)\n"
        "except BaseException:\n"
        "    process.answer()\n"
        "    os._exit(process.stop_code())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=10)
    assert (ran.returncode, ran.stderr) == (128 + getattr(signal, name), "")


def test_signals_that_the_caller_ignores_stay_ignored(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from embroider_prep.cli import process\n"
        "process.prepare()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('alive')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "alive\n"


@pytest.mark.parametrize("name", ["M\udce4dchen", "a\x1b[31mb", "a\u202eb", "a\nb", "\udcff"])
def test_names_of_files_are_text_too(name: str, tmp_path: Path) -> None:
    """An undecodable or hostile name works, and reaches neither terminal, report nor sheet as it is."""
    from PIL import Image

    try:
        Image.new("RGB", (60, 60), "red").save(tmp_path / f"{name}.png")
    except OSError:
        pytest.skip("this file system has no such names")
    words = [sys.executable, "-m", "embroider_prep", "convert", f"{name}.png", "-o", f"{name}.pes"]
    options = ["--style", "none", "--width", "30mm", "--threads", "2", "--sheet", "--sheet-pdf"]
    ran = subprocess.run([*words, *options], capture_output=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr
    shown = [ran.stdout, ran.stderr.replace(b"\n", b"")]
    shown += [(tmp_path / f"{name}{suffix}").read_bytes() for suffix in (".report.json", ".sheet.html")]
    letter = next(letter for letter in name if not letter.isprintable())
    for data in shown:
        data.decode("utf-8")
        assert os.fsencode(letter) not in data.replace(b"\n", b"" if letter == "\n" else b"\n")
    title = (tmp_path / f"{name}.sheet.html").read_text(encoding="utf-8").split("<h1>")[1].split("</h1>")[0]
    assert title == "".join(" " if x == "\n" else x if x.isprintable() else "?" for x in name)
