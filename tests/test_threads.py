"""Thread charts: built in, palettes, tables, spools."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import embroider_prep
from embroider_prep.design import Thread
from embroider_prep.errors import InputError, OptionsError
from embroider_prep.threads import find_thread, list_charts, load_chart, match_color, read_spools

NOTICE = (Path(embroider_prep.__file__).parent / "data" / "NOTICE").read_text(encoding="utf-8")

PALETTE = """GIMP Palette
Name: Ink/Stitch: Acme Rayon
Columns: 4
# RGB Value                 Color Name Number
255 255 255\t        Bright White\t  0015
  0   0   0         Black  B5200
200  20  30         Christmas Red  1147
200  20  31         Sunset 9a
 10 200  30         Grass Green
  1   2   3
"""


def written(folder: Path, text: str | bytes, name: str = "chart.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# ---------------------------------------------------------------- built in


def test_built_in_charts() -> None:
    charts = {chart.name: chart for chart in list_charts()}
    wanted = (
        "brother janome husqvarna isacord madeira-polyneon madeira-classic sulky-rayon sulky-polyester brothread-40"
    )
    wanted += " robison-anton-polyester mettler-poly-sheen marathon-polyester gunold floriani fil-tec-glide hemingworth"
    wanted += " brothread-63 brothread-80 simthread gutermann"
    assert set(wanted.split()) <= charts.keys()
    for name, chart in charts.items():
        threads = load_chart(name)
        assert len(threads) == chart.count >= 28
        assert {thread.brand for thread in threads} == {chart.maker}
        assert {thread.chart for thread in threads} == {name}
        assert len({thread.code for thread in threads}) == len(threads)
        assert chart.origin.partition(" of ")[2] in NOTICE or chart.origin in NOTICE, "where the values come from"
        assert sum(not thread.name for thread in threads) < 0.03 * len(threads)
        assert {thread.weight_wt for thread in threads} == {40}
        # Colours given as one value for all, or empty ones, would show here.
        assert len({thread.rgb8 for thread in threads}) > 0.7 * len(threads)


@pytest.mark.parametrize(("name", "kind"), [("brother-pec", "Pec"), ("janome", "Jef"), ("husqvarna", "Hus")])
def test_built_in_values_are_those_of_the_machines(name: str, kind: str) -> None:
    import importlib

    machine = importlib.import_module(f"pyembroidery.EmbThread{kind}").get_thread_set()
    expected = {(item.catalog_number, item.description, item.hex_color()) for item in machine if item is not None}
    ours = {(thread.code, thread.name, thread.hex) for thread in load_chart(name)}
    assert ours <= expected
    # Codes 62 to 64 of PEC are steps of appliqué, whatever the library calls them.
    assert {name for _, name, _ in expected - ours} == (
        {"Orange", "Cream Yellow", "Applique"} if kind == "Pec" else set()
    )


def test_names_of_charts() -> None:
    assert load_chart("Brother") == load_chart("brother")
    with pytest.raises(OptionsError, match=r"chart 'brothr' is unknown; allowed: one of the \d+ built-in") as caught:
        load_chart("brothr")
    assert caught.value.hint == "did you mean 'brother'?"
    with pytest.raises(OptionsError) as caught:
        load_chart("zzz")
    assert "embroider-prep threads list" in caught.value.hint


def test_listing_charts_loads_nothing_heavy() -> None:
    code = (
        "import sys; from embroider_prep.threads import list_charts, load_chart; list_charts(); load_chart('janome');"
    )
    code += "print([name for name in ('cv2', 'PIL', 'scipy', 'skimage') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------- palettes


def test_palette(tmp_path: Path) -> None:
    threads = load_chart(written(tmp_path, PALETTE, "acme.gpl"))
    rows = [(thread.code, thread.name, thread.rgb8) for thread in threads]
    assert rows == [
        ("0015", "Bright White", (255, 255, 255)),
        ("B5200", "Black", (0, 0, 0)),
        ("1147", "Christmas Red", (200, 20, 30)),
        ("9a", "Sunset", (200, 20, 31)),
        ("#0ac81e", "Grass Green", (10, 200, 30)),
        ("#010203", "", (1, 2, 3)),
    ]
    assert {(thread.brand, thread.chart) for thread in threads} == {("Acme Rayon", "Acme Rayon")}


def test_palette_without_name_and_with_other_line_ends(tmp_path: Path) -> None:
    text = "\ufeffGIMP Palette\r\n#\r\n1 2 3 Ink 77\r\n"
    (thread,) = load_chart(written(tmp_path, text.encode(), "mine.gpl"))
    assert (thread.brand, thread.code, thread.name) == ("mine", "77", "Ink")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("GIMP Palette\n1 2\n", "line 2: '1 2' is no colour"),
        ("GIMP Palette\nName: x\n1 2 256 Red\n", "line 3: '1 2 256 Red' is no colour"),
        ("GIMP Palette\n\nred 1 2 3\n", "line 3"),
        ("GIMP Palette\n-1 2 3 Red\n", "line 2"),
        ("GIMP Palette\nName: x\n# nothing\n", "the chart is empty"),
    ],
)
def test_palettes_that_do_not_parse(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text, "bad.gpl")
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        load_chart(path)
    assert str(caught.value).startswith(str(path))


# ---------------------------------------------------------------- tables

SAME = [
    "number,name,hex\n0015,White,#ffffff\n1147,Red,#c8141e\n",
    "Name;HEX;Number\nWhite;ffffff;0015\nRed;0xC8141E;1147\n",
    "Hex\tName\tCode\n#fff\tWhite\t0015\n#c8141e\tRed\t1147\n",
    "Catalog Number,Color,Hex\n0015,White,#FFFFFF\n1147,Red,#C8141E\n",
    "Nr.;Name;R;G;B\n0015;White;255;255;255\n1147;Red;200;20;30\n",
    "code,description,colour\n0015,White,#ffffff\n\n# a comment\n1147,Red,#c8141e\n",
    'blue,green,red,"Thread Name",no\n255,255,255,White,0015\n30,20,200," Red ",1147\n',
    "sep=;\nNumber;Name;Hex\n0015;White;#ffffff\n1147;Red;#c8141e\n",
    '"sep=\t"\nNumber\tName\tHex\n0015\tWhite\t#ffffff\n1147\tRed\t#c8141e\n',
    "My threads;;\nprice list 2024;;\n;;\nNummer;Farbe;Rot;Grün;Blau\n0015;White;255;255;255\n1147;Red;200;20;30\n",
    "number|name|rgb\n0015|White|255 255 255\n1147|Red|rgb(200, 20, 30)\n",
    '"Color #",Color Name,RGB Hex\n0015,White,#FFFFFF\n1147,Red,#C8141E\n\n,,\n',
]


@pytest.mark.parametrize("text", SAME)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables(tmp_path: Path, text: str, encoding: str, end: str) -> None:
    threads = load_chart(written(tmp_path, text.replace("\n", end).encode(encoding), "acme.csv"))
    expected = [("0015", "White", (255, 255, 255)), ("1147", "Red", (200, 20, 30))]
    assert [(thread.code, thread.name, thread.rgb8) for thread in threads] == expected
    assert {(thread.brand, thread.chart, thread.weight_wt) for thread in threads} == {("acme", "acme", 40)}


def test_table_with_all_columns_in_latin_1(tmp_path: Path) -> None:
    text = "maker,chart,number,name,hex,weight\nMüller,Grün,1,Hellgrün,#90ee90,60wt\nBeta,Y,1,Rot,#f00,\n"
    one, two = load_chart(written(tmp_path, text.encode("latin-1")))
    assert one == Thread(brand="Müller", chart="Grün", code="1", name="Hellgrün", rgb8=(144, 238, 144), weight_wt=60)
    assert (two.brand, two.code, two.weight_wt) == ("Beta", "1", 40)


def test_table_without_codes(tmp_path: Path) -> None:
    (thread,) = load_chart(written(tmp_path, "name,hex\nRose,#f08\n"))
    assert (thread.code, thread.name) == ("#ff0088", "Rose")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty (0 bytes)"),
        ("number,name,hex\n", "the chart is empty"),
        ("1,White,#ffffff\n", "line 1: no header of a chart"),
        ("number,name\n1,White\n", "line 1: no header of a chart"),
        ("hex\n#ffffff\n", "line 1: no header of a chart"),
        ("number,hex\n1,#ffffff\n2,#ggg\n", "line 3: '#ggg' is no colour"),
        ("number,hex\n1\n", "the chart is empty: no colour in line 2 (1)"),
        ("number,r,g,b\n1,2,3,256\n", "line 2: '2, 3, 256' is no colour"),
        ("number,r,g,b\n1,2,3,-6\n", "line 2"),
        ("number,hex,weight\n1,#fff,heavy\n", "line 2: weight 'heavy' is no number from 1 to 200"),
        (b"\0\1\2\3", "not a text file"),
        ("number,hex\n1," + "#" * 200_000 + "\n", "line 2: not a line of a table"),
        ("number,hex\n" + "".join(f"{i},#fff\n" for i in range(10_001)), "more than 10000 threads"),
    ],
)
def test_tables_that_do_not_parse(tmp_path: Path, text: str | bytes, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        load_chart(path)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_not_there_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_chart(tmp_path / "none.gpl")
    with pytest.raises(InputError, match="this is a folder"):
        load_chart(tmp_path)
    with pytest.raises(InputError, match="5000000 bytes; allowed are at most"):
        load_chart(written(tmp_path, b"x" * 5_000_000))


@given(st.text(max_size=200))
def test_any_text_is_a_chart_or_an_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    for name, start in (("any.csv", "number,hex\n"), ("any.gpl", "GIMP Palette\n")):
        path = tmp_path_factory.getbasetemp() / name
        path.write_text(start + text, encoding="utf-8", errors="replace")
        try:
            threads = load_chart(path)
        except InputError:
            continue
        assert threads


# ---------------------------------------------------------------- single threads


def test_find_thread() -> None:
    chart = load_chart("janome")
    assert find_thread("002", chart).name == "Black"
    assert find_thread(" 2 ", chart).name == "Black"
    assert find_thread("royal purple", chart).code == "243"
    with pytest.raises(OptionsError, match=r"thread '2433' is not in chart janome \(78 threads\)") as caught:
        find_thread("2433", chart)
    assert caught.value.hint == "did you mean '243'?"
    with pytest.raises(OptionsError, match="an empty chart"):
        find_thread("1", ())


def test_an_exact_code_comes_before_a_loose_one() -> None:
    chart = tuple(Thread(brand="", chart="", code=code, name="", rgb8=(0, 0, 0)) for code in ("01", "1", "a", "A"))
    assert [find_thread(code, chart).code for code in ("01", "1", "001", "A", "a")] == ["01", "1", "01", "A", "a"]


def test_match_color() -> None:
    chart = load_chart("brother")
    for wanted in chart:
        (best, difference), *others = match_color(wanted.rgb8, chart)
        assert best.rgb8 == wanted.rgb8
        assert difference == pytest.approx(0, abs=1e-3)
        assert len(others) == 4
        distances = [distance for _, distance in others]
        assert distances == sorted(distances)
    assert match_color("#ED171F", chart, 1)[0][0].name == "Red"
    assert match_color("black", chart, 1)[0][0].name == "Black"
    assert len(match_color((1, 2, 3), chart, 1000)) == len(chart)


def test_match_color_asks_for_a_colour_and_a_chart() -> None:
    chart = load_chart("brother-pec")
    with pytest.raises(OptionsError, match="'#12' is not a colour"):
        match_color("#12", chart)
    with pytest.raises(OptionsError, match="allowed are three numbers"):
        match_color((1, 2, 300), chart)
    with pytest.raises(OptionsError, match="0 of 61 threads; allowed: 1 or more"):
        match_color("red", chart, 0)
    with pytest.raises(OptionsError, match="5 of 0 threads"):
        match_color("red", ())


# ---------------------------------------------------------------- spools


@pytest.mark.parametrize(
    "text",
    [
        "002\n243\n001\n",
        "002, 243; 001".replace(";", ","),
        "# mine\n002 Black\n243 Royal Purple # nearly empty\n1\n002\n",
        "002;Black\n243;Royal Purple\n001;White\n",
        "code\n002\n243\n001\n",
        "Name,Number\nBlack,002\nRoyal Purple,243\nWhatever,001\n",
        "black\nroyal purple\nwhite\n",
        "Janome 002 Black\nJanome (243)\nJanome: 001\n",
    ],
)
def test_spools(tmp_path: Path, text: str) -> None:
    threads = read_spools(written(tmp_path, text, "spools.txt"), load_chart("janome"))
    assert [thread.code for thread in threads] == ["002", "243", "001"]
    assert {thread.brand for thread in threads} == {"Janome"}


def test_spools_may_be_a_chart_of_their_own(tmp_path: Path) -> None:
    palette = written(tmp_path, PALETTE, "mine.gpl")
    assert read_spools(palette, load_chart("janome")) == load_chart(palette)
    table = written(tmp_path, SAME[0], "mine.csv")
    assert read_spools(table, ()) == load_chart(table)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("002\n\n2433\n", "line 3: thread '2433' is not in chart janome", "did you mean '243'?"),
        ("002,9999\n", "line 1: thread '9999' is not in chart janome", ""),
        ("number\n002\nblakc\n", "line 3: thread 'blakc'", "did you mean 'Black'?"),
        ("# nothing\n", "no codes in it", ""),
        ("", "the file is empty", ""),
    ],
)
def test_spools_that_are_not_in_the_chart(tmp_path: Path, text: str, says: str, hint: str) -> None:
    path = written(tmp_path, text, "spools.txt")
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        read_spools(path, load_chart("janome"))
    assert str(caught.value).startswith(str(path))
    assert hint in caught.value.hint
