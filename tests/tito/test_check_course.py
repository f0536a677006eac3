"""`tito check-course`: what the proof of a course finds, on a small course with holes in its checks."""

import json
import shutil

import pytest

from tito import check_course
from tito.check_course import Entry, Found

EXERCISE = '''\
# %% nbgrader={{"grade": false, "grade_id": "{name}", "locked": false, "schema_version": 3, "solution": true, "task": false}}
#| export
def {name}(x):
    """{name} of `x`.

    TODO: write it.
    """
    ### BEGIN SOLUTION
    return {body}
    ### END SOLUTION


# %% nbgrader={{"grade": true, "grade_id": "test-{name}", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}}
@inline_test("{name}")
def test_{name}(verify):
    with verify("it gives what it should"):
        {check}


'''

CASE = "case = Case({name}, 3.0)\n        assert_close(case(), {expected}, case=case)"

CATALOGUE = """\
from tinytorch.testing.misconceptions import misconception


def mistake(place, name):
    return misconception(place, name=name, belief="b", explanation="e.", hints=("h", "i"))


@mistake("double", "two is added")
def two_added(x):
    return x + 2


@mistake("triple", "four is the factor")
def by_four(x):
    return 4 * x


@mistake("half", "what is less than 1 stays as it is")
def half_of_large(x):
    return x / 2 if abs(x) >= 1 else x


@mistake("half", "it is right")
def right(x):
    return x / 2


@mistake("quarter", "there is no such function")
def quarter(x):
    return x / 4
"""

PYTEST = """\
import pytest

from tinytorch.core.alpha import double, half, triple
from tinytorch.testing import Case, assert_close


def check(function, x, expected):
    case = Case(function, x)
    assert_close(case(), expected, case=case)


def test_doubling_adds_a_number_to_itself():
    check(double, 4.0, 8.0)


@pytest.mark.parametrize("x", [5.0, 0.5])
def test_half_and_half_is_the_whole(x):
    check(half, x, x / 2)


def test_triple_has_no_case():
    assert triple(2.0) == 6.0


def test_nothing_turns_this_red():
    assert callable(double)


@pytest.mark.not_in_catalogue("a number of another kind")
def test_nothing_turns_this_red_and_it_says_why():
    assert half(0) == 0
"""


