"""Reading tables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

import polars as pl

from ._program import StrPath

# Of a table that several stages write, the stage that has all of it writes one of these, too.
WHOLE = {"clips": "exclusions", "models": "model_checks", "predictions": "model_checks"}


def read(
    table: str, *, stage: Optional[str] = None, file: Optional[StrPath] = None, artifacts: Optional[StrPath] = None
) -> pl.DataFrame:
    """A table of the pipeline's results: ``ser.read("clips")``. `docs/tables.md` describes every table.

    Args:
        table: its name.
        stage: the stage that wrote it. Without one: the only stage that did; of ``clips`` the manifest, of ``models`` and
            ``predictions`` the evaluation.
        file: the pipeline file; ``pipeline.toml`` in the current folder without one.
        artifacts: where results are kept; ``artifacts`` beside the pipeline file without it.

    Raises:
        FileNotFoundError: no stage, or not this one, has written the table.
        ValueError: several stages have, and none was named.
    """
    root = Path(artifacts) if artifacts is not None else Path(file or "pipeline.toml").parent / "artifacts"
    if stage is not None:
        return pl.read_parquet(root / stage / f"{table}.parquet")
    found = sorted(path for path in root.glob(f"*/{glob_escaped(table)}.parquet") if not path.parent.name.startswith("."))
    if len(found) > 1 and table in WHOLE:
        found = [path for path in found if (path.parent / f"{WHOLE[table]}.parquet").is_file()] or found
    if not found:
        raise FileNotFoundError(f"no stage in `{root}` has written `{table}`: run one that does, `ser run`")
    if len(found) > 1:
        stages = ", ".join(path.parent.name for path in found)
        raise ValueError(f"several stages have written `{table}`, name one with `stage`: {stages}")
    return pl.read_parquet(found[0])


def glob_escaped(name: str) -> str:
    """A name that stands for itself in a pattern, and for no folder."""
    if not name or os.sep in name or "/" in name:
        raise ValueError(f"`{name}` is no name of a table")
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
