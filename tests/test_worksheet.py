from __future__ import annotations

import base64
import builtins
import io
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from sample_plans import THREADS, bouquet, plan_of, rows, square

from embroider_prep.design import Finding
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


def test_the_chart_is_named_and_what_its_colors_are_worth() -> None:
    plan = bouquet()
    unknown = replace(plan, threads=tuple(replace(thread, chart="") for thread in plan.threads))
    assert "Chart" not in dict(sheet_of(unknown).facts)
    own = replace(plan, threads=tuple(replace(thread, chart="My own") for thread in plan.threads))
    assert dict(sheet_of(own).facts)["Chart"] == "My own"
    sold = replace(plan, threads=tuple(replace(thread, chart="isacord") for thread in plan.threads))
    assert dict(sheet_of(sold).facts)["Chart"] == "Isacord Polyester; colours on screen and paper are approximate"
    assert "colours on screen and paper are approximate" in to_html(sheet_of(sold))


def test_html_needs_nothing_else() -> None:
    page = Page(to_html(sheet_of(bouquet())))
    for tag, key, value in page.attributes:
        assert tag not in ("script", "link", "iframe")
        if key in ("src", "href"):
            assert value.startswith("data:image/jpeg;base64,")
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


def divided():
    from embroider_prep.hooping import split_hoops

    plan = plan_of([(0, rows(150, 20)), (1, rows(140, 20, center=(0, 25)))])
    return plan, split_hoops(plan, find_hoop("100x100"))


def test_divided_design_lists_each_hooping() -> None:
    """Each file has its own order of colours, and is loaded by its own name."""
    plan, parts = divided()
    assert len(parts) == 2
    files = ["rose-1of2.pes", "rose-2of2.pes"]
    sheet = make_sheet(plan, title="rose", files=files, hoop=parts[0].hoop, parts=parts)
    assert [hooping.title for hooping in sheet.hoopings] == files
    for hooping, part in zip(sheet.hoopings, parts, strict=True):
        assert sum(row.stitches for row in hooping.rows) == part.plan.stitch_count
        assert hooping.rows[0].thread.name == "Registration marks"
    text = " ".join(Page(to_html(sheet)).texts)
    assert all(name in text for name in files)
    assert "2 files, one a hooping" in text
    assert "100x100, 2 hoopings" in text


def test_drawing_of_hoops_holds_hoops_and_design() -> None:
    """A design larger than its hoop once ran over the edge of the page."""
    plan, parts = divided()
    for sheet in (make_sheet(plan, hoop=parts[0].hoop, parts=parts), make_sheet(plan, hoop=parts[0].hoop)):
        left, top, right, bottom = sheet.hoop_view_mm
        assert right - left >= plan.size_mm[0]
        assert bottom - top >= 100
        view = [float(v) for v in re.search(r'viewBox="([^"]+)"', to_html(sheet)).group(1).split()]
        assert view[0] <= left
        assert view[0] + view[2] >= right


def test_pdf_draws_nothing_outside_the_page() -> None:
    pytest.importorskip("reportlab")
    plan, parts = divided()
    sheet = make_sheet(plan, title="rose", files=["a.pes", "b.pes"], hoop=parts[0].hoop, parts=parts)
    for page in pdf_pages(to_pdf(sheet)):
        boxes = [[float(v) for v in box] for box in re.findall(rb"([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+) re", page)]
        assert boxes
        for x, y, width, height in boxes:
            assert 0 <= x <= x + width <= 210 * 72 / 25.4
            assert 0 <= y <= y + height <= 297 * 72 / 25.4


def pdf_pages(data: bytes) -> list[bytes]:
    """The drawing commands of each page."""
    out = []
    for stream in re.findall(rb"/ASCII85Decode /FlateDecode \][^>]*>>\s*stream\r?\n(.*?)endstream", data, re.DOTALL):
        raw = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
        if b" re" in raw:
            out.append(raw)
    assert out
    return out


def test_pdf_writes_delta_e_in_latin_letters() -> None:
    pytest.importorskip("reportlab")
    finding = Finding(code="colors", severity="note", message="far from #aabbcc (ΔE 12)", remedy="")
    assert any(
        b"(dE 12" in page.replace(b"\\(", b"(") for page in pdf_pages(to_pdf(make_sheet(square(), findings=[finding])))
    )


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
