"""Stylizing 24 megapixels: memory, and the time of the pipeline against bare ``session.run`` on the same tiles.

    python tests/benchmarks/bench_stylize.py [MODEL-NAME or path.onnx] [--megapixels 24]

Wanted: ratio at most 1.05 (array to array), peak memory of the process at most 700 MB.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np

from embroider_prep.options import StylizeOptions
from embroider_prep.picture import load
from embroider_prep.stylizer.stylize import open_style, stylize
from embroider_prep.stylizer.tiles import batches, choose_tile, plan_tiles, read_batch


def photo_of(megapixels: float) -> np.ndarray:
    """Return a sample photo repeated to 3:2 of that size: memory for nothing but the array itself."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
    tile = load("sample:chelsea").rgb8
    out = np.empty((height, width, 3), np.uint8)
    for y in range(0, height, tile.shape[0]):
        for x in range(0, width, tile.shape[1]):
            part = out[y : y + tile.shape[0], x : x + tile.shape[1]]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return out


def peak_mb() -> float:
    """Return the most memory that this process has held (Linux)."""
    match = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) / 1024 if match else float("nan")


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("style", nargs="?", default="illustration")
    parser.add_argument("--megapixels", type=float, default=24.0)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    photo = photo_of(args.megapixels)
    options = StylizeOptions(style=args.style, device="cpu")
    session = open_style(args.style, device="cpu")
    card = session.card
    shape = photo.shape[:2]
    side = choose_tile(*shape, wanted=None, halo=card.halo_px, stride=card.stride, bytes_per_px=card.bytes_per_px)
    windows = [
        read_batch(photo, b) for b in batches(plan_tiles(*shape, tile=side, halo=card.halo_px, stride=card.stride), 1)
    ]
    window_mb = sum(window.nbytes for window in windows) / 1e6
    bare_cpu, bare, whole_cpu, whole = [], [], [], []
    for _ in range(args.rounds):
        clock, cpu = time.perf_counter(), time.process_time()
        for window in windows:
            session.run(window)
        bare.append(time.perf_counter() - clock)
        bare_cpu.append(time.process_time() - cpu)
        clock, cpu = time.perf_counter(), time.process_time()
        stylize(photo, options)
        whole.append(time.perf_counter() - clock)
        whole_cpu.append(time.process_time() - cpu)
    print(
        json.dumps(
            {
                "style": card.name,
                "megapixels": photo.size / 3e6,
                "tiles": len(windows),
                "tile_px": side,
                "bare_s": round(min(bare), 2),
                "stylize_s": round(min(whole), 2),
                "ratio_wall": round(min(whole) / min(bare), 3),
                "ratio_cpu": round(min(whole_cpu) / min(bare_cpu), 3),
                "mpx_per_s": round(photo.size / 3e6 / min(whole), 3),
                # The windows held for the bare runs are this benchmark's, not the product's.
                "peak_mb_with_windows": round(peak_mb()),
                "peak_mb": round(peak_mb() - window_mb),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
