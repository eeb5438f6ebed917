"""A photo on its way to the working size: read, cropped, turned, mended, laid over the fabric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from embroider_prep.checked import parse_color
from embroider_prep.color import Rgb8
from embroider_prep.design import Finding
from embroider_prep.errors import InputError
from embroider_prep.options import ConvertOptions, PictureOptions
from embroider_prep.picture import Picture, load, mend, over_color, to_working_size
from embroider_prep.sizing import check_sides, field_for

Source = str | Path | bytes | BinaryIO | npt.NDArray[Any]

MIN_SIDE_PX = 8
"""A picture with fewer pixels on a side shows nothing."""

ENOUGH_PX_PER_MM = 2.0
"""Half a millimetre is about the smallest thing that can be sewn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Working:
    """A photo at its working size: ``rgb8`` (H, W, 3), and ``alpha`` (H, W) or None."""

    name: str
    rgb8: Rgb8
    alpha: npt.NDArray[np.uint8] | None
    findings: tuple[Finding, ...] = ()


def read_photo(source: Source, options: PictureOptions) -> tuple[Picture, tuple[Finding, ...]]:
    """Return a picture as the options want it, at its own size, and what was done to it."""
    picture = load(source, options)
    return (picture, ()) if options.fix == "off" else mend(picture)


def read_unsized(source: Source, options: ConvertOptions) -> Working:
    """Read a picture at its own size; see-through pixels are laid over the fabric."""
    picture, findings = read_photo(source, options.picture)
    rgb8 = picture.rgb8
    if picture.alpha is not None:
        # Colours below transparent pixels are often garbage, which a style would draw contours around.
        rgb8 = over_color(rgb8, picture.alpha, parse_color(options.quantize.fabric or "white"))
    return Working(name=picture.name, rgb8=rgb8, alpha=picture.alpha, findings=findings)


def read_working(source: Source, options: ConvertOptions) -> Working:
    """Read a picture and bring it to its working size; see-through pixels are laid over the fabric."""
    size = options.size
    whole = read_unsized(source, options)
    rows, columns = whole.rgb8.shape[:2]
    if min(rows, columns) < MIN_SIDE_PX:
        where = source if isinstance(source, str | Path) else whole.name
        raise InputError(
            f"{where}: {columns} x {rows} pixels; allowed are {MIN_SIDE_PX} or more on each side",
            hint="there is nothing to see in it: use a larger picture, or a larger --crop",
        )
    field_mm = field_for(columns, rows, options.write)
    check_sides(columns, rows, size, field_mm)

    def at_size(pixels: Rgb8) -> Rgb8:
        width, height, scale = size.width_mm, size.height_mm, size.px_per_mm
        return to_working_size(pixels, width_mm=width, height_mm=height, within_mm=field_mm, px_per_mm=scale)

    working, alpha = at_size(whole.rgb8), None if whole.alpha is None else at_size(whole.alpha)
    own = columns / working.shape[1] * size.px_per_mm
    few = Finding(
        code="few-pixels",
        severity="warning",
        message=f"the picture has {own:.1f} pixels per mm of the design; details need {ENOUGH_PX_PER_MM:g} or more",
        remedy="use a larger picture or a smaller --width",
    )
    findings = (*whole.findings, few) if own < ENOUGH_PX_PER_MM else whole.findings
    return Working(name=whole.name, rgb8=working, alpha=alpha, findings=findings)


def read_subject(options: ConvertOptions, shape: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
    """Return what ``background_mask`` says is sewn, (H, W) bool; None without one."""
    if options.quantize.background_mask is None:
        return None
    return read_fitting(options.quantize.background_mask, shape, PictureOptions(fix="off")).max(axis=2) >= 128


def read_fitting(source: Source, shape: tuple[int, ...], options: PictureOptions) -> Rgb8:
    """Read a second picture of the same thing and bring it to ``shape`` (H, W)."""
    import cv2

    picture, _ = read_photo(source, options)
    height, width = picture.rgb8.shape[:2]
    if abs(width / height * shape[0] / shape[1] - 1) > 0.02:
        where = source if isinstance(source, str | Path) else picture.name
        raise InputError(
            f"{where}: {width} x {height} pixels is another shape than the picture's {shape[1]} x {shape[0]}",
            hint="make it from the same picture, cropped and turned alike",
        )
    return cv2.resize(picture.rgb8, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).reshape(shape[0], shape[1], 3)
