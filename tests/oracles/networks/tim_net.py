"""tim-net: temporal-aware blocks of dilated causal convolutions over a clip and over the same clip turned round, their means
over time added and fused by a learnt sum over all blocks (Ye et al. 2023, ICASSP, arXiv 2211.08233)."""

import torch
from layers import Head, Norm, mean_over_time, scaled
from torch import nn


class CausalConv(nn.Conv1d):
    """A convolution of two frames, this one and the one `dilation` before it, with zeros before a clip."""

    flat_in_files = True

    def __init__(self, channels, dilation):
        super().__init__(channels, channels, 2, dilation=dilation)

    def forward(self, groups):
        return [nn.Conv1d.forward(self, nn.functional.pad(group, (self.dilation[0], 0))) for group in groups]


class Block(nn.Module):
    """Twice convolution, batch normalisation and ReLU; the sigmoid of the result weighs what came in."""

    def __init__(self, channels, dilation):
        super().__init__()
        self.conv = nn.ModuleList(CausalConv(channels, dilation) for _ in range(2))
        self.norm = nn.ModuleList(Norm(channels) for _ in range(2))

    def forward(self, groups):
        found = groups
        for conv, norm in zip(self.conv, self.norm, strict=True):
            found = [torch.relu(group) for group in norm(conv(found))]
        return [group * torch.sigmoid(weights) for group, weights in zip(groups, found, strict=True)]


class Way(nn.Module):
    """One direction of time: (clips, channels) of every block."""

    def __init__(self, width, channels, blocks):
        super().__init__()
        self.input = nn.Linear(width, channels)
        self.blocks = nn.ModuleList(Block(channels, 2**index) for index in range(blocks))

    def forward(self, groups):
        groups = [self.input(group.transpose(1, 2)).transpose(1, 2) for group in groups]
        levels = []
        for block in self.blocks:
            groups = block(groups)
            levels.append(mean_over_time(groups))
        return torch.stack(levels)


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        channels = scaled(39, config["width"])
        self.forwards = Way(sizes["width"], channels, config["blocks"])
        self.backwards = Way(sizes["width"], channels, config["blocks"])
        self.levels = nn.Parameter(torch.zeros(config["blocks"]))
        self.head = Head(channels, sizes, config["functionals_size"])

    def forward(self, groups, functionals):
        levels = self.forwards(groups) + self.backwards([group.flip(2) for group in groups])
        return self.head(torch.einsum("l,lnc->nc", self.levels, levels), functionals)
