"""Make the pictures of the README: ``python docs/pictures.py``. The photos come with scikit-image (CC0)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import embroider_prep as ep
from embroider_prep.preview import strip

FOLDER = Path(__file__).parent
HEIGHT_PX = 280


def main() -> None:
    """Write ``strip.jpg``: photo, threads and stitches of two samples, by the very command below the picture."""
    rows = []
    for name in ("chelsea", "coffee"):
        made = ep.convert(f"sample:{name}", width_mm=100)
        scale = made.options.preview.preview_px_per_mm
        rows.append(
            strip(made.photo, None, made.indexed, made.preview(), height_px=HEIGHT_PX, stitches_px_per_mm=scale)
        )
    width = min(row.shape[1] for row in rows)
    picture = np.concatenate([row[:, :width] for row in rows])
    # Stitches are fine structure: much below this quality they blur.
    Image.fromarray(picture).save(FOLDER / "strip.jpg", quality=80, optimize=True)


if __name__ == "__main__":
    main()
