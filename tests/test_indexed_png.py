"""The indexed PNG: exact when untouched, survived when damaged."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from indexed_files import (
    BLUE,
    RED,
    WHITE,
    as_bytes,
    codes,
    make_flag,
    make_guide,
    painted,
    retouched,
    same_guide,
    thread,
)
from PIL import Image, PngImagePlugin

from embroider_prep.design import FABRIC, Guide, IndexedImage
from embroider_prep.errors import InputError, OutputError
from embroider_prep.picture import guide_to_8bit, read_indexed, write_indexed
from embroider_prep.threads import load_chart


@pytest.fixture
def flag() -> IndexedImage:
    return make_flag()


@pytest.fixture
def guide() -> Guide:
    return make_guide()


# ---------------------------------------------------------------- untouched


def test_untouched_file_is_exact(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    image, back, findings = read_indexed(tmp_path / "a.png")
    assert np.array_equal(image.labels, flag.labels)
    assert image.threads == flag.threads
    assert image.px_per_mm == flag.px_per_mm
    assert same_guide(back, guide_to_8bit(guide))
    assert findings == ()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_writing_again_gives_the_same_bytes(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    image, back, _ = read_indexed(tmp_path / "a.png")
    write_indexed(image, tmp_path / "b.png", guide=back)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_what_other_programs_see(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.format, image.mode, image.size) == ("PNG", "P", (60, 40))
        assert image.info["dpi"] == pytest.approx((152.4, 152.4))
        seen = np.asarray(image.convert("RGBA"))
        sheet = json.loads(image.text["embroider-prep"])
    assert seen[0, 0].tolist() == [*RED, 255]
    assert seen[0, 59].tolist() == [*WHITE, 255]
    assert seen[15, 10, 3] == 0
    assert sheet["schema"] == 1
    assert sheet["threads"][1] == {
        "brand": "Acme",
        "chart": "Rayon",
        "code": "2",
        "name": "Nº 2 «é»",
        "rgb": [20, 40, 190],
        "weight": 60,
    }


@settings(max_examples=50, deadline=None)
@given(
    labels=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 255)),
    count=st.integers(0, 255),
    px_per_mm=st.floats(0.5, 50),
    seed=st.integers(0, 999),
)
def test_any_labels_come_back(labels: npt.NDArray[np.uint8], count: int, px_per_mm: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Some threads share one colour.
    palette = rng.integers(0, 256, (255, 3)) // 64 * 64
    threads = tuple(thread(tuple(palette[i].tolist()), str(i)) for i in range(count))
    image = IndexedImage(
        labels=np.where(labels < count, labels, FABRIC).astype(np.uint8), threads=threads, px_per_mm=px_per_mm
    )
    back, guide, findings = read_indexed(as_bytes(image))
    assert np.array_equal(back.labels, image.labels)
    assert back.threads == threads
    assert back.px_per_mm == px_per_mm
    assert guide is None
    assert findings == ()


planes = hnp.arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32) | st.just(float("nan")))


@given(planes, planes, planes)
def test_eight_bits_of_a_guide(
    angle: npt.NDArray[np.float32], coherence: npt.NDArray[np.float32], weight: npt.NDArray[np.float32]
) -> None:
    guide = guide_to_8bit(Guide(angle_deg=angle, coherence=coherence, weight=weight, px_per_mm=3.0))
    assert same_guide(guide_to_8bit(guide), guide)
    assert ((guide.angle_deg >= 0) & (guide.angle_deg < 180)).all()
    assert ((guide.coherence >= 0) & (guide.coherence <= 1)).all()
    assert (guide.weight >= 0).all()


def test_eight_bits_lose_little(guide: Guide) -> None:
    rounded = guide_to_8bit(guide)
    turn = np.abs(rounded.angle_deg - guide.angle_deg)
    assert np.minimum(turn, 180 - turn).max() <= 90 / 256 + 1e-4
    assert np.abs(rounded.coherence - guide.coherence).max() <= 0.5 / 255 + 1e-6
    assert np.abs(rounded.weight - guide.weight).max() <= 1 / 32 + 1e-6
    ordinary = Guide(angle_deg=guide.angle_deg, coherence=guide.coherence, weight=np.ones((14, 20)), px_per_mm=2)
    assert (guide_to_8bit(ordinary).weight == 1).all()


def test_a_large_guide_is_no_bomb_to_readers(flag: IndexedImage, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((3, 700, 800)).astype(np.float32)
    guide = Guide(angle_deg=noise[0] * 180, coherence=noise[1], weight=noise[2], px_per_mm=2.0)
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    assert same_guide(read_indexed(tmp_path / "a.png")[1], guide_to_8bit(guide))


# ---------------------------------------------------------------- damaged and foreign files

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def with_text(image: IndexedImage, guide: Guide, key: str, change: dict[str, Any] | str) -> bytes:
    """The file of ``image`` with fields of one text chunk replaced, or all of it."""
    with Image.open(io.BytesIO(as_bytes(image, guide))) as file:
        chunks = PngImagePlugin.PngInfo()
        for name, value in file.text.items():
            if name == key:
                value = change if isinstance(change, str) else json.dumps(json.loads(value) | change)
            chunks.add_itxt(name, value)
        out = io.BytesIO()
        file.save(out, "PNG", pnginfo=chunks, transparency=file.info["transparency"], dpi=file.info["dpi"])
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    field=st.sampled_from(["schema", "px_per_mm", "width", "height", "fabric", "threads", "guide"]),
    value=json_values,
)
def test_any_damage_to_the_list_is_survived(field: str, value: Any) -> None:
    labels = np.array([[0, 1, FABRIC], [1, 1, 0]], np.uint8)
    image = IndexedImage(labels=labels, threads=(thread(RED, "1"), thread(BLUE, "2")), px_per_mm=6)
    guide = Guide(angle_deg=np.ones((2, 2)), coherence=np.ones((2, 2)), weight=np.ones((2, 2)), px_per_mm=2)
    read, _, _ = read_indexed(with_text(image, guide, "embroider-prep", {field: value}))
    colors = {RED: 0, BLUE: 1}
    back = np.array([colors[item.rgb8] for item in read.threads[:2]])
    assert np.array_equal(np.where(read.labels == FABRIC, FABRIC, back[np.minimum(read.labels, 1)]), labels)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 5000, '{"threads": [{}]}', '{"threads": [], "fabric": [1, 2]}']
)
def test_a_damaged_list_is_a_lost_one(flag: IndexedImage, guide: Guide, text: str) -> None:
    _, back, findings = read_indexed(with_text(flag, guide, "embroider-prep", text))
    assert back is None
    assert codes(findings) == ["threads-lost"]


@pytest.mark.parametrize(
    "change",
    [
        "",
        "{}",
        {"schema": 2},
        {"shape": [10**6, 10**6]},
        {"shape": [0, 5]},
        {"shape": [-14, -20]},
        {"planes": "AAAA"},
        {"planes": 5},
        {"weight_step": 0},
        {"px_per_mm": "x"},
    ],
)
def test_a_damaged_guide_is_a_lost_one(flag: IndexedImage, guide: Guide, change: Any) -> None:
    image, back, findings = read_indexed(with_text(flag, guide, "embroider-prep guide", change))
    assert np.array_equal(image.labels, flag.labels)
    assert back is None
    assert codes(findings) == ["guide-lost"]


def test_photos_and_other_files(samples: dict[str, npt.NDArray[np.uint8]], tmp_path: Path) -> None:
    Image.fromarray(samples["chelsea"]).save(tmp_path / "photo.png")
    Image.fromarray(samples["chelsea"]).save(tmp_path / "photo.jpg")
    Image.fromarray(samples["chelsea"][..., 0].astype(np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "photo.png").read_bytes()[:5000])
    (tmp_path / "empty.png").write_bytes(b"")
    rows = {
        "photo.png": r"\d+ colours; allowed is a picture in a few colours.*quantize",
        "photo.jpg": "not an indexed PNG.*quantize",
        "deep.png": "pixels of kind I;16; allowed is.*quantize",
        "half.png": "damaged, incomplete",
        "empty.png": "the file is empty",
        "none.png": "no such file",
    }
    for name, says in rows.items():
        with pytest.raises(InputError, match=says) as caught:
            read_indexed(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")


def test_a_photo_pasted_over_an_indexed_picture(
    flag: IndexedImage, samples: dict[str, npt.NDArray[np.uint8]], tmp_path: Path
) -> None:
    write_indexed(flag, tmp_path / "a.png")
    photo = Image.fromarray(samples["coffee"])
    with pytest.raises(InputError, match="quantize"):
        read_indexed(retouched(tmp_path / "a.png", lambda _: photo))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "P"])
def test_other_pictures_in_few_colours(mode: str, tmp_path: Path) -> None:
    image = Image.new("L", (30, 20), 255)
    image.paste(0, (5, 5, 25, 15))
    image.convert(mode).save(tmp_path / "a.png", dpi=(254, 254))
    read, _, findings = read_indexed(tmp_path / "a.png")
    assert [item.rgb8 for item in read.threads] == [(0, 0, 0), (255, 255, 255)]
    assert (read.labels == 0).sum() == 200
    assert read.px_per_mm == 10
    assert codes(findings) == ["threads-lost"]


def test_nothing_to_sew(tmp_path: Path) -> None:
    bare = IndexedImage(labels=np.full((3, 4), FABRIC, np.uint8), threads=(), px_per_mm=6)
    write_indexed(bare, tmp_path / "a.png")
    for chart in ((), load_chart("brother")):
        image, _, findings = read_indexed(tmp_path / "a.png", chart=chart)
        assert (image.labels == FABRIC).all()
        assert image.threads == ()
        assert findings == ()
    path = retouched(tmp_path / "a.png", lambda image: image, keep_text=False)
    image, _, findings = read_indexed(path)
    assert (image.labels == FABRIC).all()
    assert codes(findings) == ["threads-lost"]
    drawn, _, _ = read_indexed(retouched(tmp_path / "a.png", painted((*RED, 255), (0, 0, 2, 2))))
    assert drawn.threads[0].rgb8 == RED


def test_255_threads_and_256_colours(tmp_path: Path) -> None:
    threads = tuple(thread((i, 255 - i, i // 2), str(i)) for i in range(255))
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_indexed(IndexedImage(labels=labels, threads=threads, px_per_mm=6), tmp_path / "a.png")
    image, _, findings = read_indexed(tmp_path / "a.png")
    assert np.array_equal(image.labels, labels)
    assert findings == ()
    ramp = Image.fromarray(labels)
    ramp.putpalette([level for i in range(256) for level in (i, i, i)])
    ramp.save(tmp_path / "ramp.png")
    image, _, findings = read_indexed(tmp_path / "ramp.png")
    assert len(image.threads) == 255
    assert codes(findings) == ["threads-lost", "colors-matched", "scale-missing"]


def test_errors_of_writing(flag: IndexedImage, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_indexed(flag, tmp_path / "no" / "a.png")
    assert list(tmp_path.iterdir()) == []
