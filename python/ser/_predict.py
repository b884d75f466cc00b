"""Emotions of new recordings."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Iterable, Optional, Protocol, Sequence, Union, runtime_checkable

import polars as pl

from ._program import SerError, StrPath, call, place
from ._tables import parts as parts_of


@runtime_checkable
class Array(Protocol):
    """Samples with full scale 1 in one dimension, or recordings of as many samples in two: a numpy array, a torch tensor."""

    def tolist(self) -> Any: ...


Recording = Union[StrPath, Array, Sequence[float], pl.Series]

SCHEMA = {
    "path": pl.String,
    "speaker": pl.String,
    "stretch": pl.String,
    "start_s": pl.Float64,
    "end_s": pl.Float64,
    "sound_s": pl.Float64,
    "emotion": pl.String,
    "most_probable": pl.String,
    "confidence": pl.Float64,
    "calibrated": pl.Boolean,
    "windows": pl.UInt64,
    "silent_windows": pl.UInt64,
    "standardised": pl.String,
    "adapted": pl.String,
    "error": pl.String,
    "detail": pl.String,
}
# Columns of probabilities stand behind this one.
LAST = "confidence"


def predict(
    recordings: Union[Recording, Iterable[Recording]],
    *,
    sample_rate_hz: Optional[int] = None,
    model: Optional[StrPath] = None,
    file: Optional[StrPath] = None,
    artifacts: Optional[StrPath] = None,
    min_confidence: Optional[float] = None,
    uncalibrated: bool = False,
    window_s: Optional[float] = None,
    hop_s: Optional[float] = None,
    by_window: bool = False,
    corpus: Optional[str] = None,
    speaker: Optional[str] = None,
    speaker_from_folder: bool = False,
    speakers: Optional[StrPath] = None,
    parts: Optional[StrPath] = None,
    replace: bool = False,
    enrol: Optional[StrPath] = None,
) -> pl.DataFrame:
    """Emotions of recordings, as ``ser predict`` answers.

    Args:
        recordings: paths of recordings or of folders of recordings, or arrays of one channel with full scale 1; one or several.
        sample_rate_hz: of the arrays, 8000 to 192000.
        model: folder of a model; the pipeline's first trained network without one.
        file: the pipeline file; ``pipeline.toml`` in the current folder without one.
        artifacts: where results are kept; ``artifacts`` beside the pipeline file without it.
        min_confidence: say ``(unknown)`` where the most probable emotion is less probable than this, 0 to 1.
        uncalibrated: probabilities as the networks were trained to give them.
        window_s: hear recordings longer than this in windows of this length, in seconds; without it, those longer than 10 s in
            windows of 4 s.
        hop_s: from the begin of a window to that of the next, in seconds; half a window without it.
        by_window: rows of windows, too, behind those of their recording.
        corpus: of which corpus the recordings are, for models standardised per corpus.
        speaker: who speaks in all of them, for models standardised per speaker and with ``enrol``; of arrays only with the latter.
        speaker_from_folder: the recordings in each folder are of one speaker; of paths only, as is the next.
        speakers: a table (CSV) with columns ``path`` and ``speaker``.
        parts: a folder in which answers are kept as Parquet files: what is there already and did not change is not heard again,
            though a call was killed; of paths only. Rows are in the order of paths then.
        replace: answers in ``parts`` that are of another model, of other options or of other recordings go.
        enrol: a table (CSV) with columns ``path``, ``speaker`` and, where it is known, ``emotion`` names further recordings of
            speakers: for the statistics of their voices, and labels adapt the answers to them.

    Returns:
        A row for each recording, in their order: ``path`` (null for arrays), ``speaker``, ``stretch`` (``recording`` or
        ``window``), ``start_s``, ``end_s``, ``sound_s``, ``emotion``, ``most_probable``, ``confidence``, ``probability_<class>`` for each class,
        ``calibrated``, ``windows``, ``silent_windows``, ``standardised``, ``adapted``. A recording that gets no emotion has ``error`` and
        ``detail``.

    Raises:
        SerError: there is no model, or an option is wrong.
        TypeError: paths and arrays are mixed, or arrays come without a sample rate.

    >>> ser.predict(["a.wav", "b.flac"], min_confidence=0.6)    # doctest: +SKIP
    >>> ser.predict(samples, sample_rate_hz=16_000)             # doctest: +SKIP
    """
    given = several(recordings)
    options: list[StrPath] = ["predict", "--quiet", *place(file, artifacts)]
    for name, value in [
        ("--model", model),
        ("--min-confidence", min_confidence),
        ("--window-s", window_s),
        ("--hop-s", hop_s),
        ("--corpus", corpus),
        ("--speaker", speaker),
        ("--speakers", speakers),
        ("--enrol", enrol),
    ]:
        if value is not None:
            options += [name, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
    options += ["--uncalibrated"] if uncalibrated else []
    options += ["--by-window"] if by_window else []
    options += ["--speaker-from-folder"] if speaker_from_folder else []
    if not given:
        return pl.DataFrame(schema=SCHEMA)
    are_paths = [isinstance(one, (str, os.PathLike)) for one in given]
    if all(are_paths) and parts is not None:
        options += ["--parts", parts, *(["--replace"] if replace else [])]
        call([*options, "--", *map(os.fspath, given)], partly=True)
        return answers(parts)
    if all(are_paths):
        return of_paths([os.fspath(one) for one in given], options)
    if any(are_paths):
        raise TypeError("paths and arrays are mixed: predict them one after the other")
    if parts is not None:
        raise TypeError("`parts` keeps answers to files, and these are arrays")
    if sample_rate_hz is None:
        raise TypeError("arrays want `sample_rate_hz`")
    arrays = [samples(one, at) for at, one in enumerate(given)]
    if enrol is None or speaker is None:
        return of_arrays(arrays, sample_rate_hz, options)
    # A speaker is told line by line.
    at = options.index("--speaker")
    return of_arrays(arrays, sample_rate_hz, options[:at] + options[at + 2 :], {"speaker": speaker})


def several(recordings: Union[Recording, Iterable[Recording]]) -> list[Any]:
    """One recording or several, as a list."""
    if isinstance(recordings, (str, os.PathLike)):
        return [recordings]
    if isinstance(recordings, (Array, pl.Series)):
        values = numbers(recordings)
        is_one = not values or not isinstance(values[0], (list, tuple))
        return [values] if is_one else list(values)
    given: list[Any] = list(recordings)
    # A plain list of numbers is one recording.
    return [given] if given and all(isinstance(value, (int, float)) for value in given) else given


def numbers(given: Any) -> list[Any]:
    """What an array holds."""
    if isinstance(given, pl.Series):
        return given.to_list()
    return list(given.tolist() if isinstance(given, Array) else given)


def samples(given: Any, at: int) -> list[float]:
    """The samples of an array as numbers."""
    values = numbers(given)
    if any(not isinstance(value, (int, float)) for value in values):
        raise TypeError(f"recording {at}: expected an array of one channel, of numbers")
    return [float(value) for value in values]


def of_paths(paths: list[str], options: list[StrPath]) -> pl.DataFrame:
    """Answers for files and folders, through a Parquet file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.parquet"
        call([*options, "--format", "parquet", "--output", file, "--", *paths], partly=True)
        if not file.is_file():
            raise SerError("ser predict wrote no answers", 1)
        return shown(pl.read_parquet(file))


