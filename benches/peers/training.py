"""Training steps against PyTorch and TensorFlow (Keras): the same networks, weights and batch, the same threads, in turn.

    just bench-peers-training                          in its own Python environment
    python benches/peers/training.py [--program PATH] [--only NAME ...] [--threads 2] [--rounds 7] [--steps 12]
                                     [--out FILE] [--doc FILE]

PATH is the benchmark `training_peer` as cargo built it; by default the newest in target/release. It says what is compared:
every architecture with its default parameters on 64 clips of what it hears, with 1100 functionals, and for TensorFlow too three
convolutions (64, 128, 128 channels, 5 frames) with batch normalisation, ReLU and max pooling, LSTM of 128, 8 classes, on 64
clips x 300 frames x 64 values. PyTorch's networks are those of tests/oracles/networks; that of another architecture has to
be there too. Every round starts each side in turn, warms it up and takes the median of its steps; ratios are taken within
each round. A step is forward, backward and AdamW; there is no dropout.

Exits with 1 where loss, probabilities or a gradient disagree with PyTorch in double precision, never because of a time.
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
import time

from common import ROOT, in_own_process, processor, read_safetensors, read_safetensors_metadata, replace_section, spread

sys.path.insert(0, str(ROOT / "tests/oracles/networks"))

# Largest difference of a tensor, as a share of its Euclidean norm. Sums of up to 19 200 products in single precision leave
# about 1e-6. In a batch of so many frames, though, some value lies so near the bend of a ReLU or another of its window that
# rounding decides on which side it counts; that leaves up to 2e-3 in networks over images, in PyTorch's own single precision
# just as in ours. tests/oracles/networks, where no value lies so, is the sharper test.
TOLERANCE = 5e-3
# The least that counts as the norm of a gradient, as a share of the largest of all: that of a bias before a
# batch normalisation has a gradient of 0, of which single precision leaves something.
LEAST = 1e-2
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.01
WARM_UP = 3


class TorchSide:
    """The network of `file` in PyTorch, in training mode, with weights and batch."""

    def __init__(self, file, in_double=False):
        import torch
        from naming import load
        from networks import network

        described = json.loads(read_safetensors_metadata(file)["network"])
        kind = torch.float64 if in_double else torch.float32
        self.values = {name: torch.from_numpy(values.copy()).to(kind) for name, values in read_safetensors(file).items()}
        self.network = network(described["model"], described["sizes"]).to(kind)
        load(self.network, self.part("weights."))
        # Laid out as convolutions read it; the transposition is not timed.
        self.groups = [self.values["frames"].transpose(1, 2).contiguous()]

    def part(self, prefix):
        return {name.removeprefix(prefix): values for name, values in self.values.items() if name.startswith(prefix)}

    def loss(self):
        from layers import loss

        logits = self.network(self.groups, self.values.get("functionals"))
        return logits, loss(self.network, logits, self.values["targets"])


def compare(file):
    """Differences from PyTorch in double precision, by tensor."""
    from naming import tensors

    torch = TorchSide(file, in_double=True)
    logits, loss = torch.loss()
    loss.backward()

    def difference(ours, theirs, least=1e-12):
        return float((ours - theirs).norm() / theirs.norm().clamp(min=least))

    gradients = {n: named.to_file(named.tensor.grad) for n, named in tensors(torch.network).items() if named.is_trained}
    ours = torch.part("gradients.")
    if ours.keys() != gradients.keys():
        sys.exit(f"gradients of one side only: {sorted(ours.keys() ^ gradients.keys())}")
    least = LEAST * max(float(gradient.norm()) for gradient in gradients.values())
    found = {"loss": difference(torch.values["loss"], loss.detach())}
    found["probabilities"] = difference(torch.values["probabilities"], logits.detach().softmax(1))
    return found | {f"gradient of {name}": difference(ours[name], gradients[name], least) for name in ours}


def timed(step, steps):
    """Milliseconds of each of so many steps."""
    times = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times[WARM_UP:]


def time_torch(file, threads, steps):
    import torch

    torch.set_num_threads(threads)
    side = TorchSide(file)
    parameters = [parameter for parameter in side.network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)

    def step():
        optimiser.zero_grad(set_to_none=True)
        side.loss()[1].backward()
        optimiser.step()

    return timed(step, steps)


def has_keras_twin(config):
    """Whether `time_tensorflow` knows the network."""
    return config["kind"] == "cnn-lstm" and config["pooling"] == "last"


def time_tensorflow(file, threads, steps):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow
    from tensorflow import keras

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    tensors, config = read_safetensors(file), json.loads(read_safetensors_metadata(file)["network"])["model"]
    layers = [keras.Input(tensors["frames"].shape[1:])]
    for layer in config["conv"]:
        layers += [
            keras.layers.Conv1D(layer["channels"], layer["kernel"], padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
        ]
        if layer["pool"] > 1:
            layers.append(keras.layers.MaxPooling1D(layer["pool"], padding="same"))
    layers += [keras.layers.LSTM(config["lstm"]["hidden"]), keras.layers.Dense(tensors["targets"].shape[1])]
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

    return timed(lambda: step().numpy(), steps)


def ours(program, *arguments):
    out = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return out.splitlines()


def newest_program():
    folder = ROOT / "target/release/deps"
    programs = [path for path in folder.glob("training_peer-*") if path.suffix == ""]
    if not programs:
        sys.exit("no benchmark `training_peer` in target/release/deps; start this with `just bench-peers-training`")
    return max(programs, key=lambda path: path.stat().st_mtime)


def write_doc(path, result, args):
    """Puts the table between the marks of the document."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        f"{datetime.date.today().isoformat()}, {result['processor']}, {args.threads} of {result['cores']} cores, {versions}, "
        f"Python {result['python']}. Milliseconds per step; {args.rounds} rounds, median (lowest to highest).",
        "",
        "| Network | ser | PyTorch | TensorFlow | ser / PyTorch | ser / TensorFlow | Largest difference from PyTorch |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        times, ratios = row["times_ms"], row["ratios"]
        cells = [spread(times[side], 0) if side in times else "" for side in ("ours", "torch", "tensorflow")]
        cells += [spread(ratios[side]) if side in ratios else "" for side in ("torch", "tensorflow")]
        lines.append("| " + " | ".join([row["network"], *cells, f"{row['worst_difference']:.0e}"]) + " |")
    replace_section(path, "training", "\n".join(lines))


