"""Which thread goes on which needle of a machine with several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One colour block: its needle, counted from 1, and whether this needle gets another thread before it."""

    needle: int
    reload: bool = False


def assign_needles(threads: Sequence[int], count: int | None) -> tuple[Stop, ...]:
    """Return the needle of each colour block, so that needles are threaded anew as seldom as possible.

    Parameters
    ----------
    threads : sequence of int
        The thread of each colour block, in sewing order.
    count : int or None
        Needles of the machine; None: one for each thread.

    Notes
    -----
    A needle that must be threaded anew is the one whose thread is wanted last of all again (L. A. Belady, "A study of
    replacement algorithms for a virtual-storage computer", 1966: no other choice needs fewer).
    """
    needles: list[int] = []
    used: list[int] = []
    out = []
    most = len(set(threads)) if count is None else max(1, count)
    for at, thread in enumerate(threads):
        if thread in needles:
            out.append(Stop(needle=needles.index(thread) + 1))
        elif len(needles) < most:
            needles.append(thread)
            used.append(at)
            out.append(Stop(needle=len(needles)))
        else:
            later = threads[at + 1 :]
            wait = [later.index(other) if other in later else len(later) for other in needles]
            # Among equals the one that has rested longest: it can be threaded while others sew.
            needle = max(range(len(needles)), key=lambda number: (wait[number], -used[number]))
            needles[needle] = thread
            out.append(Stop(needle=needle + 1, reload=True))
        used[out[-1].needle - 1] = at
    return tuple(out)
