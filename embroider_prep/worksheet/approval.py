"""The approval sheet: what a customer sees and signs before the first piece is sewn."""

from __future__ import annotations

from typing import Any

from embroider_prep.worksheet.content import PAPER_MM, Sheet
from embroider_prep.worksheet.paper import GREY, MM, WIDTH_MM, Parts, build, tick

ROOM_MM = (190.0, 130.0)
"""Largest picture on an upright page."""

TURNED_MM = (259.0, 100.0)
"""Largest picture on a page that lies on its side, both papers."""


def approval_room_mm(size_mm: tuple[float, float]) -> tuple[float, float]:
    """Return the room for the picture: a wide design is shown at its true size on a page that is turned."""
    fits = size_mm[0] <= ROOM_MM[0] and size_mm[1] <= ROOM_MM[1]
    turned = size_mm[0] > ROOM_MM[0] and size_mm[0] <= TURNED_MM[0] and size_mm[1] <= TURNED_MM[1]
    return TURNED_MM if turned and not fits else ROOM_MM


def approval_pdf(sheet: Sheet, *, paper: str | None = None) -> bytes:
    """Return an approval sheet as PDF: picture at true size, size, colours, cloth, and where to sign.

    Raises
    ------
    MissingExtra
        When reportlab is not installed.
    """
    t, paper = sheet.texts, paper or sheet.options.paper
    turned = sheet.picture_mm[0] > ROOM_MM[0]
    make = _Approval(sheet, PAPER_MM[paper][1] - 20 if turned else WIDTH_MM)
    story = [
        *make.head(t["approval"], make.width_mm),
        *make.order(),
        make.framed(),
        *make.caption(middle=False),
        *make.facts(),
    ]
    story += [*make.colors(), *make.decision()]
    return build(sheet, story, paper, t["approval"], turned=turned)


class _Approval(Parts):
    """The parts of an approval sheet."""

    def __init__(self, sheet: Sheet, width_mm: float) -> None:
        super().__init__(sheet)
        self.width_mm = width_mm

    def line(self, names: tuple[str, ...], values: tuple[str, ...] = (), *, label_mm: float = 24) -> Any:
        """Return labels, each with what is known or a line to write on."""
        each = self.width_mm / len(names)
        label = self.plain.clone("label", textColor=GREY)
        cells: list[Any] = []
        for number, name in enumerate(names):
            cells += [
                self.text(name, label),
                self.text(values[number]) if number < len(values) and values[number] else "",
                "",
            ]
        rules = [("LINEBELOW", (3 * i + 1, 0), (3 * i + 1, 0), 0.5, GREY) for i in range(len(names))]
        return self.table(
            [cells], [label_mm, each - label_mm - 4, 4] * len(names), ("TOPPADDING", (0, 0), (-1, -1), 4), *rules
        )

    def order(self) -> list[Any]:
        t, o = self.t, self.sheet.options
        return [
            self.line((t["customer"], t["order"]), (o.customer,)),
            self.line((t["article"], t["position"], t["quantity"])),
            self.space(4),
        ]

    def framed(self) -> Any:
        from reportlab.platypus import Table

        frame = Table([[self.picture()[0]]], colWidths=[self.width_mm * MM])
        frame.setStyle(
            [
                ("ALIGN", (0, 0), (-1, -1), "CENTER"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
        return frame

    def facts(self) -> list[Any]:
        t = self.t
        facts = dict(self.sheet.facts)
        wanted = [
            (t["size"], facts[t["size"]]),
            (t["stitches"], facts[t["stitches"]]),
            (t["colors"], facts[t["colors"]]),
        ]
        label = self.plain.clone("label", textColor=GREY)
        row = [cell for name, words in wanted for cell in (self.text(name, label), self.text(words))]
        threads = [spool.thread for spool in self.sheet.spools]
        brands = ", ".join(dict.fromkeys(thread.brand for thread in threads if thread.brand))
        third = self.width_mm - 16 - 68 - 18 - 22 - 18
        return [
            self.space(2), self.table([row], (12, 72, 18, 22, 18, third)),
            self.line((t["cloth"], t["thread"]), (self.sheet.options.sewn_on, brands)),
        ]  # fmt: skip

    def colors(self) -> list[Any]:
        columns = 3
        threads = (spool.thread for spool in self.sheet.spools)
        cells = [[self.swatch(thread), self.text(str(thread) or thread.hex, self.small)] for thread in threads]
        cells += [["", ""]] * (-len(cells) % columns)
        rows = [[part for cell in cells[i : i + columns] for part in cell] for i in range(0, len(cells), columns)]
        wide = self.width_mm / columns - 12
        return [self.text(self.t["colors"], self.heading), self.table(rows, [12, wide] * columns)] if rows else []

    def decision(self) -> list[Any]:
        t = self.t
        boxes = [part for name in ("approved", "changes", "again") for part in (tick(), self.text(t[name]))]
        wide = self.width_mm / 3 - 6
        choose = self.table([boxes], [6, wide] * 3, ("TOPPADDING", (0, 0), (-1, -1), 8))
        lines = self.notes(2, heading=t["remarks"])
        note = self.text(t["approval_note"], self.small.clone("note", spaceBefore=5))
        return [self.together(choose, *lines, self.space(3), self.line((t["date"], t["signature"]), label_mm=36), note)]
