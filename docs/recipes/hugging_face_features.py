"""Embeddings of a pretrained speech encoder for every clip of a manifest, as a file that a stage of kind `import` takes.

    pip install pyarrow soundfile soxr torch transformers
    python docs/recipes/hugging_face_features.py artifacts/manifest/clips.parquet wav2vec2.parquet

From the folder of the pipeline file, or with `--root`, since the paths of a manifest start there. `--model` takes any encoder
of samples that `transformers` knows (wav2vec 2.0, HuBERT, WavLM, data2vec, UniSpeech), by its name on Hugging Face or by a
folder. `--layer` is the layer whose output is taken: 0 is what goes into the first, -1 comes from the last. Which of them tells
most of emotion differs between encoders: `ser validation` ranks models on each without a look at test clips. The mean over a
clip's frames is written, or with `--frames` all of them, for networks.

An encoder that was trained on the emotions of a corpus, or on its speakers, knows the test clips: figures on that corpus are
then too good, and nothing can tell.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
import soxr
import torch
from transformers import AutoFeatureExtractor, AutoModel

# Rows that are written together: a clip's frames may be a megabyte.
CLIPS_PER_GROUP = 32


def load(path: Path, rate_hz: int) -> np.ndarray:
    """The mean of all channels at `rate_hz`."""
    samples, own_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), own_hz, rate_hz)


def frames_array(clips: list[np.ndarray]) -> pa.Array:
    """Lists of frames, each a list of as many numbers."""
    width = clips[0].shape[1]
    frames = pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(clips).ravel()), width)
    offsets = np.cumsum([0] + [len(clip) for clip in clips])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), frames)


def means_array(clips: list[np.ndarray]) -> pa.Array:
    """A list of numbers for each clip: the mean of its frames."""
    means = np.stack([clip.mean(axis=0) for clip in clips])
    return pa.FixedSizeListArray.from_arrays(pa.array(means.ravel()), means.shape[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="clips.parquet of the manifest")
    parser.add_argument("out", type=Path, help="the file to write, .parquet")
    parser.add_argument("--root", type=Path, default=Path(), help="folder of the pipeline file")
    parser.add_argument("--model", default="facebook/wav2vec2-base")
    parser.add_argument("--layer", type=int, default=-1)
    parser.add_argument("--frames", action="store_true", help="write every frame instead of their mean")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()

    extractor = AutoFeatureExtractor.from_pretrained(args.model)
    model = AutoModel.from_pretrained(args.model).to(args.device).eval()
    rate_hz = extractor.sampling_rate

    @torch.inference_mode()
    def hidden(path: Path) -> np.ndarray:
        """Frames of one clip, (frames, width). Alone, without padding: what stands beside a clip changes nothing."""
        inputs = extractor(load(path, rate_hz), sampling_rate=rate_hz, return_tensors="pt").to(args.device)
        states = model(**inputs, output_hidden_states=True).hidden_states
        return states[args.layer][0].float().cpu().numpy()

    clips = pq.read_table(args.clips, columns=["clip_id", "path"]).to_pylist()
    column = frames_array if args.frames else means_array
    writer = None
    for start in range(0, len(clips), CLIPS_PER_GROUP):
        some = clips[start : start + CLIPS_PER_GROUP]
        values = column([hidden(args.root / clip["path"]) for clip in some])
        table = pa.table({"clip_id": pa.array([clip["clip_id"] for clip in some]), "hidden": values})
        writer = writer or pq.ParquetWriter(args.out, table.schema, compression="snappy")
        writer.write_table(table)
    if writer:
        writer.close()
    print(f"{args.out}: {len(clips)} clips, {'frames' if args.frames else 'means'} of layer {args.layer} of {args.model}")


if __name__ == "__main__":
    main()
