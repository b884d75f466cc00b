"""The Python module against the program: `just test-wheel`, and a test of `just test`.

    python tests/wheel/check.py [FOLDER]

FOLDER has the results of a run on the demo's corpora; without one, a small run is made by `ser.run`. Fails where the module says
something else than the program.
"""

import array
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import wave

import polars as pl

import ser

# Folds, epochs and widths that suffice to have something to compare.
TINY = {
    "speaker_independent.folds": 2,
    "random.folds": 2,
    **{f"{name}.epochs": 1 for name in ("cnn_lstm", "cnn_lstm_per_speaker", "cnn_lstm_random")},
    **{f"{name}.model.lstm.hidden": 8 for name in ("cnn_lstm", "cnn_lstm_per_speaker", "cnn_lstm_random")},
    **{f"{name}.l2": [100] for name in ("linear", "linear_per_speaker", "linear_random", "linear_across_corpora")},
}


def program(folder, *arguments):
    """Lines of JSON that the program writes."""
    command = [str(ser.program()), *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def single(value):
    """A number in single precision, as models compute."""
    return None if value is None else struct.unpack("f", struct.pack("f", value))[0]


def same(row, said):
    """Fails where a row of a data frame is not what the program said."""
    assert row["error"] == said.get("error") and row["detail"] == said.get("detail"), (row, said)
    assert row["emotion"] == said.get("emotion"), (row, said)
    assert single(row["confidence"]) == single(said.get("confidence")), (row, said)
    for name, value in said.get("probabilities", {}).items():
        assert single(row[f"probability_{name}"]) == single(value), (row, said)
    for name in ("calibrated", "windows", "standardised"):
        assert name not in said or row[name] == said[name], (row, said)


def raises(kind, of):
    """The error of that kind that a call has to end with."""
    try:
        of()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def samples(path):
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1
        values = array.array("h", file.readframes(file.getnframes()))
        return [value / 32768 for value in values], file.getframerate()


def check(folder):
    where = {"file": folder / "pipeline.toml", "artifacts": folder / "artifacts"}
    options = ["--file", where["file"], "--artifacts", where["artifacts"]]
    assert (pathlib.Path(ser.__file__).parent / "py.typed").is_file()

    files = sorted((folder / "demo/tess").rglob("*.wav"))[:5]
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        (made / "none.wav").write_text("no sound")
        # The clips of three recordings one after another make a long one.
        parts, rates = zip(*map(samples, files[:3]))
        long = [value for part in parts * 5 for value in part]
        with wave.open(str(made / "long.wav"), "wb") as file:
            file.setparams((1, 2, rates[0], 0, "NONE", ""))
            file.writeframes(array.array("h", [round(value * 32768) for value in long]).tobytes())
        paths = [*files, made]
        for keywords, given in [
            ({}, []),
            ({"min_confidence": 0.5}, ["--min-confidence", "0.5"]),
            ({"uncalibrated": True}, ["--uncalibrated"]),
            ({"window_s": 3, "hop_s": 2.5}, ["--window-s", "3", "--hop-s", "2.5"]),
        ]:
            found = ser.predict(paths, **where, **keywords)
            said = program(folder, "predict", *paths, "--json", *given, *options)
            assert found.height == len(said) == len(files) + 2, found
            for row, one in zip(found.iter_rows(named=True), said, strict=True):
                assert row["path"] == one["path"] and row["stretch"] == "recording"
                same(row, one)

        # Windows behind their recording, with times; of files and of arrays alike.
        found = ser.predict(made / "long.wav", by_window=True, **where)
        [said] = program(folder, "predict", made / "long.wav", "--json", "--by-window", *options)
        rows = list(found.iter_rows(named=True))
        assert len(rows) == 1 + len(said["by_window"]) > 3, rows
        for row, one in zip(rows[1:], said["by_window"], strict=True):
            same({**row, "error": None, "detail": None}, one)
            assert [row[name] for name in ("start_s", "end_s", "sound_s")] == [
                one[name] for name in ("start_s", "end_s", "sound_s")
            ]
        arrays = ser.predict([long], sample_rate_hz=rates[0], by_window=True, **where)
        assert arrays.drop("path").equals(found.drop("path")), (arrays, found)
        assert arrays.schema == found.schema

    values, rate = samples(files[0])
    one = ser.predict(files[0], **where)
    for given in (values, pl.Series(values), array.array("f", values)):
        assert ser.predict(given, sample_rate_hz=rate, **where).drop("path").equals(one.drop("path"))
    two = ser.predict([values, [0.0] * rate], sample_rate_hz=rate, **where)
    assert two["error"].to_list() == [None, "silent"] and two["path"].null_count() == 2, two
    assert ser.predict([], **where).columns[0] == "path"

    # Labelled recordings of a speaker adapt the answers, of files and of arrays alike.
    known = ser.read("clips", **where).filter(pl.col("corpus") == "ravdess").head(24)
    table = known.with_columns(path=pl.lit(f"{folder}/") + pl.col("path"), speaker=pl.lit("ana"))
    table.select("path", "speaker", "emotion").write_csv(folder / "known.csv")
    adapted = ser.predict(files[0], speaker="ana", enrol=folder / "known.csv", **where)
    assert adapted["adapted"][0].startswith("speaker ana, 24 labelled recordings: "), adapted
    assert adapted["confidence"][0] != one["confidence"][0] and one["adapted"][0] is None
    given = ser.predict(values, sample_rate_hz=rate, speaker="ana", enrol=folder / "known.csv", **where)
    assert given.drop("path").equals(adapted.drop("path")), (given, adapted)

    clips = ser.read("clips", **where)
    assert clips.equals(pl.read_parquet(folder / "artifacts/manifest/clips.parquet"))
    assert ser.read("clips", stage="tess", **where).height > 0
    frames, functionals = ser.read("frames", **where), ser.read("functionals", stage="features", **where)
    assert set(frames["clip_id"]) == set(functionals["clip_id"]) == set(clips["clip_id"])
    raises(FileNotFoundError, lambda: ser.read("frames", stage="manifest", **where))
    assert ser.read("coverage", **where)["threshold"].n_unique() == 20
    assert ser.read("predictions", **where)["model"].n_unique() > 1

    error = raises(ser.SerError, lambda: ser.predict(files, model=folder / "nowhere", **where))
    assert error.code == 2 and "there is no folder" in str(error), error
    assert "hop-s" in str(raises(ser.SerError, lambda: ser.predict(files, hop_s=5, **where)))
    assert "sample_rate_hz" in str(raises(TypeError, lambda: ser.predict(values, **where)))
    raises(TypeError, lambda: ser.predict([values, files[0]], sample_rate_hz=rate, **where))
    raises(TypeError, lambda: ser.predict([[values]], sample_rate_hz=rate, **where))
    assert "several stages" in str(raises(ValueError, lambda: ser.read("history", **where)))
    raises(FileNotFoundError, lambda: ser.read("none", **where))
    raises(ValueError, lambda: ser.read("../clips", **where))
    error = raises(ser.SerError, lambda: ser.run("nothing", **where))
    assert error.code == 2 and "nothing" in str(error), error
    print("the module says what the program says")


def main():
    if len(sys.argv) > 1:
        check(pathlib.Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shipped = pathlib.Path(__file__).resolve().parents[2] / "pipeline.toml"
        (folder / "pipeline.toml").write_text(shipped.read_text())
        record = ser.run(file=folder / "pipeline.toml", demo=folder / "demo", settings=TINY)
        assert record, record
        check(folder)


main()
