"""A whole training of the default CNN-LSTM against PyTorch: the same features, fold and recipe, the same threads, in turn.

    just bench-peers-whole-training ARTIFACTS              in its own Python environment
    python benches/peers/whole_training.py ARTIFACTS [--split speaker_independent] [--folds 0 1] [--seeds 5] [--threads 2]
                                                     [--program PATH] [--out FILE] [--doc FILE]

ARTIFACTS is the folder of a run with the stages `manifest`, `features` and the split, which must have validation clips.
Our side is the `train` stage as a pipeline runs it, for one fold (the example `train_fold`): it reads tables, trains with
default parameters, checkpoints every epoch, predicts the test clips and writes its tables. PyTorch's side reads the same
tables and trains the same network with the same recipe: standardisation on the training clips, voices exchanged between
training speakers, masks, mixup, smoothed labels, balanced classes, dropout, AdamW with warm-up and half a cosine, clipped
gradients, averaged weights, the epoch with the best validation UAR. It neither checkpoints nor predicts nor writes.

What decides PyTorch's speed was measured for both ways of doing it, and the faster one taken: two LSTMs over padded frames,
the second over each clip turned round (packed sequences take three times as long); batch normalisation over the rows that
exist (a third of the time of masked moments); the fused AdamW; all clips padded once in one tensor; batches of clips of like
length (see `batches`).

Seeds differ in first weights, order and alterations; a round runs both sides with one fold and seed. Ratios are taken within
rounds, differences between UARs within folds, whose speakers differ much in how well they are recognised. With the weights
of our first training of a fold, PyTorch's network must give the probabilities that our side wrote for the validation clips.
Exits with 1 where it does not, or where the mean validation UARs lie further apart than seeds explain, never because of a
time.
"""

import argparse
import copy
import datetime
import importlib.metadata as metadata
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import polars
import torch
from common import ROOT, in_own_process, processor, read_safetensors, replace_section, spread
from torch import nn
from torch.nn import functional

# The defaults of the stage (stages/train/src/params.rs and networks/cnn_lstm.rs), checked against what our side recorded; see `recipe`.
EXPECTED = {
    "kind": "cnn-lstm",
    "features": ["all"],
    "use_functionals": True,
    "standardise": "train",
    "conv": [
        {"channels": 64, "kernel": 5, "stride": 2, "pool": 1},
        {"channels": 96, "kernel": 5, "stride": 1, "pool": 2},
    ],
    "lstm": {"hidden": 64, "bidirectional": True, "layers": 1},
    "pooling": "attentive-statistics",
    "optimizer": "adamw",
    "class_weights": "balanced",
    "early_stopping": 0,
}
# Standardised values beyond this are cut off.
LIMIT = 10.0
INFERENCE_CLIPS = 64
BATCHES_PER_POOL = 8
# Largest difference of a probability: sums of up to a thousand products in single precision, in another order.
TOLERANCE = 1e-4
# How many standard errors of their difference the mean UARs may lie apart: with 5 seeds a side of one fold, equal trainings
# exceed it once in about 60 comparisons (Student's t, 8 degrees of freedom); with two folds, once in 120.
STANDARD_ERRORS = 3.0


