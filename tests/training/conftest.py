"""Small photos and pairs for the training tests; all of them are marked ``training``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea, coffee

from training.options import PairOptions, TrainOptions
from training.pairs import make_pairs

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("training")


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> None:
    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four photos; one ends in 3 and is kept out."""
    folder = tmp_path_factory.mktemp("photos")
    for name, rgb8 in {
        "cat_1": chelsea(), "face_2": astronaut(), "cup_3": coffee(), "cup_4": coffee()[::-1],
    }.items():  # fmt: skip
        cv2.imwrite(str(folder / f"{name}.png"), cv2.resize(rgb8, (200, 160))[..., ::-1])
    return folder


@pytest.fixture(scope="session")
def pairs(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of 64 px crops of these photos."""
    out = tmp_path_factory.mktemp("pairs")
    make_pairs(photos, out, PairOptions(crop_px=64, crops=6))
    return out


@pytest.fixture
def config(pairs: Path) -> TrainOptions:
    """A run of a few seconds."""
    return tiny_config(pairs)


def tiny_config(pairs: Path, **tables: dict[str, object]) -> TrainOptions:
    values: dict[str, dict[str, object]] = {
        "data": {"pairs": [str(pairs)], "crop_px": 32, "workers": 0},
        "network": {"channels": [8, 8, 8], "depth": [0, 1, 1]},
        "fit": {"steps": 6, "batch": 4, "warmup": 0, "rate": 2e-3, "save_every": 3, "tensorboard": False},
    }
    values["fit"]["sheet_every"] = 0
    for name, table in tables.items():
        values.setdefault(name, {}).update(table)
    return TrainOptions.from_mapping({"name": "tiny", **values})


@pytest.fixture
def make_config(pairs: Path) -> object:
    """Return a function that makes a tiny config with some values replaced."""
    return lambda **tables: tiny_config(pairs, **tables)


def npz_weights(path: Path, *, raw: bool = False, seed: int = 0) -> Path:
    """Write small random weights as an .npz loss network."""
    rng = np.random.default_rng(seed)
    arrays = {}
    before = 3
    if raw:
        arrays["conv0.weight"] = np.eye(3, dtype=np.float32)[:, :, None, None]
        arrays["conv0.bias"] = np.zeros(3, np.float32)
    for name in ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv5_1"):
        key = name.replace("_", "") if raw else name
        arrays[f"{key}.weight"] = rng.normal(0, 0.2, (4, before, 3, 3)).astype(np.float32)
        arrays[f"{key}.bias"] = np.zeros(4, np.float32)
        before = 4
    if raw:
        arrays["conv11_aux.weight"] = rng.normal(0, 0.2, (7, 4, 1, 1)).astype(np.float32)
        arrays["conv11_aux.bias"] = np.zeros(7, np.float32)
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return npz_weights(tmp_path_factory.mktemp("weights") / "small.npz")
