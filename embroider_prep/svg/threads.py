"""Colours of a drawing -> threads: the colour decides, never a label."""

from __future__ import annotations

from collections.abc import Sequence

from embroider_prep.design import Thread
from embroider_prep.svg.style import Rgb


class Spools:
    """Threads in the order of their first use; those that a drawing of ours names come first, with their numbers.

    Parameters
    ----------
    known : sequence of Thread
        Threads of the plan that was drawn.
    chart : sequence of Thread
        What all other colours are matched to: exactly, else the nearest by CIEDE2000.
    only_chart : bool
        Somebody asks for this chart: known threads that it does not have are matched as well.
    """

    def __init__(self, known: Sequence[Thread], chart: Sequence[Thread], *, only_chart: bool = False) -> None:
        self.known = () if only_chart else tuple(known)
        self.threads: list[Thread] = list(self.known)
        self.chart = chart
        self._found: dict[Rgb, int] = {}

    def number(self, rgb8: Rgb, noted: str | None = None) -> int:
        """Return the number of the thread for a colour; ``noted`` is the one that the shape had when it was drawn."""
        before = int(noted) if noted is not None and noted.isdecimal() and len(noted) < 6 else len(self.known)
        if before < len(self.known) and self.known[before].rgb8 == rgb8:
            return before
        if rgb8 not in self._found:
            thread = next((t for t in (*self.known, *self.chart) if t.rgb8 == rgb8), None) or self._nearest(rgb8)
            if thread not in self.threads:
                self.threads.append(thread)
            self._found[rgb8] = self.threads.index(thread)
        return self._found[rgb8]

    def _nearest(self, rgb8: Rgb) -> Thread:
        from embroider_prep.threads import match_color

        return match_color(rgb8, self.chart, 1)[0][0]