class Network(nn.Module):
    """The default network, on padded clips (clips, values, frames) sorted by falling length."""

    def __init__(self, width, functionals, classes, params):
        super().__init__()
        self.params = params
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        inputs = width
        for layer in params["conv"]:
            convolution = nn.Conv1d(
                inputs, layer["channels"], layer["kernel"], stride=layer["stride"], padding=layer["kernel"] // 2, bias=False
            )
            self.convolutions.append(convolution)
            self.norms.append(nn.BatchNorm1d(layer["channels"]))
            inputs = layer["channels"]
        hidden = params["lstm"]["hidden"]
        self.forwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.attention = nn.Linear(2 * hidden, params["attention_size"])
        self.query = nn.Linear(params["attention_size"], 1, bias=False)
        self.functionals = nn.Linear(functionals, params["functionals_size"])
        sizes = [4 * hidden + params["functionals_size"], *params["dense"]]
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.classes = nn.Linear(sizes[-1], classes)
        self.start()

    def start(self):
        """First weights as ours are drawn."""
        for layer in [*self.convolutions, self.functionals, *self.dense]:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        for layer in [self.attention, self.query, self.classes]:
            limit = 1 / math.sqrt(layer.in_features)
            nn.init.uniform_(layer.weight, -limit, limit)
        for layer in [self.attention, self.functionals, *self.dense, self.classes]:
            nn.init.zeros_(layer.bias)
        for lstm in [self.forwards, self.backwards]:
            # PyTorch has two biases, of which one is enough: ones for forget gates, so that a state lasts at first.
            nn.init.zeros_(lstm.bias_ih_l0)
            nn.init.zeros_(lstm.bias_hh_l0)
            nn.init.ones_(lstm.bias_ih_l0[lstm.hidden_size : 2 * lstm.hidden_size])
            lstm.bias_hh_l0.requires_grad_(False)

    def load_ours(self, tensors):
        """Weights of a `model.safetensors`; ours: kernels (frames, in, out), matrices (in, out), gates in the same order."""
        own = {}
        for index in range(len(self.convolutions)):
            own[f"convolutions.{index}.weight"] = tensors[f"conv.{index}.weight"].permute(2, 1, 0)
            names = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_variance"}
            for theirs, ours in names.items():
                own[f"norms.{index}.{theirs}"] = tensors[f"conv.{index}.norm.{ours}"]
        for theirs, ours in [("forwards", "forward"), ("backwards", "backward")]:
            own[f"{theirs}.weight_ih_l0"] = tensors[f"lstm.0.{ours}.input"].T
            own[f"{theirs}.weight_hh_l0"] = tensors[f"lstm.0.{ours}.state"].T
            own[f"{theirs}.bias_ih_l0"] = tensors[f"lstm.0.{ours}.bias"]
        own["query.weight"] = tensors["attention.query"][None]
        for layer in ["attention", "functionals", *(f"dense.{index}" for index in range(len(self.dense))), "classes"]:
            own[f"{layer}.weight"], own[f"{layer}.bias"] = tensors[f"{layer}.weight"].T, tensors[f"{layer}.bias"]
        missing, unknown = self.load_state_dict(own, strict=False)
        left = [name for name in missing if not name.endswith(("bias_hh_l0", "num_batches_tracked"))]
        if left or unknown:
            sys.exit(f"our weights do not fit PyTorch's network: {left} and {unknown}")

    def forward(self, frames, lens, functionals):
        drop = self.params["dropout"]
        x = frames
        for layer, convolution, norm in zip(self.params["conv"], self.convolutions, self.norms, strict=True):
            x = convolution(x)
            lens = (lens + layer["stride"] - 1) // layer["stride"]
            x = self.normalised(x, lens, norm)
            if layer["pool"] > 1:
                x = functional.max_pool1d(x, layer["pool"], ceil_mode=True)
                lens = (lens + layer["pool"] - 1) // layer["pool"]
            x = functional.dropout(x, drop, self.training)
        x = x.transpose(1, 2)
        exists = existing(lens, x.shape[1])
        # Frame `len - 1 - i` for frame i; padding stays behind.
        places = torch.arange(x.shape[1])
        turned = torch.where(exists, lens[:, None] - 1 - places, places)[:, :, None]
        behind = self.backwards(x.gather(1, turned.expand_as(x)))[0]
        x = torch.cat([self.forwards(x)[0], behind.gather(1, turned.expand_as(behind))], 2)
        scores = self.query(torch.tanh(self.attention(x)))[:, :, 0].masked_fill(~exists, -torch.inf)
        weights = torch.softmax(scores, 1)[:, None]
        mean = weights @ x
        variance = weights @ (x - mean).square()
        pooled = torch.cat([mean, torch.sqrt(variance + 1e-6)], 2)[:, 0]
        functionals = functional.dropout(functionals, self.params["functionals_dropout"], self.training)
        x = torch.cat([pooled, torch.relu(self.functionals(functionals))], 1)
        for layer in self.dense:
            x = torch.relu(layer(functional.dropout(x, drop, self.training)))
        return self.classes(functional.dropout(x, drop, self.training))

    def normalised(self, x, lens, norm):
        """Batch normalisation and ReLU over the frames that exist; zeros elsewhere."""
        clips, channels, frames = x.shape
        rows = existing(lens, frames).flatten().nonzero()[:, 0]
        values = x.transpose(1, 2).reshape(-1, channels).index_select(0, rows)
        values = torch.relu(norm(values))
        out = x.new_zeros(clips * frames, channels).index_copy(0, rows, values)
        return out.view(clips, frames, channels).transpose(1, 2)


