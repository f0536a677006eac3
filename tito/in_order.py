"""The proof that the chapters can be written in their order: right solutions pass, whatever their style.

For each start, and in it for each style of solutions, `tito init` makes a student edition. The solutions of one module
after the other are put into it, and `tito module complete` must pass, as it must for a student, while nothing of a
later module is in the package.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tito import checks, child
from tito.course import Course, Module
from tito.solutions import REFERENCE, alternatives, styles

STARTS = ("01", "05", "09")  # the modules with which editions start
TWO_ALTERNATIVES = ("01", "05", "09")  # modules whose exercises need two; one is enough in the others
LIMIT = checks.INLINE_LIMIT + checks.PYTEST_LIMIT + 60  # seconds for one command
SHOWN_LINES = 8  # of what a failing command said


@dataclass(frozen=True)
class Step:
    """A `tito module complete` in an edition, or the `tito init` that made it. said: only where it failed."""

    start: str
    style: str
    command: str
    passed: bool
    seconds: float
    said: list[str]

    def __str__(self) -> str:
        told = f"start {self.start}, {self.style}: `{self.command}` ({self.seconds:.1f} s)"
        return "\n      ".join([told, *self.said])


@dataclass(frozen=True)
class Coverage:
    """How many of a module's exercises have one alternative solution, and how many have two or more."""

    module: str
    exercises: int
    one: int
    two: int
    problem: str


def prove(
    course: Course, first: Module | None, workers: int, tell: Callable[[Step], None]
) -> tuple[list[Step], list[Coverage]]:
    """Write the chapters in order from each start, or from `first` only. `tell` is called with each step as it ends.

    Raises TitoError before anything runs where a file of solutions does not fit its dev file.
    """
    checks.use_seed()
    starts = [first] if first else [module for module in course.modules if module.number in STARTS]
    modules = [module for module in course.modules if module.number >= starts[0].number]
    every = styles(course)
    texts = [{module: style.text(module) for module in modules} for style in every]
    runs = [
        (start, style.name, own)
        for start in starts
        for style, own in zip(every, texts)
        if style.name == REFERENCE or any(m.folder in style.files for m in modules if m.number >= start.number)
    ]
    with ThreadPoolExecutor(workers) as pool:
        done = list(pool.map(lambda run: _run(course, tell, *run), runs))
    coverage = [_coverage(module, [own[module] for own in texts]) for module in modules]
    return [step for steps in done for step in steps], coverage


def _run(
    course: Course, tell: Callable[[Step], None], start: Module, style: str, texts: dict[Module, str]
) -> list[Step]:
    """Write the modules in one edition. texts: the dev files as they are to be."""
    steps = []
    with TemporaryDirectory(prefix="tito-in-order-") as folder:
        for step in _steps(course, start, style, texts, Path(folder) / "edition"):
            tell(step)
            steps.append(step)
    return steps


def _steps(course: Course, start: Module, style: str, texts: dict[Module, str], root: Path) -> Iterator[Step]:
    """Each command as it ends. The last is that of a module without an export: the next one could not be written."""
    tito = partial(_tito, start, style)
    made = tito(course.root, "init", str(root), "--start-at", start.number)
    if not made.passed:
        yield made
        return
    edition = Course(root)
    for source, text in texts.items():
        if source.number < start.number:
            continue
        module = edition.module(source.folder)
        module.dev.write_text(text, encoding="utf-8")
        step = tito(root, "module", "complete", module.number)
        later = [other for other in edition.modules if other.number > module.number and other.core.exists()]
        if later:
            early = f"{later[0].shown(later[0].core)} is in the package before it is written."
            step = replace(step, passed=False, said=[*step.said, early])
        if not step.passed and not module.core.exists():
            yield replace(step, said=[*step.said, "It was not exported: the modules after it were not tried."])
            return
        yield step


def _tito(start: Module, style: str, root: Path, *arguments: str) -> Step:
    """Run `tito ARGUMENTS` in the course at `root`, in a child."""
    began = time.monotonic()
    environment = child.environment(root)
    ran = child.run(["-m", "tito", *arguments], cwd=root, env=environment, limit=LIMIT, quiet=True)
    seconds = round(time.monotonic() - began, 1)
    passed = ran.status == 0 and not ran.timed_out
    said = [] if passed else _first_lines(ran.tail)
    if ran.timed_out:
        said.append(f"It was stopped after {LIMIT:g} seconds.")
    return Step(start.number, style, f"tito {' '.join(arguments)}", passed, seconds, said)


def _first_lines(said: str) -> list[str]:
    """The first lines of what failed; the last ones where no line says that something did."""
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    failed = [index for index, line in enumerate(lines) if line.startswith(("FAIL", "tito:", "Traceback"))]
    first = failed[0] if failed else max(len(lines) - SHOWN_LINES, 0)
    return lines[first : first + SHOWN_LINES]


def _coverage(module: Module, texts: list[str]) -> Coverage:
    counts = alternatives(module, texts)
    wanted = 2 if module.number in TWO_ALTERNATIVES else 1
    short = [grade_id for grade_id, count in counts.items() if count < wanted]
    problem = (
        f"{module.folder}: {len(short)} of {len(counts)} exercises have "
        f"{'no alternative solution' if wanted == 1 else 'fewer than two alternative solutions'} in tests/solutions: "
        f"{', '.join(short)}."
    )
    one, two = (sum(count == 1 for count in counts.values()), sum(count > 1 for count in counts.values()))
    return Coverage(module.folder, len(counts), one, two, problem if short else "")


COLUMNS = ["module", "exercises", "one alternative", "two or more"]


def rows(coverage: list[Coverage]) -> list[list[str]]:
    """A row for each module, and their sum."""
    numbers = [[one.exercises, one.one, one.two] for one in coverage]
    numbers.append([sum(column) for column in zip(*numbers)])
    return [[name, *map(str, row)] for name, row in zip([*(one.module for one in coverage), "all"], numbers)]


def passes(steps: list[Step], coverage: list[Coverage]) -> bool:
    return all(step.passed for step in steps) and not any(one.problem for one in coverage)


def as_json(steps: list[Step], coverage: list[Coverage]) -> str:
    return json.dumps(
        {
            "passed": passes(steps, coverage),
            "steps": [asdict(step) for step in steps],
            "modules": [asdict(one) for one in coverage],
        },
        indent=1,
    )
