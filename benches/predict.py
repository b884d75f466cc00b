"""Times of `ser predict`: a process of its own for one recording, and for many.

    just bench-predict MODEL
    python benches/predict.py MODEL [--clips 1000] [--starts 20] [--repeats 3]

MODEL is a fold's folder of a train stage, for example artifacts/cnn_lstm/fold=0. The recordings are synthetic speech of 3 to
5 s at 48 kHz; files are in the system's cache. Prints the wall clock of starting, reading, predicting and printing: median
(lowest to highest), with the largest memory of any run.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = "cargo build --release --locked --workspace --features ser/ndarray --bin ser --example make_corpus"
RATE_HZ, SHORTEST_S, LONGEST_S = 48_000, 3, 5


def timed(command, expected):
    """Seconds and largest memory in MiB of a program that prints `expected` lines."""
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = len(out.read().splitlines())
    if process.returncode != 0 or lines != expected:
        sys.exit(f"`{command[0]}` ended with {process.returncode} and {lines} lines, expected {expected}")
    return seconds, usage.ru_maxrss / 1024


def describe(name, runs, clips):
    seconds, memory = zip(*runs, strict=True)
    middle, low, high = (f(seconds) * 1e3 for f in (statistics.median, min, max))
    each = f", {clips / statistics.median(seconds):.0f} clips/s" if clips > 1 else ""
    print(f"{name}: {middle:.0f} ms ({low:.0f} to {high:.0f}){each}, peak memory {max(memory):.0f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--starts", type=int, default=20, help="runs on one recording")
    parser.add_argument("--repeats", type=int, default=3, help="runs on all recordings")
    args = parser.parse_args()
    if not (args.model / "model.safetensors").exists():
        sys.exit(f"`{args.model}` holds no model.safetensors")
    subprocess.run(BUILD.split(), check=True, cwd=ROOT)
    programs = ROOT / "target/release"
    with tempfile.TemporaryDirectory() as folder:
        made = [programs / "examples/make_corpus", folder, args.clips, RATE_HZ, SHORTEST_S, LONGEST_S]
        subprocess.run([str(part) for part in made], check=True)
        predict = [programs / "ser", "predict", "--json", "--model", args.model]
        first = min(pathlib.Path(folder).rglob("*.wav"))
        timed([*predict, first], 1)
        describe("1 recording", [timed([*predict, first], 1) for _ in range(args.starts)], 1)
        runs = [timed([*predict, folder], args.clips) for _ in range(args.repeats)]
        describe(f"{args.clips} recordings", runs, args.clips)


if __name__ == "__main__":
    main()
