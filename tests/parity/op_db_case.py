"""Torch's own operator samples (`op_db`), given to torch and to TinyTorch.

An operator is tried in each form in which TinyTorch has its name: as a function, as a method, and under its aliases. A
sample's result must agree in structure, shape, dtype and numbers, and so must the gradients of every input wherever
ours records one.

float64 agrees to 1e-9, as everywhere in this course. float32 agrees as `torch.testing.assert_close` has it or, where
large terms cancel, as far as rounding moves them (`rounding`).
"""

from __future__ import annotations

import functools
import math
import random
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
from op_db_table import ROUNDED_WITHIN
from torch.testing._internal.common_methods_invocations import op_db

import tinytorch
import tinytorch.nn.functional
from tinytorch import Tensor

DTYPES = (torch.float64, torch.float32, torch.int64, torch.bool, torch.uint8)
TOLERANCE = {torch.float64: (1e-9, 1e-9), torch.float32: (1e-5, 1.3e-6)}  # atol, rtol; those of assert_close in float32
ROUNDINGS = 8  # how many times the error that `rounding` measures in a few draws may come in others, and in our order

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
    """Return torch's samples of this operator and dtype; their numbers are drawn from `seed`."""
    if dtype not in op.supported_dtypes("cpu"):
        return []
    differentiable = dtype.is_floating_point and op.supports_autograd
    seeded = torch.default_generator.manual_seed  # torch.manual_seed notes a traceback for each kind of device
    with warnings.catch_warnings(), mock.patch.object(torch, "manual_seed", seeded):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        random.seed(seed)  # some samples draw with Python's generator
        # `op.sample_inputs` would begin each sample with the same seed, and look for a test in the stack of calls
        return list(op.sample_inputs_func(op, "cpu", dtype, differentiable))


def tolerance(op: Any, dtype: torch.dtype) -> dict[str, float]:
    """Return how far numbers may differ, besides `rounding`; empty for `assert_close`'s own."""
    if dtype not in TOLERANCE:
        return {}
    atol, rtol = TOLERANCE[dtype]
    return {"atol": atol + ROUNDED_WITHIN.get((op.name, dtype), 0.0), "rtol": rtol}


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
    bounds = functools.cache(lambda: rounding(form, sample))  # only where a comparison needs them
    for i, (ours, theirs) in enumerate(zip(found, expected)):
        _same(ours, theirs, f"result {i}", numbers, tolerance, lambda i=i: bounds()[0][i])
    if not numbers:
        return
    for ours, theirs in zip(found, expected):
        if isinstance(theirs, torch.Tensor):
            assert theirs.requires_grad == ours.requires_grad, f"requires_grad {ours.requires_grad}"
    backward(expected, [theirs for theirs, _ in leaves])
    for ours in found:
        if isinstance(ours, Tensor) and ours.requires_grad:
            with np.errstate(all="ignore"):
                ours.backward(Tensor(sent_in(ours.shape).astype(ours.dtype)), retain_graph=True)
    for i, (theirs, ours) in enumerate(leaves):
        gradient = np.zeros(ours.shape, ours.dtype) if ours.grad is None else ours.grad
        expected_gradient = torch.zeros_like(theirs) if theirs.grad is None else theirs.grad
        _same(gradient, expected_gradient, f"gradient {i}", True, tolerance, lambda i=i: bounds()[1][i])


def sent_in(shape: tuple[int, ...]) -> np.ndarray:
    """Return the gradient that is sent into a result of this shape: no two neighbours alike."""
    return np.asarray((np.arange(math.prod(shape)) % 7 + 1).reshape(shape) / 4)


def backward(results: list[Any], leaves: list[torch.Tensor], change: Callable[[Any], Any] = lambda x: x) -> None:
    """Fill the gradients of torch's leaves; what is sent into the results may be changed."""
    for leaf in leaves:
        leaf.grad = None
    for result in results:
        if isinstance(result, torch.Tensor) and result.requires_grad:
            result.backward(change(torch.from_numpy(sent_in(tuple(result.shape))).to(result.dtype)), retain_graph=True)


