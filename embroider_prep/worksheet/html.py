"""The work sheet as one HTML page that needs nothing else: its picture and drawing are in it."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from embroider_prep.design import Thread
from embroider_prep.report import minutes_text
from embroider_prep.worksheet.content import MARGIN_PAPER_MM, Hooping, Sheet

_STYLE = """
@page { margin: %MARGINmm; }
* { box-sizing: border-box; }
body { font: 10pt/1.35 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #222; max-width: 190mm;
  margin: 8mm auto; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 16pt; margin: 0 0 3mm; }
h2 { font-size: 11pt; margin: 6mm 0 2mm; break-after: avoid; }
h3 { font-size: 10pt; margin: 4mm 0 1mm; break-after: avoid; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: 8pt; color: #555; margin-top: 1mm; }
.top, .facts { display: flex; flex-wrap: wrap; align-items: flex-start; break-inside: avoid; }
.top { gap: 4mm 6mm; }
/* Beside the picture where it leaves the room, else below it. */
.facts { gap: 4mm 8mm; flex: 1 1 76mm; }
dl { display: grid; grid-template-columns: max-content auto; gap: .6mm 4mm; margin: 0; flex: 1 1 74mm; }
dt { color: #666; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; border-bottom: .4mm solid #444; padding: 1mm 2mm; }
td { border-bottom: .2mm solid #ccc; padding: 1mm 2mm; } tr { break-inside: avoid; }
thead { display: table-header-group; }
.r { text-align: right; font-variant-numeric: tabular-nums; }
.spools { columns: 2; column-gap: 8mm; list-style: none; padding: 0; margin: 0; }
.spools li { display: flex; gap: 3mm; align-items: center; border-bottom: .2mm solid #ccc; padding: 1mm;
  break-inside: avoid; }
.spools span:last-child { margin-left: auto; }
.findings li { overflow-wrap: anywhere; }
.swatch { display: inline-block; width: 9mm; height: 4.5mm; border: .2mm solid #888; vertical-align: middle; }
.box { display: inline-block; width: 3.6mm; height: 3.6mm; border: .3mm solid #666; vertical-align: middle; }
.error { color: #b00020; } .warning { color: #a35a00; } .note { color: #1e5aa8; }
@media print { body { margin: 0; max-width: none; } }
"""


def to_html(sheet: Sheet) -> str:
    """Return a work sheet as HTML; it prints on A4 and Letter alike."""
    picture = b64encode(sheet.picture_jpeg).decode("ascii")
    width, height = sheet.picture_mm
    size = "true size" if sheet.picture_scale == 1 else f"{sheet.picture_scale:.0%} of its true size"
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in sheet.facts)
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="generator" content="embroider-prep">',
        f"<title>{escape(sheet.title)}: work sheet</title>",
        f"<style>{_STYLE.replace('%MARGIN', f'{MARGIN_PAPER_MM:g}')}</style></head><body>",
        f"<h1>{escape(sheet.title)}</h1>",
        '<div class="top"><figure><img alt="Picture of the stitches" '
        f'style="width:{width:.2f}mm;height:{height:.2f}mm" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption>The stitches at {size}; print at 100 %.</figcaption></figure>",
        f'<div class="facts"><dl>{facts}</dl>{hoop_drawing(sheet)}</div></div>',
        "<h2>Colours in sewing order</h2>",
        *(_rows(hooping, sheet) for hooping in sheet.hoopings),
        _spools(sheet),
        _findings(sheet),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _swatch(thread: Thread) -> str:
    return f'<span class="swatch" style="background:{thread.hex}"></span>'


def _rows(hooping: Hooping, sheet: Sheet) -> str:
    body = "".join(
        f'<tr><td><span class="box"></span></td><td class="r">{row.number}</td><td>{_swatch(row.thread)}</td>'
        f"<td>{escape(row.thread.brand)}</td><td>{escape(row.thread.code)}</td><td>{escape(row.thread.name)}</td>"
        f'<td class="r">{row.stitches:,}</td><td class="r">{row.metres:.1f} m</td>'
        f'<td class="r">{minutes_text(row.minutes)}</td></tr>'
        for row in hooping.rows
    )
    heading = f"<h3>{escape(hooping.title)}</h3>" if len(sheet.hoopings) > 1 else ""
    return (
        f"{heading}<table><thead><tr><th></th><th class='r'>#</th><th></th><th>Maker</th>"
        "<th>Number</th><th>Name</th><th class='r'>Stitches</th><th class='r'>Thread</th><th class='r'>Time</th></tr>"
        f"</thead><tbody>{body}</tbody></table>"
    )


def _spools(sheet: Sheet) -> str:
    if len(sheet.spools) == len(sheet.rows):
        return ""
    body = "".join(
        f"<li>{_swatch(thread)}<span>{escape(str(thread))}</span><span>{metres:.1f} m</span></li>"
        for thread, metres in sheet.spools
    )
    return f'<h2>Spools</h2><ul class="spools">{body}</ul>'


def _findings(sheet: Sheet) -> str:
    if not sheet.findings:
        return ""
    items = "".join(
        f'<li><b class="{item.severity}">{item.severity}</b> {escape(item.message)}'
        + (f" at ({item.at_mm[0]:.1f}, {item.at_mm[1]:.1f}) mm" if item.at_mm else "")
        + (f"; {escape(item.remedy)}" if item.remedy else "")
        + "</li>"
        for item in sheet.findings
    )
    return f'<h2>Findings</h2><ul class="findings">{items}</ul>'


def hoop_drawing(sheet: Sheet, *, room_mm: float = 52.0) -> str:
    """Return an SVG drawing of the hoop with the design's outline in it, at a scale that fits a corner of the page."""
    if sheet.hoop is None:
        return ""
    hoop, (width, height) = sheet.hoop, sheet.size_mm
    left, top, right, bottom = sheet.hoop_view_mm
    scale = room_mm / max(right - left, bottom - top)
    rim = 6.0
    box_width, box_height = right - left + 2 * rim, bottom - top + 2 * rim
    field_width, field_height = hoop.field_mm
    hoops = "".join(
        f'<rect x="{x - hoop.width_mm / 2 - rim / 2:.2f}" y="{y - hoop.height_mm / 2 - rim / 2:.2f}" '
        f'width="{hoop.width_mm + rim:g}" height="{hoop.height_mm + rim:g}" rx="{rim:g}" stroke="#999" '
        f'stroke-width="{rim * 0.7:g}" opacity="0.35"/>'
        f'<rect x="{x - field_width / 2:.2f}" y="{y - field_height / 2:.2f}" width="{field_width:g}" '
        f'height="{field_height:g}" stroke="#1e6ec8"/>'
        for x, y in (hooping.center_mm for hooping in sheet.hoopings)
    )
    if len(sheet.hoopings) == 1:
        x, y = field_width / 2, field_height / 2
        inside = (
            f'<path d="M {-x:g},0 H {x:g} M 0,{-y:g} V {y:g}" '
            f'stroke="#1e6ec8" stroke-dasharray="{2 / scale:.2f} {1.5 / scale:.2f}" opacity="0.7"/>'
        )
    else:
        inside = "".join(
            f'<text x="{x:.2f}" y="{y:.2f}" font-size="{4.5 / scale:.2f}" text-anchor="middle" '
            f'dominant-baseline="central" fill="#222" stroke="none">{number}</text>'
            for number, (x, y) in enumerate((hooping.center_mm for hooping in sheet.hoopings), 1)
        )
    return (
        f'<figure><svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="The design in its hoop" '
        f'width="{box_width * scale:.2f}mm" height="{box_height * scale:.2f}mm" '
        f'viewBox="{left - rim:.2f} {top - rim:.2f} {box_width:.2f} {box_height:.2f}" fill="none" '
        f'stroke-width="{0.35 / scale:.3f}">{hoops}'
        f'<rect x="{-width / 2:.2f}" y="{-height / 2:.2f}" width="{width:.2f}" height="{height:.2f}" stroke="#222" '
        f'fill="#00000010"/>{inside}'
        f"</svg><figcaption>{escape(sheet.hoop_caption)}</figcaption></figure>"
    )