def compared(name, file, args):
    """The row of a network, and what is wrong with it."""
    ours(args.program, "write", file, name)
    differences = in_own_process(__file__, "compare", [file])
    worst = max(differences, key=differences.get)
    print(f"{name}: largest difference from PyTorch {differences[worst]:.1e} ({worst})", flush=True)
    wrong = [f"{name}: {what} differs by {d:.1e}" for what, d in differences.items() if not d <= TOLERANCE]
    has_twin = has_keras_twin(json.loads(read_safetensors_metadata(file)["network"])["model"])
    sides = ["torch", "tensorflow"] if has_twin else ["torch"]
    times = {side: [] for side in ["ours", *sides]}
    for _ in range(args.rounds):
        taken = ours(args.program, "time", args.threads, args.steps, name)
        times["ours"].append(statistics.median(map(float, taken)))
        for side in sides:
            times[side].append(statistics.median(in_own_process(__file__, side, [file, args.threads, args.steps])))
    ratios = {side: [a / b for a, b in zip(times["ours"], times[side], strict=True)] for side in sides}
    shown = [f"{side} {spread(values)} ms" for side, values in times.items()]
    shown += [f"ours / {side} {spread(values)}" for side, values in ratios.items()]
    print(f"{name}, {args.threads} threads: {', '.join(shown)}", flush=True)
    return {"network": name, "worst_difference": differences[worst], "times_ms": times, "ratios": ratios}, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="the networks to compare; without it all of them")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--out", type=pathlib.Path, help="results as JSON")
    parser.add_argument("--doc", type=pathlib.Path, help="Markdown file whose part on training is replaced")
    args = parser.parse_args()
    args.program = args.program or newest_program()
    wrong, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.only or ours(args.program, "names"):
            row, problems = compared(name, pathlib.Path(folder) / "network.safetensors", args)
            rows.append(row)
            wrong += problems
    packages = {"PyTorch": "torch"}
    if any("tensorflow" in row["ratios"] for row in rows):
        packages["TensorFlow"] = "tensorflow-cpu"
    result = {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    result |= {"threads": args.threads, "rows": rows}
    result["versions"] = {name: metadata.version(package) for name, package in packages.items()}
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    if args.doc:
        write_doc(args.doc, result, args)
    for line in wrong:
        print(f"values disagree: {line} (at most {TOLERANCE:.0e} of its norm)", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def side():
    name, file, *numbers = sys.argv[2:]
    sides = {"compare": compare, "torch": time_torch, "tensorflow": time_tensorflow}
    print(json.dumps(sides[name](file, *map(int, numbers))))


if __name__ == "__main__":
    side() if sys.argv[1:2] == ["--side"] else main()
