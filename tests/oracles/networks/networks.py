"""The networks by kind."""

import importlib


def network(config, sizes):
    """The network that `config` (the parameters of `model`, whole) declares, for `sizes`: `width` of the frames, `functionals`
    and `classes`."""
    return importlib.import_module(config["kind"].replace("-", "_")).Network(config, sizes)
