"""What a network costs: parameters, multiply-adds, memory and receptive fields, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from tinytorch.analysis.fields import Axis, Field, fields
from tinytorch.analysis.graph import Graph, mult_adds, own_bytes
from tinytorch.analysis.tables import html_table, text_table
from tinytorch.analysis.trace import Call


@dataclass
class Row:
    """One call of one layer; counts are of what the layer does and holds itself, without the layers within it."""

    name: str  # as Call.key: `pool:2` for the second of several calls
    type: str
    depth: int
    output_shape: tuple[int, ...] | None  # None: the network holds this layer, and does not call it
    params: int  # numbers to be learned or frozen; 0 where they were counted with an earlier row
    trainable_params: int
    mult_adds: int
    activation_bytes: int  # of all results that the layer computes itself; views of other results count as none
    receptive_field: Field | None  # None after flatten, where each number sees something else, and without images
    shared: bool  # whether it holds parameters that were counted with an earlier row
    # of the totals, from 0 to 1
    params_share: float = 0.0
    mult_adds_share: float = 0.0
    activation_share: float = 0.0


@dataclass
class Summary:
    """What `summary` found: `rows`, and the totals. Prints as a table; in a notebook it is one."""

    model: str
    input_shape: tuple[int, ...]
    rows: list[Row]
    total_params: int
    trainable_params: int
    total_mult_adds: int
    total_activation_bytes: int
    input_bytes: int
    param_bytes: int

    def __post_init__(self) -> None:
        totals = {
            "params": self.total_params,
            "mult_adds": self.total_mult_adds,
            "activation": self.total_activation_bytes,
        }
        for row in self.rows:
            for name, total in totals.items():
                own = row.activation_bytes if name == "activation" else getattr(row, name)
                setattr(row, f"{name}_share", own / total if total else 0.0)

    def __str__(self) -> str:
        table = text_table(*self._table(), left=2)
        totals = [f"{label:<18}  {text}" for label, text in self._totals()]
        return "\n".join([f"{self.model} on {_shape(self.input_shape)}", "", table, "", *totals])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title = f"<b>{escape(self.model)}</b> on {_shape(self.input_shape)}"
        return title + html_table(*self._table(), left=2) + html_table([], self._totals(), left=2)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows; without the receptive fields where no layer has one."""
        width = len(_HEAD) if self._sees_images() else len(_HEAD) - 3
        return _HEAD[:width], [_cells(row)[:width] for row in self.rows]

    def _sees_images(self) -> bool:
        return any(row.receptive_field for row in self.rows)

    def _totals(self) -> list[tuple[str, str]]:
        memory = (
            f"{self.total_activation_bytes:,} bytes of results, {self.param_bytes:,} of parameters, "
            f"{self.input_bytes:,} of input"
        )
        lines = [
            ("parameters", f"{self.total_params:,}, of which {self.trainable_params:,} are trained"),
            (
                "multiply-adds",
                f"{self.total_mult_adds:,} (of convolutions, dense layers and matrix products; a bias counts as one)",
            ),
            ("memory", memory),
        ]
        if self._sees_images():
            pixels = "pixels across that one place sees; how far on the next one's begin; where the first one's do"
            lines.append(("field, jump, start", pixels))
        return lines


_HEAD = ["layer", "output", "params", "%", "mult-adds", "%", "bytes", "%", "field", "jump", "start"]


def _cells(row: Row) -> list[str]:
    name = f"{'  ' * row.depth}{row.name or row.type}" + (f" ({row.type})" if row.name else "")
    shape = "not called" if row.output_shape is None else _shape(row.output_shape)
    params = "(shared)" if row.shared and not row.params else _count(row.params)
    counts = [
        *(params, _percent(row.params_share)),
        *(_count(row.mult_adds), _percent(row.mult_adds_share)),
        *(_count(row.activation_bytes), _percent(row.activation_share)),
    ]
    return [name, shape, *counts, *_field_cells(row.receptive_field)]


def _field_cells(field: Field | None) -> list[str]:
    if field is None:
        return ["", "", ""]
    return [both(field.axes, name) for name in ("size", "jump", "start")]


