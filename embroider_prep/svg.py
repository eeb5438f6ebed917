"""A plan's objects as SVG for Inkscape: true millimetres, a layer a colour block, Ink/Stitch's parameters on each.

What Ink/Stitch calls a parameter is an attribute in its own namespace; the names are those of its documentation
(https://inkstitch.org/docs/params/). Without that extension the file is an ordinary drawing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from embroider_prep.design import DetailLine, Link, Points, Region, SewObject, StitchPlan, Thread
from embroider_prep.texts import clean_line

INKSTITCH = "http://inkstitch.org/namespace"
INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
SODIPODI = "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
THREAD_MM = 0.4
UNDERLAY_SPACING = 3
"""Underlay rows are that many times as far apart as the fill's; Ink/Stitch's default."""


def plan_to_svg(plan: StitchPlan, *, name: str = "") -> str:
    """Return the plan's objects as an SVG drawing.

    Fills become closed paths with angle, row spacing, stitch length, underlay and pull compensation; lines become
    strokes with running, bean or zigzag stitches. A plan without objects (one read from a stitch file) becomes its
    runs of stitches, to be sewn point by point.

    Parameters
    ----------
    plan : StitchPlan
    name : str
        Title of the drawing.

    Returns
    -------
    str
        SVG; one user unit is a millimetre, coordinates are the plan's own.
    """
    left, top, right, bottom = _bounds(plan)
    width, height = max(1.0, right - left), max(1.0, bottom - top)
    body = _object_layers(plan) if plan.objects else _stitch_layers(plan)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="{INKSCAPE}" xmlns:sodipodi="{SODIPODI}" '
            f'xmlns:inkstitch="{INKSTITCH}" version="1.1" width="{_n(width)}mm" height="{_n(height)}mm" '
            f'viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}">',
            f"<title>{escape(clean_line(name) or 'design')}</title>",
            '<sodipodi:namedview inkscape:document-units="mm" pagecolor="#ffffff"/>',
            # Tells Ink/Stitch 3 that the parameters are in its present form.
            "<metadata><inkstitch:inkstitch_svg_version>3</inkstitch:inkstitch_svg_version></metadata>",
            *body,
            "</svg>",
            "",
        ]
    )


def _bounds(plan: StitchPlan) -> tuple[float, float, float, float]:
    boxes = [plan.bounds_mm] if plan.blocks else []
    boxes += [_shape_bounds(item.shape) for item in plan.objects]
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    lows, highs = [box[:2] for box in boxes], [box[2:] for box in boxes]
    return min(b[0] for b in lows), min(b[1] for b in lows), max(b[0] for b in highs), max(b[1] for b in highs)


def _shape_bounds(shape: Region | DetailLine) -> tuple[float, float, float, float]:
    if isinstance(shape, Region):
        left, top, right, bottom = shape.polygon.bounds
        return float(left), float(top), float(right), float(bottom)
    low, high = shape.xy_mm.min(axis=0), shape.xy_mm.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _object_layers(plan: StitchPlan) -> list[str]:
    out: list[str] = []
    number, before = 0, -1
    for index, item in enumerate(plan.objects):
        if item.thread != before:
            out += ["</g>"] * (number > 0)
            number += 1
            out.append(_layer(number, plan.threads[item.thread]))
            before = item.thread
        out.append(_object(index, item, plan.threads[item.thread]))
    return [*out, *["</g>"] * (number > 0)]


def _layer(number: int, thread: Thread) -> str:
    label = quoteattr(clean_line(f"{number} {thread}"))
    return f'<g id="layer{number}" inkscape:groupmode="layer" inkscape:label={label}>'


def _object(index: int, item: SewObject, thread: Thread) -> str:
    if isinstance(item.shape, Region):
        polygon = item.shape.polygon
        rings = [_path(ring.coords[:-1], closed=True) for ring in (polygon.exterior, *polygon.interiors)]
        style = f"fill:{thread.hex};fill-rule:evenodd;stroke:none"
        return _element(f"object{index}", " ".join(rings), style, f"{item.kind} {index + 1}", _fill_parameters(item))
    line = item.shape
    closed = len(line.xy_mm) > 2 and bool((line.xy_mm[0] == line.xy_mm[-1]).all())
    points = line.xy_mm[:-1] if closed else line.xy_mm
    style = f"fill:none;stroke:{thread.hex};stroke-width:{_n(line.width_mm)};stroke-linecap:round;stroke-linejoin:round"
    label = f"{item.kind} {index + 1}"
    return _element(f"object{index}", _path(points, closed=closed), style, label, _stroke_parameters(item))


def _fill_parameters(item: SewObject) -> dict[str, Any]:
    out: dict[str, Any] = {
        # A satin of this house follows a region; Ink/Stitch's needs two rails, so the region is filled.
        "fill_method": "contour_fill" if item.fill == "contour" else "auto_fill",
        "angle": item.angle_deg,
        "row_spacing_mm": item.row_spacing_mm,
        "max_stitch_length_mm": item.stitch_length_mm,
        "pull_compensation_mm": item.pull_mm,
        "fill_underlay": "tatami" in item.underlay,
    }
    if "tatami" in item.underlay:
        out["fill_underlay_angle"] = (item.angle_deg + 90) % 180
        out["fill_underlay_row_spacing_mm"] = UNDERLAY_SPACING * item.row_spacing_mm
    return out


def _stroke_parameters(item: SewObject) -> dict[str, Any]:
    if item.kind == "satin":
        return {"stroke_method": "zigzag_stitch", "zigzag_spacing_mm": item.row_spacing_mm}
    out: dict[str, Any] = {"stroke_method": "running_stitch", "running_stitch_length_mm": item.stitch_length_mm}
    if item.kind == "bean":
        out["bean_stitch_repeats"] = 1
    return out


def _stitch_layers(plan: StitchPlan) -> list[str]:
    out: list[str] = []
    layer, run = 0, 0
    points: list[Points] = []
    thread = -1

    def flush() -> None:
        nonlocal run
        if points and sum(len(part) for part in points) > 1:
            run += 1
            xy = [point for part in points for point in part]
            color = plan.threads[thread].hex
            style = f"fill:none;stroke:{color};stroke-width:{THREAD_MM}"
            out.append(_element(f"run{run}", _path(xy, closed=False), style, f"stitches {run}", _MANUAL))
        points.clear()

    for link, block in plan.links():
        if link is not Link.CONTINUE:
            flush()
        if link in (Link.START, Link.COLOR):
            out.extend(["</g>"] * (layer > 0))
            layer += 1
            out.append(_layer(layer, plan.threads[block.thread]))
        thread = block.thread
        points.append(block.xy_mm[1:] if link is Link.CONTINUE else block.xy_mm)
    flush()
    return [*out, *["</g>"] * (layer > 0)]


_MANUAL: dict[str, Any] = {"stroke_method": "manual_stitch"}


def _element(name: str, path: str, style: str, label: str, parameters: dict[str, Any]) -> str:
    more = "".join(f' inkstitch:{key}="{_value(value)}"' for key, value in parameters.items())
    return f'<path id="{name}" inkscape:label={quoteattr(label)} style="{style}" d="{path}"{more}/>'


def _path(points: Iterable[Any], *, closed: bool) -> str:
    text = " L ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return f"M {text}{' Z' if closed else ''}"


def _value(value: Any) -> str:
    # Ink/Stitch writes switches as Python does.
    return str(value) if isinstance(value, (bool, str)) else _n(float(value))


def _n(value: float) -> str:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
