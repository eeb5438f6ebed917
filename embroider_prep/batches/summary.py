"""What a shop needs to see, as tables that a spreadsheet opens: each photo, threads to buy, what to sew when."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from embroider_prep.batches.job import BatchResult
from embroider_prep.texts import clean_line, safe_cell

COLUMNS = (
    "file", "result", "status", "width_mm", "height_mm", "hoop", "sewn_on", "stitches", "minutes", "color_changes",
    "trims", "thread_count", "threads", "metres", "likeness", "chart_delta_e", "face_width_mm", "worst",
    "worst_finding", "findings", "common_loss",
)  # fmt: skip
"""What came out; behind these stand the columns that may be set, `overrides.COLUMNS`."""

RANKS = {"": 0, "note": 1, "warning": 2, "error": 3}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One result in a few numbers: what is kept of a report when there are thousands."""

    cells: Mapping[str, Any]
    minutes: float
    machine: str
    needles: int
    threads: tuple[tuple[tuple[str, str, str, str], float, int], ...]
    """(brand, code, name, colour), metres, blocks, in sewing order."""
    findings: tuple[tuple[str, str], ...]
    failed: bool
    stem: str


def row_of(result: BatchResult, overrides: Mapping[str, str] | None = None, loss: float | None = None) -> Row:
    """Return the row of a result; ``overrides`` are what was set for this photo, ``loss`` what common threads cost."""
    report, plan = result.report, result.report.get("plan", {})
    findings = tuple((item["severity"], item["code"]) for item in report.get("findings", ()))
    worst = max(report.get("findings", ()), key=lambda item: RANKS[item["severity"]], default=None)
    faces = [face["width_mm"] for face in report.get("scene", {}).get("faces", ())]
    threads = tuple(
        ((row["brand"], row["code"], row["name"], row["color"]), float(row["metres"]), int(row["blocks"]))
        for row in report.get("threads", ())
    )
    cells = {
        "file": result.photo,
        "result": result.stem if result.status == "failed" else result.stem + PurePosixPath(result.files[0]).suffix,
        "status": "failed" if result.status == "failed" else "done",
        "width_mm": plan.get("width_mm", ""),
        "height_mm": plan.get("height_mm", ""),
        "hoop": report.get("options", {}).get("write", {}).get("hoop") or "",
        "sewn_on": plan.get("machine", ""),
        "stitches": plan.get("stitches", ""),
        "minutes": plan.get("minutes", ""),
        "color_changes": plan.get("color_changes", ""),
        "trims": plan.get("trims", ""),
        "thread_count": plan.get("threads", ""),
        "threads": "; ".join(f"{' '.join(part for part in name[:3] if part)} {metres:.1f} m"
                             for name, metres, _ in threads),
        "metres": plan.get("thread_m", ""),
        "likeness": report.get("likeness", {}).get("delta_e_mean", ""),
        "chart_delta_e": report.get("chart", {}).get("delta_e", ""),
        "face_width_mm": max(faces) if faces else "",
        "worst": "failed" if result.status == "failed" else worst["severity"] if worst else "",
        "worst_finding": result.error or (worst["message"] if worst else ""),
        "findings": " ".join(dict.fromkeys(code for _, code in findings)),
        "common_loss": "" if loss is None else round(loss, 1),
        **(overrides or {}),
    }  # fmt: skip
    return Row(
        cells=cells, minutes=float(plan.get("minutes") or 0), machine=str(plan.get("machine", "")),
        needles=_needles(report), threads=threads, findings=findings, failed=result.status == "failed",
        stem=result.stem,
    )  # fmt: skip


def _needles(report: Mapping[str, Any]) -> int:
    from embroider_prep.errors import EmbroiderPrepError
    from embroider_prep.machines import find_machine

    try:
        return find_machine(report.get("options", {}).get("write", {}).get("machine")).needles
    except EmbroiderPrepError:
        return 1


def table(heads: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a CSV file as spreadsheets want it: UTF-8 with a byte order mark, no cell a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_cell(row.get(head, "")) for head in heads])
    return ("\ufeff" + out.getvalue()).encode("utf-8")


def _cell(value: Any) -> Any:
    return safe_cell(clean_line(value, most=1000)) if isinstance(value, str) else value


def thread_totals(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return what to buy: each thread with its metres over all designs, and spools of `SPOOL_M`; most first."""
    from embroider_prep.report import SPARE, SPOOL_M

    metres: dict[tuple[str, str, str, str], float] = {}
    designs: dict[tuple[str, str, str, str], int] = {}
    for row in rows:
        for name in dict.fromkeys(name for name, _, _ in row.threads):
            designs[name] = designs.get(name, 0) + 1
        for name, length, _ in row.threads:
            metres[name] = metres.get(name, 0.0) + length
    return [
        {
            "brand": name[0], "code": name[1], "name": name[2], "color": name[3], "designs": designs[name],
            "metres": round(length, 1), "spools": max(1, math.ceil(length * SPARE / SPOOL_M)),
        }
        for name, length in sorted(metres.items(), key=lambda item: (-item[1], item[0]))
    ]  # fmt: skip


TOTALS = ("brand", "code", "name", "color", "designs", "metres", "spools")
