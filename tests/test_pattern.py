"""Writing: what the issue asks of every file that leaves the house."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pystitch
import pytest
from sample_plans import BLACK, RED, THREADS, WHITE, bouquet, noise, plan_of, rows, square

from embroider_prep import pattern
from embroider_prep.decoders import decode
from embroider_prep.decoders.pes_sections import decode_sections
from embroider_prep.design import StitchBlock, StitchPlan, Thread
from embroider_prep.errors import FormatError, InputError, OptionsError, OutputError
from embroider_prep.formats import FORMATS
from embroider_prep.options import WriteOptions
from embroider_prep.pattern.encode import ascii_text, encode
from embroider_prep.plans import Came, centered, moved, needle_path
from embroider_prep.proof import prove

WRITTEN = [form for form in FORMATS.values() if form.writes]
MACHINE = [form for form in WRITTEN if form.kind == "stitches"]
GOLDEN = Path(__file__).parent / "golden_files.json"


def line(count: int, step: float = 2.0, thread: int = 0) -> StitchBlock:
    """Return a run without any break: a long zigzag."""
    index = np.arange(count)
    xy = np.stack([(index % 40) * step - 40, index // 40 * 0.4 - count / 200], axis=1)
    return StitchBlock(thread=thread, kind="running", xy_mm=np.round(xy, 1))


# ------------------------------------------------------------------ round trips


@pytest.mark.parametrize("form", [f for f in WRITTEN if f.reads], ids=lambda f: f.name)
@pytest.mark.parametrize("make", [bouquet, lambda: noise(6), square], ids=["bouquet", "noise", "square"])
def test_reads_back(tmp_path: Path, form, make) -> None:
    plan = make()
    path = tmp_path / f"a{form.suffix}"
    written = pattern.write(plan, path)
    assert written.paths == (path,)
    back = pattern.read(path)
    a, b = needle_path(centered(plan)), needle_path(centered(back))
    np.testing.assert_array_equal(a.xy, b.xy)
    np.testing.assert_array_equal(a.color, b.color)
    assert back.color_changes == plan.color_changes
    if form.name not in ("VP3", "DST"):
        assert back.trims == plan.trims
    if form.keeps_colors or form.side_file:
        assert [back.threads[i].rgb8 for i in b.color_threads] == [plan.threads[i].rgb8 for i in a.color_threads]


def test_json_is_lossless(tmp_path: Path) -> None:
    from test_svg import plan_with_objects

    plan = plan_with_objects()
    pattern.write(plan, tmp_path / "a.json")
    back = pattern.read(tmp_path / "a.json")
    assert back.threads == plan.threads
    for name in ("max_stitch_mm", "min_stitch_mm", "trim_above_mm"):
        assert getattr(back, name) == getattr(plan, name)
    for one, two in zip(plan.blocks, back.blocks, strict=True):
        assert (one.thread, one.kind, one.object) == (two.thread, two.kind, two.object)
        np.testing.assert_array_equal(one.xy_mm, two.xy_mm)
    for one, two in zip(plan.objects, back.objects, strict=True):
        assert type(one.shape) is type(two.shape)
        assert (one.kind, one.angle_deg, one.underlay, one.pull_mm) == (
            two.kind,
            two.angle_deg,
            two.underlay,
            two.pull_mm,
        )
        np.testing.assert_array_equal(one.travel_mm, two.travel_mm)
        assert (one.sewn is None) == (two.sewn is None)
        if hasattr(one.shape, "polygon"):
            assert one.shape.polygon.equals_exact(two.shape.polygon, 0)
        else:
            np.testing.assert_array_equal(one.shape.xy_mm, two.shape.xy_mm)
    pattern.write(back, tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_csv_keeps_kinds_and_threads(tmp_path: Path) -> None:
    plan = plan_of([(0, rows(10, 4)), (1, rows(4, 4, center=(20, 0)))])
    blocks = (*plan.blocks[:1], replace(plan.blocks[1], kind="satin"))
    pattern.write(replace(plan, blocks=blocks), tmp_path / "a.csv")
    back = pattern.read(tmp_path / "a.csv")
    assert [block.kind for block in back.blocks] == ["fill", "satin"]
    assert back.threads == plan.threads[:2]


# ------------------------------------------------------------------ bytes


def pystitch_pes(plan: StitchPlan, version: str, name: str) -> bytes:
    """The same plan through the maintained fork, in its own way."""
    path = needle_path(plan)
    out = pystitch.EmbPattern()
    for index in path.color_threads:
        thread = plan.threads[index]
        made = pystitch.EmbThread()
        made.set_color(*thread.rgb8)
        made.description, made.catalog_number = thread.name, thread.code
        made.brand, made.chart = thread.brand, thread.chart
        out.add_thread(made)
    for (x, y), came in zip((path.xy - path.xy.min(axis=0)).tolist(), path.came, strict=True):
        if came == Came.TRIM:
            out.trim()
        if came == Came.COLOR:
            out.color_change()
        if came == Came.JUMP:
            out.move_abs(x, y)
        out.stitch_abs(x, y)
    out.end()
    out.metadata("name", name)
    stream = io.BytesIO()
    pystitch.write_pes(out, stream, {"version": version})
    return stream.getvalue()


@pytest.mark.parametrize("version", ["6", "1"])
@pytest.mark.parametrize(
    "make", [bouquet, square, lambda: noise(9, trim_above_mm=0.0)], ids=["bouquet", "square", "noise"]
)
def test_pes_equals_pystitch(make, version: str) -> None:
    plan = centered(make())
    ours = encode(plan, FORMATS["PES"], name="Rose 7", pes_version=version)
    assert ours == pystitch_pes(plan, version, "Rose 7")


def test_pes_equals_pystitch_but_for_the_flags_of_uncut_jumps() -> None:
    """Pystitch marks every jump as a trim; a jump that is not cut differs in its two flag bytes, from 0xA to 0x9."""
    plan = centered(noise(9))
    jumps = int((needle_path(plan).came == Came.JUMP).sum())
    assert jumps > 2
    ours, theirs = (
        np.frombuffer(data, np.uint8)
        for data in (encode(plan, FORMATS["PES"], name="Rose"), pystitch_pes(plan, "6", "Rose"))
    )
    assert len(ours) == len(theirs)
    off = np.flatnonzero(ours != theirs)
    assert len(off) == 2 * jumps
    np.testing.assert_array_equal(ours[off] ^ theirs[off], 0x30)


@pytest.mark.parametrize("form", WRITTEN, ids=lambda f: f.name)
def test_same_plan_same_bytes(form, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pattern.to_bytes(bouquet(), form, name="Rose")
    import datetime
    import random
    import time

    class Later(datetime.datetime):
        @classmethod
        def today(cls):
            return cls(2031, 5, 6)

    monkeypatch.setattr(datetime, "datetime", Later)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    random.seed(99)
    assert pattern.to_bytes(bouquet(), form, name="Rose") == first


def test_date_is_an_option(tmp_path: Path) -> None:
    pattern.write(square(), tmp_path / "a.jef", WriteOptions(date="2026-01-31"))
    assert decode((tmp_path / "a.jef").read_bytes(), "JEF").header["date"] == "20260131000000"
    with pytest.raises(OptionsError, match="not a date"):
        pattern.write(square(), tmp_path / "b.jef", WriteOptions(date="31.1.2026"))
    assert not (tmp_path / "b.jef").exists()


def golden() -> dict[str, dict[str, str]]:
    """Digests of every format's bytes and of what our decoders read in them."""
    out: dict[str, dict[str, str]] = {}
    for name, make in (("bouquet", bouquet), ("noise", lambda: noise(1)), ("square", square)):
        out[name] = {}
        for form in WRITTEN:
            # Pictures hang on the versions of libraries.
            if form.kind != "picture":
                data = pattern.to_bytes(make(), form, name="Rose")
                seen = decode(data, form.name) if form.kind == "stitches" else None
                points = sha256(seen.xy.astype("<i8").tobytes()).hexdigest()[:16] if seen else ""
                out[name][form.name] = f"{sha256(data).hexdigest()[:16]} {points}".strip()
    return out


