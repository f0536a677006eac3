"""Check gradient rules against what the function itself does when its inputs move a little."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinytorch.testing import seeding
from tinytorch.testing.blame import how_it_is_wrong
from tinytorch.testing.case import Case, Mismatch
from tinytorch.testing.comparison import close
from tinytorch.testing.text import is_tensor, kind, listed, to_array

DIRECTIONS = 3
STEP = float(np.finfo(np.float64).eps ** (1 / 3))  # balances the step's own error, h^2, with rounding, eps / h
RTOL = 1e-6
ELEMENTS = 512  # of a wrong gradient, measured one by one to find out in what way it is wrong


def check_gradients(function: Callable[..., Any], *inputs: Any, **keywords: Any) -> None:
    """Fail unless `backward` through `function(*inputs, **keywords)` gives every floating input its gradient.

    Everything is computed in float64, whatever dtype comes in. With a random u of the output's shape and a
    random direction v in an input, <u, f(x + hv) - f(x - hv)> / 2h must equal <gradient, v> to 1e-6 of its
    usual size, in
    several directions: two evaluations each at any size, and no element of the gradient goes unseen. Then
    inputs and u come in other memory layouts (strided; broadcast and read-only), and the gradient must stay
    the same.

    function: differentiable at the inputs: away from kinks and ties (relu at 0, equal values under a maximum)
        by much more than 1e-5. It gives the same Tensor for the same inputs.
    inputs: Tensors or arrays; those of a floating dtype are differentiated, all else is passed on as it is.

    Raises Mismatch, an AssertionError that names the input whose gradient is wrong, in what way, and the
    mistake where the catalogue knows it; ValueError where the function is random or no input can be
    differentiated, TypeError where the output is not a Tensor.
    """
    __tracebackhide__ = True  # pytest then points at the line of the check
    generator = seeding.generator()
    case = Case(function, *_in_float64(inputs), **keywords)
    differentiable = [index for index, value in enumerate(case.inputs) if _is_differentiable(value)]
    if not differentiable:
        raise ValueError(
            f"check_gradients({case.name}): no input has a floating dtype, so none can be differentiated; "
            "give a Tensor or an array of floats"
        )
    u = generator.standard_normal(_checked_output(case).shape)
    trial = _with_u(case, u)
    gradients = trial()
    names = list(case.arguments)
    for index, gradient in zip(differentiable, gradients, strict=True):
        problem = _problem(case, index, gradient, u, generator)
        if problem:
            raise _mismatch(case, trial, gradients, f"the gradient of {names[index]} {problem}")
    for layout, relaid in _LAYOUTS.items():
        problem = _layout_problem(case, names, relaid, u)
        if problem:
            raise _mismatch(case, trial, gradients, f"with {layout} inputs {problem}")


def gradients_of(
    function: Callable[..., Any], inputs: Sequence[Any], keywords: dict[str, Any], u: np.ndarray
) -> dict[int, np.ndarray | None]:
    """By position, what `backward(u)` leaves in each floating Tensor among the inputs, or None."""
    tensors = list(inputs)
    for index, value in enumerate(inputs):
        if _is_differentiable(value):
            tensors[index] = type(value)(value.data, requires_grad=True)
    out = function(*tensors, **keywords)
    if out.requires_grad:
        out.backward(type(out)(u))
    found = {index: tensor.grad for index, tensor in enumerate(tensors) if _is_differentiable(tensor)}
    return {index: None if gradient is None else gradient.data for index, gradient in found.items()}


def gradient_case(case: Case, generator: np.random.Generator) -> Case:
    """The case whose output is the gradients of `case` for a random u: it shows mistakes in rules."""
    case = Case(case.function, *_in_float64(case.inputs), **case.keywords)
    return _with_u(case, generator.standard_normal(to_array(case.run()).shape))


def _with_u(case: Case, u: np.ndarray) -> Case:
    @functools.wraps(case.function, updated=())
    def gradients(*inputs: Any, **keywords: Any) -> list[np.ndarray | None]:
        return list(gradients_of(case.function, inputs, keywords, u.copy()).values())

    gradients.__qualname__ = f"vjp({case.name})"  # the place, in the catalogue, of what is on trial
    return Case(gradients, *case.inputs, **case.keywords)


def _in_float64(inputs: Sequence[Any]) -> list[Any]:
    """The inputs with every floating Tensor or array as a float64 Tensor, and all others unchanged."""
    arrays = [is_tensor(value) or isinstance(value, np.ndarray) for value in inputs]
    floating = [array and to_array(value).dtype.kind == "f" for array, value in zip(arrays, inputs, strict=True)]
    if not any(floating):
        return list(inputs)
    tensor = _tensor_class(inputs)
    return [
        tensor(to_array(value).astype(np.float64)) if differentiable else value
        for value, differentiable in zip(inputs, floating, strict=True)
    ]


def _tensor_class(inputs: Sequence[Any]) -> Any:
    """The Tensor class of the given inputs, which a dev file may define itself, else the package's."""
    for value in inputs:
        if is_tensor(value):
            return next((base for base in type(value).__mro__ if base.__name__ == "Tensor"), type(value))
    from tinytorch.core.tensor import (
        Tensor,
    )  # only here: the file that is tested may be the one that makes it

    return Tensor


