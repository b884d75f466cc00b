"""acrnn: convolutions over the log-mel spectrogram with its deltas and delta-deltas, a dense layer, a bidirectional LSTM with
attention, a dense layer (Chen et al. 2018, IEEE Signal Processing Letters 25:1440), pooled as in the paper's public code, 2
frames by 4 bands after the first convolution. Attention has a hidden layer, where the paper scores states directly."""

from images import Conv2d, Dense, joined, leaky, pooled, with_deltas
from layers import Attention, Head, Lstm, scaled
from torch import nn


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        projected, units, dense = (scaled(size, config["width"]) for size in (768, 128, 64))
        inputs = 3
        self.conv = nn.ModuleList()
        for layer in range(config["conv_layers"]):
            channels, pool = (256, (1, 1)) if layer else (128, (2, 4))
            channels = scaled(channels, config["width"])
            self.conv.append(Conv2d(inputs, channels, (5, 3), leaky, normalised=False, pool=pool))
            inputs = channels
        self.projection = Dense(inputs * pooled(sizes["width"], 4), projected)
        self.lstm = Lstm(projected, units, bidirectional=True)
        self.attention = Attention(2 * units, dense)
        self.last = Dense(2 * units, dense)
        self.head = Head(dense, sizes, config["functionals_size"])

    def forward(self, groups, functionals):
        groups = with_deltas(groups)
        for conv in self.conv:
            groups = conv(groups)
        clips = self.attention(self.lstm(self.projection(joined(groups))))
        return self.head(self.last.of_clips(clips), functionals)
