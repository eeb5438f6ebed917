"""The drawing that Inkscape hands over: things found in it, and layers put into it without touching the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from embroider_prep.design import StitchPlan
from embroider_prep.errors import InputError
from embroider_prep.files import open_input
from embroider_prep.limits import MAX_DRAWING_BYTES
from embroider_prep.svg.names import INKSCAPE, INKSTITCH, OURS, SODIPODI, XLINK, number
from embroider_prep.svg.place import Matrix, chain, page_matrix, parse_transform, scale_of
from embroider_prep.svg.write import guide_marker, metadata, plan_layers
from embroider_prep.svg.xml import Element, parse_svg

_START = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_STYLE = re.compile(rb"(\sstyle\s*=\s*)([\"'])(.*?)\2", re.DOTALL)
_METADATA = re.compile(rb"<(?:svg:)?metadata\b[^>]*?(/?)>")
_END = re.compile(rb"</(?:\w+:)?svg\s*>\s*$")
_NAMES = (
    f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="{XLINK}" xmlns:inkscape="{INKSCAPE}" '
    f'xmlns:sodipodi="{SODIPODI}" xmlns:inkstitch="{INKSTITCH}" xmlns:prep="{OURS}"'
)


class Document:
    """A drawing as bytes and as elements."""

    def __init__(self, path: Path) -> None:
        with open_input(path, max_bytes=MAX_DRAWING_BYTES) as (file, where):
            self.data = file.read()
        self.path = path
        self.top = parse_svg(self.data, where)
        self.parents = {id(child): item for item in self.top.walk() for child in item.children}
        self.ids = {name: item for item in self.top.walk() if (name := item.get("id"))}

    def user_matrix(self, element: Element) -> Matrix:
        """Return what puts the units of an element into those of the drawing, its own transform included."""
        matrix = parse_transform(element.get("transform"))
        above = self.parents.get(id(element))
        while above is not None and above is not self.top:
            matrix = chain(parse_transform(above.get("transform")), matrix)
            above = self.parents.get(id(above))
        return matrix

    @property
    def mm_per_unit(self) -> float:
        """How long a unit of the drawing is."""
        return scale_of(page_matrix(self.top))

    def prefix(self) -> str:
        """Return a beginning for ids that nothing in the drawing has."""
        number_ = 1
        while any(name.startswith(f"prep{number_}-") for name in self.ids):
            number_ += 1
        return f"prep{number_}-"

    def with_plan(self, plan: StitchPlan, matrix: Matrix, *, show: str, label: str) -> bytes:
        """Return the drawing with a plan in front of everything; ``matrix`` puts its mm into the drawing's units."""
        prefix = self.prefix()
        layers = "\n".join([*guide_marker(plan), *plan_layers(plan, show=show, prefix=prefix)])
        return self.with_layer(layers, matrix, name=f"{prefix}design", label=label, plan=plan, exact=show != "shapes")

    def with_layer(
        self,
        body: str,
        matrix: Matrix,
        *,
        name: str,
        label: str,
        plan: StitchPlan | None = None,
        exact: bool = True,
        locked: bool = False,
    ) -> bytes:
        """Return the drawing with one more layer in front."""
        place = " ".join(number(value) for value in matrix.T.reshape(-1))
        lock = ' sodipodi:insensitive="true"' if locked else ""
        layer = (
            f'<g {_NAMES} id="{name}" inkscape:groupmode="layer" inkscape:label="{label}"{lock} '
            f'transform="matrix({place})">\n{body}\n</g>\n'
        )
        data = self.data
        end = _END.search(data)
        if end is None:
            raise InputError("the drawing has no end", hint="save it again")
        data = data[: end.start()] + layer.encode() + data[end.start() :]
        return data if plan is None else _with_metadata(data, plan, exact)

    def hidden(self, elements: Sequence[Element]) -> bytes:
        """Return the drawing with these elements hidden."""
        data = self.data
        for element in sorted({item.offset: item for item in elements}.values(), key=lambda item: -item.offset):
            tag = _START.match(data, element.offset)
            if tag is None:
                continue
            text = tag.group()
            style = _STYLE.search(text)
            if style:
                start, stop = style.span(3)
                text = text[:start] + style.group(3).rstrip(b"; ") + b";display:none" + text[stop:]
            else:
                cut = len(text) - (2 if text.endswith(b"/>") else 1)
                text = text[:cut].rstrip() + b' style="display:none"' + text[cut:]
            data = data[: tag.start()] + text + data[tag.end() :]
        return data


def _with_metadata(data: bytes, plan: StitchPlan, exact: bool) -> bytes:
    """Return a drawing whose metadata tell Ink/Stitch to take our stitches as they are, and us the threads."""
    own = (b"urn:embroider-prep" in data[: len(data)]) and b"<prep:plan" in data
    if own:
        return data
    lines = [line.replace("<inkstitch:", "<inkstitch:", 1) for line in metadata(plan, exact=exact)]
    named = [
        line.replace(">", f' xmlns:inkstitch="{INKSTITCH}">', 1)
        if line.startswith("<inkstitch:")
        else line.replace(">", f' xmlns:prep="{OURS}">', 1)
        for line in lines
    ]
    text = "\n".join(named).encode()
    found = _METADATA.search(data)
    if found is None:
        start = _START.search(data, data.index(b"<svg") if b"<svg" in data else 0)
        at = start.end() if start else 0
        return data[:at] + b"\n<metadata>\n" + text + b"\n</metadata>" + data[at:]
    if found.group(1):
        return data[: found.start()] + b"<metadata>\n" + text + b"\n</metadata>" + data[found.end() :]
    return data[: found.end()] + b"\n" + text + data[found.end() :]


def scaled(factor: float) -> Matrix:
    return np.array([[factor, 0.0, 0.0], [0.0, factor, 0.0]])