def _is_differentiable(value: Any) -> bool:
    return is_tensor(value) and value.data.dtype.kind == "f"


def _checked_output(case: Case) -> np.ndarray:
    first, second = case(), case()
    if not is_tensor(first):
        raise TypeError(f"check_gradients: {case.name} must return a Tensor, got {kind(first)}")
    if not np.array_equal(first.data, second.data, equal_nan=True):
        raise ValueError(
            f"check_gradients: {case.name} gives another output each time; put the seed inside, "
            "for example `lambda x: (manual_seed(0), dropout(x))[1]`"
        )
    return first.data


def _value(case: Case, index: int, moved: np.ndarray) -> np.ndarray:
    inputs = list(case.inputs)
    inputs[index] = type(inputs[index])(moved)
    return case.function(*inputs, **case.keywords).data


def _slope(case: Case, index: int, direction: np.ndarray, u: np.ndarray) -> tuple[float, float]:
    """<u, df/dx direction> by a central difference, and how far off the gradient's may be."""
    x = case.inputs[index].data
    ahead = _value(case, index, x + STEP * direction)
    behind = _value(case, index, x - STEP * direction)
    change = (ahead - behind) / (2 * STEP)
    rounding = 20 * np.finfo(np.float64).eps * float(np.linalg.norm(ahead)) / STEP
    # u is normal, so <u, change> is about as large as the norm of change.
    return float((u * change).sum()), RTOL * float(np.linalg.norm(change)) + rounding


def _problem(
    case: Case, index: int, gradient: np.ndarray | None, u: np.ndarray, generator: np.random.Generator
) -> str | None:
    """What is wrong with this gradient, to be read after "the gradient of x"; None if nothing is."""
    x = case.inputs[index].data
    if gradient is not None and gradient.shape != x.shape:
        hint = f"; expected {x.shape}, the shape of the input itself"
        if gradient.ndim >= x.ndim and gradient.size > x.size:
            hint += ". The axes that were broadcast are not summed: unbroadcast is missing"
        return f"has shape {gradient.shape}{hint}"
    if gradient is not None and gradient.dtype != np.float64:
        return f"has dtype {gradient.dtype} for a float64 input; its rule must keep the dtype"
    for _ in range(DIRECTIONS):
        direction = generator.standard_normal(x.shape)
        expected, tolerance = _slope(case, index, direction, u)
        claimed = 0.0 if gradient is None else float((gradient * direction).sum())
        if not abs(claimed - expected) <= tolerance:  # also where one of them is NaN
            return (
                "is missing: backward leaves None" if gradient is None else _blame(case, index, gradient, u, generator)
            )
    return None


