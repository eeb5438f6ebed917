"""The texts of page, player and work sheet in other languages: one gettext catalogue for all of them.

``data/locale/LANGUAGE/LC_MESSAGES/embroider_prep.po`` is what a translator edits; the ``.mo`` beside it is what is read
(`tests/make/make_catalogue.py` makes it). English is the text itself.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

DOMAIN = "embroider_prep"

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""What can be chosen, each by its own name."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """A language's texts, by the English ones; what it does not have stays English."""

    language: str
    texts: Mapping[str, str]

    def gettext(self, text: str) -> str:
        """Return a text in this language."""
        return self.texts.get(text, text)


@cache
def catalogue(language: str) -> Catalogue:
    """Return the texts of a language; English for one that is not there."""
    place = resources.files("embroider_prep") / "data" / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    if language not in LANGUAGES or language == "en" or not place.is_file():
        return Catalogue(language="en", texts={})
    with place.open("rb") as file:
        table: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
    texts = {text: to for text, to in table.items() if isinstance(text, str) and text}
    return Catalogue(language=language, texts=texts)


def best_language(wanted: str) -> str:
    """Return the language that suits best what a browser asks for (``Accept-Language``)."""
    asked: list[tuple[float, str]] = []
    for part in wanted[:200].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            asked.append((-float(quality or 1), name.split("-")[0].lower()))
        except ValueError:
            continue
    return next((name for _, name in sorted(asked, key=lambda item: item[0]) if name in LANGUAGES), "en")
