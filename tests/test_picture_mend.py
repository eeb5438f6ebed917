"""Photos that are too dark, too flat or have a cast are mended gently; good ones stay bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import embroider_prep as ep
from embroider_prep.color import delta_e, lab_from_rgb8, linear_from_srgb, srgb_from_linear
from embroider_prep.options import ConvertOptions, PictureOptions
from embroider_prep.picture import Picture, mend
from embroider_prep.reading import read_photo, read_working

Rgb8 = npt.NDArray[np.uint8]
SAMPLES = ("astronaut", "chelsea", "coffee")


def in_light(rgb8: Rgb8, *gain: float) -> Rgb8:
    return srgb_from_linear(np.clip(linear_from_srgb(rgb8) * np.array(gain, np.float32), 0, 1))


def levels(rgb8: Rgb8, factor: float, offset: float) -> Rgb8:
    return np.clip(rgb8 * factor + offset, 0, 255).astype(np.uint8)


def codes(rgb8: Rgb8) -> list[str]:
    return [item.code for item in mend(Picture(rgb8=rgb8))[1]]


def error(one: Rgb8, two: Rgb8) -> float:
    return float(delta_e(lab_from_rgb8(one), lab_from_rgb8(two)).mean())


def grain(shape: tuple[int, int], seed: int = 0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 3, (*shape, 3))


def as_photo(rgb: npt.NDArray[np.float64]) -> Rgb8:
    smooth = cv2.GaussianBlur(rgb, (0, 0), 1.0)
    return np.clip(smooth + grain(rgb.shape[:2]), 0, 255).round().astype(np.uint8)


def night() -> Rgb8:
    """Lamps before a dark sky."""
    rgb = np.full((200, 300, 3), (8.0, 10.0, 22.0))
    for x in range(20, 300, 40):
        cv2.circle(rgb, (x, 120), 4, (255.0, 220.0, 140.0), -1)
    return as_photo(rgb)


def sunset() -> Rgb8:
    """A sky from orange to yellow, a sun, black hills."""
    y = np.linspace(0, 1, 200)[:, None, None]
    rgb = np.broadcast_to((200, 70, 20) + y * (55, 100, 40), (200, 300, 3)).copy()
    cv2.circle(rgb, (150, 130), 18, (255.0, 240.0, 170.0), -1)
    rgb[150:] = (18, 12, 10)
    return as_photo(rgb)


def red_flower() -> Rgb8:
    """Petals that fill the picture."""
    y, x = np.mgrid[:200, :300]
    shade = 0.6 + 0.4 * np.cos(6 * np.arctan2(y - 100, x - 150))
    return as_photo(shade[..., None] * (225.0, 30.0, 25.0))


def snow() -> Rgb8:
    """White slopes with bluish shadows and a few dark trees."""
    y, x = np.mgrid[:200, :300]
    rgb = np.full((200, 300, 3), (238.0, 242.0, 248.0))
    rgb[(y > 120) & (x > y)] = (205, 216, 235)
    rgb[::40, 40:44] = (40, 45, 40)
    return as_photo(rgb)


def fog_white() -> Rgb8:
    """White on white, bright on purpose."""
    y, x = np.mgrid[:200, :300]
    rgb = np.full((200, 300, 3), 225.0)
    rgb[np.hypot(x - 150, y - 100) < 60] = 205
    return as_photo(rgb)


def logo() -> Rgb8:
    rgb8 = np.full((200, 300, 3), (70, 60, 20), np.uint8)
    cv2.circle(rgb8, (150, 100), 60, (110, 95, 40), -1)
    return rgb8


@pytest.mark.parametrize("name", SAMPLES)
def test_good_photos_stay_as_they_are(samples: dict[str, Rgb8], name: str) -> None:
    picture = Picture(rgb8=samples[name])
    assert mend(picture) == (picture, ())
    assert mend(picture)[0] is picture


@pytest.mark.parametrize("scene", [night, sunset, red_flower, snow, fog_white, logo])
def test_what_is_meant_to_look_so_stays(scene: Callable[[], Rgb8]) -> None:
    assert codes(scene()) == []


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("stops", [2.0, 2.5])
def test_a_dark_photo_is_lightened(samples: dict[str, Rgb8], name: str, stops: float) -> None:
    good = samples[name]
    dark = in_light(good, *[2**-stops] * 3)
    mended, findings = mend(Picture(rgb8=dark))
    assert findings[0].code == "photo-dark"
    assert findings[0].severity == "note"
    assert findings[0].message.startswith("the photo was dark: lightened by ")
    assert "--fix off" in findings[0].remedy
    assert error(mended.rgb8, good) < 0.6 * error(dark, good)
    assert codes(mended.rgb8) == []


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("factor", [0.3, 0.4])
def test_a_flat_photo_gets_contrast(samples: dict[str, Rgb8], name: str, factor: float) -> None:
    good = samples[name]
    flat = levels(good, factor, 128 * (1 - factor))
    mended, findings = mend(Picture(rgb8=flat))
    assert [item.code for item in findings] == ["photo-flat"]
    assert error(mended.rgb8, good) < 0.7 * error(flat, good)
    # Hues stay: what was redder than green is so still.
    assert ((mended.rgb8[..., 0] > mended.rgb8[..., 1]) == (flat[..., 0] > flat[..., 1])).mean() > 0.98


@pytest.mark.parametrize(
    ("gain", "name"), [((1.4, 1, 0.4), "yellow"), ((1.1, 1.1, 0.45), "yellow"), ((0.7, 1.15, 0.65), "green")]
)
def test_a_cast_is_taken_out(samples: dict[str, Rgb8], gain: tuple[float, ...], name: str) -> None:
    good = samples["astronaut"]
    tinted = in_light(good, *gain)
    mended, findings = mend(Picture(rgb8=tinted))
    assert [item.message for item in findings] == [f"the photo had a {name} cast: 75% of it taken out"]
    assert error(mended.rgb8, good) < 0.6 * error(tinted, good)
    assert codes(mended.rgb8) == []


def test_a_blue_cast_on_grey_things() -> None:
    y, x = np.mgrid[:200, :300]
    grey = as_photo((90 + 60 * np.sin(x / 30) + 60 * np.cos(y / 23))[..., None] * (1.0, 1.0, 1.0))
    tinted = in_light(grey, 0.6, 1, 1.7)
    mended, findings = mend(Picture(rgb8=tinted))
    assert [item.message for item in findings] == ["the photo had a blue cast: 75% of it taken out"]
    assert error(mended.rgb8, grey) < 0.5 * error(tinted, grey)


def test_transparent_pixels_do_not_count(samples: dict[str, Rgb8]) -> None:
    dark = in_light(samples["coffee"], 0.2, 0.2, 0.2)
    alpha = np.full(dark.shape[:2], 255, np.uint8)
    alpha[:100] = 0
    bright = dark.copy()
    bright[:100] = 255
    seen, hidden = mend(Picture(rgb8=bright)), mend(Picture(rgb8=bright, alpha=alpha))
    assert seen[1] == ()
    assert [item.code for item in hidden[1]] == ["photo-dark"]
    assert mend(Picture(rgb8=dark, alpha=np.zeros_like(alpha)))[1] == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 700), (40, 40)])
@pytest.mark.parametrize("level", [0, 40, 128, 255])
def test_one_tone_is_left_alone(shape: tuple[int, int], level: int) -> None:
    assert codes(np.full((*shape, 3), level, np.uint8)) == []


def test_off_leaves_the_photo(samples: dict[str, Rgb8]) -> None:
    dark = in_light(samples["chelsea"], 0.2, 0.2, 0.2)
    photo = read_photo(dark, ConvertOptions(picture=PictureOptions(fix="off")))
    assert np.array_equal(photo.picture.rgb8, dark)
    assert photo.findings == ()
    assert [item.code for item in read_working(dark, ConvertOptions()).findings] == ["photo-dark"]


def test_the_result_says_so(samples: dict[str, Rgb8]) -> None:
    dark = in_light(samples["coffee"], 0.2, 0.2, 0.2)
    made = ep.convert(dark, width_mm=30, threads=4, style="none")
    assert [item.code for item in made.report.findings if item.code.startswith("photo-")] == ["photo-dark"]
