"""From a function of arrays to a function of tensors: unwrap, compute, wrap, record."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.tensor import NUMBERS, number_array
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m01_tensor.data import attempt
from tinytorch.testing.text import is_tensor

Array = np.ndarray


# --- as_tensors ---


@draws("as_tensors")
def _inputs(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def facts(x: Array) -> list[Any]:
        integers = np.array([1, 2])
        known = [home.Tensor(x), home.Tensor(x.astype(np.float32), requires_grad=True), home.Tensor(integers), None]
        numbers = [3, 0.1, np.float64(0.1), True]
        pairs = [[other, number] for other in [*known, x, x.tolist(), integers] for number in numbers]
        found: list[Any] = []
        for inputs in [*pairs, *(pair[::-1] for pair in pairs), [*known, 0.1], known, [x, integers]]:
            outs = attempt(home.as_tensors, inputs)
            found.append(type(outs).__name__)
            for out in outs if isinstance(outs, list) else []:
                place = [out is tensor for tensor in known]
                found += [str(place), type(out).__name__, str(getattr(out, "dtype", "")), _digits(out)]
        return found

    return Case(facts, generator.uniform(1.0, 2.0, 2))


def _digits(tensor: Any) -> str:
    """The first number with so many digits that 0.1 in float32 is not 0.1 in float64."""
    return f"{float(tensor.data.flat[0]):.10g}" if is_tensor(tensor) else ""


def _as_tensors(
    inputs: Any, number: Callable[[Any, list[Any]], Any] = number_array, others: Callable[[Any], Any] = lambda x: x
) -> list[Any]:
    """as_tensors, with another way to turn a number into an array, or something done to tensors."""
    tensor: Any = called_from().Tensor
    found = [x if x is None or is_tensor(x) or isinstance(x, NUMBERS) else tensor(x) for x in inputs]
    dtypes = [x.dtype for x in found if is_tensor(x)]
    return [tensor(number(x, dtypes)) if isinstance(x, NUMBERS) else others(x) for x in found]


@misconception(
    "as_tensors",
    name="a plain number is wrapped without a look at the tensors beside it",
    belief="Tensor(number) is all that is needed.",
    explanation="0.1 alone becomes float32; beside float64 it must keep all its digits, and np.float64 must not widen.",
    hints=(
        "What is (Tensor(np.ones(1)) * 0.1).data? 0.1 with sixteen digits?",
        "number_array(x, dtypes) knows the dtype beside these dtypes.",
    ),
)
def numbers_wrapped_alone(inputs: Any) -> list[Any]:
    return _as_tensors(inputs, number=lambda x, dtypes: x)


@misconception(
    "as_tensors",
    name="every plain number becomes float32",
    belief="Numbers in a network are float32.",
    explanation="Beside integers an integer stays an integer, and beside float64 a float keeps its digits.",
    hints=("What is (Tensor(np.array([1, 2])) + 1).dtype?", "number_array(x, dtypes), not np.float32(x)."),
)
def numbers_float32(inputs: Any) -> list[Any]:
    return _as_tensors(inputs, number=lambda x, dtypes: np.asarray(x, np.float32))


@misconception(
    "as_tensors",
    name="only the first input decides about the dtype of a number",
    belief="The tensor comes first, the number second.",
    explanation="A number may come first, as in 2 * t: the dtypes of all tensors count.",
    hints=("What are the dtypes in 0.1 * t?", "dtypes = [t.dtype for t in tensors if isinstance(t, Tensor)]."),
)
def first_dtype_only(inputs: Any) -> list[Any]:
    first = [inputs[0].dtype] if is_tensor(inputs[0]) else []
    return _as_tensors(inputs, number=lambda x, dtypes: number_array(x, first))


@misconception(
    "as_tensors",
    name="arrays and lists beside a number are not looked at",
    belief="Only tensors have a dtype that counts.",
    explanation="An array becomes a tensor too, and its dtype counts: wrap arrays and lists first, numbers afterwards.",
    hints=("Which dtypes do you collect in 0.1 * np.ones(2)?", "Wrap arrays first, then collect the dtypes."),
)
def arrays_not_looked_at(inputs: Any) -> list[Any]:
    known = [x.dtype for x in inputs if is_tensor(x)]
    return _as_tensors(inputs, number=lambda x, dtypes: number_array(x, known))


@misconception(
    "as_tensors",
    name="None is wrapped, too",
    belief="Everything that is not a tensor becomes one.",
    explanation="None says that an input was not given, such as a missing bias: it stays None.",
    hints=("What does your function make of None?", "x if x is None or isinstance(x, Tensor) else Tensor(x)."),
)
def none_wrapped(inputs: Any) -> list[Any]:
    tensor: Any = called_from().Tensor
    return _as_tensors([tensor(x) if x is None else x for x in inputs])


@misconception(
    "as_tensors",
    name="tensors are wrapped in new tensors",
    belief="Tensor(x) of a tensor is that tensor.",
    explanation="Tensor(x) is a new leaf that requires no gradient: the tensors themselves must stay.",
    hints=("Is as_tensors((w, w))[0] the tensor w?", "Return a tensor as it is."),
)
def tensors_wrapped_again(inputs: Any) -> list[Any]:
    tensor: Any = called_from().Tensor
    return _as_tensors(inputs, others=lambda x: x if x is None else tensor(x.data))


# --- compute ---


@draws("compute")
def _calls(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def weighted(x: Array, y: Array | None = None, *, scale: int = 1) -> Array:
        return x if y is None else -y if x is None else x + scale * y

    def facts(x: Array) -> list[Any]:
        lifted, greater = home.primitive(weighted), home.primitive(lambda x, y, *, scale: x > y)
        del home.primitives[-2:]
        known = [home.Tensor(array) for array in (x, x.astype(np.float32), np.array([1, 2, 3]))]
        known.append(home.Tensor(2 * x.astype(np.float32), requires_grad=True))
        found: list[Any] = []

        def add(function: Any, inputs: list[Any]) -> None:
            out = attempt(home.compute, function, inputs, {"scale": 2})
            found.append(out)
            if not is_tensor(out):
                return
            found.extend([str(out.dtype), out.requires_grad, out.grad_fn is None])
            if out.grad_fn is not None:
                recorded, inputs, settings = out.grad_fn
                places = [[value is tensor for tensor in known] for value in inputs]
                kinds = [type(value).__name__ for value in inputs]
                found.extend([recorded is function, str(places), str(kinds), str(settings)])

        for a in (*known, None):
            for b in known:
                add(lifted, [a, b])
                add(lifted, [b, None])
        add(greater, [known[3], known[1]])
        home.recording.enabled = False
        try:
            add(lifted, [known[3], known[3]])
        finally:
            home.recording.enabled = True
        return found

    return Case(facts, generator.uniform(1.0, 2.0, 3))


Record = Callable[[Any, Any, Any, list[Any], dict[str, Any]], None]


def _is_wanted(here: Any, out: Any, tensors: list[Any]) -> bool:
    some = any(tensor is not None and tensor.requires_grad for tensor in tensors)
    return bool(here.recording.enabled and out.data.dtype.kind == "f" and some)


def _record(here: Any, out: Any, function: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
    if _is_wanted(here, out, tensors):
        out.requires_grad = True
        out.grad_fn = here.Node(function, tuple(tensors), settings)


def _compute(
    lifted: Any,
    tensors: list[Any],
    settings: dict[str, Any],
    record: Record = _record,
    used_settings: dict[str, Any] | None = None,
) -> Any:
    """compute, with another record, or other settings in the call."""
    here: Any = called_from()
    arrays = [None if tensor is None else tensor.data for tensor in tensors]
    result = lifted.__wrapped__(*arrays, **(settings if used_settings is None else used_settings))
    out = here.Tensor(np.asarray(result))
    record(here, out, lifted, tensors, settings)
    return out


@misconception(
    "compute",
    name="the result is not recorded",
    belief="A result is only its numbers.",
    explanation="If an input requires a gradient, so does the result, and grad_fn says how it was made.",
    hints=(
        "What should (w * 2).grad_fn be when w requires a gradient?",
        "Set out.requires_grad = True and out.grad_fn = Node(lifted, tuple(tensors), settings).",
    ),
)
def not_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    return _compute(lifted, tensors, settings, record=lambda *_: None)


@misconception(
    "compute",
    name="inputs that are None are left out",
    belief="None is nothing, so the function need not get it.",
    explanation="What stands behind a None would move into its place. None stays None.",
    hints=("What does f(None, x) get as its first argument?", "[None if t is None else t.data for t in tensors]."),
)
def none_left_out(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    here: Any = called_from()
    out = here.Tensor(np.asarray(lifted.__wrapped__(*(t.data for t in tensors if t is not None), **settings)))
    _record(here, out, lifted, tensors, settings)
    return out


@misconception(
    "compute",
    name="the result requires a gradient and has no grad_fn",
    belief="requires_grad=True is the record.",
    explanation="Without grad_fn the result looks like a leaf, and backward stops there: set both.",
    hints=("What is (w * 2).grad_fn?", "out.grad_fn = Node(lifted, tuple(tensors), settings)."),
)
def no_node(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        out.requires_grad = _is_wanted(here, out, tensors)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the result is recorded and does not require a gradient",
    belief="grad_fn says it all.",
    explanation="The next function asks the result for requires_grad: where it is False, the record ends there.",
    hints=("Does w * 2 require a gradient when w does?", "out.requires_grad = True, beside grad_fn."),
)
def requires_grad_not_set(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _record(here, out, lifted, tensors, settings)
        out.requires_grad = False

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the result is recorded although no input requires a gradient",
    belief="A record cannot hurt.",
    explanation="A record keeps every input in memory: without a wish for gradients nothing would ever be freed.",
    hints=("Which inputs of x + y require a gradient?", "any(t is not None and t.requires_grad for t in tensors)."),
)
def always_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        out.requires_grad = _is_wanted(here, out, tensors)
        out.grad_fn = here.Node(lifted, tuple(tensors), settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="copies of the inputs are recorded",
    belief="New tensors with the same numbers are as good as the tensors themselves.",
    explanation="The gradient must reach the very tensor that the caller has, not a copy of it.",
    hints=("Is out.grad_fn.inputs[0] the tensor that was given?", "Node(lifted, tuple(tensors), settings)."),
)
def copies_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        copies = [t if t is None else here.Tensor(t.data, requires_grad=t.requires_grad) for t in tensors]
        _record(here, out, lifted, copies, settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="arrays are recorded, not tensors",
    belief="The function works on arrays, so arrays are what has to be remembered.",
    explanation="An array does not know how it was made: backward goes on from the tensors themselves.",
    hints=("What is out.grad_fn.inputs[0]: a Tensor?", "Keep tuple(tensors), not the arrays."),
)
def arrays_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _record(here, out, lifted, tensors, settings)
        if out.grad_fn is not None:
            arrays = tuple(t if t is None else t.data for t in tensors)
            out.grad_fn = here.Node(lifted, arrays, settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the array function is recorded, not the lifted one",
    belief="The function that computed is the one to remember.",
    explanation="Gradient rules belong to the lifted function, the one that everybody else knows by its name.",
    hints=("Is out.grad_fn.function the function that a caller calls?", "Node(lifted, tuple(tensors), settings)."),
)
def array_function_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _record(here, out, lifted.__wrapped__, tensors, settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the settings are left out of the record",
    belief="Function and inputs are all that is needed.",
    explanation="The gradient of sum(dim=0) is not that of sum(dim=1): the settings are part of how it was made.",
    hints=("What does out.grad_fn.settings hold?", "Node(lifted, tuple(tensors), settings)."),
)
def settings_not_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _record(here, out, lifted, tensors, {})

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the settings do not reach the function",
    belief="The arrays are all that a function needs.",
    explanation="Settings such as dim=0 change the result: pass them on with **settings.",
    hints=("What is your sum(x, dim=0)?", "lifted.__wrapped__(*arrays, **settings)."),
)
def settings_not_passed_on(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    return _compute(lifted, tensors, settings, used_settings={})


@misconception(
    "compute",
    name="the result is recorded only if every input requires a gradient",
    belief="The images need no gradient, so their product with a weight needs none.",
    explanation="One input that requires a gradient is enough: the path to it leads through this result.",
    hints=("Images times weights: which of the two requires a gradient?", "any(...), not all(...)."),
)
def every_input_must_require(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        if all(t is None or t.requires_grad for t in tensors):
            _record(here, out, lifted, tensors, settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the result is recorded only if the first input requires a gradient",
    belief="The first input is what a function computes with.",
    explanation="In x * w it is the second: any input that requires a gradient is enough.",
    hints=("Images times weights: which of the two requires a gradient?", "any(... for t in tensors)."),
)
def first_input_must_require(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        if tensors[0].requires_grad:
            _record(here, out, lifted, tensors, settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="the result is recorded while recording is disabled",
    belief="requires_grad alone decides.",
    explanation="`recording.enabled` comes first: inside no_grad() (module 05) nothing is recorded.",
    hints=("Where do you look at `recording`?", "if recording.enabled and ..."),
)
def recorded_when_disabled(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        if out.data.dtype.kind == "f" and any(t is not None and t.requires_grad for t in tensors):
            out.requires_grad = True
            out.grad_fn = here.Node(lifted, tuple(tensors), settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="a result of integers or truth values is recorded, too",
    belief="Every result of w has a gradient.",
    explanation="Where a result is not floating, as that of w > 0 or of argmax, there is no gradient to record.",
    hints=("Does the position of the largest number have a gradient?", 'result.dtype.kind == "f" is a condition.'),
)
def integers_recorded(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    def record(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        if here.recording.enabled and any(t is not None and t.requires_grad for t in tensors):
            out.requires_grad = True
            out.grad_fn = here.Node(lifted, tuple(tensors), settings)

    return _compute(lifted, tensors, settings, record=record)


@misconception(
    "compute",
    name="None is taken for a tensor",
    belief="Every input has .data.",
    explanation="An input may be None, such as a missing bias: it has no .data and requires no gradient.",
    hints=("What is None.data?", "None if t is None else t.data."),
)
def none_unwrapped(lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> Any:
    for tensor in tensors:
        tensor.data  # noqa: B018
    return _compute(lifted, tensors, settings)
