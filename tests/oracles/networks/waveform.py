"""waveform: convolutions over the samples themselves with batch normalisation, ReLU and max pooling, two LSTM layers, and the
mean of their states over time (Tzirakis, Zhang and Schuller 2018, ICASSP). Kernels of 7, 5 and 5 samples; the paper's have 8,
6 and 6. The samples of a frame are its columns."""

from layers import ConvBlock, Head, Lstm, mean_over_time, scaled
from torch import nn


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        channels = [1, *(scaled(size, config["width"]) for size in (64, 128, 256))]
        units = scaled(256, config["width"])
        layers = zip(channels, channels[1:], (7, 5, 5), (10, 8, 8), strict=False)
        self.conv = nn.ModuleList(ConvBlock(inputs, outputs, kernel, pool=pool) for inputs, outputs, kernel, pool in layers)
        self.lstm = nn.ModuleList(Lstm(inputs, units) for inputs in (channels[-1], units))
        self.head = Head(units, sizes, config["functionals_size"])

    def forward(self, groups, functionals):
        groups = [group.transpose(1, 2).flatten(1)[:, None] for group in groups]
        for layer in [*self.conv, *self.lstm]:
            groups = layer(groups)
        return self.head(mean_over_time(groups), functionals)
