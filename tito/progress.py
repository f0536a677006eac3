"""What a student has done: the results of checks, each with the hashes of what was checked.

A chapter runs from top to bottom, and each inline test at its place. So the result of an inline test is about the code
down to that test: code below cannot have touched it, and code above may have, by name or by a registered rule. It is
also about what the modules before it export. Results of pytest are about the whole dev file and the tests as well.

The last results of each test are kept, not only the last one: a file that is put back to what it was (`tito undo`, git,
an editor) has its results again.

One file per module in `.tito/`. Deleting the folder loses history, never work; a damaged file is set aside.
"""

import functools
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tito.cache import cached
from tito.course import Course, Module
from tito.dev_file import DevFile, Exercise
from tito.errors import TitoError
from tito.files import cannot_write, read_plain, write_atomic
from tito.show import notice

WHOLE_FILE = ""  # in the place of a test's name: the run of the dev file from its first line to its last
KEPT = 50  # results of one test: each is of another content


@dataclass(frozen=True)
class Content:
    """What a module is now, as far as checks can tell. Hashes are of content."""

    file: str  # the hash of the dev file
    exercises: list[Exercise]
    tests: dict[str, str]  # inline test -> hash of the code down to it, and to its exercise; WHOLE_FILE -> `file`
    stubs: dict[str, int]  # the test of each exercise that holds a stub -> the line of the first
    begun: set[str]  # those of them of which a part is written
    needs: dict[str, str]  # number of each module it is built on -> hash of what that exports
    test_files: str  # the hash of its folder in tests/


@dataclass(frozen=True)
class Failure:
    """What a failed check said. Hints begin with the least that helps."""

    sentence: str
    hints: list[str] = field(default_factory=list)
    test: str = ""  # of pytest, by its id
    exercise: str = ""  # where a test of pytest failed in one: its grade_id
    function: str = ""  # where it is to be looked for, if that is known


@dataclass(frozen=True)
class Check:
    """One result, and what it was about."""

    result: str  # "passed" or "failed"; of an inline test also "not written", "not run"; of pytest also "complete"
    of: str  # the hash of the code that was checked
    needs: dict[str, str]
    at: str  # local time with its offset from UTC
    test_files: str = ""  # of pytest: the hash of the module's folder in tests/
    core: str = ""  # of "complete": the hash of what was built
    failure: Failure | None = None


@dataclass
class Record:
    """The results of one module's checks, the last of each list being the latest."""

    inline: dict[str, list[Check]] = field(default_factory=dict)  # by test name
    pytest: list[Check] = field(default_factory=list)
    hints_taken: dict[str, list[str]] = field(default_factory=dict)  # what hints were on -> those shown, in that order
    started: bool = False  # whether `tito module start` has been called


def content(module: Module) -> Content:
    """What the module is now. Raises TitoError where its file cannot be read."""
    text = module.read_dev()
    kept = cached(module.root, f"{module.folder}.dev", text, lambda: _read_dev(DevFile(module, text)))
    exercises = [Exercise(**values) for values in kept["exercises"]]
    needs = {other.number: file_hash(other.core) for other in needed_modules(module)}
    handed_out = _stubs_handed_out(module)
    stubs = {test: lines[0] for test, lines in kept["stubs"].items()}
    begun = {test for test, lines in kept["stubs"].items() if len(lines) < len(handed_out.get(test, []))}
    return Content(kept["file"], exercises, kept["tests"], stubs, begun, needs, _hash_of_tests(module))


def _stubs_handed_out(module: Module) -> dict[str, list[int]]:
    """The stubs of the file as it was handed out; none where that is not known."""
    try:
        text = module.start.read_text(encoding="utf-8")
        return cached(module.root, f"{module.folder}.start", text, lambda: _stubs(DevFile(module, text)))
    except (OSError, UnicodeDecodeError, TitoError):
        return {}


def _stubs(dev: DevFile) -> dict[str, list[int]]:
    """Inline test -> the lines of the stubs that its exercise holds."""
    stubs: dict[str, list[int]] = {}
    for line, _ in dev.unwritten():
        stubs.setdefault(dev.exercise_at(line), []).append(line)
    return stubs


def _read_dev(dev: DevFile) -> dict[str, Any]:
    return {
        "file": dev.digest,
        "exercises": [asdict(exercise) for exercise in dev.exercises()],
        "tests": {**dev.code_hashes(), WHOLE_FILE: dev.digest},
        "stubs": _stubs(dev),
    }


def needed_modules(module: Module) -> list[Module]:
    """The modules below this one, in order: all earlier ones where it is not known which it needs."""
    course = Course(module.root)
    needed: set[Module] = set()
    waiting = [module]
    try:
        while waiting:
            further = set(course.prerequisites(waiting.pop())) - needed
            needed |= further
            waiting += further
    except TitoError:  # a damaged ABOUT.md: the commands that show it say so
        needed = {other for other in course.modules if other.number < module.number}
    return sorted(needed, key=lambda other: other.number)


