"""A case of parity: one text of program that torch and TinyTorch both run, and the numbers it is run on.

The names are torch's, so most cases need no translation: `t` is `torch` in one run and `tinytorch` in the
other. This file and the table import neither of the two.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# What torch's BatchNorm keeps besides: how many batches it has seen.
NOT_FLOAT = {"num_batches_tracked"}


@dataclass(frozen=True)
class Draw:
    """An input that is drawn anew for each run: `shape`, and what its values may be.

    Values are multiples of 1/16 from low to high. They are exact in float32 as in float64, they compress, and
    they land on the kinks and ties (relu at 0, equal maxima) where two libraries are most likely to part.
    """

    shape: tuple[int, ...]
    low: float = -3.0
    high: float = 3.0
    kind: str = "float"  # float, int or bool
    wants_gradient: bool = True
    allowed: tuple[float, ...] = ()  # these values alone
    distinct: bool = False  # no value twice

    def array(self, generator: np.random.Generator) -> np.ndarray:
        if self.kind == "bool":
            return generator.random(self.shape) < 0.5
        if self.kind == "int":
            return generator.integers(int(self.low), int(self.high), self.shape)
        if self.allowed:
            return generator.choice(np.array(self.allowed, np.float64), self.shape)
        if self.distinct:
            count = math.prod(self.shape)
            return (generator.permutation(count) / 16 + self.low).reshape(self.shape)
        return np.asarray(generator.integers(round(self.low * 16), round(self.high * 16) + 1, self.shape) / 16)


@dataclass(frozen=True)
class Case:
    """One call. `measure(t, arrays)` gives everything that must agree, by name.

    module, function: `spatial`, `conv2d`: where the name that is checked is exported.
    run: `run(t, *tensors, **settings)`; of a tuple of results the first is differentiated.
    theirs: the same for torch, where torch spells it differently.
    """

    module: str
    function: str
    run: Callable[..., Any]
    inputs: tuple[Draw, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    theirs: Callable[..., Any] | None = None

    @property
    def id(self) -> str:
        shapes = "-".join("x".join(map(str, draw.shape)) or "scalar" for draw in self.inputs)
        settings = "-".join(_setting(name, value) for name, value in self.settings.items())
        return "-".join(part for part in (self.function, shapes, settings, self.note) if part)

    def generator(self) -> np.random.Generator:
        """The generator that the inputs in the golden files come from."""
        return np.random.default_rng(zlib.crc32(self.id.encode()))

    def draw(self, generator: np.random.Generator) -> list[np.ndarray]:
        return [draw.array(generator) for draw in self.inputs]

    def measure(self, t: Any, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs and gradients of the inputs `arrays`, whose floats may be float64 or float32."""
        tensors = [
            t.tensor(array, requires_grad=array.dtype.kind == "f" and draw.wants_gradient)
            for draw, array in zip(self.inputs, arrays)
        ]
        outputs = self._runner(t)(t, *tensors, **self.settings)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        found = {f"output {i}": to_array(output) for i, output in enumerate(outputs)}
        if outputs[0].requires_grad:
            outputs[0].backward(t.tensor(upstream(found["output 0"])))
            for i, tensor in enumerate(tensors):
                if tensor.requires_grad and tensor.grad is not None:
                    found[f"gradient of input {i}"] = to_array(tensor.grad)
        return found

    def _runner(self, t: Any) -> Callable[..., Any]:
        return self.theirs if self.theirs and t.__name__ == "torch" else self.run


