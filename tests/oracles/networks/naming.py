"""Names and shapes of a network's tensors in model files, and where PyTorch has them."""

import torch
from torch import nn

# Parts of PyTorch's paths that are called otherwise in model files, or nothing there; `forward` is taken in PyTorch.
RENAMED = {"head": "", "forwards": "forward", "backwards": "backward"}
NORM = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_variance": "running_var"}
LSTM = {"input": "weight_ih_l0", "state": "weight_hh_l0", "bias": "bias_ih_l0"}


class Named:
    """A tensor of PyTorch. Model files have its axes in the reverse order: matrices are (inputs, outputs), kernels (positions,
    inputs, outputs), and gates stand in PyTorch's order. `flat`: all axes but the last are one there."""

    def __init__(self, tensor, flat=False):
        self.tensor = tensor
        self.flat = flat

    def to_file(self, values):
        values = values.permute(*reversed(range(values.dim())))
        return (values.reshape(-1, values.shape[-1]) if self.flat else values).contiguous()

    def from_file(self, values):
        values = values.reshape(*reversed(self.tensor.shape))
        return values.permute(*reversed(range(values.dim()))).contiguous()

    @property
    def is_trained(self):
        return self.tensor.requires_grad


def tensors(network):
    """Every tensor of `network` by its name in model files."""
    found = {}
    for path, module in network.named_modules():
        parts = [RENAMED.get(part, part) for part in path.split(".")]
        prefix = "".join(f"{part}." for part in parts if part)
        if isinstance(module, nn.LSTM):
            directions = {"forward": "", "backward": "_reverse"} if module.bidirectional else {"forward": ""}
            for direction, suffix in directions.items():
                for ours, theirs in LSTM.items():
                    found[f"{prefix}{direction}.{ours}"] = Named(getattr(module, theirs + suffix))
        elif isinstance(module, nn.BatchNorm1d):
            found |= {prefix + ours: Named(getattr(module, theirs)) for ours, theirs in NORM.items()}
        else:
            flat = getattr(module, "flat_in_files", False)
            own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
            found |= {prefix + name: Named(tensor, flat and name == "weight") for name, tensor in own}
    return found


def load(network, values):
    """Gives every tensor of `network` its values; `values` has exactly those, by name."""
    own = tensors(network)
    if own.keys() != values.keys():
        raise ValueError(f"names that differ: {sorted(own.keys() ^ values.keys())}")
    with torch.no_grad():
        for name, named in own.items():
            named.tensor.copy_(named.from_file(values[name]))