def existing(lens, frames):
    """(clips, frames): whether a frame is one of its clip's."""
    return torch.arange(frames) < lens[:, None]


class Data:
    """The fold's clips as standardised tensors."""

    def __init__(self, artifacts, split, fold):
        roles = polars.read_parquet(artifacts / split / "assignments.parquet").filter(polars.col("fold") == fold)
        clips = polars.read_parquet(artifacts / "manifest" / "clips.parquet", columns=["clip_id", "emotion", "speaker"])
        emotions = clips["emotion"].unique().sort().to_list()
        table = roles.join(clips, on="clip_id").filter(polars.col("role") != "test").sort("clip_id")
        frames = polars.read_parquet(artifacts / "features" / "frames/*.parquet", columns=["clip_id", "frame_count", "frames"])
        table = table.join(frames, on="clip_id", maintain_order="left")
        functionals = polars.read_parquet(artifacts / "features" / "functionals/*.parquet")
        functionals = table.select("clip_id").join(functionals, on="clip_id", maintain_order="left").drop("clip_id")

        self.clip_ids, self.classes = table["clip_id"].to_list(), len(emotions)
        self.truth = torch.tensor([emotions.index(emotion) for emotion in table["emotion"]])
        self.train = torch.from_numpy((table["role"] == "train").to_numpy().nonzero()[0])
        self.validation = torch.from_numpy((table["role"] == "validation").to_numpy().nonzero()[0])
        self.lens = torch.from_numpy(table["frame_count"].to_numpy().astype(numpy.int64))
        speakers = table["speaker"].to_list()
        rows = torch.from_numpy(numpy.array(table["frames"].explode().to_numpy()))
        self.functionals = torch.from_numpy(functionals.to_numpy()).float()
        clip_of_row = torch.repeat_interleave(torch.arange(len(self.lens)), self.lens)
        in_training = torch.zeros(len(self.lens), dtype=torch.bool)
        in_training[self.train] = True

        rows = standardised(rows, in_training[clip_of_row])
        self.functionals = standardised(self.functionals, in_training)
        # Voices: moments of every training speaker, and which is whose.
        names = sorted({speakers[clip] for clip in self.train.tolist()})
        self.speaker = torch.tensor([names.index(name) if name in names else -1 for name in speakers])
        self.frame_voices = moments_by(rows, self.speaker[clip_of_row], len(names))
        self.functional_voices = moments_by(self.functionals, self.speaker, len(names))
        # (clips, values, frames), as convolutions read them; padded once.
        self.frames = torch.zeros(len(self.lens), rows.shape[1], int(self.lens.max()))
        for clip, values in enumerate(rows.split(self.lens.tolist())):
            self.frames[clip, :, : len(values)] = values.T


def standardised(values, chosen):
    """Mean 0 and standard deviation 1 over the chosen rows; columns that never vary become 0."""
    sd, mean = torch.std_mean(values[chosen].double(), 0, correction=0)
    inverse = torch.where(sd > 1e-6 * mean.abs(), 1 / sd, 0)
    return ((values - mean) * inverse).float()


