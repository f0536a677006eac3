"""`tito module solution`: earned first, then a reference beside the student's own, with what both cost."""

import importlib
import re
import shutil
import sys

import numpy as np
import pytest

from tinytorch.testing import generator
from tinytorch.testing.measured_on import MEASURED_ON
from tinytorch.testing.text import to_array
from tito import checks, measure, measure_child, multiply_adds, progress, solution
from tito.course import Course
from tito.init import make
from tito.states import exercise_states

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
ANSWER = "return 2 * x"
WITH_CASE = """\
# %% nbgrader={"grade": true, "grade_id": "test-double", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("double: twice the number")
def test_double(verify):
    import numpy as np

    from tinytorch.testing import Case, assert_close

    with verify("every number is doubled"):
        for n in (2, 5, 3):
            case = Case(double, np.ones((n, 2)))
            assert_close(case(), np.full((n, 2), 2.0), case=case)

"""


def write(tree, body: str) -> None:
    text = tree.alpha.start.read_text(encoding="utf-8").replace(STUB, body)
    tree.alpha.dev.write_text(text, encoding="utf-8")


@pytest.fixture
def measured(whole, tito, monkeypatch):
    """An edition whose inline test makes cases."""
    whole.write_alpha(test=WITH_CASE)
    make(whole.course, whole.root.parent / "out", whole.alpha)
    monkeypatch.chdir(whole.root.parent / "out")
    return type(whole)(whole.root.parent / "out")


@pytest.mark.parametrize(
    ("body", "checked", "words", "fix"),
    [
        (STUB, False, "it is still to be written", "`tito module hint 01 double` helps you on."),
        ("return 3 * x", True, "it does not pass yet", "`tito module hint 01 double` helps you on."),
        ("return x + x", False, "it was not checked as it stands now", "`tito module test 01`"),
    ],
)
def test_what_is_not_earned_is_refused_kindly(edition, tito, body, checked, words, fix):
    write(edition, body)
    if checked:
        tito("module", "test", "1")
    ran = tito("module", "solution", "1", "double")
    assert ran.status == 1
    assert f"the solution of double is shown beside your own once that passes: {words}.\n      {fix}" in ran.err
    assert ANSWER not in ran.text


def test_what_was_changed_after_it_passed_is_not_earned_any_more(edition, tito):
    write(edition, "return x + x")
    tito("module", "test", "1")
    write(edition, "return x + x + 0")
    ran = tito("module", "solution", "1", "1")
    assert (ran.status, "it was not checked as it stands now" in ran.err) == (1, True)


def test_what_pytest_finds_wrong_is_not_earned(edition, tito):
    write(edition, "return x + x")
    tito("module", "test", "1")
    failure = progress.Failure("double: no", ["Is it?"], "tests/01_alpha/test_double.py::test_x", "double")
    progress.record_pytest(edition.alpha, progress.content(edition.alpha), "failed", failure)
    ran = tito("module", "solution", "1", "double")
    assert (ran.status, "pytest still finds something in it" in ran.err) == (1, True)


def test_the_reference_stands_beside_the_students_own_with_what_both_cost(measured, tito):
    write(measured, "return x + x")
    assert tito("module", "test", "1").status == 0
    out = tito("module", "solution", "alpha", "double").out
    assert out.startswith("Module 01, exercise 1: double\n- yours\n+ reference\n")
    assert "-     return x + x\n+     return 2 * x\n" in out
    assert "\nMeasured on double(x (5, 2)), on one core, both in turn: the median of 5 runs" in out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith(("time", "multiply"))}
    assert rows["multiply-adds"] == ["0", "10"]
    told = re.findall(r"([\d.]+ .s) \(([\d.]+ .?s) to ([\d.]+ .?s)\)", " ".join(rows["time"]))
    assert len(told) == 2, rows
    assert "Counted are products of floating numbers" in out


def test_what_is_the_reference_itself_is_said_so(edition, tito):
    write(edition, f"# twice\n    {ANSWER}")
    tito("module", "test", "1")
    assert tito("module", "solution", "1", "double").out.splitlines()[1:] == ["Yours is the reference, line by line."]


def test_without_a_case_nothing_is_measured_and_that_is_said(edition, tito):
    write(edition, "return x + x")
    tito("module", "test", "1")
    ran = tito("module", "solution", "1", "double")
    assert ran.status == 0, ran.text
    assert "+     return 2 * x" in ran.out
    assert "Not measured: its inline test makes no call that could be measured alone." in ran.out


