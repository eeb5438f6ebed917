"""HRNet: maps at full, half, quarter … resolution are kept side by side and exchange what they found.

After K. Sun et al., "Deep High-Resolution Representation Learning for Human Pose Estimation", CVPR 2019, without
normalisation over the picture. One thing differs: in a stage the coarsest branch goes first and hands its result up
before the finer one starts, so that depth adds up along the branches and one stage sees as far as several would.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from training.networks.parts import Block, Picture, activation, conv, enlarge, shrink
from training.options import NetworkOptions


class Stage(nn.Module):
    """Blocks at every resolution and the exchange between neighbours."""

    def __init__(self, options: NetworkOptions, *, first: bool) -> None:
        super().__init__()
        sizes = list(pairwise(options.channels))
        self.up = nn.ModuleList(conv(options, coarse, fine, side=1) for fine, coarse in sizes)
        # The first stage's maps were just made from their finer neighbours.
        self.down = nn.ModuleList(shrink(options, fine, coarse) for fine, coarse in sizes if not first)
        self.join = nn.ModuleList(activation(options.activation) for _ in options.channels)
        if first:
            # Nothing is added to the coarsest map yet; it is active already.
            self.join[-1] = nn.Identity()
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(options, width) for _ in range(depth)))
            for width, depth in zip(options.channels, options.depth, strict=True)
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        out = list(maps)
        for i in reversed(range(len(maps))):
            x = maps[i]
            if self.down and i > 0:
                x = x + self.down[i - 1](maps[i - 1])
            if i < len(maps) - 1:
                x = x + enlarge(self.up[i](out[i + 1]))
            out[i] = self.blocks[i](self.join[i](x))
        return out


class HRNet(Picture):
    """HRNet with any number of branches; its stride is 2 to the power of the branches less one."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__(options)
        width = options.channels
        self.stride = 2 ** (len(width) - 1)
        act = options.activation
        self.stem = nn.Sequential(conv(options, 3, width[0]), activation(act))
        self.open = nn.ModuleList(
            nn.Sequential(shrink(options, fine, coarse), activation(act)) for fine, coarse in pairwise(width)
        )
        self.stages = nn.ModuleList(Stage(options, first=i == 0) for i in range(options.stages))
        self.head = nn.Conv2d(width[0], 3, 3, padding=1)
        self.start(self.head)

    def planes(self, photo: Tensor) -> Tensor:
        maps = [self.stem(photo)]
        for smaller in self.open:
            maps.append(smaller(maps[-1]))
        for stage in self.stages:
            maps = stage(maps)
        out: Tensor = self.head(maps[0])
        return out
