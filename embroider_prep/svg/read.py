"""An SVG drawing -> what is visible in it, in its order and in millimetres; what cannot be sewn is named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from embroider_prep.design import Finding, Thread
from embroider_prep.errors import EmbroiderPrepError, InputError
from embroider_prep.files import open_input
from embroider_prep.limits import MAX_DRAWING_BYTES, MAX_DRAWING_ELEMENTS, MAX_DRAWING_POINTS
from embroider_prep.svg.names import GUIDE_MARKER, INKSCAPE, INKSTITCH, OURS, SVG, XLINK
from embroider_prep.svg.path_data import Polyline, shape_of
from embroider_prep.svg.place import (
    Matrix,
    apply,
    chain,
    identity,
    page_matrix,
    parse_length,
    parse_transform,
    scale_of,
    view_box,
)
from embroider_prep.svg.style import Sheet, Style, style_of
from embroider_prep.svg.xml import Element, parse_svg

# Curves are followed this closely: a quarter of a machine's step.
FLAT_MM = 0.025

SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
GROUPS = ("g", "a", "svg", "switch", "use")
# Is drawn only where something refers to it, or not at all.
UNSEEN = (
    "defs", "symbol", "clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "filter", "style",
    "title", "desc", "metadata", "script", "view", "animate", "set", "animateTransform", "namedview", "font", "cursor",
)  # fmt: skip
WORDS = {"text": "text", "flowRoot": "text", "image": "a picture", "foreignObject": "a web page", "video": "a film"}
REMEDIES = {
    "text": "turn it into paths: Path > Object to Path",
    "a picture": "make stitches of it with Photo to stitches, or trace it",
}

Source = str | Path | bytes | BinaryIO


@dataclass(frozen=True, kw_only=True, eq=False)
class Item:
    """One visible shape: its subpaths in mm, how it looks, and what attributes say about sewing it.

    ``matrix`` puts its own units into mm, ``group`` is a number that the things of one group share; ``hidden`` is what
    stands in a hidden layer.
    """

    element: Element
    lines: tuple[Polyline, ...]
    style: Style
    matrix: Matrix
    group: int
    layers: tuple[str, ...]
    hidden: bool

    def stitch(self, name: str) -> str | None:
        """Return a parameter of Ink/Stitch."""
        return self.element.get(name, INKSTITCH)

    def ours(self, name: str) -> str | None:
        """Return what we have noted ourselves."""
        return self.element.get(name, OURS)

    @property
    def is_manual(self) -> bool:
        """Whether it is sewn point for point."""
        return self.stitch("stroke_method") == "manual_stitch" or _on(self.stitch("manual_stitch"))

    @property
    def is_guide(self) -> bool:
        return GUIDE_MARKER in self.style.get("marker-start", "")

    @property
    def width_mm(self) -> float:
        """Width of its stroke."""
        return (parse_length(self.style.get("stroke-width", "1")) or 0.0) * scale_of(self.matrix)


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """What is in a drawing: shapes in the order in which they are painted, and what our own metadata say.

    ``threads`` are those of the plan that was drawn; ``noted`` its other numbers.
    """

    items: tuple[Item, ...]
    root: Element
    matrix: Matrix
    threads: tuple[Thread, ...] = ()
    noted: dict[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    ids: dict[str, Element] = field(default_factory=dict)


def read_drawing(source: Source, *, hidden: bool = False) -> Drawing:
    """Read an SVG drawing; nothing that it refers to outside of itself is opened.

    Parameters
    ----------
    source : str, Path, bytes or binary stream
    hidden : bool
        Also what stands in hidden layers.

    Raises
    ------
    InputError
        When it cannot be read, is no drawing, or is larger than a drawing can be.
    """
    with open_input(source, max_bytes=MAX_DRAWING_BYTES) as (file, where):
        data = file.read()
    root = parse_svg(data, where)
    walk = _Walk(root, where, hidden)
    walk.root()
    threads, noted = _noted(root)
    found = [_left_out(what, count) for what, count in walk.left.items()]
    return Drawing(
        items=tuple(walk.items), root=root, matrix=walk.matrix, threads=threads, noted=noted, findings=tuple(found),
        ids=walk.ids,
    )  # fmt: skip


def _left_out(what: str, count: int) -> Finding:
    times = "" if count == 1 else f", {count} times"
    return Finding(
        code="not-sewn",
        severity="warning",
        message=f"the drawing has {what}{times}: that is not sewn",
        remedy=REMEDIES.get(what, "draw it as plain shapes in one colour"),
    )


def _on(text: str | None) -> bool:
    return (text or "").strip().lower() in ("yes", "y", "true", "t", "1")


def _noted(root: Element) -> tuple[tuple[Thread, ...], dict[str, Any]]:
    """Return the threads and numbers that a drawing of ours has in its metadata; nothing when they are damaged."""
    plan = next((item for item in root.walk() if item.name == "plan" and item.space == OURS), None)
    if plan is None or len(plan.text) > 1 << 20:
        return (), {}
    try:
        table = json.loads(plan.text)
        threads = []
        for brand, chart, code, name, color, weight in table["threads"]:
            red, green, blue = bytes.fromhex(color.lstrip("#"))
            texts = {"brand": str(brand), "chart": str(chart), "code": str(code), "name": str(name)}
            threads.append(Thread(**texts, rgb8=(red, green, blue), weight_wt=int(weight)))
        return tuple(threads), table
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, EmbroiderPrepError):
        return (), {}


class _Walk:
    """Through all groups, with what they hand down."""

    def __init__(self, root: Element, where: str, with_hidden: bool) -> None:
        self.top, self.where, self.with_hidden = root, where, with_hidden
        self.matrix = page_matrix(root)
        self.sheet = Sheet(root)
        self.ids = {name: item for item in root.walk() if (name := item.get("id"))}
        self.items: list[Item] = []
        self.left: Counter[str] = Counter()
        self.visited = self.points = self.groups = 0

    def root(self) -> None:
        self._children(self.top, self.matrix, style_of(self.top, {}, self.sheet), (), False, ())

    def _children(
        self, parent: Element, matrix: Matrix, style: Style, layers: tuple[str, ...], hidden: bool,
        used: tuple[Element, ...],
    ) -> None:  # fmt: skip
        self.groups += 1
        group = self.groups
        children = parent.children[:1] if parent.name == "switch" else parent.children
        for child in children:
            self._element(child, matrix, style, layers, hidden, used, group)

    def _element(
        self, item: Element, matrix: Matrix, above: Style, layers: tuple[str, ...], hidden: bool,
        used: tuple[Element, ...], group: int,
    ) -> None:  # fmt: skip
        self.visited += 1
        if self.visited > MAX_DRAWING_ELEMENTS:
            raise InputError(
                f"{self.where}: the drawing's copies add up to more than {MAX_DRAWING_ELEMENTS:,} elements",
                hint="simplify it, or divide it",
            )
        if item.space not in (SVG, "") or item.name in UNSEEN:
            return
        style = style_of(item, above, self.sheet)
        hidden = hidden or style.get("display", "").strip() == "none"
        if hidden and not self.with_hidden:
            return
        if style.get("visibility") in ("hidden", "collapse") and item.name in SHAPES:
            return
        # Opacity, clips and masks of a group are those of all that is in it.
        for name in ("opacity", "clip-path", "mask", "filter"):
            if name in above and name not in style:
                style[name] = above[name]
            elif name == "opacity" and name in above:
                style[name] = str(_product(style[name], above[name]))
        matrix = chain(matrix, parse_transform(item.get("transform")))
        if item.name in SHAPES:
            self._shape(item, matrix, style, layers, hidden, group)
        elif item.name in GROUPS:
            if item.get("groupmode", INKSCAPE) == "layer":
                layers = (*layers, item.get("id") or "")
            self._group(item, matrix, style, layers, hidden, used)
        elif WORDS.get(item.name) != "text" or any(part.text.strip() for part in item.walk()):
            self.left[WORDS.get(item.name, f"<{item.name[:30]}>")] += 1

    def _group(
        self, item: Element, matrix: Matrix, style: Style, layers: tuple[str, ...], hidden: bool,
        used: tuple[Element, ...],
    ) -> None:  # fmt: skip
        if item.name == "use":
            self._use(item, matrix, style, layers, hidden, used)
            return
        if item.name == "svg":
            at = [parse_length(item.get(name)) or 0.0 for name in ("x", "y")]
            size = [parse_length(item.get(name)) for name in ("width", "height")]
            matrix = chain(matrix, np.array([[1, 0, at[0]], [0, 1, at[1]]]))
            matrix = chain(matrix, view_box(item, size[0], size[1])[0])
        self._children(item, matrix, style, layers, hidden, used)

    def _use(
        self, item: Element, matrix: Matrix, style: Style, layers: tuple[str, ...], hidden: bool,
        used: tuple[Element, ...],
    ) -> None:  # fmt: skip
        address = item.get("href") or item.get("href", XLINK) or ""
        target = self.ids.get(address[1:]) if address.startswith("#") else None
        if target is None:
            if address and not address.startswith("#"):
                self.left["something from another file"] += 1
            return
        if target in used:
            return
        x, y = (parse_length(item.get(name)) or 0.0 for name in ("x", "y"))
        matrix = chain(matrix, np.array([[1, 0, x], [0, 1, y]]))
        if target.name == "symbol":
            size = [parse_length(item.get(name)) for name in ("width", "height")]
            matrix = chain(matrix, view_box(target, size[0], size[1])[0])
            self._children(target, matrix, style_of(target, style, self.sheet), layers, hidden, (*used, target))
            return
        self.groups += 1
        self._element(target, matrix, style, layers, hidden, (*used, target), self.groups)

    def _shape(
        self, item: Element, matrix: Matrix, style: Style, layers: tuple[str, ...], hidden: bool, group: int
    ) -> None:
        scale = scale_of(matrix)
        if not 1e-6 < scale < 1e6 or not np.isfinite(matrix).all():
            return
        lengths = dict(self._lengths(item))
        lines = []
        for line in shape_of(item, lengths, FLAT_MM / scale):
            self.points += len(line.xy)
            lines.append(Polyline(xy=apply(matrix, line.xy), closed=line.closed))
        if self.points > MAX_DRAWING_POINTS:
            raise InputError(
                f"{self.where}: the drawing has more than {MAX_DRAWING_POINTS:,} points", hint="simplify its paths"
            )
        if lines:
            self.items.append(
                Item(
                    element=item, lines=tuple(lines), style=style, matrix=matrix, group=group, layers=layers,
                    hidden=hidden,
                )
            )  # fmt: skip

    def _lengths(self, item: Element) -> Iterator[tuple[str, float]]:
        if item.name in ("path", "polyline", "polygon"):
            return
        wide, high = view_box(self.top, None, None)[1]
        for name, of in {
            "x": wide, "y": high, "width": wide, "height": high, "rx": wide, "ry": high, "r": (wide + high) / 2,
            "cx": wide, "cy": high, "x1": wide, "x2": wide, "y1": high, "y2": high,
        }.items():  # fmt: skip
            value = parse_length(item.get(name), of=of)
            if value is not None:
                yield name, value


def _product(one: str, two: str) -> float:
    from embroider_prep.svg.style import share

    return share(one) * share(two)


def is_plain(matrix: Matrix) -> bool:
    """Whether things stand where their numbers say."""
    return bool((matrix == identity()).all())
