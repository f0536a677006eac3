"""What a student has done: recorded results of checks, each with the hash of the file it was about.

One file per module in `.tito/`. Deleting the folder loses history, never work; a damaged file is set aside.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tito.course import Module
from tito.dev_file import DevFile
from tito.errors import TitoError
from tito.files import cannot_write, write_atomic
from tito.show import notice


@dataclass
class Record:
    """The last results of one module's checks. `inline` and `hints` are about the content `inline_of`, and so on."""

    inline_of: str = ""
    inline: dict[str, str] = field(default_factory=dict)  # test name -> "passed", "failed", "not written"
    hints: dict[str, list[str]] = field(default_factory=dict)  # test name -> the catalogue's on what went wrong
    hints_taken: dict[str, list[str]] = field(default_factory=dict)  # grade_id -> what was shown, in that order
    completed_of: str = ""
    completed_at: str = ""


def _path(module: Module) -> Path:
    return module.root / ".tito" / f"{module.folder}.json"


def read(module: Module) -> Record:
    """What is recorded of the module; an empty record where nothing, or nothing legible, is."""
    path = _path(module)
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        return Record()
    except NotADirectoryError as error:
        raise cannot_write(path, error) from error
    except (ValueError, TypeError, RecursionError) as error:
        _set_aside(path, error)
        return Record()
    except OSError as error:
        notice(f"{module.shown(path)} cannot be read ({error.strerror}): going on without it")
        return Record()


def _parse(content: bytes) -> Record:
    """Raises ValueError or TypeError where the content is not what `write` wrote."""
    record = Record(**json.loads(content.decode("utf-8")))
    texts = [record.inline_of, record.completed_of, record.completed_at]
    if not all(isinstance(value, dict) for value in (record.inline, record.hints, record.hints_taken)):
        raise ValueError("fields of another type than tito writes")
    lists = [*record.hints.values(), *record.hints_taken.values()]
    if not all(isinstance(value, list) for value in lists):
        raise ValueError("hints of another type than tito writes")
    if not all(isinstance(text, str) for text in [*texts, *record.inline.values(), *(t for ts in lists for t in ts)]):
        raise ValueError("values of another type than tito writes")
    return record


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


def record_inline(module: Module, digest: str, results: dict[str, str], hints: dict[str, list[str]]) -> None:
    record = read(module)
    record.inline_of, record.inline, record.hints = digest, results, hints
    _write(module, record)


def record_diagnosed(module: Module, test: str, hints: list[str]) -> None:
    record = read(module)
    record.hints[test] = hints
    _write(module, record)


def record_hint(module: Module, grade_id: str, hint: str) -> None:
    record = read(module)
    record.hints_taken.setdefault(grade_id, []).append(hint)
    _write(module, record)


def record_completed(module: Module, digest: str) -> None:
    record = read(module)
    record.completed_of, record.completed_at = digest, time.strftime("%Y-%m-%dT%H:%M:%S%z")
    _write(module, record)


_TOLD = {"passed": "done", "failed": "failing", "not written": "not started"}


def exercise_states(dev: DevFile) -> dict[str, str]:
    """grade_id -> "done", "failing", "not started", or "not checked" for what was written since the last check."""
    record = read(dev.module)
    current = record.inline if record.inline_of == dev.digest else {}
    stubs = {dev.exercise_at(line) for line, _ in dev.unwritten()}
    states = {}
    for exercise in dev.exercises():
        told = _TOLD.get(current.get(exercise.test, ""), "not checked")
        states[exercise.grade_id] = "not started" if exercise.test in stubs else told
    return states


@dataclass(frozen=True)
class Standing:
    """A module's state, derived: `done` of `exercises` on the file as it is now, and one word."""

    done: int
    exercises: int
    points: float
    of_points: float
    state: str


def standing(module: Module) -> Standing:
    """What the recorded results say about the file as it is now."""
    try:
        dev = DevFile(module)
        given = module.given
    except TitoError as error:
        return Standing(0, 0, 0, 0, "no dev file" if not module.dev.exists() else f"cannot be read: {error.message}")
    record = read(module)
    exercises = dev.exercises()
    current = record.inline if record.inline_of == dev.digest else {}
    done = [e for e in exercises if current.get(e.test) == "passed"]
    if given:
        state = "given"
    elif record.completed_of == dev.digest:
        state = "complete"
    elif record.completed_of:
        state = "changed since it was complete"
    elif current:
        state = "in progress"
    elif record.inline_of:
        state = "changed since its last check"
    else:
        state = "not checked yet"
    return Standing(len(done), len(exercises), sum(e.points for e in done), sum(e.points for e in exercises), state)
