"""Picture files to arrays: every kind of pixel that Pillow reads becomes 8-bit sRGB and an alpha plane."""

from __future__ import annotations

import logging
import struct
import warnings
from importlib import import_module
from pathlib import PurePath
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from embroider_prep.color import Rgb8
from embroider_prep.design import Finding
from embroider_prep.errors import InputError, MissingExtra
from embroider_prep.picture.color_profile import to_srgb
from embroider_prep.picture.unended import read_unended

Mask8 = npt.NDArray[np.uint8]

FORMATS = ("Jpeg", "Png", "WebP", "Tiff", "Bmp", "Gif", "Avif")
"""Pillow's readers that are let in; the others (EPS calls Ghostscript, for one) are nothing a photo comes in."""

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
HEIF_BRANDS = (b"mif1", b"msf1")
"""File type brands of ISO/IEC 23008-12; the general ones may also hold AVIF, which Pillow reads itself."""

GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
DEEP_MODES = GREY_MODES[4:]

OTHER_KINDS = {
    "a camera's raw file": (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"),
    "a drawing": (".ai", ".eps", ".pdf", ".ps", ".svg"),
    "a stitch file": (".dst", ".exp", ".hus", ".jef", ".pec", ".pes", ".sew", ".vp3", ".xxx"),
}

STARTS = {
    "a Photoshop document": (b"8BPS",),
    "a JPEG XL picture": (b"\xff\x0a", b"\0\0\0\x0cJXL "),
    "a JPEG 2000 picture": (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "),
    "a GIMP picture": (b"gimp xcf",),
    "an OpenEXR picture": (b"\x76\x2f\x31\x01",),
    "a Radiance picture": (b"#?RADIANCE", b"#?RGBE"),
    "a Windows icon": (b"\0\0\1\0", b"\0\0\2\0"),
    "a metafile": (b"\xd7\xcd\xc6\x9a",),
    "a drawing": (b"%PDF-", b"%!PS", b"<svg", b"<?xml"),
    "an archive": (b"PK\3\4", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"),
    "a page": (b"<!doctype html", b"<!DOCTYPE html", b"<html"),
}
"""How files begin that people take for pictures; whatever their names say. Sources: the formats' own descriptions and
https://en.wikipedia.org/wiki/List_of_file_signatures."""

# Pillow logs what it also raises; without a handler of anybody's Python prints that to standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())

DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow's readers raise for files that break their format."""

STRIP_PIXELS = 1 << 19
"""Pixels converted at a time: what lies beside the decoded picture and the result stays under 10 MB."""


_UNENDED = Finding(
    code="photo-unended",
    severity="warning",
    message="the last bytes of the photo's file are missing; all that can be seen is there",
    remedy="copy the photo again",
)


def decode(file: BinaryIO, where: str, max_megapixels: float) -> tuple[Rgb8, Mask8 | None, tuple[Finding, ...]]:
    """Return (H, W, 3) uint8 sRGB and the alpha plane (None when the file has none), upright, and what was noticed.

    Parameters
    ----------
    file : binary file, seekable
    where : str
        Name for messages.
    max_megapixels : float
        Larger pictures are refused before they are decoded.
    """
    image = read_image(file, where, max_megapixels)
    rgb8, alpha = decode_image(image, where)
    findings = (_UNENDED,) if image.info.get("unended") else ()
    image.close()
    return rgb8, alpha, findings


def decode_image(image: Image.Image, where: str) -> tuple[Rgb8, Mask8 | None]:
    """Return the planes of a picture that Pillow has opened, as `decode` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image.load()
        except DAMAGE as error:
            raise _damaged(where, error) from error
        try:
            orientation = image.getexif().get(0x0112, 1)
        except DAMAGE:
            orientation = 1
        rgb8, alpha = _planes(image, where)
    return _upright(rgb8, orientation), None if alpha is None else _upright(alpha, orientation)


def read_image(file: BinaryIO, where: str, max_megapixels: float, *, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Return the picture as Pillow decodes it, or raise ``InputError`` in one line."""
    with warnings.catch_warnings():
        # Pillow's remarks about odd metadata, and its own size guard, which ours replaces.
        warnings.simplefilter("ignore")
        image = _open(file, where, formats)
        check_pixels(where, image.width, image.height, max_megapixels)
        try:
            image.load()
        except DAMAGE as error:
            whole = read_unended(file) if image.format == "JPEG" else None
            if whole is None:
                raise _damaged(where, error) from error
            whole.info["unended"] = True
            return whole
        except Image.DecompressionBombError as error:
            raise InputError(f"{where}: {error}", hint="scale it down") from error
    return image


def check_pixels(where: str, width: int, height: int, max_megapixels: float) -> None:
    """Raise ``InputError`` when a picture is larger than allowed."""
    if width * height > max_megapixels * 1e6:
        raise InputError(
            f"{where}: {width} x {height} pixels are {width * height / 1e6:.1f} megapixels; "
            f"allowed are at most {max_megapixels:g}",
            hint="scale it down, or raise max_megapixels",
        )


def _open(file: BinaryIO, where: str, formats: tuple[str, ...]) -> Image.Image:
    """Read the header only. Pillow's `Image.open` would try every format, and refuse sizes that we may allow."""
    start = file.read(64)
    if start[4:8] == b"ftyp" and (start[8:12] in HEIC_BRANDS or (start[8:12] in HEIF_BRANDS and b"avif" not in start)):
        formats = ("Heif",)
        _register_heif(where)
    for name in formats:
        try:
            if name != "Heif":
                import_module(f"PIL.{name}ImagePlugin")
            factory, accept = Image.OPEN[name.upper()]
        except (ImportError, KeyError):
            continue
        verdict = accept is None or accept(start[:16])
        if isinstance(verdict, str):
            raise InputError(f"{where}: {name} cannot be read by this build of Pillow: {verdict}")
        if verdict:
            try:
                file.seek(0)
                return factory(file, "")
            except DAMAGE as error:
                raise _damaged(where, error) from error
            except Image.DecompressionBombError as error:
                raise InputError(f"{where}: {error}", hint="scale it down") from error
    suffix = PurePath(where).suffix.lower()
    kind = next((kind for kind, starts in STARTS.items() if start.lstrip(b"\xef\xbb\xbf \r\n").startswith(starts)), "")
    # Its name tells more of a camera's file or a stitch file than its first bytes.
    kind = next((kind for kind, suffixes in OTHER_KINDS.items() if suffix in suffixes), kind)
    raise InputError(
        f"{where}: {kind or 'not a picture'}; allowed are JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC",
        hint="embroider-prep preview shows it" if "stitch" in kind else "export it as JPEG or PNG",
    )


def _register_heif(where: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise MissingExtra(
            f"{where}: HEIC pictures need the package pillow-heif",
            hint="pip install 'embroider-prep[heic]', or export it as JPEG",
        ) from error
    register_heif_opener()


def _damaged(where: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(
        f"{where}: damaged, incomplete or of a rare kind: {reason}", hint="copy it again, or save it again as PNG"
    )


def from_16_bit(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Return 8-bit levels of 16-bit ones, rounded to nearest: 65535 is 255."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _planes(image: Image.Image, where: str) -> tuple[Rgb8, Mask8 | None]:
    """Convert strip by strip, so that only the decoded picture and the result are whole in memory."""
    kind = "L" if image.mode in GREY_MODES else image.mode if image.mode in ("CMYK", "LAB") else "RGB"
    profile = to_srgb(kind, image.info.get("icc_profile"))
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and max(clear) > 255:
        # The transparent colour of a 16-bit PNG, whose pixels Pillow reads as their upper bytes.
        image = image.copy()
        image.info["transparency"] = tuple(level >> 8 for level in clear)
    if image.mode in ("I", "F"):
        _check_range(image, where)
    rgb8 = np.empty((image.height, image.width, 3), np.uint8)
    alpha = np.empty(rgb8.shape[:2], np.uint8) if image.has_transparency_data else None
    step = max(1, STRIP_PIXELS // image.width)
    for top in range(0, image.height, step):
        rows = slice(top, top + step)
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        if image.mode in DEEP_MODES:
            values = np.asarray(strip)
            if alpha is not None:
                alpha[rows] = np.where(values == clear, 0, 255)
            strip = Image.fromarray(_levels(values))
        elif alpha is not None:
            strip = strip.convert("LA" if image.mode == "La" else "RGBA").convert("RGBA")
            alpha[rows] = np.asarray(strip)[..., 3]
        rgb8[rows] = _srgb(strip, kind, profile)
    return rgb8, alpha


def _srgb(strip: Image.Image, kind: str, profile: ImageCms.ImageCmsTransform | None) -> Rgb8:
    if profile is not None:
        flat = strip.getchannel(0) if kind == "L" and strip.mode == "RGBA" else strip.convert(kind)
        strip = ImageCms.applyTransform(flat, profile) or flat
    return np.asarray(strip.convert("RGB"))


def _check_range(image: Image.Image, where: str) -> None:
    low, high = (float(value) for value in image.getextrema()[:2])  # type: ignore[arg-type]
    limit = 65535 if image.mode == "I" else 1
    if not (low >= 0 and high <= limit):
        raise InputError(
            f"{where}: pixels from {low:g} to {high:g}; allowed are 0 to {limit} in a picture of this kind",
            hint="save it with 8 or 16 bits per channel",
        )


def _levels(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    if values.dtype.kind == "f":
        return np.round(np.nan_to_num(values.astype(np.float32)) * 255).astype(np.uint8)
    return from_16_bit(values.astype(np.uint16))


def _upright(image: npt.NDArray[np.uint8], orientation: object) -> npt.NDArray[np.uint8]:
    """Undo the turn that a camera notes in EXIF tag 0x0112 (1 to 8; anything else means none)."""
    if orientation in (5, 7):
        image = cv2.transpose(image)
    if orientation in (2, 3, 4, 7):
        image = cv2.flip(image, {2: 1, 4: 0}.get(orientation, -1))
    if orientation in (6, 8):
        image = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE if orientation == 6 else cv2.ROTATE_90_COUNTERCLOCKWISE)
    return image
