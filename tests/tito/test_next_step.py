"""What to do next: in each state that a student's files can be in, every command says the same."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tito import progress
from tito.course import Course, Module
from tito.init import make
from tito.states import UNREADABLE, module_state

DEV = "modules/01_alpha/alpha_dev.py"
RED = "tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself"
RIGHT, HALF, TRIPLE = "return 2 * x", "return x / 2", "return 3 * x"
PASSES_INLINE = "return 2 * x if x == 2 else 0"  # pytest asks for double(3)


@dataclass(frozen=True)
class Edition:
    """A student edition: module 01 with the exercises `double` and `half`, and 09, which needs it, with `triple`."""

    root: Path
    tito: Callable
    completed: Path  # the same edition, its module 01 complete

    @property
    def alpha(self) -> Module:
        return Course(self.root).module("01")

    @property
    def spatter(self) -> Module:
        return Course(self.root).module("09")

    def write(self, double: str = "", half: str = "") -> None:
        """Write module 01 with these bodies in the place of the stubs."""
        text = self.alpha.start.read_text(encoding="utf-8")
        for number, name, body in ((1, "double", double), (2, "half", half)):
            stub = f'raise NotImplementedError("Module 01, exercise {number}: {name}")'
            text = text.replace(stub, body or stub)
        self.alpha.dev.write_text(text, encoding="utf-8")

    def write_triple(self) -> None:
        stub = 'raise NotImplementedError("Module 09, exercise 1: triple")'
        self.spatter.dev.write_text(self.spatter.read_dev().replace(stub, TRIPLE), encoding="utf-8")

    def runs(self, *arguments: str, status: int = 0) -> str:
        ran = self.tito(*arguments)
        assert ran.status == status, ran.text
        return ran.text

    def next(self, *module: str) -> str:
        """What `tito module status` says."""
        return last_line(self.runs("module", "status", *module))

    def complete(self) -> None:
        """Bring about what `tito module complete 01` left in `completed`: that is slower."""
        for name in (DEV, "tinytorch/core/alpha.py", ".tito/01_alpha.json"):
            (self.root / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(self.completed / name, self.root / name)

    def fails_in_pytest(self, command: str = "module complete 1") -> None:
        self.write(PASSES_INLINE, HALF)
        self.runs(*command.split(), status=1)


def last_line(text: str) -> str:
    return text.rstrip().splitlines()[-1].strip()


def make_edition(planted, folder: Path, first: str) -> Path:
    course = planted("reference").course
    alpha = course.module("01")
    text = alpha.read_dev()
    start, end = text.index("# %% nbgrader"), text.rindex("# %%\nreport()")
    half = text[start:end].replace("double", "half").replace("2 * x", "x / 2").replace("(2) == 4", "(8) == 4")
    alpha.dev.write_text(text[:end] + half + text[end:], encoding="utf-8")
    triple = text.replace("alpha", "spatter").replace("double", "triple").replace("2 * x", "3 * x")
    course.module("09").dev.write_text(triple.replace("triple(2) == 4", "triple(2) == 6"), encoding="utf-8")
    tests = course.root / "tests" / "09_spatter"
    tests.mkdir()
    (tests / "test_triple.py").write_text(
        "from tinytorch.core.spatter import triple\n\n\ndef test_tripling():\n    assert triple(3) == 9\n"
    )
    make(course, folder, course.module(first))
    return folder


@pytest.fixture(scope="module")
def editions(planted, tmp_path_factory) -> dict[str, Path]:
    """An edition for each start, by the number of its first module to write, and one whose module 01 is "complete"."""
    folder = tmp_path_factory.mktemp("editions")
    made = {first: make_edition(planted, folder / first, first) for first in ("01", "09")}
    made["complete"] = shutil.copytree(made["01"], folder / "complete")
    edition = Edition(made["complete"], tito=None, completed=made["complete"])
    edition.write(RIGHT, HALF)
    ran = subprocess.run(
        [sys.executable, "-m", "tito", "module", "complete", "1"], cwd=edition.root, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return made


@pytest.fixture
def fresh(editions, tito, tmp_path, monkeypatch):
    """Makes a copy of an edition the current one: `fresh()`, `fresh("09")`."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("TINYTORCH_TEST_SEED", raising=False)

    def copy(first: str = "01") -> Edition:
        root = tmp_path / "a student's ü"
        shutil.copytree(editions[first], root)
        monkeypatch.chdir(root)
        return Edition(root, tito, editions["complete"])

    return copy