@dataclass(frozen=True)
class LayerCase(Case):
    """A layer: `run(t)` builds it, `state` is what its parameters and buffers hold.

    The inputs go in one after another, which shows what the layer remembers; with `evaluate` the last one
    goes in once more, in eval mode.
    """

    state: dict[str, Draw] = field(default_factory=dict)
    evaluate: bool = False

    def draw(self, generator: np.random.Generator) -> list[np.ndarray]:
        return [draw.array(generator) for draw in (*self.inputs, *self.state.values())]

    def measure(self, t: Any, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        inputs, state = arrays[: len(self.inputs)], dict(zip(self.state, arrays[len(self.inputs) :]))
        layer = self._runner(t)(t)
        set_state(t, layer, state)
        found = {}
        for i, array in enumerate([*inputs, *inputs[-1:]] if self.evaluate else inputs):
            if i == len(inputs):
                layer.eval()
            x = t.tensor(array, requires_grad=array.dtype.kind == "f")
            output = layer(x)
            found[f"output {i}"] = to_array(output)
            if output.requires_grad:
                output.backward(t.tensor(upstream(found[f"output {i}"])))
                found[f"gradient of input {i}"] = to_array(x.grad)
        for name, parameter in layer.named_parameters():
            found[f"gradient of {name}"] = to_array(parameter.grad)
        for name, value in layer.state_dict().items():
            if name not in NOT_FLOAT:
                found[f"state {name}"] = to_array(value).copy()
        return found


@dataclass(frozen=True)
class OptimizerCase(Case):
    """An optimizer: `run(t, parameters)` builds it; it takes `steps` steps, each with its own gradient."""

    steps: int = 4

    def draw(self, generator: np.random.Generator) -> list[np.ndarray]:
        return [draw.array(generator) for draw in self.inputs * (self.steps + 1)]

    def measure(self, t: Any, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        count = len(self.inputs)
        parameters = [t.tensor(array, requires_grad=True) for array in arrays[:count]]
        optimizer = self._runner(t)(t, parameters, **self.settings)
        found = {}
        for step in range(1, self.steps + 1):
            for i, parameter in enumerate(parameters):
                parameter.grad = t.tensor(arrays[step * count + i])
            optimizer.step()
            for i, parameter in enumerate(parameters):
                found[f"parameter {i} after step {step}"] = to_array(parameter).copy()
        return found


def to_array(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().numpy())


def upstream(output: np.ndarray) -> np.ndarray:
    """The gradient that is sent into an output: no two neighbours alike, so that a transposed one is seen."""
    steps = np.arange(output.size) * 7 % 31 - 15
    return (steps.reshape(output.shape) / 16).astype(output.dtype)


def set_state(t: Any, layer: Any, state: dict[str, np.ndarray]) -> None:
    """Give a layer these parameters and buffers, and their dtype."""
    names = set(layer.state_dict()) - NOT_FLOAT
    assert names == set(state), f"the layer's state is {sorted(names)}, the table names {sorted(state)}"
    if t.__name__ == "torch":
        for dtype in {array.dtype for array in state.values()}:
            layer.to(getattr(t, dtype.name))
        layer.load_state_dict({name: t.tensor(array) for name, array in state.items()}, strict=False)
        return
    for name, tensor in (*layer.named_parameters(), *layer.named_buffers()):
        if name not in NOT_FLOAT:
            tensor.data = state[name].copy()  # load_state_dict would keep the layer's float32


def _setting(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"not-{name}"
    if isinstance(value, (tuple, list)):
        value = "x".join(map(str, value))
    return f"{name}{value}"


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], inputs: list[np.ndarray]) -> None:
    """The same names, and behind each the same dtype, shape and numbers, as `assert_close` has it.

    Where all numbers are small, they may be what is left of terms of size 1, as p − 1 in the gradient of cross entropy:
    they are compared to the rounding error of two such terms in either library.
    """
    from tinytorch.testing import assert_close  # here, because torch alone must do to make the golden files
    from tinytorch.testing.comparison import tolerances

    assert list(found) == list(expected)
    shown = {f"input {i}": array for i, array in enumerate(inputs)}
    for name, array in expected.items():
        _, atol = tolerances(found[name], array)
        if array.dtype.kind == "f":
            atol = max(atol, 4 * float(np.finfo(array.dtype).eps))
        try:
            assert_close(found[name], array, case=shown, atol=atol)
        except AssertionError as error:
            raise AssertionError(f"{name}\n{error}") from None
