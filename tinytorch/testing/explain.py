"""Say in one sentence what went wrong in a check, and where a student looks for it.

All lines are those of dev files, whichever file ran. The place is in one of the student's functions: the one that the
diagnosis names; else the one that the traceback was last in, of this exercise if there is one, or of this chapter; else
the one that the failed `Case` is about, or the last that it called; else one that the failing statement names; else the
first of the exercise.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinytorch.support.tensor import TensorMethods
from tinytorch.testing import chapters
from tinytorch.testing.case import Case, Mismatch
from tinytorch.testing.chapters import Place
from tinytorch.testing.text import kind, listed, show

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Diagnosis


class Failure(NamedTuple):
    """How a check ended: `status` is "failed" or "not written"; `place` is where a student looks, if it is known."""

    status: str
    message: str
    place: Place | None
    diagnosis: Diagnosis | None = None


class _Check(NamedTuple):
    """A check that failed: an inline test of a chapter, or a test of pytest, which has no `exercise`."""

    chapter: Path | None
    exercise: Place | None
    holds: Callable[[types.FrameType], bool]  # whether a frame is of the check's own file
    root: Path | None = None  # of the course, for a test of pytest


class _Frame(NamedTuple):
    frame: types.FrameType
    line: int

    @property
    def file(self) -> str:
        return self.frame.f_code.co_filename

    @property
    def place(self) -> Place | None:
        return chapters.place_of(self.file, self.line)

    @property
    def source(self) -> str:
        return linecache.getline(self.file, self.line, self.frame.f_globals).strip()

    @property
    def module(self) -> str:
        return str(self.frame.f_globals.get("__name__", "?"))


def explain(error: BaseException, test: Callable[..., Any], diagnosis: Diagnosis | None) -> Failure:
    """The failure of an inline test, told from `error`: the function and the line at fault, not a traceback."""
    place = chapters.place_of(test.__code__.co_filename, test.__code__.co_firstlineno)
    chapter = place.file if place else None
    exercise = chapters.exercise(chapter, test.__name__) if chapter else None
    return _explain(error, diagnosis, _Check(chapter, exercise, lambda frame: frame.f_globals is test.__globals__))


def explain_in_pytest(error: BaseException, root: Path, diagnosis: Diagnosis | None) -> Failure:
    """As `explain`, for a test of pytest in the course at `root`; the chapter is told from the test's folder."""
    tests = root / "tests"
    files = [Path(frame.file) for frame in _frames(error) if Path(frame.file).is_relative_to(tests)]
    folders = [root / "modules" / file.relative_to(tests).parts[0] for file in files[:1]]
    chapter = next((file.resolve() for folder in folders for file in folder.glob("*_dev.py")), None)
    in_tests = _Check(chapter, None, lambda frame: Path(frame.f_code.co_filename).is_relative_to(tests), root)
    return _explain(error, diagnosis, in_tests)


def definition(code: types.CodeType | None) -> Place | None:
    """The `def` line of a function of a chapter, or of the one around it."""
    place = chapters.place_of(code.co_filename, code.co_firstlineno) if code else None
    return chapters.definition(place) if place else None


def _explain(error: BaseException, diagnosis: Diagnosis | None, check: _Check) -> Failure:
    raised = _frames(error)
    cause = error.__cause__ if isinstance(error, Mismatch) else None  # what the student's function raised in a Case
    frames = raised + (_frames(cause) if cause else [])
    exercise = check.exercise.exercise if check.exercise else ""
    place = chapters.innermost((frame.place for frame in frames), check.chapter, exercise)
    unwritten = raised[-1].place if isinstance(error, NotImplementedError) and raised else None
    if unwritten:
        at = f"line {unwritten.line}" if unwritten.file == check.chapter else unwritten.shown
        message = f"{unwritten.name} is not written yet ({at})"
        return Failure("not written", message, unwritten if unwritten.is_students else place or check.exercise)
    if isinstance(error, AssertionError) and raised and _is_claim(raised[-1], check):
        message = (str(error) or _false_assertion(raised[-1])) + _of_check(raised, check)
    else:
        message = _sentence(error, frames, place, check)
    if diagnosis and not message.startswith(diagnosis.headline):
        message = f"{diagnosis.text}\n{message}"
    blamed = definition(diagnosis.code) if diagnosis else None
    looked_at = blamed if blamed and blamed.is_students else _look_at(error, frames, place, check)
    return Failure("failed", message, looked_at, diagnosis)


