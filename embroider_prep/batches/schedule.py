"""What to sew when: for each machine an order in which few threads must be changed between designs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from embroider_prep.batches.summary import Row

LOOK_AHEAD = 400
"""Designs among which the next one is chosen: a day's work on any machine, and ten thousand are ordered in seconds."""

HEADS = ("machine", "number", "file", "result", "minutes", "minutes_from", "threads_to_load", "threads_that_stay")


@dataclass(frozen=True)
class Slot:
    """One design in the order of a machine; ``load`` are threads that were not on it before."""

    row: Row
    start_minutes: float
    load: tuple[str, ...]
    stay: int


@dataclass(frozen=True)
class MachineDay:
    """All designs of one machine: in order, with minutes, and threadings in this order and as they were listed."""

    machine: str
    needles: int
    slots: tuple[Slot, ...]
    minutes: float
    changes: int
    changes_as_listed: int

    @property
    def saved(self) -> int:
        """Colour changes that the order saves."""
        return self.changes_as_listed - self.changes


def make_schedule(rows: Iterable[Row]) -> list[MachineDay]:
    """Return an order for each machine: next is always the design that needs the fewest threads changed.

    A machine keeps as many threads as it has needles. A machine with one needle changes at each colour block, and
    saves a change where a design begins with the thread that the last one ended with.
    """
    machines: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        if row.threads:
            machines.setdefault((row.machine, row.needles), []).append(row)
    return [_day(name, needles, found) for (name, needles), found in sorted(machines.items())]


def _day(machine: str, needles: int, rows: list[Row]) -> MachineDay:
    order = _ordered(rows, needles)
    listed, _ = _threadings(rows, needles)
    changes, loads = _threadings(order, needles)
    if changes > listed:
        # A choice that looks one step ahead may lose: then the list as it was is better.
        order, changes = rows, listed
        _, loads = _threadings(order, needles)
    slots, minutes = [], 0.0
    for row, load in zip(order, loads, strict=True):
        slots.append(Slot(row, round(minutes, 1), tuple(load), len(set(_codes(row)) - set(load))))
        minutes += row.minutes
    return MachineDay(machine, needles, tuple(slots), round(minutes, 1), changes, listed)


def _codes(row: Row) -> list[str]:
    return [f"{name[0]} {name[1]}".strip() for name, _, _ in row.threads]


def _ordered(rows: list[Row], needles: int) -> list[Row]:
    left = list(rows)
    out = [left.pop(0)]
    loaded = list(dict.fromkeys(_codes(out[0])))[-needles:]
    while left:
        near = left[:LOOK_AHEAD]
        best = min(range(len(near)), key=lambda i: (_missing(near[i], loaded, needles), i))
        row = left.pop(best)
        out.append(row)
        loaded = [code for code in loaded if code not in set(_codes(row))] + list(dict.fromkeys(_codes(row)))
        loaded = loaded[-needles:]
    return out


def _missing(row: Row, loaded: Sequence[str], needles: int) -> int:
    codes = _codes(row)
    if needles == 1:
        return int(not codes or not loaded or codes[0] != loaded[-1])
    return len(set(codes) - set(loaded))


def _threadings(rows: Sequence[Row], needles: int) -> tuple[int, list[list[str]]]:
    """Return how often a thread is put on a needle, and which for each design; the one used longest ago makes room."""
    loaded: list[str] = []
    count, loads = 0, []
    for row in rows:
        new = []
        for code, (_, _, blocks) in zip(_codes(row), row.threads, strict=True):
            if code in loaded:
                loaded.remove(code)
            else:
                new.append(code)
                count += 1
            loaded = [*loaded, code][-needles:]
            # Of one needle a thread that comes back is threaded again.
            count += max(0, blocks - 1) if needles == 1 else 0
        loads.append(new)
    return count, loads


def table_rows(days: Iterable[MachineDay]) -> Iterable[dict[str, object]]:
    """Give the schedule row by row, a line of sums behind each machine."""
    for day in days:
        for number, slot in enumerate(day.slots, 1):
            yield {
                "machine": day.machine, "number": number, "file": slot.row.cells["file"],
                "result": slot.row.cells["result"], "minutes": slot.row.minutes, "minutes_from": slot.start_minutes,
                "threads_to_load": "; ".join(slot.load), "threads_that_stay": slot.stay,
            }  # fmt: skip
        yield {
            "machine": day.machine, "number": "all", "minutes": day.minutes,
            "threads_to_load": f"{day.changes} threadings, {day.saved} fewer than as listed",
        }  # fmt: skip
