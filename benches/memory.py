"""Peak memory of the features stage, and how it grows: the same recordings listed once, and ten times.

    just bench-memory
    python benches/memory.py [--clips 12160] [--times 10] [--doc FILE]

The recordings are synthetic speech at 16 kHz, of 1.5 to 3.5 s, and of 0.3 s, whose rows are few and whose tables' descriptions
weigh most; their features are the default ones. Each size is a process of its own, its manifest written beforehand.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benches/peers"))

from common import processor, replace_section  # noqa: E402

BUILD = "cargo build --release --locked --workspace --features ser/ndarray --example run_stage --example make_corpus"
PROGRAMS = ROOT / "target/release/examples"
RATE_HZ = 16_000
DURATIONS_S = [(1.5, 3.5), (0.3, 0.3)]
# Files made for each kind; they are listed as often as it takes.
FILES = 1216


def run(*command):
    """What a program prints."""
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(recordings, times, folder):
    """What the stage tells of a run over all recordings, each listed `times` times."""
    # Lists the recordings in a manifest on the way, which takes memory of its own; the second run only reads it.
    run(PROGRAMS / "run_stage", f"{recordings}*{times}", folder / "first")
    return json.loads(run(PROGRAMS / "run_stage", folder / "first/manifest", folder / "second"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=12_160, help=f"the smaller number, a multiple of {FILES}")
    parser.add_argument("--times", type=int, default=10, help="how many times as many the larger one is")
    parser.add_argument("--doc", type=pathlib.Path, help="Markdown file whose part on memory is replaced")
    args = parser.parse_args()
    if args.clips % FILES or args.clips == 0:
        parser.error(f"--clips: expected a multiple of {FILES}, found {args.clips}")
    subprocess.run(BUILD.split(), check=True, cwd=ROOT)
    lines = [
        f"{datetime.date.today().isoformat()}, {processor()}.",
        "",
        "| clips of | number | seconds | peak memory, MiB | number | seconds | peak memory, MiB | ratio of memory | ratio of time |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for shortest, longest in DURATIONS_S:
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            recordings = folder / "recordings"
            run(PROGRAMS / "make_corpus", recordings, FILES, RATE_HZ, shortest, longest)
            listed = args.clips // FILES
            few, many = (measured(recordings, times, folder / str(times)) for times in (listed, listed * args.times))
        name = f"{shortest} to {longest} s" if shortest < longest else f"{shortest} s"
        cells = [f"{one['clips']} | {one['seconds']:.1f} | {one['peak_mib']:.0f}" for one in (few, many)]
        ratios = [many[key] / few[key] for key in ("peak_mib", "seconds")]
        lines.append(f"| {name} | {' | '.join(cells)} | **{ratios[0]:.2f}** | {ratios[1]:.1f} |")
        print(lines[-1], flush=True)
    text = "\n".join(lines)
    print(text)
    if args.doc:
        replace_section(args.doc, "memory", text)


if __name__ == "__main__":
    main()
