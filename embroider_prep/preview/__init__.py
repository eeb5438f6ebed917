"""Pictures of stitch plans: `render`, the labelled `strip`, and where each hooping lies (`placement`)."""

from __future__ import annotations

from embroider_prep.preview.render import MARGIN_MM, render

__all__ = ["MARGIN_MM", "render"]
