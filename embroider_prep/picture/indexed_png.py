"""The indexed PNG between `quantize` and `digitize`: a picture that any paint program opens, and all the rest.

The palette holds the threads in their order and, last and transparent, the fabric. The scale stands in the pHYs chunk
(pixels per metre, rounded). A text chunk named ``embroider-prep`` holds JSON: ``schema``, ``px_per_mm``, ``width``,
``height``, ``fabric`` (its palette colour), ``guide`` (whether one was written) and ``threads``. A second one,
``embroider-prep guide``, holds the guide as three 8-bit planes (zlib, base64) with a digest of the labels. Drawings
have a third, ``embroider-prep contours``: ``drawn``, and ``lines``, each its width, strength and coordinates in mm.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from embroider_prep.design import FABRIC, Contour, Finding, Guide, IndexedImage, Thread
from embroider_prep.errors import InputError, PlanError
from embroider_prep.files import atomic_write, open_input
from embroider_prep.limits import MAX_WORKING_MEGAPIXELS
from embroider_prep.options import SizeOptions
from embroider_prep.picture.decode import read_image
from embroider_prep.picture.retouch import Sheet, match_colors
from embroider_prep.texts import json_text, parse_json

SCHEMA = 1
SHEET_KEY, GUIDE_KEY, CONTOURS_KEY = "embroider-prep", "embroider-prep guide", "embroider-prep contours"

SCREEN_PPM = (2834, 2835, 3779, 3780)
"""72 and 96 dots per inch: what paint programs write when nobody said anything."""

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    InputError,
    LookupError,
    PlanError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What a text chunk raises that was not written here."""

PLANES = 4
"""Of a guide: direction, coherence, weight, content."""

PPM_RANGE = (500, 50_000)
"""Pixels per metre that can be meant as a scale: 0.5 to 50 px per mm."""


