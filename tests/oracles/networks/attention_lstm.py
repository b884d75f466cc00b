"""attention-lstm: two LSTM layers whose forget gate is attention on their memory, attention over time and attention over
features (Xie et al. 2019, TASLP 27:1675).

The paper leaves open whether attention has biases: the query over time and the hidden layer over features have them."""

import torch
from layers import Head, last_frame, scaled
from torch import nn
from torch.nn.functional import linear


class MemoryLstm(nn.Module):
    """c = f * c + (1 - f) * tanh(W_g x + U_g h + b_g) with f = sigmoid(V tanh(W c + b)), and h = sigmoid(W_o x + U_o h + b_o) *
    tanh(c). Rows of the candidate come first, then those of the output gate."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.input = nn.Parameter(torch.zeros(2 * hidden, inputs))
        self.state = nn.Parameter(torch.zeros(2 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(2 * hidden))
        self.memory = nn.Parameter(torch.zeros(hidden, hidden))
        self.memory_bias = nn.Parameter(torch.zeros(hidden))
        self.gate = nn.Parameter(torch.zeros(hidden, hidden))

    def forward(self, groups):
        return [self.states(group.transpose(1, 2)).transpose(1, 2) for group in groups]

    def states(self, x):
        heard = linear(x, self.input, self.bias)
        memory = state = x.new_zeros(x.shape[0], self.state.shape[1])
        states = []
        for frame in heard.unbind(1):
            candidate, output = (frame + linear(state, self.state)).chunk(2, 1)
            kept = torch.sigmoid(linear(torch.tanh(linear(memory, self.memory, self.memory_bias)), self.gate))
            memory = kept * memory + (1 - kept) * torch.tanh(candidate)
            state = torch.sigmoid(output) * torch.tanh(memory)
            states.append(state)
        return torch.stack(states, 1)


class TimeAttention(nn.Module):
    """The mean over time, weighted by the softmax of (W h_T + b) . h_t."""

    def __init__(self, width):
        super().__init__()
        self.query = nn.Linear(width, width)

    def forward(self, groups):
        queries = [self.query(last_frame([group])) for group in groups]
        pairs = zip(queries, groups, strict=True)
        return torch.cat([(torch.softmax(query[:, None] @ x, 2) * x).sum(2) for query, x in pairs])


class FeatureAttention(nn.Linear):
    """The sum over time of the states, each value weighted by the softmax over features of V tanh(W h_t + b)."""

    def __init__(self, width):
        super().__init__(width, width)
        self.scores = nn.Parameter(torch.zeros(width, width))

    def forward(self, groups):
        return torch.cat([self.pooled(group.transpose(1, 2)) for group in groups])

    def pooled(self, x):
        return (torch.softmax(linear(torch.tanh(super().forward(x)), self.scores), 2) * x).sum(1)


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        first, second = (scaled(units, config["width"]) for units in (512, 256))
        self.lstm = nn.ModuleList([MemoryLstm(sizes["width"], first), MemoryLstm(first, second)])
        self.time = TimeAttention(second)
        self.features = FeatureAttention(second)
        self.head = Head(2 * second, sizes, config["functionals_size"], [second])

    def forward(self, groups, functionals):
        for lstm in self.lstm:
            groups = lstm(groups)
        return self.head(torch.cat([self.time(groups), self.features(groups)], 1), functionals)
