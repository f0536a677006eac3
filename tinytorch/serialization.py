"""`save` and `load`: tensors, numbers and strings, in dicts, lists and tuples, to a safetensors file and back."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor
from tinytorch.support.checkpoints import read_safetensors, write_checkpoint

PLAIN = (bool, int, float, str, type(None))


def save(obj: Any, f: str | Path | BinaryIO) -> None:
    """Write tensors, arrays, numbers, strings and None, in dicts, lists and tuples, to a path or an open binary file.

    A file that is there is replaced only by a whole one. It is a safetensors file: other software reads the tensors
    of a state dict by their names. Raises TypeError, naming the place, for anything else: a file never holds code, so
    of a model save the `state_dict()`.
    """
    arrays: dict[str, np.ndarray] = {}
    info = {"saved": _encode(obj, "", arrays)}
    if isinstance(f, (str, Path)):
        write_checkpoint(f, arrays, info)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved"
        write_checkpoint(path, arrays, info)
        f.write(path.read_bytes())


def load(f: str | Path | BinaryIO, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Return what `save` wrote to a path or an open binary file; of another safetensors file, a dict of its tensors.

    map_location: None or "cpu". weights_only: either way nothing but numbers is read. Raises ValueError for a damaged
    file, for a `Trainer`'s checkpoint, and for a pickle, such as torch.save writes.
    """
    if map_location is not None and str(map_location) != "cpu":
        raise ValueError(
            f"load: map_location: expected None or 'cpu', got {map_location!r:.80}; there is no other device"
        )
    if isinstance(f, (str, Path)):
        return _load(Path(f))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved"
        path.write_bytes(f.read())
        return _load(path)


def _load(path: Path) -> Any:
    try:
        arrays, info = read_safetensors(path)
    except ValueError as error:
        with path.open("rb") as file:
            beginning = file.read(4)
        if beginning == b"PK\x03\x04" or beginning[:1] == b"\x80":
            raise ValueError(
                f"load: {path}: a pickle, as torch.save writes it, which could run any code when it is read; write it "
                "again in torch with safetensors.torch.save_file(model.state_dict(), path)"
            ) from None
        raise error
    if info is None:
        return {name: Tensor(array) for name, array in arrays.items()}
    if "saved" not in info:
        raise ValueError(f"load: {path}: a checkpoint of a Trainer; Trainer.load reads it")
    try:
        return _decode(info["saved"], arrays)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"load: {path}: damaged: its tensors and its head do not go together ({what})") from None


def _encode(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON can hold it. Its arrays go into `arrays` under the names of their places."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"save: {place or 'the object'}: expected numbers, got an array of {array.dtype}")
        name = place or "tensor"
        while name in arrays or name == "__metadata__":  # {"a": {"b": …}, "a.b": …}; safetensors' own name
            name += "_"
        arrays[name] = array
        if not isinstance(value, Tensor):
            return {"array": name}
        return {"parameter" if isinstance(value, Parameter) else "tensor": name, "requires_grad": value.requires_grad}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}  # JSON has no such numbers
    if type(value) in PLAIN:
        return {"value": value}
    if isinstance(value, dict):
        return {"dict": [[_key(key, place), _encode(entry, _join(place, key), arrays)] for key, entry in value.items()]}
    if type(value) in (list, tuple):
        entries = [_encode(entry, _join(place, i), arrays) for i, entry in enumerate(value)]
        return {type(value).__name__: entries}
    fix = "save its state_dict()" if isinstance(value, Module) or hasattr(value, "state_dict") else "leave it out"
    raise TypeError(
        f"save: {place or 'the object'}: expected tensors, numbers or strings in dicts, lists or tuples, got "
        f"{type(value).__name__}; {fix}: a file never holds code"
    )


def _key(key: Any, place: str) -> Any:
    if type(key) not in PLAIN:
        raise TypeError(f"save: {place or 'the object'}: expected strings or numbers as keys, got {type(key).__name__}")
    return key


def _join(place: str, key: Any) -> str:
    return f"{place}.{key}" if place else str(key)


def _decode(encoded: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    kind, value = next(iter(encoded.items()))
    if kind == "tensor":
        return Tensor(arrays[value], requires_grad=encoded["requires_grad"])
    if kind == "parameter":
        return Parameter(arrays[value], requires_grad=encoded["requires_grad"])
    if kind == "array":
        return arrays[value]
    if kind == "float":
        return float(value)
    if kind == "dict":
        return {key: _decode(entry, arrays) for key, entry in value}
    if kind in ("list", "tuple"):
        entries = [_decode(entry, arrays) for entry in value]
        return entries if kind == "list" else tuple(entries)
    return encoded["value"]
