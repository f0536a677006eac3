"""`tito module status`: what is done, since when, and what is stale."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tito.course import Module
from tito.states import ExerciseState, ModuleState, module_state

COLUMNS = ["module", "exercises", "points", "last check", "state"]
EXERCISE_COLUMNS = ["", "exercise", "points", "last check", "state"]
_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True)
class Row:
    """A module with its state."""

    module: Module
    now: ModuleState

    @property
    def points(self) -> tuple[float, float]:
        """Those of the exercises that are done, and of all."""
        done, of = (sum(e.points for e in some) for some in (self.now.done, [e.exercise for e in self.now.exercises]))
        return done, of

    def to_dict(self) -> dict[str, Any]:
        exercises = [
            {"exercise": e.exercise.grade_id, "number": e.exercise.number, "state": e.state, "why": e.why}
            | {"points": e.exercise.points if e.state == "done" else 0.0, "of_points": e.exercise.points}
            | {"checked_at": e.at or None, "place": f"{self.module.shown(self.module.dev)}:{e.exercise.line}"}
            for e in self.now.exercises
        ]
        points, of_points = self.points
        state = {"module": self.module.folder, "state": self.now.state, "why": self.now.why, "at": self.now.at or None}
        return state | {"points": points, "of_points": of_points, "exercises": exercises}


def rows(modules: list[Module]) -> list[Row]:
    return [Row(module, module_state(module)) for module in modules]


def as_table(found: list[Row]) -> list[list[str]]:
    """A line per module."""
    table = []
    for row in found:
        counts = [f"{len(row.now.done)}/{len(row.now.exercises)}", "{:g}/{:g}".format(*row.points), since(row.now.at)]
        given = row.now.state == "given"
        table.append([row.module.folder, *(["-"] * 3 if given else counts), _and_why(row.now)])
    return table


def as_exercise_table(now: ModuleState) -> list[list[str]]:
    """A line per exercise."""
    return [
        [str(e.exercise.number), e.exercise.grade_id, f"{e.exercise.points:g}", since(e.at), _and_why(e)]
        for e in now.exercises
    ]


def as_json(found: list[Row]) -> str:
    return json.dumps({"modules": [row.to_dict() for row in found]}, indent=1)


def _and_why(now: ModuleState | ExerciseState) -> str:
    return now.state + (f": {now.why}" if now.why and now.state != "not started" else "")


def since(at: str) -> str:
    """`3 minutes ago`; a dash where it never was. Below a minute, and where the clock was put back, `just now`."""
    if not at:
        return "-"
    passed = (datetime.now().astimezone() - datetime.fromisoformat(at)).total_seconds()
    count, unit = next(((int(passed // size), unit) for size, unit in _STEPS if passed >= size), (0, ""))
    return f"{count} {unit}{'s' * (count != 1)} ago" if count else "just now"
