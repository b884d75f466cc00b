"""Exported graphs against the program: `just check-onnx`.

    python tests/onnx/check.py [SER [ARTIFACTS]]

Trains models of every network for a few epochs on the demo's voices, with each way to standardise (or takes those in the folder
ARTIFACTS, of features as in `pipeline.toml`, with samples), exports them, and runs ONNX's checker and onnxruntime on the files.
Networks are compared with `ser predict` on 200 recordings of 20 to 600 frames, in padded batches whose padding is no number;
linear models with the predictions of their stage. Fails where a probability is more than 1e-4 from the program's.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pyarrow.parquet

ROOT = pathlib.Path(__file__).resolve().parents[2]
SER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/ser").resolve()
TOLERANCE = 1e-4
RATE_HZ, HOP, CLIPS, SPEAKERS = 16_000, 160, 200, 10
SHORTEST, LONGEST, BATCH = 20, 600, 16
SPLIT = "speaker_independent"

# Stages of kind `train` beside those of the pipeline file.
NETWORKS = {
    "last": 'model = { kind = "cnn-lstm", pooling = "last", lstm = { layers = 2 } }',
    "mean": 'model = { kind = "cnn-lstm", pooling = "mean" }\nstandardise = "clip"',
    "attention": 'model = { kind = "cnn-lstm", pooling = "attention" }\nuse_functionals = false',
    "blstm_fcn": 'model = { kind = "blstm-fcn" }\nstandardise = "speaker"',
    "residual_lstm": 'model = { kind = "residual-lstm" }\nstandardise = "corpus"',
    "tim_net": 'model = { kind = "tim-net" }',
    "cnn2d_lstm": 'model = { kind = "cnn2d-lstm", width = 0.1 }',
    "acrnn": 'model = { kind = "acrnn", width = 0.1, conv_layers = 2 }',
    "adrnn": 'model = { kind = "adrnn", width = 0.1 }\nstandardise = "speaker"\nspeaker_prior_clips = 0',
    "attention_lstm": 'model = { kind = "attention-lstm", width = 0.1 }',
    "waveform": 'model = { kind = "waveform", width = 0.1 }',
}
LINEAR = ["linear", "linear_per_speaker"]

CHECK = """
name = "check"
[stage.made]
kind = "ingest"
corpus = "made.toml"
root = "clips"
[stage.manifest]
kind = "manifest"
from = ["made"]
min_duration_s = 0.1
[stage.features]
kind = "features"
from = "manifest"
mfcc = { deltas = 2 }
samples = true
enhance = [{ kind = "trim-silence" }]
"""
MADE = r"""
name = "made"
title = "Made"
[[pattern]]
path = '(?:^|/)(?<speaker>[^/]+)/(?<sentence>t\d+)_(?<emotion>[A-Z])$'
[codes.emotion]
H = "happy"
S = "sad"
"""


def ser(folder, *arguments):
    done = subprocess.run([str(SER), *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"`ser {' '.join(map(str, arguments))}` ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def voice(rng, samples):
    """A gliding harmonic tone in noise, loud from end to end."""
    glide = rng.uniform(90, 300) * np.exp(np.cumsum(rng.normal(0, 2e-4, samples)))
    phase = 2 * np.pi * np.cumsum(glide) / RATE_HZ
    tone = sum(np.sin(k * phase) / k for k in range(1, 9))
    swell = 1 + 0.5 * np.sin(2 * np.pi * rng.uniform(1, 6) * np.arange(samples) / RATE_HZ)
    return 0.1 * (swell * tone + rng.uniform(0.01, 0.3) * rng.normal(size=samples))


def record(folder):
    rng = np.random.default_rng(1)
    for number in range(CLIPS):
        frames = round(SHORTEST + (LONGEST - SHORTEST) * number / (CLIPS - 1))
        path = folder / f"clips/s{number % SPEAKERS}/t{number}_{'HS'[number // SPEAKERS % 2]}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            samples = np.clip(voice(rng, (frames - 1) * HOP), -1, 1)
            file.writeframes((samples * 32767).astype("<i2").tobytes())


def tables(folder):
    """Names of frame columns, frames and functionals by clip, with each clip's speaker."""
    frames = pl.read_parquet(folder / "features/frames/*.parquet")
    about = pyarrow.parquet.read_schema(next((folder / "features/frames").glob("*.parquet"))).metadata
    names = json.loads(about[b"ser.features"])["names"]
    functionals = pl.read_parquet(folder / "features/functionals/*.parquet")
    clips = pl.read_parquet(folder / "manifest/clips.parquet", columns=["clip_id", "path", "speaker"])
    flat = frames["frames"].explode().arr.explode().to_numpy().astype(np.float32).reshape(-1, len(names))
    ends = np.cumsum(frames["frame_count"].to_numpy())
    matrices = dict(zip(frames["clip_id"], np.split(flat, ends[:-1]), strict=True))
    rows = functionals.select(pl.exclude("clip_id"))
    vectors = dict(zip(functionals["clip_id"], rows.to_numpy().astype(np.float32), strict=True))
    return names, rows.columns, matrices, vectors, clips


