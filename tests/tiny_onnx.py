"""A small network with all that tiling must respect: stride 4, zero padding, a branch at quarter size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from embroider_prep.stylizer.card import METADATA_KEY, ModelCard, file_sha256, write_card

CARD = ModelCard(
    name="tiny",
    version="1",
    description="random weights",
    stride=4,
    # Reach: 3x3 (1), 4x4 stride 4 (up to 3 more), 3x3 at quarter size (4), 3x3 again (1): 9 at most.
    receptive_field_px=19,
    halo_px=12,
    bytes_per_px=300,
    input="photo",
    output="illustration",
    opset=18,
    sha256="",
)


def save_tiny(folder: Path, *, channels_out: int = 3, metadata: bool = False, **card_changes: object) -> Path:
    """Write model.onnx and card.json into ``folder``; return the model's path."""
    rng = np.random.default_rng(0)
    weights: list[onnx.TensorProto] = []

    def const(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(value, name))
        return name

    def conv(name: str, x: str, shape: tuple[int, ...], **attributes: object) -> onnx.NodeProto:
        w = rng.normal(0, 1.2 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        b = rng.normal(0, 0.1, shape[0]).astype(np.float32)
        inputs = [x, const(name + ".w", w), const(name + ".b", b)]
        return helper.make_node("Conv", inputs, [name], **attributes)

    node, same = helper.make_node, {"pads": [1, 1, 1, 1]}
    sizes = const("sizes", np.array([1, 1, 4, 4], np.float32))
    nodes = [
        node("Cast", ["photo"], ["float"], to=TensorProto.FLOAT),
        node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        node("Div", ["planes", const("scale", np.array(255, np.float32))], ["unit"]),
        conv("fine", "unit", (8, 3, 3, 3), **same),
        node("Relu", ["fine"], ["fine.r"]),
        conv("down", "fine.r", (16, 8, 4, 4), strides=[4, 4]),
        node("Relu", ["down"], ["down.r"]),
        conv("deep", "down.r", (8, 16, 3, 3), **same),
        node("Resize", ["deep", "", sizes], ["up"], mode="nearest"),
        node("Add", ["up", "fine"], ["sum"]),
        node("Relu", ["sum"], ["sum.r"]),
        conv("last", "sum.r", (channels_out, 8, 3, 3), **same),
        node("Mul", ["last", "scale"], ["wide"]),
        node("Round", ["wide"], ["round"]),
        node("Clip", ["round", const("low", np.array(0, np.float32)), "scale"], ["clip"]),
        node("Transpose", ["clip"], ["last.t"], perm=[0, 2, 3, 1]),
        node("Cast", ["last.t"], ["illustration"], to=TensorProto.UINT8),
    ]
    shape = ["n", "h", "w"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("photo", TensorProto.UINT8, [*shape, 3])],
        [helper.make_tensor_value_info("illustration", TensorProto.UINT8, [*shape, channels_out])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    card = replace(CARD, **card_changes)
    if metadata:
        helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    onnx.save(model, path)
    if not metadata:
        write_card(card if card.sha256 else replace(card, sha256=file_sha256(path)), folder / "card.json")
    return path