def moments_by(values, group, groups):
    """Mean and standard deviation of every column in every group."""
    pairs = [torch.std_mean(values[group == index], 0, correction=0) for index in range(groups)]
    return torch.stack([mean for _, mean in pairs]), torch.stack([sd for sd, _ in pairs])


def exchanged(voices, own, other):
    """Factor and shift that give the values of speakers `own` the moments of speakers `other`."""
    (mean, sd) = voices
    varies = (sd[own] > 0) & (sd[other] > 0)
    factor = torch.where(varies, sd[other] / sd[own], 1)
    return factor, torch.where(varies, mean[other] - mean[own] * factor, 0)


def batches(data, size):
    """All training clips in an order of its own. Clips of like length share a batch, as padding would cost more than half
    again: random pools of a few batches are divided by length. Our side computes no padding and draws its batches freely."""
    order = data.train[torch.randperm(len(data.train))]
    found = []
    for pool in order.tensor_split(math.ceil(len(order) / (size * BATCHES_PER_POOL))):
        pool = pool[data.lens[pool].argsort()]
        found += pool.tensor_split(math.ceil(len(pool) / size))
    return [found[at] for at in torch.randperm(len(found)).tolist()]


def training_batch(data, clips, params, class_weights):
    """Altered clips sorted by falling length, and their targets."""
    augment = params["augment"]
    clips = clips[data.lens[clips].argsort(descending=True)]
    lens, truth = data.lens[clips], data.truth[clips]
    count, longest = len(clips), int(lens[0])
    frames, functionals = data.frames[:, :, :longest].index_select(0, clips), data.functionals[clips]
    exists = existing(lens, longest)

    speakers = len(data.frame_voices[0])
    if speakers > 1:
        own = data.speaker[clips]
        other = torch.where(torch.rand(count) < augment["voice"], torch.randint(speakers, (count,)), own)
        factor, shift = exchanged(data.frame_voices, own, other)
        frames = torch.addcmul(shift[:, :, None], frames, factor[:, :, None])
        factor, shift = exchanged(data.functional_voices, own, other)
        functionals = torch.addcmul(shift, functionals, factor)
    frames, functionals = frames.clamp_(-LIMIT, LIMIT), functionals.clamp_(-LIMIT, LIMIT)

    heard = exists
    for _ in range(augment["time_masks"]):
        heard = heard & ~stretches((augment["time_mask_share"] * lens).long(), lens, longest)
    kept = torch.ones(count, frames.shape[1], dtype=torch.bool)
    for _ in range(augment["feature_masks"]):
        widest = torch.full((count,), min(augment["feature_mask_width"], frames.shape[1]))
        kept = kept & ~stretches(widest, torch.full((count,), frames.shape[1]), frames.shape[1])
    frames = frames.mul_(heard[:, None]).mul_(kept[:, :, None])

    targets = torch.full((count, data.classes), params["label_smoothing"] / data.classes)
    targets[torch.arange(count), truth] += 1 - params["label_smoothing"]
    alpha = torch.full((count,), augment["mixup"])
    share = torch.distributions.Beta(alpha, alpha).sample()
    # The larger share stays with the clip whose length and class the row keeps.
    share = torch.maximum(share, 1 - share)
    partners = torch.randperm(count)
    frames = torch.lerp(frames[partners], frames, share[:, None, None]).mul_(exists[:, None])
    functionals = torch.lerp(functionals[partners], functionals, share[:, None])
    targets = torch.lerp(targets[partners], targets, share[:, None]) * class_weights
    return frames, lens, functionals, targets / targets.sum()


def stretches(longest, available, count):
    """(rows, count): one stretch of at most `longest` places within `available` in each row."""
    length = (torch.rand(len(longest)) * (longest + 1)).long()
    start = (torch.rand(len(longest)) * (available - length + 1)).long()
    place = torch.arange(count)
    return (place >= start[:, None]) & (place < (start + length)[:, None])


