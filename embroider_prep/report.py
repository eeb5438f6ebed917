"""What came out, in numbers: a `Report` as data, as JSON through ``as_dict``, and as a table for a terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embroider_prep._version import __version__
from embroider_prep.design import Finding, Report, StitchPlan, Thread
from embroider_prep.machines import GENERIC, Machine
from embroider_prep.plans import Came, NeedlePath, needle_path
from embroider_prep.threads import chart_title

SPOOL_M = 200
"""The smallest spools of embroidery thread that shops sell hold about 200 m; others 500, 1,000 and more."""

SPARE = 1.1
"""Ends, threading and what breaks."""

FAR_DELTA_E = 4.0
"""A spool farther than this from the thread that was wanted shows as another colour."""

MOST_TO_BUY = 4
"""Threads worth buying that are named where there is little room, the farthest first."""


def make_report(
    plan: StitchPlan,
    findings: Sequence[Finding] = (),
    *,
    machine: Machine = GENERIC,
    hoopings: Sequence[StitchPlan] = (),
    chart: Mapping[str, Any] | None = None,
    likeness: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Any] | None = None,
    scene: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    options_from: Mapping[str, str] | None = None,
    model: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] | None = None,
    photo: Mapping[str, str] | None = None,
    digest: str = "",
) -> Report:
    """Return the report of a plan.

    Parameters
    ----------
    plan : StitchPlan
    findings : sequence of Finding
        From the pre-flight and from the steps before.
    machine : Machine
        Its profile gives the run time: stitches by its speed, and seconds for each colour change and trim
        (`Machine.minutes`).
    hoopings : sequence of StitchPlan
        What each file of a divided design sews: the numbers are then those of the files, added up.
    chart, likeness, shapes, scene, options, options_from, model, versions, photo : mapping, optional
        What other steps know; carried along as it is.
    digest : str
        One number for all that decides the result.

    Returns
    -------
    Report
        ``plan``: width_mm, height_mm, stitches, stitches_by_kind, color_changes, color_blocks, trims, jumps,
        hoopings, thread_m, stitch_mm (min, median, max), minutes, machine. ``threads``: one row a thread in sewing
        order with brand, chart, code, name, color (``#rrggbb``), stitches, metres, spools (of `SPOOL_M`) and blocks.
        ``chart``: what `quantize.advice` says; without it the titles of the threads' charts.
    """
    sewn = [(each, needle_path(each)) for each in hoopings or (plan,)]
    return Report(
        plan=_numbers(plan.size_mm, sewn, machine),
        threads=tuple(_thread_rows(sewn)),
        findings=tuple(findings),
        chart=chart or _charts_of(plan),
        likeness=likeness or {},
        shapes=shapes or {},
        scene=scene or {},
        options=options or {},
        options_from=options_from or {},
        model=model or {},
        versions=versions or {"embroider-prep": __version__},
        photo=photo or {},
        digest=digest,
    )


Sewn = Sequence[tuple[StitchPlan, NeedlePath]]
"""What is sewn in one hooping each."""


def _numbers(size_mm: tuple[float, float], sewn: Sewn, machine: Machine) -> dict[str, Any]:
    width, height = size_mm
    step = np.concatenate([path.step_mm[path.came == Came.STITCH] for _, path in sewn])
    came = np.concatenate([path.came for _, path in sewn])
    kinds: dict[str, int] = {}
    for plan, path in sewn:
        for number, count in zip(*np.unique(path.block, return_counts=True), strict=True):
            kind = plan.blocks[int(number)].kind
            kinds[kind] = kinds.get(kind, 0) + int(count)
    changes, trims = int((came == Came.COLOR).sum()), int((came == Came.TRIM).sum())
    used = {plan.threads[thread] for plan, path in sewn for thread in path.color_threads}
    return {
        "width_mm": round(width, 1),
        "height_mm": round(height, 1),
        "stitches": len(came),
        "stitches_by_kind": dict(sorted(kinds.items(), key=lambda item: -item[1])),
        "threads": len(used),
        "color_blocks": sum(len(path.color_threads) for _, path in sewn),
        "color_changes": changes,
        "trims": trims,
        "jumps": int((came == Came.JUMP).sum()),
        "hoopings": len(sewn),
        "thread_m": round(sum(sum(plan.thread_length_mm) for plan, _ in sewn) / 1000, 2),
        "stitch_mm": {
            "min": round(float(step.min()), 2) if len(step) else 0.0,
            "median": round(float(np.median(step)), 2) if len(step) else 0.0,
            "max": round(float(step.max()), 2) if len(step) else 0.0,
        },
        "minutes": round(machine.minutes(stitches=len(came), color_changes=changes, trims=trims), 1),
        "machine": machine.title,
    }


def _thread_rows(sewn: Sewn) -> list[dict[str, Any]]:
    """Return a row for each entry of the plans' threads that is sewn, in sewing order; hoopings share theirs."""
    sums: dict[tuple[Thread, int], list[float]] = {}
    for plan, path in sewn:
        stitches = np.bincount(path.thread, minlength=len(plan.threads))
        blocks = np.bincount(np.array(path.color_threads, np.int64), minlength=len(plan.threads))
        lengths = plan.thread_length_mm
        # Two entries of one plan may be alike, as stand-ins for colours that a file does not name are.
        seen: Counter[Thread] = Counter()
        nth = []
        for thread in plan.threads:
            nth.append(seen[thread])
            seen[thread] += 1
        for index in dict.fromkeys(path.color_threads):
            row = sums.setdefault((plan.threads[index], nth[index]), [0, 0, 0])
            for at, value in enumerate((stitches[index], lengths[index], blocks[index])):
                row[at] += float(value)
    return [
        {
            "brand": thread.brand,
            "chart": thread.chart,
            "code": thread.code,
            "name": thread.name,
            "color": thread.hex,
            "stitches": int(stitches),
            "metres": round(length / 1000, 2),
            "spools": max(1, math.ceil(length / 1000 * SPARE / SPOOL_M)),
            "blocks": int(blocks),
        }
        for (thread, _), (stitches, length, blocks) in sums.items()
    ]


def _charts_of(plan: StitchPlan) -> dict[str, Any]:
    titles = dict.fromkeys(chart_title(thread.chart) for thread in plan.threads if thread.chart)
    return {"title": ", ".join(titles)} if titles else {}


def chart_text(chart: Mapping[str, Any], count: int) -> str:
    """Return which threads these are, how near ``count`` of them come to the photo, and what would come nearer.

    Empty when nothing is known of the chart.
    """
    if not chart:
        return ""
    colors = f", {chart['colors']} colours" if "colors" in chart and "wanted" not in chart else ""
    out = f"threads: {chart['title']}{colors} (screen values approximate)"
    if "delta_e" in chart:
        out += f"\ncolours: {chart['words']}, ΔE about {chart['delta_e']} in {count} of these"
        better = chart["better"]
        out += f"; with {better['title']} about {better['delta_e']} (--chart {better['name']})" if better else ""
        out += "" if better else "; no other built-in chart is clearly better"
    wanted = [row for row in chart.get("wanted", ()) if row["delta_e"] >= FAR_DELTA_E]
    wanted.sort(key=lambda row: -row["delta_e"])
    if wanted:
        named = ", ".join(
            f"{row['code']} {row['name']} (nearest spool {row['spool']}, ΔE {row['delta_e']})"
            for row in wanted[:MOST_TO_BUY]
        )
        more = len(wanted) - MOST_TO_BUY
        out += f"\nworth buying: {named}" + (f" and {more} more in the report" if more > 0 else "")
    return out


def as_text(report: Report, *, color: bool = False) -> str:
    """Return a report as a table for a terminal.

    Parameters
    ----------
    report : Report
    color : bool
        Draw swatches in 24-bit colour; otherwise their hex values stand alone.
    """
    plan = report.plan
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in plan["stitches_by_kind"].items())
    rows = [
        ("Size", f"{plan['width_mm']:.1f} x {plan['height_mm']:.1f} mm"),
        ("Stitches", f"{plan['stitches']:,}" + (f" ({kinds})" if set(plan["stitches_by_kind"]) - {"unknown"} else "")),
        ("Lengths", "{min:.1f} to {max:.1f} mm, median {median:.1f} mm".format(**plan["stitch_mm"])),
        ("Threads", f"{plan['threads']} in {plan['color_blocks']} colour blocks, {plan['thread_m']:.1f} m"),
        ("Changes", f"{plan['color_changes']} colour changes, {plan['trims']} trims, {plan['jumps']} uncut jumps"),
        (
            "Run time",
            minutes_text(plan["minutes"]) + ("" if plan["machine"] == GENERIC.title else f" on {plan['machine']}"),
        ),
    ]
    for name, table in (("Likeness", report.likeness), ("Shapes", report.shapes)):
        if table:
            rows.append((name, ", ".join(f"{key} {_short(value)}" for key, value in table.items())))
    if report.chart:
        lengths = sum(row["spools"] for row in report.threads)
        rows.append(("To buy", f"{lengths} spools of {SPOOL_M} m or more, see the table"))
    lines = [*chart_text(report.chart, plan["threads"]).splitlines(), *(f"{name:<10}{text}" for name, text in rows)]
    lines += ["", *_thread_table(report.threads, color)]
    if report.findings:
        lines.append("")
        lines += [_finding_line(item) for item in report.findings]
    return "\n".join(lines) + "\n"