def test_a_program_that_ends_itself_while_it_is_measured_is_said_so(measured):
    checks.use_seed()
    write(measured, "__import__('os')._exit(0)")
    exercise = measured_exercise(measured)
    (found,) = measure.measure(measured.alpha, exercise, [measured.alpha.read_dev()])
    assert found.why == "the run ended with status 0"


def measured_exercise(tree):
    return next(iter(exercise_states(tree.alpha).values())).exercise


def test_the_reference_course_and_a_given_module_hold_the_solutions_themselves(whole, tito, monkeypatch):
    ran = tito("module", "solution", "1", "double")
    assert ran.status == 1
    assert "modules/01_alpha/alpha_dev.py itself holds the solutions: this is the reference course." in ran.err
    tito("init", "../out", "--start-at", "9")
    monkeypatch.chdir(whole.root.parent / "out")
    assert "itself holds the solutions: it is given." in tito("module", "solution", "1", "double").err


def test_an_unknown_exercise_is_answered_with_those_there_are(edition, tito):
    ran = tito("module", "solution", "1", "treble")
    assert (ran.status, "It has: double." in ran.err) == (2, True)


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_a_damaged_seal_is_named_with_the_way_to_get_it_back(edition, tito, damage):
    write(edition, "return x + x")
    tito("module", "test", "1")
    archive = solution.sealed(edition.alpha)
    archive.unlink()
    if damage is not None:
        archive.write_bytes(damage)
    ran = tito("module", "solution", "1", "double")
    assert ran.status == 2
    assert "modules/01_alpha/.start/sealed.zip cannot be read" in ran.err
    assert "`git checkout -- modules/01_alpha/.start/sealed.zip`" in ran.err


def test_the_same_course_gives_the_same_seals(whole):
    found = []
    for name in ("one", "two"):
        make(whole.course, whole.root.parent / name, whole.alpha)
        found.append(solution.sealed(Course(whole.root.parent / name).module("1")).read_bytes())
    assert found[0] == found[1]
    assert ANSWER.encode() not in found[0]


def test_a_wide_terminal_shows_them_side_by_side(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    widths = []
    for width in (80, 20):
        monkeypatch.setattr(shutil, "get_terminal_size", lambda width=width: type("Size", (), {"columns": width}))
        widths.append(solution.difference("def f(x):\n    return 1\n    pass\n", "def f(x):\n    return 2\n"))
    assert widths[0] == [
        "yours        | reference",
        "def f(x):      def f(x):",
        "    return 1 |     return 2",
        "    pass     | ",
    ]
    assert widths[1] == ["- yours", "+ reference", "  def f(x):", "-     return 1", "-     pass", "+     return 2"]


@pytest.mark.parametrize(
    ("code", "products"),
    [
        ("a * a", 6),
        ("a * 2.0", 6),
        ("1.5 * 2.0", 1),
        ("[0.0] * 3", 0),
        ("np.arange(6) * 2", 0),
        ("a * np.ones((4, 2, 3))", 24),
        ("a @ b", 2 * 3 * 4),
        ("np.ones((5, 2, 3)) @ b", 5 * 2 * 3 * 4),
        ("a[0] @ a[0]", 3),
        ("a.dot(b)", 24),
        ("np.dot(a, b)", 24),
        ("np.dot(a, 2.0)", 6),
        ("np.matmul(a, b)", 24),
        ("np.inner(a, a)", 2 * 2 * 3),
        ("np.outer(a, b)", 6 * 12),
        ("np.vdot(a, a)", 6),
        ("np.tensordot(a, b, 1)", 24),
        ("np.tensordot(np.ones((2, 3, 5)), np.ones((3, 5, 7)), ((1, 2), (0, 1)))", 2 * 3 * 5 * 7),
        ("np.tensordot(a, np.ones((7, 3)), axes=(-1, 1))", 2 * 3 * 7),
        ("np.einsum('ik,kj->ij', a, b)", 24),
        ("np.einsum('nchw,oc->nohw', np.ones((2, 3, 5, 7)), np.ones((4, 3)))", 2 * 3 * 5 * 7 * 4),
        ("np.einsum('ij->ji', a)", 0),
        ("np.vecdot(np.ones((5, 1, 3)), a)", 5 * 2 * 3),
        ("np.vecdot(a, a, axis=0)", 6),
        *([("np.matvec(a, b[:, 0])", 6), ("np.vecmat(a[0], b)", 12)] if hasattr(np, "matvec") else []),
        ("sum(a[i, j] * a[i, j] for i in range(2) for j in range(3))", 6),
        ("[p := a.copy(), p.__setitem__(0, 1)]", 0),
        ("np.multiply(a, a, out=np.empty_like(a))", 6),
        ("list(map(np.multiply, a, a))", 6),
        ("np.prod([2, 3])", 0),
        ("doubled(a)", 6),
        ("scaled(a)", 3),
    ],
)
def test_products_are_counted(code, products, tmp_path, monkeypatch):
    assert counted(code, tmp_path, monkeypatch) == (products, "")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("np.multiply.reduce(a)", "np.multiply.reduce"),
        ("np.multiply(a, a, out=a.copy(), where=a > 1)", "np.multiply with where="),
        ("np.einsum('...i->...', a)", "np.einsum with"),
        ("np.einsum('ij,jk,kl->il', a, b, b.T)", "np.einsum with"),
    ],
)
def test_what_cannot_be_counted_is_said(code, words, tmp_path, monkeypatch):
    assert words in counted(code, tmp_path, monkeypatch)[1]


