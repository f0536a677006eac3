"""`tito test`: a short list, the first failure in full, the dev file as it is now; and the same as JSON."""

import json
import shutil
from pathlib import Path

import pytest

from tito.pytest_results import _smallest

REPOSITORY = Path(__file__).resolve().parents[2]

TRIPLE = '''\
# %% nbgrader={"grade": false, "grade_id": "triple", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def triple(x):
    """Three times `x`."""
    raise NotImplementedError("Module 01, exercise 2: triple")


# %% nbgrader={"grade": true, "grade_id": "test-triple", "locked": true, "points": 7.5, "schema_version": 3, "solution": false, "task": false}
@inline_test("triple: thrice the number")
def test_triple(verify):
    with verify("three twos are six"):
        assert triple(2) == 6


'''
THIRD = TRIPLE.replace("triple", "third").replace("exercise 2", "exercise 3")


def with_body(tree, body: str, end: str = "# %%\nreport()\n", at: str = "return 2 * x") -> None:
    path = tree.write_alpha(end=end)
    text = path.read_text(encoding="utf-8")
    assert at in text
    path.write_text(text.replace(at, body), encoding="utf-8")


def test_the_list_says_of_each_exercise_whether_it_is_done_and_what_it_is_worth(tree, tito):
    written = THIRD.replace('raise NotImplementedError("Module 01, exercise 3: third")', "return x / 2")
    tree.write_alpha(end=TRIPLE + written + "# %%\nreport()\n")
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert ran.out.splitlines()[:4] == [
        "Module 01_alpha",
        "  done          1  double    5 points",
        "  not started   2  triple  7.5 points",
        "  failing       3  third   7.5 points",
    ]


def test_one_failure_is_shown_in_full_what_is_written_before_what_is_not(tree, tito):
    written = THIRD.replace(
        'raise NotImplementedError("Module 01, exercise 3: third")', "print('seen')\n    return x / 2"
    )
    tree.write_alpha(end=TRIPLE + written + "# %%\nreport()\n")
    first, everything = tito("test", "alpha").out, tito("test", "alpha", "--all-failures").out
    assert "FAIL  test_third failed: three twos are six.\n      does not hold: third(2) == 6" in first
    assert "      it printed:\n        seen\n" in first
    assert f"Look at: modules/01_alpha/alpha_dev.py:{tree.line_of('def third')}" in first
    assert "test_triple" not in first
    assert everything.index("FAIL  test_third failed") < everything.index("FAIL  test_triple: not written yet.")
    assert f"Write it: modules/01_alpha/alpha_dev.py:{tree.line_of('exercise 2')}" in everything


def test_a_print_in_a_loop_does_not_bury_the_message(tree, tito):
    loop = "for i in range(40):\n        print('step', i)\n    return x / 2"
    tree.write_alpha(
        end=TRIPLE
        + THIRD.replace('raise NotImplementedError("Module 01, exercise 3: third")', loop)
        + "# %%\nreport()\n"
    )
    told = tito("test", "alpha").out
    assert told.count("        step ") == 12
    assert "        ... and 28 lines more\n" in told


def test_an_exercise_that_holds_a_stub_is_not_done_though_its_test_passes(tree, tito):
    with_body(tree, 'return 2 * x\n    raise NotImplementedError("Module 01, exercise 1: double")')
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert "  not started   1  double" in ran.out


def test_pytest_runs_on_the_dev_file_and_the_package_stays_as_it_was(tree, tito):
    core = tree.root / "tinytorch" / "core" / "alpha.py"
    core.write_text("def double(x):\n    return 'old'\n")
    ran = tito("test", "alpha")
    assert ran.status == 0, ran.text
    assert "1 tests in tests/01_alpha passed" in ran.out
    with_body(tree, "return x + 2")
    assert tito("test", "alpha").status == 1
    assert core.read_text() == "def double(x):\n    return 'old'\n"


def test_pytest_is_not_run_while_an_inline_test_fails(tree, tito):
    with_body(tree, "return 3 * x")
    shutil.rmtree(tree.root / "tests" / "01_alpha")
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert "test_double failed" in ran.out and "tests/01_alpha" not in ran.out


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("if x == 3:\n        return {}['three']\n    return 2 * x", "double on line {}: KeyError: 'three'"),
        ("if x == 3:\n        raise SystemExit\n    return 2 * x", "double on line {}: it called sys.exit; a function"),
        (
            "if x == 3:\n        raise NotImplementedError('Module 01, exercise 1: double') if x else None\n    return 2 * x",
            "double is not written yet (line {})",
        ),
    ],
)
def test_an_error_that_only_pytest_meets_is_told_by_function_and_line_of_the_dev_file(tree, tito, body, said):
    with_body(tree, body)
    line = tree.line_of("if x == 3") + 1
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert "FAIL  tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself failed." in ran.out
    assert said.format(line) in ran.out
    assert f"Look at: modules/01_alpha/alpha_dev.py:{line}, in double" in ran.out


