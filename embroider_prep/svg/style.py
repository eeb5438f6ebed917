"""What a thing looks like: style attributes over classes over presentation attributes, inherited from groups.

https://www.w3.org/TR/SVG2/styling.html. Of style sheets the rules are read that drawing programs write: by class, id
and name, alone or together; of a selector with several steps the last one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from embroider_prep.svg.xml import Element

INHERITED = (
    "fill", "fill-rule", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "visibility",
    "color", "stroke-dasharray",
)  # fmt: skip
OWN = ("opacity", "display", "clip-path", "mask", "filter", "marker-start")
DEFAULTS = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "color": "#000000"}
MAX_RULES = 10_000

_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_STEP = re.compile(r"([.#]?)([\w-]+|\*)")
_FUNCTION = re.compile(r"(rgba?|hsla?)\(([^()]*)\)")
_URL = re.compile(r"url\(\s*[\"']?#([^\"')]*)[\"']?\s*\)\s*(.*)", re.DOTALL)

Rgb = tuple[int, int, int]
Style = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Paint:
    """What an area or a line is painted with: a colour and how dense it is, or the id of something that is none."""

    rgb8: Rgb | None = None
    alpha: float = 1.0
    url: str = ""


def parse_declarations(text: str | None) -> dict[str, str]:
    """Return the properties of a style attribute."""
    out = {}
    for part in (text or "").split(";"):
        name, colon, value = part.partition(":")
        if colon:
            out[name.strip().lower()] = value.replace("!important", "").strip()
    return out


class Sheet:
    """The rules of all style elements of a drawing."""

    def __init__(self, root: Element) -> None:
        self.rules: dict[str, list[tuple[int, int, frozenset[str], dict[str, str]]]] = {}
        self.count = 0
        for element in root.walk():
            if element.name == "style":
                self._read(_COMMENT.sub(" ", element.text))

    def _read(self, text: str) -> None:
        for found in _RULE.finditer(text):
            table = parse_declarations(found.group(2))
            for selector in found.group(1).split(","):
                words = selector.split()
                if not words or selector.strip().startswith("@") or self.count >= MAX_RULES:
                    continue
                keys = [mark + name for mark, name in _STEP.findall(words[-1].partition(":")[0])]
                if not keys:
                    continue
                weight = sum({"#": 100, ".": 10}.get(key[0], key != "*") for key in keys)
                self.count += 1
                rule = (int(weight), self.count, frozenset(keys), table)
                self.rules.setdefault(max(keys, key=lambda key: "*abc.#".find(key[0])), []).append(rule)

    def of(self, element: Element) -> Iterator[dict[str, str]]:
        """Yield what the rules say about an element, the weightiest last."""
        if not self.rules:
            return
        mine = {"*", element.name, *(f".{name}" for name in (element.get("class") or "").split())}
        mine.add(f"#{element.get('id')}")
        found = [rule for key in mine for rule in self.rules.get(key, ()) if rule[2] <= mine]
        for _, _, _, table in sorted(found, key=lambda rule: rule[:2]):
            yield table


def style_of(element: Element, parent: Style, sheet: Sheet) -> dict[str, str]:
    """Return the properties of an element: its own, and what it inherits."""
    own = {name: value for name in (*INHERITED, *OWN) if (value := element.get(name)) is not None}
    for table in sheet.of(element):
        own |= table
    own |= parse_declarations(element.get("style"))
    out = {name: parent[name] for name in INHERITED if name in parent}
    for name in (*INHERITED, *OWN):
        if name in own and own[name] != "inherit":
            out[name] = own[name]
        elif own.get(name) == "inherit" and name in parent:
            out[name] = parent[name]
    return out


def paint_of(style: Style, what: str) -> Paint | None:
    """Return the paint of ``fill`` or ``stroke``; None when there is none, or nothing of it is seen."""
    text = style.get(what, DEFAULTS[what]).strip()
    found = _URL.match(text)
    alpha = share(style.get(f"{what}-opacity")) * share(style.get("opacity"))
    if alpha <= 0:
        return None
    if found:
        return Paint(url=found.group(1), alpha=alpha)
    if text.lower() in ("currentcolor", "context-fill", "context-stroke"):
        text = style.get("color", DEFAULTS["color"])
    color = parse_color(text)
    if color is None or color[1] * alpha <= 0:
        return None
    return Paint(rgb8=color[0], alpha=color[1] * alpha)


def share(text: str | None) -> float:
    """Return a number from 0 to 1, or per cent; 1 when it is none."""
    try:
        value = float(text.strip().rstrip("%")) / (100 if text.strip().endswith("%") else 1) if text else 1.0
    except ValueError:
        return 1.0
    return min(1.0, max(0.0, value)) if value == value else 1.0


def parse_color(text: str) -> tuple[Rgb, float] | None:
    """Return 8-bit sRGB and density of a CSS colour; None for ``none`` and what is no colour."""
    text = text.strip().lower().partition(" icc-color")[0].strip()
    if text.startswith("#"):
        code = text[1:]
        code = "".join(digit * 2 for digit in code) if len(code) in (3, 4) else code
        if len(code) not in (6, 8) or any(digit not in "0123456789abcdef" for digit in code):
            return None
        red, green, blue, *more = bytes.fromhex(code)
        return (red, green, blue), more[0] / 255 if more else 1.0
    found = _FUNCTION.fullmatch(text)
    if found:
        return _function(found.group(1), re.split(r"[\s,/]+", found.group(2).strip()))
    known = _names().get(text)
    return (known, 1.0) if known else None


def _function(name: str, parts: list[str]) -> tuple[Rgb, float] | None:
    try:
        alpha = share(parts[3]) if len(parts) > 3 else 1.0
        if name.startswith("rgb"):
            levels = [float(p[:-1]) * 2.55 if p.endswith("%") else float(p) for p in parts[:3]]
        else:
            from colorsys import hls_to_rgb

            hue = float(parts[0].removesuffix("deg")) % 360 / 360
            full, light = (float(part.rstrip("%")) / 100 for part in parts[1:3])
            levels = [255 * level for level in hls_to_rgb(hue, light, full)]
        red, green, blue = (min(255, max(0, round(level))) for level in levels)
    except (ValueError, OverflowError):
        return None
    return (red, green, blue), alpha


@cache
def _names() -> dict[str, Rgb]:
    from PIL import ImageColor

    out: dict[str, Rgb] = {}
    for name, value in ImageColor.colormap.items():
        code = value if isinstance(value, str) else "#{:02x}{:02x}{:02x}".format(*value[:3])
        out[name] = (int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16))
    return out
