"""The features stage against librosa: the same clips, the same features, all cores, in turn in one run.

    just bench-peers-features [--repeats 5] [--clips 1440] [--corpus NAME=FOLDER ...]

Without --corpus, two corpora of synthetic speech are made: 48 kHz like RAVDESS, 24.4 kHz like TESS. Real ones in WAV are
measured with --corpus ravdess=/data/ravdess.

Both sides read every file, decode it, convert it to 16 kHz and compute log-mel (64), MFCC (20), zero-crossing rate, chroma
and RMS per 10 ms. The stage also writes Parquet tables, and is measured a second time with its functionals; librosa's side
keeps arrays, writes nothing, and works in as many processes as the stage has threads, started and warmed up before the
clock. It is measured twice as well: calling one function per feature, as its documentation shows, and handing one spectrum
to all of them. Rates are clips per second, ratios are taken within each repetition.

Exits with 1 where values disagree, never because of a time.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

# One thread per process, as one process per core is started.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import librosa  # noqa: E402
import numpy  # noqa: E402
import pyarrow.parquet  # noqa: E402
from common import ROOT, replace_section  # noqa: E402

RATE, WINDOW, HOP, FFT, MELS, MFCC = 16_000, 400, 160, 512, 64, 20
PARAMS = {
    "log_mel": {"n_mels": MELS},
    "mfcc": {"n_mfcc": MFCC},
    "f0": {"on": False},
    "functionals": {"on": False},
}
# Name, clips, sample rate and shortest and longest clip in seconds, of the corpora that are made.
MADE = {"48 kHz, like RAVDESS": (48_000, 3.0, 5.0), "24.4 kHz, like TESS": (24_414, 1.3, 3.0)}

# How far values may lie apart, as (median, 99th percentile) of absolute differences over the clips compared.
#
# At 16 kHz both sides see the same samples, and rounding in single precision is all that may differ: most in the decibels
# of bands that are almost silent, and in the chroma of frames that are.
SAME_SAMPLES = {
    "log_mel": (1e-5, 1e-3),
    "mfcc": (1e-4, 1e-3),
    "chroma": (1e-6, 1e-4),
    "zcr": (1e-7, 1e-7),
    "rms": (1e-7, 1e-6),
}
# At other rates the two sides convert with different filters (librosa: soxr, high quality; here: within 0.01 dB up to 7.2
# kHz). Their transition bands differ by up to 6 dB between 7.3 and 8 kHz, where a tenth of the mel bands lie: they are left
# out of log_mel, but an MFCC is a sum over all bands. In silence, the filters' rounding decides about signs, and one zero
# crossing is 0.0025.
RESAMPLED = {
    "log_mel": (0.02, 1.5),
    "mfcc": (0.15, 1.5),
    "chroma": (1e-3, 0.05),
    "zcr": (1e-6, 0.03),
    "rms": (1e-5, 1e-3),
}
# Bands above this frequency lie in the transition of one filter or the other.
COMPARED_BELOW_HZ = 7_000


def features_by_calls(path):
    """Frames of one file by one call per feature: every function computes the spectrum that it needs."""
    y, _ = librosa.load(path, sr=RATE, mono=True)
    spectrum = {"sr": RATE, "n_fft": FFT, "hop_length": HOP, "win_length": WINDOW}
    mel = {"n_mels": MELS, "fmin": 0.0, "fmax": RATE / 2}
    return numpy.concatenate(
        [
            librosa.power_to_db(librosa.feature.melspectrogram(y=y, **spectrum, **mel), top_db=None),
            librosa.feature.mfcc(y=y, n_mfcc=MFCC, **spectrum, **mel),
            librosa.feature.chroma_stft(y=y, tuning=0.0, **spectrum),
            librosa.feature.zero_crossing_rate(y, frame_length=WINDOW, hop_length=HOP),
            librosa.feature.rms(y=y, frame_length=WINDOW, hop_length=HOP),
        ]
    ).T


def features(path):
    """The same from one spectrum. One row per frame, in the stage's order of columns."""
    y, _ = librosa.load(path, sr=RATE, mono=True)
    power = numpy.abs(librosa.stft(y, n_fft=FFT, hop_length=HOP, win_length=WINDOW)) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=RATE, n_mels=MELS, fmin=0.0, fmax=RATE / 2)
    return numpy.concatenate(
        [
            librosa.power_to_db(mel, top_db=None),
            librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=80.0), n_mfcc=MFCC),
            librosa.feature.chroma_stft(S=power, sr=RATE, n_fft=FFT, tuning=0.0),
            librosa.feature.zero_crossing_rate(y, frame_length=WINDOW, hop_length=HOP),
            librosa.feature.rms(y=y, frame_length=WINDOW, hop_length=HOP),
        ]
    ).T


