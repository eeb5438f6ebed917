"""The stitches of a plan as paths: a layer a colour block, a path for each object in an uncut run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import numpy as np

from embroider_prep.design import Link, StitchBlock, StitchPlan, Thread
from embroider_prep.svg.names import STITCH_WIDTH_MM, attributes
from embroider_prep.texts import clean_line
from embroider_prep.units import UNITS_PER_MM


@dataclass(kw_only=True)
class _Piece:
    """What is sewn without a cut for one object; it begins where the piece before ended when it ``continues`` that."""

    link: Link
    blocks: list[StitchBlock]
    cut_after: bool = False


def stitch_layers(plan: StitchPlan, prefix: str = "") -> list[str]:
    """Return layers of paths that Ink/Stitch and `svg.read` take point by point; ids begin with ``prefix``."""
    out: list[str] = []
    layer = 0
    for number, piece in enumerate(_pieces(plan), 1):
        first = piece.blocks[0]
        thread = plan.threads[first.thread]
        if piece.link in (Link.START, Link.COLOR):
            out += ["</g>"] * (layer > 0)
            layer += 1
            out.append(layer_start(f"{prefix}stitches-{layer}", layer, thread))
        out.append(_path(f"{prefix}run{number}", number, piece, plan))
    return [*out, *["</g>"] * (layer > 0)]


def layer_start(name: str, number: int, thread: Thread) -> str:
    """Return the start of the layer of one colour block."""
    label = quoteattr(clean_line(f"{number} {thread}"))
    return f'<g id="{name}" inkscape:groupmode="layer" inkscape:label={label}>'


def _pieces(plan: StitchPlan) -> Iterator[_Piece]:
    piece: _Piece | None = None
    for link, block in plan.links():
        if piece is not None and link is Link.CONTINUE and block.object == piece.blocks[0].object:
            piece.blocks.append(block)
            continue
        if piece is not None:
            piece.cut_after = link is Link.TRIM
            yield piece
        piece = _Piece(link=link, blocks=[block])
    if piece is not None:
        yield piece


def _path(name: str, number: int, piece: _Piece, plan: StitchPlan) -> str:
    first = piece.blocks[0]
    parts = [first.xy_mm, *(block.xy_mm[1:] for block in piece.blocks[1:])]
    units = np.rint(np.concatenate(parts) * UNITS_PER_MM).astype(int)
    if len(units) == 1:
        # One needle point is a path all the same.
        units = np.repeat(units, 2, axis=0)
    places = " ".join(f"{x / UNITS_PER_MM:g},{y / UNITS_PER_MM:g}" for x, y in units.tolist())
    kind = plan.objects[first.object].kind if 0 <= first.object < len(plan.objects) else "stitches"
    label = f"{kind} {first.object + 1}" if first.object >= 0 else f"stitches {number}"
    more: dict[str, object] = {"stroke_method": "manual_stitch"}
    if piece.cut_after:
        more["trim_after"] = True
    ours = {"thread": first.thread, **({"object": first.object} if first.object >= 0 else {})}
    style = f"fill:none;stroke:{plan.threads[first.thread].hex};stroke-width:{STITCH_WIDTH_MM}"
    return (
        f'<path id="{name}" inkscape:label={quoteattr(label)} style="{style}" d="M {places}"'
        f"{attributes('inkstitch', more)}{attributes('prep', ours)}/>"
    )
