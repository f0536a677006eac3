"""The golden files: per module, what torch gave for each case, and the inputs it was given.

One file holds two arrays: `values`, every number of the module in one row, and `layout`, JSON text that says
which case, which name, which dtype and which shape comes next. The same content gives the same bytes.
"""

from __future__ import annotations

import functools
import io
import json
import math
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(__file__).parent / "goldens"


class Golden(NamedTuple):
    """One case: the inputs, and what torch made of them, by name."""

    inputs: list[np.ndarray]
    found: dict[str, np.ndarray]


def path(module: str) -> Path:
    return FOLDER / f"{module}.npz"


@functools.cache
def read(module: str) -> dict[str, Golden]:
    """The golden cases of a module, by id."""
    with np.load(path(module)) as stored:
        values, layout = stored["values"], json.loads(stored["layout"].tobytes())
    goldens, at = {}, 0
    for case, entries in layout.items():
        inputs, found = [], {}
        for name, dtype, shape in entries:
            end = at + math.prod(shape)
            array = values[at:end].astype(dtype).reshape(shape)
            at = end
            if name == "input":
                inputs.append(array)
            else:
                found[name] = array
        goldens[case] = Golden(inputs, found)
    return goldens


def write(module: str, goldens: dict[str, Golden]) -> Path:
    """Write the golden file of a module; beside the old one first, so that no half of one is ever left."""
    layout, values = {}, [np.zeros(0)]
    for case, golden in goldens.items():
        entries = [("input", array) for array in golden.inputs] + list(golden.found.items())
        layout[case] = [[name, array.dtype.name, array.shape] for name, array in entries]
        values += [array.astype(np.float64).ravel() for _, array in entries]
    text = json.dumps(layout, separators=(",", ":")).encode()

    target = path(module)
    target.parent.mkdir(exist_ok=True)
    beside = target.with_suffix(".new")
    with zipfile.ZipFile(beside, "w") as archive:  # np.savez would stamp the time of day into the file
        for name, array in (("values", np.concatenate(values)), ("layout", np.frombuffer(text, np.uint8))):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.create_system = 3  # or a byte would name the system it was made on
            archive.writestr(entry, buffer.getvalue(), zipfile.ZIP_DEFLATED, 9)
    os.replace(beside, target)
    return target
