"""Windows of ONNX's pools and convolutions, along any number of axes, and what is computed in them."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from tinytorch.core.spatial import max_pool2d
from tinytorch.core.tensor import Tensor, pad


class Placement:
    """Where windows stand: for each axis kernel, stride, dilation, the border before and after, the number of places.

    `extra` is what a last window of `ceil_mode` needs beyond the border. Source: ONNX's operators Conv and MaxPool.
    """

    def __init__(self, call: Any, sizes: Any, kernel: Any) -> None:
        axes = len(sizes)
        self.sizes, self.kernel = list(sizes), list(kernel)
        self.strides, self.dilations = (list(call.get(name, [1] * axes)) for name in ("strides", "dilations"))
        pads, auto = call.get("pads", [0] * 2 * axes), call.get("auto_pad", "NOTSET")
        self.before, self.after = list(pads[:axes]), list(pads[axes:])
        self.out, self.extra = [], []
        for i, size in enumerate(sizes):
            reach = self.dilations[i] * (self.kernel[i] - 1) + 1
            if auto.startswith("SAME"):
                total = max((-(-size // self.strides[i]) - 1) * self.strides[i] + reach - size, 0)
                less, more = total // 2, total - total // 2
                self.before[i], self.after[i] = (less, more) if auto == "SAME_UPPER" else (more, less)
            elif auto == "VALID":
                self.before[i] = self.after[i] = 0
            padded = size + self.before[i] + self.after[i]
            places, rest = divmod(padded - reach, self.strides[i])
            last = (places + 1) * self.strides[i]  # where one more window would begin
            if call.get("ceil_mode", 0) and rest and last < size + self.before[i]:
                places += 1
            self.out.append(places + 1)
            self.extra.append(max(places * self.strides[i] + reach - padded, 0))

    @property
    def border(self) -> list[int]:
        """The border as `tinytorch.pad` takes it: pairs, the last axis first."""
        pairs = zip(reversed(self.before), reversed(self.after), reversed(self.extra))
        return [n for before, after, extra in pairs for n in (before, after + extra)]

    def along(self, axis: int) -> list[slice]:
        """For each place within the window, the pixels of the padded axis under it, one for each window."""
        step, span = self.strides[axis], self.strides[axis] * (self.out[axis] - 1) + 1
        return [
            slice(p * self.dilations[axis], p * self.dilations[axis] + span, step) for p in range(self.kernel[axis])
        ]

    def counts(self, with_border: bool) -> np.ndarray:
        """How many numbers each window holds; with the border those of the border, too, without what is extra."""
        counts: Any = np.ones(())
        for axis, size in enumerate(self.sizes):
            whole = np.full(size + self.before[axis] + self.after[axis] + self.extra[axis], 0)
            low, high = (
                (0, len(whole) - self.extra[axis]) if with_border else (self.before[axis], self.before[axis] + size)
            )
            whole[low:high] = 1
            counts = np.multiply.outer(counts, sum(whole[places] for places in self.along(axis)))
        return counts

    def first_maxima(self, x: np.ndarray, column_major: int) -> np.ndarray:
        """The place of each window's largest number, counted through the whole array x (N, C, …)."""
        border = [(0, 0), (0, 0), *((b, a + e) for b, a, e in zip(self.before, self.after, self.extra))]
        least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        order = "F" if column_major else "C"
        planes = np.arange(math.prod(x.shape[:2])).reshape(*x.shape[:2], *[1] * len(self.sizes))
        within = np.arange(math.prod(self.sizes)).reshape(self.sizes, order=order)  # type: ignore[call-overload]
        padded, where = np.pad(x, border, constant_values=least), np.pad(planes * within.size + within, border)
        index = np.ix_(*([range(n) for n in self.kernel]))
        corners = [np.arange(n) * s for n, s in zip(self.out, self.strides)]
        picks = []
        for axis, corner in enumerate(corners):
            shape = [1] * (2 * len(corners))
            shape[axis] = -1
            offset = (index[axis] * self.dilations[axis]).reshape([1] * len(corners) + list(index[axis].shape))
            picks.append(corner.reshape(shape) + offset)
        under = (..., *picks)
        values, places = (a[under].reshape(*x.shape[:2], *self.out, -1) for a in (padded, where))
        best = values.argmax(axis=-1)[..., None]
        return np.take_along_axis(places, best, axis=-1)[..., 0]


def _each_axis(x: Tensor, places: Placement, reduce: Any) -> Tensor:
    """Reduce the windows along one axis after the other: maxima of maxima, sums of sums."""
    for axis in range(len(places.sizes)):
        lead, tail = x.shape[: axis + 2], x.shape[axis + 3 :]
        rows = x.reshape(math.prod(lead), 1, x.shape[axis + 2], math.prod(tail))
        x = reduce(rows, axis).reshape(*lead, places.out[axis], *tail)
    return x


def window_maxima(x: Tensor, places: Placement) -> Tensor:
    """The largest number of each window of x (N, C, …)."""
    if x.dtype.kind != "f":
        exact = Tensor(x.data.astype(np.float64))
        return Tensor(window_maxima(exact, places).data.astype(x.dtype))

    def largest(rows: Tensor, axis: int) -> Tensor:
        setting = {"kernel_size": places.kernel, "stride": places.strides, "dilation": places.dilations}
        y = max_pool2d(rows, **{name: (values[axis], 1) for name, values in setting.items()})
        return y[:, :, : places.out[axis]]

    return _each_axis(pad(x, pad=places.border, value=-np.inf), places, largest)


def window_means(x: Tensor, places: Placement, with_border: bool) -> Tensor:
    """The mean of each window of x (N, C, …)."""

    def total(rows: Tensor, axis: int) -> Tensor:
        return functools.reduce(operator.add, [rows[:, :, part] for part in places.along(axis)])

    sums = _each_axis(pad(x, pad=places.border), places, total)
    return sums / Tensor(places.counts(with_border).astype(x.dtype))
