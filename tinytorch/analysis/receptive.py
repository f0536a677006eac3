"""Receptive fields: what part of the image a place of a map sees, by formula and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

import tinytorch
from tinytorch.analysis.costs import both, check_shape
from tinytorch.analysis.fields import Field, Window, fields, window
from tinytorch.analysis.graph import CONVOLUTIONS, POOLINGS, Graph
from tinytorch.analysis.tables import html_table, text_table
from tinytorch.analysis.trace import Call, call_named, evaluating, follow

DRAWS = 8  # pictures that the measured support is the union of


@dataclass(frozen=True)
class Step:
    """One window on the way from the image to the map, and the receptive field after it, each (down, across)."""

    name: str  # of the layer, as Call.key, or of the function
    window: tuple[Window, Window]
    field: Field


@dataclass(eq=False)
class ReceptiveField:
    """What `receptive_field` found of one layer. All pairs are (down, across), in pixels of the image.

    `size`, `jump` and `start` are those of the formula: place (i, j) of the map sees `size` pixels from
    `start + (i, j) · jump` on, where that is in the image. `support` is what was measured: True (height, width) for
    the pixels that the place `at` in the middle of the map depends on; `measured` is the box around them.
    """

    layer: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    at: tuple[int, int]
    support: np.ndarray
    steps: list[Step]
    _field: Field
    _model: Any

    @property
    def size(self) -> tuple[int | None, int | None]:
        return self._field.axes[0].size, self._field.axes[1].size

    @property
    def jump(self) -> tuple[int, int]:
        return self._field.axes[0].jump, self._field.axes[1].jump

    @property
    def start(self) -> tuple[int, int]:
        return self._field.axes[0].start, self._field.axes[1].start

    @property
    def rows(self) -> np.ndarray:
        """(places down, 2): the first and the last row of the image that each row of the map can depend on.

        0 and -1 for a row that sees nothing but border.
        """
        return np.stack([self._field.axes[0].first, self._field.axes[0].last], axis=1)

    @property
    def columns(self) -> np.ndarray:
        """(places across, 2): the same for columns."""
        return np.stack([self._field.axes[1].first, self._field.axes[1].last], axis=1)

    def box(self, i: int, j: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what place (i, j) of the map sees: `image[:, top:bottom, left:right]`.

        Exact also at the border, where part of a window is not in the image; four zeros for a place that sees nothing
        but border. Raises ValueError for a place that is not on the map.
        """
        for name, at, places in zip("ij", (i, j), self.output_shape[2:]):
            check_place(name, at, places)
        (top, bottom), (left, right) = self.rows[i].tolist(), self.columns[j].tolist()
        return (top, left, bottom + 1, right + 1) if min(bottom, right) >= 0 else (0, 0, 0, 0)

    @property
    def measured(self) -> tuple[int, int, int, int]:
        """The box, as `box` gives it, around the measured support."""
        down, across = (np.flatnonzero(self.support.any(axis=axis)) for axis in (1, 0))
        if not down.size:
            return 0, 0, 0, 0
        return int(down[0]), int(across[0]), int(down[-1]) + 1, int(across[-1]) + 1

    @property
    def agrees(self) -> bool:
        """Whether the measured box is the one of the formula."""
        return self.measured == self.box(*self.at)

    def effective(self, draws: int = 64) -> np.ndarray:
        """How much each pixel matters to the place `at`: (height, width), float, the largest 1.

        The mean over images of standard normal noise (the same in each call), and over the image's channels, of
        |∂ Σ_c y[c, i, j] / ∂ pixel|. (The effective receptive field of Luo et al. 2016, arXiv:1701.04128.)
        """
        if not isinstance(draws, (int, np.integer)) or draws < 1:
            raise ValueError(f"draws: expected a whole number from 1 on, got {draws!r}")
        generator, total = np.random.default_rng(0), np.zeros(self.input_shape[2:])
        for _ in range(draws):
            gradient = _gradient(self._model, self.layer, self.at, _noise(generator, 1, self.input_shape), 1.0)
            total += np.abs(gradient).mean(axis=(0, 1), dtype=np.float64)
        return total / total.max() if total.any() else total

    def __str__(self) -> str:
        return "\n".join([self._title(), "", text_table(_HEAD, self._cells()), "", *self._lines()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        lines = "<br>".join(map(escape, self._lines()))
        return f"<b>{escape(self._title())}</b>{html_table(_HEAD, self._cells())}{lines}"

    def _title(self) -> str:
        places = " x ".join(map(str, self.output_shape[2:]))
        image = " x ".join(map(str, self.input_shape[2:]))
        return f"{self.layer or type(self._model).__name__}: {places} places on an image of {image} pixels"

    def _cells(self) -> list[list[str]]:
        cells = [["(a pixel)", "", "", "", "1", "1", "0"]]
        for step in self.steps:
            settings = [_pair(getattr(w, name) for w in step.window) for name in ("kernel", "stride", "dilation")]
            found = [both(step.field.axes, name) for name in ("size", "jump", "start")]
            cells.append([step.name, *settings, *found])
        return cells

    def _lines(self) -> list[str]:
        i, j = self.at
        size = " x ".join("varies" if n is None else str(n) for n in self.size)
        by_formula, measured = map(_box_text, (self.box(i, j), self.measured))
        verdict = "the same" if self.agrees else "NOT the same"
        return [
            "size = 1 + sum of (kernel - 1) * dilation * (product of the strides before)",
            f"one place sees {size} pixels; the next one's begin {_pair(self.jump)} further on",
            f"place ({i}, {j}), by the formula, within the image: {by_formula}",
            f"place ({i}, {j}), measured, by its gradient:       {measured}, {verdict}",
        ]


_HEAD = ["after", "kernel", "stride", "dilation", "size", "jump", "start"]


def _pair(values: Any) -> str:
    down, across = values
    return str(down) if down == across else f"{down} x {across}"


def _box_text(box: tuple[int, int, int, int]) -> str:
    top, left, bottom, right = box
    return f"rows {top} to {bottom - 1}, columns {left} to {right - 1}"


def receptive_field(model: Any, input_shape: Sequence[int], layer: str | None = None) -> ReceptiveField:
    """What part of an image of `input_shape`, (N, C, H, W), a place of a layer's map depends on.

    `layer` is a dotted name; `pool:1` is the first call of a layer that is called several times, `pool` the last.
    Without one it is the last map of more than one place. By formula, layer by layer: r = 1 + Σ (k − 1) · d · Π s, the
    product over the strides before (Araujo et al. 2019, doi:10.23915/distill.00021); where branches meet, the union.

    Measured: the support of the gradient of one place, all channels, with respect to the image. A gradient that is 0,
    because a ReLU was off or another pixel won a max pooling, would hide pixels. So the walk back starts from NaN:
    0 · NaN is NaN, and what comes out as NaN is all that the place is connected to, whatever the weights. For rules
    that drop gradients without multiplying, the support is the union over a few pictures of noise.

    Raises ValueError for a layer that is not there (the nearest is offered) or gives no map, and for a network on
    whose way to it something mixes places in another way than windows do.
    """
    shape = check_shape(model, input_shape)
    if len(shape) != 4:
        raise ValueError(f"input_shape: expected (batch, channels, height, width), got {shape}")
    graph = Graph(model, np.random.default_rng(0).random(shape, np.float32))
    call = _chosen(graph.calls, layer)
    known = fields(graph.results, graph.x)
    field = known.get(id(call.output))
    if field is None:
        raise ValueError(
            f"layer: for {call.title!r} there is no formula: on the way to it something other than windows, functions "
            "of single numbers and means over the whole map mixes places"
        )
    at = (call.output.shape[2] // 2, call.output.shape[3] // 2)
    seeds = _noise(np.random.default_rng(0), DRAWS, shape)
    support = np.isnan(_gradient(model, call.key, at, seeds, np.nan)).any(axis=(0, 1))
    return ReceptiveField(call.key, shape, call.output.shape, at, support, _steps(graph, call, known), field, model)


def check_place(name: str, at: Any, places: int) -> None:
    """ValueError unless `at` is a place from 0 to below `places`."""
    if not isinstance(at, (int, np.integer)) or not 0 <= at < places:
        raise ValueError(f"{name}: expected a whole number from 0 to {places - 1}, got {at!r}")


def maps(calls: Sequence[Call]) -> list[Call]:
    """The calls that gave a map, (N, C, H, W), in the order in which they ended."""
    return sorted((call for call in calls if call.output.ndim == 4), key=lambda call: call.ended)


def last_map(calls: Sequence[Call]) -> Call:
    """The last map of more than one place, or the last at all."""
    found = maps(calls)
    return next((call for call in reversed(found) if max(call.output.shape[2:]) > 1), found[-1])


def _chosen(calls: list[Call], layer: str | None) -> Call:
    with_maps = maps(calls)
    if not with_maps:
        kinds = ", ".join(sorted({type(call.layer).__name__ for call in calls}))
        raise ValueError(
            f"model: expected a layer that gives a map (N, C, H, W), such as Conv2d; this network has none: {kinds}"
        )
    if layer is None:
        return last_map(calls)
    call = call_named(calls, layer)
    if call.output.ndim != 4:
        names = ", ".join(c.title for c in with_maps)
        raise ValueError(
            f"layer: expected one that gives a map (N, C, H, W); {call.title!r} gives {call.output.shape}; "
            f"maps: {names}"
        )
    return call


def _noise(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
    return generator.standard_normal((count, *shape[1:]), np.float32)


def _gradient(model: Any, key: str, at: tuple[int, int], images: np.ndarray, seed: float) -> np.ndarray:
    """The gradient of place `at` of the map `key`, all channels times `seed`, with respect to the images."""
    x = tinytorch.Tensor(images, requires_grad=True)
    with evaluating(model):
        output = call_named(follow(model, x), key).output
    start = np.zeros(output.shape, output.dtype)
    start[:, :, at[0], at[1]] = seed
    return tinytorch.grad(output, x, start)[0].data


def _steps(graph: Graph, call: Call, known: dict[int, Field | None]) -> list[Step]:
    """The windows between the image and a map, in the order of their making."""
    steps = []
    for tensor in graph.behind(call.output):
        function, field = tensor.grad_fn.function.__name__, known.get(id(tensor))
        if field and function in (*CONVOLUTIONS, *POOLINGS):
            owner = graph.owner[id(tensor)]
            name = owner.title if tensor is owner.output else f"{function} in {owner.title}"
            steps.append(Step(name, window(tensor), field))
    return steps
