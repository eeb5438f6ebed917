"""Photo to stitches: the selected picture becomes layers that lie exactly on it."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import numpy as np

from embroider_prep.design import Box
from embroider_prep.errors import InputError
from embroider_prep.inkscape.document import Document
from embroider_prep.svg.areas import polygons_of
from embroider_prep.svg.names import XLINK
from embroider_prep.svg.path_data import Polyline, shape_of
from embroider_prep.svg.place import Matrix, apply, chain, parse_length, parse_transform
from embroider_prep.svg.style import parse_declarations
from embroider_prep.svg.xml import Element

# A clip this near to its own box is a rectangle.
RECTANGLE = 0.999


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A picture of the drawing: ``box`` is the part that is shown, shares of the file's picture.

    ``matrix`` puts a square of side 1 onto that part, in the drawing's units.
    """

    pixels: Any
    box: Box
    matrix: Matrix


def find_picture(document: Document, ids: Sequence[str]) -> Element:
    """Return the picture that is selected, alone or in a group; the only one of the drawing when nothing is selected.

    Raises
    ------
    InputError
        When there is none, or more than one.
    """
    chosen = [document.ids[name] for name in ids if name in document.ids]
    below = chosen or [document.top]
    found = {id(item): item for top in below for item in top.walk() if item.name == "image"}
    pictures = [item for item in found.values() if item.get("role", "urn:embroider-prep:drawing") != "below"]
    if len(pictures) != 1:
        what = "no picture is selected" if not pictures else f"{len(pictures)} pictures are there"
        if chosen and pictures:
            what = f"{len(pictures)} pictures are selected"
        raise InputError(f"{what}; one is needed", hint="select one picture, then call it again")
    return pictures[0]


def place_picture(document: Document, image: Element) -> Placed:
    """Return a picture with the part of it that is shown, and where.

    Raises
    ------
    InputError
        When it cannot be read, or is clipped by something else than a rectangle.
    """
    from embroider_prep.picture import load

    pixels = load(_file(document, image))
    rows, columns = pixels.rgb8.shape[:2]
    sides = {name: parse_length(image.get(name)) for name in ("x", "y", "width", "height")}
    x, y = sides["x"] or 0.0, sides["y"] or 0.0
    w, h = sides["width"], sides["height"]
    if w is None and h is None:
        w, h = float(columns), float(rows)
    wide = w if w is not None else (h or 0.0) * columns / rows
    high = h if h is not None else (w or 0.0) * rows / columns
    if wide <= 0 or high <= 0:
        raise InputError("the picture has no size in the drawing", hint="make it larger")
    left, top, right, bottom = _fitted(image, (x, y, wide, high), columns / rows)
    shown = (max(left, x), max(top, y), min(right, x + wide), min(bottom, y + high))
    clip = _clip(document, image)
    if clip is not None:
        shown = (max(shown[0], clip[0]), max(shown[1], clip[1]), min(shown[2], clip[2]), min(shown[3], clip[3]))
    if shown[0] >= shown[2] or shown[1] >= shown[3]:
        raise InputError("nothing of the picture is seen: its clip lies beside it", hint="release the clip")
    box = (
        (shown[0] - left) / (right - left),
        (shown[1] - top) / (bottom - top),
        (shown[2] - left) / (right - left),
        (shown[3] - top) / (bottom - top),
    )
    part = np.array([[shown[2] - shown[0], 0, shown[0]], [0, shown[3] - shown[1], shown[1]]])
    return Placed(pixels=pixels, box=_within(box), matrix=chain(document.user_matrix(image), part))


def _within(box: Box) -> Box:
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in box)
    return left, top, right, bottom


def _fitted(image: Element, box: tuple[float, float, float, float], shape: float) -> Box:
    """Return left, top, right, bottom of a picture in its box: https://www.w3.org/TR/SVG2/coords.html"""
    x, y, w, h = box
    words = (image.get("preserveAspectRatio") or "xMidYMid meet").split()
    if "none" in words:
        return x, y, x + w, y + h
    align = next((word for word in words if word.startswith("x")), "xMidYMid")
    whole = (w / h > shape) != ("slice" in words)
    wide, high = (h * shape, h) if whole else (w, w / shape)
    share = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    left, top = x + (w - wide) * share.get(align[1:4], 0.5), y + (h - high) * share.get(align[5:8], 0.5)
    return left, top, left + wide, top + high


