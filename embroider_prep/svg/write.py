"""A plan as SVG: its stitches as paths that are sewn point for point, and its objects as shapes to edit."""

from __future__ import annotations

import base64
import io
import json
from typing import Any
from xml.sax.saxutils import escape

from embroider_prep.color import Rgb8
from embroider_prep.design import Box, StitchPlan, Thread
from embroider_prep.svg.names import GUIDE_MARKER, INKSCAPE, INKSTITCH, OURS, SODIPODI, SVG, XLINK, number
from embroider_prep.svg.shapes import shape_layers
from embroider_prep.svg.stitches import stitch_layers
from embroider_prep.texts import clean_line

SCHEMA = 1

STITCHES, SHAPES = "stitches", "shapes"
"""Names of the two layers that hold the others."""

# Ink/Stitch leaves a stitch out that is shorter, and sews a way to the next path that is shorter than the second
# instead of jumping: with these it takes a plan of ours point for point.
EXACT = {"min_stitch_len_mm": 0.05, "collapse_len_mm": 1}
# What it digitizes itself gets no stitch that nests.
DIGITIZED = {"min_stitch_len_mm": 0.3, "collapse_len_mm": 1}


def plan_to_svg(
    plan: StitchPlan, *, name: str = "", show: str = "both", photo: tuple[Rgb8, float] | None = None
) -> str:
    """Return the plan as an SVG drawing.

    Parameters
    ----------
    plan : StitchPlan
    name : str
        Title of the drawing.
    show : "both", "stitches" or "shapes"
        ``both``: visible stitches, which Ink/Stitch sews point for point, and hidden shapes with its parameters, to be
        edited; or one of them alone. A plan without objects has stitches only.
    photo : ((H, W, 3) uint8, px_per_mm), optional
        A picture as a locked layer below everything, its middle at the origin.

    Returns
    -------
    str
        SVG; one user unit is a millimetre, coordinates are the plan's own.
    """
    page = _page(plan, photo)
    width, height = max(1.0, page[2] - page[0]), max(1.0, page[3] - page[1])
    stitches = show != "shapes" or not plan.objects
    body = [*(_photo_layer(photo) if photo is not None else []), *plan_layers(plan, show=show)]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
            f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}" xmlns:inkscape="{INKSCAPE}" xmlns:sodipodi="{SODIPODI}" '
            f'xmlns:inkstitch="{INKSTITCH}" xmlns:prep="{OURS}" version="1.1" width="{number(width)}mm" '
            f'height="{number(height)}mm" viewBox="{" ".join(map(number, (*page[:2], width, height)))}">',
            f"<title>{escape(clean_line(name) or 'design')}</title>",
            '<sodipodi:namedview inkscape:document-units="mm" pagecolor="#ffffff"/>',
            "<metadata>",
            *metadata(plan, exact=stitches),
            "</metadata>",
            *guide_marker(plan),
            *body,
            "</svg>",
            "",
        ]
    )


def plan_layers(plan: StitchPlan, *, show: str = "both", prefix: str = "") -> list[str]:
    """Return the layers of a plan, as `plan_to_svg` shows them; ids begin with ``prefix``."""
    stitches = show != "shapes" or not plan.objects
    out = _group(prefix + STITCHES, "Stitches", stitch_layers(plan, prefix), hidden=False) if stitches else []
    if plan.objects and show != "stitches":
        layers = shape_layers(plan, _page(plan, None), prefix)
        out += _group(prefix + SHAPES, "Shapes", layers, hidden=stitches)
    return out


