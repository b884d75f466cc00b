"""Peak memory of the stages that make models, and how it grows: one fold of generated clips, and ten times as many.

    just bench-training-memory
    python benches/training_memory.py [--clips 25000 250000] [--limit-gib 4] [--place DIR] [--doc FILE]

Each number of clips is generated first (about 65 kB each; as much again goes into the train stage's file without a name). Then
a small CNN-LSTM is trained for two epochs, and a linear model with one penalty, each in a process of its own whose address
space is limited (RLIMIT_AS). The limit counts whatever the process maps, used or not, and not what the system keeps of files:
page cache is lent, and taken back when something else wants it. Told are the wall and processor time, the highest resident
memory and what of it was anonymous, the time of an epoch, and what was read: by the process, and of that from the disk.
"""

import argparse
import datetime
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benches/peers"))

from common import processor, replace_section  # noqa: E402

EXAMPLES = ["make_features", "train_fold", "fit_fold"]
BUILD = "cargo build --release --locked --workspace --features ser/ndarray"
PROGRAMS = ROOT / "target/release/examples"
# Two epochs of a network whose steps take little time, so that reading is most of it.
NETWORK = {
    "epochs": 2,
    "model": {"kind": "cnn-lstm", "conv": [{"channels": 8, "kernel": 3, "pool": 4}], "lstm": {"hidden": 8}},
}
LINEAR = {"l2": [1000.0], "max_iterations": 20}
LOOK_S = 0.2


def megabytes_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def look(pid, seen):
    """Notes the highest memory of a process, and the last of what it read, until it is gone."""
    while not seen.get("done"):
        try:
            status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
            io = dict(line.split(": ") for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines())
            for name, key in [("anonymous", "RssAnon"), ("resident", "VmRSS"), ("mapped", "VmSize")]:
                seen[name] = max(seen.get(name, 0), int(status[key].split()[0]) // 1024)
            seen["read_gb"] = int(io["rchar"]) / 1e9
            seen["from_disk_gb"] = int(io["read_bytes"]) / 1e9
        except (OSError, KeyError, ValueError):
            pass
        time.sleep(LOOK_S)


def limited(command, limit_gib, log):
    """Runs a program within the limit: what it printed, and what it took."""

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (limit_gib << 30, limit_gib << 30))

    started = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, preexec_fn=limit)
    seen = {}
    watcher = threading.Thread(target=look, args=(process.pid, seen))
    watcher.start()
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seen["done"] = True
    watcher.join()
    if status:
        sys.exit(f"{command[0]} ended with {status} within {limit_gib} GiB: {seen}")
    seen.update(wall_s=time.monotonic() - started, processor_s=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss // 1024)
    print(json.dumps({"command": pathlib.Path(command[0]).name, **seen}), file=log, flush=True)
    return said, seen


def measured(clips, limit_gib, place, log):
    """Rows of the table about so many clips."""
    rows = []
    with tempfile.TemporaryDirectory(dir=place) as folder:
        folder = pathlib.Path(folder)
        artifacts = folder / "artifacts"
        subprocess.run([PROGRAMS / "make_features", artifacts, str(clips)], check=True)
        megabytes = megabytes_of(artifacts / "features/frames"), megabytes_of(artifacts / "features/functionals")
        (folder / "network.json").write_text(json.dumps(NETWORK))
        (folder / "linear.json").write_text(json.dumps(LINEAR))
        train = [PROGRAMS / "train_fold", artifacts, "split", 0, folder / "train", 42, folder / "network.json"]
        said, seen = limited(train, limit_gib, log)
        epochs = json.loads(said)["epochs_s"]
        rows.append(row("train", clips, megabytes[0] + megabytes[1], seen, f"{max(epochs):.0f}"))
        shutil.rmtree(folder / "train")
        fit = [PROGRAMS / "fit_fold", artifacts, "split", folder / "fit", folder / "linear.json"]
        _, seen = limited(fit, limit_gib, log)
        rows.append(row("baseline", clips, megabytes[1], seen, ""))
    return rows


def row(stage, clips, megabytes, seen, epoch_s):
    cells = [
        stage,
        clips,
        f"{megabytes / 1000:.1f}",
        f"{seen['wall_s']:.0f}",
        f"{seen['processor_s']:.0f}",
        epoch_s,
        seen["peak"],
        seen["anonymous"],
        seen["mapped"],
        f"{seen['read_gb']:.1f}",
        f"{seen['from_disk_gb']:.1f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, nargs="+", default=[25_000, 250_000], help="numbers of clips")
    parser.add_argument("--limit-gib", type=int, default=4, help="address space of each process")
    parser.add_argument("--place", type=pathlib.Path, default=ROOT / "target", help="a folder on a disk with room for all of it")
    parser.add_argument("--doc", type=pathlib.Path, help="Markdown file whose part on this is replaced")
    args = parser.parse_args()
    examples = [word for name in EXAMPLES for word in ("--example", name)]
    subprocess.run([*BUILD.split(), *examples], check=True, cwd=ROOT)
    lines = [
        f"{datetime.date.today().isoformat()}, {processor()}, {os.cpu_count()} cores, within {args.limit_gib} GiB of address space.",
        "",
        "| Stage | Clips | Features, GB | Wall time, s | Processor time, s | Slowest epoch, s | Peak resident, MiB "
        "| of that anonymous, MiB | Address space, MiB | Read, GB | of that from the disk, GB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for clips in args.clips:
        for line in measured(clips, args.limit_gib, args.place, sys.stderr):
            print(line, flush=True)
            lines.append(line)
    text = "\n".join(lines)
    print(text)
    if args.doc:
        replace_section(args.doc, "training memory", text)


if __name__ == "__main__":
    main()
