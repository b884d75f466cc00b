"""Training steps against PyTorch and TensorFlow (Keras): the same network, weights and batch, the same threads, in turn in one run.

    just bench-peers-training                          in its own Python environment
    python benches/peers/training.py [--program PATH] [--threads 2] [--rounds 7] [--steps 12] [--out FILE] [--doc FILE]

PATH is the benchmark `training_peer` as cargo built it; by default the newest in target/release. Every round starts each side in turn, warms it up and takes the
median of its steps; ratios are taken within each round. A step is forward, backward and AdamW on 64 clips x 300 frames x
64 values: three convolutions (64, 128, 128 channels, 5 frames) with batch normalisation, ReLU and max pooling, LSTM of 128,
8 classes.

Exits with 1 where loss, probabilities or a gradient disagree with PyTorch, never because of a time.
"""

import argparse
import datetime
import importlib.metadata as metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

from common import ROOT, in_own_process, processor, read_safetensors, replace_section, spread

NETWORKS = {
    "pooling 2, 2, 1": (2, 2, 1),
    "pooling 2, 2, 2": (2, 2, 2),
    "no pooling": (1, 1, 1),
}
# Largest difference, as a share of the largest value of a tensor. Sums of up to 19 200 products in single precision, in
# another order on each side, leave about 1e-5 in the gradients of the first layer.
TOLERANCE = 2e-4
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.01
WARM_UP = 3


def torch_network(tensors, pools):
    """The network with our weights. Ours: channels last, kernels (frames, in, out), gates input, forget, cell, output."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            layers, inputs = [], 64
            for index, (channels, pool) in enumerate(zip((64, 128, 128), pools, strict=True)):
                layers += [nn.Conv1d(inputs, channels, 5, padding=2, bias=False), nn.BatchNorm1d(channels), nn.ReLU()]
                if pool > 1:
                    layers.append(nn.MaxPool1d(pool, ceil_mode=True))
                inputs = channels
            self.convolutions = nn.Sequential(*layers)
            self.lstm = nn.LSTM(128, 128, batch_first=True)
            self.classes = nn.Linear(128, 8)

        def forward(self, frames):
            sequence = self.convolutions(frames).transpose(1, 2)
            return self.classes(self.lstm(sequence)[0][:, -1])

    network = Network()
    pairs = torch_pairs(network)
    with torch.no_grad():
        for name, (parameter, from_ours) in pairs.items():
            parameter.copy_(from_ours(torch.from_numpy(tensors[f"weights.{name}"].copy())))
        # PyTorch has two biases; ours is their sum.
        network.lstm.bias_hh_l0.zero_()
    return network, pairs


def torch_pairs(network):
    """Our name of each tensor, PyTorch's parameter, and ours in its shape."""
    from torch import nn

    convolutions = [layer for layer in network.convolutions if isinstance(layer, nn.Conv1d)]
    norms = [layer for layer in network.convolutions if isinstance(layer, nn.BatchNorm1d)]
    pairs = {}
    for index, (convolution, norm) in enumerate(zip(convolutions, norms, strict=True)):
        pairs[f"conv.{index}.weight"] = (convolution.weight, lambda w: w.permute(2, 1, 0))
        pairs[f"conv.{index}.norm.gamma"] = (norm.weight, lambda w: w)
        pairs[f"conv.{index}.norm.beta"] = (norm.bias, lambda w: w)
    pairs["lstm.0.forward.input"] = (network.lstm.weight_ih_l0, lambda w: w.T)
    pairs["lstm.0.forward.state"] = (network.lstm.weight_hh_l0, lambda w: w.T)
    pairs["lstm.0.forward.bias"] = (network.lstm.bias_ih_l0, lambda w: w)
    pairs["classes.weight"] = (network.classes.weight, lambda w: w.T)
    pairs["classes.bias"] = (network.classes.bias, lambda w: w)
    return pairs


def torch_step(network, optimiser, frames, targets):
    import torch

    optimiser.zero_grad(set_to_none=True)
    log_probabilities = torch.log_softmax(network(frames), 1)
    loss = -(targets * log_probabilities).sum()
    loss.backward()
    optimiser.step()
    return loss, log_probabilities


def torch_inputs(tensors):
    import torch

    # Laid out as PyTorch's convolutions read it; the transposition is not timed.
    frames = torch.from_numpy(tensors["frames"].copy()).transpose(1, 2).contiguous()
    return frames, torch.from_numpy(tensors["targets"].copy())


def compare(tensors, pools):
    """Differences from PyTorch: (tensor, share of its largest value)."""
    import torch

    network, pairs = torch_network(tensors, pools)
    frames, targets = torch_inputs(tensors)
    loss, log_probabilities = torch_step(network, torch.optim.SGD(network.parameters(), lr=0.0), frames, targets)
    found = {"loss": (tensors["loss"][0], loss.detach()), "probabilities": (tensors["probabilities"], log_probabilities.detach().exp())}
    for name, (parameter, from_ours) in pairs.items():
        ours = from_ours(torch.from_numpy(tensors[f"gradients.{name}"].copy()))
        found[f"gradient of {name}"] = (ours, parameter.grad)
    differences = {}
    for name, (ours, theirs) in found.items():
        ours, theirs = torch.as_tensor(ours), torch.as_tensor(theirs)
        differences[name] = float((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12))
    return differences