def write_indexed(image: IndexedImage, path: str | Path, *, guide: Guide | None = None) -> None:
    """Write labels, threads, scale and guide as a PNG: whole, or not at all.

    The same input gives the same bytes. What `read_indexed` returns for the untouched file equals ``image`` and
    `guide_to_8bit` of ``guide``.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    height, width = image.labels.shape
    count = len(image.threads)
    fabric = _far_color(image.threads)
    table = np.arange(256, dtype=np.uint8)
    table[FABRIC] = count
    palette = Image.frombytes("P", (width, height), table[image.labels].tobytes())
    palette.putpalette([level for rgb in (*(t.rgb8 for t in image.threads), fabric) for level in rgb])
    sheet = {
        "schema": SCHEMA,
        "px_per_mm": float(image.px_per_mm),
        "width": width,
        "height": height,
        "fabric": list(fabric),
        "guide": guide is not None,
        "threads": [
            {
                "brand": thread.brand,
                "chart": thread.chart,
                "code": thread.code,
                "name": thread.name,
                "rgb": list(thread.rgb8),
                "weight": thread.weight_wt,
            }
            for thread in image.threads
        ],
    }
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(SHEET_KEY, json_text(sheet, indent=None))
    if guide is not None:
        # Packed here and not by the chunk: readers refuse compressed text that grows beyond 1 MB.
        chunks.add_text(GUIDE_KEY, _guide_text(guide, image.labels))
    if image.contours or image.drawn:
        chunks.add_text(CONTOURS_KEY, _contours_text(image))
    settings: dict[str, Any] = {"transparency": bytes([255] * count + [0]), "pnginfo": chunks}
    ppm = round(image.px_per_mm * 1000)
    if 0 < ppm < 1 << 31:
        settings["dpi"] = (ppm * 0.0254, ppm * 0.0254)
    with atomic_write(path) as file:
        palette.save(file, "PNG", **settings)


def read_indexed(
    path: str | Path | bytes | BinaryIO, *, chart: tuple[Thread, ...] = ()
) -> tuple[IndexedImage, Guide | None, tuple[Finding, ...]]:
    """Read an indexed PNG back, also after a paint program had it.

    Parameters
    ----------
    path : str, Path, bytes or binary stream
    chart : tuple of Thread
        Threads for colours that are new in the picture, or for all when the file has lost its list.

    Returns
    -------
    image : IndexedImage
    guide : Guide or None
        None when the file has none, or when the picture was cut or turned so that it no longer fits.
    findings : tuple of Finding
        ``colors-matched``, ``threads-lost``, ``picture-resized``, ``picture-cut``, ``picture-retouched``,
        ``guide-lost``, ``scale-missing``, ``scale-kept``: what differs from what was written, and what was made of it.

    Raises
    ------
    InputError
        When it is no PNG, or no picture in a few colours.
    """
    with open_input(path) as (file, where):
        if file.read(8) != b"\x89PNG\r\n\x1a\n":
            raise InputError(
                f"{where}: not an indexed PNG, which is what this step starts from",
                hint="make one from a picture with: embroider-prep quantize",
            )
        file.seek(0)
        picture = read_image(file, where, MAX_WORKING_MEGAPIXELS, formats=("Png",))
        text = dict(getattr(picture, "text", {}))
        dpi = picture.info.get("dpi")
        sheet = _read_sheet(text.get(SHEET_KEY))
        labels, threads, findings = match_colors(picture, where, sheet, chart)
        picture.close()
    ppm = None if dpi is None else round(dpi[0] / 0.0254)
    if sheet is None:
        px_per_mm, notes = _scale_of_unknown(ppm)
        image = IndexedImage(labels=labels, threads=threads, px_per_mm=px_per_mm)
        return image, None, (*findings, *notes)
    px_per_mm, fits, notes = _scale(sheet, labels.shape, ppm)
    image = IndexedImage(labels=labels, threads=threads, px_per_mm=px_per_mm)
    guide, digest = _read_guide(text.get(GUIDE_KEY))
    findings = (*findings, *notes)
    if not fits:
        return image, None, findings
    if CONTOURS_KEY in text:
        drawn, contours = _read_contours(text[CONTOURS_KEY])
        image = replace(image, drawn=drawn, contours=contours)
    if guide is None and sheet.guide:
        lost = "the guide is lost from the file: directions are taken from the shapes"
        remedy = "give the photo with --guide"
        findings = (*findings, Finding(code="guide-lost", severity="note", message=lost, remedy=remedy))
    if guide is not None and digest != _digest(labels) and labels.shape == (sheet.height, sheet.width):
        kept = "the picture was retouched; directions are still those of the photo"
        findings = (*findings, Finding(code="picture-retouched", severity="note", message=kept))
    return image, guide, findings


def _far_color(threads: tuple[Thread, ...]) -> tuple[int, int, int]:
    """Return the corner of the colour cube that is farthest from all threads, to know the fabric by without alpha."""
    corners = np.array(list(product((0, 255), repeat=3)))
    if not threads:
        return 255, 255, 255
    distance = ((corners[:, None] - np.array([thread.rgb8 for thread in threads])) ** 2).sum(axis=2).min(axis=1)
    red, green, blue = (int(level) for level in corners[int(distance.argmax())])
    return red, green, blue


def _digest(labels: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(repr(labels.shape).encode() + labels.tobytes()).hexdigest()


# ------------------------------------------------------------------ the list of threads


def _read_sheet(text: str | None) -> Sheet | None:
    """Return what the text chunk says, or None when it is not there, damaged or of a later schema."""
    try:
        data = parse_json(str(text), SHEET_KEY)
        threads = tuple(
            Thread(
                brand=str(item["brand"]),
                chart=str(item["chart"]),
                code=str(item["code"]),
                name=str(item["name"]),
                rgb8=tuple(item["rgb"]),
                weight_wt=int(item["weight"]),
            )
            for item in data["threads"]
        )
        red, green, blue = (int(level) for level in data["fabric"])
        sheet = Sheet(
            threads=threads,
            px_per_mm=float(data["px_per_mm"]),
            width=int(data["width"]),
            height=int(data["height"]),
            fabric=(red, green, blue),
            guide=bool(data["guide"]),
        )
        usable = data["schema"] == SCHEMA and len(threads) <= FABRIC and min(sheet.width, sheet.height) > 0
    except UNREADABLE:
        return None
    return sheet if usable and PPM_RANGE[0] <= sheet.px_per_mm * 1000 <= PPM_RANGE[1] else None


# ------------------------------------------------------------------ the scale


def _scale(sheet: Sheet, shape: tuple[int, ...], ppm: int | None) -> tuple[float, bool, tuple[Finding, ...]]:
    """Return px per mm, whether the picture still is what the guide belongs to, and findings."""
    height, width = shape
    sizes = f"the picture is {width} x {height} pixels, {sheet.width} x {sheet.height} were written"
    if (width, height) == (sheet.width, sheet.height):
        if ppm is None or ppm in SCREEN_PPM or abs(ppm / (1000 * sheet.px_per_mm) - 1) < 0.01:
            return sheet.px_per_mm, True, ()
        kept = f"the resolution was changed to {ppm / 1000:g} px per mm; the design stays {sheet.width_mm:.1f} mm wide"
        remedy = "give --width for another size"
        return sheet.px_per_mm, True, (Finding(code="scale-kept", severity="note", message=kept, remedy=remedy),)
    scale = width / sheet.width
    # Both sides were rounded to whole pixels; whatever is further off was cut or turned.
    if abs(height - sheet.height * scale) <= 1 + 0.5 * sheet.height / sheet.width:
        message = f"{sizes}: taken as resized, the design stays {sheet.width_mm:.1f} mm wide"
        resized = Finding(
            code="picture-resized", severity="note", message=message, remedy="give --width for another size"
        )
        return sheet.px_per_mm * scale, True, (resized,)
    message = f"{sizes}: taken as cut or turned, the scale stays {sheet.px_per_mm:g} px per mm, the guide is left out"
    cut = Finding(code="picture-cut", severity="note", message=message, remedy="give the photo with --guide")
    return sheet.px_per_mm, False, (cut,)


def _scale_of_unknown(ppm: int | None) -> tuple[float, tuple[Finding, ...]]:
    if ppm is not None and PPM_RANGE[0] <= ppm <= PPM_RANGE[1] and ppm not in SCREEN_PPM:
        return ppm / 1000, ()
    default = SizeOptions().px_per_mm
    missing = Finding(
        code="scale-missing",
        severity="warning",
        message=f"the picture does not say its scale; taken as {default:g} px per mm",
        remedy="give --width",
    )
    return default, (missing,)


# ------------------------------------------------------------------ the guide


def guide_to_8bit(guide: Guide) -> Guide:
    """Return the guide as an indexed PNG keeps it: angles in steps of 180/256 degrees, coherence in 255 steps.

    Weight takes the smallest power of two as its step for which 255 steps reach its maximum, so that 1 stays 1.
    Applied twice it changes nothing more.
    """
    return _from_planes(*_to_planes(guide), guide.px_per_mm)


def _to_planes(guide: Guide) -> tuple[npt.NDArray[np.uint8], float]:
    angle = np.round(np.nan_to_num(guide.angle_deg).astype(np.float64) * (256 / 180)) % 256
    coherence = np.round(np.clip(np.nan_to_num(guide.coherence), 0, 1) * np.float32(255))
    weight = np.clip(np.nan_to_num(guide.weight), 0, None).astype(np.float64)
    highest = float(weight.max()) if weight.size else 1.0
    step = 2.0 ** np.ceil(np.log2(max(highest, 1.0) / 255))
    planes = np.stack([angle, coherence, np.round(weight / step), guide.content]).astype(np.uint8)
    return planes, float(step)


def _from_planes(planes: npt.NDArray[np.uint8], weight_step: float, px_per_mm: float) -> Guide:
    values = planes.astype(np.float32)
    return Guide(
        angle_deg=values[0] * np.float32(180 / 256),
        coherence=values[1] / np.float32(255),
        weight=values[2] * np.float32(weight_step),
        content=planes[3],
        px_per_mm=px_per_mm,
    )


def _guide_text(guide: Guide, labels: npt.NDArray[np.uint8]) -> str:
    planes, step = _to_planes(guide)
    packed = base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")
    return json_text(
        {
            "schema": SCHEMA,
            "shape": list(planes.shape[1:]),
            "px_per_mm": float(guide.px_per_mm),
            "weight_step": step,
            "labels": _digest(labels),
            "planes": packed,
        },
        indent=None,
    )


def _contours_text(image: IndexedImage) -> str:
    lines = [
        [float(item.width_mm), float(item.strength), np.round(item.xy_mm, 2).reshape(-1).tolist()]
        for item in image.contours
    ]
    return json_text({"schema": SCHEMA, "drawn": image.drawn, "lines": lines}, indent=None)


def _read_contours(text: str) -> tuple[bool, tuple[Contour, ...]]:
    """Return whether the picture is a drawing, and its contours; none when they are damaged."""
    try:
        data = parse_json(str(text), CONTOURS_KEY)
        if data["schema"] != SCHEMA:
            return False, ()
        contours = tuple(
            Contour(width_mm=float(width), strength=float(strength), xy_mm=np.array(xy, np.float64).reshape(-1, 2))
            for width, strength, xy in data["lines"]
        )
        return bool(data["drawn"]), contours
    except UNREADABLE:
        return False, ()


def _read_guide(text: str | None) -> tuple[Guide | None, str]:
    """Return the guide and the digest of the labels that it belongs to; None when it is not there or damaged."""
    try:
        data = parse_json(str(text), GUIDE_KEY)
        height, width = (int(side) for side in data["shape"])
        count = PLANES * height * width
        # One byte more than is needed, so that a small text cannot unpack to gigabytes.
        flat = zlib.decompressobj().decompress(base64.b64decode(data["planes"]), count + 1)
        scales = float(data["weight_step"]), float(data["px_per_mm"])
        if data["schema"] != SCHEMA or len(flat) != count or not count or not all(0 < s < 1e6 for s in scales):
            return None, ""
        planes = np.frombuffer(flat, np.uint8).reshape(PLANES, height, width)
        return _from_planes(planes, *scales), str(data["labels"])
    except UNREADABLE:
        return None, ""
