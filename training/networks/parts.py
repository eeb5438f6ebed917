"""What all layouts are built from: convolution with norm and activation, residual block, weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.options import NetworkOptions


def activation(name: str) -> nn.Module:
    """Return the activation of that name; softmax runs over the channels."""
    if name == "softmax":
        return nn.Softmax(dim=1)
    if name == "prelu":
        return nn.PReLU()
    if name == "leaky_relu":
        return nn.LeakyReLU(0.1)
    # In place: what comes in is always a fresh sum or convolution, and memory traffic is a third of the time.
    return nn.Sigmoid() if name == "sigmoid" else nn.ReLU(inplace=True)


def norm(name: str, channels: int) -> list[nn.Module]:
    """Return the normalisation of that name, or nothing."""
    if name == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.InstanceNorm2d(channels, affine=True)] if name == "instance" else []


def conv(
    options: NetworkOptions, channels_in: int, channels_out: int, *, side: int = 3, stride: int = 1
) -> nn.Sequential:
    """Return a zero-padded convolution with the options' norm; the activation comes where maps have been added."""
    layer = nn.Conv2d(channels_in, channels_out, side, stride, (side - 1) // 2)
    return nn.Sequential(layer, *norm(options.norm, channels_out))


class Block(nn.Module):
    """Residual block: two 3x3 convolutions, added to what came in."""

    def __init__(self, options: NetworkOptions, channels: int) -> None:
        super().__init__()
        self.first = conv(options, channels, channels)
        self.second = conv(options, channels, channels)
        self.middle, self.last = activation(options.activation), activation(options.activation)
        self.dropout = nn.Dropout2d(options.dropout) if options.dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(x + self.second(self.dropout(self.middle(self.first(x)))))
        return out


def shrink(options: NetworkOptions, channels_in: int, channels_out: int) -> nn.Sequential:
    """Return the convolution that halves height and width: 2x2, as 3x3 takes twice the time and sees one pixel more."""
    return conv(options, channels_in, channels_out, side=2, stride=2)


def enlarge(x: Tensor, times: int = 2) -> Tensor:
    """Enlarge bilinearly."""
    return F.interpolate(x, scale_factor=times, mode="bilinear", align_corners=False)


@torch.no_grad()
def draw_weights(net: nn.Module, options: NetworkOptions) -> None:
    """Draw all weights from normal distributions.

    With ``init="he"`` the deviation is sqrt(2 / fan-in) (He et al. 2015), divided by the square root of the number of
    blocks for the second convolution of each, as nothing normalises their sum (Zhang et al. 2019, Fixup).
    """
    blocks = sum(isinstance(part, Block) for part in net.modules())
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            fan_in = layer.weight[0].numel()
            std = math.sqrt(2 / fan_in) if options.init == "he" else options.init_std
            nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    if options.norm == "none" and options.init == "he":
        for part in net.modules():
            if isinstance(part, Block):
                part.second[0].weight /= math.sqrt(blocks)


class Picture(nn.Module):
    """Base of all layouts: a body that gives three planes, then the difference to the photo or the output itself.

    In and out: (N, 3, H, W), sRGB 0..1; H and W multiples of ``stride``.
    """

    stride: int

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        self.final = nn.Sigmoid() if options.output == "sigmoid" else nn.Identity()

    def planes(self, photo: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, photo: Tensor) -> Tensor:
        planes = self.final(self.planes(photo))
        return photo + planes if self.options.residual else planes

    @torch.no_grad()
    def start(self, head: nn.Conv2d) -> None:
        """Draw the weights; the head starts small, so that training starts at the photo or at mid-grey."""
        draw_weights(self, self.options)
        head.weight *= 0.02
        if not self.options.residual and self.options.output == "linear":
            nn.init.constant_(head.bias, 0.5)
