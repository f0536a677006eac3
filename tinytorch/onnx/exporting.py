"""A network written as an ONNX file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

import tinytorch
from tinytorch.analysis.trace import evaluating
from tinytorch.core.layers import named_tensors
from tinytorch.core.tensor import Tensor
from tinytorch.onnx.graph import Graph, OnnxNode, difference, free_batch, identity, simplify
from tinytorch.onnx.loading import Network
from tinytorch.onnx.tracing import Run, Step, run
from tinytorch.onnx.translation import OPSET, TRANSLATIONS
from tinytorch.support.files import write_file


def export(model: Any, example: Any, path: str | Path) -> None:
    """Write `model`, in eval mode, as an ONNX file (opset 20) that computes what it computes for inputs like `example`.

    `example` is a tensor or an array with the batch axis, or a tuple of them for a model with several inputs. Inputs
    are called `input`, or `input_0`, `input_1`, …, outputs `output` likewise; weights have the names of the state dict.
    Batches of every size fit where the forward allows it: where a run with one more sample makes the same graph;
    otherwise the file is for the example's. An older file is replaced as a whole.

    Raises ValueError, naming the function, for what ONNX has no operators for, for numbers that a forward computes from
    its input in NumPy or draws at random, and for a forward that takes another path for other numbers; RuntimeError
    where the file would compute other numbers than the model; OSError, naming the file, where it cannot be written.
    """
    examples = [t.data if isinstance(t, Tensor) else np.asarray(t) for t in _as_tuple(example)]
    with evaluating(model), tinytorch.no_grad(), np.errstate(all="ignore"):
        first = run(model, examples)
        others = [run(model, [_other_numbers(array) for array in examples])]
        graph, changed = _graph(model, first), _graph(model, others[0])
        _check_same(graph, changed)
        larger = _larger_run(model, examples)
        free = larger is not None and free_batch(graph, _graph(model, larger))
        if larger is not None and free:
            others.append(larger)
    simplify(graph)
    proto = _proto(graph, first, larger if free else None)
    _check_numbers(proto, [first, *others])
    try:
        write_file(Path(path), proto.SerializeToString())
    except OSError as error:
        raise OSError(error.errno, f"export: {path}: not written: {error.strerror or error}") from error


def _as_tuple(example: Any) -> tuple[Any, ...]:
    return tuple(example) if isinstance(example, (tuple, list)) else (example,)


def _names(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{place}" for place in range(count)]


def _other_numbers(array: np.ndarray) -> np.ndarray:
    """Return an array of the same shape in another order, floats changed too: a second run on it shows constants."""
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(array.reshape(-1)).reshape(array.shape)
    if array.dtype.kind != "f":
        return shuffled
    changed = shuffled * rng.uniform(0.5, 1.5, array.shape) + (shuffled == 0) * rng.standard_normal(array.shape)
    return changed.astype(array.dtype)


def _larger_run(model: Any, examples: list[np.ndarray]) -> Run | None:
    """Run with one more sample in every input; return None where the inputs share no batch axis, or the run fails."""
    if any(array.ndim == 0 for array in examples) or len({len(array) for array in examples}) != 1:
        return None
    with contextlib.suppress(Exception):  # a forward for one size of batch may raise any error
        return run(model, [np.concatenate([array, array[:1]]) for array in examples])
    return None


def _graph(model: Any, traced: Run) -> Graph:
    """The nodes of one run, not simplified. Raises ValueError that names a function without translation."""
    inputs = dict(zip(_names("input", len(traced.inputs)), traced.inputs))
    weights = {name: tensor.data for name, tensor in named_tensors(model)}
    if taken := weights.keys() & inputs.keys():
        raise ValueError(
            f"export: model: {min(taken)!r} is the name of the input in the file; name the weight otherwise"
        )
    graph = Graph(inputs, weights)
    for step in _needed(traced):
        if step.name not in TRANSLATIONS:
            raise ValueError(
                f"export: {step.name}: there are no ONNX operators for it here; use other functions instead"
            )
        graph.function = step.name
        try:
            made = TRANSLATIONS[step.name](graph, step.output, *step.inputs, **step.settings)
        except (TypeError, ValueError) as error:
            raise ValueError(f"export: {step.name}: {error}") from error
        graph.made(step.output, made)
    graph.function = "output"
    for name, array in zip(_names("output", len(traced.outputs)), traced.outputs):
        graph.nodes.append(OnnxNode("Identity", (graph.name(array),), name, {}))
    return graph


def _needed(traced: Run) -> list[Step]:
    """The steps that the outputs were computed with."""
    wanted = {identity(array) for array in traced.outputs}
    steps = []
    for step in reversed(traced.steps):
        if identity(step.output) in wanted:
            steps.append(step)
            places = step.settings.get("index", ())  # of getitem, where a tensor may be among them
            wanted.update(identity(array) for array in (*step.inputs, *places) if isinstance(array, np.ndarray))
    return steps[::-1]


def _check_same(graph: Graph, changed: Graph) -> None:
    """Raise ValueError where two runs on different numbers made different graphs."""
    constant = difference(graph, changed)
    if constant == "":
        raise ValueError("export: model: its forward takes another path for other numbers; a file holds one path only")
    if constant is not None:
        raise ValueError(
            f"export: {graph.used_by[constant]}: it is given numbers that change from run to run, and no function of "
            "tinytorch made them from the input: NumPy did, from .data, or a random draw; compute them with tensors"
        )


def _proto(graph: Graph, first: Run, larger: Run | None) -> onnx.ModelProto:
    """The file's content; with a larger run, the axes that grew with it are free."""
    grown = larger or first
    inputs = [
        _value(name, *pair) for name, pair in zip(_names("input", len(first.inputs)), zip(first.inputs, grown.inputs))
    ]
    outputs = [
        _value(name, *pair)
        for name, pair in zip(_names("output", len(first.outputs)), zip(first.outputs, grown.outputs))
    ]
    nodes = [
        helper.make_node("Constant", [], [name], name=name, value=numpy_helper.from_array(value))
        for name, value in graph.constants.items()
    ]
    for node in graph.nodes:
        settings: dict[str, Any] = {
            name: helper.np_dtype_to_tensor_dtype(value) if isinstance(value, np.dtype) else value
            for name, value in node.attributes.items()
        }
        nodes.append(helper.make_node(node.op, node.inputs, [node.output], name=node.output, **settings))
    weights = [numpy_helper.from_array(array, name) for name, array in graph.weights.items()]
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(
        helper.make_graph(nodes, "network", inputs, outputs, weights),
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),  # the newest would keep older programs from reading it
        producer_name="tinytorch",
        producer_version=tinytorch.__version__,
    )


def _value(name: str, array: np.ndarray, grown: np.ndarray) -> onnx.ValueInfoProto:
    """An input or output: its type and shape, whose axes are free where they grew with the batch."""
    batch = {False: None, True: "batch"}
    shape = [n if n == m else batch[m == n + 1] for n, m in zip(array.shape, grown.shape)]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)


def _check_numbers(proto: onnx.ModelProto, runs: list[Run]) -> None:
    """Raise RuntimeError where the file computes other numbers than the network did in one of the runs."""
    network = Network(proto)
    for traced in runs:
        outputs = _as_tuple(network(*map(Tensor, traced.given)))
        for name, array, found in zip(_names("output", len(outputs)), traced.outputs, outputs, strict=True):
            scale = np.abs(array[np.isfinite(array)]).max(initial=1e-30)
            if not np.allclose(found.data, array, rtol=1e-3, atol=1e-4 * scale, equal_nan=True):
                raise RuntimeError(
                    f"export: {name}: the file would give other numbers than the model, so nothing was written; does "
                    "its forward write into an array, as x.data[...] = …?"
                )
