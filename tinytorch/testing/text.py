"""Text for a terminal: what a stream can show, and arrays short enough to read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

LINE = 160  # characters that one input of a case may take

# What authors of chapters like to type, in letters that every terminal has.
_PLAIN = str.maketrans(
    dict(zip("×·←–—−’‘“”⟨⟩", "x*<---''\"\"<>", strict=True))
    | {"→": "->", "…": "...", "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "√": "sqrt ", "Σ": "sum ", "²": "^2"}
)


def printable(text: str, stream: IO[str]) -> str:
    """`text` as `stream` can show it: unchanged where its encoding allows, else in plain letters."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def is_tensor(value: Any) -> bool:
    """Whether `value` behaves as a Tensor: an ndarray in `.data` and a `.requires_grad`.

    By behaviour and not by class, because module 01's dev file defines the class it tests.
    """
    return isinstance(getattr(value, "data", None), np.ndarray) and hasattr(value, "requires_grad")


def to_array(value: Any) -> np.ndarray:
    """The ndarray in a Tensor, or `value` as an ndarray."""
    return value.data if is_tensor(value) else np.asarray(value)


def kind(value: Any) -> str:
    """What `value` is, in the words of an error message: 'a Tensor', 'a list', 'None'."""
    if value is None:
        return "None"
    if is_tensor(value):
        return "a Tensor"
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def listed(values: Mapping[str, Any]) -> str:
    """A line for each input of a case, by name."""
    width = max(map(len, values), default=0)
    return "\n".join(f"  {name:<{width}}  {show(value)}" for name, value in values.items())


def show(value: Any) -> str:
    """One line for one input of a case: a small array in full, a large one by shape, dtype and range."""
    if isinstance(value, (list, tuple)) and any(is_tensor(item) or isinstance(item, np.ndarray) for item in value):
        return "[" + ", ".join(show(item) for item in value) + "]"
    if not (is_tensor(value) or isinstance(value, np.ndarray)):
        text = (
            value.__qualname__.rpartition("<locals>.")[2]
            if inspect.isroutine(value) or isinstance(value, type)
            else repr(value)
        )
        return text if len(text) <= LINE else text[:LINE] + " ..."
    array = to_array(value)
    if array.size <= 64:
        text = np.array2string(array, separator=", ", precision=6, max_line_width=10_000).replace("\n", "")
        text = " ".join(text.split()).replace("[ ", "[")
        if len(text) <= LINE:
            return text
    facts = f"{'x'.join(map(str, array.shape))} {array.dtype}"
    if array.dtype.kind in "fiu":
        facts += f", from {array.min():.6g} to {array.max():.6g}"
    return facts