def count_frames(path):
    return len(features(path))


def count_frames_by_calls(path):
    return len(features_by_calls(path))


def names():
    numbered = [("log_mel", MELS), ("mfcc", MFCC), ("chroma", 12)]
    return [f"{stem}_{index:02}" for stem, count in numbered for index in range(count)] + ["zcr", "rms"]


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def build():
    run(*"cargo build --release --locked --workspace --features ser/ndarray --example run_stage --example make_corpus".split())
    target = json.loads(run("cargo", "metadata", "--format-version", "1", "--no-deps"))["target_directory"]
    return pathlib.Path(target) / "release" / "examples"


def stage(examples, clips, out, params):
    """Runs the stage in a process of its own; its time is the stage's, without starting the process."""
    return json.loads(run(examples / "run_stage", clips, out, params))


def disagreements(frames_file, folder, tolerances, below_hz):
    """Compares the stage's frames with librosa's for up to 24 clips; returns a report and what is out of tolerance."""
    table = pyarrow.parquet.read_table(frames_file, columns=["clip_id", "frames"])
    stored = json.loads(pyarrow.parquet.read_schema(frames_file).metadata[b"ser.features"])["names"]
    if stored != names():
        return {}, [f"the stage has columns {stored}, expected {names()}"]
    mel_hz = librosa.mel_frequencies(n_mels=MELS + 2, fmin=0.0, fmax=RATE / 2)[2:]
    differences = {feature: [] for feature in tolerances}
    wrong = []
    for row in range(0, table.num_rows, max(1, table.num_rows // 24)):
        name = table["clip_id"][row].as_py().split("/", 1)[1]
        found = numpy.array(table["frames"][row].as_py(), dtype=numpy.float32)
        file = next(folder.glob(f"{name}.*"))
        expected = features(file)
        if not numpy.allclose(expected, features_by_calls(file), rtol=1e-4, atol=1e-3):
            wrong.append(f"{name}: librosa's functions disagree with each other")
        if found.shape != expected.shape:
            wrong.append(f"{name}: {found.shape} values, librosa has {expected.shape}")
            continue
        apart = numpy.abs(found - expected)
        for column, name in enumerate(stored):
            if name.startswith("log_mel") and mel_hz[int(name[-2:])] > below_hz:
                continue
            differences[name.rstrip("0123456789").rstrip("_")].append(apart[:, column])
    report = {}
    for feature, (median, tail) in tolerances.items():
        values = numpy.concatenate(differences[feature])
        found = (float(numpy.median(values)), float(numpy.quantile(values, 0.99)))
        report[feature] = found
        if not (found[0] <= median and found[1] <= tail):
            wrong.append(f"{feature}: median and 99th percentile of differences {found}, allowed {(median, tail)}")
    return report, wrong


def same_samples(examples, work):
    """Both sides on clips that neither has to resample."""
    folder, out, params = work / "made-16", work / "out-16", work / "params.json"
    params.write_text(json.dumps(PARAMS))
    run(examples / "make_corpus", folder, 24, RATE, 1.0, 4.0)
    stage(examples, folder, out, params)
    return disagreements(out / "frames/*.parquet", folder, SAME_SAMPLES, RATE)


def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def measure(name, folder, examples, work, repeats, pool, threads):
    params, with_functionals = work / "params.json", work / "functionals.json"
    params.write_text(json.dumps(PARAMS))
    with_functionals.write_text(json.dumps(PARAMS | {"functionals": {"on": True}}))
    out = work / "out"
    listed = stage(examples, folder, out, params)  # lists the corpus, and warms the file cache for both sides
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".wav")
    if listed["clips"] != len(files):
        sys.exit(f"{folder} has {len(files)} WAV files, but the stage found {listed['clips']} recordings")
    report, wrong = disagreements(out / "frames/*.parquet", folder, RESAMPLED, COMPARED_BELOW_HZ)
    rates = {key: [] for key in ("ser", "ser_functionals", "calls", "spectrum")}
    peaks = []

    def librosa_rate(function):
        started = time.perf_counter()
        frames = sum(pool.imap_unordered(function, files, chunksize=4))
        return frames, len(files) / (time.perf_counter() - started)

    for _ in range(repeats):
        for key, declared in (("ser", params), ("ser_functionals", with_functionals)):
            result = stage(examples, out / "manifest", work / "again", declared)
            rates[key].append(len(files) / result["seconds"])
            peaks.append(result["peak_mib"])
        for key, function in (("calls", count_frames_by_calls), ("spectrum", count_frames)):
            frames, rate = librosa_rate(function)
            rates[key].append(rate)

    def ratio(over, under):
        return spread([a / b for a, b in zip(rates[over], rates[under], strict=True)])

    return {
        "corpus": name,
        "clips": len(files),
        "audio_s": frames * HOP / RATE,
        "threads": threads,
        **{f"{key}_clips_per_s": spread(values) for key, values in rates.items()},
        "ratio_calls": ratio("ser", "calls"),
        "ratio_spectrum": ratio("ser", "spectrum"),
        "ser_peak_mib": max(peaks),
        "differences": report,
    }, wrong


def machine():
    cpu = platform.processor()
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores of {cpu}, {platform.system()} {platform.release()}"


def versions():
    import soundfile
    import soxr

    rust = run("rustc", "--version").split()[1]
    modules = {"librosa": librosa, "numpy": numpy, "soxr": soxr, "soundfile": soundfile}
    listed = ", ".join(f"{name} {module.__version__}" for name, module in modules.items())
    return f"Python {platform.python_version()}, {listed}, rustc {rust}"


def markdown(results, same):
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')} on {machine()}; {versions()}.",
        "Median of the repetitions, lowest and highest in brackets.",
        "",
        "| corpus | clips | audio | ser, clips/s | ser with functionals | librosa, a call per feature "
        "| librosa, one spectrum | ser / a call per feature | ser / one spectrum | ser, audio s/s | ser, peak memory |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]

    def cell(values, digits):
        return f"{values['median']:.{digits}f} ({values['low']:.{digits}f} to {values['high']:.{digits}f})"

    for result in results:
        speed = result["ser_clips_per_s"]["median"] * result["audio_s"] / result["clips"]
        lines.append(
            f"| {result['corpus']} | {result['clips']} | {result['audio_s']:.0f} s | {cell(result['ser_clips_per_s'], 0)} "
            f"| {cell(result['ser_functionals_clips_per_s'], 0)} | {cell(result['calls_clips_per_s'], 0)} "
            f"| {cell(result['spectrum_clips_per_s'], 0)} | **{cell(result['ratio_calls'], 1)}** "
            f"| **{cell(result['ratio_spectrum'], 1)}** | {speed:.0f} | {result['ser_peak_mib']:.0f} MiB |"
        )
    lines += ["", "Differences between the values of both sides, median and 99th percentile:", ""]
    lines += ["| corpus | " + " | ".join(RESAMPLED) + " |", "|---" * (len(RESAMPLED) + 1) + "|"]
    for corpus, differences in [("16 kHz, nothing to resample", same)] + [(r["corpus"], r["differences"]) for r in results]:
        cells = [f"{median:.2g}, {tail:.2g}" for median, tail in differences.values()]
        lines.append(f"| {corpus} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clips", type=int, default=1440, help="clips of each corpus that is made")
    parser.add_argument("--corpus", action="append", default=[], metavar="NAME=FOLDER", help="WAV files to measure with")
    parser.add_argument("--doc", type=pathlib.Path, help="section of this file that is replaced")
    arguments = parser.parse_args()
    examples = build()
    threads = os.cpu_count()
    results, wrong = [], []
    with tempfile.TemporaryDirectory() as temporary, multiprocessing.get_context("spawn").Pool(threads) as pool:
        work = pathlib.Path(temporary)
        corpora = [(name, pathlib.Path(folder)) for name, folder in (entry.split("=", 1) for entry in arguments.corpus)]
        for index, (name, (rate, shortest, longest)) in enumerate(MADE.items() if not corpora else ()):
            folder = work / f"made-{index}"
            run(examples / "make_corpus", folder, arguments.clips, rate, shortest, longest)
            corpora.append((name, folder))
        first = next(corpora[0][1].rglob("*.wav"))
        pool.map(count_frames, [first] * (4 * threads), chunksize=1)
        same, failures = same_samples(examples, work)
        wrong += [f"16 kHz: {failure}" for failure in failures]
        for name, folder in corpora:
            result, failures = measure(name, folder, examples, work, arguments.repeats, pool, threads)
            results.append(result)
            wrong += [f"{name}: {failure}" for failure in failures]
    text = markdown(results, same)
    print(text)
    if arguments.doc:
        replace_section(arguments.doc, "features", text)
    for failure in wrong:
        print(f"values disagree: {failure}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
