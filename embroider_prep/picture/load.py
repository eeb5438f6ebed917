"""A photograph from a file, a stream, an array or the samples: `load`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from embroider_prep.color import Rgb8
from embroider_prep.design import Finding
from embroider_prep.errors import InputError, closest
from embroider_prep.files import open_input
from embroider_prep.options import PictureOptions
from embroider_prep.picture.decode import check_pixels, decode, decode_image, from_16_bit

Mask8 = npt.NDArray[np.uint8]

SAMPLES = ("astronaut", "chelsea", "coffee")
"""Photos (CC0 or public domain) that scikit-image carries in its package; ``sample:NAME`` stands for one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A picture that has been read: upright, in sRGB, its arrays read-only.

    ``rgb8`` is (H, W, 3) uint8, sRGB. ``alpha`` is (H, W) uint8 (0: nothing there), or None when all pixels are
    opaque; colours below a transparent pixel are as the file has them. ``name`` is the file's name without its
    suffix, for results to be named after. ``findings`` is what was noticed while it was read.
    """

    rgb8: Rgb8
    alpha: Mask8 | None = None
    name: str = "picture"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb8", _frozen(self.rgb8, "rgb8", (*self.rgb8.shape[:2], 3)))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", _frozen(self.alpha, "alpha", self.rgb8.shape[:2]))


def _frozen(array: npt.NDArray[np.uint8], what: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.shape != shape or not array.size:
        raise InputError(f"{what}: {array.dtype} array of shape {array.shape}; allowed is uint8 of shape {shape}")
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


def load(
    source: str | Path | bytes | BinaryIO | Image | npt.NDArray[Any], options: PictureOptions | None = None
) -> Picture:
    """Return a picture upright and in sRGB, then cropped and turned as the options say.

    Parameters
    ----------
    source : str, Path, bytes, binary stream, Pillow image or array
        A file (JPEG, PNG, WebP, TIFF, BMP, GIF; AVIF with Pillow 11.3; HEIC with the extra ``heic``; the first frame),
        ``"-"`` for standard input, ``"sample:chelsea"`` (or ``astronaut``, ``coffee``), or an array (H, W) or
        (H, W, 1 | 3 | 4) of uint8, uint16, bool, or floats from 0 to 1; arrays are taken as sRGB.
    options : PictureOptions

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        When there is no picture, it is damaged, or larger than ``options.max_megapixels`` (checked before decoding).
    MissingExtra
        When it is HEIC and ``pillow-heif`` is not installed.

    Notes
    -----
    EXIF orientation is applied; an ICC profile is converted (relative colorimetric, black point compensation);
    16 bit becomes 8 bit.
    """
    o = options or PictureOptions()
    findings: tuple[Finding, ...] = ()
    if isinstance(source, Image):
        # In whatever mode: its palette, profile and turn count.
        name = Path(str(getattr(source, "filename", ""))).stem or "picture"
        check_pixels("picture", source.width, source.height, o.max_megapixels)
        rgb8, alpha = decode_image(source, "picture")
    elif not isinstance(source, str | Path | bytes) and hasattr(source, "__array__"):
        name = "picture"
        rgb8, alpha = _from_array(np.asarray(source), o.max_megapixels)
    else:
        name, found = file_of(source)
        with open_input(found) as (file, where):
            rgb8, alpha, findings = decode(file, where, o.max_megapixels)
    if isinstance(o.crop, tuple):
        # The words (subject, face, auto) need somebody who has looked: `embroider_prep.reading`.
        box = box_px(o.crop, rgb8)
        # A copy, so that the rest can be forgotten.
        rgb8, alpha = rgb8[box].copy(), None if alpha is None else alpha[box].copy()
    turns = {"90": cv2.ROTATE_90_CLOCKWISE, "180": cv2.ROTATE_180, "270": cv2.ROTATE_90_COUNTERCLOCKWISE}
    if o.rotate in turns:
        rgb8 = np.asarray(cv2.rotate(rgb8, turns[o.rotate]), np.uint8)
        alpha = None if alpha is None else np.asarray(cv2.rotate(alpha, turns[o.rotate]), np.uint8)
    if alpha is not None and int(alpha.min()) == 255:
        alpha = None
    for array in (rgb8, alpha):
        if array is not None:
            array.flags.writeable = False
    return Picture(rgb8=rgb8, alpha=alpha, name=name, findings=findings)


def file_of(source: Any) -> tuple[str, Any]:
    """Return the picture's name and the file, stream or path to open."""
    if isinstance(source, str) and source.startswith("sample:"):
        return source.removeprefix("sample:"), sample_file(source.removeprefix("sample:"))
    if isinstance(source, str | Path):
        return ("picture" if source == "-" else Path(source).stem), source
    if not isinstance(source, bytes | bytearray | memoryview) and not hasattr(source, "read"):
        raise InputError(
            f"picture: {type(source).__name__} is not accepted; allowed are a path, bytes, a binary stream, "
            "a Pillow image, an array",
            hint="numpy.asarray makes an array of most things",
        )
    path = getattr(source, "name", None)
    return (Path(path).stem if isinstance(path, str) and path else "picture"), source