def predict(network, data, clips):
    """Logits of clips, which stand by falling length."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([
            network(
                data.frames[:, :, : int(data.lens[part[0]])].index_select(0, part).clamp_(-LIMIT, LIMIT),
                data.lens[part],
                data.functionals[part].clamp(-LIMIT, LIMIT),
            )
            for part in clips.split(INFERENCE_CLIPS)
        ])


def validate(network, data):
    """Unweighted average recall and mean cross-entropy of the validation clips."""
    clips = data.validation[data.lens[data.validation].argsort(descending=True)]
    logits, truth = predict(network, data, clips), data.truth[clips]
    right = (logits.argmax(1) == truth).float()
    uar = statistics.fmean(float(right[truth == emotion].mean()) for emotion in truth.unique())
    return uar, float(functional.cross_entropy(logits, truth))


def compare(artifacts, split, fold, result, params):
    """Largest difference of a probability between our validation predictions and PyTorch's with our weights."""
    data, result = Data(pathlib.Path(artifacts), split, fold), pathlib.Path(result)
    network = Network(data.frames.shape[1], data.functionals.shape[1], data.classes, params)
    tensors = read_safetensors(result / f"fold={fold}" / "model.safetensors")
    network.load_ours({name: torch.from_numpy(values.copy()) for name, values in tensors.items()})
    clips = data.validation[data.lens[data.validation].argsort(descending=True)]
    found = torch.softmax(predict(network, data, clips), 1)
    written = polars.read_parquet(result / "validation_predictions.parquet")
    ours = dict(zip(written["clip_id"], written["probabilities"].to_list(), strict=True))
    expected = torch.tensor([ours[data.clip_ids[clip]] for clip in clips.tolist()])
    return float((found - expected).abs().max())


def train(artifacts, split, fold, seed, threads, params):
    """PyTorch's side: what `train_fold` prints, of a training in PyTorch."""
    started = time.perf_counter()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    data = Data(pathlib.Path(artifacts), split, fold)
    network = Network(data.frames.shape[1], data.functionals.shape[1], data.classes, params)
    average = copy.deepcopy(network)
    state = [[value for value in net.state_dict().values() if value.is_floating_point()] for net in (network, average)]
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": params["weight_decay"]},
        {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=params["learning_rate"], fused=True)
    counts = torch.bincount(data.truth[data.train], minlength=data.classes)
    class_weights = torch.where(counts > 0, len(data.train) / ((counts > 0).sum() * counts), 0)

    steps = len(batches(data, params["batch_size"]))
    warm_up, all_steps = params["warm_up_epochs"] * steps, params["epochs"] * steps
    epochs_s, best, step = [], None, 0
    for epoch in range(1, params["epochs"] + 1):
        began = time.perf_counter()
        network.train()
        for clips in batches(data, params["batch_size"]):
            frames, lens, functionals, targets = training_batch(data, clips, params, class_weights)
            progress = (step - warm_up) / max(all_steps - warm_up, 1)
            rate = (step + 1) / warm_up if step < warm_up else 0.5 * (1 + math.cos(math.pi * progress))
            for group in optimiser.param_groups:
                group["lr"] = params["learning_rate"] * rate
            optimiser.zero_grad(set_to_none=True)
            loss = -(targets * torch.log_softmax(network(frames, lens, functionals), 1)).sum()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, params["clip_norm"])
            optimiser.step()
            with torch.no_grad():
                torch._foreach_lerp_(state[1], state[0], 1 - min(params["average"], (1 + step) / (10 + step)))
            step += 1
        uar, loss = validate(average, data)
        if best is None or (uar, -loss) > (best[0], -best[1]):
            best = (uar, loss, epoch, copy.deepcopy(average.state_dict()))
        epochs_s.append(time.perf_counter() - began)
    return {
        "stage_s": time.perf_counter() - started,
        "epochs_s": epochs_s,
        "validation_uar": best[0],
        "epoch": best[2],
        "parameters": sum(parameter.numel() for parameter in trained),
    }


