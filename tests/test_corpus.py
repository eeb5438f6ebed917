"""Small bad inputs and what must happen to each: one table; and any folder of cases with a ``case.txt``.

A folder of cases is looked at with ``EMBROIDER_PREP_CASES=FOLDER pytest tests/test_corpus.py``: each has a ``case.txt``
whose line ``command:`` holds command lines divided by semicolons; ``…`` stands for the words of the one before but the
last. All of them are run where the case lies, copied, and must end in words.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sample_plans import bouquet, square

from embroider_prep import pattern
from embroider_prep.cli import run

CASES = os.environ.get("EMBROIDER_PREP_CASES")

GPL = b"GIMP Palette\nName: Mine\nColumns: 4\n#\n200 30 40 Warm Red 1147\n20 60 160 Deep Blue 1028\n"
CSV = b"number,name,hex\n1147,Warm Red,#c81e28\n1028,Deep Blue,#143ca0\n"
QUICK = "--style none --width 8mm --threads 2 --no-preview --no-report"
PES = f"-o o.pes {QUICK} -q"


@dataclass(frozen=True)
class Bad:
    """A file, the command that reads it, and what must happen: exit code, and what is said on either stream."""

    name: str
    data: bytes | Callable[[], bytes]
    command: str
    code: int
    says: str = ""
    makes: str = ""


def _photo(form: str, size: tuple[int, int] = (32, 32)) -> bytes:
    import io

    colors = np.random.default_rng(3).integers(0, 256, (4, 4, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(colors).resize(size, Image.Resampling.NEAREST).save(out, form)
    return out.getvalue()


def _design(form: str) -> bytes:
    return pattern.to_bytes(bouquet(), form)


def _dst_without_end() -> bytes:
    data = _design("dst")
    return data[: data.rindex(b"\x00\x00\xf3")]


def _dst_counts_more() -> bytes:
    return re.sub(rb"ST:\s*\d+", b"ST:  99999", _design("dst"), count=1)


def _huge_png() -> bytes:
    data = bytearray(_photo("PNG"))
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


TABLE = {
    # Charts: no row is lost without a word.
    "chart: header on line 2": Bad("c.csv", b"sep=,\n" + CSV, "threads list c.csv", 0, "1147 +Warm Red"),
    "chart: a title first": Bad("c.csv", b"My threads\n\n" + CSV, "threads list c.csv", 0, "1028 +Deep Blue"),
    "chart: a number twice": Bad("c.csv", CSV + b"1147,Black,#000\n", "threads list c.csv", 0, "line 4 .*1147 Black"),
    "chart: semicolons": Bad("c.csv", CSV.replace(b",", b";"), "threads list c.csv", 0, "1147 +Warm Red"),
    "chart: UTF-16": Bad("c.csv", CSV.decode().encode("utf-16"), "threads list c.csv", 0, "1147 +Warm Red"),
    "chart: Windows-1252": Bad("c.csv", CSV + b"3,M\xe4dchen,#fff\n", "threads list c.csv", 0, "Mädchen"),
    "chart: a colour that is none": Bad("c.csv", CSV + b"3,x,#12\n", "threads list c.csv", 1, "line 4"),
    "chart: nothing": Bad("c.csv", b"", "threads list c.csv", 1),
    "chart: control letters": Bad("c.gpl", GPL + b"1 2 3 \x1b[31mRed 7\n", "threads list c.gpl", 0, "Red"),
    "palette: a blank line first": Bad("c.gpl", b"\n" + GPL, "threads list c.gpl", 0, "1147 +Warm Red"),
    "palette: numbers first": Bad(
        "c.gpl", b"GIMP Palette\n1 2 3 1147 Warm Red\n4 5 6 1028 Deep Blue\n", "threads list c.gpl", 0, "1147 +Warm Red"
    ),
    "palette: shades": Bad(
        "c.gpl",
        b"GIMP Palette\n1 0 0 Red 1\n2 0 0 Red 2\n0 1 0 Green 1\n0 2 0 Green 2\n0 0 1 Blue 1\n0 0 2 Blue 2\n",
        "threads list c.gpl",
        0,
        "(?s)Red 1.*Red 2.*Green 1.*Green 2.*Blue 1.*Blue 2",
    ),
    "palette: a line that is none": Bad("c.gpl", GPL + b"1 2 900 x\n", "threads list c.gpl", 1, "line 7"),
    "spools: unknown": Bad("s.txt", b"0010\n9999\n", f"convert t.png --spools s.txt {PES}", 1, "line 2.*9999"),
    "spools: words": Bad("s.txt", b"1" + b",word" * 9000, f"convert t.png --spools s.txt {PES}", 1),
    # Settings.
    "machine: byte order mark": Bad(
        "m.toml",
        b'\xef\xbb\xbftitle = "Mine"\nformats = ["DST"]\n[[hoop]]\nwidth_mm = 90\nheight_mm = 90\n',
        f"convert t.png -o o.dst --machine m.toml {QUICK} -q",
        0,
        makes="o.dst",
    ),
    "machine: without an end": Bad(
        "m.toml",
        b'title = "Mine"\nformats = ["DST"]\ncolor_change_s = inf\n[[hoop]]\nwidth_mm = 9\nheight_mm = 9\n',
        f"convert t.png -o o.dst --machine m.toml {QUICK} -q",
        1,
        "color_change_s",
    ),
    "options: a Windows path": Bad(
        "o.toml", b'[quantize]\nchart = "C:\\Users\\me"\n', f"convert t.png --options o.toml {PES}", 1, "single quotes"
    ),
    "options: deep": Bad("o.toml", b"a=" + b"[" * 3000, f"convert t.png --options o.toml {PES}", 1, "levels"),
    "options: a zero byte": Bad(
        "o.toml", b'[write]\nmachine = "a\\u0000"\n', f"convert t.png --options o.toml {PES}", 1, "zero byte"
    ),
    # Pictures.
    "picture: JPEG without an end": Bad(
        "p.jpg", lambda: _photo("JPEG")[:-2], f"convert p.jpg -o o.pes {QUICK}", 0, "warning", "o.pes"
    ),
    "picture: half of one": Bad("p.jpg", lambda: _photo("JPEG", (200, 200))[:900], f"convert p.jpg {PES}", 1),
    "picture: a strip": Bad("p.png", lambda: _photo("PNG", (8, 4000)), f"convert p.png {PES}", 2, "4,000.0 mm"),
    "picture: 10 gigapixels": Bad("p.png", _huge_png, f"convert p.png {PES}", 1, "megapixels"),
    "picture: a text": Bad("p.png", b"hello\n" * 40, f"convert p.png {PES}", 1),
    "picture: a stitch file": Bad("p.dst", lambda: _design("dst"), f"convert p.dst {PES}", 1),
    "picture: JPEG XL": Bad("p.jpg", b"\xff\x0a" + bytes(60), f"convert p.jpg {PES}", 1, "a JPEG XL picture"),
    "picture: a page": Bad("p.jpg", b"\n<!doctype html><p>404", f"convert p.jpg {PES}", 1, "a page"),
    "picture: PSD": Bad("p.psd", b"8BPS\0\1" + bytes(60), f"convert p.psd {PES}", 1, "Photoshop"),
    # Stitch files.
    "DST without an end": Bad("d.dst", _dst_without_end, "report d.dst --json", 0, "no-end-mark"),
    "DST that counts more": Bad("d.dst", _dst_counts_more, "report d.dst --json", 0, "header-count"),
    "DST of a header": Bad("d.dst", lambda: _design("dst")[:512], "report d.dst", 1, "no stitches"),
    "PES of half": Bad("d.pes", lambda: _design("pes")[:600], "report d.pes", 1, "--force"),
    "VP3 without its last byte": Bad("d.vp3", lambda: _design("vp3")[:-1], "report d.vp3 --json", 0, "left-over"),
    "another program's table": Bad(
        "d.csv", b'"#","[P]"\n"*","STITCH","1","2"\n', "report d.csv", 1, "not one of needle points"
    ),
    "JSON: deep": Bad("d.json", b"[" * 100_000, "report d.json", 1),
    "nothing at all": Bad("d.pes", b"", "report d.pes", 1),
    "a name of no format": Bad("d.xyzzy", b"1", "report d.xyzzy", 1, "xyzzy"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.png").write_bytes(_photo("PNG"))
    pattern.write(square(), tmp_path / "s.dst")
    return tmp_path


@pytest.mark.parametrize("name", TABLE)
def test_bad_inputs(name: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = TABLE[name]
    (desk / bad.name).write_bytes(bad.data if isinstance(bad.data, bytes) else bad.data())
    before = {path.name for path in desk.iterdir()}
    code = run(shlex.split(bad.command))
    said = capsys.readouterr()
    assert code == bad.code, said.err
    assert re.search(bad.says, said.out + said.err), said
    assert not set("\x1b\x07\u202e") & set(said.out + said.err)
    new = {path.name for path in desk.iterdir()} - before
    if bad.code:
        assert said.err.startswith("error: ")
        assert len(said.err.splitlines()) <= 2
        assert not new
    else:
        assert not bad.makes or bad.makes in new
        assert not [name for name in new if name.startswith(".")]


def _cases() -> Iterator[Path]:
    if CASES:
        yield from sorted(path.parent for path in Path(CASES).rglob("case.txt"))


def _commands(case: Path) -> list[list[str]]:
    text = (case / "case.txt").read_text(encoding="utf-8", errors="replace")
    line = re.search(r"^command:(.*)$", text, re.MULTILINE)
    out: list[list[str]] = []
    for part in re.split(r"\s;\s", line.group(1)) if line else []:
        # Remarks stand in brackets.
        words = shlex.split(re.sub(r"\((?:twice|on \w+)\)", "", part))
        if words and words[0] == "…" and out:
            words = [*out[-1][:-1], *words[1:]]
        if words and words[0] == "embroider-prep":
            out.append(words)
    return out


@pytest.mark.parametrize("case", list(_cases()), ids=lambda case: case.name)
def test_cases_of_a_folder(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """What the case says in words a person compares; here: an end in words, no traceback, nothing left behind."""
    for folder in case.parent.iterdir():
        if folder.is_dir():
            shutil.copytree(folder, tmp_path / folder.name)
    monkeypatch.chdir(tmp_path / case.name)
    for words in _commands(case):
        code = run(words[1:])
        said = capsys.readouterr()
        assert code in (0, 1, 2, 3)
        assert code in (0, 3) or said.err.startswith("error: ")
        assert not [path for path in Path().rglob(".*") if path.is_file()]


def test_the_table_holds_every_kind() -> None:
    assert {name.split(":")[0] for name in TABLE} >= {"chart", "palette", "spools", "machine", "options", "picture"}
    assert json.dumps(sorted(TABLE))
