"""ICC profiles, built here tag by tag, against the arithmetic they stand for."""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from embroider_prep.picture import load
from embroider_prep.picture.color_profile import to_srgb

Rgb8 = npt.NDArray[np.uint8]

D50 = (0.9642, 1.0, 0.8249)
# Colour matrices to XYZ, adapted to D50, columns red, green, blue (SMPTE EG 432-1; IEC 61966-2-1).
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*values)


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def profile(space: bytes, tags: dict[bytes, bytes], *, kind: bytes = b"mntr", between: bytes = b"XYZ ") -> bytes:
    text = b"made for a test\0"
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * (12 + 67)
    tags = {b"desc": desc, b"cprt": b"text\0\0\0\0" + text, b"wtpt": xyz(*D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x02100000, kind, space, between)
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(*D50)
    return head.ljust(128, b"\0") + table + body


def matrix_profile(matrix: npt.NDArray[np.float64], gamma: float) -> bytes:
    tags = {name: xyz(*column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)}
    return profile(b"RGB ", tags | {name: curve(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")})


def coded(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.fixture(scope="module")
def muted() -> Rgb8:
    """Colours of P3 that sRGB can show."""
    return np.random.default_rng(0).integers(70, 190, (32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_wide_gamut_photos_keep_their_colours(muted: Rgb8, kind: str) -> None:
    smooth = np.repeat(np.repeat(muted[:4, :4], 8, axis=0), 8, axis=1)
    file = io.BytesIO()
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True}
    Image.fromarray(smooth).save(file, kind, icc_profile=matrix_profile(P3, 2.2), **options)
    expected = coded((smooth / 255) ** 2.2 @ P3.T @ np.linalg.inv(SRGB).T)
    assert np.abs(load(file.getvalue()).rgb8 - expected).max() <= (5 if kind == "JPEG" else 1.5)
    assert np.abs(smooth - expected).max() > 10, "without the profile the colours would be wrong"


def test_alpha_is_no_colour(muted: Rgb8) -> None:
    file = io.BytesIO()
    rgba = np.dstack([muted, muted[..., 0]])
    Image.fromarray(rgba).save(file, "PNG", icc_profile=matrix_profile(P3, 2.2))
    picture = load(file.getvalue())
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, muted[..., 0])
    expected = coded((muted / 255) ** 2.2 @ P3.T @ np.linalg.inv(SRGB).T)
    assert np.abs(picture.rgb8 - expected).max() <= 1.5


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_with_a_profile(mode: str) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image.fromarray(grey)
    if mode == "LA":
        image.putalpha(77)
    file = io.BytesIO()
    image.save(file, "PNG", icc_profile=profile(b"GRAY", {b"kTRC": curve(1.8)}))
    rgb8 = load(file.getvalue()).rgb8
    expected = coded((grey[..., None] / 255) ** 1.8)
    assert np.abs(rgb8 - expected).max() <= 2
    assert np.abs(grey[..., None] - expected).max() > 10


def cmyk_profile() -> bytes:
    """Inks in a table of two steps each: full black is L* 0, full cyan, magenta and yellow take half the light each."""
    corners = [
        (0 if k else round(255 * 0.5 ** (c + m + y)), 128, 128)
        for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)
    ]  # fmt: skip
    ramp = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += ramp * 4 + b"".join(bytes(corner) for corner in corners) + ramp * 3
    return profile(b"CMYK", {b"A2B0": table, b"A2B1": table}, kind=b"prtr", between=b"Lab ")


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_with_a_profile(kind: str) -> None:
    inks = Image.fromarray(np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [255, 255, 0, 0]]] * 8, np.uint8), "CMYK")
    inks = inks.resize((48, 16), Image.Resampling.NEAREST)
    file = io.BytesIO()
    inks.save(file, kind, icc_profile=cmyk_profile(), quality=100, subsampling=0)
    seen = load(file.getvalue()).rgb8[8, [8, 24, 40]]
    # L* 100, 50, 25 are sRGB greys 255, 119, 59; without the profile, cyan would be blue-green.
    assert np.abs(seen.astype(int) - np.array([[255], [119], [59]])).max() <= 3


def test_srgb_under_any_name_needs_no_conversion() -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert to_srgb("RGB", plain) is None
    assert to_srgb("RGB", None) is None
    assert to_srgb("RGB", matrix_profile(P3, 2.2)) is not None
    assert to_srgb("RGB", matrix_profile(SRGB, 1.8)) is not None


@pytest.mark.parametrize("damaged", [b"", b"nonsense", matrix_profile(P3, 2.2)[:200], cmyk_profile()])
def test_damaged_and_foreign_profiles_are_left_aside(muted: Rgb8, damaged: bytes) -> None:
    file = io.BytesIO()
    Image.fromarray(muted).save(file, "PNG", icc_profile=damaged)
    assert np.array_equal(load(file.getvalue()).rgb8, muted)