def counted(code: str, tmp_path, monkeypatch) -> tuple[int, str]:
    for name in multiply_adds.FUNCTIONS:
        monkeypatch.setattr(np, name, getattr(np, name))  # put back afterwards
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setitem(sys.modules, "chapter", None)
    chapter = tmp_path / "chapter_dev.py"
    chapter.write_text(
        "import numpy as np\na, b = np.ones((2, 3)), np.ones((3, 4))\n\n\n"
        "def doubled(x):\n    x = x.copy()\n    x *= 2.0\n    return x\n\n\n"
        "def scaled(x):\n    x = x.copy()\n    x[0] *= 2.0\n    return x\n\n\n"
        f"def run():\n    return {code}\n"
    )
    module = measure_child._load(chapter, count=True)
    multiply_adds.counter.products, multiply_adds.counter.unknown = 0, ""
    module.run()
    return multiply_adds.counter.products, multiply_adds.counter.unknown


def test_a_network_makes_as_many_as_the_chapter_says(tmp_path):
    """Chapter 09: conv1 884,736, conv2 4,718,592 and fc 40,960 for an image; its inline test sends two."""
    checks.use_seed()
    module = Course(solution.Path(__file__).resolve().parents[2]).module("09")
    exercise = exercise_states(module)["simple-cnn"].exercise
    (found,) = measure.measure(module, exercise, [module.read_dev()])
    assert found.input == "SimpleCNN(inputs 0 (2, 3, 32, 32))"
    assert found.multiply_adds == 2 * (884_736 + 4_718_592 + 40_960), found


CHAPTERS = [m for m in Course(solution.Path(__file__).resolve().parents[2]).modules if m.dev.exists()]


@pytest.mark.parametrize("test", MEASURED_ON)
def test_what_is_measured_on_more_than_its_inline_test_runs_on_it(test):
    (chapter,) = (m for m in CHAPTERS if f"def {test}(" in m.read_dev())
    home = importlib.import_module(f"tinytorch.core.{chapter.core.stem}")
    draw = generator().standard_normal
    case = MEASURED_ON[test](home, lambda *shape: draw(shape, np.float32))
    assert sum(a.size for value in case.arguments.values() for a in measure_child._arrays(value)) >= 360
    output = case.function(*case.inputs, **case.keywords)
    for number in output if isinstance(output, tuple) else (output,):
        assert np.isfinite(to_array(number)).all()


def test_times_are_medians_with_the_fastest_and_the_slowest(measured, monkeypatch):
    said = iter([3.0, 30.0, 1.0, 10.0, 2.0, 20.0, 9.0, 90.0, 8.0, 80.0])

    def ask(module, exercise, text, what):
        seconds = next(said) if what == "time" else None
        return measure.Measured("double(x)", "the same", seconds, multiply_adds=None if seconds else 7)

    monkeypatch.setattr(measure, "_ask", ask)
    mine, other = measure.measure(measured.alpha, measured_exercise(measured), ["mine", "other"])
    assert (mine.seconds, mine.fastest, mine.slowest, mine.multiply_adds) == (3.0, 1.0, 9.0, 7)
    assert (other.seconds, other.fastest, other.slowest) == (30.0, 10.0, 90.0)
    assert solution.told_time(other) == "30 s (10 s to 90 s)"
