"""JPEG files without their last bytes, and files of which a part is missing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from cli_runs import Runner, names
from PIL import Image

from embroider_prep.errors import InputError
from embroider_prep.picture import load


def jpeg(rgb8: npt.NDArray[np.uint8], **more: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb8).save(out, "JPEG", **more)
    return out.getvalue()


WAYS = [
    {"quality": 75},
    {"quality": 95, "subsampling": 0},
    {"quality": 80, "progressive": True},
    {"quality": 80, "restart_marker_blocks": 4},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("shape", ["photo", "odd", "small"])
def test_without_its_end(
    samples: dict[str, npt.NDArray[np.uint8]], way: dict[str, object], missing: int, shape: str
) -> None:
    photo = {"photo": samples["chelsea"], "odd": samples["coffee"][:131, :97], "small": samples["coffee"][:24, :40]}[
        shape
    ]
    data = jpeg(photo, **way)
    whole, cut = load(data), load(data[:-missing])
    assert np.array_equal(whole.rgb8, cut.rgb8)
    assert whole.findings == ()
    assert [item.code for item in cut.findings] == ["photo-unended"]


@pytest.mark.parametrize("missing", [8, 20])
def test_a_few_squares_are_a_guess(samples: dict[str, npt.NDArray[np.uint8]], missing: int) -> None:
    data = jpeg(samples["chelsea"])
    whole, cut = load(data).rgb8, load(data[:-missing]).rgb8
    differs = (whole != cut).any(axis=2)
    assert 0 < differs.mean() < 0.005
    assert not differs[:280].any()


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_a_part_is_missing(samples: dict[str, npt.NDArray[np.uint8]], way: dict[str, object], share: float) -> None:
    data = jpeg(samples["chelsea"], **way)
    with pytest.raises(InputError, match="damaged, incomplete"):
        load(data[: int(len(data) * (1 - share))])


def test_the_command_says_so(
    samples: dict[str, npt.NDArray[np.uint8]], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(samples["coffee"])[:-2])
    cli = Runner(capfdbinary)
    ran = cli("convert", tmp_path / "a.jpg", "-o", tmp_path / "a.pes", "--style", "none", "--width", "20mm")
    assert ran.code == 0
    assert "warning: the last bytes of the photo's file are missing" in ran.err
    assert "a.pes" in names(tmp_path)
