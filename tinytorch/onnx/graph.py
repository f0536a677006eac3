"""An ONNX graph while it is built: nodes, constants and weights by name, and patterns that are one operator."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np


class OnnxNode(NamedTuple):
    """One operator: names of its inputs ("" for one that is left out), the name of its output, its attributes."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


def identity(array: np.ndarray) -> tuple[Any, ...]:
    """Return a key that is equal for arrays which share address, shape, strides and dtype, as x and x.detach() do."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


class Graph:
    """The nodes of one run in their order. `arrays` holds what each name was in that run."""

    def __init__(self, inputs: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> None:
        self.nodes: list[OnnxNode] = []
        self.constants: dict[str, np.ndarray] = {}
        self.weights = weights
        self.arrays = {**weights, **inputs}
        self.used_by: dict[str, str] = {}  # the function that a constant was made for
        self.function = ""  # the function whose nodes are being made
        self._names = {identity(array): name for name, array in reversed([*weights.items(), *inputs.items()])}

    def name(self, array: np.ndarray) -> str:
        """Return the name of an array; one that nothing made is a constant."""
        if identity(array) not in self._names:
            self._names[identity(array)] = self.constant(array)
        return self._names[identity(array)]

    def constant(self, value: Any, dtype: Any = None) -> str:
        name = f"/constant_{len(self.constants)}"
        self.constants[name] = self.arrays[name] = np.asarray(value, dtype)
        self.used_by[name] = self.function
        return name

    def whole(self, *numbers: Any) -> str:
        """Return the name of a constant row of whole numbers: axes, a shape, borders."""
        return self.constant(np.array(numbers, np.int64))

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        output = f"/{self.function}_{len(self.nodes)}"
        self.nodes.append(OnnxNode(op, inputs, output, attributes))
        return output

    def made(self, array: np.ndarray, name: str) -> None:
        """Note that `name` is this array."""
        self._names[identity(array)] = name
        self.arrays.setdefault(name, array)

    def keep_only(self, outputs: Iterable[str]) -> None:
        """Drop every node and constant that no output needs."""
        needed, kept = set(outputs), []
        for node in reversed(self.nodes):
            if node.output in needed:
                kept.append(node)
                needed.update(node.inputs)
        self.nodes = kept[::-1]
        self.constants = {name: value for name, value in self.constants.items() if name in needed}
        self.weights = {name: value for name, value in self.weights.items() if name in needed}


def difference(a: Graph, b: Graph) -> str | None:
    """Return the name of the first constant in which two graphs of one network differ, "" where their nodes differ."""
    if a.nodes != b.nodes or list(a.constants) != list(b.constants):
        return ""
    for name, value in a.constants.items():
        if not _equal(value, b.constants[name]):
            return name
    return None


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def free_batch(graph: Graph, larger: Graph) -> bool:
    """Make `graph` fit every size of the batch, as another run with a larger batch shows; return whether that can be.

    It can where both runs have the same nodes and constants, up to one entry of the shapes that Reshape is given.
    """
    if graph.nodes != larger.nodes or list(graph.constants) != list(larger.constants):
        return False
    shapes = {node.inputs[1] for node in graph.nodes if node.op == "Reshape"}
    freed = {}
    for name, value in graph.constants.items():
        other = larger.constants[name]
        if _equal(value, other):
            continue
        if name not in shapes or value.shape != other.shape or (value != other).sum() != 1 or 0 in value:
            return False
        freed[name] = np.where(value == other, value, -1)
    graph.constants.update(freed)
    return True


# ---- several nodes that are one operator ------------------------------------------------------------

Pattern = Any  # a name, which stands for any value; or (operator, pattern of each input)

_SHIFTED = ("Sub", "x", ("ReduceMax", "x", "axis"))
_NORMALISED = ("Div", ("Sub", "x", ("Reshape", "mean", "s")), ("Sqrt", ("Add", ("Reshape", "var", "t"), "eps")))
_SCALED = ("Add", ("Mul", _NORMALISED, ("Reshape", "scale", "u")), ("Reshape", "bias", "v"))
_PRODUCT = ("MatMul", "x", ("Transpose", "weight"))


def simplify(graph: Graph) -> None:
    """Put one operator where several nodes compute what it does, as a reader of the graph expects it."""
    made_by = {node.output: node for node in graph.nodes}
    for place, node in enumerate(graph.nodes):
        for pattern, replacement in _OPERATORS:
            found: dict[str, str] = {}
            if _matches(node.output, pattern, made_by, found):
                made = replacement(graph, found)
                if made:
                    op, inputs, attributes = made
                    graph.nodes[place] = OnnxNode(op, inputs, node.output, attributes)
                    break
    _name_outputs(graph)


def _name_outputs(graph: Graph) -> None:
    """Give a node whose result is an output that output's name, and drop what no output needs."""
    made_by = {node.output: place for place, node in enumerate(graph.nodes)}
    outputs = [node for node in graph.nodes if not node.output.startswith("/")]
    renamed: dict[str, str] = {}
    for node in outputs:
        (source,) = node.inputs
        if source in made_by and source not in renamed and source not in {other.output for other in outputs}:
            renamed[source] = node.output
    kept = [node for node in graph.nodes if renamed.get(node.inputs[0] if node.inputs else "") != node.output]
    graph.nodes = [
        node._replace(
            inputs=tuple(renamed.get(name, name) for name in node.inputs), output=renamed.get(node.output, node.output)
        )
        for node in kept
    ]
    graph.keep_only(node.output for node in outputs)


