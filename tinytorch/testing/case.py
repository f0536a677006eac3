"""A function together with the input it is tried on."""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinytorch.testing import chapters
from tinytorch.testing.text import is_tensor, show, to_array

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Diagnosis


class Mismatch(AssertionError):
    """A failed check, with the diagnosis of the mistake, if it is known, and the case that was tried, if it was one."""

    def __init__(self, message: str, diagnosis: Diagnosis | None = None, case: Case | None = None) -> None:
        super().__init__(message)
        self.diagnosis = diagnosis
        self.case = case


class Case:
    """One call to check.

    `case = Case(conv2d, x, w, stride=2)`, then `assert_close(case(), expected, case=case)`: each `case()`
    runs on fresh copies of the inputs as they were given, and fails by name where the function changes one of
    them. Because a case can be run again, a failed check can put the known mistakes of the catalogue in the
    place of the student's code and say which of them gives this very output.

    function: what is called: a function, a layer object, or a few lines of a test that use what is tested, as
        `def three_steps(weight, gradient): ...` around an optimizer. It is copied too: what has state
        (BatchNorm2d, an optimizer) is best built inside such lines.
    inputs, keywords: its arguments.
    """

    def __init__(self, function: Callable[..., Any], *inputs: Any, **keywords: Any) -> None:
        self.function, self.inputs, self.keywords = copy.deepcopy((function, inputs, keywords))
        self.names = parameter_names(function, len(inputs))  # as written: a diagnosis replaces the function's code

    def __call__(self) -> Any:
        """The output of the function on these inputs.

        Raises Mismatch where the function changed an input, or where it failed as a known mistake does.
        """
        try:
            return self.run()
        except NotImplementedError:
            raise
        except Exception as error:
            from tinytorch.testing.misconceptions import diagnose  # read when something is wrong, not before

            found = diagnose(self, error)
            if found is None:
                error.case = self  # type: ignore[attr-defined]  # for `explain`
                raise
            text = str(error) if isinstance(error, Mismatch) else f"{type(error).__name__}: {error}"
            raise Mismatch(f"{found.text}\n{text}", found, self) from error

    def run(self) -> Any:
        """As `case()`, without a look into the catalogue."""
        function, inputs, keywords = copy.deepcopy((self.function, self.inputs, self.keywords))
        output = function(*inputs, **keywords)
        after = self._named(inputs, keywords)
        for name, before in self.arguments.items():
            if not _same(before, after[name]):
                raise Mismatch(
                    f"{self.name} changes its input {name}; it must leave it as it was\n"
                    f"  before  {show(before)}\n  after   {show(after[name])}"
                )
        return output

    @property
    def name(self) -> str:
        """The function as a student knows it: `conv2d`, `Adam.step`, `MaxPool2d`."""
        name = getattr(self.function, "__qualname__", type(self.function).__qualname__)
        return name.rpartition("<locals>.")[2]

    @property
    def code(self) -> types.CodeType | None:
        """The function's own code, below decorators as `primitive`; of a layer object, its `forward`."""
        function = getattr(type(self.function), "forward", self.function)
        return getattr(inspect.unwrap(function), "__code__", None)

    @property
    def place(self) -> str:
        """The name, and of a student's function the line it stands on: `conv2d (line 120 of spatial_dev.py)`."""
        code = self.code
        place = chapters.place_of(code.co_filename, code.co_firstlineno) if code else None
        if place is None or not place.is_students or self.name.startswith("vjp("):  # whose code is the function's
            return self.name
        return f"{self.name} (line {chapters.definition(place).line} of {place.file.name})"

    @property
    def arguments(self) -> dict[str, Any]:
        """Inputs and keywords by parameter name, in the order of the call."""
        return self._named(self.inputs, self.keywords)

    def drawn(self, generator: np.random.Generator) -> Case:
        """The same call on other numbers: each array drawn anew in its shape, dtype and range."""
        inputs = (_drawn(value, generator) for value in self.inputs)
        return Case(
            self.function,
            *inputs,
            **{name: _drawn(value, generator) for name, value in self.keywords.items()},
        )

    def _named(self, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        return {**dict(zip(self.names, inputs, strict=True)), **keywords}


def parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the first `count` parameters of `function`; `input 0`, ... where it has none."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        parameters = {}.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names += [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]  # primitives take settings in order, as torch
    collected = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "input")
    return names[:count] + [f"{collected} {index}" for index in range(count - len(names))]


def _same(before: Any, after: Any) -> bool:
    if is_tensor(before) or isinstance(before, np.ndarray):
        first, second = to_array(before), to_array(after)
        equal_nan = first.dtype.kind == "f"
        return first.dtype == second.dtype and np.array_equal(first, second, equal_nan=equal_nan)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    return True


def _drawn(value: Any, generator: np.random.Generator) -> Any:
    if is_tensor(value):
        fresh = copy.copy(value)
        fresh.data = _drawn(value.data, generator)
        return fresh
    if hasattr(type(value), "forward"):  # a layer, with other numbers in its tensors and in those of its parts
        fresh = copy.copy(value)
        vars(fresh).update((name, _drawn(item, generator)) for name, item in vars(value).items())
        return fresh
    if type(value) in (list, tuple):
        return type(value)(_drawn(item, generator) for item in value)
    if not isinstance(value, np.ndarray) or value.size == 0:
        return value
    if value.dtype.kind == "f":
        # Positive inputs stay positive: they may be probabilities, variances or the argument of a logarithm.
        low, high = -4.0, 4.0
        if value.min() >= 0:
            low, high = (0.1, 0.9) if value.max() <= 1 else (0.5, 5.0)
        return np.asarray(generator.uniform(low, high, value.shape), value.dtype)
    if value.dtype.kind in "iu":
        return generator.integers(value.min(), value.max(), value.shape, dtype=value.dtype, endpoint=True)
    return generator.random(value.shape) < 0.5 if value.dtype.kind == "b" else value
