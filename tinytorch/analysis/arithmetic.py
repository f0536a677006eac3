"""One number of a convolution or pooling, and everything that it was computed from."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from tinytorch.analysis.fields import Window, window
from tinytorch.analysis.graph import CONVOLUTIONS, POOLINGS
from tinytorch.analysis.tables import html_numbers
from tinytorch.analysis.trace import as_input

BORDER, WINNER = "border", "*"  # what stands for a point in the border, and after the number that was taken
SHOWN_CHANNELS = 4  # of a window, in text and in HTML; the sum of each of the others is told in one line


@dataclass(eq=False)
class Explanation:
    """How `layer(x)[at]` came about. Prints as text; in a notebook it is a page of small tables.

    kind: "convolution", "max pooling" or "average pooling".
    window: (channels, kh, kw), the numbers under the window; border points hold 0, in max pooling −∞.
    rows, columns: for each row and column of the window, where it is in `x`; below 0 or past the end in the border.
    channels: which channels of `x` the window is on: a convolution's filter sees those of its group, pooling one.
    kernel: the filter, shaped as the window; None in pooling.
    products: kernel · window; None in pooling.
    sum: of the products, in average pooling of the window; None in max pooling.
    bias: 0.0 where there is none; None in pooling. value: `layer(x)[at]`, as the layer computed it.
    winner: in max pooling, where in the window (row, column) the number stands that was taken, the first of equals.
    divisor: in average pooling, what the sum was divided by.
    """

    kind: str
    at: tuple[int, int, int, int]
    windows: tuple[Window, Window]
    window: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    channels: np.ndarray
    inside: np.ndarray  # bool (kh, kw): whether the point is a pixel and not border
    value: float
    kernel: np.ndarray | None = None
    products: np.ndarray | None = None
    sum: float | None = None
    bias: float | None = None
    winner: tuple[int, int] | None = None
    divisor: int | None = None

    def __str__(self) -> str:
        lines = [self._title(), self._where(), ""]
        for c in self._shown():
            lines += [*_beside(self._blocks(c)), *self._channel_sum(c), ""]
        return "\n".join([*lines, *self._others(), *self._result()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<b>{escape(self._title())}</b>", f"<div>{escape(self._where())}</div>"]
        for c in self._shown():
            blocks = (
                f"<div>{escape(title)}{html_numbers(cells, BORDER, WINNER)}</div>" for title, cells in self._blocks(c)
            )
            parts.append(f'<div style="display:flex;flex-wrap:wrap;gap:16px;margin:6px 0">{"".join(blocks)}</div>')
            parts += [f"<div>{escape(line)}</div>" for line in self._channel_sum(c)]
        parts += [f"<div>{escape(line)}</div>" for line in [*self._others(), *self._result()]]
        return "".join(parts)

    def _title(self) -> str:
        return f"{self.kind}: y[{', '.join(map(str, self.at))}] = {_number(self.value)}"

    def _where(self) -> str:
        n, _, i, j = self.at
        down, across = (_begin(place, w) for place, w in zip((i, j), self.windows))
        channels = f"channel {self.channels[0]}"
        if len(self.channels) > 1:
            channels = f"channels {self.channels[0]} to {self.channels[-1]}"
        spread = "" if all(w.dilation == 1 for w in self.windows) else f", {_spread(self.windows)} pixels apart"
        return f"the window on image {n}, {channels}, begins at row {down}, column {across}{spread}"

    def _shown(self) -> range:
        return range(min(len(self.channels), SHOWN_CHANNELS))

    def _blocks(self, c: int) -> list[tuple[str, list[list[str]]]]:
        """(title, cells) of what stands beside each other for one channel."""
        n = self.at[0]
        place = f"x[{n}, {self.channels[c]}], " + ", ".join(
            f"{name} {_range(where)}" for name, where in (("rows", self.rows), ("columns", self.columns))
        )
        cells = _cells(self.window[c])
        for p, q in zip(*np.nonzero(~self.inside)):
            cells[p][q] = BORDER
        if self.winner is not None:
            p, q = self.winner
            cells[p][q] += WINNER
        blocks = [(place, cells)]
        if self.kernel is not None:
            blocks.append((f"kernel[{self.at[1]}, {c}]", _cells(self.kernel[c])))
        if self.products is not None:
            blocks.append(("products", _cells(self.products[c])))
        return blocks

    def _channel_sum(self, c: int) -> list[str]:
        if self.products is None or len(self.channels) == 1:
            return []
        return [f"  sum of channel {self.channels[c]}: {_number(self.products[c].sum())}"]

    def _others(self) -> list[str]:
        rest = range(SHOWN_CHANNELS, len(self.channels))
        if self.products is None or not rest:
            return []
        total = _number(self.products[rest.start :].sum())
        return [f"and channels {self.channels[rest.start]} to {self.channels[-1]}, {len(rest)} more: {total}", ""]

    def _result(self) -> list[str]:
        if self.winner is not None:
            p, q = self.winner
            return [f"the largest, marked *, at row {self.rows[p]}, column {self.columns[q]}: {_number(self.value)}"]
        if self.divisor is not None:
            border = ", the border counted as 0" if self.divisor > self.inside.sum() else ""
            return [f"sum {_number(self.sum or 0.0)} / {self.divisor} numbers{border} = {_number(self.value)}"]
        total, bias = _number(self.sum or 0.0), _number(self.bias or 0.0)
        return [f"sum of {self.window.size} products {total} + bias {bias} = {_number(self.value)}"]


def explain(layer: Any, x: Any, at: tuple[int, int, int, int]) -> Explanation:
    """How the number `layer(x)[at]` was computed, for a convolution or a max or average pooling, as an `Explanation`.

    x: a tensor or array (N, C, H, W), the input of this layer (in a network: `trace(model, x)[k].inputs[0]`).
    at: (n, o, i, j): image, channel of the output, row, column. Padding, stride, dilation and groups are as the layer
    has them. Raises TypeError for another layer, ValueError for a place that the output has not, naming the axis.
    """
    output = layer(as_input(x, requires_grad=True))
    function = output.grad_fn.function.__name__ if getattr(output, "grad_fn", None) else "no function"
    if function not in (*CONVOLUTIONS, *POOLINGS):
        raise TypeError(
            f"layer: expected a convolution, or max or average pooling, got {type(layer).__name__}, whose output comes "
            f"from {function}; of a network, pass one layer, such as model.conv1"
        )
    n, o, i, j = check_at(at, output.shape)
    down, across = window(output)
    _, inputs, settings = output.grad_fn
    rows, columns = (
        place * w.stride - w.before + np.arange(w.kernel) * w.dilation for place, w in ((i, down), (j, across))
    )
    image = inputs[0].data[n]
    inside = _within(rows, image.shape[1])[:, None] & _within(columns, image.shape[2])
    if function in CONVOLUTIONS:
        weight, bias = inputs[1].data, inputs[2]
        channels = o // (len(weight) // settings["groups"]) * weight.shape[1] + np.arange(weight.shape[1])
    else:
        channels = np.array([o])
    pixels = image[np.ix_(channels, rows.clip(0, image.shape[1] - 1), columns.clip(0, image.shape[2] - 1))]
    value = float(output.data[n, o, i, j])
    found = Explanation(
        "convolution", (n, o, i, j), (down, across), np.where(inside, pixels, np.zeros((), image.dtype)),
        rows, columns, channels, inside, value,
    )  # fmt: skip
    if function in CONVOLUTIONS:
        found.kernel = weight[o]
        found.products = found.kernel * found.window
        found.sum, found.bias = (
            float(found.products.sum(dtype=np.float64)),
            0.0 if bias is None else float(bias.data[o]),
        )
    elif function == "max_pool2d":
        found.kind, found.window = "max pooling", np.where(inside, pixels, np.array(-np.inf, image.dtype))
        p, q = np.unravel_index(found.window[0].argmax(), inside.shape)
        found.winner = int(p), int(q)
    else:
        found.kind = "average pooling"
        found.divisor = inside.size if settings["count_include_pad"] else int(inside.sum())
        found.sum = float(found.window.sum(dtype=np.float64))
    return found


def check_at(at: Any, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """(n, o, i, j) as whole numbers; ValueError that names axis and range where the output has no such place."""
    names = ("n (image)", "o (channel)", "i (row)", "j (column)")
    if not isinstance(at, (tuple, list)) or len(at) != 4:
        raise ValueError(f"at: expected (n, o, i, j): image, channel, row, column of the output {shape}, got {at!r}")
    for name, index, size in zip(names, at, shape, strict=True):
        if not isinstance(index, (int, np.integer)) or not 0 <= index < size:
            raise ValueError(
                f"at: {name}: expected a whole number from 0 to {size - 1}, got {index!r}; the output is {shape}"
            )
    n, o, i, j = map(int, at)
    return n, o, i, j


def _within(where: np.ndarray, size: int) -> np.ndarray:
    return (where >= 0) & (where < size)


def _begin(place: int, w: Window) -> str:
    """`3*2 - 1 = 5`: where the window of a place begins."""
    border = f" - {w.before}" if w.before else ""
    return f"{place}*{w.stride}{border} = {place * w.stride - w.before}"


def _spread(windows: tuple[Window, Window]) -> str:
    down, across = (w.dilation for w in windows)
    return str(down) if down == across else f"{down} and {across}"


def _range(where: np.ndarray) -> str:
    step = f" by {where[1] - where[0]}" if len(where) > 1 and where[1] - where[0] > 1 else ""
    return f"{where[0]} to {where[-1]}{step}" if len(where) > 1 else str(where[0])


def _number(value: float) -> str:
    return f"{value + 0.0:.5g}"  # -0 is 0 here


def _cells(array: np.ndarray) -> list[list[str]]:
    return [[_number(value) for value in row] for row in array]


def _beside(blocks: list[tuple[str, list[list[str]]]]) -> list[str]:
    """Blocks of cells under their titles, next to each other."""
    columns = []
    for title, cells in blocks:
        width = max(len(cell) for row in cells for cell in row)
        lines = [title, *("  ".join(f"{cell:>{width}}" for cell in row) for row in cells)]
        columns.append([f"{line:<{max(map(len, lines))}}" for line in lines])
    return ["  " + "     ".join(line).rstrip() for line in zip(*columns, strict=True)]
