"""Inline tests: what a dev file says about itself when it is run.

Run as a script or a notebook, each `@inline_test` runs at once and prints a section with one line per
verified claim; `report()` closes with a progress line and, in a script, the exit status. Imported, neither
does anything.

If the environment variable TINYTORCH_RESULTS names a file, every step is appended to it as one JSON object a
line: per test `{"event": "begin", "name"}` and `{"event": "test", "name", "title", "status", "verified", "claim",
"message", "diagnosis", "hints", "place", "printed", "seconds"}`, and, from `report()`, `{"event": "end"}`. `status` is
"passed", "failed" or "not written"; `claim` is the one that failed, `hints` are the catalogue's on the diagnosis,
`place` is where the student looks: `modules/09_spatial/spatial_dev.py:412, in conv2d`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, NoReturn

from tinytorch.testing import seeding
from tinytorch.testing.explain import Failure, definition, explain
from tinytorch.testing.text import printable

PRINT_LIMIT = 2_000  # characters that the tested code may print per test before the rest is left out


@dataclass
class _Result:
    name: str
    title: str
    status: str = "passed"
    verified: list[str] = field(default_factory=list)
    claim: str | None = None
    message: str = ""
    diagnosis: str | None = None
    hints: tuple[str, ...] = ()
    place: str | None = None
    printed: str = ""
    seconds: float = 0.0


_results: dict[str, _Result] = {}  # by name, so that a cell run twice in a notebook counts once


class Verify:
    """What an inline test receives: `with verify("claim"):` around the check of one claim."""

    def __init__(self, result: _Result, stream: IO[str]) -> None:
        self._result = result
        self._stream = stream

    @contextlib.contextmanager
    def __call__(self, claim: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._result.claim = self._result.claim or claim
            raise
        self._result.verified.append(claim)
        _say(f"  ok    {claim}", self._stream)


class _Limited:
    """A stream that passes on the first PRINT_LIMIT characters, keeps them, and counts the others."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.kept = ""
        self.left_out = 0

    def write(self, text: str) -> int:
        passed = text[: PRINT_LIMIT - len(self.kept)]
        self._stream.write(printable(passed, self._stream))
        self.kept += passed
        self.left_out += len(text) - len(passed)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def inline_test(title: str) -> Callable[[Callable[[Verify], None]], Callable[[Verify], None]]:
    """Declare a check of the unit above it: `@inline_test("Conv2d: stride")` on `def test_x(verify)`.

    Where the dev file runs (`__main__`: script or notebook) the test runs at once and stops at its first
    failing claim; in a script the tests after it run all the same. In a notebook the cell then fails, as graders expect
    it to: NotImplementedError for what is not written, AssertionError otherwise. On import the function is returned and
    nothing runs.
    """

    def decorate(function: Callable[[Verify], None]) -> Callable[[Verify], None]:
        if function.__module__ == "__main__":
            _run(title, function)
        return function

    return decorate


def report() -> None:
    """Print how many exercises are done; in a script, exit with status 1 unless there are some and all are.

    In a notebook it only prints. In a file that is imported it does nothing.
    """
    if sys._getframe(1).f_globals.get("__name__") != "__main__":
        return
    results = list(_results.values())
    done = sum(result.status == "passed" for result in results)
    stream = sys.stdout
    if not results:
        _say("nothing was verified: this file ran no inline test", stream)
    else:
        _say(f"\n{done} of {len(results)} exercises done", stream)
    open_result = next((result for result in results if result.status != "passed"), None)
    if open_result:
        at = f" ({open_result.place})" if open_result.place else ""
        _say(f"next: {open_result.title}{at}", stream)
    _record({"event": "end"})
    if (open_result or not results) and not _in_notebook():
        raise SystemExit(1)


def _run(title: str, function: Callable[[Verify], None]) -> None:
    result = _Result(function.__name__, title)
    stream = sys.stdout
    verify = Verify(result, stream)
    limited = _Limited(stream)
    _say(f"\n{title}", stream)
    seeding.begin(f"inline::{function.__name__}")
    _record({"event": "begin", "name": result.name})
    began, computed = time.perf_counter(), time.thread_time()
    try:
        with contextlib.redirect_stdout(limited):
            function(verify)
        failure, task = None, ""
        if not __debug__:
            failure = Failure(
                "failed", "Python took every assert away (-O or PYTHONOPTIMIZE): run it without that", None
            )
        elif not result.verified:
            failure = Failure("failed", f"{function.__name__} verifies nothing", definition(function.__code__))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit: tested code must not end the run
        from tinytorch.testing.misconceptions import diagnose_test  # read when something is wrong, not before

        seconds = time.thread_time() - computed
        diagnosis = diagnose_test(lambda: function(Verify(_Result("", ""), io.StringIO())), error, seconds)
        failure, task = explain(error, function, diagnosis), str(error)
    result.seconds = round(time.perf_counter() - began, 4)
    result.printed = limited.kept
    if limited.left_out:
        remark = f"({limited.left_out:,} more characters that your code printed are left out)"
        result.printed += f"\n{remark}"
        _say(f"\n        {remark}", stream)
    if failure:
        result.status, result.message = failure.status, failure.message
        result.place = str(failure.place) if failure.place else None
        if failure.diagnosis:
            result.diagnosis, result.hints = failure.diagnosis.headline, failure.diagnosis.hints
        _say_failure(result, stream)
    _results[result.name] = result
    _record({"event": "test", **vars(result)})
    if failure and _in_notebook():
        _fail_cell(NotImplementedError(task) if failure.status == "not written" else AssertionError(failure.message))


def _fail_cell(error: Any) -> NoReturn:
    """Make a notebook's cell fail, shown as one line: all else has been printed."""
    error._render_traceback_ = lambda: [f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"]
    raise error


def _say_failure(result: _Result, stream: IO[str]) -> None:
    if result.status == "not written":
        _say(f"  ----  {result.message}", stream)
        return
    if result.claim:
        _say(f"  FAIL  {result.claim}", stream)
    first, *others = result.message.splitlines() or [""]
    _say(f"  {'    ' if result.claim else 'FAIL'}  {first}", stream)
    for line in others:
        _say(f"        {line}".rstrip(), stream)


def _say(text: str, stream: IO[str]) -> None:
    print(printable(text, stream), file=stream, flush=True)


def _record(event: dict[str, Any]) -> None:
    path = os.environ.get("TINYTORCH_RESULTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
