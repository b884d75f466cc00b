"""Reference values of frame features and functionals, computed with librosa and numpy.

    pip install -r requirements.txt && python make.py

Writes beside itself, for every signal: `<signal>.s16` (the samples, 16-bit little-endian, full scale 32768),
`<signal>.frames.f32` (32-bit little-endian, frame after frame), `<signal>.functionals.f32`, `<signal>.pyin.f32`
(fundamental frequency per frame, 0 where unvoiced); and `reference.json`, which names versions, parameters, signals and
columns. The samples are stored rather than generated twice, so that both sides work on the very same numbers.
"""

import json
import pathlib
import platform

import librosa
import numpy
import scipy

HERE = pathlib.Path(__file__).parent
PERCENTILES = [25, 50, 75, 10, 90]
STATISTICS = ["mean", "sd", "min", "max", *(f"q{p}" for p in PERCENTILES), "slope", "delta_mean", "delta_sd"]


def noise(count, seed):
    return numpy.random.default_rng(seed).standard_normal(count)


def chirp(rate):
    """A tone gliding from 100 Hz to 7 kHz in faint noise."""
    t = numpy.arange(int(0.5 * rate)) / rate
    phase = 2 * numpy.pi * (100 * t + 0.5 * 13_800 * t**2)
    return 0.4 * numpy.sin(phase) + 0.01 * noise(t.size, 1)


def voice(rate):
    """Harmonics of a gliding, trembling fundamental under three resonances, then breath noise, then digital silence."""
    t = numpy.arange(int(0.5 * rate)) / rate
    f0 = 140 + 50 * t + 2 * numpy.sin(2 * numpy.pi * 5 * t)
    phase = 2 * numpy.pi * numpy.cumsum(f0) / rate
    sound = numpy.zeros_like(t)
    for harmonic in range(1, 1 + int(0.45 * rate / 210)):
        hz = harmonic * f0
        gain = sum(1 / (1 + ((hz - centre) / width) ** 2) for centre, width in [(600, 80), (1300, 110), (2600, 160)])
        sound += gain * numpy.sin(harmonic * phase + 0.7 * harmonic**2) / harmonic**0.5
    sound *= 0.3 / numpy.abs(sound).max() * numpy.minimum(1, numpy.minimum(t, t[-1] - t) / 0.03)
    breath = 0.02 * noise(int(0.12 * rate), 2)
    return numpy.concatenate([sound + 0.0005 * noise(sound.size, 3), breath, numpy.zeros(int(0.1 * rate))])


def short(rate):
    """Less than a frame."""
    return 0.5 * numpy.sin(2 * numpy.pi * 300 * numpy.arange(120) / rate)


SIGNALS = {
    "chirp": dict(make=chirp, rate=16_000, n_mels=64, fmin=0.0, fmax=8_000.0, n_mfcc=20),
    "voice": dict(make=voice, rate=16_000, n_mels=64, fmin=0.0, fmax=8_000.0, n_mfcc=20),
    "short": dict(make=short, rate=16_000, n_mels=64, fmin=0.0, fmax=8_000.0, n_mfcc=20),
    "telephone": dict(make=voice, rate=8_000, n_mels=40, fmin=50.0, fmax=3_800.0, n_mfcc=13),
}


def frame_features(y, signal):
    rate = signal["rate"]
    window, hop = round(0.025 * rate), round(0.010 * rate)
    n_fft = 1 << (window - 1).bit_length()
    stft = dict(n_fft=n_fft, hop_length=hop, win_length=window)
    mel = librosa.feature.melspectrogram(
        y=y, sr=rate, n_mels=signal["n_mels"], fmin=signal["fmin"], fmax=signal["fmax"], **stft
    )
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=80.0), n_mfcc=signal["n_mfcc"])
    if mfcc.shape[1] >= 9:
        deltas = [librosa.feature.delta(mfcc, order=order) for order in (1, 2)]
    else:  # librosa refuses; defined as 0 below three frames
        deltas = [numpy.zeros_like(mfcc)] * 2
    blocks = {
        "log_mel": librosa.power_to_db(mel, top_db=None),
        "mfcc": mfcc,
        "mfcc_delta": deltas[0],
        "mfcc_delta2": deltas[1],
        "chroma": librosa.feature.chroma_stft(y=y, sr=rate, tuning=0.0, **stft),
        "zcr": librosa.feature.zero_crossing_rate(y, frame_length=window, hop_length=hop),
        "rms": librosa.feature.rms(y=y, frame_length=window, hop_length=hop),
        "spectral_centroid_hz": librosa.feature.spectral_centroid(y=y, sr=rate, **stft),
        "spectral_bandwidth_hz": librosa.feature.spectral_bandwidth(y=y, sr=rate, **stft),
        "spectral_rolloff_hz": librosa.feature.spectral_rolloff(y=y, sr=rate, **stft),
        "spectral_flatness": librosa.feature.spectral_flatness(y=y, **stft),
    }
    names = [name if len(rows) == 1 else f"{name}_{row:02}" for name, rows in blocks.items() for row in range(len(rows))]
    return names, numpy.concatenate(list(blocks.values())).T


def functionals(frames, hop_s):
    time = numpy.arange(len(frames)) * hop_s
    columns = []
    for column in frames.T.astype(numpy.float64):
        slope = numpy.polyfit(time, column, 1)[0] if len(column) > 1 else 0.0
        delta = librosa.feature.delta(column) if len(column) >= 9 else numpy.zeros_like(column)
        columns.append(
            [column.mean(), column.std(), column.min(), column.max(), *numpy.percentile(column, PERCENTILES)]
            + [slope, delta.mean(), delta.std()]
        )
    return numpy.array(columns).ravel()


def pitch(y, rate):
    if y.size < 1_000:
        return numpy.zeros(1 + y.size // round(0.010 * rate))
    f0, voiced, _ = librosa.pyin(
        y, sr=rate, fmin=65.0, fmax=600.0, frame_length=rate * 1024 // 16_000, hop_length=round(0.010 * rate)
    )
    return numpy.where(voiced, f0, 0.0)


def main():
    signals = {}
    for name, signal in SIGNALS.items():
        samples = numpy.round(signal["make"](signal["rate"]) * 32_768).clip(-32_768, 32_767).astype("<i2")
        y = samples.astype(numpy.float32) / 32_768
        names, frames = frame_features(y, signal)
        values = functionals(frames, round(0.010 * signal["rate"]) / signal["rate"])
        samples.tofile(HERE / f"{name}.s16")
        frames.astype("<f4").tofile(HERE / f"{name}.frames.f32")
        values.astype("<f4").tofile(HERE / f"{name}.functionals.f32")
        pitch(y, signal["rate"]).astype("<f4").tofile(HERE / f"{name}.pyin.f32")
        signals[name] = {
            "sample_rate_hz": signal["rate"],
            "n_mels": signal["n_mels"],
            "fmin_hz": signal["fmin"],
            "fmax_hz": signal["fmax"],
            "n_mfcc": signal["n_mfcc"],
            "frame_count": len(frames),
            "names": names,
        }
    versions = {
        "python": platform.python_version(),
        "librosa": librosa.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }
    (HERE / "reference.json").write_text(json.dumps({"versions": versions, "statistics": STATISTICS, "signals": signals}) + "\n")


if __name__ == "__main__":
    main()
