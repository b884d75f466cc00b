"""What the comparisons with other programs share."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def processor():
    """The processor's name, and whether it has the widest vectors."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip() + (", AVX-512" if "avx512f" in text else "")
    return platform.processor()


def spread(values, digits=2):
    """`median (lowest to highest)`."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def in_own_process(script, side, arguments):
    """One side of a comparison by itself, so that no library's threads stand in another's way; its last line is JSON."""
    command = [sys.executable, script, "--side", side, *map(str, arguments)]
    environment = dict(os.environ)
    # Set for old builds of other libraries on some machines; it slows a current one.
    environment.pop("OPENBLAS_CORETYPE", None)
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    if ended.returncode != 0:
        sys.exit(f"{ended.stderr}\n{side} failed")
    return json.loads(ended.stdout.splitlines()[-1])


def read_safetensors_metadata(path):
    """Texts by name."""
    data = pathlib.Path(path).read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__", {})


def read_safetensors(path):
    """Tensors in single precision, by name."""
    import numpy

    data = pathlib.Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(data[8 + size :], "<f4", offset=entry["data_offsets"][0], count=-1)[
            : (entry["data_offsets"][1] - entry["data_offsets"][0]) // 4
        ].reshape(entry["shape"])
        for name, entry in header.items()
    }


def replace_section(path, name, text):
    """Puts `text` between the marks of `name` in a Markdown file."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = path.read_text()
    if begin not in page or end not in page:
        sys.exit(f"{path} has no marks `{begin}` and `{end}` to write between")
    before, after = page.split(begin)[0], page.split(end)[1]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