def time_torch(tensors, pools, threads, steps):
    import time

    import torch

    torch.set_num_threads(threads)
    network, _ = torch_network(tensors, pools)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    frames, targets = torch_inputs(tensors)
    times = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        torch_step(network, optimiser, frames, targets)
        times.append((time.perf_counter() - start) * 1e3)
    return times[WARM_UP:]


def time_tensorflow(tensors, pools, threads, steps):
    import time

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow
    from tensorflow import keras

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    layers = [keras.Input((300, 64))]
    for channels, pool in zip((64, 128, 128), pools, strict=True):
        layers += [
            keras.layers.Conv1D(channels, 5, padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
        ]
        if pool > 1:
            layers.append(keras.layers.MaxPooling1D(pool, padding="same"))
    layers += [keras.layers.LSTM(128), keras.layers.Dense(8)]
    network = keras.Sequential(layers)
    optimiser = keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    optimiser.build(network.trainable_variables)
    frames = tensorflow.constant(tensors["frames"])
    targets = tensorflow.constant(tensors["targets"])

    @tensorflow.function
    def step():
        with tensorflow.GradientTape() as tape:
            log_probabilities = tensorflow.nn.log_softmax(network(frames, training=True))
            loss = -tensorflow.reduce_sum(targets * log_probabilities)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimiser.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    times = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        step().numpy()
        times.append((time.perf_counter() - start) * 1e3)
    return times[WARM_UP:]


def time_ours(program, pools, threads, steps):
    command = [program, "time", str(threads), str(steps), *map(str, pools)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(line) for line in out.split()]


def newest_program():
    folder = ROOT / "target/release/deps"
    programs = [path for path in folder.glob("training_peer-*") if path.suffix == ""]
    if not programs:
        sys.exit("no benchmark `training_peer` in target/release/deps; start this with `just bench-peers-training`")
    return max(programs, key=lambda path: path.stat().st_mtime)


def write_doc(path, result, args):
    """Puts the table between the marks of the document."""
    versions = result["versions"]
    lines = [
        f"{datetime.date.today().isoformat()}, {result['processor']}, {args.threads} of {result['cores']} cores, PyTorch "
        f"{versions['torch']}, TensorFlow {versions['tensorflow-cpu']}, Python {result['python']}. Milliseconds per step; "
        f"{args.rounds} rounds, median (lowest to highest).",
        "",
        "| Network | ser | PyTorch | TensorFlow | ser / PyTorch | ser / TensorFlow | Largest difference from PyTorch |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        times = row["times_ms"]
        cells = [row["network"], *(spread(times[side], 0) for side in ("ours", "torch", "tensorflow"))]
        cells += [spread(row["ratio_to_torch"]), spread(row["ratio_to_tensorflow"]), f"{row['worst_difference']:.0e}"]
        lines.append("| " + " | ".join(cells) + " |")
    replace_section(path, "training", "\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--out", type=pathlib.Path, help="results as JSON")
    parser.add_argument("--doc", type=pathlib.Path, help="Markdown file whose part on training is replaced")
    args = parser.parse_args()
    args.program = args.program or newest_program()
    wrong, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, pools in NETWORKS.items():
            file = pathlib.Path(folder) / f"{'-'.join(map(str, pools))}.safetensors"
            subprocess.run([args.program, "write", file, *map(str, pools)], check=True)
            differences = in_own_process(__file__, "compare", [file, *pools])
            worst = max(differences, key=differences.get)
            print(f"{name}: largest difference from PyTorch {differences[worst]:.1e} ({worst})", flush=True)
            wrong += [f"{name}: {what} differs by {d:.1e}" for what, d in differences.items() if not d <= TOLERANCE]
            times = {"ours": [], "torch": [], "tensorflow": []}
            for _ in range(args.rounds):
                times["ours"].append(statistics.median(time_ours(args.program, pools, args.threads, args.steps)))
                for side in ("torch", "tensorflow"):
                    taken = in_own_process(__file__, side, [file, *pools, args.threads, args.steps])
                    times[side].append(statistics.median(taken))
            row = {"network": name, "threads": args.threads, "worst_difference": differences[worst], "times_ms": times}
            for side in ("torch", "tensorflow"):
                row[f"ratio_to_{side}"] = [a / b for a, b in zip(times["ours"], times[side], strict=True)]
            rows.append(row)
            print(
                f"{name}, {args.threads} threads: ours {spread(times['ours'])} ms, PyTorch {spread(times['torch'])} ms, "
                f"TensorFlow {spread(times['tensorflow'])} ms; ours / PyTorch {spread(row['ratio_to_torch'])}, "
                f"ours / TensorFlow {spread(row['ratio_to_tensorflow'])}",
                flush=True,
            )
    versions = {package: metadata.version(package) for package in ("torch", "tensorflow-cpu", "numpy")}
    result = {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    result |= {"versions": versions, "rows": rows}
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    if args.doc:
        write_doc(args.doc, result, args)
    for line in wrong:
        print(f"values disagree: {line} (at most {TOLERANCE:.0e} of the largest value)", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def side():
    name, file, *numbers = sys.argv[2:]
    pools, rest = tuple(map(int, numbers[:3])), list(map(int, numbers[3:]))
    tensors = read_safetensors(file)
    sides = {"compare": compare, "torch": time_torch, "tensorflow": time_tensorflow}
    print(json.dumps(sides[name](tensors, pools, *rest)))


if __name__ == "__main__":
    side() if sys.argv[1:2] == ["--side"] else main()
