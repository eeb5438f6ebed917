"""The threads that a design may be sewn in: a chart, with measured colours, or the spools of it that one owns."""

from __future__ import annotations

from dataclasses import dataclass, replace

from embroider_prep.design import Finding, Thread
from embroider_prep.options import QuantizeOptions
from embroider_prep.threads.catalog import read_chart
from embroider_prep.threads.spools import read_measured, read_spools


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Threads to choose from, the whole chart that they come from, and what was noticed in its file."""

    chart: tuple[Thread, ...]
    whole: tuple[Thread, ...]
    findings: tuple[Finding, ...]


def choose_from(options: QuantizeOptions) -> Choice:
    """Return the threads that ``chart``, ``measured`` and ``spools`` leave to choose from.

    Raises
    ------
    OptionsError, InputError
        As `load_chart`, `read_measured` and `read_spools`.
    """
    whole, findings = read_chart(options.chart) if isinstance(options.chart, str) else (options.chart, ())
    if options.measured is not None:
        whole = read_measured(options.measured, whole)
    chart = whole if options.spools is None else read_spools(options.spools, whole)
    return Choice(chart=chart, whole=whole, findings=findings)


def threads_there(options: QuantizeOptions, count: int) -> tuple[QuantizeOptions, tuple[Finding, ...]]:
    """Ask for no more threads than somebody owns; of a chart, only where nobody asked for that many."""
    asked = options.threads
    if asked == "auto" or int(asked) <= count or (options.spools is None and asked != QuantizeOptions().threads):
        return options, ()
    what = "list of spools" if options.spools is not None else "chart"
    few = Finding(
        code="few-threads",
        severity="note",
        message=f"the {what} has {count} threads, fewer than {asked}; it is sewn in those",
        remedy="",
    )
    return replace(options, threads=count), (few,)
