"""Reference values of voice features, computed with Praat (through parselmouth) and openSMILE.

    pip install -r requirements.txt && python make.py

Writes beside itself, for every signal, `<signal>.s16` (the samples, 16-bit little-endian, full scale 32768, 16 kHz),
and `reference.json`: versions, what the signals were made of, and Praat's, openSMILE's and NumPy's values, frame
after frame every 10 ms (null where there is none). The samples are stored rather than generated twice, so that both
sides work on the very same numbers.

Praat's analyses are made every 2 ms and read at the frames' times. Jitter and shimmer are given twice: of the pulses
within 24 ms of each frame's time, and of all pulses between the first and the last 100 ms. openSMILE is given our
frames: 25 ms under a Hann window, their centres on multiples of 10 ms, which 12.5 ms of silence before the clip bring
about. Its slopes divide by one bin less than they sum where both ends of a band lie on bins; with 1 Hz more they
nearly do not, and are those of the bins below the upper end. They go on depending on the level a little, so NumPy's
least squares over the same bins stand beside them.
"""

import json
import pathlib
import platform
import tempfile

import numpy
import opensmile
import parselmouth
import scipy.signal
from parselmouth.praat import call

HERE = pathlib.Path(__file__).parent
RATE = 16_000
HOP = 160
FLOOR_HZ, CEILING_HZ = 65.0, 600.0
# Praat's defaults: shortest and longest period, largest quotients of periods and of amplitudes.
PERIODS = (0.0001, 0.02, 1.3)
AMPLITUDES = 1.6

# Fundamental frequency in hertz (from, to), jitter and shimmer as standard deviations of a period (share) and of its
# amplitude (dB), breath as a share of the sound's root mean square, formants and bandwidths in hertz.
SIGNALS = {
    "low": dict(f0=(112, 100), jitter=0.01, shimmer=0.4, breath=0.02,
                formants=[(700, 80), (1220, 90), (2600, 120), (3500, 200), (4500, 250)]),
    "high": dict(f0=(215, 240), jitter=0.004, shimmer=0.2, breath=0.05,
                 formants=[(750, 90), (1750, 110), (2900, 150), (3900, 200), (4900, 280)]),
    "rough": dict(f0=(145, 140), jitter=0.03, shimmer=0.9, breath=0.1,
                  formants=[(550, 70), (950, 80), (2500, 130), (3400, 200), (4400, 260)]),
}
SECONDS = 0.7

CONFIG = """
[componentInstances:cComponentManager]
instance[dataMemory].type=cDataMemory
instance[frame].type=cFramer
instance[window].type=cWindower
instance[fft].type=cTransformFFT
instance[magnitude].type=cFFTmagphase
instance[spectral].type=cSpectral
\\{\\cm[source{?}:include external source]}

[frame:cFramer]
reader.dmLevel=wave
writer.dmLevel=frames
frameSize = 0.025
frameStep = 0.010
frameCenterSpecial = left

[window:cWindower]
reader.dmLevel=frames
writer.dmLevel=windowed
winFunc=hann

[fft:cTransformFFT]
reader.dmLevel=windowed
writer.dmLevel=spectrum

[magnitude:cFFTmagphase]
reader.dmLevel=spectrum
writer.dmLevel=magnitudes

[spectral:cSpectral]
reader.dmLevel=magnitudes
writer.dmLevel=tilt
flux=0
centroid=0
maxPos=0
minPos=0
entropy=0
slope=0
alphaRatio=1
hammarbergIndex=1
slopes[0]=0-501
slopes[1]=500-1501
squareInput=1
useLogSpectrum=1
freqRange=0-5000
oldSlopeScale=0

\\{\\cm[sink{?}:include external sink]}
"""


def vowel(f0, jitter, shimmer, breath, formants, seed):
    """Band-limited pulses of trembling period and amplitude through resonances, in breath noise, faded in and out."""
    random = numpy.random.default_rng(seed)
    count = int(SECONDS * RATE)
    excitation = numpy.zeros(count)
    n = numpy.arange(-40, 41)
    at = 0.05 * RATE
    while at < count - 0.05 * RATE:
        whole = int(at)
        distance = n - (at - whole)
        pulse = numpy.sinc(distance) * numpy.cos(numpy.pi * distance / 84) ** 2
        excitation[whole - 40 : whole + 41] += pulse * 10 ** (shimmer * random.standard_normal() / 20)
        period = RATE / numpy.interp(at, [0, count], f0)
        at += period * (1 + jitter * random.standard_normal())
    # The source falls by 12 dB per octave, the lips raise it by 6.
    sound = scipy.signal.lfilter([1, -1], [1, -1.9, 0.9025], excitation)
    for hz, bandwidth in formants:
        radius = numpy.exp(-numpy.pi * bandwidth / RATE)
        sound = scipy.signal.lfilter([1], [1, -2 * radius * numpy.cos(2 * numpy.pi * hz / RATE), radius**2], sound)
    sound *= 0.1 / numpy.sqrt(numpy.mean(sound**2))
    sound += 0.1 * breath * random.standard_normal(count)
    edge = numpy.minimum(numpy.arange(count), count - 1 - numpy.arange(count)) / (0.02 * RATE)
    return sound * numpy.minimum(1, edge)


