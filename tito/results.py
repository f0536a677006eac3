"""What checks came to, and how it is told: a short list, one failure in full, or JSON."""

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any

from tito.course import Module
from tito.dev_file import Exercise
from tito.show import fail, ok, paint, say

_COLOURS = {"done": "green", "failing": "red", "not started": "dim", "not run": "dim"}
_SEED_REMARK = re.compile(r"^\(repeat with \w+=\d+\)$\n?", re.MULTILINE)
SEED = "TINYTORCH_TEST_SEED"  # tinytorch.testing draws from it
REASON_LIMIT = 200  # characters of a failure that are said in one line
PRINTED_LINES = 12  # of what a failing test printed; a print in a loop would bury its message


@dataclass(frozen=True)
class Verdict:
    """What a step of checking came to: a sentence, and, where it failed, what to do next."""

    passed: bool
    sentence: str
    next: str = ""


@dataclass(frozen=True)
class Item:
    """One test: an inline one, which is an exercise's, or one of pytest."""

    name: str
    status: str  # "done", "failing", "not started", "not run" where the program ended before, "running" meanwhile
    message: str = ""
    diagnosis: str | None = None
    claim: str | None = None
    place: str = ""  # modules/09_spatial/spatial_dev.py:412
    printed: str = ""
    seconds: float = 0.0
    hints: list[str] = field(default_factory=list)  # the catalogue's, on the diagnosis

    @property
    def sentence(self) -> str:
        if self.status == "not started":
            return f"{self.name}: not written yet."
        return f"{self.name} failed{f': {self.claim}' if self.claim else ''}."

    @property
    def reason(self) -> str:
        """What went wrong, in a line: the mistake by name, or else how the message begins."""
        return self.diagnosis or self.message.partition("\n")[0][:REASON_LIMIT]

    @property
    def next(self) -> str:
        return f"{'Write it' if self.status == 'not started' else 'Look at'}: {self.place}" if self.place else ""

    @property
    def lines(self) -> list[str]:
        """The message, and what the tested code printed."""
        printed = self.printed.strip().splitlines()
        heard = ["it printed:", *(f"  {line}" for line in printed[:PRINTED_LINES])] if printed else []
        if len(printed) > PRINTED_LINES:
            heard.append(f"  ... and {len(printed) - PRINTED_LINES:,} lines more")
        return [*_SEED_REMARK.sub("", self.message).splitlines(), *heard]

    def to_dict(self) -> dict[str, Any]:
        keys = ("status", "diagnosis", "claim", "message", "place", "printed", "seconds")
        return {key: getattr(self, key) for key in keys}


@dataclass(frozen=True)
class Inline:
    """A module's inline tests, in the file's order."""

    module: Module
    verdict: Verdict
    items: dict[str, Item]
    exercises: list[Exercise]

    @property
    def failures(self) -> list[Item]:
        """What is written and fails, then what is not written yet."""
        return [i for status in ("failing", "not started") for i in self.items.values() if i.status == status]

    def to_dict(self) -> dict[str, Any]:
        exercises = []
        for exercise in self.exercises:
            item = self.items[exercise.test]
            points = exercise.points if item.status == "done" else 0.0
            exercises.append(
                {"exercise": exercise.grade_id, "number": exercise.number, "points": points}
                | {"of_points": exercise.points, **item.to_dict()}
            )
        others = [i for i in self.items.values() if i.name not in {e.test for e in self.exercises}]
        return {
            "module": self.module.folder,
            "exercises": exercises,
            "other_tests": [{"test": item.name, **item.to_dict()} for item in others],
        }


@dataclass(frozen=True)
class Package:
    """A run of pytest. `tests`: those that ran, each with the reason of its mark `not_in_catalogue`, if any."""

    verdict: Verdict
    passed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list[Item] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        failures = [{"test": item.name, **item.to_dict()} for item in self.failures]
        counts = {"passed": self.passed, "failed": len(failures), "skipped": self.skipped}
        return {**counts, "seconds": self.seconds, "failures": failures}


def show_exercises(inline: Inline) -> None:
    """The short list: each exercise's state, name and points."""
    width = max((len(exercise.grade_id) for exercise in inline.exercises), default=0)
    for exercise in inline.exercises:
        status = inline.items[exercise.test].status
        coloured = paint(f"{status:<11}", _COLOURS[status])
        say(f"  {coloured}  {exercise.number:>2}  {exercise.grade_id:<{width}}  {exercise.points:>3g} points")


def show_outcome(outcome: "Inline | Package", *, everything: bool) -> None:
    """What a step came to and, where it failed, its first failure in full: one thing to fix at a time."""
    if outcome.verdict.passed:
        ok(outcome.verdict.sentence)
        return
    if not outcome.failures:
        fail(outcome.verdict.sentence)
        say(f"      {outcome.verdict.next}")
        return
    for item in outcome.failures if everything else outcome.failures[:1]:
        fail(item.sentence)
        for line in [*item.lines, item.next]:
            say(f"      {line}".rstrip())
    say(
        paint(
            f"      (seed {os.environ[SEED]}: with `--seed {os.environ[SEED]}` the same numbers are drawn again)", "dim"
        )
    )


def as_json(inlines: list[Inline], package: Package | None) -> str:
    """Everything a program wants to know of a run, as one JSON object."""
    verdicts = [inline.verdict for inline in inlines] + ([package.verdict] if package else [])
    last = next((verdict for verdict in verdicts if not verdict.passed), verdicts[-1])
    return json.dumps(
        {
            "passed": last.passed,
            "sentence": last.sentence,
            "next": last.next,
            "seed": int(os.environ[SEED]),
            "modules": [inline.to_dict() for inline in inlines],
            "pytest": package.to_dict() if package else None,
        },
        indent=1,
    )
