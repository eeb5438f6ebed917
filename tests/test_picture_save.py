"""Writing pictures: by suffix, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from embroider_prep.errors import InputError, OptionsError, OutputError
from embroider_prep.picture import check_picture_path, load, save_picture

Rgb8 = npt.NDArray[np.uint8]


@pytest.mark.parametrize(
    ("name", "kind", "within"),
    [("a.png", "PNG", 0), ("a.WEBP", "WEBP", 0), ("a.tif", "TIFF", 0), ("a.tiff", "TIFF", 0), ("a.jpg", "JPEG", 25)],
)
def test_formats(samples: dict[str, Rgb8], tmp_path: Path, name: str, kind: str, within: int) -> None:
    photo = samples["chelsea"][50:150, 100:250]
    save_picture(photo, tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert image.format == kind
    assert np.abs(load(tmp_path / name).rgb8.astype(int) - photo).max() <= within
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_alpha(tmp_path: Path, suffix: str) -> None:
    rgb8 = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    alpha = np.arange(63, dtype=np.uint8).reshape(9, 7) + 1
    save_picture(rgb8, tmp_path / f"a{suffix}", alpha=alpha)
    picture = load(tmp_path / f"a{suffix}")
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, alpha)
    assert np.array_equal(picture.rgb8, rgb8)


def test_the_same_picture_gives_the_same_bytes(samples: dict[str, Rgb8], tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_picture(samples["coffee"], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    rgb8 = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(OptionsError, match=r"\.pgn is not a picture that can be written; allowed: \.png") as caught:
        save_picture(rgb8, tmp_path / "a.pgn")
    assert caught.value.hint == "did you mean '.png'?"
    with pytest.raises(OptionsError, match="no suffix"):
        check_picture_path(tmp_path / "a")
    with pytest.raises(OptionsError, match="JPEG cannot hold transparent pixels"):
        save_picture(rgb8, tmp_path / "a.jpg", alpha=rgb8[..., 0])
    with pytest.raises(InputError, match="20000 x 1 pixels; WEBP holds at most 16383"):
        save_picture(np.zeros((1, 20_000, 3), np.uint8), tmp_path / "a.webp")
    with pytest.raises(InputError, match="cannot write a float64 array"):
        save_picture(rgb8 / 2, tmp_path / "a.png")  # type: ignore[arg-type]
    with pytest.raises(OutputError, match="does not exist"):
        save_picture(rgb8, tmp_path / "no" / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="disk is full"):
        save_picture(np.zeros((4, 5, 3), np.uint8), path)
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
