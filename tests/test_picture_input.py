"""Arrays as pictures, what the options do to a picture, and everything that is no picture."""

from __future__ import annotations

import io
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from picture_files import LOSSLESS, encoded, largest_difference, make_scene, needs_avif, png
from PIL import Image

from embroider_prep.errors import InputError, MissingExtra
from embroider_prep.options import PictureOptions
from embroider_prep.picture import Picture, load, save_picture

Rgb8 = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def scene() -> Rgb8:
    return make_scene()


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


@pytest.mark.parametrize("source", [None, 5, ["a", "b"], io.StringIO("text")])
def test_sources_that_are_no_pictures(source: Any) -> None:
    with pytest.raises(InputError, match=r"is not accepted|stream of text"):
        load(source)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"]
)
def test_pillow_images_are_what_their_files_are(mode: str) -> None:
    rgb = Image.fromarray(np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3) * 2)
    if mode in ("I", "F", "I;16"):
        values = np.linspace(0, 1 if mode == "F" else 65535, 35).reshape(5, 7)
        image = Image.fromarray(values.astype({"I": np.int32, "F": np.float32, "I;16": np.uint16}[mode]))
    elif mode in ("LAB", "PA", "LA"):
        image = Image.new(
            mode, (7, 5), 1 if mode == "PA" else (90, 120, 140)[: len(Image.new(mode, (1, 1)).getbands())]
        )
    else:
        image = rgb.convert(mode)
    before = image.tobytes(), dict(image.info)
    got = load(image)
    assert got.rgb8.shape == (5, 7, 3)
    assert (image.tobytes(), dict(image.info)) == before
    if mode not in ("LAB", "HSV", "YCbCr", "PA"):
        file = io.BytesIO()
        image.save(file, "TIFF")
        assert np.array_equal(got.rgb8, load(file.getvalue()).rgb8)


def test_a_pillow_image_is_turned_and_named_as_its_file(tmp_path: Path) -> None:
    image = Image.new("RGB", (6, 4), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    with Image.open(tmp_path / "turned.jpg") as opened:
        got = load(opened)
    assert got.rgb8.shape == (6, 4, 3)
    assert got.name == "turned"
    with pytest.raises(InputError, match="20000 x 20000 pixels"):
        load(Image.new("1", (20_000, 20_000)))


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


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("kind", "settings"), [*LOSSLESS, ("JPEG", {}), ("GIF", {}), pytest.param("AVIF", {}, marks=needs_avif)]
)
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