def sample_file(name: str) -> Path:
    """Return the file of a sample photo; ``InputError`` when there is none of that name."""
    package = find_spec("skimage")
    if name not in SAMPLES or package is None or not package.submodule_search_locations:
        raise InputError(
            f"sample:{name}: there is no sample of that name; allowed: {', '.join(SAMPLES)}",
            hint=closest(name, SAMPLES, otherwise=""),
        )
    return Path(package.submodule_search_locations[0]) / "data" / f"{name}.png"


def _from_array(array: npt.NDArray[Any], max_megapixels: float) -> tuple[Rgb8, Mask8 | None]:
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,), (4,)) or not array.size:
        raise InputError(
            f"array of shape {array.shape}; allowed are (H, W) and (H, W, 1 | 3 | 4) with at least one pixel",
            hint="axes are rows, columns, channels" if array.ndim != 2 else "",
        )
    check_pixels("array", array.shape[1], array.shape[0], max_megapixels)
    if array.dtype == bool:
        array8 = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint8:
        array8 = array.copy() if array.flags.writeable else array
    elif array.dtype == np.uint16:
        array8 = from_16_bit(array)
    elif array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        # Rounding in the caller's arithmetic may step over the ends by very little.
        if not (low >= -1e-3 and high <= 1 + 1e-3):
            hint = "divide by 255" if 1 < high <= 255 and low >= 0 else "scale it to 0 to 1"
            raise InputError(f"array of floats from {low:g} to {high:g}; allowed are 0 to 1", hint=hint)
        array8 = np.round(np.clip(array, 0, 1) * 255).astype(np.uint8)
    else:
        raise InputError(
            f"array of {array.dtype}; allowed are uint8, uint16, bool, and floats from 0 to 1",
            hint="array.astype('uint8')" if array.dtype.kind in "iu" else "",
        )
    if array8.ndim == 2 or array8.shape[2] == 1:
        return np.repeat(array8.reshape(*array8.shape[:2], 1), 3, axis=2), None
    if array8.shape[2] == 4:
        return np.ascontiguousarray(array8[..., :3]), np.ascontiguousarray(array8[..., 3])
    return np.ascontiguousarray(array8), None


def box_px(crop: tuple[float, float, float, float], rgb8: Rgb8) -> tuple[slice, slice]:
    """Return the rows and columns of a box given as shares: at least one of each."""
    spans = []
    for low, high, count in ((crop[1], crop[3], rgb8.shape[0]), (crop[0], crop[2], rgb8.shape[1])):
        first = min(round(low * count), count - 1)
        spans.append(slice(first, max(first + 1, round(high * count))))
    return spans[0], spans[1]
