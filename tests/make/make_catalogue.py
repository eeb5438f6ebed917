"""Collect the texts of page and player, bring the catalogues of other languages up to date, and compile them.

    python tests/make/make_catalogue.py

New texts come into the ``.po`` files of ``data/locale`` without a translation, those that nobody uses any more go. The
``.mo`` files beside them are what the program reads.
"""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path

from embroider_prep.preview.player.words import PLAYER_TEXTS

ROOT = Path(__file__).parents[2] / "embroider_prep"
PLACES = sorted((ROOT / "data" / "locale").glob("*/LC_MESSAGES/embroider_prep.po"))


def texts(*, own: bool = False) -> list[str]:
    """Return every text that is translated, in order of appearance; ``own``: only those of the page."""
    found: list[str] = []
    for path in sorted((ROOT / "web" / "page").iterdir()):
        if path.suffix in (".html", ".js"):
            calls = re.findall(r"""(?<![\w.$])(?:t|_)\(\s*("(?:[^"\\]|\\.)*")""", path.read_text(encoding="utf-8"))
            found += [ast.literal_eval(call) for call in calls]
    if own:
        return list(dict.fromkeys(found))
    for name, pattern in (("web/cures.py", r'"label": ("[^"]*")'), ("tryout.py", r'\(\s*f?("[A-Z][^"{:]*)')):
        source = (ROOT / name).read_text(encoding="utf-8")
        found += [ast.literal_eval(text if text.endswith('"') else text + '"') for text in re.findall(pattern, source)]
    return list(dict.fromkeys([*found, *PLAYER_TEXTS.values()]))


def read_po(text: str) -> dict[str, str]:
    """Return text and translation of each entry of a catalogue."""
    out = {}
    for entry in re.split(r"\n\s*\n", text):
        parts = {
            kind: "".join(ast.literal_eval(line) for line in re.findall(r'"(?:[^"\\]|\\.)*"', lines))
            for kind, lines in re.findall(r'^(msgid|msgstr)((?:\s*"(?:[^"\\]|\\.)*")+)', entry, re.MULTILINE)
        }
        if "msgid" in parts:
            out[parts["msgid"]] = parts.get("msgstr", "")
    return out


def to_po(entries: dict[str, str]) -> str:
    """Return a catalogue as text."""

    def quoted(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    return "\n".join(f"msgid {quoted(text)}\nmsgstr {quoted(to)}\n" for text, to in entries.items())


def to_mo(entries: dict[str, str]) -> bytes:
    """Return a catalogue as gettext reads it: https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html"""
    pairs = sorted((text.encode(), to.encode()) for text, to in entries.items() if to)
    count = len(pairs)
    start = 28 + 16 * count
    tables, data = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<2I", len(pair[side]), start + len(data))
            data += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return head + tables[0] + tables[1] + data


def updated(text: str) -> dict[str, str]:
    """Return a catalogue's head and the texts that are used now, with the translations that there are."""
    known = read_po(text)
    return {"": known[""], **{text: known.get(text, "") for text in texts()}}


if __name__ == "__main__":
    for place in PLACES:
        entries = updated(place.read_text(encoding="utf-8"))
        place.write_text(to_po(entries), encoding="utf-8")
        place.with_suffix(".mo").write_bytes(to_mo(entries))
        print(f"{place.parents[1].name}: {sum(map(bool, entries.values())) - 1} of {len(entries) - 1} texts")