def rounding(form: Form, sample: Any) -> tuple[list[Any], list[Any]]:
    """Return how far rounding in float32 may move the results and gradients of a sample, measured on torch's own function.

    Each number of the inputs, and of the gradients sent in, is changed by a relative ±eps, some times at random, and
    what torch makes of them in float32 is compared with float64. So it is seen how large the terms are that cancel in
    a sum, or between two steps of a computation.
    """
    signs = torch.Generator().manual_seed(0)
    eps = torch.finfo(torch.float32).eps

    def rounded(x: torch.Tensor) -> torch.Tensor:
        return x * (1 + eps * (2 * torch.randint(0, 2, x.shape, generator=signs) - 1))

    def farthest(exact: Any, *draws: Any) -> Any:
        return None if exact is None else ROUNDINGS * torch.stack([(draw - exact).abs() for draw in draws]).amax(0)

    computed = [_in_torch(form, sample, torch.float64, lambda x: x)]
    computed += [_in_torch(form, sample, torch.float32, rounded) for _ in range(8)]
    results, gradients = zip(*computed)
    return list(map(farthest, *results)), list(map(farthest, *gradients))


def _in_torch(
    form: Form, sample: Any, dtype: torch.dtype, change: Callable[[torch.Tensor], torch.Tensor]
) -> tuple[list[Any], list[Any]]:
    """Return torch's results and gradients of a sample in this dtype, where `change` is done to each number."""
    leaves: list[torch.Tensor] = []

    def changed(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            copy = change(value.detach().to(dtype)).requires_grad_(value.requires_grad)
            leaves.extend([copy] if value.requires_grad else [])
            return copy
        return type(value)(map(changed, value)) if type(value) in (list, tuple) else value

    arguments = changed((sample.input, *sample.args))
    keywords = {name: changed(value) for name, value in sample.kwargs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = list(flat(form.theirs(*arguments, **keywords)))
    backward(results, leaves, change)
    gradients = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
    numbers = [x.detach().double() if isinstance(x, torch.Tensor) else None for x in results]
    return numbers, [gradient.double() for gradient in gradients]


def _same(
    ours: Any, theirs: Any, name: str, numbers: bool, tolerance: dict[str, float] | None, bound: Callable[[], Any]
) -> None:
    if not isinstance(theirs, torch.Tensor):
        if isinstance(theirs, torch.Size):
            theirs = tuple(theirs)
        assert type(ours) is type(theirs) and (ours == theirs or ours != ours and theirs != theirs), (
            f"{name}: {ours!r}, torch has {theirs!r}"
        )
        return
    assert isinstance(ours, (Tensor, np.ndarray)), f"{name}: {type(ours).__name__}, torch has a tensor"
    array = torch.from_numpy(np.array(ours.data if isinstance(ours, Tensor) else ours))
    theirs = theirs.detach()
    if not numbers:
        found, expected = ((tuple(x.shape), str(x.dtype).removeprefix("torch.")) for x in (array, theirs))
        assert found == expected, f"{name}: {found}, torch has {expected}"
        return
    try:
        torch.testing.assert_close(array, theirs, equal_nan=True, **(tolerance or {}))
    except AssertionError as error:
        if not _explained_by_rounding(array, theirs, bound):
            raise AssertionError(f"{name}: {' '.join(str(error).split())[:300]}") from None


def _explained_by_rounding(ours: torch.Tensor, theirs: torch.Tensor, bound: Callable[[], torch.Tensor]) -> bool:
    """Return whether two results in float32 are closer than what rounding moves them."""
    if not ours.dtype == theirs.dtype == torch.float32 or ours.shape != theirs.shape:
        return False
    close = (ours - theirs).abs() < bound()
    return bool(close.logical_or(ours.isclose(theirs, equal_nan=True)).all())


ELSEWHERE = ("complex", "without_cudnn")  # variants of operators for dtypes and devices that are not here
OPERATORS = {(op.name, op.variant_test_name): op for op in op_db if forms(op) and op.variant_test_name not in ELSEWHERE}
