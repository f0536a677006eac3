"""Snippets: a few lines of program that name `torch`, run once with torch and once with TinyTorch behind that name.

A table of them is text: paragraphs, each with a title (`# matrix product`) and its lines. What is compared is the value
of the last line, if it is an expression: numbers, shapes, dtypes as names, and errors as "an error" on both sides.
"""

from __future__ import annotations

import ast
import importlib
import io
import itertools
import math
import tempfile
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ERROR = "an error"


@dataclass(frozen=True)
class Snippet:
    title: str
    code: str
    source: str = ""  # the public report that the input comes from


def read(table: str) -> list[Snippet]:
    """Return the snippets of a table: the title's text may end in `<source>`."""
    snippets = []
    for paragraph in table.strip().split("\n\n"):
        heading, code = paragraph.split("\n", 1)
        title, _, source = heading.removeprefix("# ").partition(" <")
        snippets.append(Snippet(title, code, source.rstrip(">")))
    return snippets


def run(snippet: Snippet, library: str) -> Any:
    """Return the value of the snippet's last line with `library` behind the name torch, as plain Python and arrays."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what is compared are numbers; torch warns of what it will change one day
        names = namespace(library, Path(folder))
        lines = ast.parse(snippet.code)
        last = lines.body.pop() if isinstance(lines.body[-1], ast.Expr) else None
        exec(compile(lines, snippet.title, "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), snippet.title, "eval"), names)
        return plain(value)


def outcome(snippet: Snippet, library: str) -> Any:
    """Return what `run` returns, or ERROR."""
    try:
        return run(snippet, library)
    except (ArithmeticError, AssertionError, IndexError, KeyError, RuntimeError, StopIteration, TypeError, ValueError):
        return ERROR  # an AttributeError or ImportError is none of these: a name that is not there


def namespace(library: str, folder: Path) -> dict[str, Any]:
    """Return the names that every snippet finds: what a tutorial's first lines import, and three helpers."""
    torch = importlib.import_module(library)
    names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "optim": torch.optim, "__name__": "snippet"}
    names |= {"np": np, "math": math, "io": io, "itertools": itertools, "OrderedDict": OrderedDict, "folder": folder}
    data = importlib.import_module(f"{library}.utils.data")
    names |= {name: getattr(data, name) for name in "DataLoader Dataset TensorDataset random_split Subset".split()}

    def numbers(*shape: int) -> Any:
        """Return a float32 tensor of numbers between -2 and 2 without order."""
        return torch.tensor(unordered(shape))

    def fill(module: Any) -> Any:
        """Return the module, its parameters overwritten by numbers that do not depend on a random generator."""
        for parameter in module.parameters():
            parameter.detach().numpy()[...] = unordered(tuple(parameter.shape)) / 4
        return module

    return names | {"numbers": numbers, "fill": fill}


def unordered(shape: tuple[int, ...]) -> np.ndarray:
    steps = np.arange(math.prod(shape)) * 37 % 61  # 61 is prime: no two of 61 neighbours are equal
    return ((steps - 30) / 16).astype(np.float32).reshape(shape)


def plain(value: Any) -> Any:
    """Return a value as what both libraries can be compared by: arrays with dtypes as names, numbers, text."""
    if hasattr(value, "detach") and hasattr(value, "numpy"):
        array = np.array(value.detach().numpy())
        return {"dtype": array.dtype.name, "shape": array.shape, "numbers": array.astype(np.float64)}
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.name, "shape": value.shape, "numbers": value.astype(np.float64)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value).rpartition(".")[2]  # torch.float32 and NumPy's float32, device("cpu")


def same(found: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-6) -> bool:
    """Return whether two values of `plain` agree: everything exactly, but floats within the tolerances."""
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and list(found) == list(expected)
            and all(same(found[name], expected[name], rtol, atol) for name in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(same(a, b, rtol, atol) for a, b in zip(found, expected))
        )
    if isinstance(expected, np.ndarray):
        return np.shape(found) == expected.shape and np.allclose(found, expected, rtol, atol, equal_nan=True)
    if isinstance(expected, float):
        return isinstance(found, float) and np.allclose(found, expected, rtol, atol, equal_nan=True)
    return type(found) is type(expected) and found == expected
