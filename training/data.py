"""Pairs from disk to batches: which pairs, in which order, turned how. The same seed gives the same batches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from embroider_prep.errors import InputError
from training.options import DataOptions

Rgb8 = npt.NDArray[np.uint8]


class Pairs:
    """Pairs that the command ``pairs`` wrote, of one split.

    Parameters
    ----------
    folders : folders with ``pairs.json``
    split : {"training", "validation"}

    Raises
    ------
    InputError
        When a folder holds no pairs of the split.
    """

    def __init__(self, folders: Sequence[str | Path], split: str) -> None:
        self.files: list[tuple[Path, str]] = []
        self.side_px = 0
        digest = hashlib.sha256()
        for folder in map(Path, folders):
            if not (folder / "pairs.json").is_file():
                raise InputError(f"{folder}: there are no pairs", hint="python -m training pairs --out " + str(folder))
            head = (folder / "pairs.json").read_bytes()
            self.side_px = int(json.loads(head)["options"]["crop_px"])
            digest.update(head)
            for index in sorted((folder / "index").glob("*.json")):
                text = index.read_bytes()
                record = json.loads(text)
                if record["split"] == split:
                    digest.update(text)
                    self.files += [(folder, pair["file"]) for pair in record["pairs"]]
        if not self.files:
            raise InputError(
                f"{', '.join(map(str, folders))}: no pair for {split}",
                hint="make pairs of more photos, or change --keep-out" if folders else "set data.pairs in the config",
            )
        self.sha256 = digest.hexdigest()

    def __len__(self) -> int:
        return len(self.files)

    def read(self, number: int) -> tuple[Rgb8, Rgb8]:
        """Return photo and style image, (S, S, 3) uint8 each."""
        folder, name = self.files[number]
        return _read_png(folder / "photo" / name), _read_png(folder / "style" / name)


def _read_png(path: Path) -> Rgb8:
    data = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if data is None:
        raise InputError(f"{path}: not a picture", hint="delete the index of this photo and make its pairs again")
    return np.asarray(data, np.uint8)


class Order:
    """Which pair stands at which position of the endless sequence of pairs.

    ``random``: every pair once in each round, in a new order. ``fixed``: the pairs are shuffled once into groups of
    ``group``; the groups stay as they are, what does not fill one is left out.
    """

    def __init__(self, count: int, options: DataOptions, *, group: int, seed: int) -> None:
        self.seed = seed
        self.fixed = options.groups == "fixed"
        self.count = count
        self.order = np.random.default_rng(seed).permutation(count)
        if self.fixed and count >= group:
            self.count = count // group * group
        self._round = (-1, self.order)

    def __getitem__(self, position: int) -> int:
        number, place = divmod(position, self.count)
        if self.fixed:
            return int(self.order[place])
        if self._round[0] != number:
            self._round = (number, np.random.default_rng([self.seed, number]).permutation(self.count))
        return int(self._round[1][place])


def cut_and_turn(photo: Rgb8, style: Rgb8, options: DataOptions, rng: np.random.Generator) -> tuple[Rgb8, Rgb8]:
    """Return the same random piece of both, turned and mirrored alike."""
    side = photo.shape[0]
    if options.crop_px is not None and options.crop_px < side:
        y, x = rng.integers(0, side - options.crop_px + 1, 2)
        part = np.s_[y : y + options.crop_px, x : x + options.crop_px]
        photo, style = photo[part], style[part]
    if options.turn:
        turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
        photo, style = np.rot90(photo, turns), np.rot90(style, turns)
        if mirror:
            photo, style = photo[:, ::-1], style[:, ::-1]
    return photo, style


def to_tensor(pictures: Sequence[Rgb8]) -> torch.Tensor:
    """Return (N, 3, H, W) float32 in 0..1 of equal uint8 pictures."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def batches(
    pairs: Pairs, options: DataOptions, *, positions: Iterator[range], group: int, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield photos and style images for each range of positions, read ahead by threads.

    What stands at a position, and how it is turned, depends on the seed and the position alone: not on how the
    positions are dealt out to batches, processes or runs.
    """
    order = Order(len(pairs), options, group=group, seed=seed)

    if not options.workers:
        for wanted in positions:
            yield _stack([_load(pairs, options, order[p], (seed, 1, p)) for p in wanted])
        return
    with ThreadPoolExecutor(options.workers) as pool:
        ahead = []
        for wanted in positions:
            # Positions are resolved here: `Order` remembers its round and is not for several threads.
            ahead.append([pool.submit(_load, pairs, options, order[p], (seed, 1, p)) for p in wanted])
            if len(ahead) > 2:
                yield _stack([future.result() for future in ahead.pop(0)])
        for waiting in ahead:
            yield _stack([future.result() for future in waiting])


def _load(pairs: Pairs, options: DataOptions, number: int, seed: tuple[int, ...]) -> tuple[Rgb8, Rgb8]:
    photo, style = pairs.read(number)
    return cut_and_turn(photo, style, options, np.random.default_rng(seed))


def _stack(loaded: list[tuple[Rgb8, Rgb8]]) -> tuple[torch.Tensor, torch.Tensor]:
    photos, styles = zip(*loaded, strict=True)
    return to_tensor(photos), to_tensor(styles)
