"""The texts in other languages: all there, compiled, with the same places to fill in."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from embroider_prep.catalogue import LANGUAGES, best_language, catalogue

sys.path.insert(0, str(Path(__file__).parent / "make"))
import make_catalogue

IDS = [place.parents[1].name for place in make_catalogue.PLACES]


@pytest.mark.parametrize("place", make_catalogue.PLACES, ids=IDS)
def test_every_text_is_translated_and_compiled(place: Path) -> None:
    entries = make_catalogue.read_po(place.read_text(encoding="utf-8"))
    # `python tests/make/make_catalogue.py` brings both up to date; what other rooms add stays English until then.
    assert [text for text in make_catalogue.texts(own=True) if not entries.get(text)] == []
    assert len(make_catalogue.texts()) > len(make_catalogue.texts(own=True)) > 100
    assert place.with_suffix(".mo").read_bytes() == make_catalogue.to_mo(entries)
    for text, to in entries.items():
        if not text or not to:
            continue
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", to)), text


def test_a_catalogue_survives_its_file() -> None:
    entries = {"": "Language: de\n", 'a "b" \\ c\n': "d\te", "x": ""}
    assert make_catalogue.read_po(make_catalogue.to_po(entries)) == entries


def test_languages() -> None:
    assert sorted(IDS) == sorted(set(LANGUAGES) - {"en"})
    assert catalogue("de").gettext("Threads") == "Garne"
    assert catalogue("de").gettext("no such text") == "no such text"
    assert catalogue("en").gettext("Threads") == "Threads"
    assert catalogue("../../etc").language == "en"


@pytest.mark.parametrize(
    ("asked", "language"),
    [("de-CH,de;q=0.9,en;q=0.8", "de"), ("en;q=0.5,de;q=0.9", "de"), ("fr,es", "en"), ("", "en"), (";q=x,,", "en")],
)
def test_what_a_browser_asks_for(asked: str, language: str) -> None:
    assert best_language(asked) == language
