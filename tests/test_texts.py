"""The gate for text: any encoding in, nothing hostile out, and bounds on what a parser is given."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embroider_prep.design import Thread
from embroider_prep.errors import EmbroiderPrepError, InputError, OptionsError
from embroider_prep.machines import find_machine
from embroider_prep.options import WriteOptions, read_options
from embroider_prep.stylizer.card import read_card
from embroider_prep.texts import (
    clean,
    clean_line,
    decode,
    json_text,
    parse_json,
    parse_toml,
    plain_cell,
    read_text,
    safe_cell,
)

WORDS = "Mädchen, größer\nzweite Zeile\n"
HOSTILE = "\x1b[31m \x07 \x9b \u202e \u2066 \ud800 \u2028 \ufeff \uffff"


@pytest.mark.parametrize(
    "data",
    [
        WORDS.encode(),
        WORDS.encode("utf-8-sig"),
        WORDS.encode("utf-16"),
        b"\xfe\xff" + WORDS.encode("utf-16-be"),
        WORDS.encode("utf-16-le"),
        WORDS.encode("utf-16-be"),
        WORDS.encode("utf-32"),
        WORDS.encode("cp1252"),
        WORDS.replace("\n", "\r\n").encode(),
        WORDS.replace("\n", "\r").encode(),
        WORDS.replace("\n", "\r\n").encode("utf-16"),
    ],
)
def test_every_encoding_gives_the_same_text(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    assert read_text(tmp_path / "a.txt") == WORDS


def test_windows_1252_has_more_than_latin_1() -> None:
    assert decode("“5 € – Šat”".encode("cp1252"), "a") == "“5 € – Šat”"


@pytest.mark.parametrize("data", [b"a\0b", b"\0" * 40, b"PK\x03\x04\0\0\x14\0\x08", b"\xff\xfe\0\0\0\0\0\0"])
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.txt: not a text file"):
        decode(data, "a.txt")


def test_hostile_letters_become_question_marks() -> None:
    assert clean("a\x1b[2Jb\u202ec\nd\te") == "a?[2Jb?c\nd\te"
    assert clean_line("a\nb\tc\x00") == "a b c?"
    # What honest names need stays: joiners of scripts, accents, emoji; marks of direction are left out.
    for name in ("Łódź", "नमस्ते", "می\u200cخواهم", "👩\u200d🎨", "e\u0301", "½ 線"):
        assert clean(name) == clean_line(name) == name
    assert clean_line("\u200fשלום\u200e") == "שלום"


@given(st.text())
def test_what_comes_out_is_harmless(text: str) -> None:
    for out in (clean(text), clean_line(text)):
        out.encode("utf-8")
        assert clean(out) == out
    assert len(clean_line(text)) <= 200
    assert clean_line(clean_line(text)) == clean_line(text)
    assert json.loads(json_text({"a": text}))


def test_long_names_are_cut_in_no_time() -> None:
    start = process_time()
    assert clean_line("x" * 10_000_000).endswith("…")
    assert process_time() - start < 0.5


def test_threads_have_harmless_names() -> None:
    thread = Thread(brand=HOSTILE, chart=HOSTILE, code="1\x1b]0;", name="n" * 5000, rgb8=(0, 0, 0))
    for text in (thread.brand, thread.chart, thread.code, thread.name, str(thread)):
        assert text == clean(text)
        assert len(text) < 1000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 3000, "more than 32 levels"),
        ("a = " + "[" * 200 + "]" * 200, "more than 32 levels"),
        (".".join("a" * 1 for _ in range(20_000)) + " = 1", "more than 16 parts"),
        ('"b"."c".' * 30 + "a = 1", "more than 16 parts"),
        ("a" * 200_000, "not TOML"),
        ("{" * 5000, "not TOML"),
        ("a = " + "{a=" * 3000, "more than 32 levels"),
        ("a = inf", "a: inf is not a finite number"),
        ("[t]\nb = nan", "t.b: nan is not a finite number"),
        ("a = [1, -inf]", "a: -inf is not"),
        ("a = 1e999", "a: inf is not"),
        ("a = " + "9" * 5000, "not TOML"),
        ("a = 0x" + "f" * 5000, "a: a number of more than 19 digits"),
        ('a = "x\\u0000y"', "a: a zero byte"),
        ("a = \x00", "a: not TOML"),
        ("a = 1\na = 2", "not TOML"),
    ],
)
def test_toml_is_bounded(text: str, says: str) -> None:
    start = process_time()
    with pytest.raises(InputError, match=r"machine\.toml: ") as caught:
        parse_toml(clean(text) if "\0" in text else text, "machine.toml", hint="look")
    assert says.removeprefix("a: ") in str(caught.value) or says in str(caught.value)
    assert process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "levels"),
        ('{"a":' * 60 + "1" + "}" * 60, "levels"),
        ('{"a": NaN}', "a: nan is not a finite number"),
        ('{"a": [-Infinity]}', "-inf is not a finite number"),
        ('{"a": 1e400}', "inf is not a finite number"),
        ('{"a": ' + "1" * 30 + "}", "more than 19 digits"),
        ('{"a": ' + "1" * 5000 + "}", "not JSON"),
        ('{"a": "\\u0000"}', "a: a zero byte"),
        ("{", "not JSON"),
    ],
)
def test_json_is_bounded(text: str, says: str) -> None:
    with pytest.raises(InputError, match=r"card\.json: ") as caught:
        parse_json(text, "card.json")
    assert says in str(caught.value)


def test_texts_inside_are_clean() -> None:
    assert parse_json('{"a\\u001b": ["\\ud800", "\\u202e"]}', "a") == {"a?": ["?", "?"]}
    assert parse_toml('a = ["\\u001b[2J"]', "a", hint="") == {"a": ["?[2J"]}
    # The gate changes nothing else.
    data = {"a": [1, -2.5, True, None, "ä\nb"], "c": {"d": []}}
    assert parse_json(json.dumps(data), "a") == data


def test_numbers_that_json_has_not_are_a_bug() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        json_text({"a": float("nan")})


@given(st.text(alphabet="'=+-@＝abc\n\"; ", max_size=8))
def test_cells_are_no_formulas_and_come_back(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text
    assert safe_cell(text)[:1] not in ("=", "+", "-", "@", "＝")


HOOP = "[[hoop]]\nwidth_mm = 100\nheight_mm = 100\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_machines_and_options_in_every_encoding(encoding: str, line_end: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(f'title = "Mädchen"\n{HOOP}'.replace("\n", line_end).encode(encoding))
    assert find_machine(path).title == "Mädchen"
    path.write_bytes('[write]\nname = "Mädchen"\n'.replace("\n", line_end).encode(encoding))
    assert read_options(path).write.name == "Mädchen"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("color_change_s = inf", "color_change_s: inf is not a finite number"),
        ("trim_s = nan", "trim_s: nan"),
        ("speed_spm = 1e300", "speed_spm: 1e\\+300 is not allowed; allowed: a number from 50 to 10,000"),
        ("needles = 99999999999999999999", "more than 19 digits"),
        ("max_stitches = -1", "max_stitches: -1 is not allowed"),
        ('title = "a\\u0000"', "title: a zero byte"),
        ("title = [[[[", "not TOML"),
    ],
)
def test_machines_with_odd_numbers(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{line}\n{HOOP}")
    with pytest.raises(EmbroiderPrepError, match=says):
        find_machine(path)


def test_windows_paths_and_curly_quotes_get_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for text, says in (
        ('[write]\nmachine = "C:\\Users\\me.toml"', "single quotes"),
        ("[write]\nname = “a”", "straight"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="not TOML") as caught:
            read_options(path)
        assert says in caught.value.hint


def test_zero_bytes_in_options() -> None:
    with pytest.raises(OptionsError, match="zero byte"):
        WriteOptions(machine="a\0.toml")


@pytest.mark.parametrize(
    "text", ["[" * 20_000, '{"name": NaN}', "{}", '"a"', "\ufeff{", '{"name": "a", "stride": 1e999}']
)
def test_cards_are_bounded(text: str, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(EmbroiderPrepError) as caught:
        read_card(tmp_path / "card.json")
    assert "card.json" in str(caught.value)
