"""The course checks itself, in private copies of the tree: what must be red is red, and says why.

- The reference is green: inline tests and pytest.
- Without its solutions every exercise is "not written yet": all of them, and each one alone.
- Each mistake of the catalogue, in the place of the solution, is caught and named; nearly all by the inline tests.
- Each test in `tests/NN_name` is turned red by at least one of the mistakes, or its marker says why not:
  `@pytest.mark.not_in_catalogue("what it checks that no entry gets wrong")`.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from tito import checks, child, copies
from tito.course import Course, Module
from tito.dev_file import DevFile
from tito.edition import without_solutions
from tito.errors import TitoError
from tito.results import Item

KILLED, INLINE, NAMED = 1.0, 0.97, 0.97  # shares of all entries; below that the command fails
INLINE_LIMIT = 30.0  # seconds: a mistake may be an endless loop
PYTEST_LIMIT = 180.0


@dataclass(frozen=True)
class Entry:
    """A mistake of the catalogue, and the dev file with it (or why there is none)."""

    key: str
    module: str
    headline: str
    text: str = ""
    problem: str = ""


@dataclass
class Found:
    """What is known of one module; `problems` are sentences, each of them a reason to fail."""

    module: str
    exercises: int = 0
    entries: int = 0
    killed: int = 0
    inline: int = 0  # caught by the inline tests
    named: int = 0
    tests: dict[str, str] = field(default_factory=dict)  # a test function -> why it is not in the catalogue, or ""
    red: dict[str, str] = field(default_factory=dict)  # a test function -> the first mistake that turned it red
    remarks: list[str] = field(default_factory=list)  # on mistakes that are caught late, or not named
    problems: list[str] = field(default_factory=list)

    def add(self, caught: "Caught") -> None:
        self.entries += 1
        self.killed += caught.killed
        self.inline += caught.inline
        self.named += caught.named
        if caught.remark:
            (self.remarks if caught.killed else self.problems).append(caught.remark)

    @property
    def unproven(self) -> list[str]:
        return [test for test, reason in self.tests.items() if not reason and test not in self.red]


class Trees:
    """Private copies of the course, one per worker."""

    def __init__(self, course: Course, workers: int, stack: ExitStack):
        self.pool = stack.enter_context(ThreadPoolExecutor(workers))
        self.free: SimpleQueue[Course] = SimpleQueue()
        for _ in range(workers):
            self.free.put(Course(stack.enter_context(copies.course(course.root))))

    @contextmanager
    def with_text(self, module: Module, text: str) -> Iterator[Module]:
        """The module in a copy that nobody else uses meanwhile, its dev file holding `text`.

        It stays there until the next: no check of another module reads it, only the package as built.
        """
        course = self.free.get()
        try:
            copy = course.module(module.folder)
            copy.dev.write_text(text, encoding="utf-8")
            yield copy
        finally:
            self.free.put(course)

    def each(self, do: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
        """What `do` gives for each of the things, done by all workers."""
        return list(self.pool.map(do, things))


@dataclass(frozen=True)
class Caught:
    """What became of one mistake.

    inline: whether the inline tests caught it, and not only pytest. remark: what was shown where it was not caught, not
    by the inline tests, or not named.
    """

    killed: bool = False
    inline: bool = False
    named: bool = False
    remark: str = ""


def check(course: Course, modules: list[Module], workers: int, tell: Callable[[str], None]) -> list[Found]:
    """Everything above for the given modules; `tell` hears of each step."""
    checks.use_seed()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # in the copies, what is compiled once serves a thousand runs
    found = {module.folder: Found(module.folder) for module in modules}
    with ExitStack() as stack:
        trees = Trees(course, workers, stack)
        tell("the reference")
        for module, (problem, tests) in zip(modules, trees.each(lambda m: _reference(trees, m), modules)):
            one = found[module.folder]
            one.exercises, one.tests = len(DevFile(module).exercises()), tests
            one.problems += problem
        modules = [module for module in modules if not found[module.folder].problems]
        tell("without solutions")
        stubs = list(_stubs(modules))
        for (module, _), problems in zip(stubs, trees.each(lambda stub: _stub(trees, *stub), stubs)):
            found[module.folder].problems += problems
        homes = {module.folder: module for module in modules}
        entries = [entry for entry in read_catalogue(course) if entry.module in homes] if homes else []
        tell(f"{len(entries)} mistakes")
        for entry, caught in zip(entries, trees.each(lambda e: _mistake(trees, homes[e.module], e), entries)):
            found[entry.module].add(caught)
        tell("tests that can fail")
        trees.each(lambda e: _turns_red(trees, homes[e.module], e, found[e.module]), _spread(entries))
    for one in found.values():
        one.problems += [f"{test}: no mistake of the catalogue turns it red" for test in one.unproven]
    return list(found.values())


def read_catalogue(course: Course) -> list[Entry]:
    """The entries of the course's own catalogue, told by a child process."""
    with TemporaryDirectory(prefix="tito-catalogue-") as folder:
        results = Path(folder) / "entries.jsonl"
        environment = child.environment(course.root, TITO_RESULTS=str(results))
        outcome = child.run(["-m", "tito.mistakes"], cwd=course.root, env=environment, limit=60, quiet=True)
        if outcome.status != 0:
            raise TitoError("the catalogue of mistakes cannot be read.", outcome.tail.strip()[-1000:], status=1)
        entries = [Entry(**json.loads(line)) for line in results.read_text(encoding="utf-8").splitlines()]
    known = {module.folder for module in course.modules}
    for entry in entries:
        if entry.module not in known:
            raise TitoError(f"{entry.problem}.", "Name the entry's file after its module.", status=1)
    return entries


