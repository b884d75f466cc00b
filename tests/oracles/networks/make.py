"""Reference values for the networks of ser-train, from PyTorch.

    pip install -r requirements.txt && python make.py

writes a safetensors file per case beside this file: the network's parameters and sizes (JSON in the metadata), its `weights`,
a batch of clips of different lengths (`lens`, `frames`, `functionals`, `targets`), and what PyTorch makes of them: `loss` and
`training` probabilities with the statistics of the batch, `gradients` of the loss, `running` statistics after the step, and
`inference` probabilities. A network (`cnn_lstm.py` and so on) is written after its paper and the documentation of its
parameters, with PyTorch's own layers; `naming.py` says where model files have their tensors. Weights are drawn away from the
zeros and ones of a fresh network, where mistakes hide; there is no dropout.

PyTorch computes in double precision, from inputs in single; so a difference is ser-train's own rounding. Tolerance 2e-5 of a
tensor's largest value for what is computed forwards, 1e-4 for gradients: normalisation divides by standard deviations over
a few dozen frames, and subtracts numbers that are alike on the way back. Both are more than ten times what is left today,
and less than what a tenth of a normalisation's epsilon changes.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from layers import loss
from naming import load, tensors
from networks import network
from safetensors.numpy import save_file

HERE = Path(__file__).parent
LENS = [13, 9, 9, 6, 2, 1]
SIZES = {"width": 5, "functionals": 7, "classes": 4}
# Bands; the second pooling of four has a shorter last window.
IMAGE = {"width": 11}
# Samples of a frame.
HOP = {"width": 160}


def cnn_lstm(pooling, bidirectional=True, layers=1, **others):
    config = {
        "kind": "cnn-lstm",
        "conv": [{"channels": 6, "kernel": 5, "stride": 2, "pool": 1}, {"channels": 5, "kernel": 3, "stride": 1, "pool": 2}],
        "lstm": {"hidden": 4, "bidirectional": bidirectional, "layers": layers},
        "pooling": pooling,
        "attention_size": 3,
        "functionals_size": 4,
        "dense": [7],
        "dropout": 0.0,
        "functionals_dropout": 0.0,
    }
    return config | others


def paper(kind, **others):
    """A network whose sizes are shares of a paper's."""
    return {"kind": kind, "dropout": 0.0, "functionals_size": 4, "functionals_dropout": 0.0} | others


# Parameters, and sizes where they are others.
CASES = {
    "cnn-lstm": (cnn_lstm("attentive-statistics"), {}),
    "cnn-lstm-last": (cnn_lstm("last"), {}),
    "cnn-lstm-two-layers": (cnn_lstm("last", bidirectional=False, layers=2), {}),
    "cnn-lstm-attention": (cnn_lstm("attention", conv=[]), {}),
    "cnn-lstm-no-lstm": (cnn_lstm("mean", layers=0, functionals_size=0, dense=[]), {}),
    "cnn-lstm-frames-only": (cnn_lstm("mean", layers=2), {"functionals": 0}),
    "blstm-fcn": (paper("blstm-fcn", width=0.05), {}),
    "residual-lstm": (paper("residual-lstm", width=0.05), {}),
    "attention-lstm": (paper("attention-lstm", width=0.015), {}),
    "tim-net": (paper("tim-net", width=0.15, blocks=3), {}),
    "cnn2d-lstm": (paper("cnn2d-lstm", width=0.04), IMAGE),
    "acrnn": (paper("acrnn", width=0.03, conv_layers=2), IMAGE),
    "adrnn": (paper("adrnn", width=0.03, centre_loss=0.3), IMAGE),
    "waveform": (paper("waveform", width=0.04), HOP),
}


def drawn(rng, name, shape):
    field = name.rsplit(".", 1)[-1]
    low, high = {"gamma": (-1.5, 1.5), "running_variance": (0.5, 2.0)}.get(field, (-0.6, 0.6))
    values = rng.uniform(low, high, shape).astype(np.float32)
    if "conv." in name and field == "weight":
        # One channel is so quiet that the epsilon of a normalisation counts.
        values[..., 0] *= 0.02
    return values


def made(name, config, sizes):
    """The tensors of a case, all in single precision but `lens`; what is drawn follows from its name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    model = network(config, sizes).double()
    own = tensors(model)
    weights = {name: drawn(rng, name, tuple(named.to_file(named.tensor).shape)) for name, named in own.items()}
    frames = rng.uniform(-1.5, 1.5, (sum(LENS), sizes["width"])).astype(np.float32)
    functionals = rng.uniform(-1.5, 1.5, (len(LENS), sizes["functionals"])).astype(np.float32)
    targets = rng.uniform(0.0, 1.0, (len(LENS), sizes["classes"]))
    targets = (targets / targets.sum()).astype(np.float32)

    double = lambda values: torch.from_numpy(values).double()
    load(model, {name: double(values) for name, values in weights.items()})
    groups = [clip.T[None] for clip in double(frames).split(LENS)]
    model.eval()
    with torch.no_grad():
        inference = model(groups, double(functionals)).softmax(1)
    model.train()
    logits = model(groups, double(functionals))
    value = loss(model, logits, double(targets))
    value.backward()

    single = lambda values: values.detach().numpy().astype(np.float32)
    found = {"frames": frames, "targets": targets, "lens": np.array(LENS, np.int32)}
    if sizes["functionals"] > 0:
        found["functionals"] = functionals
    found |= {"inference": single(inference), "training": single(logits.softmax(1)), "loss": single(value.reshape(1))}
    for name, named in own.items():
        found[f"weights.{name}"] = weights[name]
        if named.is_trained:
            found[f"gradients.{name}"] = single(named.to_file(named.tensor.grad))
        else:
            found[f"running.{name}"] = single(named.to_file(named.tensor))
    return {name: np.ascontiguousarray(values) for name, values in found.items()}


def main():
    torch.set_num_threads(1)
    for name, (config, sizes) in CASES.items():
        sizes = SIZES | sizes
        # One entry only: several would come in another order each time.
        described = json.dumps({"model": config, "sizes": sizes})
        save_file(made(name, config, sizes), HERE / f"{name}.safetensors", {"network": described})


if __name__ == "__main__":
    main()