def exercise(number: int, name: str, line: int) -> str:
    return f"exercise {number}, {name}: {DEV}:{line}"


DOUBLE, HALVE = exercise(1, "double", 28), exercise(2, "half", 47)
TRIPLED = "exercise 1, triple: modules/09_spatter/spatter_dev.py:28"
COMPLETE = "`tito module complete 01`"
PYTEST_RED = f"fix exercise 1, double: {DEV}:28, which fails {RED} (assert 0 == (3 + 3)); `tito module hint 01` helps"

STATES: dict[str, tuple[Callable[[Edition], object], str]] = {}


def state(expected: str):
    """Put a function into STATES, by its name, with what is next in the state that it brings about."""

    def register(function: Callable[[Edition], object]):
        STATES[function.__name__.replace("_", " ")] = (function, expected)
        return function

    return register


@state(f"write {DOUBLE}, then `tito module test 01`")
def taken_back_before_one_that_was_done(edition):
    edition.write(RIGHT, HALF)
    edition.runs("module", "test", "1")
    edition.runs("module", "reset", "1", "double")


@state(f"write {DOUBLE}, then `tito module test 01`")
def started(edition):
    edition.runs("module", "start", "1")


@state(f"write {DOUBLE}, then `tito module test 01`")
def not_started_but_hinted_at(edition):
    edition.runs("module", "hint", "1")


@state(f"check {DOUBLE}: `tito module test 01`")
def written_and_never_checked(edition):
    edition.write(RIGHT, HALF)


@state(f"write {HALVE}, then `tito module test 01`")
def one_done_and_one_to_write(edition):
    edition.write(RIGHT)
    edition.runs("module", "test", "1", status=1)


@state(f"fix {HALVE}; `tito module hint 01` helps")
def one_to_write_and_one_failing_below(edition):
    edition.write(half="return x")
    edition.runs("module", "test", "1", status=1)


@state(f"check {HALVE}: `tito module test 01`")
def changed_since_it_failed(edition):
    one_to_write_and_one_failing_below(edition)
    edition.write(half="return x + 1")


@state(COMPLETE)
def all_pass_inline(edition):
    edition.write(RIGHT, HALF)
    edition.runs("module", "test", "1")


@state(COMPLETE)
def all_pass_in_pytest_too_and_nothing_is_built(edition):
    edition.write(RIGHT, HALF)
    edition.runs("test", "1")


@state(PYTEST_RED)
def complete_is_red_in_pytest(edition):
    edition.fails_in_pytest()


@state(PYTEST_RED)
def tito_test_is_red_in_pytest(edition):
    edition.fails_in_pytest("test 1")


@state(PYTEST_RED)
def a_test_of_two_modules_is_red_in_pytest(edition):
    edition.write_triple()
    edition.fails_in_pytest("test 1 9")
    assert not progress.read(edition.spatter).pytest, "its own tests did not fail"


@state(PYTEST_RED)
def red_in_pytest_and_green_inline_again(edition):
    edition.fails_in_pytest()
    edition.runs("module", "test", "1")


@state(f"check {DOUBLE}: `tito module test 01`")
def changed_since_pytest_was_red(edition):
    edition.fails_in_pytest()
    edition.write(RIGHT, HALF)


@state(PYTEST_RED)
def red_in_pytest_changed_checked_and_changed_back(edition):
    edition.fails_in_pytest()
    edition.write(RIGHT, HALF)
    edition.runs("module", "test", "1")
    edition.write(PASSES_INLINE, HALF)


@state(COMPLETE)
def red_by_tests_that_an_update_replaced(edition):
    edition.fails_in_pytest()
    path = edition.alpha.tests / "test_double.py"
    path.write_text(path.read_text().replace("double(3) == 3 + 3", "double(2) == 4"))


@state(f"fix what fails {RED} (pytest tests/01_alpha did not come to its end (exit status 0)); `tito module hint 01` helps")  # fmt: skip
def pytest_ended_in_a_test(edition):
    edition.write("return 2 * x if x == 2 else __import__('os')._exit(0)", HALF)
    edition.runs("module", "complete", "1", status=1)