def minutes_text(minutes: float) -> str:
    """Return a run time for people: ``48 min``, ``1 h 05 min``."""
    whole = max(1, round(minutes))
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60:02d} min"


def _thread_table(threads: Sequence[Mapping[str, Any]], color: bool) -> list[str]:
    cells = [
        (
            str(number),
            row["color"],
            str(row["brand"]),
            str(row["code"]),
            str(row["name"]),
            f"{row['stitches']:,}",
            f"{row['metres']:.1f} m",
        )
        for number, row in enumerate(threads, 1)
    ]
    heads = ("#", "colour", "maker", "number", "name", "stitches", "thread")
    widths = [max(len(row[i]) for row in [heads, *cells]) for i in range(len(heads))]
    right = {0, 5, 6}

    def line(row: Sequence[str]) -> str:
        parts = [
            text.rjust(w) if i in right else text.ljust(w) for i, (text, w) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    out = [line(heads)]
    for row in cells:
        text = line(row)
        if color:
            red, green, blue = bytes.fromhex(row[1][1:])
            text = f"\x1b[48;2;{red};{green};{blue}m    \x1b[0m {text}"
        out.append(text)
    return [f"     {out[0]}", *out[1:]] if color else out


def _finding_line(item: Finding) -> str:
    place = f" at ({item.at_mm[0]:.1f}, {item.at_mm[1]:.1f}) mm" if item.at_mm else ""
    cure = f"; {item.remedy}" if item.remedy else ""
    return f"{item.severity}: {item.message}{place} [{item.code}]{cure}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