def test_a_wrong_result_that_only_pytest_meets_is_told_with_the_line_of_its_function(tree, tito):
    (tree.root / "tests" / "01_alpha" / "test_double.py").write_text(
        "from tinytorch.core.alpha import double\n"
        "from tinytorch.testing import Case, assert_close\n\n\n"
        "def test_double():\n    case = Case(double, 3.0)\n    assert_close(case(), 6.0, case=case)\n"
    )
    with_body(tree, "return 2 * x if x == 2 else [x]")
    ran = tito("test", "alpha")
    line = tree.line_of("def double")
    assert f"double (line {line} of alpha_dev.py): expected a number, got a list" in ran.out
    assert f"Look at: modules/01_alpha/alpha_dev.py:{line}, in double" in ran.out


def test_a_pytest_run_that_is_ended_names_the_test_it_was_in(tree, tito):
    with_body(tree, "return 2 * x if x == 2 else __import__('os')._exit(0)")
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert "did not come to its end (exit status 0)" in ran.out
    assert "It ended in tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself" in ran.out


def test_a_file_that_ends_with_an_error_says_which_and_where(tree, tito):
    tree.write_alpha(solution="# %%\n#| export\ndef double(x):\n    return 2 * x\n\nhalf = double(nothing)\n\n")
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert (
        f"modules/01_alpha/alpha_dev.py:{tree.line_of('nothing')}: NameError: name 'nothing' is not defined" in ran.out
    )


def test_an_exercise_whose_test_is_gone_is_not_done(tree, tito):
    tree.write_alpha(test="", end=TRIPLE + "# %%\nreport()\n")
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert "  failing       1  double" in ran.out
    assert "there is no such test in modules/01_alpha/alpha_dev.py: nothing checks double" in ran.out


def test_a_return_outside_a_function_is_told_by_its_line(tree, tito):
    with_body(tree, "return 2 * x\nreturn 3")
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert f"alpha_dev.py:{tree.line_of('return 3')}: this is not valid Python: 'return' outside function" in ran.err


def test_json_says_everything_of_a_green_run(tree, tito):
    ran = tito("test", "alpha", "--json", "--seed", "5")
    told = json.loads(ran.out)
    assert ran.status == 0
    assert (told["passed"], told["seed"]) == (True, 5)
    [module] = told["modules"]
    [double] = module["exercises"]
    assert double.pop("seconds") >= 0
    assert double == {
        "exercise": "double", "number": 1, "points": 5.0, "of_points": 5.0, "status": "done", "diagnosis": None,
        "claim": None, "message": "", "place": f"modules/01_alpha/alpha_dev.py:{tree.line_of('def test_double')}", "printed": "",
    }  # fmt: skip
    assert (told["pytest"]["passed"], told["pytest"]["failed"], told["pytest"]["skipped"]) == (1, 0, 0)
    assert told["pytest"]["seconds"] > 0


def test_json_of_a_red_run_has_the_failure_and_no_pytest(tree, tito):
    with_body(tree, "return 3 * x")
    ran = tito("test", "alpha", "--json")
    told = json.loads(ran.out)
    assert ran.status == 1
    assert told["passed"] is False and told["pytest"] is None
    [double] = told["modules"][0]["exercises"]
    assert (double["status"], double["points"], double["of_points"]) == ("failing", 0.0, 5.0)
    assert double["message"].startswith("double(2) must be 4")
    assert (double["claim"], told["next"]) == ("two and two are four", f"Look at: {double['place']}")


def test_json_of_a_failed_pytest_has_its_tests(tree, tito):
    with_body(tree, "return x + 2")
    told = json.loads(tito("test", "alpha", "--json").out)
    [failure] = told["pytest"]["failures"]
    assert failure["test"] == "tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself"
    assert "assert 5 == (3 + 3)" in failure["message"]
    assert "(the check, tests/01_alpha/test_double.py:5: assert double(3) == 3 + 3)" in failure["message"]
    assert failure["place"] == f"modules/01_alpha/alpha_dev.py:{tree.line_of('def double')}, in double"


def test_a_seed_repeats_what_was_drawn(tree, tito):
    test = (
        '# %%\nfrom tinytorch.testing import generator\n\n\n@inline_test("drawn")\ndef test_double(verify):\n'
        '    with verify("a number"):\n        assert False, f"drawn: {generator().random()}"\n\n'
    )
    tree.write_alpha(test=test)
    outs = [tito("module", "test", "alpha", *seed).out for seed in ((), ("--seed", "7"), ("--seed", "7"))]
    drawn = [next(line for line in out.splitlines() if "drawn: " in line) for out in outs]
    assert drawn[1] == drawn[2] != drawn[0]
    assert "(seed 7: with `--seed 7` the same numbers are drawn again)" in outs[1]


