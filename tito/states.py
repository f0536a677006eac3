"""The state of exercises and modules: what the recorded results say about the files as they are now."""

from dataclasses import dataclass, replace
from datetime import datetime

from tito.course import Module
from tito.dev_file import Exercise
from tito.errors import TitoError
from tito.progress import WHOLE_FILE, Check, Content, Failure, Record, content, difference, file_hash, latest_of, read

DONE = ("given", "complete")
UNREADABLE = ("no dev file", "cannot be read")
_STATES = {"passed": "done", "failed": "failing", "not written": "not started"}


@dataclass(frozen=True)
class ExerciseState:
    """An exercise: "done", "failing", "not started", "not checked", or "stale": it was done, but `why`."""

    exercise: Exercise
    state: str
    why: str = ""
    at: str = ""  # when it was last checked
    failure: Failure | None = None


@dataclass(frozen=True)
class ModuleState:
    """A module: "complete", "stale", "in progress", "not started", "not checked", "given", or one of UNREADABLE."""

    exercises: list[ExerciseState]
    state: str
    why: str = ""
    at: str = ""  # when it was complete, or last checked
    recorded: bool = False  # whether anything is recorded of it
    ran: bool = False  # whether the inline tests have run on the file as it is
    failure: Failure | None = None  # of the file as it is, while no exercise fails: at its end, or in pytest

    @property
    def done(self) -> list[Exercise]:
        return [e.exercise for e in self.exercises if e.state == "done"]

    @property
    def untouched(self) -> bool:
        return not self.recorded and self.state in ("not started", "not checked")

    @property
    def to_do(self) -> ExerciseState | None:
        """The exercise to work on: one that fails; else one that was changed; else the first that is not done."""
        # a second run on the same file would say the same
        changed, stale = ([], []) if self.ran else (["not checked"], ["stale"])
        for wanted in (["failing"], changed, [*stale, "not started"]):
            for e in self.exercises:
                if e.state in wanted:
                    return e
        return None


def exercise_states(module: Module) -> dict[str, ExerciseState]:
    """grade_id -> its state, in the file's order. Raises TitoError where the file cannot be read."""
    return {e.exercise.grade_id: e for e in _exercise_states(content(module), read(module))}


def module_state(module: Module) -> ModuleState:
    """The module's state; a file that cannot be read is one, too."""
    try:
        now = content(module)
        given = module.given
    except TitoError as error:
        missing = not module.dev.exists()
        state, why = ("no dev file", "") if missing else ("cannot be read", error.message.splitlines()[0])
        return ModuleState([], state, why)
    record = read(module)
    exercises = _exercise_states(now, record)
    ran = latest_of(record.inline.get(WHOLE_FILE, []), now.file, now.needs)
    tested = latest_of(record.pytest, now.file, now.needs, now.test_files)
    failure = next((check.failure for check in (ran, tested) if check and check.failure), None)
    if any(e.state in ("failing", "not started") for e in exercises):
        failure = None  # that is why the run of the whole file failed
    state, why = ("given", "") if given else _state(module, now, record, exercises, tested, failure)
    at = tested.at if state == "complete" and tested else _last_check(exercises, record)
    return ModuleState(exercises, state, why, at, record != Record(), ran is not None, failure)


def _exercise_states(now: Content, record: Record) -> list[ExerciseState]:
    return [_exercise_state(exercise, now, record.inline.get(exercise.test, [])) for exercise in now.exercises]


def _exercise_state(exercise: Exercise, now: Content, results: list[Check]) -> ExerciseState:
    code = now.tests.get(exercise.test, "")
    check = latest_of(results, code, now.needs) or (results[-1] if results else None)
    why = difference(check, code, now.needs) if check else ""
    at = check.at if check else ""
    fails = check is not None and not why and check.result == "failed"
    if exercise.test in now.stubs and not (fails and exercise.test in now.begun):
        line = now.stubs[exercise.test] if exercise.test in now.begun else exercise.line
        return ExerciseState(replace(exercise, line=line), "not started", why, at)
    if check is None or why:
        return ExerciseState(exercise, "stale" if check and check.result == "passed" else "not checked", why, at)
    return ExerciseState(exercise, _STATES.get(check.result, "not checked"), at=at, failure=check.failure)


def _state(
    module: Module,
    now: Content,
    record: Record,
    exercises: list[ExerciseState],
    tested: Check | None,
    failure: Failure | None,
) -> tuple[str, str]:
    """The state, and why it is so where that is to be said."""
    complete = tested or (record.pytest[-1] if record.pytest else None)
    if complete and complete.result == "complete":
        why = difference(complete, now.file, now.needs, now.test_files)
        if not why and complete.core != file_hash(module.core):
            why = f"{module.shown(module.core)} changed since"
        if why:
            return "stale", f"{why} it was complete"
        if not failure and all(e.state == "done" for e in exercises):
            return "complete", ""
    stale = next((e for e in exercises if e.state == "stale"), None)
    if stale:
        return "stale", f"{stale.why} its last check"
    if failure:
        return "in progress", f"{failure.test} failed" if failure.test else failure.sentence
    if any(e.state in ("done", "failing") for e in exercises):
        return "in progress", ""
    if exercises and all(e.state == "not started" for e in exercises):
        return "not started", ""
    return "not checked", "changed since its last check" if any(e.why for e in exercises) else ""


def _last_check(exercises: list[ExerciseState], record: Record) -> str:
    times = [e.at for e in exercises if e.at] + [check.at for check in record.pytest[-1:]]
    return max(times, key=lambda at: datetime.fromisoformat(at).timestamp(), default="")