def _page(plan: StitchPlan, photo: tuple[Rgb8, float] | None) -> Box:
    boxes = [plan.bounds_mm] if plan.blocks else []
    boxes += {item.frame_mm for item in plan.objects if item.frame_mm is not None}
    for item in plan.objects:
        form = item.shape
        if hasattr(form, "polygon"):
            left, top, right, bottom = form.polygon.bounds
        else:
            (left, top), (right, bottom) = form.xy_mm.min(axis=0), form.xy_mm.max(axis=0)
        boxes.append((float(left), float(top), float(right), float(bottom)))
    if photo is not None:
        height, width = photo[0].shape[:2]
        boxes.append((-width / photo[1] / 2, -height / photo[1] / 2, width / photo[1] / 2, height / photo[1] / 2))
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def metadata(plan: StitchPlan, *, exact: bool) -> list[str]:
    """Return what stands in a drawing's metadata: for Ink/Stitch, and for ourselves.

    ``exact``: there are stitches to be taken point for point.
    """
    # Version 3 tells Ink/Stitch that the parameters are in its present form; values are JSON.
    lengths = EXACT if exact else DIGITIZED
    out = ["<inkstitch:inkstitch_svg_version>3</inkstitch:inkstitch_svg_version>"]
    out += [f"<inkstitch:{key}>{number(value)}</inkstitch:{key}>" for key, value in lengths.items()]
    palette = _palette(plan.threads)
    if palette:
        # Its sheets show numbers and names of the chart's threads then.
        out.append(f"<inkstitch:thread-palette>{escape(json.dumps(palette))}</inkstitch:thread-palette>")
    table: dict[str, Any] = {
        "schema": SCHEMA,
        "threads": [[t.brand, t.chart, t.code, t.name, t.hex, t.weight_wt] for t in plan.threads],
        "max_stitch_mm": plan.max_stitch_mm,
        "min_stitch_mm": plan.min_stitch_mm,
        "trim_above_mm": plan.trim_above_mm if plan.trim_above_mm < float("inf") else None,
        "frame_mm": _common_frame(plan),
    }
    out.append(f"<prep:plan>{escape(json.dumps(table))}</prep:plan>")
    return out


def _common_frame(plan: StitchPlan) -> Box | None:
    frames = {item.frame_mm for item in plan.objects}
    return frames.pop() if len(frames) == 1 else None


def _palette(threads: tuple[Thread, ...]) -> str:
    """Return the name of the chart that all threads are of, as Ink/Stitch's list has it; empty when there is none."""
    from embroider_prep.threads.catalog import chart_title

    charts = {thread.chart for thread in threads if thread.chart}
    title = chart_title(charts.pop()) if len(charts) == 1 else ""
    return title.removeprefix("InkStitch ")


def guide_marker(plan: StitchPlan) -> list[str]:
    """Return the mark of guide lines, where there are any."""
    if all(item.bend_mm is None for item in plan.objects):
        return []
    return [
        f'<defs><marker id="{GUIDE_MARKER}" refX="10" refY="5" orient="auto">'
        '<circle cx="10" cy="5" r="3" style="fill:none;stroke:#ff00ff;stroke-width:0.5"/></marker></defs>'
    ]


def _group(name: str, label: str, layers: list[str], *, hidden: bool) -> list[str]:
    style = ' style="display:none"' if hidden else ""
    return [f'<g id="{name}" inkscape:groupmode="layer" inkscape:label="{label}"{style}>', *layers, "</g>"]


def _photo_layer(photo: tuple[Rgb8, float]) -> list[str]:
    from PIL import Image

    rgb8, scale = photo
    height, width = rgb8.shape[0] / scale, rgb8.shape[1] / scale
    file = io.BytesIO()
    Image.fromarray(rgb8).save(file, "JPEG", quality=90)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return [
        '<g id="photo" inkscape:groupmode="layer" inkscape:label="Photo" sodipodi:insensitive="true">',
        f'<image prep:role="below" x="{number(-width / 2)}" y="{number(-height / 2)}" '
        f'width="{number(width)}" height="{number(height)}" '
        f'preserveAspectRatio="none" xlink:href="data:image/jpeg;base64,{data}"/>',
        "</g>",
    ]
