"""Picture files: every kind of pixel ends as the same upright sRGB."""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from picture_files import LOSSLESS, encoded, largest_difference, make_scene, needs_avif, png
from PIL import Image

from embroider_prep.errors import InputError
from embroider_prep.picture import SAMPLES, load

Rgb8 = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def scene() -> Rgb8:
    return make_scene()


@pytest.mark.parametrize(("kind", "settings"), LOSSLESS)
def test_lossless_formats_come_back_exactly(scene: Rgb8, kind: str, settings: dict[str, Any]) -> None:
    picture = load(encoded(Image.fromarray(scene), kind, **settings))
    assert np.array_equal(picture.rgb8, scene)
    assert picture.alpha is None
    assert not picture.rgb8.flags.writeable


@pytest.mark.parametrize(
    ("kind", "settings", "within"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}, 8),
        ("JPEG", {"quality": 95, "progressive": True}, 20),
        ("WEBP", {"quality": 95}, 20),
        pytest.param("AVIF", {"quality": 95}, 20, marks=needs_avif),
    ],
)
def test_lossy_formats_come_close(scene: Rgb8, kind: str, settings: dict[str, Any], within: int) -> None:
    assert largest_difference(load(encoded(Image.fromarray(scene), kind, **settings)).rgb8, scene) <= within


def test_path_text_bytes_and_stream_are_the_same(scene: Rgb8, tmp_path: Path) -> None:
    path = tmp_path / "my photo.v2.png"
    Image.fromarray(scene).save(path)
    data = path.read_bytes()
    with path.open("rb") as stream:
        sources = [path, str(path), data, io.BytesIO(data), stream]
        pictures = [load(source) for source in sources]
    assert all(np.array_equal(picture.rgb8, scene) for picture in pictures)
    assert [picture.name for picture in pictures] == ["my photo.v2", "my photo.v2", "picture", "picture", "my photo.v2"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe(scene: Rgb8, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(encoded(Image.fromarray(scene), "PNG").getvalue()))
    writer.start()
    assert np.array_equal(load(pipe).rgb8, scene)
    writer.join()


def test_several_pictures_in_one_jpeg(scene: Rgb8) -> None:
    small = Image.new("RGB", (8, 8), "red")
    file = encoded(Image.fromarray(scene), "MPO", save_all=True, append_images=[small], quality=95, subsampling=0)
    assert largest_difference(load(file).rgb8, scene) <= 8


def test_standard_input(scene: Rgb8, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(encoded(Image.fromarray(scene), "PNG")))
    assert np.array_equal(load("-").rgb8, scene)


def test_empty_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(InputError, match=r"^standard input: .*empty"):
        load("-")


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str, samples: dict[str, Rgb8]) -> None:
    picture = load(f"sample:{name}")
    assert picture.name == name
    assert np.array_equal(picture.rgb8, samples[name])


def test_an_unknown_sample_names_the_closest() -> None:
    with pytest.raises(InputError, match="allowed: astronaut, chelsea, coffee") as caught:
        load("sample:chelsy")
    assert caught.value.hint == "did you mean 'chelsea'?"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation(scene: Rgb8, kind: str, orientation: int) -> None:
    # What a camera stores so that a viewer that follows the note sees the scene.
    stored = {
        1: scene,
        2: scene[:, ::-1],
        3: scene[::-1, ::-1],
        4: scene[::-1],
        5: scene.swapaxes(0, 1),
        6: np.rot90(scene, 1),
        7: np.rot90(scene, 2).swapaxes(0, 1),
        8: np.rot90(scene, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, quality=100)
    assert largest_difference(load(file).rgb8, scene) <= 20


def test_damaged_exif_is_left_aside(scene: Rgb8) -> None:
    file = encoded(Image.fromarray(scene), "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert largest_difference(load(file).rgb8, scene) <= 8


def grey16(scene: Rgb8) -> npt.NDArray[np.uint16]:
    return scene[..., 0].astype(np.uint16) * 257 + 100


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "I;16B")])
def test_grey_with_16_bits(scene: Rgb8, kind: str, mode: str) -> None:
    image = Image.fromarray(grey16(scene))
    picture = load(encoded(image if mode == "I;16" else image.convert("I").convert(mode), kind))
    assert all(np.array_equal(picture.rgb8[..., c], scene[..., 0]) for c in range(3))


def test_colour_png_with_16_bits(scene: Rgb8) -> None:
    deep = (scene.astype(">u2") * 257).reshape(40, -1)
    data = png(60, 40, 16, 2, b"".join(b"\0" + row.tobytes() for row in deep))
    assert np.array_equal(load(data).rgb8, scene)


def test_colour_tiff_with_16_bits(scene: Rgb8) -> None:
    pixels = (scene.astype("<u2") * 257).tobytes()
    tags = [(256, 3, 60), (257, 3, 40), (258, 3, None), (259, 3, 1), (262, 3, 2), (273, 4, None), (277, 3, 3)]
    tags += [(278, 3, 40), (279, 4, len(pixels))]
    after = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, kind, value in tags:
        count = 3 if tag == 258 else 1
        value = {258: after, 273: after + 6}.get(tag, value)
        entries += struct.pack("<HHI", tag, kind, count) + struct.pack("<I", value)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + b"\0" * 4 + struct.pack("<3H", 16, 16, 16) + pixels
    assert np.array_equal(load(data).rgb8, scene)


