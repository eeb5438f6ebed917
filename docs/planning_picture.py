"""Make the picture of the eight steps of planning: ``python docs/planning_picture.py``. The photo is scikit-image's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely import affinity

import embroider_prep as ep

ToPixels = Callable[[object], list[tuple[float, float]]]

SCALE, GAP = 6, 10
TITLES = (
    *("1 areas", "2 directions", "3 order of threads", "4 hidden ways"),
    *("5 sections of rows", "6 underlay", "7 top stitches", "8 finished"),
)
PALE = (236, 234, 230)


def main() -> None:
    """Draw one design eight times, each with what a step adds."""
    made = ep.convert("sample:coffee", width_mm=46, threads=7)
    plan = made.plan
    size = tuple(round(side * SCALE) for side in plan.size_mm)
    panels = [draw(plan, size) for draw in (areas, directions, order, ways, sections, underlay, top)]
    last = Image.fromarray(ep.render(plan))
    panels.append(last.resize(size, Image.Resampling.LANCZOS))
    high = size[1] + 18
    sheet = Image.new("RGB", (4 * size[0] + 3 * GAP, 2 * high + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for number, panel in enumerate(panels):
        x, y = (number % 4) * (size[0] + GAP), (number // 4) * (high + GAP)
        sheet.paste(panel, (x, y + 18))
        pen.text((x, y + 2), TITLES[number], fill="black")
    sheet.quantize(96).save(Path(__file__).parent / "pictures" / "planning.png", optimize=True)


def canvas(size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw, ToPixels]:
    """Return an empty panel, its pen, and what turns mm into its pixels."""
    picture = Image.new("RGB", size, "white")
    middle = np.array(size) / 2

    def at(xy_mm: object) -> list[tuple[float, float]]:
        return [tuple(point) for point in (np.asarray(xy_mm)[:, :2] * SCALE + middle).tolist()]

    return picture, ImageDraw.Draw(picture), at


def fill(pen: ImageDraw.ImageDraw, at: ToPixels, polygon: shapely.Polygon, color: tuple[int, ...]) -> None:
    """Fill a polygon in mm; holes are filled by what lies in them."""
    pen.polygon(at(polygon.exterior.coords), fill=color, outline="white")


def by_size(plan: ep.StitchPlan) -> list[ep.SewObject]:
    """Return the regions, largest first: those in the holes of others come on top."""
    regions = [item for item in plan.objects if isinstance(item.shape, ep.Region)]
    return sorted(regions, key=lambda item: -shapely.Polygon(item.shape.polygon.exterior).area)


def areas(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Draw each area in its thread's colour."""
    picture, pen, at = canvas(size)
    for item in by_size(plan):
        fill(pen, at, item.shape.polygon, plan.threads[item.thread].rgb8)
    return picture


def directions(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Draw rows in each area's direction."""
    picture, pen, at = canvas(size)
    for item in by_size(plan):
        fill(pen, at, item.shape.polygon, PALE)
    for item in by_size(plan):
        x, y = item.shape.polygon.centroid.coords[0]
        hatch = shapely.MultiLineString([[(x - 99, y + step), (x + 99, y + step)] for step in np.arange(-60, 60, 1.3)])
        # Angles count counter-clockwise as seen, and y points down.
        rows = affinity.rotate(hatch, -item.angle_deg, origin=(x, y)).intersection(item.shape.polygon)
        for row in getattr(rows, "geoms", [rows]):
            if row.geom_type == "LineString" and len(row.coords) > 1:
                pen.line(at(row.coords), fill=(30, 80, 150))
    return picture


def order(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Number areas by the place of their thread; early ones are light."""
    picture, pen, at = canvas(size)
    first = {thread: number for number, thread in enumerate(dict.fromkeys(item.thread for item in plan.objects))}
    for item in by_size(plan):
        grey = 235 - round(190 * first[item.thread] / max(1, len(first) - 1))
        fill(pen, at, item.shape.polygon, (grey, grey, 255 if grey > 215 else grey + 20))
    for item in by_size(plan)[:24]:
        x, y = at([item.shape.polygon.representative_point().coords[0]])[0]
        if item.shape.polygon.area > 8:
            pen.text((x - 3, y - 5), str(first[item.thread] + 1), fill=(200, 40, 30))
    return picture


def ways(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Draw the ways that later stitches hide."""
    picture, pen, at = canvas(size)
    for item in by_size(plan):
        fill(pen, at, item.shape.polygon, PALE)
    for block in plan.blocks:
        if block.kind == "travel":
            pen.line(at(block.xy_mm), fill=(200, 40, 30))
    return picture


def sections(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Draw blocks of rows, each in another colour."""
    picture, pen, at = canvas(size)
    colors = ((30, 80, 150), (200, 110, 20), (40, 130, 70), (150, 50, 130), (90, 90, 90))
    for number, block in enumerate(block for block in plan.blocks if block.kind == "fill"):
        pen.line(at(block.xy_mm), fill=colors[number % len(colors)])
    return picture


def underlay(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Draw what is sewn first."""
    picture, pen, at = canvas(size)
    for item in by_size(plan):
        fill(pen, at, item.shape.polygon, PALE)
    for block in plan.blocks:
        if block.kind == "underlay":
            pen.line(at(block.xy_mm), fill=(60, 60, 60))
    return picture


def top(plan: ep.StitchPlan, size: tuple[int, int]) -> Image.Image:
    """Draw what is seen, thinner than it is."""
    picture, pen, at = canvas(size)
    for block in plan.blocks:
        if block.kind not in ("underlay", "travel", "lock") and len(block.xy_mm) > 1:
            pen.line(at(block.xy_mm), fill=plan.threads[block.thread].rgb8, width=2)
    return picture


if __name__ == "__main__":
    main()