def _reference(trees: Trees, module: Module) -> tuple[list[str], dict[str, str]]:
    """(what is wrong, test function -> the reason on its marker) of the module as it is, which must pass."""
    with trees.with_text(module, module.read_dev()) as copy:
        inline = checks.inline(copy, INLINE_LIMIT)
        if not inline.verdict.passed:
            return [f"{module.folder}: the reference is red: {inline.verdict.sentence}"], {}
        ran = checks.package(copy.root, [copy.shown(copy.tests)], [], PYTEST_LIMIT, chapters=[copy], every=True)
    problems = [] if ran.verdict.passed else [f"{module.folder}: the reference is red: {ran.verdict.sentence}"]
    return problems, {_function(name): reason for name, reason in ran.tests.items()}


def _function(test: str) -> str:
    """`tests/09_spatial/test_x.py::test_y` of one of its parameters."""
    return test.partition("[")[0]


def _stubs(modules: list[Module]) -> Iterator[tuple[Module, int | None]]:
    """(module, index of the exercise that is not written; None for all of them)."""
    for module in modules:
        yield module, None
        for index in range(len(DevFile(module).exercises())):
            yield module, index


def _stub(trees: Trees, module: Module, index: int | None) -> list[str]:
    """What is wrong where an exercise without its solution is not "not written yet"."""
    dev = DevFile(module)
    wanted = dev.exercises() if index is None else [dev.exercises()[index]]
    with trees.with_text(module, without_solutions(dev, None if index is None else wanted[0])) as copy:
        DevFile(copy).check()  # it can be exported
        inline = checks.inline(copy, INLINE_LIMIT)
    problems = []
    for exercise in wanted:
        item = inline.items[exercise.test]
        # An item without these words is not started by what the file says, and its test did not notice.
        if item.status != "not started" or "not written yet" not in item.message:
            problems.append(
                f"{module.folder}, exercise {exercise.number} ({exercise.grade_id}), taken out "
                f'{"with all others" if index is None else "alone"}: {item.name} must say "not written yet" and does '
                f"not: {item.message.partition(chr(10))[0] or item.status}"
            )
    return problems


def _mistake(trees: Trees, module: Module, entry: Entry) -> Caught:
    """Whether the mistake is caught, and named by the first failure, which a student is shown."""
    if entry.problem:
        return Caught(remark=entry.problem)
    with trees.with_text(module, entry.text) as copy:
        outcome: Any = checks.inline(copy, INLINE_LIMIT)
        inline = not outcome.verdict.passed
        if not inline:
            outcome = checks.package(copy.root, [copy.shown(copy.tests)], [copy], PYTEST_LIMIT, chapters=[copy])
    if outcome.verdict.passed:
        return Caught(remark=f"{entry.key} survives: {outcome.verdict.sentence}")
    first = outcome.failures[0] if outcome.failures else Item("", "failing", outcome.verdict.sentence)
    named = entry.headline in first.message
    missing = [text for holds, text in ((inline, "caught by pytest only"), (named, "not named")) if not holds]
    said = f"{entry.key} is {' and '.join(missing)}: {first.name}: {first.message.partition(chr(10))[0]}"
    return Caught(True, inline, named, said if missing else "")


def _spread(entries: list[Entry]) -> list[Entry]:
    """The first entry of each place, then the second of each, and so on: most tests soon have been red."""
    places = [entry.key.rpartition("/")[0] for entry in entries]
    ranks = [places[:index].count(place) for index, place in enumerate(places)]
    return [entry for _, entry in sorted(zip(ranks, entries), key=lambda pair: pair[0])]


def _turns_red(trees: Trees, module: Module, entry: Entry, found: Found) -> None:
    """Which of the tests that have stayed green so far fail with this mistake."""
    left = found.unproven
    if entry.problem or not left:
        return
    with trees.with_text(module, entry.text) as copy:
        ran = checks.package(copy.root, left, [], PYTEST_LIMIT, chapters=[copy], every=True, diagnose=False)
    for item in ran.failures:
        found.red.setdefault(_function(item.name), entry.key)


def shortfalls(found: list[Found]) -> list[str]:
    """A sentence for each share of all mistakes that is too small."""
    entries = sum(one.entries for one in found)
    shares = [("killed", "caught", KILLED), ("inline", "caught by the inline tests", INLINE), ("named", "named", NAMED)]
    sentences = []
    for key, what, least in shares:
        count = sum(getattr(one, key) for one in found)
        if count < least * entries:
            sentences.append(f"{count} of {entries} mistakes are {what}; at least {least:.0%} must be.")
    return sentences


def passes(found: list[Found]) -> bool:
    return not shortfalls(found) and not any(one.problems for one in found)


def as_json(found: list[Found]) -> str:
    told = {"passed": passes(found), "problems": shortfalls(found), "modules": [asdict(one) for one in found]}
    return json.dumps(told, indent=1)


def rows(found: list[Found]) -> list[list[str]]:
    """A line per module, and their sum, with the numbers that COLUMNS names."""
    table = []
    for one in found:
        marked = sum(bool(reason) for reason in one.tests.values())
        caught = [one.killed, one.inline, one.named]
        table.append([one.exercises, one.entries, *caught, len(one.tests), len(one.red), marked])
    table.append([sum(column) for column in zip(*table)])
    names = [one.module for one in found] + ["all"]
    return [[name, *map(str, numbers)] for name, numbers in zip(names, table)]


COLUMNS = ["module", "exercises", "entries", "killed", "inline", "named", "tests", "turned red", "listed"]
