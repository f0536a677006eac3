"""Find the mistake that gives this very output."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import types
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinytorch.testing import seeding
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions.places import in_place, places
from tinytorch.testing.text import is_tensor, to_array

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Misconception

DRAWS = 20  # inputs drawn to confirm a mistake or to tell two apart: most of them may be ones on which all agree
TIME_LIMIT = 2.0  # seconds for one diagnosis; a slow case is better left unnamed than waited for
RTOL = 1e-4  # between two computations of one wrong result, in float32 and in any order


class Diagnosis(NamedTuple):
    """The mistakes that explain an output; more than one only where no drawn input tells them apart."""

    entries: tuple[Misconception, ...]

    @property
    def headline(self) -> str:
        """The sentence that names the mistake."""
        return self.entries[0].headline

    @property
    def text(self) -> str:
        """The sentence, and below it the explanation; then the same for what looks exactly alike."""
        return "\nor, which looks the same here:\n".join(f"{e.headline}\n  {e.explanation}" for e in self.entries)


def diagnose(case: Case, got: Any) -> Diagnosis | None:
    """The catalogued mistake that makes `case` give `got` (an output, or the exception that it raised).

    Each entry stands in for the student's function while the case runs again, and is named if the outcome is
    the same, here and on freshly drawn inputs. A mistake in the called function itself comes before one in
    something that it uses; the latter must also agree with the student's function on inputs drawn for that
    function alone, since a stand-in that happens to be right for this case changes nothing in it.
    """
    from tinytorch.testing.misconceptions import catalogue

    entries = sorted(catalogue(), key=lambda entry: not _is_called(entry, case))
    deadline = time.monotonic() + TIME_LIMIT
    generator = np.random.default_rng(seeding.seed())
    with _quiet():
        running = _code_run_by(case)
        entries = [e for e in entries if any(place.function.__code__ in running for place in places(e.where))]
        suspects = [entry for entry in entries if time.monotonic() < deadline and _explains(entry, case, got)]
        fresh = case.drawn(generator)
        if suspects:
            outcome = _outcome(fresh)
            suspects = [entry for entry in suspects if _explains(entry, fresh, outcome)]
        suspects = [entry for entry in suspects if _is_proven(entry, case, generator)]
        if len(suspects) > 1:
            suspects = [entry for entry in suspects if _agrees(entry, generator)] or suspects
    return Diagnosis(tuple(suspects)) if suspects else None


def _code_run_by(case: Case) -> set[types.CodeType]:
    """The code of every function that the case calls: only a mistake in one of them can explain what it gives."""
    seen: set[types.CodeType] = set()

    def note(frame: types.FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        _outcome(case)
    finally:
        sys.setprofile(before)
    return seen


def _is_called(entry: Misconception, case: Case) -> bool:
    """Whether the entry is about what the case calls: the function, its rule, a method of the object."""
    return entry.where[1] == case.name or entry.where[1].startswith(f"{case.name}.")


def _is_proven(entry: Misconception, case: Case, generator: np.random.Generator) -> bool:
    """Whether the outcome can only be this mistake's.

    The called function, replaced as a whole, leaves no student code in the outcome but itself; yet the check may have
    been wrong (its expected values come from another function of the student), and the function right.
    """
    from tinytorch.testing.misconceptions import draw_for

    whole = _is_called(entry, case) and "." not in entry.where[1]
    return (whole and draw_for(entry.where) is None) or _agrees(entry, generator, errors_prove=whole)


def _agrees(entry: Misconception, generator: np.random.Generator, errors_prove: bool = True) -> bool:
    """Whether the student's function and the wrong one do the same on inputs drawn for this place.

    That both fail, each in its way, says nothing. That both fail alike says something only with `errors_prove`: the
    error may come from further down, where both are the same.
    """
    from tinytorch.testing.misconceptions import draw_for

    draw = draw_for(entry.where)
    if draw is None:
        return False
    proven = errors_prove
    for place in places(entry.where):
        for case in (draw(generator, place.home) for _ in range(DRAWS)):
            with in_place(entry.where, entry.wrong):
                wrong = _outcome(case)
            got = _outcome(case)
            both_fail = isinstance(wrong, BaseException) and isinstance(got, BaseException)
            if not both_fail and not alike(wrong, got):
                return False
            proven = proven or not both_fail
    return proven


def _explains(entry: Misconception, case: Case, got: Any) -> bool:
    with in_place(entry.where, entry.wrong) as calls:
        outcome = _outcome(case)
    return calls[0] > 0 and alike(outcome, got)


def _outcome(case: Case) -> Any:
    """What the case gives, or the exception it raises: a mistake may also be known by its error."""
    try:
        return case.run()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit
        return error


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
