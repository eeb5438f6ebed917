"""Frames of photos and light fringes of cut-outs are cut off and said; what belongs to the picture stays."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from embroider_prep.options import ConvertOptions
from embroider_prep.picture import Picture, cut_frame, cut_fringe
from embroider_prep.reading import read_photo

Rgb8 = npt.NDArray[np.uint8]
SAMPLES = ("astronaut", "chelsea", "coffee")


def bordered(rgb8: Rgb8, top: int, bottom: int, left: int, right: int, color: tuple[int, int, int]) -> Rgb8:
    return np.asarray(cv2.copyMakeBorder(rgb8, top, bottom, left, right, cv2.BORDER_CONSTANT, value=color), np.uint8)


@pytest.mark.parametrize("name", SAMPLES)
def test_photos_without_a_frame_stay(samples: dict[str, Rgb8], name: str) -> None:
    picture = Picture(rgb8=samples[name])
    assert cut_frame(picture) == (picture, (), (0.0, 0.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("sides", "color"),
    [
        ((30, 30, 30, 30), (250, 250, 250)),
        ((12, 12, 12, 12), (40, 40, 40)),
        ((40, 150, 40, 40), (243, 240, 232)),
        ((80, 80, 0, 0), (30, 30, 30)),
        ((0, 0, 70, 70), (255, 255, 255)),
        ((20, 35, 28, 25), (200, 30, 30)),
    ],
)
@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_a_frame_is_cut_off(
    samples: dict[str, Rgb8], name: str, sides: tuple[int, int, int, int], color: tuple[int, int, int]
) -> None:
    photo = samples[name]
    top, bottom, left, right = sides
    framed = bordered(photo, top, bottom, left, right, color)
    grain = np.random.default_rng(0).normal(0, 2, (*framed.shape[:2], 1))
    framed = np.clip(framed + grain, 0, 255).astype(np.uint8)
    cut, findings, inner = cut_frame(Picture(rgb8=framed))
    assert [item.code for item in findings] == ["photo-frame"]
    rows, columns = photo.shape[:2]
    high, wide = cut.rgb8.shape[:2]
    # Nothing of the frame is left, and of the photo at most what mixes with it.
    assert rows - 6 <= high <= rows
    assert columns - 6 <= wide <= columns
    assert inner[0] == pytest.approx(left / framed.shape[1], abs=0.01)
    assert inner[3] == pytest.approx(1 - bottom / framed.shape[0], abs=0.01)


def test_paper_and_a_line_are_two_frames(samples: dict[str, Rgb8]) -> None:
    photo = samples["coffee"]
    framed = bordered(bordered(photo, 5, 5, 5, 5, (10, 10, 10)), 35, 35, 35, 35, (255, 255, 255))
    cut, findings, _ = cut_frame(Picture(rgb8=framed))
    assert len(findings) == 1
    assert abs(np.array(cut.rgb8.shape[:2]) - photo.shape[:2]).max() <= 6


def test_a_drawing_keeps_its_frame_and_one_bar_is_no_frame(samples: dict[str, Rgb8]) -> None:
    flag = np.full((200, 300, 3), (200, 20, 30), np.uint8)
    flag[66:134] = 255
    assert cut_frame(Picture(rgb8=flag))[1] == ()
    assert cut_frame(Picture(rgb8=bordered(samples["coffee"], 60, 0, 0, 0, (255, 255, 255))))[1] == ()
    plain = np.full((40, 40, 3), 128, np.uint8)
    assert cut_frame(Picture(rgb8=plain))[1] == ()


def test_somebodys_own_box_and_off_keep_it(samples: dict[str, Rgb8]) -> None:
    framed = bordered(samples["coffee"], 30, 30, 30, 30, (255, 255, 255))
    options = ConvertOptions()
    assert read_photo(framed, options).picture.rgb8.shape[0] < 410
    for values in ({"crop": (0, 0, 1, 1)}, {"fix": "off"}, {"focus": (0.2, 0.2, 0.5, 0.5)}):
        kept = read_photo(framed, options.with_values(values))
        assert kept.picture.rgb8.shape == framed.shape
        assert "photo-frame" not in [item.code for item in kept.findings]


def cut_out(fringe: int) -> tuple[Rgb8, npt.NDArray[np.uint8]]:
    """A dark red disk on transparent ground, with a white rim of so many pixels."""
    y, x = np.mgrid[:300, :400]
    radius = np.hypot(x - 200, y - 150)
    rgb8 = np.full((300, 400, 3), 255, np.uint8)
    rgb8[radius < 100 - fringe] = (120, 30, 40)
    return rgb8, np.where(radius < 100, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("fringe", [1, 2])
def test_a_light_fringe_is_cut_off(fringe: int) -> None:
    rgb8, alpha = cut_out(fringe)
    cut, findings = cut_fringe(Picture(rgb8=rgb8, alpha=alpha))
    assert [item.code for item in findings] == ["photo-fringe"]
    assert cut.alpha is not None
    left = rgb8[cut.alpha >= 128]
    assert (left == 255).all(axis=1).mean() < 0.002
    assert (cut.alpha >= 128).sum() > 0.9 * (alpha >= 128).sum()


@pytest.mark.parametrize("fringe", [0, 12])
def test_a_clean_edge_and_the_rim_of_a_sticker_stay(fringe: int) -> None:
    rgb8, alpha = cut_out(fringe)
    picture = Picture(rgb8=rgb8, alpha=alpha)
    assert cut_fringe(picture)[0] is picture


@pytest.mark.parametrize("level", [0, 255])
def test_all_or_nothing_transparent(level: int) -> None:
    picture = Picture(rgb8=np.zeros((9, 9, 3), np.uint8), alpha=np.full((9, 9), level, np.uint8))
    assert cut_fringe(picture)[0] is picture
