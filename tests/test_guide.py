"""Where threads should run, and where people look."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from region_pictures import PICTURES, make_indexed

import embroider_prep as ep
from embroider_prep.design import FABRIC, FACE, FEATURE, ORDINARY, SUBJECT
from embroider_prep.guide import GUIDE_PX_PER_MM, guide_from_labels, look, make_guide, networks
from embroider_prep.guide.detector import BACK, FULL, SHORT, Network, anchors
from embroider_prep.guide.faces import MAX_FACES, find_faces
from embroider_prep.guide.words import describe, face_findings, in_words
from embroider_prep.scene import Face, Scene

Rgb8 = npt.NDArray[np.uint8]


def stripes(angle_deg: float, size: int = 120) -> Rgb8:
    """Stripes that run along an angle, counter-clockwise as seen."""
    y, x = np.mgrid[:size, :size]
    across = x * np.sin(np.radians(angle_deg)) + y * np.cos(np.radians(angle_deg))
    grey = 128 + 100 * np.sin(across / 2)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("angle_deg", [0, 20, 45, 90, 110, 170])
def test_threads_run_along_stripes(angle_deg: float) -> None:
    guide = make_guide(stripes(angle_deg), px_per_mm=6.0, face_weight=1)
    inner = (slice(5, -5), slice(5, -5))
    away = (guide.angle_deg[inner] - angle_deg + 90) % 180 - 90
    assert np.abs(away).max() < 3
    assert guide.coherence[inner].min() > 0.9
    assert ((guide.angle_deg >= 0) & (guide.angle_deg < 180)).all()


def test_flat_ground_has_no_direction() -> None:
    guide = make_guide(np.full((90, 120, 3), 140, np.uint8), px_per_mm=6.0)
    assert guide.coherence.max() < 0.01
    assert np.allclose(guide.weight, 1, atol=0.01)
    assert (guide.content == ORDINARY).all()


@pytest.mark.parametrize("name", PICTURES)
def test_whatever_comes_in(name: str) -> None:
    rgb8 = PICTURES[name]()
    guide = make_guide(rgb8, px_per_mm=6.0, scene=look(rgb8))
    rows, columns = (max(1, round(side * GUIDE_PX_PER_MM / 6)) for side in rgb8.shape[:2])
    assert guide.weight.shape == guide.angle_deg.shape == guide.coherence.shape == (rows, columns)
    assert guide.content.shape == (rows, columns)
    assert guide.px_per_mm == GUIDE_PX_PER_MM
    for values, low, high in ((guide.angle_deg, 0, 180), (guide.coherence, 0, 1), (guide.weight, 1, 7.6)):
        assert np.isfinite(values).all()
        assert values.min() >= low - 1e-3
        assert values.max() <= high + 1e-3


def test_contrast_is_looked_at() -> None:
    rgb8 = np.full((120, 240, 3), 128, np.uint8)
    rgb8[40:80, 160:200] = np.indices((40, 40)).sum(axis=0)[..., None] // 5 % 2 * 255
    weight = make_guide(rgb8, px_per_mm=6.0).weight
    assert weight[20, 60] > weight[20, 20] + 1


def astronaut(samples: dict[str, Rgb8]) -> tuple[Rgb8, Scene]:
    photo = samples["astronaut"][:400, :400]
    return photo, look(photo)


def test_a_face_and_its_eyes_are_found(samples: dict[str, Rgb8]) -> None:
    photo, scene = astronaut(samples)
    assert [face.kind for face in scene.faces] == ["person"]
    face = scene.faces[0]
    # By hand, in the photo's pixels.
    for found, (x, y) in zip((*face.eyes, face.mouth), ((203, 102), (247, 104), (223, 146)), strict=True):
        assert np.hypot(found[0] * 400 - x, found[1] * 400 - y) < 8
    assert 0.3 < scene.subject_share < 0.8
    guide = make_guide(photo, px_per_mm=5.12, scene=scene)
    scale = GUIDE_PX_PER_MM / 5.12

    def at(x: float, y: float) -> tuple[int, float]:
        place = round(y * scale), round(x * scale)
        return int(guide.content[place]), float(guide.weight[place])

    assert [at(*place)[0] for place in ((203, 103), (208, 124), (200, 330), (340, 60))] == [
        FEATURE,
        FACE,
        SUBJECT,
        ORDINARY,
    ]
    eye, cheek, suit, wall = (at(*place)[1] for place in ((203, 103), (208, 124), (200, 330), (340, 60)))
    assert eye > 2 * cheek > 18
    assert cheek > 2 * suit > 2 * wall
    assert (guide.content >= FACE).mean() < 0.12


def test_what_a_place_is_does_not_depend_on_its_weight(samples: dict[str, Rgb8]) -> None:
    photo, scene = astronaut(samples)
    plain, light, heavy = (
        make_guide(photo, px_per_mm=5.12, scene=scene, subject_weight=1, face_weight=weight) for weight in (1, 2, 30)
    )
    assert np.array_equal(plain.content, light.content)
    assert np.array_equal(light.content, heavy.content)
    face = plain.content == FACE
    assert plain.weight.max() <= 2.51
    assert plain.weight[face].mean() < light.weight[face].mean() < heavy.weight[face].mean()


def test_a_box_counts_as_a_face(samples: dict[str, Rgb8]) -> None:
    cat = samples["chelsea"]
    guide = make_guide(cat, px_per_mm=4.51, focus_box=(0.25, 0.2, 0.65, 0.7))
    scale = GUIDE_PX_PER_MM / 4.51
    eye, ear, forehead = (
        guide.weight[round(y * scale), round(x * scale)] for x, y in ((183, 112), (370, 25), (235, 75))
    )
    assert forehead >= 10
    assert eye > forehead
    assert ear < 3
    assert (guide.content == FACE).mean() == pytest.approx(0.2, abs=0.02)


def test_a_cat_has_a_face_and_a_cup_has_none(samples: dict[str, Rgb8]) -> None:
    assert [face.kind for face in look(samples["chelsea"]).faces] == ["animal"]
    assert look(samples["coffee"]).faces == ()


def test_turned_and_small_pictures(samples: dict[str, Rgb8]) -> None:
    photo = samples["astronaut"]
    assert look(np.ascontiguousarray(photo[:, ::-1])).faces[0].box[0] == pytest.approx(
        1 - look(photo).faces[0].box[2], abs=0.02
    )
    assert look(photo[:20, :20]).faces == ()


@pytest.mark.parametrize("angle_deg", [-90, -30, 30, 60])
def test_a_face_that_lies_is_found(angle_deg: float, samples: dict[str, Rgb8]) -> None:
    around = cv2.getRotationMatrix2D((224, 128), angle_deg, 1.0)
    around[:, 2] += (32, 128)
    turned = cv2.warpAffine(samples["astronaut"], around, (512, 512), borderValue=(128, 128, 128))
    scene = look(turned.reshape(512, 512, 3))
    eye = around @ (203, 102, 1)
    assert scene.faces[0].kind == "person"
    assert min(np.hypot(*(np.array(found) * 512 - eye)) for found in scene.faces[0].eyes) < 16


def test_small_faces_are_found_beside_each_other(samples: dict[str, Rgb8]) -> None:
    """Faces of 3 % of the picture's width, on ground without any."""
    picture = np.full((1200, 1200, 3), 110, np.uint8)
    picture[:] += np.random.default_rng(1).integers(0, 30, (1200, 1200, 1), np.uint8)
    head = cv2.resize(samples["astronaut"][20:220, 120:320], (90, 90), interpolation=cv2.INTER_AREA)
    places = [(100, 150), (560, 500), (1000, 1050), (800, 200)]
    for x, y in places:
        picture[y : y + 90, x : x + 90] = head
    found = sorted((round(face.box[0] * 1200) // 100, round(face.box[1] * 1200) // 100) for face in look(picture).faces)
    assert found == sorted(((x + 30) // 100, (y + 30) // 100) for x, y in places)


def test_two_hundred_faces_are_a_crowd(samples: dict[str, Rgb8]) -> None:
    face = cv2.resize(samples["astronaut"][40:200, 150:300], (64, 68), interpolation=cv2.INTER_AREA)
    crowd = np.tile(face, (10, 20, 1))
    scene = look(crowd)
    assert len(scene.faces) <= MAX_FACES
    assert face_findings(scene, (100.0, 53.0)) == ()


@pytest.mark.parametrize(("name", "fault"), [("subject.onnx", "missing"), ("face_full.onnx", "damaged")])
def test_without_a_network_a_photo_is_sewn_all_the_same(
    name: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: dict[str, Rgb8]
) -> None:
    shutil.copytree(networks.FOLDER, tmp_path / "guide")
    path = tmp_path / "guide" / name
    path.unlink() if fault == "missing" else path.write_bytes(path.read_bytes()[:-100])
    monkeypatch.setattr(networks, "FOLDER", tmp_path / "guide")
    scene = look(samples["astronaut"])
    assert [finding.code for finding in scene.findings] == ["not-looked"]
    assert name in scene.findings[0].message
    # What the others see stays.
    assert [face.kind for face in scene.faces] == (["person"] if name == "subject.onnx" else [])
    assert (scene.subject is None) == (name == "subject.onnx")
    made = ep.convert(samples["astronaut"][:128, 100:260], width_mm=25, threads=4, style="none")
    assert "not-looked" in [finding.code for finding in made.report.findings]


def test_a_small_face_is_said_with_a_crop_that_helps(samples: dict[str, Rgb8]) -> None:
    scene = look(samples["astronaut"])
    (finding,) = face_findings(scene, (60.0, 60.0))
    assert finding.code == "face-small"
    assert finding.severity == "warning"
    assert "12 mm wide" in finding.message
    box = tuple(float(value) for value in finding.remedy.removeprefix("--crop ").split(","))
    left, top, right, bottom = box
    photo = samples["astronaut"]
    cut = photo[round(top * 512) : round(bottom * 512), round(left * 512) : round(right * 512)]
    again = look(cut)
    assert again.faces[0].width * 60 >= 25
    assert face_findings(again, (60.0, 60.0), (left, top, right, bottom)) == ()
    # Said in shares of the whole photo where a part of it is sewn.
    (nested,) = face_findings(scene.cropped((0.0, 0.0, 1.0, 0.5)), (60.0, 30.0), (0.0, 0.0, 1.0, 0.5))
    assert all(0 <= float(value) <= 0.5 for value in nested.remedy.removeprefix("--crop ").split(",")[1::2])


def test_somebody_who_passes_by_is_a_note() -> None:
    face = Face(
        kind="person", box=(0.4, 0.3, 0.46, 0.38), score=0.9, eyes=((0.42, 0.33), (0.44, 0.33)), mouth=(0.43, 0.36)
    )
    (finding,) = face_findings(Scene(faces=(face,)), (100.0, 75.0))
    assert (finding.code, finding.severity) == ("face-small", "note")
    nearer = replace(face, box=(0.4, 0.3, 0.55, 0.5))
    (finding,) = face_findings(Scene(faces=(nearer,)), (100.0, 75.0))
    assert (finding.code, finding.severity) == ("face-small", "warning")


def test_what_was_found_is_said_in_words(samples: dict[str, Rgb8]) -> None:
    scene = look(samples["astronaut"])
    assert in_words(describe(scene, (60.0, 60.0))).startswith("1 face, 12 mm wide; the subject on ")
    twice = replace(scene, faces=scene.faces * 2, subject=None)
    assert in_words(describe(twice, (60.0, 60.0))) == "2 faces, 12 mm wide"
    assert in_words(describe(Scene(), (60.0, 60.0))) == "no face"
    assert in_words({}) == ""


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_mask_of_nothing_or_of_all_changes_nothing(value: float, samples: dict[str, Rgb8]) -> None:
    """Ordinary ground, or a subject everywhere: then no place counts more than another for it."""
    scene = Scene(subject=np.full((256, 256), value, np.float32))
    plain, guide = (make_guide(samples["coffee"], px_per_mm=6.0, scene=each) for each in (Scene(), scene))
    ratio = guide.weight / plain.weight
    assert ratio.max() - ratio.min() < 1e-3
    assert find_faces(samples["coffee"], scene.subject) == ()


def test_a_cropped_scene_keeps_what_lies_inside(samples: dict[str, Rgb8]) -> None:
    scene = look(samples["astronaut"])
    face = scene.faces[0]
    cropped = scene.cropped((0.25, 0.0, 0.75, 0.5))
    assert cropped.faces[0].width == pytest.approx(2 * face.width)
    assert cropped.faces[0].eyes[0] == pytest.approx((2 * (face.eyes[0][0] - 0.25), 2 * face.eyes[0][1]))
    assert scene.cropped((0.0, 0.5, 1.0, 1.0)).faces == ()
    assert cropped.subject is not None
    assert cropped.subject.shape == (128, 128)


@pytest.mark.parametrize(("network", "count"), [(FULL, 2304), (SHORT, 896), (BACK, 896)])
def test_anchors(network: Network, count: int) -> None:
    found = anchors(network)
    assert found.shape == (count, 2)
    assert 0 < found.min() < found.max() < 1


@pytest.mark.parametrize("name", ["face_full", "face_short", "face_back", "subject"])
def test_the_networks_give_what_their_sources_give(name: str) -> None:
    """Recorded with OpenCV's reading of the .tflite files for the astronaut, every eighth row."""
    recorded = np.load(Path(__file__).parent / "guide_tensors.npz")
    for i, output in enumerate(networks.run(name, recorded[f"{name}_input"])):
        assert np.abs(output[:, ::8] - recorded[f"{name}_{i}"]).max() < 1e-4


def test_the_guide_of_labels_follows_their_borders() -> None:
    labels = (np.mgrid[:90, :90][1] // 6 % 2).astype(np.uint8)
    guide = guide_from_labels(make_indexed(labels))
    away = (guide.angle_deg[5:-5, 5:-5] - 90 + 90) % 180 - 90
    assert np.abs(away).max() < 1
    bare = guide_from_labels(make_indexed(np.full((30, 40), FABRIC, np.uint8)))
    assert bare.coherence.max() < 0.01
