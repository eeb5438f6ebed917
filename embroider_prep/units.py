"""Lengths: everything inside is millimetres; text with units comes in here, machine units go out here."""

from __future__ import annotations

import math
import re

from embroider_prep.errors import OptionsError

UNITS_PER_MM = 10
"""Stitch files count in tenths of a millimetre (the machine unit of PES, DST, JEF, EXP)."""

MM_PER_INCH = 25.4

_FACTORS = {
    "": 1.0, "mm": 1.0, "cm": 10.0, "m": 1000.0,
    "in": MM_PER_INCH, "inch": MM_PER_INCH, "inches": MM_PER_INCH, '"': MM_PER_INCH,
    "\N{RIGHT DOUBLE QUOTATION MARK}": MM_PER_INCH,
}  # fmt: skip
_LENGTH = re.compile(
    r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*([a-z\"\N{RIGHT DOUBLE QUOTATION MARK}]*)\s*", re.IGNORECASE
)
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")


def parse_mm(text: str | float, *, where: str = "length") -> float:
    """Return a length in mm from ``"90mm"``, ``"9 cm"``, ``"3.5in"``, ``'3.5"'`` or a bare number (mm).

    Parameters
    ----------
    text : str or float
        The length; numbers and text without a unit are millimetres.
    where : str
        Name of the option, for the error message.

    Raises
    ------
    OptionsError
        When the text is not a finite length.
    """
    if isinstance(text, str):
        match = _LENGTH.fullmatch(text)
        factor = _FACTORS.get(match.group(2).lower()) if match else None
        value = float(match.group(1)) * factor if match and factor is not None else math.nan
    else:
        value = float(text)
    if not math.isfinite(value):
        raise OptionsError(
            f"{where}: {text!r} is not a length; allowed are numbers with mm, cm, m or in",
            hint=_meant(str(text)),
        )
    return value


def _meant(text: str) -> str:
    if re.fullmatch(r"[\d.,]+\s*\w*\s*[x×*]\s*[\d.,]+\s*\w*", text.strip()):
        return "one length is enough, the other side follows; a hoop is named with --hoop 100x100"
    if _THOUSANDS.search(text):
        return "write thousands without a comma: 1000mm"
    if "," in text and _LENGTH.fullmatch(text.replace(",", ".", 1)):
        # A decimal comma, as half of Europe writes it.
        return f"did you mean {text.strip().replace(',', '.')}?"
    match = _LENGTH.fullmatch(text)
    unit = {"m": "mm", "c": "cm", "i": "in"}.get(match.group(2)[:1].lower()) if match else None
    if match and unit:
        return f"did you mean {match.group(1)}{unit}?"
    return "write a number and its unit: 100mm, 10cm or 3.9in"
