"""An ONNX file as a network of tinytorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor
from tinytorch.creation import as_tensor
from tinytorch.onnx.operators import OPERATORS, NodeCall

STATISTICS = {"BatchNormalization": (3, 4)}  # inputs that are estimated in training, not learned


def load(path: str | Path) -> Module:
    """Return the network of an ONNX file: a Module that computes it with tinytorch's functions.

    Called with a tensor for each input of the file, in its order, it returns the output, or a tuple where the file has
    several. Floating initializers are its parameters, by their names in the file, the others and the running statistics
    of BatchNormalization its buffers; so `load_state_dict` of the network that was exported takes its state. Raises
    ValueError for a file that is not a valid model, and for operators that are not served, by name.
    """
    try:
        proto = onnx.load(path)
        onnx.checker.check_model(proto)
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise ValueError(f"load: {path}: expected an ONNX file: {error}") from error
    return Network(proto)


class Network(Module):
    """What `load` returns: the operators of a model in the order of the file, and its initializers."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        graph = proto.graph
        self.opset = next((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), 1)
        unknown = sorted({node.op_type for node in graph.node if node.domain or node.op_type not in OPERATORS})
        if unknown or graph.sparse_initializer:
            raise ValueError(
                f"load: expected operators that tinytorch has, got {', '.join(unknown) or 'sparse weights'}"
            )
        statistics = {
            node.input[place]
            for node in graph.node
            for place in STATISTICS.get(node.op_type, ())
            if place < len(node.input)
        }
        weights = {initializer.name: numpy_helper.to_array(initializer).copy() for initializer in graph.initializer}
        self.nodes = tuple(NodeCall(node, self.opset) for node in graph.node)
        self.inputs = tuple(value.name for value in graph.input if value.name not in weights)
        self.outputs = tuple(value.name for value in graph.output)
        for name, array in weights.items():
            self._hold(name, Tensor(array), learned=array.dtype.kind == "f" and name not in statistics)

    def _hold(self, name: str, tensor: Tensor, learned: bool) -> None:
        """Keep an initializer as a parameter or a buffer; `body.0.weight` is `weight` in the part `0` of `body`."""
        holder: Module = self
        *path, last = name.split(".")
        for part in path:
            if not isinstance(getattr(holder, part, None), Module):
                _check_free(holder, part, name)
                setattr(holder, part, Module())
            holder = getattr(holder, part)
        _check_free(holder, last, name)
        if learned:
            setattr(holder, last, Parameter(tensor))
        else:
            holder.register_buffer(last, tensor)

    def forward(self, *inputs: Any) -> Any:
        if len(inputs) != len(self.inputs):
            raise TypeError(f"expected {len(self.inputs)} inputs ({', '.join(self.inputs)}), got {len(inputs)}")
        values = dict([*self.named_parameters(), *self.named_buffers()])
        values.update(zip(self.inputs, map(as_tensor, inputs)))
        for call in self.nodes:
            call(values)
        found = tuple(values[name] for name in self.outputs)
        return found if len(found) > 1 else found[0]


def _check_free(holder: Module, part: str, name: str) -> None:
    """Raise ValueError where an initializer's name is taken by what every Module has, or by another initializer."""
    if hasattr(holder, part):
        raise ValueError(f"load: initializer {name!r}: {part!r} is taken in a Module; rename it in the file")
