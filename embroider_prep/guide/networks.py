"""The four small networks that look at a photo: opened once, on one core of the CPU."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embroider_prep.color import Rgb8
from embroider_prep.errors import ModelError
from embroider_prep.runtime import CPU, onnxruntime, session_options

FOLDER = Path(__file__).parent.parent / "data" / "guide"
"""``NAME.onnx`` and ``cards.json``, which holds each file's sha256, source and licence."""


@cache
def _session(folder: Path, name: str) -> Any:
    path = folder / f"{name}.onnx"
    try:
        data = path.read_bytes()
        card = json.loads((folder / "cards.json").read_text(encoding="utf-8"))[name]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: the network is not there: {error}", hint="install embroider-prep again") from error
    if hashlib.sha256(data).hexdigest() != card["sha256"]:
        raise ModelError(f"{path}: the network is damaged: its sha256 differs", hint="install embroider-prep again")
    # The networks take some 10 ms each on one core: more cores would only wait for each other.
    return onnxruntime().InferenceSession(data, session_options(1), providers=[CPU])


def run(name: str, rgb8: Rgb8) -> list[npt.NDArray[np.float32]]:
    """Return the outputs of a network for one picture of its own size.

    Parameters
    ----------
    name : {"face_full", "face_short", "face_back", "subject"}
    rgb8 : (H, W, 3) uint8
        192 x 192, 128 x 128, 256 x 256 and 256 x 256 pixels.

    Raises
    ------
    ModelError
        When the file is missing or damaged, or ONNX Runtime does not start.
    """
    return list(_session(FOLDER, name).run(None, {"rgb8": rgb8[None]}))
