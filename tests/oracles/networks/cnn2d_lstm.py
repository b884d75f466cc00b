"""cnn2d-lstm: four blocks of convolution, batch normalisation, ELU and max pooling over the log-mel spectrogram, an LSTM whose
last state tells the classes (Zhao, Mao and Chen 2019, Biomedical Signal Processing and Control 47:312). Time is pooled by 2
each time, where the paper pools it by 2 and then by 4."""

from images import Conv2d, joined, pooled
from layers import Head, Lstm, last_frame, scaled
from torch import nn
from torch.nn import functional


class Network(nn.Module):
    def __init__(self, config, sizes):
        super().__init__()
        inputs, bands = 1, sizes["width"]
        self.conv = nn.ModuleList()
        for channels, pool in [(64, (2, 2)), (64, (2, 4)), (128, (2, 4)), (128, (2, 4))]:
            channels = scaled(channels, config["width"])
            self.conv.append(Conv2d(inputs, channels, (3, 3), functional.elu, normalised=True, pool=pool))
            inputs, bands = channels, pooled(bands, pool[1])
        units = scaled(256, config["width"])
        self.lstm = Lstm(inputs * bands, units)
        self.head = Head(units, sizes, config["functionals_size"])

    def forward(self, groups, functionals):
        groups = [group[:, None] for group in groups]
        for conv in self.conv:
            groups = conv(groups)
        return self.head(last_frame(self.lstm(joined(groups))), functionals)
