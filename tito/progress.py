"""What a student has done: recorded results of checks, each with the hash of what it was about.

A chapter runs from top to bottom, and each inline test at its place. So a result is about the code down to that test:
what stands below cannot have touched it, and what stands above may have, by name or by a registered rule. It is also
about what the modules before it export. Where either has changed since, the result says nothing any more.

One file per module in `.tito/`. Deleting the folder loses history, never work; a damaged file is set aside.
"""

import functools
import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tito.course import Course, Module
from tito.dev_file import DevFile, Exercise
from tito.errors import TitoError
from tito.files import cannot_write, read_plain, write_atomic
from tito.remembered import remembered
from tito.show import notice


@dataclass(frozen=True)
class Content:
    """What a module is now, as far as checks can tell. Hashes are of content."""

    file: str  # the hash of the dev file
    exercises: list[Exercise]
    tests: dict[str, str]  # inline test -> hash of the code down to it, and to its exercise
    stubs: set[str]  # the tests of exercises that hold a stub
    needs: dict[str, str]  # number of each module it is built on -> hash of what that exports
    checks: str  # the hash of its folder in tests/


@dataclass(frozen=True)
class Check:
    """One result, and what it was about."""

    result: str  # of an inline test: "passed", "failed", "not written", "not run"; of a module: "complete"
    of: str  # the hash of an exercise's code or of the whole dev file
    needs: dict[str, str]
    at: str  # local time with its offset from UTC
    checks: str = ""  # of a module: the hash of its tests


@dataclass
class Record:
    """The last results of one module's checks."""

    inline: dict[str, Check] = field(default_factory=dict)  # test name -> its last result
    complete: Check | None = None
    hints: dict[str, list[str]] = field(default_factory=dict)  # test name -> the catalogue's on what went wrong
    hints_taken: dict[str, list[str]] = field(default_factory=dict)  # grade_id -> what was shown, in that order


def content(module: Module) -> Content:
    """What the module is now. Raises TitoError where its file cannot be read."""
    text = module.read_dev()
    kept = remembered(module.root, f"{module.folder}.dev", text, lambda: _read_dev(DevFile(module, text)))
    exercises = [Exercise(**told) for told in kept["exercises"]]
    return Content(kept["file"], exercises, kept["tests"], set(kept["stubs"]), _needs(module), _checks(module))


def _read_dev(dev: DevFile) -> dict[str, Any]:
    stubs = {dev.exercise_at(line) for line, _ in dev.unwritten()}
    told = {"file": dev.digest, "tests": dev.code_hashes(), "stubs": sorted(stubs)}
    return {**told, "exercises": [asdict(exercise) for exercise in dev.exercises()]}


def _needs(module: Module) -> dict[str, str]:
    """Hashes of what the modules below this one export; of all earlier ones where it is not known which it needs."""
    course = Course(module.root)
    needed: set[Module] = set()
    waiting = [module]
    try:
        while waiting:
            fresh = set(course.prerequisites(waiting.pop())) - needed
            needed |= fresh
            waiting += fresh
    except TitoError:  # a damaged ABOUT.md: those who show it say so
        needed = {other for other in course.modules if other.number < module.number}
    return {other.number: _hash(other.core) for other in sorted(needed, key=lambda m: m.number)}


def _checks(module: Module) -> str:
    """The hash of the code in tests/NN_name."""
    hashed = hashlib.sha256()
    for path in sorted(module.tests.rglob("*.py")):
        hashed.update(f"{path.relative_to(module.tests)} {_hash(path)}\n".encode())
    return hashed.hexdigest()[:16]


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""  # not built yet


def _path(module: Module) -> Path:
    return module.root / ".tito" / f"{module.folder}.json"


def read(module: Module) -> Record:
    """What is recorded of the module; an empty record where nothing, or nothing legible, is."""
    path = _path(module)
    try:
        return _parse(read_plain(path))
    except FileNotFoundError:
        return Record()
    except (ValueError, TypeError, RecursionError) as error:
        _set_aside(path, error)
        return Record()
    except OSError as error:
        usable = path.parent.is_dir() and os.access(path.parent, os.X_OK)
        _go_on_without(path if usable else path.parent, str(error.strerror))
        return Record()


@functools.cache  # said once, however many modules are read
def _go_on_without(path: Path, why: str) -> None:
    notice(f"{path} cannot be read ({why}): going on without what is recorded there")


def _parse(content: bytes) -> Record:
    """Raises ValueError or TypeError where the content is not what `_write` wrote."""
    record = Record(**json.loads(content.decode("utf-8")))
    if not all(isinstance(value, dict) for value in (record.inline, record.hints, record.hints_taken)):
        raise ValueError("fields of another type than tito writes")
    record.inline = {test: _parse_check(told) for test, told in record.inline.items()}
    record.complete = record.complete and _parse_check(record.complete)
    lists = [*record.hints.values(), *record.hints_taken.values()]
    if not all(isinstance(texts, list) and _are_texts(texts) for texts in lists):
        raise ValueError("hints of another type than tito writes")
    return record


