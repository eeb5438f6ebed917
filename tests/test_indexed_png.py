"""The indexed PNG: exact when untouched, and understood after a paint program had it."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, PngImagePlugin

from embroider_prep.design import FABRIC, Finding, Guide, IndexedImage, Thread
from embroider_prep.errors import InputError, OutputError
from embroider_prep.picture import guide_to_8bit, read_indexed, write_indexed
from embroider_prep.threads import load_chart

RED, BLUE, WHITE, GREEN = ((200, 20, 30), (20, 40, 190), (250, 250, 250), (20, 150, 40))


def thread(rgb8: tuple[int, int, int], code: str) -> Thread:
    return Thread(brand="Acme", chart="Rayon", code=code, name=f"Nº {code} «é»", rgb8=rgb8, weight_wt=60)


@pytest.fixture
def flag() -> IndexedImage:
    """Red, blue and white fields with a hole of bare fabric, 60 x 40 pixels, 10 x 6.7 mm."""
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 20:40] = 1
    labels[:, 40:] = 2
    labels[10:20, 5:15] = FABRIC
    return IndexedImage(labels=labels, threads=(thread(RED, "1"), thread(BLUE, "2"), thread(WHITE, "3")), px_per_mm=6)


@pytest.fixture
def guide() -> Guide:
    rng = np.random.default_rng(0)
    angle, coherence, focus = (rng.random((14, 20)).astype(np.float32) for _ in range(3))
    return Guide(angle_deg=angle * 180, coherence=coherence, focus=1 + 9 * focus, px_per_mm=2.0)


def same_guide(one: Guide | None, two: Guide | None) -> bool:
    assert one is not None
    assert two is not None
    names = ("angle_deg", "coherence", "focus")
    return one.px_per_mm == two.px_per_mm and all(np.array_equal(getattr(one, n), getattr(two, n)) for n in names)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


Edit = Callable[[Image.Image], Image.Image]


def retouched(path: Path, edit: Edit, *, keep_text: bool = True, **settings: Any) -> Path:
    """What a paint program does: open, change, save with the text chunks or without."""
    with Image.open(path) as image:
        image.load()
        chunks = PngImagePlugin.PngInfo()
        for key, value in image.text.items() if keep_text else ():
            chunks.add_itxt(key, value)
        if image.mode == "P" and "transparency" in image.info:
            settings.setdefault("transparency", image.info["transparency"])
        settings.setdefault("dpi", image.info.get("dpi"))
        if settings["dpi"] is None:
            del settings["dpi"]
        changed = edit(image.copy())
        if changed.mode != "P":
            settings.pop("transparency", None)
    out = path.with_name("retouched.png")
    changed.save(out, pnginfo=chunks, **settings)
    return out


def painted(color: tuple[int, ...], box: tuple[int, int, int, int]) -> Edit:
    def edit(image: Image.Image) -> Image.Image:
        image = image.convert("RGBA")
        image.paste(color, box)
        return image

    return edit


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


def as_bytes(image: IndexedImage, guide: Guide | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_indexed(image, Path(folder) / "a.png", guide=guide)
        return (Path(folder) / "a.png").read_bytes()


planes = hnp.arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32) | st.just(float("nan")))


@given(planes, planes, planes)
def test_eight_bits_of_a_guide(
    angle: npt.NDArray[np.float32], coherence: npt.NDArray[np.float32], focus: npt.NDArray[np.float32]
) -> None:
    guide = guide_to_8bit(Guide(angle_deg=angle, coherence=coherence, focus=focus, px_per_mm=3.0))
    assert same_guide(guide_to_8bit(guide), guide)
    assert ((guide.angle_deg >= 0) & (guide.angle_deg < 180)).all()
    assert ((guide.coherence >= 0) & (guide.coherence <= 1)).all()
    assert (guide.focus >= 0).all()


def test_eight_bits_lose_little(guide: Guide) -> None:
    rounded = guide_to_8bit(guide)
    turn = np.abs(rounded.angle_deg - guide.angle_deg)
    assert np.minimum(turn, 180 - turn).max() <= 90 / 256 + 1e-4
    assert np.abs(rounded.coherence - guide.coherence).max() <= 0.5 / 255 + 1e-6
    assert np.abs(rounded.focus - guide.focus).max() <= 1 / 32 + 1e-6
    ordinary = Guide(angle_deg=guide.angle_deg, coherence=guide.coherence, focus=np.ones((14, 20)), px_per_mm=2)
    assert (guide_to_8bit(ordinary).focus == 1).all()


def test_a_large_guide_is_no_bomb_to_readers(flag: IndexedImage, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((3, 700, 800)).astype(np.float32)
    guide = Guide(angle_deg=noise[0] * 180, coherence=noise[1], focus=noise[2], px_per_mm=2.0)
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    assert same_guide(read_indexed(tmp_path / "a.png")[1], guide_to_8bit(guide))


# ---------------------------------------------------------------- retouched


def test_painted_with_a_thread_of_the_palette(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    path = retouched(tmp_path / "a.png", painted((*BLUE, 255), (0, 0, 5, 5)))
    image, back, findings = read_indexed(path)
    expected = flag.labels.copy()
    expected[:5, :5] = 1
    assert np.array_equal(image.labels, expected)
    assert image.threads == flag.threads
    assert same_guide(back, guide_to_8bit(guide))
    assert codes(findings) == ["picture-retouched"]


def test_a_new_colour_becomes_the_nearest_thread(flag: IndexedImage, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png")
    path = retouched(tmp_path / "a.png", painted((30, 60, 170, 255), (0, 0, 10, 10)))
    image, _, findings = read_indexed(path)
    assert (image.labels[:10, :10] == 1).all()
    assert image.threads == flag.threads
    assert codes(findings) == ["colors-matched"]
    assert "100 pixels in 1 colours" in findings[0].message
    assert "#1e3caa to Acme 2 Nº 2 «é» (100 px, ΔE " in findings[0].message
    assert "--chart" in findings[0].remedy


def test_a_new_colour_becomes_a_thread_of_the_chart(flag: IndexedImage, tmp_path: Path) -> None:
    chart = (*flag.threads, thread((10, 10, 10), "9"), thread(GREEN, "7"))
    write_indexed(flag, tmp_path / "a.png")
    path = retouched(tmp_path / "a.png", painted((22, 148, 44, 255), (0, 0, 10, 10)))
    image, _, findings = read_indexed(path, chart=chart)
    assert image.threads == (*flag.threads, thread(GREEN, "7"))
    assert (image.labels[:10, :10] == 3).all()
    assert codes(findings) == ["colors-matched"]
    assert findings[0].severity == "note"


def test_smoothed_borders_do_not_bring_threads_of_their_own(flag: IndexedImage, tmp_path: Path) -> None:
    chart = tuple(load_chart("janome"))
    write_indexed(flag, tmp_path / "a.png")

    def smooth(image: Image.Image) -> Image.Image:
        return image.convert("RGB").resize((240, 160), Image.Resampling.BICUBIC)

    image, _, findings = read_indexed(retouched(tmp_path / "a.png", smooth), chart=chart)
    assert image.threads == flag.threads
    assert image.px_per_mm == 24
    assert codes(findings) == ["colors-matched", "picture-resized"]
    large = np.kron(flag.labels, np.ones((4, 4), np.uint8))
    assert (image.labels == large).mean() > 0.95


def test_an_edited_palette(flag: IndexedImage, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png")

    def recolor(image: Image.Image) -> Image.Image:
        palette = image.getpalette()
        assert palette is not None
        palette[:3] = GREEN
        image.putpalette(palette)
        return image

    path = retouched(tmp_path / "a.png", recolor)
    image, _, findings = read_indexed(path, chart=(thread(GREEN, "7"),))
    assert image.threads[3].code == "7"
    assert (image.labels == np.where(flag.labels == 0, 3, flag.labels)).all()
    assert codes(findings) == ["colors-matched"]


def test_a_sorted_palette_changes_nothing(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    path = retouched(
        tmp_path / "a.png", lambda image: image.remap_palette([3, 2, 0, 1]), transparency=bytes([0, 255, 255, 255])
    )
    image, back, findings = read_indexed(path)
    assert np.array_equal(image.labels, flag.labels)
    assert same_guide(back, guide_to_8bit(guide))
    assert findings == ()


def test_threads_of_one_colour_stay_apart_in_a_palette(tmp_path: Path) -> None:
    labels = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    twins = IndexedImage(labels=labels, threads=(thread(RED, "1"), thread(RED, "2"), thread(BLUE, "3")), px_per_mm=6)
    write_indexed(twins, tmp_path / "a.png")
    assert np.array_equal(read_indexed(tmp_path / "a.png")[0].labels, labels)
    plain = read_indexed(retouched(tmp_path / "a.png", lambda image: image.convert("RGBA")))[0]
    assert plain.labels.tolist() == [[0, 0, 2], [2, 0, 0]]


def test_fabric_without_transparency_is_still_fabric(flag: IndexedImage, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png")

    def opaque(image: Image.Image) -> Image.Image:
        del image.info["transparency"]
        return image.convert("RGB")

    image, _, findings = read_indexed(retouched(tmp_path / "a.png", opaque))
    assert np.array_equal(image.labels, flag.labels)
    assert findings == ()


def test_erased_pixels_are_fabric(flag: IndexedImage, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png")
    image, _, _ = read_indexed(retouched(tmp_path / "a.png", painted((9, 9, 9, 0), (0, 0, 9, 9))))
    assert (image.labels[:9, :9] == FABRIC).all()


# ---------------------------------------------------------------- size and scale


def test_a_resized_picture_keeps_its_width(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    for size in ((30, 20), (120, 80), (91, 61), (90, 60), (7, 5)):
        path = retouched(tmp_path / "a.png", lambda image, size=size: image.resize(size))
        image, back, findings = read_indexed(path)
        assert image.size_mm[0] == pytest.approx(10)
        assert same_guide(back, guide_to_8bit(guide))
        assert codes(findings) == ["picture-resized"]
        assert f"{size[0]} x {size[1]} pixels, 60 x 40 were written" in findings[0].message


def test_a_cut_or_turned_picture_keeps_its_scale(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    edits: list[Edit] = [
        lambda image: image.crop((5, 5, 55, 20)),
        lambda image: image.transpose(Image.Transpose.ROTATE_90),
    ]
    for edit in edits:
        image, back, findings = read_indexed(retouched(tmp_path / "a.png", edit))
        assert image.px_per_mm == 6
        assert back is None
        assert codes(findings) == ["picture-cut"]


def test_resolution_changed_by_hand(flag: IndexedImage, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png")
    for dpi, expected in ((300, ["scale-kept"]), (72, []), (96, []), (152.4, [])):
        path = retouched(tmp_path / "a.png", lambda image: image, dpi=(dpi, dpi))
        image, _, findings = read_indexed(path)
        assert image.px_per_mm == 6
        assert codes(findings) == expected


# ---------------------------------------------------------------- lost chunks


def test_a_lost_list_of_threads(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    for edit in (lambda image: image, lambda image: image.convert("RGBA")):
        image, back, findings = read_indexed(retouched(tmp_path / "a.png", edit, keep_text=False))
        assert [item.rgb8 for item in image.threads] == sorted([RED, BLUE, WHITE])
        assert [item.code for item in image.threads] == [item.hex for item in image.threads]
        by_color = {item.rgb8: i for i, item in enumerate(image.threads)}
        back_to = np.array([by_color[item.rgb8] for item in flag.threads])
        sewn = flag.labels != FABRIC
        assert np.array_equal(image.labels[sewn], back_to[flag.labels[sewn]])
        assert (image.labels[~sewn] == FABRIC).all()
        assert image.px_per_mm == 6
        assert back is None
        assert codes(findings) == ["threads-lost"]
        assert findings[0].severity == "warning"


def test_a_lost_list_of_threads_with_a_chart(flag: IndexedImage, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png")
    path = retouched(tmp_path / "a.png", lambda image: image, keep_text=False)
    image, _, findings = read_indexed(path, chart=flag.threads)
    assert np.array_equal(image.labels, flag.labels)
    assert image.threads == flag.threads
    assert codes(findings) == ["threads-lost"]
    image, _, findings = read_indexed(path, chart=load_chart("brother"))
    assert {item.brand for item in image.threads} == {"Brother"}
    assert codes(findings) == ["threads-lost", "colors-matched"]
    assert "#c8141e to Brother 5 Red" in findings[1].message


@pytest.mark.parametrize("dpi", [None, 72, 96, 2, 20_000])
def test_a_missing_scale(flag: IndexedImage, tmp_path: Path, dpi: float | None) -> None:
    image = Image.new("RGB", (60, 40), RED)
    image.save(tmp_path / "a.png", **({} if dpi is None else {"dpi": (dpi, dpi)}))
    read, _, findings = read_indexed(tmp_path / "a.png")
    assert read.px_per_mm == 6
    assert codes(findings) == ["threads-lost", "scale-missing"]


def test_a_lost_guide(flag: IndexedImage, guide: Guide, tmp_path: Path) -> None:
    write_indexed(flag, tmp_path / "a.png", guide=guide)
    with Image.open(tmp_path / "a.png") as image:
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("embroider-prep", image.text["embroider-prep"])
        image.save(tmp_path / "b.png", pnginfo=chunks, transparency=image.info["transparency"])
    _, back, findings = read_indexed(tmp_path / "b.png")
    assert back is None
    assert codes(findings) == ["guide-lost"]


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
    guide = Guide(angle_deg=np.ones((2, 2)), coherence=np.ones((2, 2)), focus=np.ones((2, 2)), px_per_mm=2)
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
        {"focus_step": 0},
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
