"""`--crop subject|face|auto`: what is kept of a photo, and red eyes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from embroider_prep.errors import OptionsError
from embroider_prep.guide.crop import WHOLE, choose_crop
from embroider_prep.options import ConvertOptions, PictureOptions
from embroider_prep.picture import Picture, mend_red_eyes
from embroider_prep.reading import read_photo, read_working
from embroider_prep.scene import Face, Scene

Rgb8 = npt.NDArray[np.uint8]


def face(x: float, y: float, width: float, kind: str = "person") -> Face:
    box = (x - width / 2, y - width / 2, x + width / 2, y + width / 2)
    eyes = ((x - width / 5, y - width / 6), (x + width / 5, y - width / 6))
    return Face(kind=kind, box=box, score=0.9, eyes=eyes, mouth=(x, y + width / 4))  # type: ignore[arg-type]


def mask(left: float, top: float, right: float, bottom: float) -> npt.NDArray[np.float32]:
    out = np.zeros((100, 100), np.float32)
    out[round(100 * top) : round(100 * bottom), round(100 * left) : round(100 * right)] = 1
    return out


def hundred(box: tuple[float, float, float, float]) -> float:
    return 100.0


def test_face_keeps_head_and_shoulders_and_sews_eyes() -> None:
    found = choose_crop(Scene(faces=(face(0.5, 0.3, 0.1),)), "face", hundred)
    left, top, right, bottom = found.box
    assert left < 0.45 < 0.55 < right
    assert top < 0.25
    assert bottom > 0.4
    assert 0.1 / (right - left) * 100 > 30
    assert found.finding is not None
    assert found.finding.severity == "note"
    assert "mm wide" in found.finding.message


def test_faces_side_by_side_stay_together_and_strangers_are_left_out() -> None:
    two = choose_crop(Scene(faces=(face(0.4, 0.3, 0.1), face(0.55, 0.3, 0.09), face(0.9, 0.9, 0.03))), "face", hundred)
    assert two.box[0] < 0.35
    assert 0.6 < two.box[2] < 0.8
    assert two.box[3] < 0.6


@pytest.mark.parametrize("word", ["face", "subject"])
def test_what_is_not_there_is_said(word: str) -> None:
    for scene in (Scene(), Scene(subject=np.zeros((9, 9), np.float32))):
        found = choose_crop(scene, word, hundred)
        assert found.box == WHOLE
        assert found.finding is not None
        assert found.finding.severity == "warning"
        assert f"--crop {word}: no {word} was found" in found.finding.message


def test_subject_is_its_box_with_a_margin() -> None:
    subject = mask(0.3, 0.4, 0.6, 0.8)
    subject[5, 5] = 1
    left, top, right, bottom = choose_crop(Scene(subject=subject), "subject", hundred).box
    assert (left, top, right, bottom) == pytest.approx((0.276, 0.376, 0.624, 0.824), abs=0.01)


def test_auto_does_what_helps() -> None:
    person = mask(0.3, 0.1, 0.7, 1)
    small = choose_crop(Scene(faces=(face(0.5, 0.3, 0.1),), subject=person), "auto", hundred)
    assert small.box[3] < 0.5
    # Large enough already.
    assert choose_crop(Scene(faces=(face(0.5, 0.3, 0.3),), subject=mask(0, 0, 1, 1)), "auto", hundred).box == WHOLE
    # A face that is not the subject, an animal's, and none.
    pet = mask(0.6, 0.5, 0.9, 0.9)
    for faces in ((face(0.1, 0.2, 0.05),), (face(0.75, 0.6, 0.1, "animal"),), ()):
        found = choose_crop(Scene(faces=faces, subject=pet), "auto", hundred)
        assert found.box[0] == pytest.approx(0.576, abs=0.01)
    # A guess is no subject.
    assert choose_crop(Scene(subject=np.full((50, 50), 0.6, np.float32)), "auto", hundred).box == WHOLE
    assert choose_crop(Scene(), "auto", hundred).finding is None


def test_the_photo_is_cropped_and_says_so(samples: dict[str, Rgb8]) -> None:
    options = ConvertOptions().with_values({"crop": "face", "width_mm": 60})
    work = read_working(samples["astronaut"], options)
    assert "cropped" in [item.code for item in work.findings]
    assert len(work.scene.faces) == 1
    assert work.scene.faces[0].width * 60 > 20
    assert work.crop[2] - work.crop[0] < 0.8
    # The box that is said gives the same picture.
    again = read_photo(samples["astronaut"], options.with_values({"crop": work.crop}))
    assert abs(again.picture.rgb8.shape[1] - read_photo(samples["astronaut"], options).picture.rgb8.shape[1]) <= 1
    assert "not-cropped" in [i.code for i in read_photo(samples["coffee"], options).findings]


def test_words_and_boxes() -> None:
    assert PictureOptions(crop="Face").crop == "face"
    assert PictureOptions(crop="0,0,0.5,1").crop == (0, 0, 0.5, 1)
    with pytest.raises(OptionsError, match=r"picture\.crop: 'faces' is unknown; allowed: subject, face, auto"):
        PictureOptions(crop="faces")


def eyes_at(red: tuple[int, int, int]) -> Rgb8:
    rgb8 = np.full((60, 100, 3), (205, 160, 140), np.uint8)
    y, x = np.mgrid[:60, :100]
    for at in (30, 70):
        rgb8[np.hypot(x - at, (y - 30) * 1.6) < 12] = (235, 230, 228)
        rgb8[np.hypot(x - at, y - 30) < 5] = red
    return rgb8


def test_red_eyes_are_darkened() -> None:
    picture = Picture(rgb8=eyes_at((200, 40, 40)))
    mended, findings = mend_red_eyes(picture, [(30, 30, 14), (70, 30, 14)])
    assert [item.message for item in findings] == ["the flash made 2 red eyes: darkened"]
    assert mended.rgb8[30, 30, 0] < 70
    assert np.array_equal(mended.rgb8[:10], picture.rgb8[:10])
    assert picture.rgb8[30, 30, 0] == 200


@pytest.mark.parametrize("color", [(90, 50, 30), (40, 90, 160), (20, 20, 20)])
def test_brown_and_blue_eyes_stay(color: tuple[int, int, int]) -> None:
    picture = Picture(rgb8=eyes_at(color))
    assert mend_red_eyes(picture, [(30, 30, 14), (70, 30, 14)])[0] is picture


def test_red_light_and_places_outside_stay() -> None:
    picture = Picture(rgb8=np.full((60, 100, 3), (220, 40, 40), np.uint8))
    assert mend_red_eyes(picture, [(30, 30, 14), (0, 0, 3), (99, 59, 5), (50, 50, 0.2)])[0] is picture
