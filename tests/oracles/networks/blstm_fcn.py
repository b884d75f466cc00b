"""blstm-fcn: an attention-based BiLSTM beside an attention-based fully convolutional network (Zhao et al. 2019, IEEE Access
7:97515). Kernels of 7, 5 and 3 frames; the paper's first has 8."""

import torch
from layers import Attention, ConvBlock, Head, Lstm, scaled
from torch import nn


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        units = scaled(128, config["width"])
        channels = [sizes["width"], *(scaled(size, config["width"]) for size in (64, 128, 128))]
        self.lstm = Lstm(sizes["width"], units, bidirectional=True)
        self.lstm_attention = Attention(2 * units, units)
        layers = zip(channels, channels[1:], (7, 5, 3), strict=False)
        self.conv = nn.ModuleList(ConvBlock(inputs, outputs, kernel, pool=2) for inputs, outputs, kernel in layers)
        self.projection = nn.Linear(channels[-1], units)
        self.conv_attention = Attention(units, units)
        self.head = Head(3 * units, sizes, config["functionals_size"], [units])

    def forward(self, groups, functionals):
        recurrent = self.lstm_attention(self.lstm(groups))
        for conv in self.conv:
            groups = conv(groups)
        groups = [torch.tanh(self.projection(group.transpose(1, 2))).transpose(1, 2) for group in groups]
        convolutional = self.conv_attention(groups)
        return self.head(torch.cat([recurrent, convolutional], 1), functionals)
