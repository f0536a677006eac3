"""Two arrays beside each other, and a small map of where they differ."""

from __future__ import annotations

import importlib.util
import io
import sys

import numpy as np

WINDOW = 6  # rows and columns of an array that are printed
MAP = (12, 32)  # rows and columns of a heat map at most
_SHADES = " .:-=+*#%@"


def side_by_side(expected: np.ndarray, got: np.ndarray, wrong: np.ndarray, first: tuple[int, ...]) -> str:
    """The two next to each other, wrong values marked with *, cut to a window around index `first`."""
    where, index = _window(expected.shape, first)
    left = _rows(expected[index], np.zeros_like(wrong[index]))
    right = _rows(got[index], wrong[index])
    width = max(len(f"expected{where}"), *map(len, left))
    lines = [f"  {f'expected{where}':<{width}}   got{where}"]
    return "\n".join(lines + [f"  {a:<{width}}   {b}".rstrip() for a, b in zip(left, right, strict=True)])


def heat_map(distance: np.ndarray, first: tuple[int, ...]) -> str:
    """A map of |got - expected| over the last two axes around `first`; empty where the window shows it all.

    In colour where standard output is a terminal and rich is installed, else in characters. NaN counts as
    most.
    """
    if distance.ndim < 2 or max(distance.shape[-2:]) <= WINDOW:
        return ""
    plane = distance[first[:-2]]
    most = np.nanmax(np.where(np.isfinite(plane), plane, np.nan), initial=0.0) or 1.0
    level = np.where(np.isfinite(plane), plane / most, 1.0)
    rows, columns = (min(size, limit) for size, limit in zip(plane.shape, MAP, strict=True))
    cells = np.array(
        [[block.max() for block in np.array_split(band, columns, axis=1)] for band in np.array_split(level, rows)]
    )
    head = f"  |got - expected|{_label(first[:-2] + ('', ''))}, darkest = {most:.6g}"
    if sys.stdout.isatty() and importlib.util.find_spec("rich"):
        return f"{head}\n{_coloured(cells)}"
    steps = np.ceil(cells * (len(_SHADES) - 1)).astype(int)
    return "\n".join([head, *("  |" + "".join(_SHADES[step] for step in row) + "|" for row in steps)])


def _coloured(cells: np.ndarray) -> str:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=io.StringIO(), force_terminal=True, width=2 * MAP[1] + 4)
    for row in cells:
        text = Text("  ")
        for level in row:
            fade = round(255 * (1 - level))
            text.append("  ", style=f"on rgb(255,{fade},{fade})")
        console.print(text)
    return console.file.getvalue().rstrip("\n")  # type: ignore[attr-defined]


def _window(shape: tuple[int, ...], first: tuple[int, ...]) -> tuple[str, tuple[int | slice, ...]]:
    """The label and the index of at most WINDOW x WINDOW values around `first`, in the last two axes."""
    index: list[int | slice] = list(first[:-2])
    label: list[int | str] = list(first[:-2])
    for size, at in zip(shape[-2:], first[-2:], strict=True):
        start = max(0, min(at - WINDOW // 2, size - WINDOW))
        stop = min(size, start + WINDOW)
        index.append(slice(start, stop))
        label.append("" if (start, stop) == (0, size) else f"{start}:{stop}")
    cut = any(label_part != "" for label_part in label)
    return _label(tuple(label)) if cut else "", tuple(index)


def _label(parts: tuple[int | str, ...]) -> str:
    return "[" + ", ".join(str(part) if part != "" else ":" for part in parts) + "]"


def _rows(array: np.ndarray, marked: np.ndarray) -> list[str]:
    plane, marks = np.atleast_2d(array), np.atleast_2d(marked)
    cells = [
        [_number(value) + ("*" if mark else " ") for value, mark in zip(row, signs, strict=True)]
        for row, signs in zip(plane, marks, strict=True)
    ]
    width = max((len(cell) for row in cells for cell in row), default=0)
    return [" ".join(f"{cell:>{width}}" for cell in row).rstrip() for row in cells] or [""]


def _number(value: np.generic) -> str:
    return f"{value:.5g}" if isinstance(value, np.floating) else str(value)
