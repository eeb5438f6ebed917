"""What a shop sees of a batch: summary, threads to buy, schedule, contact sheet; and what single photos may set."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from batch_runs import SMALL, Here, content, save

import embroider_prep as ep
from embroider_prep.batches.contact import page_names
from embroider_prep.batches.overrides import COLUMNS, apply, read_overrides
from embroider_prep.batches.schedule import make_schedule
from embroider_prep.batches.sources import find_photos
from embroider_prep.batches.summary import Row, table, thread_totals
from embroider_prep.errors import InputError, OptionsError


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos and what a batch has made of them."""
    folder = tmp_path_factory.mktemp("shop")
    for number, name in enumerate(("a", "x/b")):
        save(folder / "photos" / f"{name}.png", number)
    (folder / "photos" / "=broken.jpg").write_bytes(b"no picture")
    list(ep.batch([folder / "photos"], output=folder / "out", executor=Here(), **SMALL))  # type: ignore[arg-type]
    return folder


class TestLists:
    def test_the_summary_says_what_the_reports_say(self, shop: Path) -> None:
        rows = {row["file"]: row for row in rows_of(shop / "out" / "summary.csv")}
        assert set(rows) == {"a.png", "x/b.png", "'=broken.jpg"}
        for name in ("a", "x/b"):
            report = json.loads((shop / "out" / f"{name}.report.json").read_text("utf-8"))
            row = rows[f"{name}.png"]
            assert row["result"] == f"{name}.pes"
            assert int(row["stitches"]) == report["plan"]["stitches"]
            assert float(row["minutes"]) == report["plan"]["minutes"]
            assert float(row["likeness"]) == report["likeness"]["delta_e_mean"]
            assert all(f"{thread['code']} {thread['name']}" in row["threads"] for thread in report["threads"])
        assert rows["'=broken.jpg"]["worst"] == "failed"
        assert "not a picture" in rows["'=broken.jpg"]["worst_finding"]
        assert all(row[name] == "" for row in rows.values() for name in COLUMNS)

    def test_threads_to_buy_are_the_sums(self, shop: Path) -> None:
        reports = [json.loads((shop / "out" / f"{name}.report.json").read_text("utf-8")) for name in ("a", "x/b")]
        wanted: dict[str, float] = {}
        for report in reports:
            for thread in report["threads"]:
                wanted[thread["code"]] = wanted.get(thread["code"], 0) + thread["metres"]
        rows = rows_of(shop / "out" / "threads.csv")
        assert {row["code"]: float(row["metres"]) for row in rows} == pytest.approx(wanted, abs=0.06)
        assert [float(row["metres"]) for row in rows] == sorted((float(row["metres"]) for row in rows), reverse=True)

    def test_the_contact_sheet_shows_all_with_badges(self, shop: Path) -> None:
        page = (shop / "out" / "contact.html").read_text("utf-8")
        assert page.count("data:image/jpeg;base64,") == 2
        assert 'href="x/b.pes"' in page
        assert '<span class="badge failed">failed</span>' in page
        assert (shop / "out" / "contact.pdf").read_bytes().startswith(b"%PDF-")
        assert page_names(200) == ["contact.html"]
        assert page_names(401) == ["contact.html", "contact-2.html", "contact-3.html"]

    def test_the_lists_are_the_same_each_time(self, shop: Path) -> None:
        before = content(shop / "out")
        list(ep.batch([shop / "photos"], output=shop / "out", executor=Here(), **SMALL))  # type: ignore[arg-type]
        assert content(shop / "out") == before

    def test_cells_are_no_formulas(self) -> None:
        text = table(("a", "b"), [{"a": "=1+1", "b": -1.5}, {"a": "ä\nb", "b": "x,y"}]).decode("utf-8")
        assert text == '\ufeffa,b\r\n\'=1+1,-1.5\r\nä b,"x,y"\r\n'


def row(name: str, codes: Sequence[str], *, needles: int = 1, blocks: Mapping[str, int] | None = None) -> Row:
    return Row(
        cells={"file": name, "result": f"{name}.pes"}, minutes=10.0, machine="m", needles=needles,
        threads=tuple((("", code, "", "#000000"), 100.0, (blocks or {}).get(code, 1)) for code in codes),
        findings=(), failed=False, stem=name,
    )  # fmt: skip


