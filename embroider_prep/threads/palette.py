"""Charts as GIMP palettes: lines of red, green, blue and a text with the maker's number somewhere in it."""

from __future__ import annotations

import re
from pathlib import Path

from embroider_prep.errors import InputError
from embroider_prep.threads.table import Row

# A maker's number: digits, perhaps with a few letters before and a point or dash within (1147, 0015, B5200, FS-104).
_NUMBER = re.compile(r"[A-Za-z]{0,3}-?\d[\dA-Za-z./-]{0,9}")

# What people put around a number: (1147), #1147, 1147:, No.1147
_AROUND = "()[]{}<>#:;,=|"

# Measured values behind the number: L*a*b*.
_MEASURED = re.compile(r"(?:\s+|,)-?\d+[.,]\d+(?:\s*[,;\s]\s*-?\d+(?:\.\d+)?){2}\s*$")

# Of the texts' numbers in one place; below that they count shades (Red 1, Red 2, Green 1) or sizes.
_DISTINCT = 0.7


def is_palette(text: str) -> bool:
    """Whether a text is a GIMP palette; blank and comment lines may stand before its first words."""
    lines = (line.strip() for line in text[:5000].split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first.lower().startswith("gimp palette")


def parse_palette(path: str | Path, text: str) -> tuple[str, list[Row]]:
    """Return the palette's own name (may be empty) and its rows.

    The number of a thread is the last word of its text, or the first, whichever tells more of the lines apart; where
    neither does, the texts are names and a thread's code is the hex value of its colour.

    Raises
    ------
    InputError
        When a line is no colour (with its line).
    """
    title, channels = "", 3
    colors: list[tuple[int, tuple[int, int, int], list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words or line.lstrip().startswith("#") or (not colors and words[0].lower() == "gimp"):
            continue
        if re.match(r"\s*[A-Za-z]+:", line):
            if words[0].lower() == "name:" and len(words) > 1:
                title = " ".join(words[1:])
            # Aseprite's palettes with transparency.
            channels = 4 if words[:2] == ["Channels:", "RGBA"] else channels
            continue
        rgb = tuple(int(word) if word.isascii() and word.isdecimal() else -1 for word in words[:3])
        if len(rgb) != 3 or not all(0 <= level <= 255 for level in rgb):
            raise InputError(
                f"{path}, line {number}: {line.strip()[:60]!r} is no colour; "
                "allowed: three numbers from 0 to 255, then a name"
            )
        said = " ".join(words[channels:])
        colors.append((number, (rgb[0], rgb[1], rgb[2]), _MEASURED.sub("", " " + said).split()))
    split = _numbers([words for _, _, words in colors])
    rows = [
        Row(line=line, code=code, name=name, rgb8=rgb)
        for (line, rgb, _), (code, name) in zip(colors, split, strict=True)
    ]
    return title, rows


def _numbers(texts: list[list[str]]) -> list[tuple[str, str]]:
    """Return number and name of each text; the number is empty where there is none."""
    best: list[tuple[str, str]] = [("", " ".join(words)) for words in texts]
    most = 0
    for place in (-1, 0):
        found = [_split(words, place) for words in texts]
        codes = [code for code, _ in found if code]
        distinct = len(set(codes))
        if distinct > most and distinct >= _DISTINCT * len(codes):
            best, most = found, distinct
    return best


def _split(words: list[str], place: int) -> tuple[str, str]:
    whole = " ".join(words)
    if not words:
        return "", ""
    code = re.sub(r"^(?:no\.|nr\.)", "", words[place].strip(_AROUND), flags=re.IGNORECASE)
    if not _NUMBER.fullmatch(code):
        return "", whole
    rest = words[:-1] if place else words[1:]
    edge = rest[-1:] if place else rest[:1]
    # "No. 1147", "1147 - Red"
    if edge and re.fullmatch(r"(?:no|nr|number)\.?:?|[-–:|,#]", edge[0], re.IGNORECASE):
        rest = rest[:-1] if place else rest[1:]
    return code, " ".join(rest).strip(" ,;:")
