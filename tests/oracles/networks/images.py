"""Layers of networks over spectrograms. An image is (clips, channels, bands, frames)."""

import torch
from layers import Norm
from torch import nn
from torch.nn import functional


class Conv2d(nn.Conv2d):
    """A convolution that keeps an image's size, batch normalisation in place of a bias where it is `normalised`, `activation`,
    and max pooling whose last windows may be smaller. Kernel and pooling are of frames and bands, dilation of both."""

    def __init__(self, inputs, outputs, kernel, activation, normalised, pool=(1, 1), dilation=1):
        frames, bands = kernel
        padding = (bands // 2 * dilation, frames // 2 * dilation)
        super().__init__(inputs, outputs, (bands, frames), padding=padding, dilation=dilation, bias=not normalised)
        self.norm = Norm(outputs) if normalised else None
        self.activation = activation
        self.pool = nn.MaxPool2d(tuple(reversed(pool)), ceil_mode=True)

    def forward(self, groups):
        groups = [nn.Conv2d.forward(self, group) for group in groups]
        if self.norm is not None:
            groups = self.norm(groups)
        return [self.pool(self.activation(group)) for group in groups]


class Dense(Conv2d):
    """A fully connected layer for every frame, with batch normalisation and leaky ReLU: a convolution of single values."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, (1, 1), leaky, normalised=True)

    def forward(self, groups):
        return [group[:, :, 0] for group in super().forward([group[:, :, None] for group in groups])]

    def of_clips(self, x):
        """Of one vector per clip."""
        return self.forward([x[:, :, None]])[0][:, :, 0]


def leaky(x):
    return functional.leaky_relu(x, 0.01)


def slope(x):
    """The regression slope over two frames on either side; a clip's ends are held. (clips, bands, frames)."""
    frames = x.shape[2]
    held = functional.pad(x, (2, 2), mode="replicate")
    moved = {n: held[:, :, 2 + n : 2 + n + frames] for n in (-2, -1, 1, 2)}
    return sum(n * values for n, values in moved.items()) / sum(n * n for n in moved)


def with_deltas(groups):
    """Bands, their deltas and delta-deltas as three channels."""
    return [torch.stack([group, slope(group), slope(slope(group))], 1) for group in groups]


def joined(groups):
    """The channels of one band after those of another: (clips, bands * channels, frames)."""
    return [group.transpose(1, 2).flatten(1, 2) for group in groups]


def pooled(bands, factor):
    return -(-bands // factor)
