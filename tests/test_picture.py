"""Pictures from files, streams and arrays: every kind of pixel ends as the same upright sRGB."""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from embroider_prep.errors import InputError, MissingExtra
from embroider_prep.options import PictureOptions
from embroider_prep.picture import SAMPLES, Picture, load, save_picture, stretch_contrast

Rgb8 = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def scene() -> Rgb8:
    """A smooth picture, 40 x 60, without symmetry, each corner another colour."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([x * 4, y * 6, 255 - x * 2 - y * 3], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **settings: Any) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    file.seek(0)
    return file


def largest_difference(a: Rgb8, b: Rgb8) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


LOSSLESS = [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})]


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
        ("AVIF", {"quality": 95}, 20),
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


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG made by hand: what Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


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
    assert largest_difference(load(encoded(image, "TIFF")).rgb8, np.asarray(image.convert("RGB"))) <= 1


def test_lab_tiff() -> None:
    image = Image.fromarray(np.array([[[136, 0, 0], [255, 0, 0]]], np.uint8), "LAB")
    # L* 53.3 is the grey 128 of sRGB, L* 100 its white.
    assert largest_difference(load(encoded(image, "TIFF")).rgb8, np.array([[[128] * 3, [255] * 3]], np.uint8)) <= 2


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 200]], np.uint8), [[0] * 3, [200] * 3]),
        (np.array([[[0], [200]]], np.uint8), [[0] * 3, [200] * 3]),
        (np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8), [[1, 2, 3], [4, 5, 6]]),
        (np.array([[0, 65535, 257 * 99 + 128]], np.uint16), [[0] * 3, [255] * 3, [99] * 3]),
        (np.array([[0.0, 1.0, 0.5]]), [[0] * 3, [255] * 3, [128] * 3]),
        (np.array([[0.0, 1.0]], np.float16), [[0] * 3, [255] * 3]),
        (np.array([[False, True]]), [[0] * 3, [255] * 3]),
    ],
)
def test_arrays(array: npt.NDArray[Any], expected: list[list[int]]) -> None:
    picture = load(array)
    assert picture.rgb8[0].tolist() == expected
    assert picture.alpha is None


def test_an_array_with_alpha_and_one_that_is_changed_later() -> None:
    array = np.array([[[1, 2, 3, 0], [4, 5, 6, 255]]], np.uint8)
    picture = load(array)
    array[...] = 77
    assert picture.rgb8.tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255]]
    assert array.flags.writeable


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 2), np.int64), "array of int64; allowed are uint8, uint16, bool, and floats from 0 to 1"),
        (np.zeros((2, 2), np.complex64), "array of complex64"),
        (np.zeros((2, 2), "U1"), "array of <U1"),
        (np.full((2, 2), 1.5), "array of floats from 1.5 to 1.5; allowed are 0 to 1"),
        (np.full((2, 2), np.nan), "array of floats from nan to nan"),
        (np.full((2, 2), -0.5), "floats from -0.5"),
        (np.zeros((0, 5, 3), np.uint8), r"shape \(0, 5, 3\); allowed are \(H, W\)"),
        (np.zeros((5, 5, 2), np.uint8), r"shape \(5, 5, 2\)"),
        (np.zeros((3, 5, 5), np.uint8), r"shape \(3, 5, 5\)"),
        (np.zeros(7, np.uint8), r"shape \(7,\)"),
        (np.zeros((1, 2, 3, 4), np.uint8), r"shape \(1, 2, 3, 4\)"),
        (np.zeros((20_000, 20_000), bool), "20000 x 20000 pixels are 400.0 megapixels; allowed are at most 150"),
    ],
)
def test_arrays_that_are_no_pictures(array: npt.NDArray[Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        load(array)


@pytest.mark.parametrize("source", [None, 5, ["a", "b"], io.StringIO("text"), Image.new("P", (2, 2))])
def test_sources_that_are_no_pictures(source: Any) -> None:
    with pytest.raises(InputError, match=r"is not accepted|stream of text"):
        load(source)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9).map(lambda s: (*s, 4))))
def test_any_picture_survives_a_png(array: Rgb8) -> None:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    picture = load(file.getvalue())
    assert np.array_equal(picture.rgb8, array[..., :3])
    alpha = np.full(array.shape[:2], 255) if picture.alpha is None else picture.alpha
    assert np.array_equal(alpha, array[..., 3])
    direct = load(array)
    assert np.array_equal(direct.rgb8, picture.rgb8)


# ---------------------------------------------------------------- options


def test_crop_then_rotate(scene: Rgb8) -> None:
    picture = load(scene, PictureOptions(crop=(0.5, 0, 1, 0.25), rotate="90"))
    assert np.array_equal(picture.rgb8, np.rot90(scene[:10, 30:], -1))
    for degrees, turns in (("0", 0), ("180", 2), ("270", 1)):
        assert np.array_equal(load(scene, PictureOptions(rotate=degrees)).rgb8, np.rot90(scene, turns))


def test_crop_and_rotate_take_alpha_along(scene: Rgb8) -> None:
    rgba = np.dstack([scene, scene[..., 0]])
    picture = load(rgba, PictureOptions(crop=(0.1, 0.2, 0.9, 0.8), rotate="270"))
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, picture.rgb8[..., 0])


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.tuples(*[st.floats(0, 1)] * 4).filter(lambda b: b[0] < b[2] and b[1] < b[3]),
)
def test_any_crop_leaves_a_pixel(height: int, width: int, box: tuple[float, float, float, float]) -> None:
    picture = load(np.zeros((height, width, 3), np.uint8), PictureOptions(crop=box))
    assert picture.rgb8.size


def test_auto_contrast_uses_the_full_range(scene: Rgb8) -> None:
    dull = (scene // 16 + scene[..., 1:2] // 4 + 80).astype(np.uint8)
    stretched = load(dull, PictureOptions(auto_contrast=True)).rgb8
    grey = np.asarray(Image.fromarray(stretched).convert("L"))
    assert np.quantile(grey, [0.01, 0.99]) == pytest.approx([0, 255], abs=20)
    # Hues stay: what was greenest is greenest.
    assert (stretched[..., 1] > stretched[..., 0]).mean() == pytest.approx(
        (dull[..., 1] > dull[..., 0]).mean(), abs=0.05
    )


def test_auto_contrast_leaves_one_tone_and_transparent_pixels() -> None:
    flat = np.full((8, 8, 3), 90, np.uint8)
    assert np.array_equal(stretch_contrast(flat), flat)
    ramp = np.repeat(np.linspace(100, 150, 64).astype(np.uint8).reshape(8, 8, 1), 3, axis=2)
    hidden = ramp.copy()
    hidden[0] = 0
    alpha = np.full((8, 8), 255, np.uint8)
    alpha[0] = 0
    assert stretch_contrast(hidden, alpha)[1:].min() == 0
    assert stretch_contrast(hidden, alpha)[1:].max() == 255
    assert np.array_equal(stretch_contrast(hidden, np.zeros_like(alpha)), hidden)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(("kind", "settings"), [*LOSSLESS, ("JPEG", {}), ("GIF", {}), ("AVIF", {})])
def test_cut_and_scrambled_files_give_one_line(
    scene: Rgb8, tmp_path: Path, kind: str, settings: dict[str, Any]
) -> None:
    whole = encoded(Image.fromarray(scene), kind, **settings).getvalue()
    path = tmp_path / f"photo.{kind.lower()}"
    rng = np.random.default_rng(0)
    refused = []
    for i in range(150):
        data = bytearray(whole[: rng.integers(1, len(whole))] if i % 2 else whole)
        if i % 2 == 0:
            for place in rng.integers(0, min(len(data), 400), 3):
                data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            # Small, so that a scrambled header cannot ask for gigabytes.
            load(path, PictureOptions(max_megapixels=1))
        except InputError as error:
            refused.append(str(error))
    assert len(refused) >= 50
    assert all(message.startswith(f"{path}: ") and "\n" not in message for message in refused)


def test_a_cut_jpeg_is_an_error(samples: dict[str, Rgb8], tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    whole = encoded(Image.fromarray(samples["coffee"]), "JPEG").getvalue()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged, incomplete or of a rare kind: image file is truncated"):
        load(path)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    rows = {
        "empty.jpg": (b"", r"the file is empty \(0 bytes\)"),
        "notes.txt": (b"hello, world" * 10, "not a picture; allowed are JPEG, PNG"),
        "drawing.svg": (b"<svg/>", "a drawing; allowed are JPEG"),
        "raw.nef": (b"\0" * 100, "a camera's raw file; allowed"),
        "flower.pes": (b"#PES0060" + b"\0" * 100, "a stitch file; allowed"),
        "vector.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a drawing; allowed"),
        "one-byte.png": (b"\x89", "not a picture"),
        "header.png": (b"\x89PNG\r\n\x1a\n", "damaged, incomplete"),
    }
    for name, (data, says) in rows.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=says) as caught:
            load(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
        assert caught.value.hint


def test_places_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    rows = {
        tmp_path: "this is a folder",
        tmp_path / "holyday.jpg": "no such file",
        tmp_path / "no" / "photo.jpg": "no such file; the folder is missing too",
        tmp_path / "zero\0byte.jpg": "cannot read",
    }
    for path, says in rows.items():
        with pytest.raises(InputError, match=says) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "holyday.jpg")
    assert caught.value.hint == "did you mean 'holiday.jpg'?"

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="permission to read it is missing"):
        load(tmp_path / "holiday.jpg")


def test_bombs_are_refused_before_they_are_decoded() -> None:
    bomb = png(20_000, 20_000, 8, 0, zlib.compress(b"never looked at"))
    with pytest.raises(InputError, match=r"20000 x 20000 pixels are 400\.0 megapixels; allowed are at most 150"):
        load(bomb)
    small = encoded(Image.new("RGB", (60, 40)), "JPEG")
    with pytest.raises(InputError, match=r"60 x 40 pixels are 0\.0 megapixels; allowed are at most 0\.001"):
        load(small, PictureOptions(max_megapixels=0.001))


def test_a_large_picture_is_read_when_it_is_allowed() -> None:
    # Over the size from which Pillow itself warns (89 megapixels), and warnings are errors here.
    large = encoded(Image.new("1", (10_000, 10_000)), "PNG")
    assert load(large).rgb8.shape == (10_000, 10_000, 3)


def test_one_pixel() -> None:
    assert load(encoded(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG")).rgb8.tolist() == [[[1, 2, 3]]]


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40
    with pytest.raises(MissingExtra, match=r"pip install 'embroider-prep\[heic\]'"):
        load(heic)


def test_heic_with_its_package(scene: Rgb8) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    file = encoded(Image.fromarray(scene), "HEIF", quality=95)
    assert largest_difference(load(file).rgb8, scene) <= 25
    with pytest.raises(InputError, match="damaged, incomplete"):
        load(file.getvalue()[:300])


def test_picture_checks_itself(scene: Rgb8) -> None:
    rows: list[dict[str, Any]] = [
        {"rgb8": scene[..., 0]},
        {"rgb8": scene.astype(float)},
        {"rgb8": scene, "alpha": scene[1:, :, 0]},
        {"rgb8": scene[:0]},
    ]
    for row in rows:
        with pytest.raises(InputError, match="allowed is uint8 of shape"):
            Picture(**row)


# ---------------------------------------------------------------- saving: see also test_picture_save.py


def test_what_is_saved_is_what_is_loaded(scene: Rgb8, tmp_path: Path) -> None:
    for suffix in (".png", ".webp", ".tif", ".TIFF"):
        save_picture(scene, tmp_path / f"a{suffix}")
        assert np.array_equal(load(tmp_path / f"a{suffix}").rgb8, scene)
