"""Indexed pictures for tests, and what paint programs do to their files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from embroider_prep.design import FABRIC, Finding, Guide, IndexedImage, Thread
from embroider_prep.picture import write_indexed

RED, BLUE, WHITE, GREEN = ((200, 20, 30), (20, 40, 190), (250, 250, 250), (20, 150, 40))


def thread(rgb8: tuple[int, int, int], code: str) -> Thread:
    return Thread(brand="Acme", chart="Rayon", code=code, name=f"Nº {code} «é»", rgb8=rgb8, weight_wt=60)


def make_flag() -> IndexedImage:
    """Red, blue and white fields with a hole of bare fabric, 60 x 40 pixels, 10 x 6.7 mm."""
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 20:40] = 1
    labels[:, 40:] = 2
    labels[10:20, 5:15] = FABRIC
    return IndexedImage(labels=labels, threads=(thread(RED, "1"), thread(BLUE, "2"), thread(WHITE, "3")), px_per_mm=6)


def make_guide() -> Guide:
    rng = np.random.default_rng(0)
    angle, coherence, weight = (rng.random((14, 20)).astype(np.float32) for _ in range(3))
    content = rng.integers(0, 4, (14, 20)).astype(np.uint8)
    return Guide(angle_deg=angle * 180, coherence=coherence, weight=1 + 9 * weight, content=content, px_per_mm=2.0)


def same_guide(one: Guide | None, two: Guide | None) -> bool:
    assert one is not None
    assert two is not None
    names = ("angle_deg", "coherence", "weight", "content")
    return one.px_per_mm == two.px_per_mm and all(np.array_equal(getattr(one, n), getattr(two, n)) for n in names)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


Edit = Callable[[Image.Image], Image.Image]


def retouched(path: Path, edit: Edit, *, keep_text: bool = True, **settings: Any) -> Path:
    """What a paint program does: open, change, save with the text chunks or without."""
    with Image.open(path) as image:
        image.load()
        chunks = PngImagePlugin.PngInfo()
        for key, value in image.text.items() if keep_text else ():
            chunks.add_itxt(key, value)
        if image.mode == "P" and "transparency" in image.info:
            settings.setdefault("transparency", image.info["transparency"])
        settings.setdefault("dpi", image.info.get("dpi"))
        if settings["dpi"] is None:
            del settings["dpi"]
        changed = edit(image.copy())
        if changed.mode != "P":
            settings.pop("transparency", None)
    out = path.with_name("retouched.png")
    changed.save(out, pnginfo=chunks, **settings)
    return out


def painted(color: tuple[int, ...], box: tuple[int, int, int, int]) -> Edit:
    def edit(image: Image.Image) -> Image.Image:
        image = image.convert("RGBA")
        image.paste(color, box)
        return image

    return edit


def as_bytes(image: IndexedImage, guide: Guide | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_indexed(image, Path(folder) / "a.png", guide=guide)
        return (Path(folder) / "a.png").read_bytes()
