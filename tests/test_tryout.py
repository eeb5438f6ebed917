"""`candidates` and ``try``: six ways that make sense for the photo, each as the command makes it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from cli_runs import Runner
from PIL import Image

import embroider_prep as ep
from embroider_prep.cli.entry import root
from embroider_prep.design import FABRIC
from embroider_prep.options import ConvertOptions
from embroider_prep.picture import Picture
from embroider_prep.preview.contact import contact_sheet
from embroider_prep.reading import Photo
from embroider_prep.scene import Face, Scene
from embroider_prep.tryout import COUNT, PAINTED_MM, SMALL_MM, _ways

Rgb8 = npt.NDArray[np.uint8]


def photo(*faces: Face, subject: npt.NDArray[np.float32] | None = None) -> Photo:
    rgb8 = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    return Photo(picture=Picture(rgb8=rgb8), scene=Scene(faces=faces, subject=subject), crop=(0, 0, 1, 1), findings=())


FACE = Face(kind="person", box=(0.45, 0.2, 0.55, 0.33), score=0.9, eyes=((0.48, 0.24), (0.52, 0.24)), mouth=(0.5, 0.3))
SUBJECT = np.zeros((80, 80), np.float32)
SUBJECT[10:, 20:60] = 1


@pytest.mark.parametrize("faces", [(), (FACE,)])
@pytest.mark.parametrize("subject", [None, SUBJECT, np.zeros_like(SUBJECT)])
@pytest.mark.parametrize(
    "values",
    [{}, {"threads": 4}, {"threads": 20}, {"threads": "auto"}, {"style": "recipe:contour"}, {"background": "remove"},
     {"look": "painting"}, {"crop": (0, 0, 0.9, 1)}, {"focus": (0.1, 0.1, 0.4, 0.4)}],
)  # fmt: skip
def test_always_six_different_ways(
    faces: tuple[Face, ...], subject: npt.NDArray[np.float32] | None, values: dict[str, object]
) -> None:
    options = ConvertOptions().with_values(values)
    ways = _ways(photo(*faces, subject=subject), options)
    assert len(ways) == COUNT
    made = [options.with_values(changed) for _, changed, _ in ways]
    assert made[0] == options
    assert all(one != other for i, one in enumerate(made) for other in made[:i])
    assert len({title for title, _, _ in ways}) == COUNT


def test_what_is_in_the_photo_decides() -> None:
    def crops(*faces: Face, subject: npt.NDArray[np.float32] | None = None) -> list[object]:
        ways = _ways(photo(*faces, subject=subject), ConvertOptions())
        return [(changed["crop"], changed.get("background")) for _, changed, _ in ways if "crop" in changed]

    assert crops() == []
    assert crops(FACE) == [("face", None)]
    assert crops(subject=SUBJECT) == [("subject", None), ("subject", "remove")]
    assert crops(FACE, subject=SUBJECT) == [("face", None), ("subject", "remove")]


def test_a_crop_within_a_crop_is_said_as_a_box_of_the_file() -> None:
    inside = Photo(picture=photo().picture, scene=Scene(faces=(FACE,)), crop=(0.5, 0.0, 1.0, 0.5), findings=())
    ways = _ways(inside, ConvertOptions().with_values({"crop": (0.5, 0, 1, 0.5)}))
    box = next(changed["crop"] for _, changed, _ in ways if "crop" in changed)
    assert 0.65 < box[0] < box[2] < 0.85
    assert box[3] < 0.3


def test_each_is_stitched_small(samples: dict[str, Rgb8]) -> None:
    found = ep.candidates(samples["astronaut"], width_mm=80)
    assert len(found) == COUNT
    assert found[0].size_mm == pytest.approx((80, 80), abs=0.2)
    for one in found:
        painted = one.values.get("look") == "painting"
        assert max(one.small.indexed.size_mm) <= (PAINTED_MM if painted else SMALL_MM) + 0.2
        assert one.threads <= 20
        assert one.preview().ndim == 3
    assert [one.values["look"] for one in found if "look" in one.values] == ["painting"]
    cut = next(one for one in found if one.values.get("background") == "remove")
    assert (cut.small.indexed.labels == FABRIC).mean() > 0.1
    # As many stitches as are promised, about.
    whole = ep.convert(samples["astronaut"], width_mm=80)
    assert found[0].stitches == pytest.approx(whole.plan.stitch_count, rel=0.35)
    again = ep.candidates(samples["astronaut"], width_mm=80)
    assert all(np.array_equal(a.preview(), b.preview()) for a, b in zip(found[:2], again[:2], strict=True))


def test_the_command_line(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], samples: dict[str, Rgb8]) -> None:
    cli = Runner(capfdbinary)
    source = tmp_path / "my coffee.png"
    Image.fromarray(samples["coffee"][::3, ::3]).save(source)
    ran = cli("try", source, "--json", "--threads", "8", "--width", "60mm")
    assert ran.code == 0, ran.err
    data = json.loads(ran.out)
    sheet = tmp_path / "my coffee.try.png"
    assert data["files"] == [str(sheet)]
    with Image.open(sheet) as image:
        assert image.size[0] > 1000
    assert len(data["candidates"]) == COUNT
    for one in data["candidates"]:
        words = shlex.split(one["command"])
        assert words[:3] == ["embroider-prep", "convert", str(source)]
        assert "--width" in words
        # What is said can be typed.
        with root.make_context("embroider-prep", words[1:]):
            pass
        assert one["width_mm"] == 60
    taken = cli("try", source)
    assert taken.code == 1
    assert "add --force" in taken.err
    assert cli("try", tmp_path / "none.png", "-o", tmp_path / "a.png").code == 1


def test_a_sheet_of_any_pictures() -> None:
    tall, wide = np.full((90, 30, 3), 10, np.uint8), np.full((20, 200, 3), 200, np.uint8)
    cells = [
        (picture, "title", ("a line that is much too long for a cell of this size " * 3,)) for picture in (tall, wide)
    ]
    sheet = contact_sheet(cells * 2, columns=3, cell_px=120)
    assert sheet.shape[1] == 3 * 132 + 12
    assert (sheet == 10).any()
    assert contact_sheet([]).size
