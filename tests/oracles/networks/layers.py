"""Layers that the networks share, in PyTorch.

A batch is a list of groups, each of which holds clips of one length: (clips, channels, frames), or (clips, channels, bands,
frames) where a spectrogram is an image. So nothing is padded, and no layer can mistake padding for speech. `make.py` puts
every clip into a group of its own; `benches/peers/training.py` has one group, whose clips are computed side by side.
"""

import torch
from torch import nn


def scaled(size, width):
    """A layer's size at `width` times that of the paper, rounded half up, at least 1."""
    return max(int(size * width + 0.5), 1)


class Norm(nn.BatchNorm1d):
    """Batch normalisation over all frames (and bands) of all clips."""

    def forward(self, groups):
        if len(groups) == 1:
            return [super().forward(groups[0].flatten(2)).reshape(groups[0].shape)]
        rows = [group.movedim(1, -1) for group in groups]
        flat = super().forward(torch.cat([row.reshape(-1, row.shape[-1]) for row in rows]))
        parts = flat.split([row[..., 0].numel() for row in rows])
        return [part.reshape(row.shape).movedim(-1, 1) for part, row in zip(parts, rows, strict=True)]


class ConvBlock(nn.Conv1d):
    """A convolution over time with zeros around each clip, batch normalisation, ReLU, and max pooling whose last window may be
    shorter."""

    def __init__(self, inputs, outputs, kernel, stride=1, pool=1):
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.norm = Norm(outputs)
        self.pool = nn.MaxPool1d(pool, ceil_mode=True)

    def forward(self, groups):
        groups = self.norm([nn.Conv1d.forward(self, group) for group in groups])
        return [self.pool(torch.relu(group)) for group in groups]


class Lstm(nn.LSTM):
    """An LSTM of one layer, in one direction or in both."""

    def __init__(self, inputs, hidden, bidirectional=False):
        super().__init__(inputs, hidden, batch_first=True, bidirectional=bidirectional)
        # PyTorch adds two biases, of which one is enough.
        for name, bias in self.named_parameters():
            if name.startswith("bias_hh"):
                nn.init.zeros_(bias).requires_grad_(False)

    def forward(self, groups):
        return [nn.LSTM.forward(self, group.transpose(1, 2))[0].transpose(1, 2) for group in groups]


class Attention(nn.Linear):
    """Additive attention over time with one query: weights softmax(query . tanh(W x + b)), each clip's weighted mean, and with
    `statistics` the weighted standard deviation behind it (Okabe et al. 2018), 1e-6 added to the variance."""

    def __init__(self, inputs, size, statistics=False):
        super().__init__(inputs, size)
        self.query = nn.Parameter(torch.zeros(size))
        self.statistics = statistics

    def forward(self, groups):
        return torch.cat([self.pooled(group.transpose(1, 2)) for group in groups])

    def pooled(self, x):
        weights = torch.softmax(torch.tanh(super().forward(x)) @ self.query, 1)[:, None]
        mean = weights @ x
        if not self.statistics:
            return mean[:, 0]
        variance = weights @ (x - mean) ** 2
        return torch.cat([mean, torch.sqrt(variance + 1e-6)], 2)[:, 0]


class Head(nn.Module):
    """Dense layers with ReLU from each clip's vector to logits; functionals are joined before the first, through a dense layer
    of their own where that has a size."""

    def __init__(self, inputs, sizes, functionals_size, dense=()):
        super().__init__()
        self.has_functionals = sizes["functionals"] > 0
        self.functionals = None
        if self.has_functionals and functionals_size > 0:
            self.functionals = nn.Linear(sizes["functionals"], functionals_size)
            inputs += functionals_size
        else:
            inputs += sizes["functionals"]
        widths = [inputs, *dense]
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False))
        self.classes = nn.Linear(widths[-1], sizes["classes"])

    def forward(self, x, functionals):
        if self.has_functionals:
            own = functionals if self.functionals is None else torch.relu(self.functionals(functionals))
            x = torch.cat([x, own], 1)
        for dense in self.dense:
            x = torch.relu(dense(x))
        return self.classes(x)


def mean_over_time(groups):
    return torch.cat([group.mean(2) for group in groups])


def last_frame(groups):
    return torch.cat([group[:, :, -1] for group in groups])


def loss(network, logits, targets):
    """Cross-entropy with soft targets, summed, as the targets hold the weights of the clips; and what the network adds."""
    found = nn.functional.cross_entropy(logits, targets, reduction="sum")
    return found + network.added_loss(targets) if hasattr(network, "added_loss") else found