def train_ours(program, artifacts, split, fold, seed, threads, folder):
    """Our side, and the configuration that it wrote beside its model."""
    command = [program, artifacts, split, fold, folder, seed]
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads)}
    out = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True, env=environment)
    config = json.loads((folder / "train" / f"fold={fold}" / "config.json").read_text())
    return json.loads(out.stdout), config


def recipe(config):
    """The parameters of our side, which must be those that the other side is written for."""
    params = config["params"] | config["params"]["model"]
    unlike = [key for key, value in EXPECTED.items() if params[key] != value]
    unlike += ["augment.noise"] * (params["augment"]["noise"] != 0)
    if unlike:
        sys.exit(f"the defaults of the train stage have changed: {', '.join(unlike)}; PyTorch's side must follow")
    return params


def mean(runs):
    return statistics.fmean(run["validation_uar"] for run in runs)


def markdown(result):
    ours, theirs = result["ours"], result["torch"]
    many = len(result["folds"]) > 1
    lines = [
        f"{datetime.date.today().isoformat()}, {result['processor']}, {result['threads']} of {result['cores']} cores, PyTorch "
        f"{result['torch_version']}, Python {result['python']}. `{result['split']}`, fold{'s' * many} "
        f"{' and '.join(map(str, result['folds']))}: {result['clips']['train']} training clips, {result['clips']['validation']} "
        f"validation clips{' in the mean' * many}, {len(ours[0]['epochs_s'])} epochs; {result['seeds']} seeds"
        f"{' per fold' * many}. Times: median (lowest to highest). With the same weights, probabilities differ by at most "
        f"{result['worst_difference']:.0e}.",
        "",
        "| | ser | PyTorch | ser / PyTorch |",
        "|---|---|---|---|",
    ]
    for name, seconds in [("Whole, tables read, s", whole), ("Epochs alone, s", epochs)]:
        a, b = [seconds(run) for run in ours], [seconds(run) for run in theirs]
        ratios = [one / other for one, other in zip(a, b, strict=True)]
        lines.append(f"| {name} | {spread(a, 1)} | {spread(b, 1)} | **{spread(ratios)}** |")
    for fold in result["folds"]:
        cells = [spread([run["validation_uar"] for run in of_fold(runs, fold)], 3) for runs in (ours, theirs)]
        lines.append(f"| Validation UAR, fold {fold} | {cells[0]} | {cells[1]} | |")
    difference = result["difference"]
    lines.append(
        f"| Validation UAR, mean | {mean(ours):.3f} | {mean(theirs):.3f} | difference {difference['uar']:+.3f} ± "
        f"{difference['standard_error']:.3f}, {difference['text']} |"
    )
    lines.append(f"| Peak memory, MiB | {max(run['peak_mib'] for run in ours):.0f} | | |")
    return "\n".join(lines)


def whole(run):
    return run["stage_s"]


def epochs(run):
    return sum(run["epochs_s"])


def of_fold(runs, fold):
    return [run for run in runs if run["fold"] == fold]