def test_float_tiff(scene: Rgb8) -> None:
    grey = scene[..., 0].astype(np.float32) / 255
    assert np.array_equal(load(encoded(Image.fromarray(grey), "TIFF")).rgb8[..., 1], scene[..., 0])
    with pytest.raises(InputError, match=r"pixels from 0 to 92\.5.*; allowed are 0 to 1"):
        load(encoded(Image.fromarray(grey * 100), "TIFF"))


@pytest.mark.parametrize(("mode", "kind"), [("L", "PNG"), ("L", "JPEG"), ("1", "PNG"), ("1", "TIFF"), ("P", "BMP")])
def test_grey_and_two_tone_and_palette(scene: Rgb8, mode: str, kind: str) -> None:
    image = Image.fromarray(scene).convert(mode)
    expected = np.asarray(image.convert("RGB"))
    picture = load(encoded(image, kind, quality=100))
    assert largest_difference(picture.rgb8, expected) <= (3 if kind == "JPEG" else 0)
    assert picture.alpha is None


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("RGBA", "TIFF"), ("LA", "PNG"), ("RGBA", "WEBP")])
def test_alpha_is_kept_apart(scene: Rgb8, mode: str, kind: str) -> None:
    image = Image.fromarray(scene).convert(mode[:-1])
    colors = np.asarray(image.convert("RGB"))
    alpha = np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))
    image.putalpha(Image.fromarray(alpha))
    picture = load(encoded(image, kind, lossless=True, exact=True))
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, alpha)
    # Colours are not mixed with anything, not even where nothing is seen.
    assert np.array_equal(picture.rgb8, colors)


def test_an_opaque_alpha_plane_says_nothing(scene: Rgb8) -> None:
    assert load(encoded(Image.fromarray(scene).convert("RGBA"), "PNG")).alpha is None


def test_transparent_palette_entries(scene: Rgb8) -> None:
    image = Image.fromarray(scene).quantize(8)
    indices = np.asarray(image)
    for transparency, expected in [
        (3, np.where(indices == 3, 0, 255)),
        (bytes([0, 90, 255]), np.select([indices == 0, indices == 1], [0, 90], 255)),
    ]:
        picture = load(encoded(image, "PNG", transparency=transparency))
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, expected)
        assert np.array_equal(picture.rgb8, np.asarray(image.convert("RGB")))
    gif = load(encoded(image, "GIF", transparency=3))
    assert gif.alpha is not None
    assert np.array_equal(gif.alpha, np.where(indices == 3, 0, 255))


def test_transparent_colours_of_png_without_alpha() -> None:
    rgb = np.array([[[10, 20, 30], [11, 20, 30]]], np.uint8)
    grey = np.array([[7, 9]], np.uint16)
    deep = b"\0" + (rgb.astype(">u2") * 257).tobytes()
    rows = {
        "8-bit colour": png(2, 1, 8, 2, b"\0" + rgb.tobytes(), (b"tRNS", struct.pack(">HHH", 10, 20, 30))),
        "16-bit colour": png(2, 1, 16, 2, deep, (b"tRNS", struct.pack(">HHH", 2570, 5140, 7710))),
        "8-bit grey": png(2, 1, 8, 0, b"\0\x07\x09", (b"tRNS", struct.pack(">H", 7))),
        "16-bit grey": png(2, 1, 16, 0, b"\0" + grey.astype(">u2").tobytes(), (b"tRNS", struct.pack(">H", 7))),
    }
    for what, data in rows.items():
        alpha = load(data).alpha
        assert alpha is not None, what
        assert alpha.tolist() == [[0, 255]], what


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_give_their_first_frame(scene: Rgb8, kind: str) -> None:
    first = Image.fromarray(scene).quantize(64).convert("RGB")
    rest = [Image.new("RGB", first.size, color) for color in ("red", "lime")]
    file = encoded(first, kind, save_all=True, append_images=rest, lossless=True)
    assert largest_difference(load(file).rgb8, np.asarray(first)) <= 2


def test_cmyk_is_not_inverted(scene: Rgb8) -> None:
    image = Image.fromarray(scene).convert("CMYK")
    # Pillow writes the inverted inks of Adobe's JPEG; TIFF holds them as they are.
    jpeg = encoded(image, "JPEG", quality=95, subsampling=0)
    assert b"Adobe" in jpeg.getvalue()
    assert largest_difference(load(jpeg).rgb8, scene) <= 8
    assert largest_difference(load(encoded(image, "TIFF")).rgb8, scene) <= 1


def test_ycbcr_tiff(scene: Rgb8) -> None:
    image = Image.fromarray(scene).convert("YCbCr")
    assert (
        largest_difference(load(encoded(image, "TIFF", compression="tiff_lzw")).rgb8, np.asarray(image.convert("RGB")))
        <= 1
    )


def test_lab_tiff() -> None:
    image = Image.fromarray(np.array([[[136, 0, 0], [255, 0, 0]]], np.uint8), "LAB")
    # L* 53.3 is the grey 128 of sRGB, L* 100 its white.
    assert largest_difference(load(encoded(image, "TIFF")).rgb8, np.array([[[128] * 3, [255] * 3]], np.uint8)) <= 2
