"""The table of promises names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
TABLE = (CHECKOUT / "docs" / "promises.md").read_text(encoding="utf-8")


def test_every_promise_names_tests_that_there_are() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 15
    for row in rows:
        promise, proof = row.strip("| ").rsplit(" | ", 1)
        assert promise.endswith(".")
        named = re.findall(r"`((?:tests/\w+\.py)?(?:::\w+)?)`", proof)
        assert named, row
        file = ""
        for name in named:
            path, _, test = name.partition("::")
            file = path or file
            text = (CHECKOUT / file).read_text(encoding="utf-8")
            assert not test or re.search(rf"^(def|class) {test}\b", text, re.MULTILINE), name
