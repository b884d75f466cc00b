"""adrnn: a convolution over the log-mel spectrogram with its deltas and delta-deltas, three dilated ones beside one that skips
them, a dense layer, a bidirectional LSTM with attention, a dense layer whose vectors a centre loss draws to the centres of
their classes (Meng et al. 2019, IEEE Access 7:125868; Wen et al. 2016). Normalisation comes before the leaky ReLU, attention
has a hidden layer, and centres follow the means of the batches."""

import torch
from images import Conv2d, Dense, joined, leaky, pooled, with_deltas
from layers import Attention, Head, Lstm, scaled
from torch import nn

# Share of a batch in the centres, as in running statistics.
SHARE = 0.1


class Centres(nn.Module):
    """A column per class."""

    def __init__(self, size, classes):
        super().__init__()
        self.register_buffer("running_centres", torch.zeros(size, classes))

    def attract(self, x, targets):
        """Half the squared distance of each clip from the centres of its classes, as far as it is of them."""
        distances = ((x[:, :, None] - self.running_centres) ** 2).sum(1)
        with torch.no_grad():
            means = x.T @ targets / targets.sum(0)
            present = targets.sum(0) > 0
            self.running_centres.lerp_(torch.where(present, means, self.running_centres), SHARE)
        return 0.5 * (targets * distances).sum()


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        channels = [scaled(size, config["width"]) for size in (128, 128, 128, 256)]
        projected, units, dense = (scaled(size, config["width"]) for size in (768, 128, 64))
        self.conv = Conv2d(3, channels[0], (3, 3), leaky, normalised=False, pool=(2, 4))
        pairs = zip(channels, channels[1:], strict=False)
        self.dilated = nn.ModuleList(Conv2d(a, b, (3, 3), leaky, normalised=True, dilation=2) for a, b in pairs)
        self.skip = Conv2d(channels[0], channels[-1], (3, 3), nn.Identity(), normalised=True, dilation=2)
        self.projection = Dense(channels[-1] * pooled(sizes["width"], 4), projected)
        self.lstm = Lstm(projected, units, bidirectional=True)
        self.attention = Attention(2 * units, dense)
        self.last = Dense(2 * units, dense)
        self.centres = Centres(dense, sizes["classes"])
        self.head = Head(dense, sizes, config["functionals_size"])
        self.centre_loss = config["centre_loss"]

    def forward(self, groups, functionals):
        groups = self.conv(with_deltas(groups))
        skipped = self.skip(groups)
        for conv in self.dilated:
            groups = conv(groups)
        groups = [group + other for group, other in zip(groups, skipped, strict=True)]
        clips = self.attention(self.lstm(self.projection(joined(groups))))
        self.vectors = self.last.of_clips(clips)
        return self.head(self.vectors, functionals)

    def added_loss(self, targets):
        return self.centre_loss * self.centres.attract(self.vectors, targets)