def _hash_of_tests(module: Module) -> str:
    """The hash of the code in tests/NN_name."""
    hashed = hashlib.sha256()
    for path in sorted(module.tests.rglob("[!.]*.py")):
        hashed.update(f"{path.relative_to(module.tests)} {file_hash(path)}\n".encode())
    return hashed.hexdigest()[:16]


def file_hash(path: Path) -> str:
    """The hash of a file's content; empty where it cannot be read, such as a module that is not built yet."""
    try:
        return hashlib.sha256(read_plain(path)).hexdigest()[:16]
    except (OSError, ValueError):
        return ""


def difference(check: Check, of: str, needs: dict[str, str], test_files: str = "") -> str:
    """What has changed since that check: nothing, the file, modules that it is built on, or its tests."""
    if check.of != of:
        return "changed since"
    changed = [number for number, exported in needs.items() if check.needs.get(number) != exported]
    if changed:
        return f"module {' and '.join(changed)} changed since"
    return "" if check.test_files == test_files else "its tests changed since"


def latest_of(results: list[Check], of: str, needs: dict[str, str], test_files: str = "") -> Check | None:
    """The latest result on just this content; None where there is none."""
    return next((check for check in reversed(results) if not difference(check, of, needs, test_files)), None)


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
        if usable and path.is_symlink():  # it leads to nothing that could be written
            _set_aside(path, error)
        else:
            _go_on_without(path if usable else path.parent, str(error.strerror))
        return Record()


@functools.cache  # said once, however many modules are read
def _go_on_without(path: Path, why: str) -> None:
    notice(f"{path} cannot be read ({why}): going on without what is recorded there")


def _parse(content: bytes) -> Record:
    """Raises ValueError or TypeError where the content is not what `_write` wrote."""
    record = Record(**json.loads(content.decode("utf-8")))
    types = {"inline": dict, "pytest": list, "hints_taken": dict, "started": bool}
    if not all(isinstance(getattr(record, name), kind) for name, kind in types.items()):
        raise ValueError("fields of another type than tito writes")
    record.inline = {test: [_parse_check(each) for each in results] for test, results in record.inline.items()}
    record.pytest = [_parse_check(each) for each in record.pytest]
    if not all(_are_texts(hints) for hints in record.hints_taken.values()):
        raise ValueError("hints of another type than tito writes")
    return record


def _parse_check(values: Any) -> Check:
    if not isinstance(values, dict):
        raise ValueError("a result of another type than tito writes")
    said = values.get("failure")
    failure = None if said is None else Failure(**said)
    check = Check(**{**values, "failure": failure})
    texts = [check.result, check.of, check.at, check.test_files, check.core]
    if failure:
        texts += [failure.sentence, failure.test, failure.exercise, failure.function]
    if not isinstance(check.needs, dict) or not _are_texts([*texts, *check.needs.values()]):
        raise ValueError("a result of another type than tito writes")
    if failure and not _are_texts(failure.hints):
        raise ValueError("hints of another type than tito writes")
    if datetime.fromisoformat(check.at).tzinfo is None:
        raise ValueError("a time without its offset")
    return check


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


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
    write_atomic(_path(module), json.dumps(asdict(record), sort_keys=True) + "\n")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _add(results: list[Check], check: Check) -> None:
    """Put the check last, in the place of an earlier one on the same content."""
    key = (check.of, check.needs, check.test_files)
    others = [each for each in results if (each.of, each.needs, each.test_files) != key]
    results[:] = [*others, check][-KEPT:]


def record_inline(module: Module, was: Content, results: dict[str, str], failures: dict[str, Failure]) -> None:
    """Keep the results of the tests that are named, WHOLE_FILE among them.

    was: the content before they ran. If it is another now, nobody knows which one was tested: nothing is recorded.
    """
    if content(module) != was:
        return
    record = read(module)
    for test in was.tests.keys() & results.keys():
        check = Check(results[test], was.tests[test], was.needs, _now(), failure=failures.get(test))
        _add(record.inline.setdefault(test, []), check)
    _write(module, record)


def record_pytest(module: Module, was: Content, result: str, failure: Failure | None = None) -> None:
    """Keep the result of the module's tests in pytest, unless the content is another than it was before they ran.

    result: "failed"; "passed", on the dev file as it is; or "complete": what was tested is built. What is complete
    stays so when the tests pass again.
    """
    if content(module) != was:
        return
    record = read(module)
    before = latest_of(record.pytest, was.file, was.needs, was.test_files)
    if result == "passed" and before and before.result == "complete":
        return
    core = file_hash(module.core) if result == "complete" else ""
    _add(record.pytest, Check(result, was.file, was.needs, _now(), was.test_files, core, failure))
    _write(module, record)


def record_hint(module: Module, topic: str, hint: str) -> None:
    record = read(module)
    record.hints_taken.setdefault(topic, []).append(hint)
    _write(module, record)


def record_started(module: Module) -> None:
    record = read(module)
    if not record.started:
        record.started = True
        _write(module, record)
