"""The benchmark of faces gives each found box to the face it shows, once."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from embroider_prep.design import Box

_SPEC = importlib.util.spec_from_file_location("bench_faces", Path(__file__).with_name("benchmarks") / "bench_faces.py")
assert _SPEC is not None
assert _SPEC.loader is not None
bench = importlib.util.module_from_spec(_SPEC)
sys.modules["bench_faces"] = bench
_SPEC.loader.exec_module(bench)

FACE: Box = (0.4, 0.4, 0.6, 0.6)


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (FACE, True),
        ((0.45, 0.4, 0.65, 0.6), True),  # three fifths of the union
        ((0.5, 0.5, 0.7, 0.7), True),  # a seventh of the union, its centre on the corner
        ((0.51, 0.5, 0.71, 0.7), False),  # its centre outside
        ((0.3, 0.3, 0.7, 0.7), True),  # twice the side
        ((0.275, 0.275, 0.725, 0.725), False),  # 2.25 times the side
        ((0.455, 0.455, 0.545, 0.545), False),  # less than half the side
        ((0.0, 0.0, 0.2, 0.2), False),
        ((0.5, 0.5, 0.5, 0.5), False),
    ],
)
def test_same_face(found: Box, same: bool) -> None:
    assert bench.same(FACE, found) is same


def test_each_found_box_is_given_once_and_the_best_first() -> None:
    beside: Box = (0.45, 0.4, 0.65, 0.6)
    assert bench.match([FACE, beside], [beside]) == [None, 0]
    assert bench.match([FACE, beside], [beside, FACE]) == [1, 0]
    assert bench.match([FACE], [FACE, FACE]) == [0]
    assert bench.match([FACE], []) == [None]
    assert bench.match([], [FACE]) == []


def test_table_has_boxes_within_the_photo() -> None:
    table = bench.read_table()
    faces = [face for drawn in table.values() for face in drawn]
    assert {face.kind for face in faces} == {"person", "animal"}
    for face in faces:
        left, top, right, bottom = face.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert not face.counts or right - left >= 0.025
    assert any(not drawn for drawn in table.values())
