"""Loss networks: VGG19, VGG16, AlexNet or weight files; pictures in, features of named layers after their ReLU out.

Layers are named as in VGG: conv<block>_<number>. AlexNet's five convolutions are conv1_1 to conv5_1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from embroider_prep.errors import InputError, OptionsError
from training.options import LossOptions

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
DOWNLOAD = {
    "vgg19": "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    "vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
    "alexnet": "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
}


class LossNetwork(nn.Module):
    """One or more frozen towers; each layer is taken from the first tower that has it."""

    def __init__(self, towers: Sequence[Tower], sources: Sequence[dict[str, str]]) -> None:
        super().__init__()
        self.towers = nn.ModuleList(towers)
        self.sources = list(sources)
        self.requires_grad_(False).eval()

    def check(self, layers: Iterable[str]) -> None:
        """Raise ``OptionsError`` for a layer that no tower has."""
        known = [name for tower in self.towers for name in tower.names]
        for layer in layers:
            if layer not in known:
                raise OptionsError(
                    f"loss: this loss network has no layer {layer!r}; allowed: {', '.join(dict.fromkeys(known))}"
                )

    def forward(self, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return features (N, C, h, w) of ``pictures`` (N, 3, H, W), sRGB 0..1."""
        out: dict[str, Tensor] = {}
        for tower in self.towers:
            mine = [layer for layer in layers if layer in tower.names and layer not in out]
            if mine:
                out |= tower(pictures, mine)
        return out


class Tower(nn.Module):
    """A chain of convolutions with ReLU; ``names`` are its layers in order."""

    names: list[str]

    def forward(self, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        raise NotImplementedError


class TorchTower(Tower):
    """The features of a torchvision model; input normalised with ImageNet's mean and deviation."""

    def __init__(self, features: nn.Sequential, *, one_a_block: bool) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(IMAGENET_STD)[:, None, None])
        self.ends: dict[str, int] = {}
        block, number = 1, 0
        for i, layer in enumerate(features):
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
                number += 1
                self.ends[f"conv{block}_{number}"] = i
            # A new block begins after each pool; in AlexNet, which pools thrice, after each convolution.
            if isinstance(layer, nn.ReLU if one_a_block else nn.MaxPool2d):
                block, number = block + 1, 0
        self.names = list(self.ends)

    def forward(self, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        x = (pictures - self.mean) / self.std
        out, wanted = {}, {self.ends[name]: name for name in layers}
        for i, layer in enumerate(self.features[: max(wanted) + 1]):
            x = layer(x)
            if i in wanted:
                out[wanted[i]] = x
        return out


class NpzTower(Tower):
    """Convolutions from an ``.npz`` file with keys like ``conv1_2.weight`` (O, I, h, w) and ``conv1_2.bias``.

    ``conv12`` is read as ``conv1_2``. With a ``conv0`` (a 1x1 map) the file takes RGB 0..1 and pads by reflection, as
    distilled encoders do; without it, BGR 0..255 less Caffe's mean and zero padding, as the original VGG does. A 1x1
    map ``conv12_aux`` is applied to the features of its layer. 2x2 max-pooling between blocks.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            with np.load(path) as file:
                arrays = {key: torch.from_numpy(np.asarray(file[key], np.float32)) for key in file.files}
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot read weights: {error}", hint="an .npz file is needed") from error
        self.names, self.keys = [], {}
        for key in arrays:
            match = re.fullmatch(r"conv([1-9])_?([1-9])\.weight", key)
            if match:
                self.keys[f"conv{match[1]}_{match[2]}"] = key.removesuffix(".weight")
        self.names = sorted(self.keys)
        if not self.names or any(f"{key}.bias" not in arrays for key in self.keys.values()):
            raise InputError(f"{path}: no weights conv<block>_<number>.weight with their .bias in it", hint="see above")
        self.raw = "conv0.weight" in arrays
        for key, array in arrays.items():
            self.register_buffer(key.replace(".", "/"), array)
        self.register_buffer("mean", torch.tensor(CAFFE_MEAN_BGR)[:, None, None])

    def _conv(self, x: Tensor, key: str) -> Tensor:
        weight, bias = getattr(self, f"{key}/weight"), getattr(self, f"{key}/bias")
        if weight.shape[-1] == 1:
            return F.conv2d(x, weight, bias)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect" if self.raw else "constant"), weight, bias)

    def forward(self, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        x = self._conv(pictures, "conv0") if self.raw else pictures.flip(1) * 255 - self.mean
        out: dict[str, Tensor] = {}
        block = "1"
        for name in self.names[: max(map(self.names.index, layers)) + 1]:
            if name[4] != block:
                x, block = F.max_pool2d(x, 2), name[4]
            key = self.keys[name]
            x = F.relu(self._conv(x, key))
            if name in layers:
                out[name] = self._conv(x, key + "_aux") if hasattr(self, f"{key}_aux/weight") else x
        return out


def load_loss_network(options: LossOptions) -> LossNetwork | None:
    """Return the loss network of the options, or None when no term needs one.

    Raises
    ------
    InputError
        When the weights are missing; the hint is the line that gets them.
    OptionsError
        When a layer is asked for that the network does not have.
    """
    if not options.needs_network:
        return None
    files = [Path(name) for name in options.weights]
    for path in files:
        if not path.is_file():
            raise InputError(f"{path}: the loss network's weights are missing", hint=_line(options, path))
    if options.network == "npz":
        if not files:
            raise OptionsError("loss.weights: the network npz needs files", hint='weights = ["vgg19.npz"]')
        towers: list[Tower] = [NpzTower(path) for path in files]
    else:
        features = _torchvision(options, files[0] if files else None)
        towers = [TorchTower(features, one_a_block=options.network == "alexnet")]
    sources = [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in files]
    network = LossNetwork(towers, sources or [{"file": f"torchvision {options.network} IMAGENET1K_V1", "sha256": ""}])
    network.check([
        *([options.content_layer] if options.content else []),
        *(options.style_layers if options.style else ()),
        *(options.feature_layers if options.feature else ()),
    ])  # fmt: skip
    return network


def _line(options: LossOptions, path: Path) -> str:
    url = DOWNLOAD.get(options.network)
    return f"curl -Lo {path} {url}" if url else "point loss.weights at your .npz files"


def _torchvision(options: LossOptions, path: Path | None) -> nn.Sequential:
    import torchvision

    make: Any = getattr(torchvision.models, options.network)
    if path is None:
        try:
            return make(weights="IMAGENET1K_V1").features
        except OSError as error:
            raise InputError(
                f"torchvision's weights of {options.network} cannot be fetched: {error}",
                hint=f'{_line(options, Path(options.network + ".pth"))}, then loss.weights = ["{options.network}.pth"]',
            ) from error
    features = make(weights=None).features
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        state = {key.removeprefix("features."): value for key, value in state.items() if "classifier" not in key}
        features.load_state_dict(state)
    except Exception as error:
        # torch.load and load_state_dict raise half a dozen types; all mean that the file is not these weights.
        first = str(error).splitlines()[0]
        raise InputError(f"{path}: not weights of {options.network}: {first}", hint=_line(options, path)) from error
    return features
