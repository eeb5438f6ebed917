"""The table of benchmarks: what has moved is said, noise is not, and the page shows every release once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.benchmarks import __main__ as bench

ROW = {"version": "2", "picture": "cat", "way": "as it is", "cpu_s": 10.0, "peak_mb": 500, "delta_e": 5.0}
ROW |= {"stitches": 1000, "breaks": 1.0, "changes": 14, "short": 5.0, "minutes": 20}


def test_what_moved_is_said_and_noise_is_not() -> None:
    before = {key: str(value) for key, value in ROW.items()}
    assert bench.moved(ROW, before) == []
    assert bench.moved(ROW | {"cpu_s": 11.0}, before) == []
    assert bench.moved(ROW | {"cpu_s": 13.0, "delta_e": 4.0}, before) == ["CPU s 10.0 -> 13.0", "ΔE 5.0 -> 4.0"]
    assert bench.moved(ROW, None) == []


def test_the_page_shows_releases_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\nWhat it is.\n\n## 0\n\nold\n", encoding="utf-8")
    monkeypatch.setattr(bench, "PAGE", page)
    text = bench.page([ROW | {"version": "1"}, ROW])
    assert text.startswith("# Benchmarks\n\nWhat it is.\n\n## 2\n")
    assert text.index("## 2") < text.index("## 1")
    assert "old" not in text
    assert text.count("| cat | as it is |") == 2


def test_the_history_is_that_of_the_page() -> None:
    rows = bench.last()
    if not rows:
        pytest.skip("no table was written yet")
    text = bench.PAGE.read_text(encoding="utf-8")
    for row in rows.values():
        assert f"| {row['picture']} | {row['way']} | {row['cpu_s']} |" in text
    assert {way for _, way in rows} == set(bench.WAYS)