def _blame(case: Case, index: int, gradient: np.ndarray, u: np.ndarray, generator: np.random.Generator) -> str:
    """Measure the gradient element by element, or a sample of it, and say how the given one differs."""
    size = gradient.size
    chosen = np.arange(size)
    if size > ELEMENTS:
        sample = generator.choice(size, ELEMENTS, replace=False)
        chosen = np.union1d(sample, _bisect(case, index, gradient, u, generator))
    expected = np.empty(len(chosen))
    for position, element in enumerate(chosen):
        direction = np.zeros(size)
        direction[element] = 1.0
        expected[position] = _slope(case, index, direction.reshape(gradient.shape), u)[0]
    lengths: dict[str, int] = {}
    for name, value in case.arguments.items():
        if is_tensor(value) or isinstance(value, np.ndarray):
            lengths |= {f"the length of axis {axis} of {name}": n for axis, n in enumerate(to_array(value).shape)}
            lengths[f"the number of elements of {name}"] = to_array(value).size
    lengths["the number of elements of the output"] = u.size
    return how_it_is_wrong(gradient, chosen, expected, lengths)


def _bisect(case: Case, index: int, gradient: np.ndarray, u: np.ndarray, generator: np.random.Generator) -> int:
    """The position of one wrong element: the gradient is wrong along a direction in one half, or in the other."""
    start, stop = 0, gradient.size
    while stop - start > 1:
        middle = (start + stop) // 2
        direction = np.zeros(gradient.size)
        direction[start:middle] = generator.choice([-1.0, 1.0], middle - start)  # no element counts for little
        expected, tolerance = _slope(case, index, direction.reshape(gradient.shape), u)
        wrong = not abs(float(gradient.ravel() @ direction) - expected) <= tolerance
        start, stop = (start, middle) if wrong else (middle, stop)
    return start


def _strided(array: np.ndarray) -> np.ndarray:
    """The same values in memory of which every other place is used, axes in reverse order."""
    room = np.zeros((*array.shape[::-1], 2), array.dtype)
    view = room[..., 0].transpose()
    view[...] = array
    return view


def _broadcast(array: np.ndarray) -> np.ndarray:
    """The first entry along the first axis, seen as many times as there were entries; read-only."""
    return np.broadcast_to(array[:1], array.shape) if array.ndim and array.size else array


_LAYOUTS = {"non-contiguous": _strided, "broadcast, read-only": _broadcast}


def _layout_problem(
    case: Case, names: list[str], relaid: Callable[[np.ndarray], np.ndarray], u: np.ndarray
) -> str | None:
    """What changes when the same numbers lie in memory in another way; None if nothing does."""
    arrays = [relaid(value.data) if _is_differentiable(value) else None for value in case.inputs]
    inputs, plain = list(case.inputs), list(case.inputs)
    for index, array in enumerate(arrays):
        if array is not None:
            inputs[index], plain[index] = type(inputs[index])(array), type(inputs[index])(array.copy())
    upstream = relaid(u)
    with np.errstate(all="ignore"):  # equal values may be a kink; the two gradients must agree all the same
        expected = gradients_of(case.function, plain, case.keywords, upstream.copy())
        try:
            found = gradients_of(case.function, inputs, case.keywords, upstream)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            return f"it writes into an array that it was given ({error})"
    for index, want in expected.items():
        got = found[index]
        if (got is None) != (want is None):
            return f"the gradient of {names[index]} comes and goes with the memory layout"
        if got is None or want is None:
            continue
        largest = float(np.abs(want[np.isfinite(want)]).max(initial=0.0))
        if got.shape != want.shape or not close(got, want, 1e-9, 1e-9 * largest).all():
            return f"the gradient of {names[index]} changes, though the numbers are the same"
    return None


def _mismatch(case: Case, trial: Case, gradients: list[np.ndarray | None], problem: str) -> Mismatch:
    from tinytorch.testing.misconceptions import diagnose  # read when something is wrong, not before

    found = diagnose(trial, gradients)
    text = [found.text] if found else []
    text += [f"{case.name}: {problem}", listed(case.arguments)]
    text.append(f"(repeat with {seeding.VARIABLE}={seeding.seed()})")
    return Mismatch("\n".join(text), found, trial)
