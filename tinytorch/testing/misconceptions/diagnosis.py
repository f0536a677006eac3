"""Find the mistake that gives this very output."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinytorch.testing import seeding
from tinytorch.testing.case import Case, Mismatch
from tinytorch.testing.misconceptions.parameters import forgotten_parameters
from tinytorch.testing.misconceptions.places import Call, Place, in_place, places
from tinytorch.testing.text import is_tensor, to_array

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Misconception

DRAWS = 20  # inputs drawn to confirm a mistake or to tell two apart: most of them may be ones on which all agree
CALLS = 5  # the same for a layer, whose call in the case is drawn again: as large as it was, and no accident
TIME_LIMIT = 2.0  # seconds for one diagnosis; a slow case is better left unnamed than waited for
RTOL = 1e-4  # between two computations of one wrong result, in float32 and in any order


_is_running = False  # a case that is tried may diagnose others: once is enough


class Diagnosis(NamedTuple):
    """The mistakes that explain an output; more than one only where no drawn input tells them apart."""

    entries: tuple[Misconception, ...]
    code: types.CodeType | None  # of the function that holds the mistake

    @property
    def headline(self) -> str:
        """The sentence that names the mistake."""
        return self.entries[0].headline

    @property
    def text(self) -> str:
        """The sentence, and below it the explanation; then the same for what looks exactly alike."""
        return "\nor, which looks the same here:\n".join(f"{e.headline}\n  {e.explanation}" for e in self.entries)

    @property
    def hints(self) -> tuple[str, ...]:
        return self.entries[0].hints


class Calls(NamedTuple):
    """How a case called one function."""

    callers: set[types.CodeType]  # all that were running when it was called first
    last: int  # the number of its last call


class Trace(NamedTuple):
    """What a case ran."""

    calls: dict[types.CodeType, Calls]
    layers: list[Any]  # those that were made


def diagnose(case: Case, got: Any) -> Diagnosis | None:
    """The catalogued mistake that makes `case` give `got` (an output, or the exception that it raised).

    Each entry stands in for the student's function while the case runs again, and is named if the outcome is the same,
    here and on freshly drawn inputs. A mistake in the called function itself comes first, then those of the outer
    functions, then of the inner ones. One in a function that is not the called one must also agree with the student's
    on inputs drawn for that function alone, since a stand-in that happens to be right for this case changes nothing.

    Where no entry explains it, it may be a Tensor in the place of a Parameter.
    """
    global _is_running
    if _is_running or TIME_LIMIT <= 0:
        return None
    _is_running = True
    try:
        with _quiet():
            return _diagnose(case, got, time.monotonic() + TIME_LIMIT)
    finally:
        _is_running = False


def diagnose_test(test: Callable[[], None], error: BaseException, seconds: float) -> Diagnosis | None:
    """The mistake that makes a test end in this error.

    Where no `Case` of the test has named it, the whole test is the case, if it is quick. seconds: of processor time.
    """

    def outcome() -> list[str]:
        seeding.restart()
        try:
            test()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit
            return told(error)
        return []

    def told(error: BaseException) -> list[str]:
        return [type(error).__name__, str(error)]

    if isinstance(error, Mismatch) and error.diagnosis:
        return error.diagnosis
    if seconds > TIME_LIMIT / 4 or isinstance(error, NotImplementedError):
        return None
    return diagnose(Case(outcome), told(error))


def _diagnose(case: Case, got: Any, deadline: float) -> Diagnosis | None:
    from tinytorch.testing.misconceptions import catalogue

    generator = np.random.default_rng(seeding.seed())
    trace = trace_of(case)
    code = {
        entry: place.function.__code__
        for entry in catalogue()
        for place in reversed(places(entry.where))
        if place.function.__code__ in trace.calls
    }

    def rank(entry: Misconception) -> tuple[bool, int]:
        return not _is_called(entry, case), len(trace.calls[code[entry]].callers)

    for entries in _by_layers(sorted(code, key=rank), case, got):
        suspects = _explaining(entries, case, got, generator, deadline)
        if suspects:
            return Diagnosis(tuple(suspects), code[suspects[0]])
    if time.monotonic() < deadline:
        for forgotten in forgotten_parameters(trace.layers):
            with forgotten.put_right():
                outcome = _outcome(case)
            if not alike(outcome, got):
                return Diagnosis((forgotten.entry,), forgotten.function.__code__)
    return None


def trace_of(case: Case) -> Trace:
    """What the case runs: only a mistake in one of these functions can explain what it gives."""
    trace = Trace({}, [])
    running: list[types.CodeType] = []
    number = 0

    def note(frame: types.FrameType, event: str, _: Any) -> None:
        nonlocal number
        if event == "call":
            number += 1
            callers = trace.calls[frame.f_code].callers if frame.f_code in trace.calls else set(running)
            trace.calls[frame.f_code] = Calls(callers, number)
            running.append(frame.f_code)
        elif event == "return":
            running[-1:] = []
            if frame.f_code.co_name == "__init__" and frame.f_code.co_argcount:
                made = frame.f_locals.get(frame.f_code.co_varnames[0])
                trace.layers.extend([made] if hasattr(type(made), "parameters") else [])

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        _outcome(case)
    finally:
        sys.setprofile(before)
    return trace


def _by_layers(entries: list[Misconception], case: Case, got: Any) -> tuple[list[Misconception], list[Misconception]]:
    """The mistakes of the layers in which one is made; then all that are not a layer's.

    A layer is right if the case gives the same with the declared forward in its place: its function may be wrong.
    """
    wrong = []
    for layer in dict.fromkeys(entry.layer for entry in entries if entry.layer):
        with in_place(layer.where, layer.forward):
            outcome = _outcome(case)
        wrong += [layer] if not alike(outcome, got) else []
    return [entry for entry in entries if entry.layer in wrong], [entry for entry in entries if not entry.layer]


def _explaining(
    entries: list[Misconception], case: Case, got: Any, generator: np.random.Generator, deadline: float
) -> list[Misconception]:
    """The entries that explain what the case gives; several only where nothing tells them apart."""
    calls = {}
    for entry in entries:
        if time.monotonic() < deadline and (call := _explains(entry, case, got)):
            calls[entry] = call
    fresh = case.drawn(generator)
    suspects = list(calls)
    if suspects:
        outcome = _outcome(fresh)
        suspects = [entry for entry in suspects if _explains(entry, fresh, outcome)]
    suspects = [entry for entry in suspects if _is_proven(entry, case, calls[entry], generator)]
    if len(suspects) > 1:
        suspects = [entry for entry in suspects if _agrees(entry, generator, calls[entry])] or suspects
    return suspects


def _is_called(entry: Misconception, case: Case) -> bool:
    """Whether the entry is about what the case calls: the function, its rule, a method of the object."""
    return entry.where[1] == case.name or entry.where[1].startswith(f"{case.name}.")


def _is_proven(entry: Misconception, case: Case, call: Call, generator: np.random.Generator) -> bool:
    """Whether the outcome can only be this mistake's; call: one of the function's in the case.

    The called function, replaced as a whole, leaves no student code in the outcome but itself; yet the check may have
    been wrong (its expected values come from another function of the student), and the function right.
    """
    from tinytorch.testing.misconceptions import draw_for

    whole = _is_called(entry, case) and "." not in entry.where[1]
    return (whole and draw_for(entry.where) is None) or _agrees(entry, generator, call, errors_prove=whole)


def _agrees(
    entry: Misconception, generator: np.random.Generator, call: Call | None = None, errors_prove: bool = True
) -> bool:
    """Whether the student's function and the wrong one do the same on inputs drawn for this place.

    For a layer's forward whose file draws none, they are those of the call, with other numbers in them.

    That both fail, each in its way, says nothing. That both fail alike says something only with `errors_prove`: the
    error may come from further down, where both are the same.
    """
    from tinytorch.testing.misconceptions import draw_for

    draw = draw_for(entry.where)
    if draw is None and not (entry.layer and call):
        return False

    def trial(place: Place) -> Case:
        if draw:
            return draw(generator, place.home)
        assert call is not None
        return Case(place.function, *call.inputs, **call.settings).drawn(generator)

    proven = errors_prove
    for place in places(entry.where):
        for case in (trial(place) for _ in range(DRAWS if draw else CALLS)):
            with in_place(entry.where, entry.wrong):
                wrong = _outcome(case)
            got = _outcome(case)
            if isinstance(got, NotImplementedError):
                return False  # what is not written yet hides what the function does
            both_fail = isinstance(wrong, BaseException) and isinstance(got, BaseException)
            if not both_fail and not alike(wrong, got):
                return False
            proven = proven or not both_fail
    return proven


def _explains(entry: Misconception, case: Case, got: Any) -> Call | None:
    """A call of the function in the case, if the case gives `got` with the wrong one in its place."""
    with in_place(entry.where, entry.wrong) as calls:
        outcome = _outcome(case)
    return calls[0] if calls and alike(outcome, got) else None


def _outcome(case: Case) -> Any:
    """What the case gives, or the exception it raises: a mistake may also be known by its error.

    Whether tensors record is afterwards as before: a wrong `no_grad` would change all that is tried after it.
    """
    modules = (sys.modules.get(name) for name in ("__main__", "tinytorch.core.tensor"))
    found = (getattr(module, "recording", None) for module in modules)
    before = [(recording, recording.enabled) for recording in found if recording]
    try:
        return case.run()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit
        return error
    finally:
        for recording, enabled in before:
            recording.enabled = enabled


def alike(first: Any, second: Any) -> bool:
    """Whether two outcomes are the same up to rounding; exceptions by type and text."""
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(alike, first, second))
    if isinstance(first, BaseException) or isinstance(second, BaseException):
        return type(first) is type(second) and str(first) == str(second)
    if not all(
        is_tensor(value) or isinstance(value, (np.ndarray, np.generic, int, float)) for value in (first, second)
    ):
        return type(first) is type(second) and bool(first == second)
    a, b = to_array(first), to_array(second)
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return bool(np.array_equal(a, b))
    a, b = a.astype(np.float64), b.astype(np.float64)
    largest = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    return bool(np.allclose(a, b, rtol=RTOL, atol=RTOL * largest, equal_nan=True))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Trying mistakes prints nothing and warns of nothing: they divide by zero and the like."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