class TestSchedule:
    def test_like_threads_one_after_another(self) -> None:
        rows = [
            row("1", "ab", needles=2),
            row("2", "cd", needles=2),
            row("3", "ab", needles=2),
            row("4", "cd", needles=2),
        ]
        (day,) = make_schedule(rows)
        assert [slot.row.stem for slot in day.slots] == ["1", "3", "2", "4"]
        assert (day.changes, day.changes_as_listed, day.saved) == (4, 8, 4)
        assert [slot.load for slot in day.slots] == [("a", "b"), (), ("c", "d"), ()]
        assert [slot.start_minutes for slot in day.slots] == [0, 10, 20, 30]

    def test_one_needle_saves_where_one_ends_as_the_next_begins(self) -> None:
        (day,) = make_schedule([row("1", "ab"), row("2", "ca"), row("3", "bc")])
        assert [slot.row.stem for slot in day.slots] == ["1", "3", "2"]
        assert (day.changes, day.changes_as_listed) == (4, 6)

    def test_an_order_is_never_worse_than_the_list(self) -> None:
        import random

        rng = random.Random(1)
        for needles in (1, 4, 10):
            rows = [row(f"{n}", rng.sample("abcdefghijklmn", 4), needles=needles) for n in range(30)]
            (day,) = make_schedule(rows)
            assert day.saved >= 0
            assert sorted(slot.row.stem for slot in day.slots) == sorted(one.stem for one in rows)

    def test_each_machine_has_its_own(self) -> None:
        one, other = row("1", "ab"), replace(row("2", "ab"), machine="n")
        assert [(day.machine, day.minutes) for day in make_schedule([one, other])] == [("m", 10.0), ("n", 10.0)]

    def test_spools_are_counted_over_all(self) -> None:
        (total,) = thread_totals([row("1", "a"), row("2", "a")])
        assert (total["metres"], total["designs"], total["spools"]) == (200.0, 2, 2)


class TestOverrides:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "mine.csv"
        path.write_text(text, encoding="utf-8")
        return path

    def test_a_photo_gets_what_its_line_sets(self, shop: Path, tmp_path: Path) -> None:
        text = "file;size;crop;style;name\nb.png;3cm;0.1 0.1 0.9 0.9;recipe:night;Bobby\n"
        results = {
            result.photo: result.report["options"]
            for result in ep.batch(
                [shop / "photos"], output=tmp_path, executor=Here(), overrides=self.write(tmp_path, text),
                **SMALL,  # type: ignore[arg-type]
            )
            if result.status == "made"
        }  # fmt: skip
        b, a = results["x/b.png"], results["a.png"]
        assert (b["size"]["width_mm"], b["picture"]["crop"]) == (30.0, [0.1, 0.1, 0.9, 0.9])
        assert (b["stylize"]["style"], b["write"]["name"]) == ("recipe:night", "Bobby")
        assert (a["size"]["width_mm"], a["picture"]["crop"], a["stylize"]["style"]) == (20.0, None, "none")
        (row,) = (row for row in rows_of(tmp_path / "summary.csv") if row["file"] == "x/b.png")
        assert (row["size"], row["crop"], row["name"]) == ("3cm", "0.1 0.1 0.9 0.9", "Bobby")

    def test_the_summary_itself_changes_nothing(self, shop: Path) -> None:
        items = find_photos([shop / "photos"])
        assert read_overrides(shop / "out" / "summary.csv", items) == {}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("file,colour\na.png,red\n", "unknown column 'colour'"),
            ("file,crop\nc.png,face\n", "no photo 'c.png'"),
            ("crop\nface\n", "column 'file' is missing"),
            ("file,crop\na.png,face\na.png,subject\n", "set differently in two lines"),
        ],
    )
    def test_what_nobody_knows_is_said(self, shop: Path, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(InputError, match=said):
            read_overrides(self.write(tmp_path, text), find_photos([shop / "photos"]))

    @pytest.mark.parametrize(
        ("column", "value"),
        [("crop", "head"), ("focus", "0,0,2,2"), ("size", "long"), ("machine", "nothing"), ("box", "1")],
    )
    def test_wrong_values_name_the_photo(self, column: str, value: str) -> None:
        with pytest.raises(OptionsError, match=r"mine\.csv: a\.png: "):
            apply(ep.ConvertOptions(), {column: value}, "mine.csv: a.png")

    def test_a_machine_brings_its_own_hoop(self) -> None:
        before = ep.ConvertOptions().with_values({"machine": "brother-pe800", "hoop": "130x180"})
        after = apply(before, {"machine": "janome-mc500e"}, "")
        assert (after.write.machine, after.write.hoop) == ("janome-mc500e", None)
