"""The working size: exact pixels, light that adds up, strips that leave no trace."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import resize_local_mean

from embroider_prep.color import linear_from_srgb, srgb_from_linear
from embroider_prep.errors import InputError, OptionsError
from embroider_prep.picture import over_color, resample, to_working_size, working_size_px

Rgb8 = npt.NDArray[np.uint8]


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((300, 451), {"width_mm": 100, "px_per_mm": 6}, (399, 600)),
        ((300, 451), {"height_mm": 100, "px_per_mm": 6}, (600, 902)),
        ((300, 451), {"px_per_mm": 6}, (399, 600)),
        ((4, 6), {"width_mm": 33.3, "px_per_mm": 7.7}, (171, 256)),
        ((1, 1), {"width_mm": 10, "px_per_mm": 2}, (20, 20)),
        ((1, 500), {"width_mm": 10, "px_per_mm": 2}, (1, 20)),
        ((500, 1), {"height_mm": 10, "px_per_mm": 2}, (20, 1)),
        ((50, 50), {"width_mm": 0.01, "px_per_mm": 1}, (1, 1)),
    ],
)
def test_sizes(shape: tuple[int, int], size: dict[str, float], expected: tuple[int, int]) -> None:
    assert to_working_size(np.zeros((*shape, 3), np.uint8), **size).shape == (*expected, 3)
    assert to_working_size(np.zeros(shape, np.uint8), **size).shape == expected


def test_the_same_size_is_the_same_picture(samples: dict[str, Rgb8]) -> None:
    photo = samples["coffee"]
    assert np.array_equal(to_working_size(photo, width_mm=100, px_per_mm=6), photo)


def test_shrinking_equals_an_independent_area_filter_in_linear_light(samples: dict[str, Rgb8]) -> None:
    photo = samples["astronaut"]
    small = to_working_size(photo, width_mm=37, px_per_mm=5)
    reference = srgb_from_linear(resize_local_mean(linear_from_srgb(photo), small.shape[:2], channel_axis=2))
    assert np.abs(small.astype(int) - reference).max() <= 1
    gamma = cv2.resize(photo, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - gamma).max() > 20, "mixing coded values would look like this"


def test_fine_black_and_white_stripes_become_the_grey_of_half_their_light() -> None:
    stripes = np.zeros((60, 60, 3), np.uint8)
    stripes[::2] = 255
    assert np.unique(to_working_size(stripes, width_mm=10, px_per_mm=1)).tolist() == [188]
    assert np.unique(to_working_size(stripes[..., 0], width_mm=10, px_per_mm=1)).tolist() == [128]


def test_enlarging_keeps_ramps_straight_and_stays_within_the_range() -> None:
    line = np.linspace(0.2, 0.8, 20, dtype=np.float32)
    ramp = np.repeat(srgb_from_linear(line)[None, :, None], 3, axis=2).repeat(4, axis=0)
    large = linear_from_srgb(to_working_size(ramp, width_mm=80, px_per_mm=1))[4, 8:-8, 0]
    ideal = np.interp((np.arange(8, 72) + 0.5) / 4 - 0.5, np.arange(20), line)
    assert np.abs(large - ideal).max() < 0.008, "two roundings, each half a level of 0.0077"
    edge = np.zeros((8, 8, 3), np.uint8)
    edge[:, 4:] = 255
    large = to_working_size(edge, width_mm=40, px_per_mm=1)
    assert large[:, 0].max() == 0
    assert large[:, -1].min() == 255
    assert (np.diff(large[20, 15:25, 0].astype(int)) >= 0).all()


def test_enlarging_then_shrinking_comes_back(samples: dict[str, Rgb8]) -> None:
    photo = samples["chelsea"][:150, :151]
    large = to_working_size(photo, width_mm=151 * 3, px_per_mm=1)
    back = to_working_size(large, width_mm=151, px_per_mm=1)
    assert np.abs(back.astype(int) - photo).mean() < 2


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 90), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_one_colour_stays_and_light_adds_up(height: int, width: int, columns: int, level: int, seed: int) -> None:
    flat = np.full((height, width, 3), level, np.uint8)
    assert np.unique(to_working_size(flat, width_mm=columns, px_per_mm=1)).tolist() == [level]
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    small = to_working_size(noise, width_mm=columns, px_per_mm=1)
    assert small.shape[1] == columns
    if columns <= width and small.shape[0] <= height:
        assert linear_from_srgb(small).mean() == pytest.approx(linear_from_srgb(noise).mean(), abs=0.004)


def test_strips_leave_no_trace(samples: dict[str, Rgb8], monkeypatch: pytest.MonkeyPatch) -> None:
    photo = samples["coffee"]
    for width_mm in (13.1, 77, 143):
        whole = to_working_size(photo, width_mm=width_mm, px_per_mm=6)
        with monkeypatch.context() as patch:
            patch.setattr(resample, "BLOCK_VALUES", 600 * 3 * 7)
            strips = to_working_size(photo, width_mm=width_mm, px_per_mm=6)
        assert np.array_equal(strips, whole)


def test_turned_pictures_give_turned_results(samples: dict[str, Rgb8]) -> None:
    photo = samples["astronaut"][:200, :333]
    upright = to_working_size(photo, width_mm=40, px_per_mm=5)
    turned = to_working_size(np.rot90(photo), height_mm=40, px_per_mm=5)
    assert np.abs(np.rot90(upright).astype(int) - turned).max() <= 1


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ({"width_mm": 0, "px_per_mm": 6}, "size.width_mm: 0 is out of range"),
        ({"width_mm": -5, "px_per_mm": 6}, "size.width_mm: -5 is out of range"),
        ({"height_mm": float("nan"), "px_per_mm": 6}, "size.height_mm: nan is out of range"),
        ({"width_mm": 10, "px_per_mm": float("inf")}, "size.px_per_mm: inf is out of range"),
        ({"width_mm": 10, "height_mm": 10, "px_per_mm": 6}, "width 10 mm and height 10 mm are both given"),
        ({"width_mm": 1500, "px_per_mm": 20}, "30000 x 60000 pixels; allowed are at most 24 megapixels"),
        ({"width_mm": 10, "px_per_mm": 6, "max_megapixels": 0.001}, "60 x 120 pixels; allowed are at most 0.001"),
    ],
)
def test_absurd_sizes(size: dict[str, float], says: str) -> None:
    with pytest.raises(OptionsError, match=says.replace(".", r"\.")):
        to_working_size(np.zeros((2, 1, 3), np.uint8), **size)


@pytest.mark.parametrize("shape", [(3,), (0, 4, 3), (4, 4, 4), (4, 4, 1), (1, 4, 4, 3)])
def test_arrays_that_are_no_pictures(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="allowed are"):
        to_working_size(np.zeros(shape, np.uint8), px_per_mm=6)
    with pytest.raises(InputError, match="float64 array"):
        to_working_size(np.zeros((4, 4, 3)), px_per_mm=6)  # type: ignore[arg-type]


def test_working_size_px_needs_no_picture() -> None:
    assert working_size_px(6000, 4000, width_mm=100, height_mm=None, px_per_mm=6) == (600, 400)


def test_over_a_colour() -> None:
    rgb8 = np.array([[[10, 20, 30]] * 3], np.uint8)
    alpha = np.array([[0, 255, 128]], np.uint8)
    out = over_color(rgb8, alpha, (250, 0, 40))[0]
    assert out[:2].tolist() == [[250, 0, 40], [10, 20, 30]]
    half = 128 / 255 * linear_from_srgb(rgb8[0, 0]) + 127 / 255 * linear_from_srgb(np.array([250, 0, 40], np.uint8))
    assert out[2].tolist() == srgb_from_linear(half).tolist()
    with pytest.raises(InputError, match=r"alpha: .*allowed is \(1, 3\) uint8"):
        over_color(rgb8, alpha[:, :2], (0, 0, 0))
