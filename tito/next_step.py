"""What to do next: derived here, and only here, from the recorded state. Every command that says it prints this."""

from tito.course import Course, Module
from tito.dev_file import Exercise
from tito.progress import Failure, needed_modules
from tito.show import say
from tito.states import DONE, UNREADABLE, ModuleState, module_state


def say_next(course: Course, module: Module | None = None) -> None:
    say(f"Next: {next_step(course, module)}")


def next_step(course: Course, module: Module | None = None) -> str:
    """What to do next about a module, or about the course where that module is done or none is named.

    The modules that it needs come first, then the module itself, then the first of the course that is not done. The
    reference course holds the answers: there only those modules count of which something is recorded.
    """
    edition = any(other.start.is_file() for other in course.modules)
    for other in [*(needed_modules(module) if module else []), *([module] if module else []), *course.modules]:
        now = module_state(other)
        if now.state in DONE:
            continue
        if edition or not now.untouched:
            return _step(other, now)
        if other == module:
            return _make_an_edition(f" --start-at {module.number}")
    return "`tito milestone list`: programs that use what you built" if edition else _make_an_edition()


def _make_an_edition(start_at: str = "") -> str:
    return f"to write the answers yourself, make a student edition: `tito init DEST{start_at}`"


def _step(module: Module, now: ModuleState) -> str:
    """What to do about a module that is not done."""
    number, dev = module.number, module.shown(module.dev)
    if now.state in UNREADABLE:
        return f"fix {now.why}" if now.why else f"`git checkout -- {dev}`: the file is missing"
    if now.untouched and now.state == "not started":
        return f"`tito module start {number}`"
    if now.to_do:
        place = _place(module, now.to_do.exercise)
        if now.to_do.state == "failing":
            return f"fix {place}; `tito module hint {number}` helps"
        if now.to_do.state == "not started":
            return f"write {place}, then `tito module test {number}`"
        return f"check {place}: `tito module test {number}`"
    if now.failure:
        return f"fix {_where(module, now, now.failure)}; `tito module hint {number}` helps"
    return f"`tito module complete {number}`"


def _place(module: Module, exercise: Exercise) -> str:
    return f"exercise {exercise.number}, {exercise.grade_id}: {module.shown(module.dev)}:{exercise.line}"


def _where(module: Module, now: ModuleState, failure: Failure) -> str:
    """What failed after the exercises had passed: the exercise, where that is known, the test, and what it said."""
    sentence = failure.sentence.rstrip(".")
    if not failure.test:
        return f"{module.shown(module.dev)}: {sentence}"
    exercises = [e.exercise for e in now.exercises if e.exercise.grade_id == failure.exercise]
    place = f"{_place(module, exercises[0])}, which" if exercises else "what"
    return f"{place} fails {failure.test} ({sentence})"