def _frames(error: BaseException) -> list[_Frame]:
    frames, traceback = [], error.__traceback__
    while traceback is not None:
        frames.append(_Frame(traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def _is_claim(frame: _Frame, check: _Check) -> bool:
    """Whether an assertion failed in a check, or in one of our comparisons, whose message needs no more said."""
    students = frame.place is not None and frame.place.is_students
    return frame.module.startswith("tinytorch.testing") or (check.holds(frame.frame) and not students)


def _of_check(frames: list[_Frame], check: _Check) -> str:
    """The line of the test, which may have called a helper beside it, to be read below what it says."""
    holding = [frame for frame in frames if check.holds(frame.frame)]
    own = [frame for frame in holding if frame.place is None or _is_test(frame, check)] or holding
    if not own:
        return ""
    file = f"{Path(own[-1].file).relative_to(check.root).as_posix()}:" if check.root else "line "
    return f"\n(the check, {file}{own[-1].line}: {own[-1].source})"


def _where(place: Place, check: _Check) -> str:
    """`conv2d on line 412`; where another chapter has it, `reshape (modules/01_tensor/tensor_dev.py:300)`."""
    return f"{place.name} on line {place.line}" if place.file == check.chapter else f"{place.name} ({place.shown})"


# --- the sentence ---


def _sentence(error: BaseException, frames: list[_Frame], place: Place | None, check: _Check) -> str:
    """What was raised, in which function, on which line."""
    case = getattr(error, "case", None)
    called = [frame for frame in reversed(frames) if frame.place and not _is_test(frame, check)]
    teller = next((frame for frame in called if frame.place == place or not (place or case)), None)
    told = teller.place if teller else None
    who = _where(told, check) if told else case.place if case else "the check"
    if isinstance(error, SystemExit):
        culprit = "it" if told or case else "it called code that"
        return f"{who}: {culprit} called sys.exit; a function returns its result instead"
    if isinstance(error, RecursionError):
        return f"{who}: calls itself without end, or more often than Python allows ({sys.getrecursionlimit():,} times)"
    text = f"{who}: {type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, AttributeError) and _is_no_tensor(error):
        # `x.data`, read of an array that should be a tensor, is a memoryview.
        came = "a NumPy array" if isinstance(error.obj, memoryview) else kind(error.obj)
        text += f"\na Tensor belongs here, and {came} came"
    if isinstance(error, TypeError) and "array(None, dtype=object)" in text:
        text = text.partition(" data: ")[0] + " None came where numbers belong; is a `return` missing?"
    elif (teller or case) and frames[-1] != teller:
        text += f"\nraised inside {_inside(frames[-1], check)}"
    text += f"\nthe line:  {teller.source}" if teller and teller.source else ""
    return text + (f"\n{listed(case.arguments)}" if case and case.arguments else "")


def _is_no_tensor(error: AttributeError) -> bool:
    """Whether something that a tensor has was looked for in an array, a list or a tuple."""
    wanted = error.name in {*dir(TensorMethods), "data", "requires_grad", "grad", "grad_fn"}
    return wanted and isinstance(error.obj, np.ndarray | memoryview | list | tuple)


def _is_test(frame: _Frame, check: _Check) -> bool:
    """Whether the frame is one of the test itself, of what is defined in it, or of the file around it."""
    place = frame.place
    return check.holds(frame.frame) and (place is None or place.function is None or place.function.is_test)


def _inside(frame: _Frame, check: _Check) -> str:
    if frame.place:
        return _where(frame.place, check)
    package = frame.module.partition(".")[0]
    return f"{frame.module}, {frame.frame.f_code.co_name}" if package == "tinytorch" else package


def _false_assertion(frame: _Frame) -> str:
    """For `assert a.shape == (2, 3)` without a message: the expression, and its left side's value."""
    found = [node for node in _around(frame, ast.Assert) if isinstance(node, ast.Assert)]
    if not found:
        return f"does not hold: {frame.source}"
    test = found[-1].test
    text = f"does not hold: {ast.unparse(test)}"
    if isinstance(test, ast.Compare) and _harmless(test.left):
        code = compile(ast.Expression(test.left), frame.file, "eval")
        value = eval(code, frame.frame.f_globals, frame.frame.f_locals)
        text += f"\n{ast.unparse(test.left)} is {show(value)}"
    return text


def _around(frame: _Frame, kind: type[ast.stmt]) -> list[ast.stmt]:
    """The statements of this kind on the frame's line, outermost first."""
    try:
        tree = ast.parse("".join(linecache.getlines(frame.file, frame.frame.f_globals)))
    except SyntaxError:  # the file was changed while it ran
        return []
    found = [node for node in ast.walk(tree) if isinstance(node, kind)]
    return [node for node in found if node.lineno <= frame.line <= (node.end_lineno or node.lineno)]


def _harmless(node: ast.AST) -> bool:
    """Whether a second evaluation runs no call: names, attributes, subscripts and constants only."""
    allowed = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.Slice, ast.Load)
    return all(isinstance(part, allowed) for part in ast.walk(node))


# --- the place ---


def _look_at(error: BaseException, frames: list[_Frame], raised_in: Place | None, check: _Check) -> Place | None:
    """Where a student looks for a mistake that has no name; raised_in: the traceback's last line of theirs."""
    if raised_in:
        return raised_in
    case = getattr(error, "case", None)
    own = [frame for frame in reversed(frames) if check.holds(frame.frame)]
    ways: list[Callable[[], Iterable[Place | None]]] = [lambda: _run_by(case, check)] if case else []
    ways += [partial(_named_in, frame, _around(frame, ast.stmt)[-1:]) for frame in own]
    ways += [partial(_named_in, frame, _around(frame, ast.FunctionDef)[:1]) for frame in own]
    for way in ways:
        places = [place for place in way() if place and _may_be_at_fault(place, check)]
        if places:
            return min(places, key=lambda place: place.file != check.chapter)
    return check.exercise or chapters.innermost((frame.place for frame in frames), None)


def _may_be_at_fault(place: Place, check: _Check) -> bool:
    return place.is_students and (check.exercise is None or place.exercise == check.exercise.exercise)


def _run_by(case: Case, check: _Check) -> list[Place]:
    """The functions that the case runs: first the one that it is about and its methods, then the last that it called.

    What is called by another one comes after that.
    """
    from tinytorch.testing.misconceptions.diagnosis import trace_of

    calls = trace_of(case).calls
    places = {code: place for code in calls if (place := definition(code)) and _may_be_at_fault(place, check)}

    def rank(code: types.CodeType) -> tuple[bool, bool, int]:
        callers = calls[code].callers & places.keys() - {code}
        return places[code].name.partition(".")[0] != case.name, bool(callers), -calls[code].last

    return [places[code] for code in sorted(places, key=rank)]


def _named_in(frame: _Frame, statements: list[ast.stmt]) -> Iterator[Place | None]:
    """The functions, and the methods of objects and classes, that names in the statements stand for in the frame."""
    known = {**frame.frame.f_globals, **frame.frame.f_locals}
    for part in (part for statement in statements for part in ast.walk(statement)):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            owner = known.get(part.value.id)
            kind_ = owner if isinstance(owner, types.ModuleType) else type(owner)
            yield from map(definition, _codes(inspect.getattr_static(kind_, part.attr, None)))
        elif isinstance(part, ast.Name):
            yield from map(definition, _codes(known.get(part.id)))


def _codes(value: Any) -> Iterator[types.CodeType | None]:
    if isinstance(value, Case):
        yield from _codes(value.function)
    elif isinstance(value, type):
        yield from (code for name in ("__init__", "forward") for code in _codes(vars(value).get(name)))
    elif inspect.isroutine(value):
        yield getattr(inspect.unwrap(value), "__code__", None)
    elif isinstance(value, property):
        yield from _codes(value.fget)
    elif hasattr(type(value), "forward"):
        yield from (code for name in ("forward", "__init__") for code in _codes(getattr(type(value), name)))
