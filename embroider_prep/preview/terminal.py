"""Pictures in a terminal: by its own protocol where it has one, else two coloured dots in each letter's place."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping

import cv2
import numpy as np
from PIL import Image

from embroider_prep.color import Rgb8
from embroider_prep.errors import OptionsError

CHUNK = 4096
"""Most letters of base64 in one command: https://sw.kovidgoyal.net/kitty/graphics-protocol/"""

CELL_PX = (10, 20)
"""A letter's place is about so many pixels: the size at which a picture is sent."""


def terminal_picture(rgb8: Rgb8, *, columns: int, rows: int, env: Mapping[str, str]) -> str:
    """Return the text that shows a picture in a terminal.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8, sRGB
    columns, rows : int
        Size of the terminal; the picture keeps its shape within it.
    env : mapping
        Its environment: ``TERM``, ``TERM_PROGRAM``, ``KITTY_WINDOW_ID``, ``COLORTERM``, ``NO_COLOR``.

    Returns
    -------
    str
        With the graphics of kitty (also Ghostty) or of iTerm2 (also WezTerm, mintty) where the environment names one
        of them; else half blocks in 24-bit or in 256 colours.

    Raises
    ------
    OptionsError
        When it shows neither pictures nor colours.
    """
    term, program = env.get("TERM", ""), env.get("TERM_PROGRAM", "")
    columns, rows = max(2, columns), max(2, rows - 2)
    if env.get("KITTY_WINDOW_ID") or "kitty" in term or program == "ghostty":
        return _kitty(_png(rgb8, columns, rows))
    if program in ("iTerm.app", "WezTerm", "mintty"):
        data = _png(rgb8, columns, rows)
        return f"\x1b]1337;File=inline=1;size={len(data)}:{b64encode(data).decode('ascii')}\a\n"
    if env.get("NO_COLOR") or term in ("", "dumb"):
        raise OptionsError("--show: this terminal shows no colours", hint="write a picture with -o picture.png")
    return _half_blocks(rgb8, columns, rows, exact=env.get("COLORTERM", "") in ("truecolor", "24bit"))


def _within(rgb8: Rgb8, width: int, height: int) -> Rgb8:
    scale = min(width / rgb8.shape[1], height / rgb8.shape[0], 1.0)
    size = max(1, round(rgb8.shape[1] * scale)), max(1, round(rgb8.shape[0] * scale))
    return np.asarray(cv2.resize(np.ascontiguousarray(rgb8), size, interpolation=cv2.INTER_AREA), np.uint8)


def _png(rgb8: Rgb8, columns: int, rows: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(_within(rgb8, columns * CELL_PX[0], rows * CELL_PX[1])).save(out, "PNG")
    return out.getvalue()


def _kitty(png: bytes) -> str:
    text = b64encode(png).decode("ascii")
    parts = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    first = "a=T,f=100,q=2,"
    out = [
        f"\x1b_G{first if number == 0 else ''}m={int(number + 1 < len(parts))};{part}\x1b\\"
        for number, part in enumerate(parts)
    ]
    return "".join(out) + "\n"


def _half_blocks(rgb8: Rgb8, columns: int, rows: int, *, exact: bool) -> str:
    small = _within(rgb8, columns, 2 * rows)
    if len(small) % 2:
        small = np.concatenate([small, small[-1:]])
    lines = []
    for upper, lower in zip(small[::2].tolist(), small[1::2].tolist(), strict=True):
        cells = [f"\x1b[38;{_color(a, exact)}m\x1b[48;{_color(b, exact)}m▀" for a, b in zip(upper, lower, strict=True)]
        lines.append("".join(cells) + "\x1b[0m\n")
    return "".join(lines)


def _color(rgb: list[int], exact: bool) -> str:
    """Return a colour as a terminal takes it: exact, or the nearest of the cube of 216 that 256 colours hold."""
    if exact:
        return "2;{};{};{}".format(*rgb)
    red, green, blue = (min(5, max(0, round((value - 35) / 40))) if value >= 48 else 0 for value in rgb)
    return f"5;{16 + 36 * red + 6 * green + blue}"
