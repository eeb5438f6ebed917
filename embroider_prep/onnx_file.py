"""What an ONNX file says before anybody runs it: only that its weights lie within it.

Reads the message's own structure (https://protobuf.dev/programming-guides/encoding, field numbers of onnx.proto3) and
steps over everything else, so that a file of any size costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator

# Message: field number and the kind of message in it, as far as a tensor can be reached through it.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
}
_EXTERNAL = 1


class DamagedModel(ValueError):
    """A file that is no ONNX model."""


def has_external_data(data: bytes) -> bool:
    """Say whether a tensor of the model lies in another file.

    Raises
    ------
    DamagedModel
        When the bytes are no message of that structure.
    """
    view = memoryview(data)
    todo: list[tuple[str, int, int]] = [("model", 0, len(data))]
    while todo:
        kind, start, end = todo.pop()
        for number, value in _fields(view, start, end):
            if kind == "tensor":
                if number == 13 or (number == 14 and value == (_EXTERNAL, _EXTERNAL)):
                    return True
            elif (inner := _INSIDE[kind].get(number)) is not None:
                todo.append((inner, *value))
    return False


def _fields(view: memoryview, at: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield field numbers with the place of their content (start, end); for a number, twice the number."""
    while at < end:
        key, at = _varint(view, at, end)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(view, at, end)
            yield number, (value, value)
        elif wire == 2:
            length, at = _varint(view, at, end)
            if at + length > end:
                raise DamagedModel("a part is longer than the whole")
            yield number, (at, at + length)
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise DamagedModel(f"an unknown kind of field: {wire}")
    if at > end:
        raise DamagedModel("a part is longer than the whole")


def _varint(view: memoryview, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise DamagedModel("a number without an end")