def both(axes: Sequence[Axis], name: str) -> str:
    """A property of the two axes: one number where they agree, `5x3` (down, across) where not."""
    down, across = (getattr(axis, name) for axis in axes)
    down, across = ("varies" if value is None else str(value) for value in (down, across))
    return down if down == across else f"{down}x{across}"


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share else ""


def summary(model: Any, input_shape: Sequence[int]) -> Summary:
    """What each layer of `model` gives and costs for an input of `input_shape`, the batch axis included.

    Returns a `Summary`: `.rows`, with a `Row` for each call of a layer in the order of the calls and one for each layer
    with parameters that is never called, and the totals. Conventions are torchinfo's: the batch counts, a shared
    parameter counts once, a layer that is called twice computes twice, and the multiply-adds of a convolution or a
    dense layer are those of its products and one per result for the bias. Everything else counts no multiply-adds, as
    in torch.utils.flop_counter (torchinfo adds the parameters of batch norm, once for each image). Memory in
    bytes is that of all results of one forward pass (torchinfo: of the layers with parameters, twice). Receptive fields
    as in `receptive_field`. The network is run once in eval mode, on random numbers, and is left as it was.

    Raises ValueError for a shape that does not fit the network.
    """
    x = np.random.default_rng(0).random(check_shape(model, input_shape), np.float32)
    graph = Graph(model, x)
    seen = fields(graph.results, graph.x)
    counted: set[int] = set()
    rows = [_row(call, graph, seen.get(id(call.output)), counted) for call in graph.calls]
    called = {id(call.layer) for call in graph.calls}
    for name, layer in model.named_modules():
        if id(layer) not in called and _parameters(layer):
            shared, params, trained = _count_params(layer, counted)
            rows.append(Row(name, type(layer).__name__, name.count(".") + 1, None, params, trained, 0, 0, None, shared))
    parameters = list(model.parameters())
    return Summary(
        type(model).__name__,
        x.shape,
        rows,
        total_params=sum(p.numel() for p in parameters),
        trainable_params=sum(p.numel() for p in parameters if p.requires_grad),
        total_mult_adds=sum(row.mult_adds for row in rows),
        total_activation_bytes=sum(row.activation_bytes for row in rows),
        input_bytes=x.nbytes,
        param_bytes=sum(p.data.nbytes for p in parameters),
    )


def check_shape(model: Any, input_shape: Sequence[int]) -> tuple[int, ...]:
    """The shape, of whole numbers from 1 on; ValueError where there is no batch axis that the first layer needs."""
    valid = isinstance(input_shape, (tuple, list)) and all(
        isinstance(n, (int, np.integer)) and n >= 1 for n in input_shape
    )
    if not valid or not input_shape:
        raise ValueError(
            f"input_shape: expected whole numbers from 1 on, batch first, such as (1, 3, 32, 32), got {input_shape!r}"
        )
    axes = next((p.ndim for p in getattr(model, "parameters", tuple)() if p.ndim > 1), len(input_shape))
    if len(input_shape) == axes - 1:
        expected = "(batch, channels, height, width)" if axes == 4 else "(batch, features)"
        raise ValueError(
            f"input_shape: expected {expected}, got {tuple(input_shape)}; "
            f"with a batch of one: {(1, *map(int, input_shape))}"
        )
    return tuple(map(int, input_shape))


def _row(call: Call, graph: Graph, seen: Field | None, counted: set[int]) -> Row:
    own = graph.own(call)
    shared, params, trained = _count_params(call.layer, counted)
    return Row(
        call.key,
        type(call.layer).__name__,
        call.depth,
        call.output.shape,
        params,
        trained,
        sum(map(mult_adds, own)),
        sum(map(own_bytes, own)),
        seen if seen and seen.mixed else None,
        shared,
    )


def _parameters(layer: Any) -> list[Any]:
    """The parameters that are attributes of this layer itself."""
    names = [name for name, _ in layer.named_parameters() if "." not in name]
    return [getattr(layer, name) for name in names]


def _count_params(layer: Any, counted: set[int]) -> tuple[bool, int, int]:
    """Whether the layer holds parameters counted before, the new ones, and how many of these are trained."""
    own = _parameters(layer)
    new = [p for p in own if id(p) not in counted]
    counted.update(id(p) for p in new)
    return len(new) < len(own), sum(math.prod(p.shape) for p in new), sum(p.numel() for p in new if p.requires_grad)