def _parse_check(told: object) -> Check:
    if not isinstance(told, dict):
        raise ValueError("a result of another type than tito writes")
    check = Check(**told)
    texts = [check.result, check.of, check.at, check.checks]
    if not isinstance(check.needs, dict) or not _are_texts([*texts, *check.needs.values()]):
        raise ValueError("a result of another type than tito writes")
    if datetime.fromisoformat(check.at).tzinfo is None:
        raise ValueError("a time without its offset")
    return check


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _set_aside(path: Path, error: Exception) -> None:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{path.name}.damaged-{stamp}{more}" for more in ["", *(f"-{n}" for n in range(2, 1000))])
    aside = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    try:
        path.replace(aside)
    except OSError as problem:
        raise cannot_write(path, problem) from problem
    notice(f"{path} is damaged ({error}); it now stands beside as {aside.name}. Your work is untouched.")


def _write(module: Module, record: Record) -> None:
    write_atomic(_path(module), json.dumps(asdict(record), indent=1, sort_keys=True) + "\n")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def record_inline(module: Module, was: Content, results: dict[str, str], hints: dict[str, list[str]]) -> None:
    """Keep the results of the inline tests that are named, with the catalogue's hints on them.

    was: the content before they ran. If it is another now, nobody knows which one was tested: nothing is recorded.
    """
    if content(module) != was:
        return
    record = read(module)
    for test in was.tests.keys() & results.keys():
        record.inline[test] = Check(results[test], was.tests[test], was.needs, _now())
    record.inline = {test: check for test, check in record.inline.items() if test in was.tests}
    record.hints = {test: told for test, told in record.hints.items() if test not in results} | hints
    _write(module, record)


def record_diagnosed(module: Module, test: str, hints: list[str]) -> None:
    record = read(module)
    record.hints[test] = hints
    _write(module, record)


def record_hint(module: Module, grade_id: str, hint: str) -> None:
    record = read(module)
    record.hints_taken.setdefault(grade_id, []).append(hint)
    _write(module, record)


def record_incomplete(module: Module) -> None:
    """Forget that the module was complete: its tests have failed since."""
    record = read(module)
    if record.complete:
        record.complete = None
        _write(module, record)


def record_completed(module: Module, was: Content) -> None:
    record = read(module)
    record.complete = Check("complete", was.file, was.needs, _now(), was.checks)
    _write(module, record)


_TOLD = {"passed": "done", "failed": "failing", "not written": "not started"}


@dataclass(frozen=True)
class ExerciseState:
    """An exercise, derived: "done", "failing", "not started", "not checked", or "stale": it was done, but `why`."""

    exercise: Exercise
    state: str
    why: str = ""
    at: str = ""  # when it was last checked


def exercise_states(module: Module) -> dict[str, ExerciseState]:
    """grade_id -> its state on the files as they are now, in the file's order."""
    return _exercise_states(content(module), read(module))


def _exercise_states(now: Content, record: Record) -> dict[str, ExerciseState]:
    states = {}
    for exercise in now.exercises:
        check = record.inline.get(exercise.test)
        why = _changed(check, now.tests.get(exercise.test, ""), now.needs) if check else ""
        if exercise.test in now.stubs:
            state = "not started"
        elif check is None:
            state = "not checked"
        elif why:
            state = "stale" if check.result == "passed" else "not checked"
        else:
            state = _TOLD.get(check.result, "not checked")
        states[exercise.grade_id] = ExerciseState(exercise, state, why, check.at if check else "")
    return states


def _changed(check: Check, of: str, needs: dict[str, str]) -> str:
    """What is not as it was at that check: nothing, the file, or a module that it is built on."""
    if check.of != of:
        return "changed since"
    changed = [number for number, exported in needs.items() if check.needs.get(number) != exported]
    return f"module {' and '.join(changed)} changed since" if changed else ""


@dataclass(frozen=True)
class Standing:
    """A module's state, derived: "complete", "stale", "in progress", "not started", "not checked", "given", or that its
    file cannot be read.
    """

    exercises: list[ExerciseState]
    state: str
    why: str = ""
    at: str = ""  # when it was complete, or last checked

    @property
    def done(self) -> list[Exercise]:
        return [e.exercise for e in self.exercises if e.state == "done"]


def standing(module: Module) -> Standing:
    """What the recorded results say about the files as they are now."""
    try:
        now = content(module)
        given = module.given
    except TitoError as error:
        missing = not module.dev.exists()
        return Standing([], "no dev file") if missing else Standing([], "cannot be read", error.message.splitlines()[0])
    record = read(module)
    exercises = list(_exercise_states(now, record).values())
    at = record.complete.at if record.complete else max((e.at for e in exercises), default="", key=_moment)
    return Standing(exercises, *(("given", "") if given else _state(now, record, exercises)), at)


def _moment(at: str) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0


def _state(now: Content, record: Record, exercises: list[ExerciseState]) -> tuple[str, str]:
    """The state, and why it is so where that is to be told."""
    if record.complete:
        why = _changed(record.complete, now.file, now.needs)
        if not why and record.complete.checks != now.checks:
            why = "its tests changed since"
        if why:
            return "stale", f"{why} it was complete"
        if all(e.state == "done" for e in exercises):
            return "complete", ""
    stale = next((e for e in exercises if e.state == "stale"), None)
    if stale:
        return "stale", f"{stale.why} its last check"
    if any(e.state in ("done", "failing") for e in exercises):
        return "in progress", ""
    if exercises and all(e.state == "not started" for e in exercises):
        return "not started", ""
    return "not checked", "changed since its last check" if any(e.why for e in exercises) else ""