def test_hypothesis_has_the_seed_too_and_its_smallest_case_is_a_sentence(tree, tito):
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tree.root / "tests")
    (tree.root / "tests" / "01_alpha" / "test_double.py").write_text(
        "from hypothesis import given, strategies\nfrom tinytorch.core.alpha import double\nseen = []\n\n\n"
        "@given(n=strategies.integers(0, 10**9), more=strategies.booleans())\n"
        "def test_double(n, more):\n    seen.append(n)\n    assert double(n) == 2 * n, f'seen: {seen[:20]}'\n"
    )
    with_body(tree, "return 2 * x if x < 1000 else 0")
    outs = [tito("test", "alpha", "--seed", seed).out for seed in ("3", "3")]
    assert "smallest failing case: n=1000, more=False" in outs[0]
    seen = [next(line for line in out.splitlines() if "seen: " in line) for out in outs]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("words", ["Falsifying example", "Failing test case"])
def test_the_smallest_case_is_read_from_what_hypothesis_says(words):
    error = AssertionError()
    error.__notes__ = [f"{words}: test_x(\n    # why\n    x=array([[0., 1.]]),\n    n=17,  # or any other\n)\nMore."]
    assert _smallest(error) == "\nsmallest failing case: x=array([[0., 1.]]), n=17"
    assert _smallest(AssertionError()) == ""


def test_an_array_in_place_of_a_tensor_is_told_as_that(tree, tito):
    check = 'double(2).data.mean() == 4, "double(2) must be 4"'
    path = tree.write_alpha()
    text = path.read_text(encoding="utf-8").replace('double(2) == 4, "double(2) must be 4"', check)
    path.write_text(text.replace("return 2 * x", "return __import__('numpy').zeros(2)"), encoding="utf-8")
    out = tito("test", "alpha").out
    assert "AttributeError: 'memoryview' object has no attribute 'mean'" in out
    assert "a Tensor belongs here, and a NumPy array came" in out
    assert f"Look at: modules/01_alpha/alpha_dev.py:{tree.line_of('def double')}" in out


LIFT = """\
import functools

import numpy as np


def primitive(function):
    @functools.wraps(function)
    def lifted(x):
        result = np.asarray(function(x))
        if result.dtype == object:
            raise TypeError(f"data: expected numbers, got ndarray {result!r} of dtype object")
        return result

    return lifted
"""


@pytest.mark.parametrize(
    ("condition", "where"), [("True", "test_double failed"), ("x == 3", "test_double.py::test_it")]
)
def test_a_missing_return_is_told_by_the_function_that_lacks_it(tree, tito, condition, where):
    (tree.root / "tinytorch" / "core" / "lift.py").write_text(LIFT)
    (tree.root / "tests" / "01_alpha" / "test_double.py").write_text(
        "from tinytorch.core.alpha import double\nfrom tinytorch.testing import Case\n\n\n"
        "def test_it():\n    Case(double, 3.0)()\n"
    )
    path = tree.write_alpha()
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("import math", "from tinytorch.core.lift import primitive"),
        ("def double(x)", "@primitive\ndef double(x)"),
        ("return 2 * x", f"if not ({condition}):\n        return 2 * x"),
        ("import inline_test", "import Case, inline_test"),
        ("assert double(2) ==", "assert Case(double, 2)() =="),
    ):
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    out = tito("test", "alpha").out
    assert where in out
    line = tree.line_of("def double")
    assert (
        f"double (line {line} of alpha_dev.py): TypeError: None came where numbers belong; is a `return` missing?"
        in out
    )
    assert f"Look at: modules/01_alpha/alpha_dev.py:{line}, in double" in out


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"solution": "# %%\nx = (\n"}, "this is not valid Python"),
        ({"test": ""}, "holds no inline test: nothing would be checked"),
        ({"end": "# %%\n#| exprot\nx = 1\n\n# %%\nreport()\n"}, "there is no directive `#| exprot`"),
    ],
)
def test_json_of_a_file_that_cannot_be_checked_says_so(tree, tito, parts, words):
    tree.write_alpha(**parts)
    ran = tito("test", "alpha", "--json")
    told = json.loads(ran.out)
    assert (ran.status, ran.err, told["passed"]) == (1, "", False)
    assert words in told["sentence"]
    assert told["next"]
    assert [module["module"] for module in told["modules"]] == ["01_alpha"]


def test_json_of_a_package_older_than_the_dev_files_says_so(tree, tito):
    shutil.rmtree(tree.root / "modules" / "09_spatter")
    ran = tito("test", "--json")
    told = json.loads(ran.out)
    assert (ran.status, told["passed"], told["modules"][0]["exercises"][0]["status"]) == (1, False, "done")
    assert "alpha" in told["sentence"]
