"""Functionals of openSMILE for every clip of a manifest, as a file that a stage of kind `import` takes.

    pip install opensmile polars
    python docs/recipes/opensmile_features.py artifacts/manifest/clips.parquet egemaps.parquet

From the folder of the pipeline file, or with `--root`, since the paths of a manifest start there. `--set ComParE_2016` takes
another feature set; eGeMAPSv02 is that of Eyben et al. 2016, IEEE Transactions on Affective Computing 7:190. Feature sets of
openSMILE are free for research, and not for products: see its licence.
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
    args = parser.parse_args()

    smile = opensmile.Smile(opensmile.FeatureSet[args.set], opensmile.FeatureLevel.Functionals)
    rows = []
    for clip_id, path in pl.read_parquet(args.clips, columns=["clip_id", "path"]).iter_rows():
        samples, rate_hz = soundfile.read(args.root / path, dtype="float32", always_2d=True)
        # Like the features of the pipeline, of the mean of all channels.
        features = smile.process_signal(samples.mean(axis=1), rate_hz)
        rows.append({"clip_id": clip_id, **features.iloc[0].to_dict()})
    # What reads it knows no other compression.
    pl.DataFrame(rows).write_parquet(args.out, compression="snappy")
    print(f"{args.out}: {len(rows)} clips, {len(smile.feature_names)} functionals")


if __name__ == "__main__":
    main()
