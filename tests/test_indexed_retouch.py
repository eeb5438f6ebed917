"""The indexed PNG after a paint program had it: what was meant is understood, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from indexed_files import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    Edit,
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
from embroider_prep.picture import guide_to_8bit, read_indexed, write_indexed
from embroider_prep.threads import load_chart


@pytest.fixture
def flag() -> IndexedImage:
    return make_flag()


@pytest.fixture
def guide() -> Guide:
    return make_guide()


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
    image, _, findings = read_indexed(path, chart=load_chart("brother-pec"))
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
