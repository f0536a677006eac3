"""Torch's own operator samples (`op_db`), given to torch and to TinyTorch.

An operator is tried in each form in which TinyTorch has its name: as a function, as a method, and under its aliases. A
sample's result must agree in structure, shape, dtype and numbers, and so must the gradients of every input wherever
ours records one.
"""

from __future__ import annotations

import itertools
import random
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.testing._internal.common_device_type import toleranceOverride
from torch.testing._internal.common_methods_invocations import op_db

import tinytorch
import tinytorch.nn.functional
from tinytorch import Tensor

DTYPES = (torch.float64, torch.float32, torch.int64, torch.bool, torch.uint8)
MOST_SAMPLES = 4  # of one operator and dtype; a random choice where torch has more


# Values of layout= and memory_format= that change nothing here.
DEFAULT_LAYOUTS = (torch.strided, torch.contiguous_format, torch.preserve_format)


@dataclass(frozen=True)
class Form:
    """One way to call an operator in both libraries: `theirs(input, *args, **kwargs)` and `ours(...)`."""

    name: str  # "add", "Tensor.add", "nn.functional.relu"
    theirs: Callable[..., Any]
    ours: Callable[..., Any]


def forms(op: Any) -> list[Form]:
    """The ways to call `op` that TinyTorch has a name for."""
    found = []
    for one in (op, *op.aliases):
        *spaces, last = one.name.split(".")
        space: Any = tinytorch if not spaces else getattr(tinytorch, spaces[0], None)
        for part in spaces[1:]:
            space = getattr(space, part, None)
        if space is not None and last in getattr(space, "__all__", ()):
            found.append(Form(one.name, one.op, _in_ours(one.op, getattr(space, last))))
        method = getattr(one, "method_variant", None)
        if not spaces and method is not None and hasattr(Tensor, last):
            found.append(Form(f"Tensor.{last}", method, _in_ours(method, _method(last))))
        in_place = getattr(one, "inplace_variant", None)
        if in_place is not None and not spaces and hasattr(Tensor, f"{last}_"):
            found.append(Form(f"Tensor.{last}_", _written(f"{last}_"), _written(f"{last}_")))
    return found


def _method(name: str) -> Callable[..., Any]:
    return lambda self, *arguments, **keywords: getattr(self, name)(*arguments, **keywords)


def _written(name: str) -> Callable[..., Any]:
    """The method that writes in place, on a copy, so that an input can be a leaf that requires a gradient."""
    return lambda self, *arguments, **keywords: getattr(self.clone(), name)(*arguments, **keywords)


class NotForThisForm(Exception):
    """Torch itself refuses the sample: a result of another shape or dtype cannot be written in place."""


def _in_ours(theirs: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """`plain`, or, where torch's table holds a lambda around the operator, that lambda with our library as `torch`."""
    if (
        not isinstance(theirs, types.FunctionType)
        or theirs.__module__ != "torch.testing._internal.common_methods_invocations"
    ):
        return plain
    names = {**theirs.__globals__, "torch": tinytorch}
    return types.FunctionType(theirs.__code__, names, theirs.__name__, theirs.__defaults__, theirs.__closure__)


def samples(op: Any, dtype: torch.dtype, seed: int) -> list[Any]:
    """At most MOST_SAMPLES of torch's samples of this operator and dtype."""
    if dtype not in op.supported_dtypes("cpu"):
        return []
    differentiable = dtype.is_floating_point and op.supports_autograd
    seeded = torch.default_generator.manual_seed  # torch.manual_seed notes a traceback for each kind of device
    with warnings.catch_warnings(), mock.patch.object(torch, "manual_seed", seeded):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        generated = op.sample_inputs("cpu", dtype, requires_grad=differentiable)
        found = list(itertools.islice(generated, 10 * MOST_SAMPLES))
    return found if len(found) <= MOST_SAMPLES else random.Random(seed).sample(found, MOST_SAMPLES)


def tolerance(op: Any, dtype: torch.dtype) -> dict[str, float]:
    """The tolerance that torch's own table gives this operator and dtype, where it has one."""
    for decorator in itertools.chain.from_iterable(getattr(d, "decorators", ()) for d in op.decorators):
        if isinstance(decorator, toleranceOverride) and dtype in decorator.d:
            found = decorator.d[dtype]
            return {"atol": found.atol, "rtol": found.rtol}
    return {}


def to_ours(value: Any, leaves: list[tuple[Any, Any]]) -> Any:
    """A sample's argument as TinyTorch takes it. `leaves` collects the pairs (torch's tensor, ours)."""
    if isinstance(value, torch.Tensor):
        ours = Tensor(value.detach().numpy().copy(), requires_grad=value.requires_grad)
        if value.requires_grad:
            leaves.append((value, ours))
        return ours
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, (list, tuple)):
        return type(value)(to_ours(part, leaves) for part in value) if type(value) in (list, tuple) else tuple(value)
    return value