@state(f"fix what fails {RED} (stopped after 3 seconds: it was in {DEV}:37, in double); `tito module hint 01` helps")
def an_endless_loop_in_pytest(edition):
    edition.write("while x == 3: pass\n    return 2 * x", HALF)
    edition.runs("module", "complete", "1", "--time-limit", "3", status=1)


@state(f"fix what fails {RED} (pytest tests/01_alpha tests/09_spatter did not come to its end (exit status 0)); `tito module hint 01` helps")  # fmt: skip
def pytest_of_two_modules_ended_in_a_test(edition):
    edition.write_triple()
    edition.write("return 2 * x if x == 2 else __import__('os')._exit(0)", HALF)
    edition.runs("test", "1", "9", status=1)


@state(f"fix {DEV}: stopped after 2 seconds: it was in {DEV}:37, in double; `tito module hint 01` helps")
def an_endless_loop_inline(edition):
    edition.write("while True: pass", HALF)
    edition.runs("module", "test", "1", "--time-limit", "2", status=1)


@state(f"fix {DEV}: 0 of 2 inline tests ran, then the file ended (exit status 0): test_double did not run; `tito module hint 01` helps")  # fmt: skip
def the_file_ends_early(edition):
    edition.write(f"{RIGHT}\n\nimport sys; sys.exit()", HALF)
    edition.runs("module", "test", "1", status=1)


@state(f"fix {DEV}: all 2 inline tests passed, but the file ended badly (exit status 3); `tito module hint 01` helps")
def the_file_ends_badly(edition):
    edition.write(RIGHT, HALF)
    with edition.alpha.dev.open("a", encoding="utf-8") as file:
        file.write("\n# %%\nraise SystemExit(3)\n")
    edition.runs("module", "test", "1", status=1)


@state(f"fix {DEV}: test_half failed. there is no such test in {DEV}: nothing checks half; `tito module hint 01` helps")
def the_test_of_an_exercise_is_gone(edition):
    edition.write(RIGHT, HALF)
    text = edition.alpha.read_dev()
    edition.alpha.dev.write_text(text.replace("def test_half(", "def test_nothing("), encoding="utf-8")
    edition.runs("module", "test", "1", status=1)


@state(f"fix {DEV}:37: this is not valid Python: '(' was never closed.")
def not_python(edition):
    edition.write("return (2 * x", HALF)


@state(f"`git checkout -- {DEV}`: the file is missing")
def no_dev_file(edition):
    edition.alpha.dev.unlink()


@state("`tito module start 09`")
def complete(edition):
    edition.complete()


@state("`tito module start 09`")
def complete_and_tested_again(edition):
    edition.complete()
    edition.runs("test", "1")


@state("`tito module start 09`")
def complete_changed_and_changed_back(edition):
    edition.complete()
    edition.fails_in_pytest("test 1")
    edition.write(RIGHT, HALF)


@state(f"check {DOUBLE}: `tito module test 01`")
def complete_and_changed_since(edition):
    edition.complete()
    edition.write("return x + x", HALF)


@state(COMPLETE)
def complete_and_its_tests_changed_since(edition):
    edition.complete()
    (edition.alpha.tests / "test_more.py").write_text("def test_more():\n    pass\n")


@state(COMPLETE)
def complete_and_its_export_edited_since(edition):
    edition.complete()
    edit_core(edition)


@state(COMPLETE)
def complete_and_its_export_deleted_since(edition):
    edition.complete()
    edition.alpha.core.unlink()


@state(COMPLETE)
def complete_and_another_content_built_since(edition):
    edition.complete()
    edition.fails_in_pytest()
    edition.write(RIGHT, HALF)


@state(f"write {TRIPLED}, then `tito module test 09`")
def the_next_one_is_started(edition):
    edition.complete()
    edition.runs("module", "start", "9")


@state(f"write {HALVE}, then `tito module test 01`")
def two_in_progress(edition):
    edition.write_triple()
    edition.runs("module", "test", "9")
    one_done_and_one_to_write(edition)