def answers(path: StrPath) -> pl.DataFrame:
    """What ``ser predict`` wrote to a folder (``--parts``) or to a file (``--format parquet``), in the columns of :func:`predict`.

    Rows of a folder are in the order of paths, windows behind their recording. Of a folder that is too large for memory,
    ``polars.scan_parquet("answers/*.parquet")`` reads what a query needs.

    Raises:
        FileNotFoundError: there are no answers.

    >>> ser.answers("answers/")                                 # doctest: +SKIP
    """
    files = parts_of(Path(path)) if Path(path).exists() else []
    if not files:
        raise FileNotFoundError(f"there are no answers in `{path}`")
    table = pl.read_parquet(files)
    return shown(table if Path(path).is_file() else table.sort("path", maintain_order=True))


def shown(table: pl.DataFrame) -> pl.DataFrame:
    """The table ``answers`` with a column for each class."""
    classes: list[str] = next((text.split(",") for text in table["classes"] if text), [])
    each = [
        pl.col("probabilities").list.get(at, null_on_oob=True).cast(pl.Float64).alias(f"probability_{name}")
        for at, name in enumerate(classes)
    ]
    return ordered(table.with_columns(each), classes)


def of_arrays(
    arrays: list[list[float]], sample_rate_hz: int, options: list[StrPath], more: Optional[dict[str, str]] = None
) -> pl.DataFrame:
    """Answers for samples, through stdin and stdout; ``more`` is told with each."""
    lines = [json.dumps({"samples": array, "sample_rate_hz": sample_rate_hz, **(more or {})}) for array in arrays]
    said = call([*options, "--stdin-json"], stdin="".join(line + "\n" for line in lines), partly=True)
    objects = [json.loads(line) for line in said.splitlines()]
    if len(objects) != len(arrays):
        raise SerError(f"ser predict answered {len(objects)} of {len(arrays)} recordings", 1)
    rows: list[dict[str, Any]] = []
    classes: list[str] = []
    for one in objects:
        windows = one.pop("by_window", [])
        duration_s = one.pop("duration_s", None)
        start_s = None if duration_s is None else 0.0
        rows.append({"stretch": "recording", "start_s": start_s, "end_s": duration_s, **one})
        if "error" not in one:
            rows[-1].setdefault("silent_windows", 0)
            classes = list(one["probabilities"])
        rows += [{"stretch": "window", "calibrated": one.get("calibrated"), **window} for window in windows]
    for row in rows:
        row.update({f"probability_{name}": value for name, value in row.pop("probabilities", {}).items()})
    schema = {**SCHEMA, **{f"probability_{name}": pl.Float64 for name in classes}}
    return ordered(pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema), classes)


def ordered(table: pl.DataFrame, classes: list[str]) -> pl.DataFrame:
    """The columns in one order, of one type each."""
    columns = list(SCHEMA)
    place = columns.index(LAST) + 1
    probabilities = [f"probability_{name}" for name in classes]
    return table.select(
        [pl.col(name).cast(SCHEMA[name]) for name in columns[:place]]
        + [pl.col(name) for name in probabilities]
        + [pl.col(name).cast(SCHEMA[name]) for name in columns[place:]]
    )
