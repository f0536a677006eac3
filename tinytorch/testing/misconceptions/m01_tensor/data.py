"""From data to an array, and from an array to a tensor."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception
from tinytorch.testing.text import is_tensor

Array = np.ndarray


def attempt(function: Callable[..., Any], *inputs: Any, **settings: Any) -> Any:
    """What the call returns, or the type of its error: the text of an error is the student's own."""
    try:
        return function(*inputs, **settings)
    except Exception as error:
        return type(error).__name__


# --- to_array ---


@draws("to_array")
def _data(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def conversions(numbers: Array) -> list[Any]:
        tensor = home.Tensor.__new__(home.Tensor)  # whose __init__ is the next exercise
        tensor.data, tensor.requires_grad = numbers, False
        given = [numbers.tolist(), float(numbers[0]), [1, 2], [True], numbers, numbers.astype(np.float32)]
        given += [numbers.astype(np.uint8), numbers[0], tensor]
        arrays = [attempt(home.to_array, data) for data in given]
        for data in (numbers.tolist(), [1, 2], numbers):
            arrays += [attempt(home.to_array, data, dtype) for dtype in (np.float64, np.float32, int)]
        shared = home.to_array(numbers) is numbers, home.to_array(tensor) is numbers
        return [*arrays, *(str(getattr(array, "dtype", array)) for array in arrays), *shared]

    return Case(conversions, generator.uniform(1.0, 9.0, 3))


def _unwrapped(data: Any) -> Any:
    return data.data if is_tensor(data) else data


def _is_numpys(data: Any) -> bool:
    return isinstance(data, (np.ndarray, np.generic))


def _right(data: Any, dtype: Any = None) -> Array:
    """What to_array should return."""
    data = _unwrapped(data)
    return np.asarray(data, np.float32 if dtype is None and not _is_numpys(data) else dtype)


@misconception(
    "to_array",
    name="Python floats become float64",
    belief="np.asarray chooses the dtype.",
    explanation="NumPy makes Python floats float64: twice the memory, half the speed. Here they become float32.",
    hints=(
        "What is np.asarray([1.0]).dtype?",
        "If no dtype was asked for and the data is not NumPy's, np.asarray(data, np.float32).",
    ),
)
def floats_stay_float64(data: Any, dtype: Any = None) -> Array:
    return np.asarray(_unwrapped(data), dtype)


@misconception(
    "to_array",
    name="Python floats become float64, and a tensor is read like a list",
    belief="np.asarray(data, dtype) does it all.",
    explanation="np.asarray makes Python floats float64; here they become float32. A tensor gives its .data itself.",
    hints=(
        "What is np.asarray([1.0]).dtype?",
        "If no dtype was asked for and the data is not NumPy's, np.asarray(data, np.float32).",
    ),
)
def left_to_numpy(data: Any, dtype: Any = None) -> Array:
    return np.asarray(data, dtype)


@misconception(
    "to_array",
    name="NumPy's arrays become float32 as well",
    belief="Everything is float32 in a network.",
    explanation="A NumPy array keeps its dtype: float64 was chosen on purpose, and labels are arrays of integers.",
    hints=("Was the data a list or an array?", "float32 only for not isinstance(data, (np.ndarray, np.generic))."),
)
def everything_float32(data: Any, dtype: Any = None) -> Array:
    return np.asarray(_unwrapped(data), np.float32 if dtype is None else dtype)


@misconception(
    "to_array",
    name="float64 arrays become float32 as well",
    belief="float64 is too much for a network.",
    explanation="A NumPy array keeps its dtype: a float64 array was chosen on purpose, gradient checks need it.",
    hints=("Was the data a list or an array?", "Ask who made the data, not which dtype it has."),
)
def arrays_narrowed(data: Any, dtype: Any = None) -> Array:
    array = _right(data, dtype)
    return array.astype(np.float32) if dtype is None and array.dtype == np.float64 else array


@misconception(
    "to_array",
    name="NumPy's own numbers are taken for Python's",
    belief="Only np.ndarray is NumPy's.",
    explanation="np.float64(1.0) is no array, but it is NumPy's (np.generic), so it keeps its dtype.",
    hints=("What is isinstance(np.float64(1.0), np.ndarray)?", "isinstance(data, (np.ndarray, np.generic))."),
)
def scalars_narrowed(data: Any, dtype: Any = None) -> Array:
    data = _unwrapped(data)
    return np.asarray(data, np.float32 if dtype is None and not isinstance(data, np.ndarray) else dtype)


@misconception(
    "to_array",
    name="the numbers of a tensor become float32",
    belief="A tensor is not a NumPy array, so it becomes float32.",
    explanation="A tensor gives its .data, an array, which keeps its dtype and its memory.",
    hints=("What is to_array(tensor) for a float64 tensor?", "Take data = data.data first if data is a Tensor."),
)
def tensors_narrowed(data: Any, dtype: Any = None) -> Array:
    return np.asarray(_unwrapped(data), np.float32 if dtype is None and not _is_numpys(data) else dtype)


@misconception(
    "to_array",
    name="the array is copied",
    belief="A tensor should own its numbers.",
    explanation="Tensor(array) shares the array's memory: np.asarray copies only where the dtype has to change.",
    hints=("Does your result change when the array does?", "np.asarray, not np.array."),
)
def array_copied(data: Any, dtype: Any = None) -> Array:
    return np.array(_right(data, dtype))


@misconception(
    "to_array",
    name="the dtype that was asked for is ignored",
    belief="The table decides.",
    explanation="The table holds where no dtype was asked for: to_array([1.0], np.float64) is float64.",
    hints=("What does your function do with `dtype`?", "np.asarray(data, dtype); float32 only if dtype is None."),
)
def dtype_ignored(data: Any, dtype: Any = None) -> Array:
    return _right(data)


@misconception(
    "to_array",
    name="a list becomes float32 even where another dtype was asked for",
    belief="A list becomes float32.",
    explanation="It does unless `dtype` says otherwise: to_array([1.0], np.float64) is float64.",
    hints=("What is to_array([1.0], np.float64).dtype?", "The condition begins with `dtype is None and`."),
)
def lists_always_float32(data: Any, dtype: Any = None) -> Array:
    data = _unwrapped(data)
    return np.asarray(data, dtype if _is_numpys(data) else np.float32)


@misconception(
    "to_array",
    name="an array is returned as it is, with another dtype than was asked for",
    belief="An array needs no conversion.",
    explanation="An array keeps its dtype unless another one was asked for: to_array(np.ones(1), np.int64) is int64.",
    hints=("What is to_array(np.ones(1), np.int64).dtype?", "np.asarray(data, dtype) copies only if it has to."),
)
def dtype_of_arrays_ignored(data: Any, dtype: Any = None) -> Array:
    data = _unwrapped(data)
    return data if isinstance(data, np.ndarray) else _right(data, dtype)


@misconception(
    "to_array",
    name="a list of integers or truth values keeps their kind",
    belief="Only floats become float32.",
    explanation="In torch, too, Tensor([1, 2]) holds floats. Labels are integers as np.array([2, 0]), or with a dtype.",
    hints=("What is to_array([1, 2]).dtype?", "np.asarray(data, np.float32), whatever kind of numbers the list holds."),
)
def integers_stay(data: Any, dtype: Any = None) -> Array:
    array = np.asarray(_unwrapped(data), dtype)
    return array if array.dtype.kind != "f" else _right(data, dtype)


# --- Tensor ---


@draws("Tensor.__init__")
def _tensors(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def attributes(numbers: Array) -> list[Any]:
        calls: list[dict[str, Any]] = [{}, {"requires_grad": True}, {"dtype": np.float32}]
        inputs = [(numbers, setting) for setting in calls]
        inputs += [(numbers.astype(np.int64), setting) for setting in calls]
        found: list[Any] = []
        for data, settings in inputs:
            tensor = attempt(home.Tensor, data, **settings)
            facts = [getattr(tensor, name, "missing") for name in ("data", "requires_grad", "grad", "grad_fn")]
            shown = [fact.tolist() if isinstance(fact, np.ndarray) else fact for fact in facts]
            found += [str([type(tensor).__name__, *shown]), str(getattr(facts[0], "dtype", "")), facts[0] is data]
        return found

    return Case(attributes, generator.uniform(1.0, 9.0, 2))


@draws("Tensor.detach")
def _detached(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def detached(numbers: Array) -> list[Any]:
        tensor = home.Tensor(numbers, requires_grad=True)
        tensor.grad_fn = "made by a function"
        out = tensor.detach()
        left = [tensor.requires_grad, tensor.grad_fn is None]
        return [out, out.data is numbers, out.requires_grad, out.grad_fn is None, *left]

    return Case(detached, generator.standard_normal(2))


def _initialise(self: Any, data: Any, requires_grad: bool, dtype: Any) -> None:
    """What Tensor.__init__ should do, without its check."""
    self.data = home(self).to_array(data, dtype)
    self.requires_grad = requires_grad
    self.grad = None
    self.grad_fn = None


def _check(self: Any) -> None:
    if self.requires_grad and self.data.dtype.kind != "f":
        raise TypeError(f"requires_grad: expected a floating dtype, got {self.data.dtype}; pass dtype=np.float32")


@misconception(
    "Tensor.__init__",
    name="integers may require a gradient",
    belief="Any number has a gradient.",
    explanation="A gradient says what a small change does, and an integer has no small change: raise TypeError.",
    hints=(
        "What does Tensor(np.array([1, 2]), requires_grad=True) do?",
        'Raise TypeError if self.data.dtype.kind != "f".',
    ),
)
def integers_require_gradient(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, dtype)


@misconception(
    "Tensor.__init__",
    name="integers are refused although no gradient was asked for",
    belief="A tensor holds floating numbers.",
    explanation="Labels are integers. Only with requires_grad=True the numbers must be floating.",
    hints=(
        "Is Tensor(np.array([1, 2])) an error?",
        'if requires_grad and self.data.dtype.kind != "f": raise TypeError(...).',
    ),
)
def integers_refused(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, True, dtype)
    _check(self)
    self.requires_grad = requires_grad


@misconception(
    "Tensor.__init__",
    name="only float32 numbers may require a gradient",
    belief="Gradients are float32.",
    explanation="Every floating dtype has gradients; gradient checks use float64.",
    hints=("May a float64 tensor require a gradient?", 'Look at dtype.kind, which is "f" for all floating dtypes.'),
)
def float64_refused(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, dtype)
    if requires_grad and self.data.dtype != np.float32:
        raise TypeError(f"requires_grad: expected a floating dtype, got {self.data.dtype}; pass dtype=np.float32")


@misconception(
    "Tensor.__init__",
    name="requires_grad is not kept",
    belief="A new tensor has no gradient, so it requires none.",
    explanation="requires_grad is the caller's choice; grad is None until backward fills it.",
    hints=("What is Tensor([1.0], requires_grad=True).requires_grad?", "self.requires_grad = requires_grad."),
)
def requires_grad_lost(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, dtype)
    _check(self)
    self.requires_grad = False


@misconception(
    "Tensor.__init__",
    name="the gradient starts as zeros",
    belief="A sum of gradients starts from 0.",
    explanation="grad is None until backward has been there: so it is known which tensors have a gradient at all.",
    hints=("What is Tensor([1.0]).grad before backward?", "self.grad = None."),
)
def gradient_starts_as_zeros(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, dtype)
    _check(self)
    self.grad = np.zeros_like(self.data)


@misconception(
    "Tensor.__init__",
    name="the attribute grad_fn is missing",
    belief="Only a result of a function needs grad_fn.",
    explanation="Every tensor has the four attributes; grad_fn is None for a leaf, which no function made.",
    hints=("What is Tensor([1.0]).grad_fn?", "self.grad_fn = None."),
)
def no_grad_fn(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, dtype)
    _check(self)
    del self.grad_fn


@misconception(
    "Tensor.__init__",
    name="the dtype is not passed on",
    belief="to_array(data) finds the dtype.",
    explanation="It does where none was asked for: Tensor([1, 2], dtype=np.float64) is float64.",
    hints=("Where do you use `dtype`?", "to_array(data, dtype)."),
)
def dtype_not_passed_on(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, None)
    _check(self)


@misconception(
    "Tensor.__init__",
    name="the array is copied",
    belief="A tensor should own its numbers.",
    explanation="Tensor(array) shares the array's memory, so that a data set is in memory only once.",
    hints=("Is Tensor(array).data the array itself?", "self.data = to_array(data, dtype), without a copy."),
)
def numbers_copied(self: Any, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
    _initialise(self, data, requires_grad, dtype)
    _check(self)
    self.data = self.data.copy()


@misconception(
    "Tensor.detach",
    name="the tensor itself is returned",
    belief="The numbers are the same, so the tensor is.",
    explanation="The tensor itself still requires a gradient and is recorded: detach returns a new one.",
    hints=("Does your result require a gradient?", "Tensor(self.data) is a leaf with the same numbers."),
)
def itself_returned(self: Any) -> Any:
    return self


@misconception(
    "Tensor.detach",
    name="the tensor itself is changed",
    belief="Detaching switches requires_grad off.",
    explanation="The tensor stays as it is, its gradient is still wanted: detach returns a new tensor beside it.",
    hints=("After y = x.detach(), does x require a gradient?", "Return a new Tensor, and change nothing in self."),
)
def itself_changed(self: Any) -> Any:
    self.requires_grad, self.grad_fn = False, None
    return self


@misconception(
    "Tensor.detach",
    name="the result requires a gradient as the tensor does",
    belief="A copy has the settings of the original.",
    explanation="detach is the way out of the graph: its result requires no gradient.",
    hints=("Which requires_grad has the result?", "Tensor(self.data): requires_grad is False by default."),
)
def gradient_still_required(self: Any) -> Any:
    return type(self)(self.data, self.requires_grad)


@misconception(
    "Tensor.detach",
    name="the result keeps the tensor's grad_fn",
    belief="How it was made does not change.",
    explanation="The result is a leaf: nothing leads back from it, and the graph behind it can be freed.",
    hints=("What is y.detach().grad_fn?", "A new Tensor has grad_fn None: leave it so."),
)
def grad_fn_kept(self: Any) -> Any:
    out = type(self)(self.data)
    out.grad_fn = self.grad_fn
    return out


@misconception(
    "Tensor.detach",
    name="the numbers are copied",
    belief="What is detached is independent.",
    explanation="As in torch, the result shares the memory; it only has no part in the graph.",
    hints=("Is y.detach().data the same array as y.data?", "Tensor(self.data) shares the array."),
)
def memory_copied(self: Any) -> Any:
    return type(self)(self.data.copy())