@state(f"check {TRIPLED}: `tito module test 09`")
def built_on_a_module_that_changed_since(edition):
    edition.complete()
    edition.write_triple()
    edition.runs("module", "test", "9")
    edition.write("return x + x", HALF)
    edition.runs("module", "complete", "1")


@state("`tito milestone list`: programs that use what you built")
def all_complete(edition):
    edition.complete()
    edition.write_triple()
    edition.runs("module", "complete", "9")


def edit_core(edition: Edition) -> str:
    """Add a line to what module 01 exports; returns the text with it."""
    text = edition.alpha.core.read_text(encoding="utf-8") + "mine = 1\n"
    edition.alpha.core.write_text(text, encoding="utf-8")
    return text


def in_a_copy(edition: Edition, monkeypatch, number: int) -> Edition:
    root = edition.root.parent / f"copy {number}"
    shutil.copytree(edition.root, root)
    monkeypatch.chdir(root)
    return replace(edition, root=root)


def watch(*arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "tito", "watch", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("name", STATES)
def test_every_command_says_the_same(fresh, monkeypatch, name):
    edition = fresh()
    bring_about, expected = STATES[name]
    bring_about(edition)
    commands = [("status",), ("status", "1"), ("start", "1"), ("hint", "1"), ("status", "9"), ("start", "9")]
    for number, command in enumerate(commands):
        ran = in_a_copy(edition, monkeypatch, number).tito("module", *command)
        said = last_line(ran.text)
        if command == ("hint", "1") and module_state(edition.alpha).state in UNREADABLE:
            words = expected.removeprefix("fix ").removesuffix(": the file is missing")
            assert words in ran.err, "that is what there is to fix"
        elif command == ("start", "9") and expected == "`tito module start 09`":
            assert said == f"Next: write {TRIPLED}, then `tito module test 09`"
        else:
            assert said == f"Next: {expected}", command


CHECKS = {
    "module test": lambda edition: edition.tito("module", "test", "1").text,
    "test": lambda edition: edition.tito("test", "1").text,
    "complete": lambda edition: edition.tito("module", "complete", "1").text,
    "watch": lambda edition: watch("1"),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "bodies", [("", ""), ("return x", ""), (RIGHT, HALF), (PASSES_INLINE, HALF)], ids=["stubs", "wrong", "right", "red"]
)
def test_a_check_ends_with_what_is_next(fresh, check, bodies):
    edition = fresh()
    edition.write(*bodies)
    said = last_line(CHECKS[check](edition))
    assert said == edition.next() == edition.next("1")
    if bodies == (RIGHT, HALF):
        expected = "`tito module start 09`" if check == "complete" else COMPLETE
        assert said == f"Next: {expected}"


@pytest.mark.parametrize("name", ["complete is red in pytest", "all complete", "started"])
def test_watch_says_what_is_next_in_a_state_that_it_finds(fresh, name):
    edition = fresh()
    bring_about, expected = STATES[name]
    bring_about(edition)
    assert last_line(watch("1")) == f"Next: {expected}"


def test_what_was_started_too_early_is_started_again(fresh):
    edition = fresh()
    assert last_line(edition.runs("module", "start", "9")) == "Next: `tito module start 01`"
    edition.complete()
    assert edition.next() == "Next: `tito module start 09`"


def test_given_modules_are_done(fresh):
    edition = fresh("09")
    for command in ("status", "status 1", "status 9", "start 1"):
        assert last_line(edition.runs("module", *command.split())) == "Next: `tito module start 09`"
    ran = edition.tito("module", "hint", "1")
    assert (ran.status, "module 01 is given.\n      Next: `tito module start 09`" in ran.err) == (1, True)
    assert last_line(edition.runs("module", "complete", "1")) == "Next: `tito module start 09`"
    edition.write_triple()
    assert last_line(edition.runs("module", "complete", "9")).startswith("Next: `tito milestone list`")


def test_in_the_reference_only_what_was_checked_counts(whole, tito):
    make_one = "Next: to write the answers yourself, make a student edition: `tito init DEST"
    for command in ("status", "start 1", "start 9", "status 9"):
        _, _, number = command.partition(" ")
        start_at = f" --start-at 0{number}" if number else ""
        assert last_line(tito("module", *command.split()).out) == f"{make_one}{start_at}`"
    assert last_line(tito("module", "test", "1").out) == f"Next: {COMPLETE}"
    assert last_line(tito("module", "status").out) == f"Next: {COMPLETE}"
    assert last_line(tito("module", "complete", "1").out) == f"{make_one}`"
    assert last_line(tito("module", "status", "1").out) == f"{make_one}`"
    whole.alpha.dev.write_text(whole.alpha.read_dev().replace("2 * x", "3 * x"), encoding="utf-8")
    tito("module", "test", "1")
    assert last_line(tito("module", "status").out) == f"Next: fix {DOUBLE}; `tito module hint 01` helps"


@pytest.mark.parametrize("exercise", [[], ["half"]])
@pytest.mark.parametrize("name", ["complete", "complete is red in pytest", "one to write and one failing below"])
def test_undo_of_a_reset_brings_back_what_was_known(fresh, monkeypatch, name, exercise):
    edition = fresh()
    STATES[name][0](edition)
    hint = in_a_copy(edition, monkeypatch, 1).tito("module", "hint", "1")
    monkeypatch.chdir(edition.root)
    before = known(edition)
    edition.runs("module", "reset", "1", *exercise)
    edition.runs("module", "test", "1", status=1)  # as `tito watch` does at every save
    assert known(edition) != before
    edition.runs("undo")
    assert known(edition) == before
    assert edition.tito("module", "hint", "1") == hint


def known(edition: Edition) -> tuple[str, str]:
    """What `tito module status` says of module 01, but for the times of checks."""
    state = edition.runs("module", "status", "1", "--json")
    return re.sub(r'"(checked_)?at": .*', "", state), edition.next()


def test_what_is_known_of_many_contents_is_bounded(fresh):
    edition = fresh()
    for number in range(progress.KEPT + 3):
        edition.write(f"return {number}")
        was = progress.content(edition.alpha)
        progress.record_inline(edition.alpha, was, dict.fromkeys(was.tests, "failed"), {})
        progress.record_pytest(edition.alpha, was, "failed", progress.Failure("no"))
    record = progress.read(edition.alpha)
    assert {len(results) for results in [*record.inline.values(), record.pytest]} == {progress.KEPT}
    assert record.pytest[-1].of == was.file, "the last ones are kept"


def test_a_hint_after_pytest_was_red_is_on_its_failure(fresh):
    edition = fresh()
    edition.fails_in_pytest()
    first = edition.runs("module", "hint", "1").splitlines()
    assert first[:3] == ["double, hint 1 of 3:", f"  {RED} failed.", "  assert 0 == (3 + 3)"]
    assert f"  Look at: {DEV}:28, in double" in first


def test_a_failure_of_pytest_inside_an_exercise_names_the_exercise(fresh):
    edition = fresh()
    edition.write("if x == 3: raise KeyError('three')\n    return 2 * x", HALF)
    edition.runs("test", "1", status=1)
    which = f"{DOUBLE}, which fails {RED} (double on line 37: KeyError: 'three'); `tito module hint 01` helps"
    assert edition.next() == f"Next: fix {which}"
    first, second = (edition.runs("module", "hint", "1").splitlines() for _ in range(2))
    assert first[:2] == ["double, hint 1 of 3:", f"  {RED} failed."]
    assert second[:2] == ["double, hint 2 of 3:", "  by two."]
    assert edition.runs("module", "hint", "1", "half").startswith("half, hint 1 of 2:\n  by two.\n")
    solution = edition.tito("module", "solution", "1", "double")
    assert "pytest still finds something in it" in solution.err
    assert edition.runs("module", "solution", "1", "half").startswith("Module 01, exercise 2: half")


def test_a_file_that_changes_while_pytest_runs_is_not_said_to_be_red(fresh, monkeypatch):
    from tito import child

    edition = fresh()
    edition.write(PASSES_INLINE, HALF)
    edition.runs("module", "test", "1")
    run = child.run

    def meanwhile(*arguments, **keywords):
        outcome = run(*arguments, **keywords)
        if "pytest" in arguments[0]:
            edition.write(RIGHT, HALF)
        return outcome

    with monkeypatch.context() as context:
        context.setattr(child, "run", meanwhile)
        edition.runs("test", "1", status=1)
    assert progress.read(edition.alpha).pytest == []