def test_golden_files() -> None:
    """The bytes of three plans in every format; ``python tests/test_pattern.py`` renews them after a wanted change."""
    assert golden() == json.loads(GOLDEN.read_text())


# ------------------------------------------------------------------ torture


@pytest.mark.parametrize("form", [FORMATS[name] for name in ("PES", "PEC", "DST", "JEF", "TBF")], ids=lambda f: f.name)
def test_70000_stitches_in_one_run(form) -> None:
    plan = StitchPlan(threads=(RED,), blocks=(line(70_000),), max_stitch_mm=100.0, min_stitch_mm=0)
    data = pattern.to_bytes(plan, form)
    got = decode(data, form.name)
    assert (got.came == Came.STITCH).sum() == len(got.xy) - 1
    if form.name == "PES":
        sections = [points for flag, points in decode_sections(data) if flag == 0]
        assert max(len(points) for points in sections) < 65_536
        assert len(sections) == 2
        np.testing.assert_array_equal(sections[0][-1], sections[1][0])


@pytest.mark.parametrize("form", MACHINE, ids=lambda f: f.name)
def test_300_color_blocks(form, tmp_path: Path) -> None:
    blocks = tuple(
        StitchBlock(thread=k % 2, kind="running", xy_mm=np.array([[k % 20, k // 20], [k % 20 + 2, k // 20]], float))
        for k in range(300)
    )
    plan = StitchPlan(threads=(RED, BLACK), blocks=blocks)
    path = tmp_path / f"a{form.suffix}"
    if form.max_color_blocks is None or form.max_color_blocks >= 300:
        pattern.write(plan, path)
        assert pattern.read(path).color_changes == 299
    else:
        with pytest.raises(FormatError, match=f"300 colour blocks; {form.name} counts at most {form.max_color_blocks}"):
            pattern.write(plan, path)
        assert not path.exists()


def test_255_color_blocks_are_right_in_pes(tmp_path: Path) -> None:
    blocks = tuple(
        StitchBlock(thread=k % 2, kind="running", xy_mm=np.array([[k % 20, k // 20], [k % 20 + 2, k // 20]], float))
        for k in range(255)
    )
    plan = StitchPlan(threads=(RED, BLACK), blocks=blocks)
    for suffix in (".pes", ".vp3", ".tbf"):
        pattern.write(plan, tmp_path / f"a{suffix}")
        assert pattern.read(tmp_path / f"a{suffix}").color_changes == 254


@pytest.mark.parametrize("form", MACHINE, ids=lambda f: f.name)
def test_stitches_of_50_mm_are_divided(form, tmp_path: Path) -> None:
    xy = np.array([[-50, -30], [0, 0], [50, 0], [50, 0.5], [-50, 60]], float)
    plan = StitchPlan(threads=(RED,), blocks=(StitchBlock(thread=0, kind="running", xy_mm=xy),), max_stitch_mm=200.0)
    path = tmp_path / f"a{form.suffix}"
    written = pattern.write(plan, path)
    assert "divided-stitch" in [item.code for item in written.findings]
    back = centered(pattern.read(path))
    step = needle_path(back).step_mm
    assert step.max() <= 12.1
    assert back.trims == 0
    # The path is the same line.
    assert sum(back.thread_length_mm) == pytest.approx(sum(plan.thread_length_mm), rel=0.002)
    assert set(map(tuple, centered(plan).blocks[0].xy_mm)) <= set(
        map(tuple, np.concatenate([b.xy_mm for b in back.blocks]))
    )


@pytest.mark.parametrize("form", MACHINE, ids=lambda f: f.name)
def test_200_by_280_mm(form, tmp_path: Path) -> None:
    plan = plan_of([(0, rows(200, 4, center=(0, -138))), (1, rows(4, 280)), (0, rows(10, 10, center=(90, 130)))])
    path = tmp_path / f"a{form.suffix}"
    written = pattern.write(plan, path, WriteOptions(hoop="200x280"))
    assert pattern.read(path).size_mm == pytest.approx((200, 280))
    assert ("jef-hoop" in [item.code for item in written.findings]) == (form.name == "JEF")


@pytest.mark.parametrize("form", MACHINE, ids=lambda f: f.name)
def test_300_mm_off_the_origin(form, tmp_path: Path) -> None:
    plan = moved(square(), right_mm=300.0, down_mm=-212.3)
    path = tmp_path / f"a{form.suffix}"
    written = pattern.write(plan, path, WriteOptions(hoop="100x100"))
    assert "off-center" in [item.code for item in written.findings]
    pattern.write(square(), tmp_path / f"b{form.suffix}")
    assert path.read_bytes().replace(b"LA:a", b"LA:b") != b""
    back = pattern.read(path)
    assert np.abs(np.array(back.bounds_mm)).max() <= 10.1


@pytest.mark.parametrize("form", WRITTEN, ids=lambda f: f.name)
def test_one_stitch(form, tmp_path: Path) -> None:
    for points in ([[3.0, 4.0]], [[3.0, 4.0], [5.0, 4.0]]):
        plan = StitchPlan(threads=(RED,), blocks=(StitchBlock(thread=0, kind="running", xy_mm=np.array(points)),))
        path = tmp_path / f"a{form.suffix}"
        written = pattern.write(plan, path)
        assert ("single-stitch" in [item.code for item in written.findings]) == (len(points) == 1)
        if form.reads:
            assert pattern.read(path).stitch_count == len(points)


@pytest.mark.parametrize("form", WRITTEN, ids=lambda f: f.name)
def test_no_stitches(form, tmp_path: Path) -> None:
    plan = StitchPlan(threads=(RED,), blocks=())
    path = tmp_path / f"a{form.suffix}"
    if form.kind == "stitches":
        with pytest.raises(FormatError, match="no stitches"):
            pattern.write(plan, path)
        assert not path.exists()
    else:
        pattern.write(plan, path)


@pytest.mark.parametrize("form", WRITTEN, ids=lambda f: f.name)
def test_one_thread_and_many(form, tmp_path: Path) -> None:
    pattern.write(plan_of([(0, rows(20, 20))], threads=(WHITE,)), tmp_path / f"one{form.suffix}")
    many = tuple(Thread(brand="B", chart="c", code=str(k), name=f"N{k}", rgb8=(k * 2, 255 - k, k)) for k in range(100))
    plan = plan_of([(k, rows(3, 1, center=(0, k))) for k in range(100)], threads=many)
    path = tmp_path / f"many{form.suffix}"
    if form.name == "TBF":
        with pytest.raises(FormatError, match="100 threads; TBF files name at most 72"):
            pattern.write(plan, path)
    else:
        pattern.write(plan, path)
        # Above 64 colours some share a number of the PEC chart and look like one that goes on.
        least = 60 if form.name == "PEC" else 99
        assert not form.reads or 99 >= pattern.read(path).color_changes >= least


NAMES = ["Größe Äpfel", "🌸🌸", "a" * 300, "tab\tand\nline", "", "日本語", "x" * 16 + "é"]


@pytest.mark.parametrize("form", WRITTEN, ids=lambda f: f.name)
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_with_umlauts_and_emoji(form, name: str, tmp_path: Path) -> None:
    threads = tuple(replace(thread, name=name, brand=name, chart=name, code=name) for thread in THREADS[:2])
    plan = replace(square(8), threads=threads)
    path = tmp_path / f"Größe 🌸{form.suffix}"
    pattern.write(plan, path, WriteOptions(name=name or None, color_list=True))
    if form.kind == "stitches":
        prove(centered(plan), path)
        got = decode(path.read_bytes(), form.name).name
        assert got.isascii()
    if form.reads:
        assert pattern.read(path).stitch_count == plan.stitch_count


def test_ascii_text() -> None:
    assert ascii_text("Größe Äß", 40) == "Groesse Aess"
    assert ascii_text("crème brûlée", 40) == "creme brulee"
    assert ascii_text("🌸 a\tb\n", 40) == "a b"
    assert ascii_text("abcdef", 3) == "abc"


# ------------------------------------------------------------------ hoops, side files, places


def test_hoop_turns_the_design(tmp_path: Path) -> None:
    plan = plan_of([(0, rows(170, 60))])
    written = pattern.write(plan, tmp_path / "a.pes", WriteOptions(hoop="130x180"))
    assert "rotated" in [item.code for item in written.findings]
    assert pattern.read(tmp_path / "a.pes").size_mm == pytest.approx((60, 170), abs=0.2)
    with pytest.raises(FormatError, match=r"40\.0 mm too wide"):
        pattern.write(plan, tmp_path / "b.pes", WriteOptions(hoop="130x180", turn_to_fit=False))


def test_too_large_says_by_how_much_and_which_hoop(tmp_path: Path) -> None:
    plan = plan_of([(0, rows(120, 60))])
    with pytest.raises(FormatError) as error:
        pattern.write(plan, tmp_path / "a.pes", WriteOptions(machine="brother-se600"))
    assert "20.0 mm too wide" in error.value.message
    assert "130x180" in error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_auto_takes_the_smallest_hoop(tmp_path: Path) -> None:
    options = WriteOptions(machine="brother-pr1055x", hoop="auto")
    sizes = {(30, 30): "60x40", (90, 90): "100x100", (120, 170): "180x130", (300, 190): "360x200"}
    for (width, height), name in sizes.items():
        written = pattern.write(plan_of([(0, rows(width, height, spacing=2))]), tmp_path / "a.pes", options)
        assert str(written.hoop) == name


def test_colors_beside_formats_without_any(tmp_path: Path) -> None:
    plan = bouquet()
    for suffix, side in ((".dst", ".edr"), (".exp", ".inf"), (".u01", ".col")):
        written = pattern.write(plan, tmp_path / f"a{suffix}", WriteOptions(color_list=True))
        assert [path.name for path in written.side_paths] == [f"a{side}", "a.threads.txt"]
    text = (tmp_path / "a.threads.txt").read_text()
    assert text.index("Brother 800 Red") < text.index("Madeira 1070 Gold")
    import pyembroidery

    # Another program reads the same colours from these lists.
    for side in ("edr", "inf", "col"):
        theirs = pyembroidery.EmbPattern(str(tmp_path / f"a.{side}")).threadlist
        assert [thread.hex_color() for thread in theirs] == [thread.hex for thread in plan.threads]


@pytest.mark.parametrize("form", WRITTEN, ids=lambda f: f.name)
def test_places_that_cannot_be_written(form, tmp_path: Path) -> None:
    (tmp_path / f"dir{form.suffix}").mkdir()
    for path in (tmp_path / "gone" / f"a{form.suffix}", tmp_path / f"dir{form.suffix}"):
        with pytest.raises(OutputError):
            pattern.write(square(), path)


def test_a_file_that_fails_its_proof_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pes"
    path.write_bytes(b"old")
    from embroider_prep.pattern import writer as room

    real = room.encode
    monkeypatch.setattr(room, "encode", lambda plan, *a, **k: real(moved_by_one(plan), *a, **k))
    with pytest.raises(FormatError, match="differs from the plan"):
        pattern.write(bouquet(), path)
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.pes"]


def moved_by_one(plan: StitchPlan) -> StitchPlan:
    blocks = list(plan.blocks)
    xy = blocks[1].xy_mm.copy()
    xy[5, 0] += 0.1
    blocks[1] = replace(blocks[1], xy_mm=np.round(xy, 1))
    return replace(plan, blocks=tuple(blocks), min_stitch_mm=0)


def test_disk_that_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager

    from embroider_prep.pattern import writer as room

    class Forgetful(io.BytesIO):
        def write(self, data):
            return super().write(data[:-1] + b"?")

    @contextmanager
    def lying(path):
        yield Forgetful()

    monkeypatch.setattr(room, "atomic_write", lying)
    with pytest.raises(OutputError, match="does not hold"):
        pattern.write(square(), tmp_path / "a.pes")


def test_unknown_format_before_anything_else(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="unknown format"):
        pattern.write(square(), tmp_path / "a.pex")
    with pytest.raises(FormatError, match="cannot be written"):
        pattern.write(square(), tmp_path / "a.hus")


# ------------------------------------------------------------------ several hoopings


def test_split_hoops(tmp_path: Path) -> None:
    plan = plan_of([(0, rows(180, 80)), (1, rows(60, 60, center=(10, 5), angle_deg=45))])
    written = pattern.write(plan, tmp_path / "big.pes", WriteOptions(hoop="100x100", split_hoops=True))
    assert [path.name for path in written.paths] == ["big-1of2.pes", "big-2of2.pes"]
    assert [path.name for path in written.side_paths] == ["big-1of2.placement.png", "big-2of2.placement.png"]
    assert "split" in [item.code for item in written.findings]
    for path in written.paths:
        part = pattern.read(path)
        assert max(part.size_mm) <= 100
        assert part.threads[0].name == "Registration marks"
    assert all(path.stat().st_size > 5000 for path in written.side_paths)


def test_split_hoops_of_a_design_that_fits_is_one_file(tmp_path: Path) -> None:
    written = pattern.write(square(), tmp_path / "a.pes", WriteOptions(hoop="100x100", split_hoops=True))
    assert written.paths == (tmp_path / "a.pes",)


def test_split_hoops_needs_a_hoop(tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="no hoop to divide"):
        pattern.write(square(), tmp_path / "a.pes", WriteOptions(split_hoops=True))


# ------------------------------------------------------------------ reading


def test_wrong_suffix_is_read_by_content(tmp_path: Path) -> None:
    for suffix, wrong in ((".pes", ".dst"), (".dst", ".pes"), (".vp3", ".jef"), (".jef", ".exp"), (".tbf", ".hus")):
        pattern.write(bouquet(), tmp_path / f"a{suffix}")
        other = tmp_path / f"b{wrong}"
        other.write_bytes((tmp_path / f"a{suffix}").read_bytes())
        assert pattern.read(other).stitch_count == bouquet().stitch_count


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.pes", "is empty"),
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
    with pytest.raises(InputError, match="cannot read"):
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


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden(), indent=1) + "\n")
