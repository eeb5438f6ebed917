"""A sheet of pictures to choose from, each with its title and a few lines below it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from embroider_prep.color import Rgb8
from embroider_prep.preview.strip import GAP_PX, INK, PAPER
from embroider_prep.preview.text import draw_text, text_size

TITLE_PX, LINE_PX = 19, 13
QUIET = (110, 110, 116)


def contact_sheet(
    cells: Sequence[tuple[Rgb8, str, Sequence[str]]], *, columns: int = 3, cell_px: int = 460, first: int = 1
) -> Rgb8:
    """Put pictures on one sheet, row by row.

    Parameters
    ----------
    cells : sequence of (picture, title, lines)
        Lines that are too long for their cell are broken between words.
    columns : int
    cell_px : int
        Largest side of a picture on the sheet.
    first : int
        Number of the first picture: a sheet may have several pages.

    Returns
    -------
    rgb8
    """
    if not cells:
        return np.full((32, 32, 3), 255, np.uint8)
    columns = min(columns, len(cells))
    texts = [[part for line in lines for part in _broken(line, cell_px)] for _, _, lines in cells]
    band = round(TITLE_PX * 1.7) + round(LINE_PX * 1.5) * max(len(text) for text in texts) + GAP_PX
    rows = -(-len(cells) // columns)
    scaled = [_within(picture, cell_px) for picture, _, _ in cells]
    # A row is as high as its highest picture.
    highs = [max(part.shape[0] for part in scaled[row * columns : (row + 1) * columns]) for row in range(rows)]
    out = np.empty((sum(highs) + rows * (band + GAP_PX), columns * (cell_px + GAP_PX) + GAP_PX, 3), np.uint8)
    out[:] = PAPER
    y = GAP_PX
    for row, high in enumerate(highs):
        for column in range(columns):
            number = row * columns + column
            if number >= len(cells):
                break
            picture, left = scaled[number], GAP_PX + column * (cell_px + GAP_PX)
            x = left + (cell_px - picture.shape[1]) // 2
            top = y + high - picture.shape[0]
            out[top : top + picture.shape[0], x : x + picture.shape[1]] = picture
            draw_text(out, f"{number + first}  {cells[number][1]}", (left, y + high + 4), size=TITLE_PX, color=INK)
            for i, line in enumerate(texts[number]):
                at = (left, y + high + round(TITLE_PX * 1.7) + i * round(LINE_PX * 1.5))
                draw_text(out, line, at, size=LINE_PX, color=QUIET)
        y += high + band + GAP_PX
    return out


def _broken(line: str, width: int) -> list[str]:
    out = [""]
    for word in line.split(" "):
        longer = f"{out[-1]} {word}".strip()
        if text_size(longer, LINE_PX)[0] <= width or not out[-1]:
            out[-1] = longer
        else:
            out.append(f"   {word}")
    return out


def _within(picture: Rgb8, side: int) -> Rgb8:
    scale = side / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=how), np.uint8)
