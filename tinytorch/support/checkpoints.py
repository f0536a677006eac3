"""Checkpoints: named arrays and plain values in one safetensors file, written so that it is never half there."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np


def write_checkpoint(path: str | Path, arrays: dict[str, np.ndarray], info: dict[str, Any]) -> None:
    """Write named arrays and a dict of plain values into one safetensors file.

    The file is written beside the old one and renamed at the end. Raises OSError that names the file where that
    fails; the old file is then unchanged.
    """
    from safetensors.numpy import save

    path = Path(path)
    beside = path.with_name(path.name + ".part")
    try:
        with open(beside, "wb") as file:
            file.write(save(arrays, {"tinytorch": json.dumps(info, default=float)}))
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name points to it
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        kept = "the older file there is unchanged" if path.exists() else "no file was left behind"
        raise OSError(error.errno, f"checkpoint {path}: not written: {error.strerror or error}; {kept}") from error


def read_safetensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any] | None]:
    """Return the arrays of a safetensors file, and the dict that `write_checkpoint` wrote, or None in another's file.

    Raises ValueError for a damaged file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            info = (file.metadata() or {}).get("tinytorch")
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        size = Path(path).stat().st_size
        raise ValueError(f"checkpoint {path}: truncated or damaged ({size:,} bytes): {error}; use another") from None
    return arrays, None if info is None else json.loads(info)


def read_checkpoint(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the dict of a `Trainer`'s file. Raises ValueError for a damaged or other file."""
    arrays, info = read_safetensors(path)
    if info is None or "saved" in info:  # of other software, or of `tinytorch.save`
        raise ValueError(f"checkpoint {path}: a safetensors file, but not one of a Trainer")
    return arrays, info