def shown(sample: Any) -> str:
    """The sample in one line."""

    def text(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(text, value))}]"
        return repr(value)

    keywords = [f"{name}={text(value)}" for name, value in sample.kwargs.items()]
    return ", ".join([text(sample.input), *map(text, sample.args), *keywords])


def flat(result: Any) -> Iterator[Any]:
    """The tensors and numbers of a result, in order."""
    if isinstance(result, (list, tuple)):
        for part in result:
            yield from flat(part)
    else:
        yield result


def compare(form: Form, sample: Any, numbers: bool = True, tolerance: dict[str, float] | None = None) -> None:
    """Raise AssertionError, or whatever our call raised, unless ours is what torch has; `numbers=False`: but for those."""
    leaves: list[tuple[Any, Any]] = []
    ours_input, ours_args = to_ours(sample.input, leaves), to_ours(tuple(sample.args), leaves)
    given = {name: value for name, value in sample.kwargs.items() if value not in DEFAULT_LAYOUTS}
    ours_kwargs = {name: to_ours(value, leaves) for name, value in given.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = list(flat(form.theirs(sample.input, *sample.args, **sample.kwargs)))
        except (RuntimeError, TypeError, IndexError) as error:
            raise NotForThisForm from error
        with np.errstate(all="ignore"):
            found = list(flat(form.ours(ours_input, *ours_args, **ours_kwargs)))
    assert len(found) == len(expected), f"{len(found)} results, torch has {len(expected)}"
    for i, (ours, theirs) in enumerate(zip(found, expected)):
        _same(ours, theirs, f"result {i}", numbers, tolerance)
    if not numbers:
        return
    recorded = [
        (ours, theirs) for ours, theirs in zip(found, expected) if isinstance(ours, Tensor) and ours.requires_grad
    ]
    for ours, theirs in zip(found, expected):
        if isinstance(theirs, torch.Tensor):
            assert theirs.requires_grad == ours.requires_grad, f"requires_grad {ours.requires_grad}"
    if not recorded:
        return
    for theirs, _ in leaves:
        theirs.grad = None
    for ours, theirs in recorded:
        start = np.asarray((np.arange(ours.data.size) % 7 + 1) / 4, ours.dtype).reshape(ours.shape)
        theirs.backward(torch.from_numpy(start.copy()), retain_graph=True)
        with np.errstate(all="ignore"):
            ours.backward(Tensor(start), retain_graph=True)
    for i, (theirs, ours) in enumerate(leaves):
        zeros = torch.zeros_like(theirs)
        gradient = zeros.numpy() if ours.grad is None else ours.grad
        _same(gradient, zeros if theirs.grad is None else theirs.grad, f"gradient {i}", True, tolerance)


def _same(ours: Any, theirs: Any, name: str, numbers: bool, tolerance: dict[str, float] | None) -> None:
    if not isinstance(theirs, torch.Tensor):
        if isinstance(theirs, torch.Size):
            theirs = tuple(theirs)
        assert type(ours) is type(theirs) and (ours == theirs or ours != ours and theirs != theirs), (
            f"{name}: {ours!r}, torch has {theirs!r}"
        )
        return
    assert isinstance(ours, (Tensor, np.ndarray)), f"{name}: {type(ours).__name__}, torch has a tensor"
    array = ours.data if isinstance(ours, Tensor) else ours
    if not numbers:
        shape_and_dtype = tuple(array.shape), str(array.dtype)
        expected = tuple(theirs.shape), str(theirs.dtype).removeprefix("torch.")
        assert shape_and_dtype == expected, f"{name}: {shape_and_dtype}, torch has {expected}"
        return
    try:
        torch.testing.assert_close(
            torch.from_numpy(np.array(array)), theirs.detach(), equal_nan=True, **(tolerance or {})
        )
    except AssertionError as error:
        raise AssertionError(f"{name}: {' '.join(str(error).split())[:300]}") from None


ELSEWHERE = ("complex", "without_cudnn")  # variants of operators for dtypes and devices that are not here
OPERATORS = {(op.name, op.variant_test_name): op for op in op_db if forms(op) and op.variant_test_name not in ELSEWHERE}
