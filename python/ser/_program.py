"""The program: where it is, and what becomes of a call."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Optional, Sequence, Union

StrPath = Union[str, "os.PathLike[str]"]

NAME = "ser.exe" if sys.platform == "win32" else "ser"


class SerError(RuntimeError):
    """The program failed; the message is what it wrote to stderr.

    Attributes:
        code: exit code: 1 failed, 2 bad usage or a mistake in the pipeline file.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def program() -> Path:
    """The path of the program: what ``SER_PROGRAM`` names, else the one installed with this module, else that in ``PATH``."""
    told = os.environ.get("SER_PROGRAM")
    if told:
        return Path(told)
    # Installed for everybody, in an environment, or with `pip install --user`.
    schemes = [None, "nt_user" if os.name == "nt" else "posix_user"]
    folders = [sysconfig.get_path("scripts") if scheme is None else sysconfig.get_path("scripts", scheme) for scheme in schemes]
    for folder in [*folders, str(Path(sys.executable).parent)]:
        if folder and (Path(folder) / NAME).is_file():
            return Path(folder) / NAME
    found = shutil.which("ser")
    if found is None:
        raise FileNotFoundError("there is no program `ser`: install the wheel, or name the program in the variable SER_PROGRAM")
    return Path(found)


def call(arguments: Sequence[StrPath], *, stdin: Optional[str] = None, partly: bool = False) -> str:
    """Runs the program and returns its stdout.

    Args:
        arguments: those of the command line.
        stdin: text for its stdin; none is as an empty one.
        partly: exit code 1 is no error: some of what was asked for failed, and stdout says what.

    Raises:
        SerError: the program failed.
    """
    done = subprocess.run(
        [str(program()), *(os.fspath(argument) for argument in arguments)],
        input=stdin if stdin is not None else "",
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    # With code 1 too the program says `error:` where it came to no end.
    failed = any(line.startswith("error:") for line in done.stderr.splitlines())
    if done.returncode not in ((0, 1) if partly and not failed else (0,)):
        raise SerError(done.stderr.strip() or f"ser ended with code {done.returncode}", done.returncode)
    return done.stdout


def place(file: Optional[StrPath], artifacts: Optional[StrPath]) -> list[str]:
    """The options that say which pipeline is meant."""
    options = [] if file is None else ["--file", os.fspath(file)]
    return options + ([] if artifacts is None else ["--artifacts", os.fspath(artifacts)])
