"""How Sphinx builds these pages: ``python -m sphinx -W -b html docs build/docs``; no network, warnings are errors."""

from __future__ import annotations

import re
from pathlib import Path

_VERSION = (Path(__file__).parent.parent / "embroider_prep" / "_version.py").read_text(encoding="utf-8")

project = "embroider-prep"
author = "The embroider-prep maintainers"
copyright = author
release = re.findall(r'"(.+)"', _VERSION)[0]

extensions = ["myst_parser"]
# Headings are link targets under the same names as on GitHub, where the pages are read as well.
myst_heading_anchors = 3
exclude_patterns = ["pictures"]
nitpicky = True

html_theme = "alabaster"
html_theme_options = {"description": "From a photograph to a machine embroidery file", "page_width": "1080px"}
html_show_sourcelink = False
html_copy_source = False
