"""Pictures of stitch plans: `render`, the labelled `strip`, and where each hooping lies (`placement`)."""

from __future__ import annotations

from embroider_prep.preview.placement import placement
from embroider_prep.preview.render import MARGIN_MM, render
from embroider_prep.preview.strip import picture_of_threads, strip

__all__ = ["MARGIN_MM", "picture_of_threads", "placement", "render", "strip"]