def difference(ours, theirs, folds):
    """Of the mean UARs, in standard errors (Welch's, of each fold by itself)."""
    apart, variances = [], []
    for fold in folds:
        a, b = ([run["validation_uar"] for run in of_fold(runs, fold)] for runs in (ours, theirs))
        apart.append(statistics.fmean(a) - statistics.fmean(b))
        variances.append(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
    uar, error = statistics.fmean(apart), math.sqrt(sum(variances)) / len(folds)
    errors = abs(uar) / error if error > 0 else math.inf * abs(uar) if uar else 0.0
    return {"uar": uar, "standard_error": error, "errors": errors, "text": f"{errors:.1f} standard errors"}


def clips_of(args):
    """Mean numbers of clips of the folds, by role."""
    assignments = polars.read_parquet(args.artifacts / args.split / "assignments.parquet")
    counts = {"train": 0, "validation": 0}
    for fold in args.folds:
        roles = assignments.filter(polars.col("fold") == fold)["role"].to_list()
        found = {role: roles.count(role) for role in counts}
        if not all(found.values()):
            sys.exit(f"fold {fold} of `{args.split}` has {found['train']} training and {found['validation']} validation clips")
        counts = {role: count + found[role] for role, count in counts.items()}
    return {role: round(count / len(args.folds)) for role, count in counts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifacts", type=pathlib.Path)
    parser.add_argument("--split", default="speaker_independent")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--seeds", type=int, default=5, help="of each fold, at least 3")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/examples/train_fold")
    parser.add_argument("--out", type=pathlib.Path, help="results as JSON")
    parser.add_argument("--doc", type=pathlib.Path, help="Markdown file whose part on whole trainings is replaced")
    args = parser.parse_args()
    if args.seeds < 3:
        parser.error("--seeds: a spread needs at least 3")
    if not args.program.exists():
        sys.exit(f"no program `{args.program}`; start this with `just bench-peers-whole-training`")
    clips = clips_of(args)
    ours, theirs, worst = [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        # Seed by seed, so that every fold has had as many when it is cut short.
        for seed in range(1, args.seeds + 1):
            for fold in args.folds:
                place = [args.artifacts, args.split, fold]
                into = pathlib.Path(folder) / f"{fold}-{seed}"
                run, config = train_ours(args.program, *place, seed, args.threads, into)
                ours.append(run | {"fold": fold})
                params = json.dumps(recipe(config))
                run = in_own_process(__file__, "torch", [*place, seed, args.threads, params])
                theirs.append(run | {"fold": fold})
                if seed == 1:
                    apart = in_own_process(__file__, "compare", [*place, into / "train", params])
                    worst = max(worst, apart)
                    print(f"fold {fold}: largest difference from PyTorch with the same weights: {apart:.0e}", flush=True)
                if run["parameters"] != config["parameter_count"]:
                    sys.exit(f"PyTorch's network has {run['parameters']} parameters, ours {config['parameter_count']}")
                print(
                    f"fold {fold}, seed {seed}: ours {whole(ours[-1]):.1f} s, UAR {ours[-1]['validation_uar']:.3f}; "
                    f"PyTorch {whole(run):.1f} s, UAR {run['validation_uar']:.3f}; "
                    f"ratio {whole(ours[-1]) / whole(run):.2f}",
                    flush=True,
                )
    result = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": args.threads,
        "python": platform.python_version(),
        "torch_version": metadata.version("torch"),
        "split": args.split,
        "folds": args.folds,
        "seeds": args.seeds,
        "clips": clips,
        "ours": ours,
        "torch": theirs,
        "worst_difference": worst,
        "difference": difference(ours, theirs, args.folds),
    }
    text = markdown(result)
    print(text)
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    if args.doc:
        replace_section(args.doc, "whole training", text)
    wrong = []
    if not worst <= TOLERANCE:
        wrong.append(f"with the same weights, probabilities differ by {worst:.0e} (at most {TOLERANCE:.0e})")
    if result["difference"]["errors"] > STANDARD_ERRORS:
        wrong.append(f"mean validation UARs are {result['difference']['text']} apart (at most {STANDARD_ERRORS:.0f})")
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


def side():
    name, artifacts, split, fold, *rest, params = sys.argv[2:]
    if name == "compare":
        found = compare(artifacts, split, int(fold), *rest, json.loads(params))
    else:
        found = train(artifacts, split, int(fold), *map(int, rest), json.loads(params))
    print(json.dumps(found))


if __name__ == "__main__":
    side() if sys.argv[1:2] == ["--side"] else main()
