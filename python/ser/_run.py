"""Running a pipeline."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional

from ._program import StrPath, call, place


def run(
    *stages: str,
    file: Optional[StrPath] = None,
    artifacts: Optional[StrPath] = None,
    settings: Optional[Mapping[str, object]] = None,
    force: bool = False,
    keep_going: bool = False,
    jobs: Optional[int] = None,
    demo: Optional[StrPath] = None,
) -> dict[str, Any]:
    """Runs the stages that are stale, in order, as ``ser run`` does.

    Args:
        stages: only these and what they read; all without any.
        file: the pipeline file; ``pipeline.toml`` in the current folder without one.
        artifacts: where results are kept; ``artifacts`` beside the pipeline file without it.
        settings: values of the pipeline file for this run: ``{"cnn_lstm.epochs": 5, "seed": 7}``.
        force: run even what is fresh.
        keep_going: after a failure go on with the stages that do not depend on it.
        jobs: worker threads; one per core without it.
        demo: a folder for synthetic corpora, to be run on where no corpus of the pipeline is found.

    Returns:
        The run's record: stages with what became of them.

    Raises:
        SerError: a stage failed, or the pipeline file has mistakes.
    """
    options: list[StrPath] = ["run", "--json", "--quiet", *stages, *place(file, artifacts)]
    for key, value in (settings or {}).items():
        options += ["-S", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    if force:
        options.append("--force")
    if keep_going:
        options.append("--keep-going")
    if jobs is not None:
        options += ["--jobs", str(jobs)]
    if demo is not None:
        options += ["--demo", demo]
    record: dict[str, Any] = json.loads(call(options))
    return record