def _clip(document: Document, image: Element) -> Box | None:
    """Return the rectangle to which a picture is clipped, in its own units."""
    text = parse_declarations(image.get("style")).get("clip-path") or image.get("clip-path") or "none"
    if text == "none":
        return None
    clip = document.ids.get(text.partition("#")[2].rstrip(")\"' "))
    if clip is None:
        return None
    names = ("x", "y", "width", "height", "rx", "ry", "r", "cx", "cy")
    areas = []
    for child in clip.children:
        lengths = {key: value for key in names if (value := parse_length(child.get(key))) is not None}
        at = chain(parse_transform(clip.get("transform")), parse_transform(child.get("transform")))
        areas += polygons_of(
            [Polyline(xy=apply(at, line.xy), closed=True) for line in shape_of(child, lengths, 0.05)], "nonzero"
        )
    if len(areas) == 1:
        left, top, right, bottom = areas[0].bounds
        if areas[0].area >= RECTANGLE * (right - left) * (bottom - top):
            return float(left), float(top), float(right), float(bottom)
    raise InputError(
        "the picture is clipped by a shape that is no rectangle", hint="release the clip, or clip it with a rectangle"
    )


def _file(document: Document, image: Element) -> bytes | Path:
    """Return the picture's file: embedded, or beside the drawing; nothing is fetched."""
    address = image.get("href") or image.get("href", XLINK) or ""
    if address.startswith("data:"):
        head, _, body = address.partition(",")
        try:
            return base64.b64decode(body, validate=False) if ";base64" in head else unquote(body).encode("latin-1")
        except (binascii.Error, ValueError, UnicodeEncodeError) as error:
            raise InputError(
                f"the embedded picture is damaged: {error}", hint="put it into the drawing again"
            ) from error
    parts = urlsplit(address)
    if parts.scheme not in ("", "file") and len(parts.scheme) > 1:
        raise InputError(
            f"the picture lies at an address ({parts.scheme}:), which is not fetched", hint="save it beside the drawing"
        )
    name = Path(url2pathname(parts.path) if parts.scheme == "file" else unquote(address))
    # Inkscape writes addresses relative to the temporary file that it hands over.
    folders = [document.path.parent]
    if os.environ.get("DOCUMENT_PATH"):
        folders.append(Path(os.environ["DOCUMENT_PATH"]).parent)
    for folder in folders:
        try:
            if (folder / name).is_file():
                return folder / name
        except (OSError, ValueError):
            break
    raise InputError(
        f"the picture {name.name or address[:60]!r} is not where the drawing says", hint="embed it, or link it again"
    )


def convert_picture(document: Document, ids: Sequence[str], settings: Mapping[str, str]) -> bytes:
    """Return the drawing with the selected picture's stitches on it."""
    from PIL import Image

    from embroider_prep.options import ConvertOptions
    from embroider_prep.pipeline import convert

    placed = place_picture(document, find_picture(document, ids))
    scale = document.mm_per_unit
    width_mm, height_mm = (float(np.hypot(*placed.matrix[:, i])) * scale for i in (0, 1))
    rgb8, alpha = placed.pixels.rgb8, placed.pixels.alpha
    rows, columns = rgb8.shape[:2]
    top, bottom = round(placed.box[1] * rows), max(round(placed.box[3] * rows), round(placed.box[1] * rows) + 1)
    left, right = (
        round(placed.box[0] * columns),
        max(round(placed.box[2] * columns), round(placed.box[0] * columns) + 1),
    )
    cut = rgb8[top:bottom, left:right] if alpha is None else np.dstack([rgb8, alpha])[top:bottom, left:right]
    # A picture that is stretched in the drawing is sewn as it looks there.
    stretched = height_mm / width_mm * cut.shape[1] / cut.shape[0]
    if abs(stretched - 1) > 0.002:
        size = (cut.shape[1], max(1, round(cut.shape[0] * stretched)))
        if stretched < 1:
            size = (max(1, round(cut.shape[1] / stretched)), cut.shape[0])
        cut = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.LANCZOS))
    asked = float(settings.get("width_mm") or 0)
    wanted = asked if asked > 0 else width_mm
    # The whole of it: a frame that is cut off would lie beside the picture.
    values: dict[str, Any] = {"width_mm": wanted, "crop": (0.0, 0.0, 1.0, 1.0)}
    for name in ("chart", "look", "style", "background", "machine", "hoop", "svg"):
        if settings.get(name):
            values[name] = settings[name]
    if settings.get("threads"):
        values["threads"] = int(float(settings["threads"]))
    made = convert(np.ascontiguousarray(cut), ConvertOptions().with_values(values))
    # The design's millimetres, its middle on that of the picture; turned and mirrored as the picture is.
    middle = placed.matrix @ np.array([0.5, 0.5, 1.0])
    axes = placed.matrix[:, :2] / np.hypot(*placed.matrix[:, :2])[None] / scale
    matrix = np.column_stack([axes, middle])
    return document.with_plan(made.plan, matrix, show=str(values.get("svg", "both")), label="Embroidery")