def listed(values):
    return [None if value is None or not numpy.isfinite(value) else round(float(value), 6) for value in values]


def praat(sound, times):
    pitch = sound.to_pitch_ac(0.002, FLOOR_HZ, 15, False, 0.03, 0.45, 0.01, 0.35, 0.14, CEILING_HZ)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    formants = sound.to_formant_burg(0.002, 5, 5500, 0.025, 50)
    harmonicity = sound.to_harmonicity_ac(0.002, FLOOR_HZ, 0.1, 4.5)

    def jitter(start, end):
        return call(pulses, "Get jitter (local)", start, end, *PERIODS)

    def shimmer(start, end):
        return call([sound, pulses], "Get shimmer (local_dB)", start, end, *PERIODS, AMPLITUDES)

    def ratio(time):
        value = harmonicity.get_value(time)
        return None if value is None or value < -100 else value

    frames = {"f0_hz": listed(pitch.get_value_at_time(time) for time in times), "hnr_db": listed(map(ratio, times))}
    for number in (1, 2, 3):
        frames[f"f{number}_hz"] = listed(formants.get_value_at_time(number, time) for time in times)
        frames[f"f{number}_bandwidth_hz"] = listed(formants.get_bandwidth_at_time(number, time) for time in times)
    frames["jitter"] = listed(jitter(time - 0.024, time + 0.024) for time in times)
    frames["shimmer_db"] = listed(shimmer(time - 0.024, time + 0.024) for time in times)
    inner = (0.1, sound.duration - 0.1)
    return frames, {"jitter": jitter(*inner), "shimmer_db": shimmer(*inner)}


def tilt(y, frames):
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "tilt.conf"
        config.write_text(CONFIG)
        smile = opensmile.Smile(feature_set=str(config), feature_level="tilt")
        table = smile.process_signal(numpy.concatenate([numpy.zeros(200), y, numpy.zeros(400)]), RATE)
    names = {
        "alpha_ratio_db": "alphaRatio",
        "hammarberg_db": "hammarbergIndex",
        "opensmile_slope_0_500_db_per_khz": "SlopeOfBand0-501",
        "opensmile_slope_500_1500_db_per_khz": "SlopeOfBand500-1501",
    }
    values = {}
    for name, part in names.items():
        (column,) = [column for column in table.columns if part in column]
        scale = 1000 if name.endswith("per_khz") else 1
        values[name] = listed(table[column].to_numpy()[:frames] * scale)
    return values


def slopes(y, frames):
    padded = numpy.concatenate([numpy.zeros(200), y, numpy.zeros(400)])
    window = scipy.signal.get_window("hann", 400)
    khz = numpy.arange(257) * RATE / 512 / 1000
    values = {"slope_0_500_db_per_khz": [], "slope_500_1500_db_per_khz": []}
    for frame in range(frames):
        power = numpy.abs(numpy.fft.rfft(padded[frame * HOP :][:400] * window, 512)) ** 2
        db = 10 * numpy.log10(numpy.maximum(power / power[khz <= 5].max(), 1e-10))
        for column, (low, high) in zip(values.values(), [(0, 0.5), (0.5, 1.5)], strict=True):
            band = (khz >= low) & (khz < high)
            column.append(numpy.polyfit(khz[band], db[band], 1)[0])
    return {name: listed(column) for name, column in values.items()}


def main():
    signals = {}
    for seed, (name, made_of) in enumerate(SIGNALS.items()):
        samples = numpy.round(vowel(**made_of, seed=seed) * 32_768).clip(-32_768, 32_767).astype("<i2")
        samples.tofile(HERE / f"{name}.s16")
        y = samples.astype(numpy.float64) / 32_768
        times = numpy.arange(1 + y.size // HOP) * HOP / RATE
        # Praat's first sample lies half a sample after the start, ours on it.
        frames, whole = praat(parselmouth.Sound(y, RATE), times + 0.5 / RATE)
        frames.update(tilt(y, times.size))
        frames.update(slopes(y, times.size))
        signals[name] = {"made_of": made_of, "whole": whole, "frames": frames}
    versions = {
        "python": platform.python_version(),
        "praat": parselmouth.PRAAT_VERSION,
        "parselmouth": parselmouth.VERSION,
        "opensmile": opensmile.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }
    (HERE / "reference.json").write_text(json.dumps({"versions": versions, "signals": signals}) + "\n")


if __name__ == "__main__":
    main()
