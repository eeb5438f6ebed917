"""The elements of an SVG file, and no more than a drawing can have: nothing is fetched, nothing grows without end.

Attacks on XML readers: https://docs.python.org/3/library/xml.html#xml-vulnerabilities
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from embroider_prep.errors import InputError
from embroider_prep.limits import (
    MAX_DRAWING_BYTES,
    MAX_DRAWING_DEPTH,
    MAX_DRAWING_ELEMENTS,
    MAX_ENTITY_LETTERS,
)
from embroider_prep.svg.names import SVG

MAX_ENTITIES = 100


@dataclass(kw_only=True, eq=False)
class Element:
    """One element: its local name, its attributes by local name or ``{namespace}name``, its text and children.

    ``offset`` is where it begins in the file, bytes.
    """

    name: str
    space: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""
    offset: int = 0

    def get(self, name: str, space: str = "") -> str | None:
        """Return an attribute, or None."""
        return self.attributes.get(f"{{{space}}}{name}" if space else name)

    def walk(self) -> Iterator[Element]:
        """Yield this element and all within it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()


class _Reader:
    def __init__(self, where: str, most: int) -> None:
        self.where, self.most = where, most
        self.root: Element | None = None
        self.stack: list[Element] = []
        self.count = self.entities = self.letters = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.EntityDeclHandler = self.entity

    def entity(
        self, name: str, is_parameter: bool, value: str | None, base: str | None, system: str | None,
        public: str | None, notation: str | None,
    ) -> None:  # fmt: skip
        self.entities += 1
        # Without a value it is a file somewhere: never opened, and read as nothing.
        if (value is not None and ("&" in value or len(value) > MAX_ENTITY_LETTERS)) or self.entities > MAX_ENTITIES:
            raise InputError(
                f"{self.where}: the drawing declares text that grows ({name[:40]!r})", hint="save it as plain SVG"
            )

    def start(self, name: str, table: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_DRAWING_ELEMENTS or len(self.stack) >= MAX_DRAWING_DEPTH:
            what = "nests deeper" if len(self.stack) >= MAX_DRAWING_DEPTH else "has more elements"
            most = MAX_DRAWING_DEPTH if len(self.stack) >= MAX_DRAWING_DEPTH else MAX_DRAWING_ELEMENTS
            raise InputError(f"{self.where}: the drawing {what} than {most:,}", hint="simplify it, or divide it")
        self.grow(sum(map(len, table.values())))
        space, _, local = name.rpartition(" ")
        attributes = {}
        for key, value in table.items():
            home, _, plain = key.rpartition(" ")
            attributes[f"{{{home}}}{plain}" if home else plain] = value
        item = Element(name=local, space=space, attributes=attributes, offset=self.parser.CurrentByteIndex)
        if self.stack:
            self.stack[-1].children.append(item)
        elif self.root is None:
            self.root = item
        self.stack.append(item)

    def end(self, name: str) -> None:
        self.stack.pop()

    def data(self, text: str) -> None:
        self.grow(len(text))
        if self.stack and (text.strip() or self.stack[-1].text):
            self.stack[-1].text += text

    def grow(self, letters: int) -> None:
        self.letters += letters
        if self.letters > self.most:
            raise InputError(f"{self.where}: the drawing holds more text than its file", hint="save it as plain SVG")


def parse_svg(data: bytes, where: str) -> Element:
    """Return the root element of an SVG drawing (``.svg``, or ``.svgz``).

    Raises
    ------
    InputError
        When it is no XML, no SVG, damaged, larger or deeper than a drawing, or made to exhaust memory.
    """
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(data, where)
    if len(data) > MAX_DRAWING_BYTES:
        raise InputError(
            f"{where}: a drawing of {len(data) / 1e6:.0f} MB; allowed are {MAX_DRAWING_BYTES / 1e6:.0f} MB",
            hint="link its pictures instead of embedding them",
        )
    # Short names stand for longer text here and there; more than that is an attack.
    reader = _Reader(where, 2 * len(data) + 100_000)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(
            f"{where}: not an SVG drawing: line {error.lineno}: {expat.ErrorString(error.code)}",
            hint="open it in Inkscape and save it again",
        ) from error
    except (LookupError, ValueError) as error:
        raise InputError(f"{where}: not an SVG drawing: {error}", hint="save it as UTF-8") from error
    root = reader.root
    if root is None or root.name != "svg" or root.space not in (SVG, ""):
        what = "nothing" if root is None else f"<{root.name[:40]}>"
        raise InputError(f"{where}: XML, but no SVG drawing: it begins with {what}", hint="export it as SVG")
    return root


def _unpacked(data: bytes, where: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            return file.read(MAX_DRAWING_BYTES + 1)
    except (OSError, EOFError) as error:
        raise InputError(f"{where}: a damaged compressed drawing: {error}", hint="copy it again") from error
