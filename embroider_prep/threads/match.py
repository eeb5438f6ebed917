"""The thread of a number or a name, and the threads nearest to a colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embroider_prep.checked import parse_color
from embroider_prep.design import Thread
from embroider_prep.errors import OptionsError, closest


class ThreadIndex:
    """A chart by number and name: exactly, else without regard to case and leading zeros, else by name."""

    def __init__(self, chart: Sequence[Thread]) -> None:
        self.chart = chart
        self._ways: tuple[dict[str, Thread], ...] = ({}, {}, {})
        for thread in chart:
            keys = (thread.code, _loose(thread.code), thread.name.lower())
            for way, key in zip(self._ways, keys, strict=True):
                if key:
                    way.setdefault(key, thread)

    def find(self, code: str) -> Thread | None:
        """Return the thread of that number or name, or None."""
        wanted = code.strip()
        keys = (wanted, _loose(wanted), wanted.lower())
        found = (way.get(key) for way, key in zip(self._ways, keys, strict=True))
        return next((thread for thread in found if thread is not None), None) if wanted else None

    def unknown(self, code: str) -> OptionsError:
        """Return the error that says so, with the closest number or name."""
        where = f"chart {self.chart[0].chart}" if self.chart else "an empty chart"
        names = [thread.code for thread in self.chart] + [thread.name for thread in self.chart if thread.name]
        return OptionsError(
            f"thread {code.strip()[:60]!r} is not in {where} ({len(self.chart)} threads)",
            hint=closest(code.strip()[:60], names),
        )


def find_thread(code: str, chart: Sequence[Thread]) -> Thread:
    """Return the thread of that code; else, without regard to case and leading zeros, that code or name.

    Raises
    ------
    OptionsError
        When the chart has no such thread; the hint names the closest code.
    """
    index = ThreadIndex(chart)
    found = index.find(code)
    if found is None:
        raise index.unknown(code)
    return found


def _loose(code: str) -> str:
    return code.lower().lstrip("0") or "0" * bool(code)


def match_color(
    color: str | tuple[int, int, int], chart: Sequence[Thread], count: int = 5
) -> tuple[tuple[Thread, float], ...]:
    """Return the threads nearest to a colour with their CIEDE2000 differences, nearest first.

    Parameters
    ----------
    color : str or three numbers from 0 to 255
        ``"#rrggbb"``, ``"#rgb"``, a few names, or 8-bit sRGB.
    chart : sequence of Thread
    count : int
        How many, at most; 1 or more.
    """
    from embroider_prep.color import delta_e, lab_from_rgb8

    rgb8 = parse_color(color) if isinstance(color, str) else color
    if count < 1 or not chart:
        raise OptionsError(f"match: {count} of {len(chart)} threads; allowed: 1 or more")
    if len(rgb8) != 3 or not all(0 <= level <= 255 for level in rgb8):
        raise OptionsError(f"match: {rgb8!r} is not a colour; allowed are three numbers from 0 to 255")
    threads = np.array([thread.rgb8 for thread in chart], np.uint8)
    difference = delta_e(lab_from_rgb8(np.array([rgb8], np.uint8)), lab_from_rgb8(threads))
    order = np.argsort(difference, kind="stable")[:count]
    return tuple((chart[i], float(difference[i])) for i in order)
