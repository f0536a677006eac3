"""Running checks and believing none of them unseen: what ran is counted against what stands in the files."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tito import child, progress
from tito.course import Course, Module
from tito.dev_file import DevFile, dev_line
from tito.errors import TitoError

INLINE_LIMIT = 60.0  # seconds; a module's inline tests take under three
PYTEST_LIMIT = 600.0


@dataclass(frozen=True)
class Verdict:
    """What a step of checking came to: a sentence, and, where it failed, what to do next."""

    passed: bool
    sentence: str
    next: str = ""


def inline(module: Module, limit: float = INLINE_LIMIT) -> Verdict:
    """Run the dev file as a student does, `python name_dev.py`, and judge what its inline tests reported."""
    dev = DevFile(module)
    shown = module.shown(module.dev)
    tests = dev.inline_tests()
    if not tests:
        raise TitoError(
            f"{shown} holds no inline test: nothing would be checked.",
            f"Bring its test cells back, for example from `git show HEAD:{shown}`.",
            status=1,
        )
    with TemporaryDirectory(prefix="tito-inline-") as folder:
        results = Path(folder) / "results.jsonl"
        outcome = child.run(
            [module.dev.name],
            cwd=module.dev.parent,
            env=child.environment(module.root, TINYTORCH_RESULTS=str(results)),
            limit=limit,
        )
        events = _read_events(results)
    reported = {e["name"]: e for e in events if e.get("event") == "test" and isinstance(e.get("name"), str)}
    progress.record_inline(module, dev.digest, {name: str(e.get("status")) for name, e in reported.items()})
    if outcome.timed_out:
        return _out_of_time(module, outcome, limit)
    return _judge_inline(dev, tests, reported, any(e.get("event") == "end" for e in events), outcome)


def _read_events(path: Path) -> list[dict]:
    """The JSON lines the child wrote; a line cut short by its end is passed over."""
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def _judge_inline(
    dev: DevFile, tests: dict[str, int], reported: dict[str, dict], ended: bool, outcome: child.Outcome
) -> Verdict:
    shown = dev.module.shown(dev.module.dev)
    for name, line in tests.items():
        event = reported.get(name)
        if event is None:
            continue
        if event.get("status") == "not written":
            return Verdict(False, f"{name}: not written yet.", f"Write it: {shown}:{_line(event, line)}")
        if event.get("status") != "passed":
            return Verdict(False, f"{name} failed.", f"Look at {shown}:{_line(event, line)}")
    missing = [name for name in tests if name not in reported]
    if missing:
        ran = len(tests) - len(missing)
        return Verdict(
            False,
            f"{ran} of {len(tests)} inline tests ran, then the file ended (exit status {outcome.status}): "
            f"{missing[0]} did not run.",
            f"Look above {shown}:{tests[missing[0]]} for what ends it (an error, sys.exit, os._exit).",
        )
    for line, text in dev.unwritten():
        return Verdict(False, f"not written yet: {text}", f"Write it: {shown}:{line}")
    if not ended or outcome.status != 0:
        return Verdict(
            False,
            f"all {len(tests)} inline tests passed, but the file ended badly (exit status {outcome.status}"
            f"{'' if ended else ', report() was not reached'}).",
            f"Look at the end of {shown} and at the output above.",
        )
    return Verdict(True, f"{len(tests)} of {len(tests)} inline tests passed")


def _line(event: dict, otherwise: int) -> int:
    line = event.get("line")
    return line if isinstance(line, int) else otherwise


def _out_of_time(module: Module, outcome: child.Outcome, limit: float) -> Verdict:
    """The sentence for an endless loop: where in the student's file it was."""
    place = _place(module, outcome)
    return Verdict(
        False,
        f"stopped after {limit:g} seconds{f': it was in {place}' if place else ''}.",
        "Look for a loop there that does not end. Is the work only slow? Give it longer with `--time-limit`.",
    )


def _place(module: Module, outcome: child.Outcome) -> str:
    """The innermost line of a dev file that was running; a line of the package is told as its dev file's."""
    for path, line, function in outcome.frames():
        place = origin(module.root, module.dev.parent / path, line)
        if place:
            return f"{place}, in {function}"
    return ""


def origin(root: Path, file: Path, line: int) -> str:
    """Where a student looks for a line that ran: `modules/09_spatial/spatial_dev.py:412`.

    The line may be of a dev file or of the package's file made from it; empty where it is neither.
    """
    file, root = file.resolve(), root.resolve()
    if file.is_relative_to(root / "modules"):
        return f"{file.relative_to(root).as_posix()}:{line}"
    if file.parent != root / "tinytorch" / "core":
        return ""
    try:
        module = Course(root).module(file.stem)
        found = dev_line(DevFile(module), file.read_text(encoding="utf-8"), line)
    except TitoError:
        return ""  # no module makes this file, or its chapter cannot be read just now
    return f"{module.shown(module.dev)}:{found}" if found else ""


def package(root: Path, folders: list[Path], module: Module | None = None, limit: float = PYTEST_LIMIT) -> Verdict:
    """Run pytest on `folders` in a child and judge the report it leaves."""
    shown = " ".join(folder.relative_to(root).as_posix() for folder in folders)
    for folder in folders:
        if not folder.is_dir():
            name = folder.relative_to(root).as_posix()
            return Verdict(False, f"{name} is missing: nothing checks the package.", f"`git checkout -- {name}`")
    with TemporaryDirectory(prefix="tito-pytest-") as temporary:
        report = Path(temporary) / "report.xml"
        colour = ["--color=yes"] if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else []
        outcome = child.run(
            ["-m", "pytest", "-q", *colour, f"--junitxml={report}", *map(str, folders)],
            cwd=root,
            env=child.environment(root),
            limit=limit,
        )
        counts = _count(report)
    if outcome.timed_out:
        if module:
            return _out_of_time(module, outcome, limit)
        return Verdict(False, f"pytest {shown} stopped after {limit:g} seconds.", "Test the modules one at a time.")
    if counts is None:
        return Verdict(
            False,
            f"pytest {shown} did not come to its end (exit status {outcome.status}).",
            "Look at the output above for what ended it (an error on import, sys.exit, os._exit).",
        )
    passed, failed, skipped = counts
    if failed:
        return Verdict(
            False,
            f"{failed} of {passed + failed} tests in {shown} failed.",
            f"Look at the first one: `python -m pytest {shown} -x`",
        )
    if not passed:
        return Verdict(
            False, f"no test in {shown} ran: nothing was checked.", f"See what is gone: `git status {shown}`"
        )
    if outcome.status != 0:
        return Verdict(False, f"pytest {shown} ended with status {outcome.status}.", "Look at the output above.")
    more = f", {skipped} skipped" if skipped else ""
    return Verdict(True, f"{passed} tests in {shown} passed{more}")


def _count(report: Path) -> tuple[int, int, int] | None:
    """(passed, failed, skipped) of a JUnit report; None where pytest did not live to write one."""
    from xml.etree import ElementTree

    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (FileNotFoundError, ElementTree.ParseError):
        return None
    total, failures, errors, skipped = (
        sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return total - failures - errors - skipped, failures + errors, skipped
