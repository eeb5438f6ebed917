"""What the page shows of a conversion and of a candidate, as tables."""

from __future__ import annotations

from typing import Any

from embroider_prep.checked import parse_color
from embroider_prep.conversion import Conversion
from embroider_prep.design import StitchPlan
from embroider_prep.plans import needle_path
from embroider_prep.preview.render import FABRIC
from embroider_prep.tryout import Candidate
from embroider_prep.web.cures import cures


def candidate_row(one: Candidate, file: str) -> dict[str, Any]:
    """Return one way to sew the photo."""
    return {
        "title": one.title,
        "values": {name: list(value) if isinstance(value, tuple) else value for name, value in one.values.items()},
        "size_mm": [round(side, 1) for side in one.size_mm],
        "threads": one.threads,
        "stitches": one.stitches,
        "picture": file,
        "shape": list(one.small.plan.size_mm),
    }


def summary(made: Conversion) -> dict[str, Any]:
    """Return numbers, threads, colour blocks in sewing order, findings and places of a conversion."""
    from embroider_prep.color_order import allowed_swaps

    report, plan = made.report.as_dict(), made.plan
    path = needle_path(plan)
    width, height = made.indexed.size_mm
    return {
        "name": made.name,
        "numbers": report["plan"],
        "bounds_mm": [round(value, 2) for value in plan.bounds_mm],
        "picture_mm": [round(-width / 2, 2), round(-height / 2, 2), round(width / 2, 2), round(height / 2, 2)],
        "hoop_mm": _hoop(made),
        "threads": thread_rows(plan),
        "rows": report["threads"],
        "blocks": list(path.color_threads),
        "stitches": _counts(path),
        "swaps": list(allowed_swaps(plan)),
        "findings": [{**item, "cures": cures(item["code"], made.options, made.scene)} for item in report["findings"]],
        "chart": report["chart"],
        "difference": report["likeness"].get("delta_e_mean"),
        "cloth": list(parse_color(made.options.preview.fabric_color or made.options.quantize.fabric or FABRIC)),
    }


def thread_rows(plan: StitchPlan) -> list[dict[str, Any]]:
    """Return the threads of a plan, by number."""
    return [{"brand": t.brand, "chart": t.chart, "code": t.code, "name": t.name, "hex": t.hex} for t in plan.threads]


def _counts(path: Any) -> list[int]:
    import numpy as np

    return [int(count) for count in np.bincount(path.color)] if len(path) else []


def _hoop(made: Conversion) -> list[float] | None:
    """Return the field of the hoop, width and height in mm, in which the design lies; None without one."""
    from embroider_prep.machines import candidate_hoops, find_machine

    write = made.options.write
    hoops = candidate_hoops(write.hoop, find_machine(write.machine))
    if not hoops or not made.plan.blocks:
        return None
    size = made.plan.size_mm
    for hoop in hoops:
        if hoop.holds(size):
            return list(hoop.field_mm)
        if write.turn_to_fit and hoop.holds(size[::-1]):
            return list(hoop.field_mm[::-1])
    return list(hoops[-1].field_mm)
