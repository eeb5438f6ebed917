"""Shared by all tests: nothing here reaches a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest


@pytest.fixture(scope="session")
def samples() -> dict[str, npt.NDArray[np.uint8]]:
    """The three photos (CC0 or public domain) that scikit-image carries, as rgb8."""
    import skimage
    from PIL import Image

    folder = Path(skimage.__file__).parent / "data"
    return {
        name: np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))
        for name in ("chelsea", "astronaut", "coffee")
    }
