"""Colour against published data and an independent implementation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab

from embroider_prep import color
from embroider_prep.color import delta_e, lab_from_linear, lab_from_rgb8, linear_from_srgb, srgb_from_linear

# G. Sharma, W. Wu, E. N. Dalal (2005), table 1: L1 a1 b1 L2 a2 b2 and the difference, to four places.
SHARMA = np.loadtxt(
    """
    50.0000   2.6772 -79.7751  50.0000   0.0000 -82.7485   2.0425
    50.0000   3.1571 -77.2803  50.0000   0.0000 -82.7485   2.8615
    50.0000   2.8361 -74.0200  50.0000   0.0000 -82.7485   3.4412
    50.0000  -1.3802 -84.2814  50.0000   0.0000 -82.7485   1.0000
    50.0000  -1.1848 -84.8006  50.0000   0.0000 -82.7485   1.0000
    50.0000  -0.9009 -85.5211  50.0000   0.0000 -82.7485   1.0000
    50.0000   0.0000   0.0000  50.0000  -1.0000   2.0000   2.3669
    50.0000  -1.0000   2.0000  50.0000   0.0000   0.0000   2.3669
    50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0009   7.1792
    50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0010   7.1792
    50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0011   7.2195
    50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0012   7.2195
    50.0000  -0.0010   2.4900  50.0000   0.0009  -2.4900   4.8045
    50.0000  -0.0010   2.4900  50.0000   0.0010  -2.4900   4.8045
    50.0000  -0.0010   2.4900  50.0000   0.0011  -2.4900   4.7461
    50.0000   2.5000   0.0000  50.0000   0.0000  -2.5000   4.3065
    50.0000   2.5000   0.0000  73.0000  25.0000 -18.0000  27.1492
    50.0000   2.5000   0.0000  61.0000  -5.0000  29.0000  22.8977
    50.0000   2.5000   0.0000  56.0000 -27.0000  -3.0000  31.9030
    50.0000   2.5000   0.0000  58.0000  24.0000  15.0000  19.4535
    50.0000   2.5000   0.0000  50.0000   3.1736   0.5854   1.0000
    50.0000   2.5000   0.0000  50.0000   3.2972   0.0000   1.0000
    50.0000   2.5000   0.0000  50.0000   1.8634   0.5757   1.0000
    50.0000   2.5000   0.0000  50.0000   3.2592   0.3350   1.0000
    60.2574 -34.0099  36.2677  60.4626 -34.1751  39.4387   1.2644
    63.0109 -31.0961  -5.8663  62.8187 -29.7946  -4.0864   1.2630
    61.2901   3.7196  -5.3901  61.4292   2.2480  -4.9620   1.8731
    35.0831 -44.1164   3.7933  35.0232 -40.0716   1.5901   1.8645
    22.7233  20.0904 -46.6940  23.0331  14.9730 -42.5619   2.0373
    36.4612  47.8580  18.3852  36.2715  50.5065  21.2231   1.4146
    90.8027  -2.0831   1.4410  91.1528  -1.6435   0.0447   1.4441
    90.9257  -0.5406  -0.9208  88.6381  -0.8985  -0.7239   1.5381
     6.7747  -0.2908  -2.4247   5.8714  -0.0985  -2.2286   0.6377
     2.0776   0.0795  -1.1350   0.9033  -0.0636  -0.5514   0.9082
    """.strip().splitlines()
)


def test_ciede2000_of_the_published_pairs() -> None:
    one, two, expected = SHARMA[:, :3], SHARMA[:, 3:6], SHARMA[:, 6]
    assert np.abs(delta_e(one, two) - expected).max() <= 0.5e-4 + 1e-9
    assert np.abs(delta_e(two, one) - expected).max() <= 0.5e-4 + 1e-9
    assert delta_e(one, two).dtype == np.float64


def test_ciede2000_in_float32() -> None:
    single = delta_e(SHARMA[:, :3].astype(np.float32), SHARMA[:, 3:6].astype(np.float32))
    assert single.dtype == np.float32
    assert np.abs(single - SHARMA[:, 6]).max() <= 2e-4


def test_the_published_pairs_would_notice_an_error() -> None:
    # The old formula of 1976 and one without the rotation term are both further off than the tolerance.
    plain = np.sqrt(((SHARMA[:, :3] - SHARMA[:, 3:6]) ** 2).sum(axis=1))
    assert np.abs(plain - SHARMA[:, 6]).max() > 1


@pytest.fixture(scope="module")
def colors() -> npt.NDArray[np.uint8]:
    corners = np.stack(np.meshgrid([0, 1, 128, 254, 255], [0, 128, 255], [0, 127, 255]), axis=-1).reshape(-1, 3)
    noise = np.random.default_rng(0).integers(0, 256, (400, 3))
    return np.concatenate([corners, noise]).astype(np.uint8)


def test_ciede2000_equals_an_independent_implementation(colors: npt.NDArray[np.uint8]) -> None:
    lab = rgb2lab(colors[None])[0].astype(np.float64)
    reference = deltaE_ciede2000(lab[:, None], lab[None])
    # Between opposite hues the formula jumps, by up to 14 in saturated colours, with the last digit of its input.
    difference = np.abs(delta_e(lab[:, None], lab[None]) - reference)
    assert np.quantile(difference, 0.999) < 1e-4
    single = delta_e(lab[:, None].astype(np.float32), lab[None].astype(np.float32))
    assert np.quantile(np.abs(single - reference), 0.999) < 1e-3


def test_equal_colours_do_not_differ(colors: npt.NDArray[np.uint8]) -> None:
    lab = lab_from_rgb8(colors)
    assert delta_e(lab, lab).max() < 1e-4


def test_black_and_white_are_100_apart() -> None:
    ends = lab_from_rgb8(np.array([[0, 0, 0], [255, 255, 255]], np.uint8))
    assert float(delta_e(ends[0], ends[1])) == pytest.approx(100, abs=1e-3)


@pytest.mark.parametrize(
    ("shape_a", "shape_b", "shape"),
    [
        ((3,), (3,), ()),
        ((5, 3), (3,), (5,)),
        ((5, 1, 3), (1, 7, 3), (5, 7)),
        ((1, 7, 3), (5, 1, 3), (5, 7)),
        ((300, 1, 3), (1, 200, 3), (300, 200)),
        ((70_000, 3), (70_000, 3), (70_000,)),
        ((0, 3), (3,), (0,)),
        ((0, 1, 3), (1, 4, 3), (0, 4)),
    ],
)
def test_shapes_broadcast(shape_a: tuple[int, ...], shape_b: tuple[int, ...], shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(0, 90, s).astype(np.float32) for s in (shape_a, shape_b))
    out = delta_e(a, b)
    assert out.shape == shape
    if out.size:
        last = delta_e(*(np.broadcast_to(array, (*shape, 3)).reshape(-1, 3)[-1] for array in (a, b)))
        assert float(out.reshape(-1)[-1]) == pytest.approx(float(last), abs=1e-3)


def test_chunks_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-60, 90, (50, 1, 3)), rng.uniform(-60, 90, (1, 9, 3))
    whole = delta_e(a, b)
    monkeypatch.setattr(color, "CHUNK", 7)
    assert np.array_equal(delta_e(a, b), whole)


@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3))
@example((0, 0, 0), (0, 0, 174))
def test_a_difference_has_no_direction_and_no_sign(one: tuple[int, ...], two: tuple[int, ...]) -> None:
    lab = lab_from_rgb8(np.array([one, two], np.uint8))
    there, back = float(delta_e(lab[0], lab[1])), float(delta_e(lab[1], lab[0]))
    assert there == pytest.approx(back, abs=1e-3)
    assert 0 <= there < 120
    assert (there > 1e-3) == (one != two)


def test_lab_equals_an_independent_implementation(colors: npt.NDArray[np.uint8]) -> None:
    assert np.abs(lab_from_rgb8(colors) - rgb2lab(colors[None])[0]).max() < 2e-2
    greys = lab_from_rgb8(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    assert np.abs(greys[:, 1:]).max() < 1e-3, "greys have no hue"
    assert (np.diff(greys[:, 0]) > 0).all()
    assert greys[[0, 255], 0] == pytest.approx([0, 100], abs=1e-3)


def test_all_256_levels_come_back() -> None:
    levels = np.arange(256, dtype=np.uint8)
    linear = linear_from_srgb(levels)
    assert linear.dtype == np.float32
    assert linear[[0, 255]].tolist() == [0, 1]
    assert (np.diff(linear) > 0).all()
    assert np.array_equal(srgb_from_linear(linear), levels)
    # IEC 61966-2-1.
    v = levels / 255
    exact = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    assert np.abs(linear - exact).max() < 1e-7


def test_light_is_rounded_to_the_nearest_level_and_clipped() -> None:
    linear = np.linspace(0, 1, 10_001)
    exact = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(srgb_from_linear(linear) - exact).max() <= 0.5 + 0.03
    assert srgb_from_linear(np.array([-1.0, 2.0, -np.inf, np.inf])).tolist() == [0, 255, 0, 255]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 5, 3), (0, 3), (2, 0, 3)])
def test_shapes_stay(shape: tuple[int, ...]) -> None:
    rgb8 = np.zeros(shape, np.uint8)
    assert linear_from_srgb(rgb8).shape == shape
    assert srgb_from_linear(linear_from_srgb(rgb8)).shape == shape
    if shape[-1:] == (3,):
        assert lab_from_rgb8(rgb8).shape == lab_from_linear(linear_from_srgb(rgb8)).shape == shape


def test_inputs_are_not_changed(colors: npt.NDArray[np.uint8]) -> None:
    before = colors.copy()
    linear = linear_from_srgb(colors)
    copy = linear.copy()
    lab = lab_from_linear(linear)
    lab_copy = lab.copy()
    delta_e(lab, lab[::-1])
    strided = linear_from_srgb(colors[::2])
    assert np.array_equal(strided, linear[::2])
    assert np.array_equal(colors, before)
    assert np.array_equal(linear, copy)
    assert np.array_equal(lab, lab_copy)
