"""Checkpoints: named arrays and plain values in one safetensors file, written so that it is never half there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.support.files import write_file

_KINDS = "fiub"  # of dtypes, as NumPy names them: float, int, unsigned int, bool


def write_checkpoint(path: str | Path, arrays: dict[str, np.ndarray], info: dict[str, Any]) -> None:
    """Write named arrays and a dict of plain values into one safetensors file.

    The arrays may have any layout and byte order. The file is replaced as by `write_file`. Raises OSError that names
    it where that fails, and TypeError for a dtype that such a file cannot hold; the old file is then unchanged.
    """
    from safetensors.numpy import save

    path = Path(path)
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS or array.dtype.itemsize > 8:
            raise TypeError(
                f"checkpoint {path}: {name}: expected numbers of at most 64 bits, got {array.dtype}; "
                "convert it, for example with `.astype(np.float64)`"
            )
    # safetensors copies an array's memory as it lies there, whatever its strides and byte order say of it.
    plain = {name: array.astype(array.dtype.newbyteorder("="), order="C", copy=False) for name, array in arrays.items()}
    try:
        write_file(path, save(plain, {"tinytorch": json.dumps(info, default=float)}))
    except OSError as error:
        kept = "the older file there is unchanged" if path.exists() else "no file was left behind"
        raise OSError(error.errno, f"checkpoint {path}: not written: {error.strerror or error}; {kept}") from error


def read_safetensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any] | None]:
    """Return the arrays of a safetensors file, and the dict that `write_checkpoint` wrote, or None in another's file.

    Raises ValueError for a damaged file, and OSError for one that cannot be opened.
    """
    from safetensors import SafetensorError, safe_open

    open(path, "rb").close()  # Python's error names the file
    try:
        with safe_open(path, framework="numpy") as file:
            info = (file.metadata() or {}).get("tinytorch")
            arrays = {name: file.get_tensor(name) for name in file.keys()}
            for name, array in arrays.items():
                if array.dtype.kind not in _KINDS:  # another library has taught NumPy bfloat16
                    raise TypeError(f"{name}: {array.dtype}")
    except TypeError as error:  # bfloat16 and other dtypes that NumPy does not have
        raise ValueError(f"checkpoint {path}: {error} is no dtype of NumPy's; write its tensors as float32") from None
    except SafetensorError as error:
        size = Path(path).stat().st_size
        raise ValueError(f"checkpoint {path}: truncated or damaged ({size:,} bytes): {error}; use another") from None
    if info is None:
        return arrays, None
    try:
        return arrays, dict(json.loads(info))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"checkpoint {path}: damaged: what tinytorch wrote in its head is no JSON: {error}") from None


def read_checkpoint(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the dict of a `Trainer`'s file. Raises ValueError for a damaged or other file."""
    arrays, info = read_safetensors(path)
    if info is None or "saved" in info:  # of other software, or of `tinytorch.save`
        raise ValueError(f"checkpoint {path}: a safetensors file, but not one of a Trainer")
    return arrays, info
