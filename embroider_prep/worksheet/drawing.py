"""The hoop with the design in it, as lines and texts that paper and page draw alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embroider_prep.worksheet.content import Sheet

RIM_MM = 6.0
"""Width of a hoop's frame as it is drawn."""

FRAME, FIELD, DESIGN, AXIS = "#b9bec7", "#1e6ec8", "#222222", "#7fa9d6"


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle: left, top, width, height in mm, y down; the colour and width of its line; its fill."""

    xywh: tuple[float, float, float, float]
    color: str
    line_mm: float
    round_mm: float = 0.0
    fill: str = ""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A drawing of ``width_mm`` by ``height_mm`` on paper: boxes, dashed lines, and texts with their middles."""

    width_mm: float
    height_mm: float
    boxes: tuple[Box, ...]
    dashed: tuple[tuple[float, float, float, float], ...]
    texts: tuple[tuple[float, float, str], ...]


def hoop_drawing(sheet: Sheet, *, room_mm: float = 42.0) -> Drawing | None:
    """Return the drawing of the hoop at a scale that fits a corner of the page; None without a hoop."""
    if sheet.hoop is None:
        return None
    hoop = sheet.hoop
    left, top, right, bottom = sheet.hoop_view_mm
    width, height = right - left + 2 * RIM_MM, bottom - top + 2 * RIM_MM
    scale = room_mm / max(width, height)

    def box(center: tuple[float, float], size: tuple[float, float], color: str, line: float, **more: object) -> Box:
        x, y = (center[0] - size[0] / 2 - left + RIM_MM) * scale, (center[1] - size[1] / 2 - top + RIM_MM) * scale
        return Box(xywh=(x, y, size[0] * scale, size[1] * scale), color=color, line_mm=line, **more)  # type: ignore[arg-type]

    boxes, dashed, texts = [], [], []
    for number, hooping in enumerate(sheet.hoopings, 1):
        frame = hoop.width_mm + RIM_MM, hoop.height_mm + RIM_MM
        boxes.append(box(hooping.center_mm, frame, FRAME, RIM_MM * 0.7 * scale, round_mm=RIM_MM * scale))
        boxes.append(box(hooping.center_mm, hoop.field_mm, FIELD, 0.25))
        x, y = ((hooping.center_mm[i] - (left, top)[i] + RIM_MM) * scale for i in (0, 1))
        if len(sheet.hoopings) > 1:
            texts.append((x, y, str(number)))
        else:
            half_x, half_y = hoop.field_mm[0] / 2 * scale, hoop.field_mm[1] / 2 * scale
            dashed += [(x - half_x, y, x + half_x, y), (x, y - half_y, x, y + half_y)]
    boxes.append(box((0, 0), sheet.size_mm, DESIGN, 0.3, fill="#eceef1"))
    # The design below the lines that mark the hoop.
    boxes.insert(0, boxes.pop())
    return Drawing(
        width_mm=width * scale, height_mm=height * scale, boxes=tuple(boxes), dashed=tuple(dashed), texts=tuple(texts)
    )
