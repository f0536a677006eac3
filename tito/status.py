"""`tito module status`: what is done, since when, what is stale; and the one thing to do next."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tito.course import Course, Module
from tito.progress import ExerciseState, Standing, standing

COLUMNS = ["module", "exercises", "points", "last check", "state"]
EXERCISE_COLUMNS = ["", "exercise", "points", "last check", "state"]
_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True)
class Row:
    """A module with its standing."""

    module: Module
    now: Standing

    @property
    def points(self) -> tuple[float, float]:
        """Those of the exercises that are done, and of all."""
        done, of = (sum(e.points for e in some) for some in (self.now.done, [e.exercise for e in self.now.exercises]))
        return done, of

    def told(self) -> dict[str, Any]:
        exercises = [
            {"exercise": e.exercise.grade_id, "number": e.exercise.number, "state": e.state, "why": e.why}
            | {"points": e.exercise.points if e.state == "done" else 0.0, "of_points": e.exercise.points}
            | {"checked_at": e.at or None, "place": f"{self.module.shown(self.module.dev)}:{e.exercise.line}"}
            for e in self.now.exercises
        ]
        points, of_points = self.points
        told = {"module": self.module.folder, "state": self.now.state, "why": self.now.why, "at": self.now.at or None}
        return told | {"points": points, "of_points": of_points, "exercises": exercises}


def rows(modules: list[Module]) -> list[Row]:
    return [Row(module, standing(module)) for module in modules]


def as_table(found: list[Row]) -> list[list[str]]:
    """A line per module."""
    table = []
    for row in found:
        counts = [f"{len(row.now.done)}/{len(row.now.exercises)}", "{:g}/{:g}".format(*row.points), since(row.now.at)]
        given = row.now.state == "given"
        table.append([row.module.folder, *(["-"] * 3 if given else counts), _and_why(row.now)])
    return table


def as_exercise_table(now: Standing) -> list[list[str]]:
    """A line per exercise."""
    return [
        [str(e.exercise.number), e.exercise.grade_id, f"{e.exercise.points:g}", since(e.at), _and_why(e)]
        for e in now.exercises
    ]


def as_json(found: list[Row]) -> str:
    return json.dumps({"modules": [row.told() for row in found]}, indent=1)


def _and_why(now: Standing | ExerciseState) -> str:
    return now.state + (f": {now.why}" if now.why and now.state != "not started" else "")


def since(at: str) -> str:
    """`3 minutes ago`; a dash where it never was. Below a minute, and where the clock was put back, `just now`."""
    if not at:
        return "-"
    passed = (datetime.now().astimezone() - datetime.fromisoformat(at)).total_seconds()
    count, unit = next(((int(passed // size), unit) for size, unit in _STEPS if passed >= size), (0, ""))
    return f"{count} {unit}{'s' * (count != 1)} ago" if count else "just now"


def next_step(course: Course, module: Module) -> str:
    """What to do about the module's first exercise that is not done, or after the last."""
    now = standing(module)
    if now.state == "given":
        return next_module(course, module.number)
    if not now.exercises:
        return f"mend {now.why}" if now.why else f"`git checkout -- {module.shown(module.dev)}`"
    for e in now.exercises:
        number, place = module.number, f"{module.shown(module.dev)}:{e.exercise.line}"
        place = f"exercise {e.exercise.number}, {e.exercise.grade_id}: {place}"
        if e.state == "not started":
            return f"write {place}, then `tito module test {number}`"
        if e.state == "failing":
            return f"mend {place}; `tito module test {number}` says what is wrong"
        if e.state != "done":
            return f"check {place}: `tito module test {number}`"
    if now.state != "complete":
        return f"`tito module complete {module.number}`"
    return next_module(course, module.number)


def next_module(course: Course, after: str = "") -> str:
    """How to go on with the first module of a higher number that is not complete."""
    later = (m for m in course.modules if m.number > after and standing(m).state not in ("given", "complete"))
    following = next(later, None)
    return f"`tito module start {following.number}`" if following else "`tito milestone list`: use what you built"
