"""residual-lstm: batch normalisation, an LSTM whose states are added to its input, batch normalisation, an LSTM whose last
state tells the classes."""

from layers import Head, Lstm, Norm, last_frame, scaled
from torch import nn


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        width, units = sizes["width"], scaled(128, config["width"])
        self.before = Norm(width)
        self.residual = Lstm(width, width)
        self.between = Norm(width)
        self.lstm = Lstm(width, units)
        self.head = Head(units, sizes, config["functionals_size"])

    def forward(self, groups, functionals):
        groups = self.before(groups)
        groups = [group + states for group, states in zip(groups, self.residual(groups), strict=True)]
        groups = self.lstm(self.between(groups))
        return self.head(last_frame(groups), functionals)