@pytest.fixture(scope="module")
def found(planted) -> Found:
    """What the proof says of module 01, whose `triple` no inline test calls."""
    tree = planted("holes")
    exercises = [
        ("double", "2 * x", CASE.format(name="double", expected="6.0")),
        ("triple", "3 * x", "assert 3 * 2 == 6"),
        ("half", "x / 2", CASE.format(name="half", expected="1.5")),
    ]
    text = "".join(EXERCISE.format(name=name, body=body, check=check) for name, body, check in exercises)
    path = tree.write_alpha(solution=text, test="")
    imports = "from tinytorch.testing import inline_test, report"
    path.write_text(
        path.read_text().replace(imports, "from tinytorch.testing import Case, assert_close, inline_test, report")
    )
    (tree.root / "tests" / "01_alpha" / "test_double.py").write_text(PYTEST)
    catalogue = tree.root / "tinytorch" / "testing" / "misconceptions"
    for entries in catalogue.glob("m[0-9]*"):
        (shutil.rmtree if entries.is_dir() else type(entries).unlink)(entries)
    (catalogue / "m01_alpha.py").write_text(CATALOGUE)
    before = {file: file.read_bytes() for file in tree.root.rglob("*") if file.is_file()}
    [found] = check_course.check(tree.course, [tree.alpha], 2, lambda step: None)
    after = {file: file.read_bytes() for file in tree.root.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    assert after == {file: content for file, content in before.items() if file.suffix != ".pyc"}, (
        "the tree is untouched"
    )
    return found


def test_a_mistake_is_caught_by_inline_tests_or_by_pytest(found):
    assert (found.entries, found.killed) == (5, 3), "two_added, by_four, half_of_large"


def test_what_the_inline_tests_alone_catch_is_counted_and_the_rest_is_told_with_what_pytest_said(found):
    assert found.inline == 1, "two_added"
    late = {remark.split()[0]: remark for remark in found.remarks if "pytest only" in remark}
    assert list(late) == ["01_alpha/triple/by_four", "01_alpha/half/half_of_large"]
    start = "01_alpha/half/half_of_large is caught by pytest only: tests/01_alpha/test_double.py::test_half_and_half_"
    assert late["01_alpha/half/half_of_large"].startswith(start)
    assert late["01_alpha/half/half_of_large"].endswith("what is less than 1 stays as it is.")


def test_a_caught_mistake_is_named_in_what_the_student_is_shown(found):
    assert found.named == 2
    [unnamed] = [remark for remark in found.remarks if "not named" in remark]
    assert unnamed == (
        "01_alpha/triple/by_four is caught by pytest only and not named: "
        "tests/01_alpha/test_double.py::test_triple_has_no_case: assert 8.0 == 6.0"
    )


def test_a_mistake_that_survives_is_a_problem(found):
    [survivor] = [problem for problem in found.problems if problem.startswith("01_alpha/half/right survives")]
    assert "6 tests in tests/01_alpha passed" in survivor


def test_a_mistake_of_a_function_that_is_not_there_is_a_problem(found):
    assert "01_alpha/quarter/quarter: the dev file has no quarter" in found.problems


def test_an_exercise_that_its_own_test_does_not_reach_is_a_problem(found):
    taken_out = [problem for problem in found.problems if "taken out" in problem]
    assert [problem.split(":")[0] for problem in taken_out] == [
        "01_alpha, exercise 2 (triple), taken out with all others",
        "01_alpha, exercise 2 (triple), taken out alone",
    ]


def test_a_test_that_nothing_turns_red_is_a_problem_unless_its_marker_says_why(found):
    of_tests = [problem for problem in found.problems if "no mistake of the catalogue turns it red" in problem]
    assert [problem.split(":")[2] for problem in of_tests] == ["test_nothing_turns_this_red"]
    turned_red = {test.partition("::")[2]: by for test, by in found.red.items()}
    assert turned_red == {
        "test_doubling_adds_a_number_to_itself": "01_alpha/double/two_added",
        "test_triple_has_no_case": "01_alpha/triple/by_four",
        "test_half_and_half_is_the_whole": "01_alpha/half/half_of_large",
    }


def test_the_proof_fails_where_there_is_a_problem(found):
    assert not check_course.passes([found])


@pytest.mark.parametrize(
    ("killed", "inline", "named", "problems", "told"),
    [
        (100, 97, 97, [], []),
        (100, 96, 97, [], ["96 of 100 mistakes are caught by the inline tests; at least 97% must be."]),
        (100, 97, 96, [], ["96 of 100 mistakes are named; at least 97% must be."]),
        (99, 99, 99, [], ["99 of 100 mistakes are caught; at least 100% must be."]),
        (100, 100, 100, ["x"], []),
    ],
)
def test_all_mistakes_must_be_caught_and_nearly_all_inline_and_by_name(killed, inline, named, problems, told):
    both = [Found("a", entries=40, killed=40, inline=40, named=40), Found("b", entries=60, problems=problems)]
    both[1].killed, both[1].inline, both[1].named = killed - 40, inline - 40, named - 40
    assert check_course.shortfalls(both) == told
    assert check_course.passes(both) is not bool(problems or told)
    assert json.loads(check_course.as_json(both))["problems"] == told


def test_places_take_turns():
    keys = ["1/a/x", "1/a/y", "1/a/z", "1/b/x", "2/a/x", "2/a/y"]
    entries = check_course._spread([Entry(key, key[0], "") for key in keys])
    assert [entry.key for entry in entries] == ["1/a/x", "1/b/x", "2/a/x", "1/a/y", "2/a/y", "1/a/z"]


def test_the_table_has_a_line_per_module_and_their_sum():
    one = Found("01_a", 2, 5, 5, 3, 4, {"t": "", "u": "why", "v": ""}, {"t": "01_a/f/g"})
    assert check_course.rows([one, Found("02_b", 1, 1, 1, 1, 1)]) == [
        ["01_a", "2", "5", "5", "3", "4", "3", "1", "1"],
        ["02_b", "1", "1", "1", "1", "1", "0", "0", "0"],
        ["all", "3", "6", "6", "4", "5", "3", "1", "1"],
    ]


def test_the_command_shows_the_table_and_each_problem_and_fails(tree, tito, monkeypatch):
    found = Found("01_alpha", 1, 2, 1, 1, 1, problems=["x survives"], remarks=["y is not named"])
    monkeypatch.setattr(check_course, "check", lambda *arguments: [found])
    ran = tito("check-course", "alpha")
    assert ran.status == 1
    assert "01_alpha" in ran.out and "FAIL  x survives" in ran.out and "note  y is not named" in ran.out
    assert "FAIL  1 of 2 mistakes are named; at least 97% must be." in ran.out


def test_a_red_reference_is_told_and_nothing_else_is_tried(tree):
    path = tree.write_alpha()
    path.write_text(path.read_text().replace("return 2 * x", "return 3 * x"))
    [found] = check_course.check(tree.course, [tree.alpha], 1, lambda step: None)
    assert found.problems == ["01_alpha: the reference is red: test_double failed: two and two are four."]
    assert found.entries == 0
