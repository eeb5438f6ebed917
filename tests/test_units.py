"""Lengths with units."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embroider_prep.errors import OptionsError
from embroider_prep.units import MM_PER_INCH, UNITS_PER_MM, parse_mm


@pytest.mark.parametrize(
    ("text", "mm"),
    [
        ("90mm", 90),
        ("9 cm", 90),
        ("0.09m", 90),
        ("3.5in", 88.9),
        ('3.5"', 88.9),
        ("3.5 inch", 88.9),
        ("  90 MM  ", 90),
        ("90", 90),
        (".5cm", 5),
        ("5.", 5),
        ("+7", 7),
        ("-5mm", -5),
        ("1e2", 100),
        (90, 90),
        (90.5, 90.5),
    ],
)
def test_lengths(text: Any, mm: float) -> None:
    assert parse_mm(text) == pytest.approx(mm)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "mm", "90 km", "90mmm", "9,5cm", "1 2", "nan", "inf", "-inf", "1e999", float("nan"), float("inf")],
)
def test_what_is_no_length(text: Any) -> None:
    with pytest.raises(
        OptionsError, match=r"^size\.width: .* is not a length; allowed are numbers with mm, cm, m or in"
    ):
        parse_mm(text, where="size.width")


@given(st.floats(-1e6, 1e6))
def test_numbers_come_back(value: float) -> None:
    assert parse_mm(value) == value
    assert parse_mm(f"{value!r}mm") == value
    assert parse_mm(f"{value!r} in") == pytest.approx(value * MM_PER_INCH)


def test_the_machine_unit() -> None:
    assert UNITS_PER_MM == 10
