"""Charts of every kind: no thread and no number is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from embroider_prep import convert
from embroider_prep.design import Thread
from embroider_prep.errors import InputError, OptionsError
from embroider_prep.options import ConvertOptions
from embroider_prep.threads import choose_from, computer, load_chart, read_chart, read_measured, read_spools

COLORS = ["200 30 40", "20 60 160", "250 220 60", "40 120 60", "255 255 255", "0 0 0"]
NAMES = ["Warm Red", "Deep Blue", "Sun", "Leaf", "White", "Black"]
CODES = ["1147", "1028", "1024", "1051", "1001", "1000"]


def palette(folder: Path, texts: list[str], *, head: str = "GIMP Palette\nName: My Rayon\nColumns: 4\n#\n") -> Path:
    path = folder / "my.gpl"
    lines = [f"{color}\t{text}" for color, text in zip(COLORS * 9, texts, strict=False)]
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "form",
    ["{name} {code}", "{name}\t{code}", "{code} {name}", "{code}\t{name}", "{name} ({code})", "{name} #{code}",
     "#{code} {name}", "{code} - {name}", "{code}: {name}", "{name}, {code}", "{name} No. {code}", "No.{code} {name}",
     "{name}   {code}   20.5,-0.0,0.25", "{name} {code} 20.5 -0.1 0.25", "{code} {name}  21.5,-0.1,1.25"],
)  # fmt: skip
def test_numbers_in_palettes(tmp_path: Path, form: str) -> None:
    texts = [form.format(name=name, code=code) for name, code in zip(NAMES, CODES, strict=True)]
    threads, findings = read_chart(palette(tmp_path, texts))
    assert [thread.code for thread in threads] == CODES
    assert [thread.name for thread in threads] == NAMES
    assert findings == ()


def test_numbers_that_count_shades_are_names(tmp_path: Path) -> None:
    texts = [f"{hue} {shade}" for hue in ("Red", "Green", "Blue", "Grey") for shade in (1, 2, 3)]
    path = tmp_path / "shades.gpl"
    path.write_text("GIMP Palette\n" + "".join(f"{10 * i} 0 {i} {text}\n" for i, text in enumerate(texts)))
    threads, findings = read_chart(path)
    assert [thread.name for thread in threads] == texts
    assert len({thread.code for thread in threads}) == 12
    assert findings == ()


@pytest.mark.parametrize("lead", ["\n", "\n  \n", "# made by me\n", "\ufeff# a\n\n# b\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_before_a_palette(tmp_path: Path, lead: str, end: str) -> None:
    path = palette(tmp_path, [f"{name} {code}" for name, code in zip(NAMES, CODES, strict=True)])
    path.write_bytes((lead + path.read_text()).replace("\n", end).encode())
    assert [thread.code for thread in load_chart(path)] == CODES


def test_numbers_that_stand_twice_are_said(tmp_path: Path) -> None:
    path = palette(tmp_path, ["A 1", "B 2", "C 3", "D 4", "E 5", "F 5", "A 1"])
    threads, (again, twice) = read_chart(path)
    assert [thread.name for thread in threads] == list("ABCDEF")
    assert again.code == "chart-line-again"
    assert "line 11 (1 A, as line 5)" in again.message
    assert twice.code == "chart-number-twice"
    assert "line 10 (5 F #000000, as line 9)" in twice.message


@pytest.mark.parametrize("count", [3, 61])
def test_every_line_left_out_is_named(tmp_path: Path, count: int) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("number,name,hex\n1,White,#ffffff\n" + "".join(f"{i},No colour,\n" for i in range(2, count + 2)))
    threads, (finding,) = read_chart(path)
    assert len(threads) == 1
    assert finding.severity == "warning"
    for line in range(3, count + 3):
        assert str(line) in finding.message


def test_spreadsheets_number_and_windows_letters(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes("Code;Name;Hex\r\n1147.0;Grün – hell;#00ff00\r\n".encode("cp1252"))
    (thread,) = load_chart(path)
    assert (thread.code, thread.name) == ("1147", "Grün – hell")


def test_a_cell_of_two_lines_stays_one_row(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text('number,name,hex\n1,"Warm\nRed",#c81e28\n2,Black,#000000\n1,White,#ffffff\n')
    threads, (finding,) = read_chart(path)
    assert [thread.name for thread in threads] == ["Warm Red", "Black", "White"]
    assert "line 5 (1 White #ffffff, as line 3)" in finding.message


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("said", "chart"),
    [
        ("Isacord 40", "isacord"), ("ISACORD", "isacord"), ("isacord 40wt thread", "isacord"),
        ("madeira polyneon", "madeira-polyneon"), ("Polyneon No. 40", "madeira-polyneon"),
        ("madeira_classic", "madeira-classic"), ("Madeira Rayon 40", "madeira-classic"),
        ("Robison-Anton", "robison-anton-polyester"), ("robison anton rayon", "robison-anton-rayon"),
        ("sulky rayon 40", "sulky-rayon"), ("Mettler PolySheen", "mettler-poly-sheen"), ("Gütermann", "gutermann"),
        ("Brothread 40", "brothread-40"), ("brothread 63 colors", "brothread-63"), ("Fil-Tec Glide", "fil-tec-glide"),
        ("Floriani Poly", "floriani"), ("Brother 61", "brother"),
    ],
)  # fmt: skip
def test_usual_names(said: str, chart: str) -> None:
    assert load_chart(said) == load_chart(chart)


def test_a_makers_name_alone_says_which_range_is_meant() -> None:
    _, (finding,) = read_chart("Madeira")
    assert "Madeira Polyneon" in finding.message
    assert "madeira-classic" in finding.message
    assert read_chart("isacord")[1] == ()


def test_names_that_several_charts_have() -> None:
    with pytest.raises(OptionsError, match=r"'rayon' may be .*madeira-classic.* or "):
        load_chart("rayon")
    with pytest.raises(OptionsError) as caught:
        load_chart("Isacrod 40")
    assert "isacord" in caught.value.hint
    for nothing in ("", "  "):
        with pytest.raises(OptionsError, match="no name"):
            load_chart(nothing)


def test_palettes_of_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "inkscape" / "extensions" / "inkstitch" / "palettes"
    folder.mkdir(parents=True)
    path = palette(folder, [f"{name} {code}" for name, code in zip(NAMES, CODES, strict=True)])
    path.rename(folder / "InkStitch Acme Rayon.gpl")
    (folder / "broken.gpl").write_text("GIMP Palette\nno colour\n")
    monkeypatch.setattr(computer, "profile_folders", lambda: iter([tmp_path / "inkscape", tmp_path / "none"]))
    for name in ("InkStitch Acme Rayon", "acme rayon", "Acme 40"):
        assert [thread.code for thread in load_chart(name)] == CODES
    from embroider_prep.threads import list_charts

    added = [chart for chart in list_charts(computer=True) if chart.path is not None]
    assert [(chart.name, chart.count) for chart in added] == [("InkStitch Acme Rayon", 6)]


# ---------------------------------------------------------------- measured, spools, sequences


def test_measured_colours_replace_the_charts(tmp_path: Path) -> None:
    path = tmp_path / "measured.csv"
    path.write_text("number,hex\n15,#fafafa\n0020,#101010\n")
    chart = load_chart("isacord")
    mine = read_measured(path, chart)
    assert len(mine) == len(chart)
    changed = {new.code: new.hex for old, new in zip(chart, mine, strict=True) if old != new}
    assert changed == {"0015": "#fafafa", "0020": "#101010"}
    options = ConvertOptions().with_values({"chart": "isacord", "measured": str(path)})
    assert choose_from(options.quantize).chart == mine


@pytest.mark.parametrize(
    ("text", "says"),
    [("number,hex\n15,#fff\n99999,#000\n", "line 3: thread '99999' is not in chart"), ("number,hex\n15,\n", "line 2")],
)
def test_measured_colours_that_do_not_fit(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "measured.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_measured(path, load_chart("isacord"))


def test_spools_with_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "spools.csv"
    path.write_text("number,name\n900,black\n,red\n")
    assert [thread.code for thread in read_spools(path, load_chart("brother"))] == ["900", "800"]
    path.write_text("number,name,shelf\n900,black,\n,,3\n")
    with pytest.raises(InputError, match="line 3: neither number nor name"):
        read_spools(path, load_chart("brother"))


def test_spools_with_very_many_words(tmp_path: Path) -> None:
    import time

    path = tmp_path / "spools.txt"
    path.write_text("900," + ",".join(["word"] * 19_000))
    start = time.process_time()
    assert [thread.code for thread in read_spools(path, load_chart("brother"))] == ["900"]
    assert time.process_time() - start < 2


def test_a_chart_as_a_sequence_of_threads() -> None:
    import json

    import numpy as np

    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:, 30:] = (200, 20, 30)
    chart = [
        Thread(brand="Acme", chart="Acme", code=str(i), name="", rgb8=rgb)
        for i, rgb in enumerate([(0, 0, 0), (200, 20, 30), (255, 255, 255)])
    ]
    made = convert(picture, chart=chart, threads=2, style="none", width_mm=20)
    assert {thread.code for thread in made.plan.threads} == {"0", "1"}
    assert "3 threads" in json.dumps(made.report.as_dict())
    for wrong in ([], 7, ["red"], b"x"):
        with pytest.raises(OptionsError, match="is no chart"):
            convert(picture, chart=wrong)


def test_what_is_noticed_in_a_chart_reaches_the_report(tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "mine.csv"
    path.write_text("number,name,hex\n1,White,#ffffff\n2,Black,#000000\n1,Red,#ff0000\n")
    made = convert(np.zeros((60, 60, 3), np.uint8), chart=str(path), style="none", width_mm=20)
    assert "chart-number-twice" in {finding.code for finding in made.report.findings}


def test_palettes_with_transparency(tmp_path: Path) -> None:
    path = tmp_path / "a.gpl"
    path.write_text("GIMP Palette\nChannels: RGBA\n#\n200 30 40 255 Warm Red 1147\n0 0 0 255 Black 1000\n")
    assert [(thread.code, thread.name) for thread in load_chart(path)] == [("1147", "Warm Red"), ("1000", "Black")]