def _matches(name: str, pattern: Pattern, made_by: dict[str, OnnxNode], found: dict[str, str]) -> bool:
    if isinstance(pattern, str):
        return found.setdefault(pattern, name) == name
    node, (op, *parts) = made_by.get(name), pattern
    if node is None or node.op != op or len(node.inputs) != len(parts):
        return False
    orders = itertools.permutations(node.inputs) if op in ("Add", "Mul") else [node.inputs]
    for order in orders:
        trial = dict(found)
        if all(_matches(name, part, made_by, trial) for name, part in zip(order, parts)):
            found.update(trial)
            return True
    return False


def _axis(graph: Graph, found: dict[str, str]) -> int | None:
    """The axis of both reductions of a softmax, if that is one and the same and it stays."""
    a, b = (graph.constants[found[name]].tolist() for name in ("axis", "again"))
    kept = all(node.attributes["keepdims"] for node in graph.nodes if {found["axis"], found["again"]} & {*node.inputs})
    return a[0] if a == b and len(a) == 1 and kept else None


def _softmax(op: str) -> Any:
    def replacement(graph: Graph, found: dict[str, str]) -> Any:
        axis = _axis(graph, found)
        return None if axis is None else (op, (found["x"],), {"axis": axis})

    return replacement


def _batch_norm(graph: Graph, found: dict[str, str]) -> Any:
    rows = [found[name] for name in ("scale", "bias", "mean", "var")]
    column = [graph.arrays[found["mean"]].size] + [1] * (graph.arrays[found["x"]].ndim - 2)
    shapes = [graph.constants[found[name]].tolist() for name in "stuv"]
    eps = graph.constants.get(found["eps"])
    if any(shape != column for shape in shapes) or eps is None or any(graph.arrays[name].ndim != 1 for name in rows):
        return None
    return "BatchNormalization", (found["x"], *rows), {"epsilon": float(eps)}


def _gemm(graph: Graph, found: dict[str, str]) -> Any:
    weight, bias = found["weight"], found.get("bias")
    rows = len(graph.arrays[weight])
    if weight not in graph.weights or graph.arrays[weight].ndim != 2 or graph.arrays[found["x"]].ndim != 2:
        return None
    if bias is not None and graph.arrays[bias].shape != (rows,):
        return None
    return "Gemm", (found["x"], weight) if bias is None else (found["x"], weight, bias), {"transB": 1}


def _leaky_relu(graph: Graph, found: dict[str, str]) -> Any:
    zero, slope = (graph.constants.get(found[name]) for name in ("zero", "slope"))
    if zero is None or slope is None or zero.shape or slope.shape or zero != 0:
        return None
    return "LeakyRelu", (found["x"],), {"alpha": float(slope)}


_OPERATORS = [
    (("Add", _PRODUCT, "bias"), _gemm),
    (_PRODUCT, _gemm),
    (_SCALED, _batch_norm),
    (("Div", ("Exp", _SHIFTED), ("ReduceSum", ("Exp", _SHIFTED), "again")), _softmax("Softmax")),
    (("Sub", _SHIFTED, ("Log", ("ReduceSum", ("Exp", _SHIFTED), "again"))), _softmax("LogSoftmax")),
    (("Where", ("Greater", "x", "zero"), "x", ("Mul", "slope", "x")), _leaky_relu),
]
