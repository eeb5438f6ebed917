"""Names of charts as people write them: "Isacord 40", "madeira polyneon", "Robison-Anton"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

# Words that every chart could carry.
_NOISE = {"thread", "threads", "embroidery", "machine", "chart", "palette", "wt", "weight", "the", "color", "colors",
          "colour", "colours", "set", "no", "nr"}  # fmt: skip

# The usual weights: a word only where no chart has it as its own.
_WEIGHTS = {"40", "30", "60", "40wt", "30wt", "60wt", "120d", "2"}

_SAME = {"poly": "polyester", "viscose": "rayon", "viskose": "rayon"}


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name without case, accents and what every chart could carry."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.findall(r"[a-z]+|\d+(?:wt|d(?![a-z]))?", plain)
    return tuple(_SAME.get(word, word) for word in words if word not in _NOISE)


def keys_of(name: str) -> tuple[str, ...]:
    """Return a name as one word: as it is, and without a weight."""
    words = words_of(name)
    light = tuple(word for word in words if word not in _WEIGHTS)
    return tuple(dict.fromkeys("".join(part) for part in (words, light) if part))


def find_names(wanted: str, known: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the charts that a name may mean: one when it is clear, several when not, none when unknown.

    Parameters
    ----------
    wanted : str
    known : mapping of chart to all of its usual names
    """
    spelt: dict[str, list[str]] = {}
    for chart, names in known.items():
        for name in names:
            spelt.setdefault("".join(words_of(name)) or name.lower(), []).append(chart)
    for key in keys_of(wanted):
        if key in spelt:
            return tuple(dict.fromkeys(spelt[key]))
    # All words of the name in one of a chart's names, in any order: "rayon madeira".
    words = [word for word in words_of(wanted) if word not in _WEIGHTS]
    if not words:
        return ()
    return tuple(chart for chart, names in known.items() if any(set(words) <= set(words_of(name)) for name in names))
