"""A real Chromium for tests of pages: Debian's, driven by Playwright; tests say so where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser without a window, or skip the test with a word."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pages are not tested")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not installed: pages are not tested")
    with api.sync_playwright() as driver:
        # Containers give no name spaces to the sandbox of a browser that runs as root.
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
