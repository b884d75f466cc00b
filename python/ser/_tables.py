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
    name = glob_escaped(table)
    stages = "*" if stage is None else glob_escaped(stage)
    # A table is a file, or a folder of parts.
    files = [*root.glob(f"{stages}/{name}.parquet"), *root.glob(f"{stages}/{name}")]
    found = sorted(path for path in files if not path.parent.name.startswith(".") and parts(path))
    if len(found) > 1 and table in WHOLE:
        found = [path for path in found if (path.parent / f"{WHOLE[table]}.parquet").is_file()] or found
    if not found:
        where = f"no stage in `{root}`" if stage is None else f"no stage `{stage}` in `{root}`"
        raise FileNotFoundError(f"{where} has written `{table}`: run one that does, `ser run`")
    if len(found) > 1:
        writers = ", ".join(path.parent.name for path in found)
        raise ValueError(f"several stages have written `{table}`, name one with `stage`: {writers}")
    return pl.read_parquet(parts(found[0]))


def parts(path: Path) -> list[Path]:
    """The files of a table: its parts in the order of their names, or the one file that it is."""
    return [path] if path.is_file() else sorted(path.glob("part-*.parquet"))


def glob_escaped(name: str) -> str:
    """A name that stands for itself in a pattern, and for no folder."""
    if not name or os.sep in name or "/" in name:
        raise ValueError(f"`{name}` is no name of a table")
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
