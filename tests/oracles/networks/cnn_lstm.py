"""cnn-lstm: convolutions over time, LSTM layers, pooling over time, functionals beside it, dense layers."""

import torch
from layers import Attention, ConvBlock, Head, Lstm, last_frame, mean_over_time
from torch import nn


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        width = sizes["width"]
        self.conv, self.lstm = nn.ModuleList(), nn.ModuleList()
        for layer in config["conv"]:
            block = ConvBlock(width, layer["channels"], layer["kernel"], layer.get("stride", 1), layer.get("pool", 1))
            self.conv.append(block)
            width = layer["channels"]
        hidden, both = config["lstm"]["hidden"], config["lstm"]["bidirectional"]
        for _ in range(config["lstm"]["layers"]):
            self.lstm.append(Lstm(width, hidden, both))
            width = hidden * (2 if both else 1)
        self.pooling = config["pooling"]
        statistics = self.pooling == "attentive-statistics"
        if statistics or self.pooling == "attention":
            self.attention = Attention(width, config["attention_size"], statistics)
        self.backward_from = hidden if self.lstm and both else width
        pooled = 2 * width if statistics else width
        self.head = Head(pooled, sizes, config["functionals_size"], config["dense"])

    def forward(self, groups, functionals):
        for layer in [*self.conv, *self.lstm]:
            groups = layer(groups)
        return self.head(self.pooled(groups), functionals)

    def pooled(self, groups):
        if self.pooling == "mean":
            return mean_over_time(groups)
        if self.pooling == "last":
            # The backward direction ends at the first frame.
            first = torch.cat([group[:, :, 0] for group in groups])
            return torch.cat([last_frame(groups)[:, : self.backward_from], first[:, self.backward_from :]], 1)
        return self.attention(groups)
