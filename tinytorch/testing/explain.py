"""Say in one sentence what went wrong in a check, and on which line of the file it was."""

from __future__ import annotations

import ast
import linecache
import types
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinytorch.testing.text import kind, show


class Failure(NamedTuple):
    """How a check ended: `status` is "failed" or "not written"; `line` is a line of the tested file."""

    status: str
    message: str
    diagnosis: str | None
    line: int | None


class _Place(NamedTuple):
    frame: types.FrameType
    line: int

    @property
    def function(self) -> str:
        code = self.frame.f_code
        name = getattr(code, "co_qualname", code.co_name).replace("<locals>.", "")  # co_qualname: Python 3.11
        return "the file itself" if name == "<module>" else name

    @property
    def source(self) -> str:
        return linecache.getline(self.frame.f_code.co_filename, self.line, self.frame.f_globals).strip()


def explain(error: BaseException, test: Callable[..., Any]) -> Failure:
    """The failure of `test`, told from `error`: the function and the line at fault, not a traceback.

    The place is the last frame of the traceback in the file of `test`; whatever was raised deeper (in NumPy,
    in an earlier module) is told by name.
    """
    return _told(error, lambda frame: frame.f_globals is test.__globals__, test.__code__)


def explain_from(error: BaseException, files: Container[str]) -> Failure:
    """As `explain`, for a test that stands apart: the place is the last frame in one of `files`."""
    return _told(error, lambda frame: frame.f_code.co_filename in files, None)


def _told(error: BaseException, is_tested: Callable[[types.FrameType], bool], test: types.CodeType | None) -> Failure:
    places = _places(error)
    own = [place for place in places if is_tested(place.frame)]
    place = own[-1] if own else None
    in_test = place is None or place.frame.f_code is test
    line = place.line if place else None
    diagnosis = getattr(error, "diagnosis", None)
    if isinstance(error, NotImplementedError) and places and _is_course_code(places[-1], is_tested):
        return Failure("not written", _not_written(error, places[-1], place), None, line)
    if isinstance(error, AssertionError) and (in_test or _raised_by_testing(places[-1])):
        text = str(error) or (_false_assertion(place) if place else "an assertion does not hold")
        return Failure("failed", text + (f"\n(line {line}: {place.source})" if place else ""), diagnosis, line)
    who = place.function if place and not in_test else "the check"
    tested = getattr(error, "tested", None)  # by a Case
    if tested and in_test:
        who, place = f"{tested.co_name} (line {tested.co_firstlineno})", None
    return Failure("failed", _sentence(error, who, place, places), diagnosis, line)


def _sentence(error: BaseException, who: str, place: _Place | None, places: list[_Place]) -> str:
    at = f" on line {place.line}" if place else ""
    if isinstance(error, SystemExit):
        culprit = "it called code that" if who == "the check" else "it"
        return f"{who}{at}: {culprit} called sys.exit; a function returns its result instead"
    if isinstance(error, RecursionError):
        return f"{who}{at}: calls itself without end"
    text = f"{who}{at}: {type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, AttributeError) and isinstance(error.obj, np.ndarray | memoryview | list | tuple):
        # `x.data`, read of an array that should be a tensor, is a memoryview.
        came = "a NumPy array" if isinstance(error.obj, memoryview) else kind(error.obj)
        text += f"\na Tensor belongs here, and {came} came"
    if isinstance(error, TypeError) and "array(None, dtype=object)" in text:
        text = text.partition(" data: ")[0] + " None came where numbers belong; is a `return` missing?"
    deepest = places[-1] if places else None
    if place and deepest and deepest.frame is not place.frame:
        module = deepest.frame.f_globals.get("__name__", "?")
        inside = f"{module}, {deepest.function}" if module.startswith("tinytorch") else module.split(".")[0]
        text += f"\nraised inside {inside}"
    if place and place.source:
        text += f"\nthe line:  {place.source}"
    return text


def _not_written(error: BaseException, deepest: _Place, own: _Place | None) -> str:
    if own is None or deepest.frame.f_globals is not own.frame.f_globals:
        name = Path(deepest.frame.f_code.co_filename).name
        return f"{deepest.function} is not written yet (line {deepest.line} of {name})"
    return f"{deepest.function} is not written yet (line {deepest.line})"


def _places(error: BaseException) -> list[_Place]:
    places, traceback = [], error.__traceback__
    while traceback is not None:
        places.append(_Place(traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return places


def _is_course_code(place: _Place, is_tested: Callable[[types.FrameType], bool]) -> bool:
    return is_tested(place.frame) or str(place.frame.f_globals.get("__name__")).startswith("tinytorch.core")


def _raised_by_testing(place: _Place) -> bool:
    """Whether it was one of our comparisons, whose message needs no more said."""
    return str(place.frame.f_globals.get("__name__")).startswith("tinytorch.testing")


def _false_assertion(place: _Place) -> str:
    """For `assert a.shape == (2, 3)` without a message: the expression, and its left side's value."""
    path = place.frame.f_code.co_filename
    try:
        tree = ast.parse("".join(linecache.getlines(path, place.frame.f_globals)))
    except SyntaxError:  # the file was changed while it ran
        return f"does not hold: {place.source}"
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    found = [node for node in asserts if node.lineno <= place.line <= (node.end_lineno or node.lineno)]
    if not found:
        return f"does not hold: {place.source}"
    test = found[-1].test
    text = f"does not hold: {ast.unparse(test)}"
    if isinstance(test, ast.Compare) and _harmless(test.left):
        code = compile(ast.Expression(test.left), path, "eval")
        value = eval(code, place.frame.f_globals, place.frame.f_locals)
        text += f"\n{ast.unparse(test.left)} is {show(value)}"
    return text


def _harmless(node: ast.AST) -> bool:
    """Whether a second evaluation runs no call: names, attributes, subscripts and constants only."""
    allowed = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.Slice, ast.Load)
    return all(isinstance(part, allowed) for part in ast.walk(node))