def statistics(rows):
    """Mean and standard deviation of each column as the program computes them."""
    rows = rows.astype(np.float64)
    mean, sd = rows.mean(axis=0), rows.std(axis=0)
    return mean.astype(np.float32), np.where(sd <= 1e-6 * np.abs(mean), 0, sd).astype(np.float32)


class Graph:
    """An exported model in onnxruntime."""

    def __init__(self, path):
        onnx.checker.check_model(onnx.load(path), full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = [each.name for each in self.session.get_inputs()]
        self.about = self.session.get_modelmeta().custom_metadata_map
        self.classes = json.loads(self.about["ser.classes"])
        # Recordings are taken for those of the last corpus that a model standardised per corpus knows.
        self.corpora = json.loads(self.about.get("ser.corpora", "[]"))

    def probabilities(self, ids, names, functional_names, matrices, vectors, speakers):
        """One row per clip of `ids`, in their order."""
        chosen = [names.index(name) for name in json.loads(self.about.get("ser.frame_columns", "[]"))]
        wanted = json.loads(self.about["ser.functional_columns"])
        places = [functional_names.index(name) for name in wanted]
        by_speaker = {}
        if any(name.startswith("speaker_") for name in self.inputs):
            for speaker in set(speakers.values()):
                own = [clip for clip, of in speakers.items() if of == speaker]
                frames = statistics(np.concatenate([matrices[clip] for clip in own]))
                by_speaker[speaker] = frames, statistics(np.stack([vectors[clip] for clip in own])), len(own)
        found = {}
        mixed = np.random.default_rng(2).permutation(ids)
        for start in range(0, len(mixed), BATCH):
            batch = mixed[start : start + BATCH]
            lengths = np.array([len(matrices[clip]) for clip in batch], np.int64)
            frames = np.full((len(batch), lengths.max(), len(chosen)), np.nan, np.float32)
            for row, clip in zip(frames, batch, strict=True):
                row[: len(matrices[clip])] = matrices[clip][:, chosen]
            feed = {"frames": frames, "lengths": lengths}
            feed["functionals"] = np.stack([vectors[clip][places] for clip in batch])
            for part, (name, columns) in enumerate([("frames", chosen), ("functionals", places)]):
                for which, what in enumerate(["mean", "sd"]):
                    if f"speaker_{name}_{what}" in self.inputs:
                        rows = [by_speaker[speakers[clip]][part][which][columns] for clip in batch]
                        feed[f"speaker_{name}_{what}"] = np.stack(rows)
            if "speaker_clips" in self.inputs:
                feed["speaker_clips"] = np.array([by_speaker[speakers[clip]][2] for clip in batch], np.int64)
            feed["corpus"] = np.full(len(batch), len(self.corpora) - 1, np.int64)
            (rows,) = self.session.run(["probabilities"], {name: feed[name] for name in self.inputs})
            found.update(zip(batch, rows, strict=True))
        return np.stack([found[clip] for clip in ids])


def trained(folder):
    """A run of the demo in `folder`, with a stage for each network."""
    pipeline = (ROOT / "pipeline.toml").read_text()
    for name, parameters in NETWORKS.items():
        pipeline += f'\n[stage.{name}]\nkind = "train"\nfrom = ["manifest", "features", "{SPLIT}"]\n{parameters}\n'
    networks = ["cnn_lstm", "cnn_lstm_per_speaker", *NETWORKS]
    settings = [f"{name}.epochs=2" for name in networks] + ["manifest.min_duration_s=0.1", "features.samples=true", f"{SPLIT}.folds=3"]
    (folder / "pipeline.toml").write_text(pipeline)
    ser(folder, "run", *networks, *LINEAR, "--demo", "demo", *[part for each in settings for part in ("-S", each)])
    return folder / "artifacts"


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        artifacts = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else trained(folder)
        networks = sorted(path.parent.parent.name for path in artifacts.glob("*/fold=0/model.safetensors"))
        (folder / "check.toml").write_text(CHECK)
        (folder / "made.toml").write_text(MADE)
        record(folder)
        ser(folder, "run", "--file", "check.toml", "--artifacts", "check")

        made = tables(folder / "check")
        clips = made[-1]
        ids = list(clips["clip_id"])
        speakers = dict(zip(clips["clip_id"], clips["speaker"], strict=True))
        counts = [len(made[2][clip]) for clip in ids]
        print(f"{len(ids)} recordings of {min(counts)} to {max(counts)} frames")
        assert len(ids) == CLIPS and max(counts) <= LONGEST
        worst = 0.0

        def compare(name, file, found, expected):
            nonlocal worst
            apart = float(np.abs(found - expected).max())
            worst = max(worst, apart)
            share = (found.argmax(axis=1) == expected.argmax(axis=1)).mean()
            size = file.stat().st_size / 1e6
            print(f"{name}: {len(found)} clips, {size:.1f} MB, largest difference {apart:.1e}, same emotion {share:.1%}")

        for name in networks:
            for model in [artifacts / name / "fold=0", artifacts / name]:
                file = folder / "model.onnx"
                ser(folder, "export", "onnx", model, "-o", file)
                graph = Graph(file)
                corpus = ["--corpus", graph.corpora[-1]] if graph.corpora else []
                said = ["predict", "clips", "--speaker-from-folder", "--uncalibrated", "--json", "--model", model, *corpus]
                lines = ser(folder, *said).splitlines()
                said = {line["path"]: line["probabilities"] for line in map(json.loads, lines)}
                expected = np.array([[said[path][emotion] for emotion in graph.classes] for path in clips["path"]])
                found = graph.probabilities(ids, *made[:-1], speakers)
                compare(model.relative_to(artifacts), file, found, expected)

        demo = tables(artifacts)
        speakers = dict(zip(demo[-1]["clip_id"], demo[-1]["speaker"], strict=True))
        for name in LINEAR:
            file = folder / "model.onnx"
            ser(folder, "export", "onnx", artifacts / name / "fold=0", "-o", file)
            tested = pl.read_parquet(artifacts / name / "predictions.parquet").filter(pl.col("fold") == 0)
            found = Graph(file).probabilities(list(tested["clip_id"]), *demo[:-1], speakers)
            compare(f"{name}/fold=0", file, found, np.array(tested["probabilities"].to_list()))

        print(f"largest difference of all: {worst:.1e}, allowed {TOLERANCE:.0e}")
        sys.exit(0 if worst <= TOLERANCE else 1)


main()
