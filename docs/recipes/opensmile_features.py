"""Functionals of openSMILE for every clip of a manifest, as a file that a stage of kind `import` takes.

    pip install opensmile polars
    python docs/recipes/opensmile_features.py artifacts/manifest/clips.parquet egemaps.parquet

From the folder of the pipeline file, or with `--root`, since the paths of a manifest start there. `--set ComParE_2016` takes
another feature set; eGeMAPSv02 is that of Eyben et al. 2016, IEEE Transactions on Affective Computing 7:190. `--frames` also
writes the low-level descriptors that the functionals are of, one row per 10 ms, for networks. Feature sets of openSMILE are
free for research, and not for products: see its licence.
"""

import argparse
from pathlib import Path

import opensmile
import polars as pl
import soundfile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="clips.parquet of the manifest")
    parser.add_argument("out", type=Path, help="the file to write, .parquet")
    parser.add_argument("--root", type=Path, default=Path(), help="folder of the pipeline file")
    parser.add_argument("--set", default="eGeMAPSv02", choices=[known.name for known in opensmile.FeatureSet])
    parser.add_argument("--frames", action="store_true", help="low-level descriptors, too")
    args = parser.parse_args()

    smile = opensmile.Smile(opensmile.FeatureSet[args.set], opensmile.FeatureLevel.Functionals)
    frame_by_frame = opensmile.Smile(opensmile.FeatureSet[args.set], opensmile.FeatureLevel.LowLevelDescriptors)
    rows = []
    for clip_id, path in pl.read_parquet(args.clips, columns=["clip_id", "path"]).iter_rows():
        samples, rate_hz = soundfile.read(args.root / path, dtype="float32", always_2d=True)
        # Like the features of the pipeline, of the mean of all channels.
        samples = samples.mean(axis=1)
        row = {"clip_id": clip_id, **smile.process_signal(samples, rate_hz).iloc[0].to_dict()}
        if args.frames:
            row["lld"] = frame_by_frame.process_signal(samples, rate_hz).to_numpy().tolist()
        rows.append(row)
    # What reads it knows no other compression.
    pl.DataFrame(rows).write_parquet(args.out, compression="snappy")
    frames = f", {len(frame_by_frame.feature_names)} descriptors per frame" if args.frames else ""
    print(f"{args.out}: {len(rows)} clips, {len(smile.feature_names)} functionals{frames}")


if __name__ == "__main__":
    main()
