"""What can be done about a finding, as buttons: options to change, or a part of the page to go to."""

from __future__ import annotations

from typing import Any

from embroider_prep.options import ConvertOptions
from embroider_prep.scene import Scene

_PHOTO_AS_IT_IS = {"label": "Leave the photo as it is", "values": {"fix": "off"}}


def cures(code: str, options: ConvertOptions, scene: Scene | None) -> list[dict[str, Any]]:
    """Return the cures of a finding: ``label`` (a text of the catalogue), and ``values`` to set or ``go``, a place."""
    q, plan = options.quantize, options.plan
    face = scene is not None and bool(scene.faces)
    known: dict[str, list[dict[str, Any]]] = {
        "face-small": [{"label": "Only the face", "values": {"crop": "face"}}, {"label": "Another part", "go": "crop"}],
        "bare-rim": [{"label": "Crop to the subject", "values": {"crop": "subject"}}],
        "background-kept": [
            {"label": "Paint what is sewn", "go": "mask"},
            {"label": "Crop to the subject", "values": {"crop": "subject"}},
        ],
        "cropped": [
            {"label": "The whole photo", "values": {"crop": None}},
            {"label": "Another part", "go": "crop"},
        ],
        "not-cropped": [{"label": "Choose the part myself", "go": "crop"}],
        "few-pixels": [{"label": "A smaller design", "go": "size"}],
        "too-large": [
            {"label": "As large as the hoop", "values": {"width_mm": None, "height_mm": None}},
            {"label": "In several hoopings", "values": {"split_hoops": True}},
        ],
        "too-many-stitches": [{"label": "A smaller design", "go": "size"}],
        "lines-left-out": [{"label": "Keep more lines", "values": {"max_breaks": min(1000.0, plan.max_breaks * 2)}}],
        "speck-dropped": [{"label": "Keep smaller areas", "values": {"min_area_mm2": q.min_area_mm2 / 2}}],
        "photo-frame": [{"label": "Keep the frame", "values": {"crop": [0, 0, 1, 1]}}],
        "photo-fringe": [_PHOTO_AS_IT_IS],
        "photo-red-eyes": [_PHOTO_AS_IT_IS],
        "photo-dark": [_PHOTO_AS_IT_IS],
        "photo-flat": [_PHOTO_AS_IT_IS],
        "photo-cast": [_PHOTO_AS_IT_IS],
        "chart-range": [{"label": "Other threads", "go": "chart"}],
        "color-unreachable": [{"label": "Other threads", "go": "chart"}],
        "needles": [{"label": "Fewer threads", "go": "threads"}],
        "color-blocks": [{"label": "Fewer threads", "go": "threads"}],
        "color-table": [{"label": "Fewer threads", "go": "threads"}],
        "display-colors": [{"label": "Fewer threads", "go": "threads"}],
        "density": [
            {"label": "Rows further apart", "values": {"row_spacing_mm": round(plan.row_spacing_mm + 0.05, 2)}}
        ],
        "hand-trims": [{"label": "Without trims", "values": {"no_trim": True}}],
        "no-stitches": [{"label": "Sew the background too", "values": {"background": "keep", "fabric": None}}],
    }
    found = known.get(code, [])
    return [cure for cure in found if face or cure.get("values") != {"crop": "face"}]
