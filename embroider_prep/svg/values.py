"""Ink/Stitch's parameters of a shape, and our own notes: numbers that can be sewn, or nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from embroider_prep.svg.names import INKSTITCH
from embroider_prep.svg.read import Item, is_on

RANGES = {
    "row_spacing_mm": (0.15, 10.0), "zigzag_spacing_mm": (0.15, 10.0), "max_stitch_length_mm": (0.5, 12.0),
    "running_stitch_length_mm": (0.5, 12.0), "pull_compensation_mm": (0.0, 2.0),
    "stroke_pull_compensation_mm": (0.0, 2.0), "staggers": (1.0, 20.0), "pull_mm": (0.0, 2.0),
    "trapping_mm": (0.0, 2.0), "stitch_length_mm": (0.5, 12.0), "expand_mm": (-5.0, 5.0), "width_mm": (0.05, 50.0),
}  # fmt: skip

OBEYED = {
    "fill_method", "angle", "row_spacing_mm", "max_stitch_length_mm", "staggers", "pull_compensation_mm", "expand_mm",
    "fill_underlay", "fill_underlay_angle", "fill_underlay_row_spacing_mm", "contour_strategy", "avoid_self_crossing",
    "stroke_method", "running_stitch_length_mm", "bean_stitch_repeats", "zigzag_spacing_mm", "satin_column",
    "stroke_pull_compensation_mm", "center_walk_underlay", "trim_after", "ties", "manual_stitch", "auto_fill",
}  # fmt: skip
"""Parameters of Ink/Stitch that have a like here."""


@dataclass(kw_only=True)
class Notes:
    """What cannot be obeyed, collected from all shapes."""

    unknown: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)

    def look(self, item: Item) -> None:
        """Note the parameters of a shape that are not obeyed."""
        mark = f"{{{INKSTITCH}}}"
        names = {name.removeprefix(mark) for name in item.element.attributes if name.startswith(mark)}
        self.unknown |= names - OBEYED


class Values:
    """The parameters of one shape."""

    def __init__(self, item: Item, notes: Notes) -> None:
        self.item, self.notes = item, notes
        mark = f"{{{INKSTITCH}}}"
        self.any = any(name.startswith(mark) for name in item.element.attributes)

    def number(self, name: str, default: float) -> float:
        """Return a parameter of Ink/Stitch, else the default; of two sides the first."""
        return self._number(self.item.stitch(name), name, default)

    def ours(self, name: str, default: float) -> float:
        """Return a number of our own notes."""
        return self._number(self.item.ours(name), name, default)

    def _number(self, text: str | None, name: str, default: float) -> float:
        if text is None or not text.strip():
            return default
        try:
            value = float(text.replace(",", " ").split()[0])
        except ValueError:
            value = math.nan
        low, high = RANGES.get(name, (-1e6, 1e6))
        if not math.isfinite(value):
            self.notes.odd.add(f'{name}="{text.strip()[:20]}"')
            return default
        if not low <= value <= high:
            self.notes.odd.add(f'{name}="{text.strip()[:20]}"')
        return min(high, max(low, value))

    def switch(self, name: str, default: bool) -> bool:
        """Return a switch of Ink/Stitch."""
        text = self.item.stitch(name)
        return default if text is None else is_on(text)
