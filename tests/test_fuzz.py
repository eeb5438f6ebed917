"""Mutated inputs of every kind, some seconds of them; what once surprised is kept here."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzing import CSV, GPL, OPTIONS, TOML, Fuzz

SECONDS = float(os.environ.get("EMBROIDER_PREP_FUZZ_S", "8"))


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzz]:
    before = os.environ.get("EMBROIDER_PREP_CONFIG")
    os.environ["EMBROIDER_PREP_CONFIG"] = ""
    yield Fuzz(tmp_path_factory.mktemp("fuzz"))
    if before is None:
        del os.environ["EMBROIDER_PREP_CONFIG"]
    else:
        os.environ["EMBROIDER_PREP_CONFIG"] = before


def test_sound_files_are_read(fuzz: Fuzz) -> None:
    for name, kind in fuzz.kinds.items():
        for data in kind.seeds:
            assert fuzz.try_one(name, data) == "", name


def test_mutated_files(fuzz: Fuzz) -> None:
    """No traceback, no litter, one line of error, none over ten seconds."""
    end = time.monotonic() + SECONDS
    for trouble in fuzz.run(random.Random(20260)):
        assert trouble is None, (trouble.kind, trouble.data[:2000], trouble.what)
        if time.monotonic() > end:
            break


def test_the_fuzzer_can_find_something(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise IndexError("a bug")

    monkeypatch.setattr("embroider_prep.threads.spools.read_text", broken)
    assert "IndexError: a bug" in fuzz.try_one("spools", b"1\n")


KEPT = {
    "machine": [
        TOML.replace(b"20\n", b"inf\n"),
        TOML.replace(b"6\n", b"9" * 400 + b"\n"),
        TOML.replace(b"6\n", b"0x" + b"f" * 9000 + b"\n"),
        b"a=" + b"[" * 3000,
        b"a." * 60_000 + b"b = 1",
        TOML.replace(b"M\xc3", b"\\u0000"),
        b"\xef\xbb\xbf" + TOML,
        TOML.decode().encode("utf-16"),
        TOML.replace(b"M\xc3\xa4", b"\\u001b[2J"),
    ],
    "machine used": [TOML.replace(b"20\n", b"inf\n"), TOML.replace(b"800.5", b"nan")],
    "options": [
        OPTIONS.replace(b'"brother"', b'"a\\u0000.toml"'),
        b"a=" + b"[" * 3000,
        OPTIONS.replace(b"[0.1, ", b"[nan, "),
        OPTIONS.replace(b"threads = 3", b"threads = 1e400"),
        OPTIONS.replace(b'["1"]', b"[[[[1]]]]"),
        OPTIONS.replace(b"underlay = false", b'underlay = "C:\\Users"'),
    ],
    "chart": [
        CSV.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + CSV,
        CSV.replace(b",", b"\t"),
        CSV.replace(b"001", b"=1+1"),
    ],
    "palette": [GPL.decode().encode("utf-16-le"), b"\n\n" + GPL, GPL.replace(b"Red", b"\x1b[31mRed")],
    "spools": [b"number,name\n1,red\n,blue\n5,x\n", b"1" + b",word" * 9000, b"\0", b",\n" * 4000, b"\xff\xfe"],
    "card": [b"[" * 20_000, b'{"a":' * 5000, b'{"stride": NaN}', b"\xef\xbb\xbf{}", b"null", b'{"name": "\\ud800"}'],
    "design JSON": [b"[" * 100_000, b'{"schema": "embroider-prep plan 1", "threads": [], "objects": [], "blocks": 5}'],
    "design CSV": [b"\xa9,\n", b"stitch,came\n1", b'"' * 3000],
    "list .inf": [b"", b"\0", b"\xff" * 40],
}


@pytest.mark.parametrize("name", KEPT)
def test_what_once_surprised(fuzz: Fuzz, name: str) -> None:
    for data in KEPT[name]:
        assert fuzz.try_one(name, data) == "", data[:200]


def _guided(*words: str) -> subprocess.CompletedProcess[str]:
    program = Path(__file__).with_name("fuzzing_guided.py")
    return subprocess.run([sys.executable, str(program), *words], capture_output=True, text=True, check=False)


def test_the_guided_fuzzer_runs() -> None:
    pytest.importorskip("atheris")
    ran = _guided("spools", "-runs=50")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Done 50" in ran.stderr or "DONE" in ran.stderr


def test_the_guided_fuzzer_says_what_it_needs() -> None:
    ran = _guided("no such kind")
    assert ran.returncode == 2
    assert ran.stderr.startswith("fuzzing_guided: ")
    assert len(ran.stderr.splitlines()) == 1
