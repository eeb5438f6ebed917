"""Where a thread can get to without being seen, and in which order threads are sewn so that they can.

A thread travels unseen below everything that is sewn after it, and over its own rows. So what decides is, for each
thread, the cells of itself and of all later threads: in how many separate parts they lie. A part that costs a cut is
kept where it is worth one; in the others the thread may not be used, and the picture is made of the remaining threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.color import delta_e
from embroider_prep.painting.target import CELL_MM, Floats

Labels = npt.NDArray[np.int64]

# A way over a thread of nearly the same colour is not seen (ΔE00).
ALIKE = 7.0

# Where a thread is wanted: smoothed over about the length of a run.
AROUND_MM = 1.6

# How far from a part of its cells a thread may start to grow, in cells across and along rows.
GROW = (1, 5)

BARE = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """The parts of one thread: ``number`` (h, w), 0 where it may not be, and for each part its own sites' worth."""

    number: npt.NDArray[np.int32]
    worth: npt.NDArray[np.float64]
    own: npt.NDArray[np.int64]


def sewing_order(labels: Labels, lab: Floats, weight: Floats) -> tuple[int, ...]:
    """Return threads in the order that hides most of their ways.

    A linear ordering: thread k has to cross thread j where k is about but not by itself dense enough to stay on its
    own; when j was sewn before, that shows by their contrast. Threads are moved one by one until nothing helps.

    Parameters
    ----------
    labels : (h, w)
        Thread of each cell, `BARE` without one.
    lab : (n, 3)
    weight : (h, w)
    """
    count = len(lab)
    sigma = AROUND_MM / CELL_MM
    contrast = np.minimum(delta_e(lab[:, None], lab[None]), 30)
    harm = np.zeros((count, count))
    masks = [(labels == j) for j in range(count)]
    for k in range(count):
        dense = cv2.GaussianBlur(masks[k].astype(np.float32), (0, 0), sigma).reshape(labels.shape)
        crosses = dense * (1 - dense) ** 2 * weight
        for j in range(count):
            if j != k:
                harm[k, j] = crosses[masks[j]].sum() * contrast[k, j]
    # harm[k, j] counts when j comes before k.
    order = sorted(range(count), key=lambda k: float(harm[:, k].sum() - harm[k].sum()))
    improved = True
    while improved:
        improved = False
        for i in range(count):
            k = order[i]
            rest = order[:i] + order[i + 1 :]
            # Cost of k at each place: harm to k of those before it, harm of k to those after it.
            before = np.concatenate([[0], np.cumsum([harm[k, j] for j in rest])])
            after = np.concatenate([np.cumsum([harm[j, k] for j in rest][::-1])[::-1], [0]])
            cost = before + after
            best = int(cost.argmin())
            if cost[best] < cost[i] - 1e-9:
                order = [*rest[:best], k, *rest[best:]]
                improved = True
    return tuple(order)


def find_parts(labels: Labels, order: tuple[int, ...], lab: Floats, worth: Floats) -> list[Parts]:
    """Return for each thread the parts that it cannot leave unseen.

    Parameters
    ----------
    labels : (h, w)
    order : threads in sewing order
    lab : (n, 3)
    worth : (h, w)
        What a cell's thread is worth there against the next best.
    """
    rank = np.empty(len(order) + 1, np.int64)
    rank[list(order)] = np.arange(len(order))
    rank[-1] = -1
    placed = rank[labels]
    alike = delta_e(lab[:, None], lab[None]) < ALIKE
    alike = np.concatenate([alike, np.zeros((len(order), 1), bool)], axis=1)
    out = []
    for thread in range(len(order)):
        way = (placed >= rank[thread]) | alike[thread][labels]
        # Over one row of another thread it hops.
        joined = cv2.dilate(way.astype(np.uint8), np.ones((2, 2), np.uint8))
        count, number = cv2.connectedComponents(joined, connectivity=8)
        own = labels == thread
        out.append(
            Parts(
                number=np.where(joined > 0, number, 0).astype(np.int32),
                worth=np.bincount(number[own], worth[own], count).astype(np.float64),
                own=np.bincount(number[own], minlength=count),
            )
        )
    return out


def choose_parts(parts: list[Parts], most: int) -> list[npt.NDArray[np.int64]]:
    """Return the parts of each thread that are kept: its best, and of all others those worth most, ``most`` in all."""
    kept = [[int(part.worth[1:].argmax()) + 1] if len(part.worth) > 1 else [] for part in parts]
    others = [
        (-float(part.worth[i]), thread, i)
        for thread, part in enumerate(parts)
        for i in range(1, len(part.worth))
        if part.own[i] and i not in kept[thread]
    ]
    for _, thread, i in sorted(others)[:most]:
        kept[thread].append(i)
    return [np.array(numbers, np.int64) for numbers in kept]


def reachable(
    parts: list[Parts], kept: list[npt.NDArray[np.int64]], grow: tuple[int, int] = GROW
) -> npt.NDArray[np.bool_]:
    """Return where each thread may be, (n, h, w)."""
    kernel = np.ones((2 * grow[0] + 1, 2 * grow[1] + 1), np.uint8)
    return np.stack(
        [
            cv2.dilate(np.isin(part.number, numbers).astype(np.uint8), kernel) > 0
            for part, numbers in zip(parts, kept, strict=True)
        ]
    )
