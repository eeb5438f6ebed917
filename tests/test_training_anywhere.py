"""Training runs where Linux is not: no core counts and no memory counters that only Linux has. Without torch."""

from __future__ import annotations

import ctypes
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from embroider_prep import runtime
from embroider_prep.runtime import cores
from training import __main__ as training_main
from training import memory


def test_cores_are_counted_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    # A worker of a cluster that ran in this process has set its share.
    monkeypatch.setattr(runtime, "_share", None)
    assert cores() == 3
    assert training_main.cores is cores


def test_nothing_in_training_asks_linux_alone() -> None:
    from pathlib import Path

    for path in Path(memory.__file__).parent.rglob("*.py"):
        assert "sched_getaffinity" not in path.read_text(encoding="utf-8"), path


def test_the_peak_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    monkeypatch.setattr(memory.Path, "is_file", lambda self: False)
    assert memory.peak_bytes() > 10_000_000


def test_the_peak_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(process: Any, counters: Any, size: int) -> int:
        # Two DWORDs, then sizes: 72 bytes on 64 bits.
        assert size == 72
        counters._obj.peak = 123_456_789
        return 1

    libraries = SimpleNamespace(
        kernel32=SimpleNamespace(GetCurrentProcess=lambda: 1), psapi=SimpleNamespace(GetProcessMemoryInfo=fill)
    )
    # Attributes of functions can be set on functions only.
    libraries.kernel32.GetCurrentProcess = lambda: 1
    monkeypatch.setattr(ctypes, "windll", libraries, raising=False)
    monkeypatch.setattr(memory.Path, "is_file", lambda self: False)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory.peak_bytes() == 123_456_789
