from __future__ import annotations

import base64
import builtins
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from sample_plans import THREADS, bouquet, plan_of, rows, square

from embroider_prep.errors import FormatError, MissingExtra, OptionsError
from embroider_prep.machines import find_hoop, find_machine
from embroider_prep.preflight import check
from embroider_prep.worksheet import make_sheet, to_html, to_pdf, write_worksheet

MACHINE = find_machine("brother-pe800")


def sheet_of(plan, **more):
    hoop = find_hoop("130x180", MACHINE)
    return make_sheet(plan, title="Rose", machine=MACHINE, hoop=hoop, findings=check(plan, machine=MACHINE), **more)


class Page(HTMLParser):
    """Collects tags, texts and attributes; complains about tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)
        assert not self.stack

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in ("meta", "img"):
            self.stack.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_startendtag(self, tag, attrs) -> None:
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data) -> None:
        self.texts.append(data)


def test_html_says_it_all() -> None:
    plan = bouquet()
    page = Page(to_html(sheet_of(plan)))
    text = " ".join(page.texts)
    for words in ("Rose", "Leaf Green", "509", "Madeira", "1070", f"{plan.stitch_count:,}", "Brother PE800", "130x180"):
        assert words in text
    assert "hand-trims" not in text
    assert "8 jumps are left to the scissors" in text
    order = [text.index(f" {thread.name}") for thread in THREADS]
    assert order == sorted(order)
    swatches = [value for _, key, value in page.attributes if key == "style" and value.startswith("background:")]
    assert swatches == [f"background:{thread.hex}" for thread in THREADS]


def test_html_needs_nothing_else() -> None:
    page = Page(to_html(sheet_of(bouquet())))
    for tag, key, value in page.attributes:
        assert tag not in ("script", "link", "iframe")
        if key in ("src", "href"):
            assert value.startswith("data:image/png;base64,")
        assert not key.startswith("on")


def test_picture_has_its_true_size() -> None:
    plan = bouquet()
    html = to_html(sheet_of(plan))
    width, height = (float(v) for v in re.search(r"width:([\d.]+)mm;height:([\d.]+)mm", html).groups())
    assert (width, height) == pytest.approx((plan.size_mm[0] + 2, plan.size_mm[1] + 2), abs=0.2)
    data = base64.b64decode(re.search(r"base64,([^\"]+)", html).group(1))
    picture = Image.open(io.BytesIO(data))
    assert picture.width / width == pytest.approx(picture.height / height, rel=0.01)
    assert "true size" in html


def test_large_design_says_its_scale() -> None:
    sheet = make_sheet(plan_of([(0, rows(360, 200, spacing=4))]))
    assert sheet.picture_scale == pytest.approx(190 / 362, rel=0.01)
    assert "52% of its true size" in to_html(sheet)


def test_prints_on_a4_and_letter() -> None:
    """The widest thing is the picture: within both papers' margins."""
    sheet = make_sheet(plan_of([(0, rows(188, 120, spacing=4))]))
    assert sheet.picture_scale == 1
    assert sheet.picture_mm[0] <= min(210, 215.9) - 20
    assert "@page { margin: 10mm; }" in to_html(sheet)


def test_texts_are_escaped() -> None:
    thread = replace(THREADS[0], name='<b>"x"&', brand="<script>")
    plan = replace(square(), threads=(thread, THREADS[1]))
    html = to_html(make_sheet(plan, title="<i>&"))
    Page(html)
    assert "<script>" not in html
    assert "&lt;i&gt;&amp;" in html


def test_spools_when_a_thread_comes_twice() -> None:
    plan = plan_of([(0, rows(10, 10)), (1, rows(5, 5)), (0, rows(4, 4))])
    sheet = make_sheet(plan)
    assert len(sheet.rows) == 3
    assert len(sheet.spools) == 2
    assert "<h2>Spools</h2>" in to_html(sheet)
    assert "<h2>Spools</h2>" not in to_html(make_sheet(square()))


def test_times_add_up() -> None:
    sheet = sheet_of(bouquet())
    total = sum(row.minutes for row in sheet.rows)
    plan = bouquet()
    want = MACHINE.minutes(stitches=plan.stitch_count, color_changes=plan.color_changes, trims=plan.trims)
    assert total == pytest.approx(want)


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_pdf(paper: str) -> None:
    pytest.importorskip("reportlab")
    sheet = sheet_of(bouquet())
    data = to_pdf(sheet, paper=paper)
    assert data.startswith(b"%PDF-")
    assert data == to_pdf(sheet, paper=paper)
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", data)
    assert float(box.group(1)) == pytest.approx((210 if paper == "a4" else 215.9) * 72 / 25.4, abs=0.01)
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") == 1


def test_pdf_of_many_colors_has_more_pages() -> None:
    pytest.importorskip("reportlab")
    plan = plan_of([(k % 6, rows(3, 2, center=(0, k))) for k in range(60)])
    data = to_pdf(make_sheet(plan, title="Größe 🌸"))
    assert int(re.search(rb"/Count (\d+)", data).group(1)) >= 2


def test_pdf_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("reportlab"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match="reportlab") as error:
        to_pdf(make_sheet(square()))
    assert "embroider-prep[pdf]" in error.value.hint


def test_write(tmp_path: Path) -> None:
    write_worksheet(square(), tmp_path / "a.html", machine=MACHINE)
    assert "<h1>a</h1>" in (tmp_path / "a.html").read_text(encoding="utf-8")
    with pytest.raises(FormatError, match=r"\.html or \.pdf"):
        write_worksheet(square(), tmp_path / "a.txt")
    with pytest.raises(OptionsError, match="paper"):
        write_worksheet(square(), tmp_path / "a.pdf", paper="a5")
