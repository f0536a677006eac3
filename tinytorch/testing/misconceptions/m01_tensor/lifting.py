"""From data to an array, from a function of arrays to one of tensors, and the matrix product."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.text import is_tensor

Array = np.ndarray


# --- from data to an array ---


@draws("to_array")
def _data(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def conversions(numbers: Array) -> list[Any]:
        given = [numbers.tolist(), float(numbers[0]), [1, 2], [True], numbers, numbers.astype(np.float32)]
        arrays = [home.to_array(data) for data in given]
        arrays += [home.to_array(numbers.tolist(), dtype) for dtype in (np.float64, np.float32, np.int64)]
        shared = home.to_array(numbers) is numbers
        return [*arrays, *(str(array.dtype) for array in arrays), shared]

    return Case(conversions, generator.standard_normal(3))


@misconception(
    "to_array",
    name="Python floats become float64",
    belief="np.asarray chooses the dtype.",
    explanation="NumPy makes Python floats float64: twice the memory, half the speed. Here they become float32.",
    hints=(
        "What is np.asarray([1.0]).dtype?",
        "If no dtype was asked for and data was no NumPy array, float64 becomes float32: array.astype(np.float32).",
    ),
)
def floats_stay_float64(data: Any, dtype: Any = None) -> Array:
    return np.asarray(data.data if is_tensor(data) else data, dtype)


@misconception(
    "to_array",
    name="float64 arrays become float32 as well",
    belief="Everything is float32 in a network.",
    explanation="A NumPy array keeps its dtype: gradient checks need float64, and whoever made one meant it.",
    hints=("Was the data a list or an array?", "isinstance(data, np.ndarray) tells; only other things are narrowed."),
)
def arrays_narrowed(data: Any, dtype: Any = None) -> Array:
    array = np.asarray(data.data if is_tensor(data) else data, dtype)
    return array.astype(np.float32) if dtype is None and array.dtype == np.float64 else array


@misconception(
    "to_array",
    name="the array is copied",
    belief="A tensor should own its numbers.",
    explanation="Tensor(array) shares the array's memory: np.asarray copies only where the dtype has to change.",
    hints=("Does your result change when the array does?", "np.asarray, not np.array."),
)
def array_copied(data: Any, dtype: Any = None) -> Array:
    return np.array(floats_narrowed(data, dtype))


@misconception(
    "to_array",
    name="the dtype that was asked for is not obeyed",
    belief="Floats become float32, always.",
    explanation="The table holds where nothing was asked for: to_array([1.0], np.float64) is float64.",
    hints=("What does your function do with `dtype`?", "Narrow to float32 only if dtype is None."),
)
def dtype_not_obeyed(data: Any, dtype: Any = None) -> Array:
    return floats_narrowed(data, None)


@misconception(
    "to_array",
    name="float64 is made float32 even where it was asked for",
    belief="A list of floats becomes float32.",
    explanation="It does unless `dtype` says otherwise: to_array([1.0], np.float64) is float64.",
    hints=("When is the array narrowed, and when should it be?", "The condition begins with `dtype is None and`."),
)
def asked_float64_narrowed(data: Any, dtype: Any = None) -> Array:
    array = np.asarray(data.data if is_tensor(data) else data, dtype)
    keep = isinstance(data, np.ndarray) or is_tensor(data) or array.dtype != np.float64
    return array if keep else array.astype(np.float32)


@misconception(
    "to_array",
    name="integers and truth values become float32, too",
    belief="A tensor holds floats.",
    explanation="Labels and indices are integers, masks are truth values: they keep their kind.",
    hints=("Which dtype has np.asarray([1, 2])?", "Only float64 is narrowed; compare array.dtype with np.float64."),
)
def everything_float32(data: Any, dtype: Any = None) -> Array:
    array = np.asarray(data.data if is_tensor(data) else data, dtype)
    return array if dtype is not None or isinstance(data, np.ndarray) else array.astype(np.float32, copy=False)


def floats_narrowed(data: Any, dtype: Any = None) -> Array:
    """What to_array should do, without its errors."""
    array = np.asarray(data.data if is_tensor(data) else data, dtype)
    keep = dtype is not None or isinstance(data, np.ndarray) or is_tensor(data) or array.dtype != np.float64
    return array if keep else array.astype(np.float32)


# --- primitive ---

Remember = Callable[[Any, Any, Any, list[Any], dict[str, Any]], None]


@draws("primitive")
def _lifted(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def weighted(x: Array, y: Array, *, scale: float = 1.0) -> Array:
        return x + scale * y

    def facts(x: Array, y: Array) -> list[Any]:
        lifted = home.primitive(weighted)
        home.primitives.remove(lifted)
        w = home.Tensor(y.astype(np.float32), requires_grad=True)
        pairs = [(x, y), (x.astype(np.float32), y), (x.astype(np.float32), [1] * y.size), ([1] * x.size, [2] * y.size)]
        outs = [lifted(home.Tensor(a), home.Tensor(b)) for a, b in pairs]
        outs += [lifted(w, w, scale=2.0), lifted(home.Tensor(x), w), lifted(w, home.Tensor([1] * y.size))]
        found: list[Any] = [*outs, *(str(out.dtype) for out in outs), *(out.requires_grad for out in outs)]
        for out in outs:
            node = out.grad_fn
            found += (
                [node is None]
                if node is None
                else [node[0] is lifted, any(given is w for given in node[1]), type(node[1][0]).__name__, str(node[2])]
            )
        home.recording.enabled = False
        try:
            found.append(lifted(w, w).grad_fn is None)
        finally:
            home.recording.enabled = True
        return found

    return Case(facts, generator.standard_normal(3), generator.standard_normal(3))


def _settle(result: Any, arrays: list[Array | None]) -> Array:
    """The result as an array, float64 only where a float64 came in."""
    result = np.asarray(result)
    wide = any(array is not None and array.dtype == np.float64 for array in arrays)
    return result.astype(np.float32) if result.dtype == np.float64 and not wide else result


def _wants_gradient(here: Any, out: Any, tensors: list[Any]) -> bool:
    some = any(tensor is not None and tensor.requires_grad for tensor in tensors)
    return bool(here.recording.enabled and out.data.dtype.kind == "f" and some)


def _remember(here: Any, out: Any, function: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
    if _wants_gradient(here, out, tensors):
        out.requires_grad = True
        out.grad_fn = here.Node(function, tuple(tensors), settings)


def _lift(
    function: Callable[..., Any],
    settle: Callable[[Any, list[Array | None]], Array] = _settle,
    remember: Remember = _remember,
) -> Callable[..., Any]:
    """primitive, with another way to make the array or to remember the recipe."""
    here: Any = called_from()
    signature = inspect.signature(function)
    kinds = [p.kind for p in signature.parameters.values()]
    names = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    count = sys.maxsize // 2 if inspect.Parameter.VAR_POSITIONAL in kinds else len(kinds) - len(names)

    @functools.wraps(function)
    def lifted(*inputs: Any, **settings: Any) -> Any:
        in_order = dict(zip(names, inputs[count:], strict=False))
        bound = signature.bind(*inputs[:count], *inputs[count + len(names) :], **in_order, **settings)
        bound.apply_defaults()
        tensors = here.as_tensors(bound.args)
        arrays = [None if tensor is None else tensor.data for tensor in tensors]
        out = here.Tensor(settle(function(*arrays, **bound.kwargs), arrays))
        remember(here, out, lifted, tensors, bound.kwargs)
        return out

    here.primitives.append(lifted)
    return lifted


@misconception(
    "primitive",
    name="the recipe is not kept",
    belief="A result is only its numbers.",
    explanation="If an input requires a gradient, so does the result, and grad_fn says how it was made.",
    hints=(
        "What should (w * 2).grad_fn be when w requires a gradient?",
        "Set out.requires_grad = True and out.grad_fn = Node(lifted, tuple(tensors), settings).",
    ),
)
def recipe_forgotten(function: Callable[..., Any]) -> Callable[..., Any]:
    return _lift(function, remember=lambda here, out, lifted, tensors, settings: None)


@misconception(
    "primitive",
    name="the recipe is kept although nobody asked for a gradient",
    belief="A history cannot hurt.",
    explanation="A kept recipe keeps every input alive: without a wish for gradients memory would never be freed.",
    hints=("Which inputs of x + y require a gradient?", "any(t is not None and t.requires_grad for t in tensors)."),
)
def recipe_always_kept(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        out.requires_grad = _wants_gradient(here, out, tensors)
        out.grad_fn = here.Node(lifted, tuple(tensors), settings)

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="the recipe holds copies of the inputs",
    belief="New tensors with the same numbers are as good as the tensors themselves.",
    explanation="The gradient must reach the very tensor that the caller holds; a copy would swallow it.",
    hints=("Is out.grad_fn.inputs[0] the tensor that was given?", "Node(lifted, tuple(tensors), settings)."),
)
def recipe_holds_copies(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        copies = [t if t is None else here.Tensor(t.data, requires_grad=t.requires_grad) for t in tensors]
        _remember(here, out, lifted, copies, settings)

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="the recipe holds arrays, not tensors",
    belief="The function works on arrays, so arrays are what has to be remembered.",
    explanation="Arrays have no past: from the tensors themselves the walk goes on to what they were made of.",
    hints=("What is out.grad_fn.inputs[0]: a Tensor?", "Keep tuple(tensors), not the arrays."),
)
def recipe_holds_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _remember(here, out, lifted, tensors, settings)
        if out.grad_fn is not None:
            arrays = tuple(t if t is None else t.data for t in tensors)
            out.grad_fn = here.Node(lifted, arrays, settings)

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="the recipe names the array function, not the lifted one",
    belief="function is what was called.",
    explanation="Gradient rules are kept by the lifted function, the one that everybody else knows by its name.",
    hints=("Is out.grad_fn.function the function that a caller calls?", "Node(lifted, ...), not Node(function, ...)."),
)
def recipe_names_array_function(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _remember(here, out, function, tensors, settings)

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="the settings are left out of the recipe",
    belief="Function and inputs are all that is needed.",
    explanation="The gradient of sum(dim=0) is not that of sum(dim=1): the settings are part of how it was made.",
    hints=("What does out.grad_fn.settings hold?", "Node(lifted, tuple(tensors), settings)."),
)
def recipe_without_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        _remember(here, out, lifted, tensors, {})

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="a gradient is wanted only if every input wants one",
    belief="The images need no gradient, so their product with a weight needs none.",
    explanation="One input that requires a gradient is enough: the path to it leads through this result.",
    hints=("Images times weights: who wants a gradient?", "any(...), not all(...)."),
)
def all_inputs_must_want(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        if all(t is None or t.requires_grad for t in tensors):
            _remember(here, out, lifted, tensors, settings)

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="recording goes on although it is switched off",
    belief="requires_grad alone decides.",
    explanation="`recording.enabled` comes first: inside no_grad() nothing is kept.",
    hints=("Where do you look at `recording`?", "if recording.enabled and ..."),
)
def recorded_when_off(function: Callable[..., Any]) -> Callable[..., Any]:
    def remember(here: Any, out: Any, lifted: Any, tensors: list[Any], settings: dict[str, Any]) -> None:
        if out.data.dtype.kind == "f" and any(t is not None and t.requires_grad for t in tensors):
            out.requires_grad = True
            out.grad_fn = here.Node(lifted, tuple(tensors), settings)

    return _lift(function, remember=remember)


@misconception(
    "primitive",
    name="integers turn float32 into float64",
    belief="NumPy knows which dtype the result should have.",
    explanation="float32 + int64 is float64 in NumPy. Here a result is float64 only if a float64 came in.",
    hints=(
        "What is (np.ones(1, np.float32) + np.ones(1, np.int64)).dtype?",
        "If the result is float64 and no input array is: result.astype(np.float32).",
    ),
)
def float64_let_through(function: Callable[..., Any]) -> Callable[..., Any]:
    return _lift(function, settle=lambda result, arrays: np.asarray(result))


@misconception(
    "primitive",
    name="every float becomes float32",
    belief="float64 has no place in a network.",
    explanation="A float64 input gives a float64 result: gradient checks depend on it.",
    hints=("Is one of the input arrays float64?", "Narrow only if none of them is."),
)
def float64_lost(function: Callable[..., Any]) -> Callable[..., Any]:
    def settle(result: Any, arrays: list[Array | None]) -> Array:
        result = np.asarray(result)
        return result.astype(np.float32) if result.dtype == np.float64 else result

    return _lift(function, settle=settle)


# --- the matrix product ---


@draws("matmul")
def _products(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shapes = [((3, 3), (3, 3)), ((2, 3, 3), (2, 3, 3)), ((3,), (3, 3)), ((2, 3), (3, 4)), ((2, 3), (2, 3))]
    inputs = [home.Tensor(generator.standard_normal(shape)) for pair in shapes for shape in pair]

    def products(*tensors: Any) -> list[Any]:
        found: list[Any] = []
        for a, b in zip(tensors[::2], tensors[1::2], strict=True):
            try:
                found.append(home.matmul(a, b))
            except ValueError as error:
                found.append(str(error))
        return found

    return Case(products, *inputs)


def _check_product(a: Array, b: Array) -> None:
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul: expected at least one axis on both sides, got {a.shape} @ {b.shape}; use * instead")
    rows = b.shape[-2 if b.ndim > 1 else 0]
    if a.shape[-1] != rows:
        raise ValueError(
            f"matmul: expected inner sizes to agree, got {a.shape} @ {b.shape}: {a.shape[-1]} columns on the left, "
            f"{rows} rows on the right; is a transpose missing (x @ w.T)?"
        )


@misconception(
    "matmul",
    name="the numbers are multiplied element by element",
    belief="A product of matrices multiplies what stands in the same place.",
    explanation="Entry (i, j) is the sum of row i of a times column j of b.",
    hints=("How many products are in one entry of a 2x2 by 2x2 product? Two.", "a @ b, not a * b."),
)
def element_by_element(a: Array, b: Array) -> Array:
    _check_product(a, b)
    return a * b


@misconception(
    "matmul",
    name="the two matrices stand the other way round",
    belief="A product does not depend on the order.",
    explanation="a @ b takes rows of a and columns of b; b @ a is another matrix.",
    hints=("Whose rows are taken?", "a @ b, in this order."),
)
def operands_swapped(a: Array, b: Array) -> Array:
    _check_product(a, b)
    return b @ a


@misconception(
    "matmul",
    name="rows of a meet rows of b",
    belief="Row by row is how both are read.",
    explanation="Rows of a meet columns of b; with the rows of b the product would be a @ b.T.",
    hints=("Entry (0, 0) is row 0 of a with what of b?", "Nothing is transposed in a @ b."),
)
def rows_meet_rows(a: Array, b: Array) -> Array:
    _check_product(a, b)
    return a @ b.swapaxes(-1, -2) if b.ndim > 1 else a @ b


@misconception(
    "matmul",
    name="every matrix of one batch meets every matrix of the other",
    belief="np.dot is the matrix product.",
    explanation="For more than two axes np.dot pairs all with all; in a batch product like meets like.",
    hints=("What shape has (3, 2, 2) by (3, 2, 2)?", "The @ operator, not np.dot."),
)
def all_pairs_of_batches(a: Array, b: Array) -> Array:
    _check_product(a, b)
    return np.dot(a, b)


@misconception(
    "matmul",
    name="the shapes are left to NumPy to check",
    belief="NumPy's own error will do.",
    explanation="NumPy's error speaks of core dimensions and signatures; ours names both shapes and the way out.",
    hints=("What does your error say for (2, 3) @ (2, 2)?", "Compare a.shape[-1] with b.shape[-2] first, and raise."),
)
def shapes_not_checked(a: Array, b: Array) -> Array:
    return a @ b
