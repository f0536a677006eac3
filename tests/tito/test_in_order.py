"""`tito check-course --in-order`: right solutions pass in the order of the chapters, and what does not is told."""

import json

import pytest

from tito import in_order
from tito.in_order import Coverage, Step

SOLUTION = "# %% {name}\ndef {name}(x):\n    return {body}\n"
PYTEST = """\
from tinytorch.core.spatter import triple


def test_three_fours_are_twelve():
    assert triple(4) == 12
"""


@pytest.fixture
def course(whole):
    """The small course with tests for both modules."""
    (whole.root / "tests" / "09_spatter").mkdir()
    (whole.root / "tests" / "09_spatter" / "test_triple.py").write_text(PYTEST, encoding="utf-8")
    return whole


def solve(course, style: str, module: str, name: str, body: str) -> None:
    path = course.root / "tests" / "solutions" / style / f"{module}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SOLUTION.format(name=name, body=body), encoding="utf-8")


def prove(course, first=None) -> tuple[list[Step], list[Coverage]]:
    return in_order.prove(course.course, first, 2, lambda step: None)


def files(root):
    """What stands in a course, without the records and caches of tools."""
    return {
        path: path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".tito", "__pycache__"} & set(path.parts)
    }


def test_each_start_is_run_with_the_reference_and_with_each_style_that_has_something_from_there_on(course):
    solve(course, "sums", "01_alpha", "double", "x + x")
    solve(course, "sums", "09_spatter", "triple", "x + x + x")
    solve(course, "turned", "01_alpha", "double", "x * 2")
    before = files(course.root)
    heard: list[Step] = []
    steps, coverage = in_order.prove(course.course, None, 2, heard.append)
    assert [(step.start, step.style, step.command) for step in steps] == [
        ("01", "reference", "tito module complete 01"),
        ("01", "reference", "tito module complete 09"),
        ("01", "sums", "tito module complete 01"),
        ("01", "sums", "tito module complete 09"),
        ("01", "turned", "tito module complete 01"),
        ("01", "turned", "tito module complete 09"),
        ("09", "reference", "tito module complete 09"),
        ("09", "sums", "tito module complete 09"),
    ]
    assert all(step.passed and not step.said and step.seconds > 0 for step in steps)
    assert sorted(map(str, heard)) == sorted(map(str, steps))
    assert [(one.exercises, one.one, one.two) for one in coverage] == [(1, 0, 1), (1, 1, 0)]
    assert [bool(one.problem) for one in coverage] == [False, True]
    assert files(course.root) == before, "the course is untouched"


def test_one_start_alone_can_be_run(course):
    solve(course, "turned", "01_alpha", "double", "x * 2")
    steps, coverage = prove(course, course.course.module("spatter"))
    assert [(step.start, step.style, step.command) for step in steps] == [
        ("09", "reference", "tito module complete 09")
    ]
    assert [one.module for one in coverage] == ["09_spatter"]


def test_a_solution_that_pytest_turns_red_is_told_and_the_next_module_is_tried(course):
    solve(course, "two", "01_alpha", "double", "x + 2")
    steps, _ = prove(course, course.alpha)
    first, second = [step for step in steps if step.style == "two"]
    assert not first.passed
    assert first.said[0] == "FAIL  tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself failed."
    assert first.said[1].strip() == "assert 5 == (3 + 3)"
    assert len(first.said) <= in_order.SHOWN_LINES
    assert second.command == "tito module complete 09" and second.passed
    assert all(step.passed for step in steps if step.style == "reference")


def test_after_a_module_that_cannot_be_exported_the_next_ones_are_not_tried(course):
    solve(course, "wrong", "01_alpha", "double", "3 * x")
    steps, _ = prove(course, course.alpha)
    [only] = [step for step in steps if step.style == "wrong"]
    assert only.said[0] == "FAIL  test_double failed: two and two are four."
    assert only.said[-1] == "It was not exported: the modules after it were not tried."


def test_nothing_of_a_later_module_may_be_in_the_package(course):
    path = course.alpha.dev
    early = 'import pathlib\npathlib.Path("../../tinytorch/core/spatter.py").touch()\nreport()\n'
    path.write_text(path.read_text(encoding="utf-8").replace("report()\n", early), encoding="utf-8")
    steps, _ = prove(course, course.alpha)
    assert [step.passed for step in steps] == [False, True]
    assert steps[0].said == ["tinytorch/core/spatter.py is in the package before it is written."]


def test_an_edition_that_cannot_be_made_is_told(course):
    course.alpha.dev.write_text(
        course.alpha.read_dev().replace("#| default_exp core.alpha", "#| default_exp core.beta"), encoding="utf-8"
    )
    [step] = prove(course, course.alpha)[0]
    assert step.command.startswith("tito init ") and not step.passed
    assert step.said[0].startswith("tito: modules/01_alpha/alpha_dev.py:")


def test_a_command_that_does_not_end_is_stopped(course, monkeypatch):
    monkeypatch.setattr(in_order, "LIMIT", 0.05)
    [step] = prove(course, course.alpha)[0]
    assert not step.passed
    assert step.said[-1] == "It was stopped after 0.05 seconds."


def test_what_failed_is_told_from_its_first_line_on():
    lines = [f"line {number}" for number in range(20)]
    assert in_order._first_lines("\n".join(lines)) == lines[-8:]
    assert in_order._first_lines("\n".join(["ok    passed", "", "FAIL  x", "", *lines])) == ["FAIL  x", *lines[:7]]


def test_modules_with_too_few_alternatives_are_problems(course):
    solve(course, "turned", "01_alpha", "double", "x * 2")
    texts = [course.alpha.read_dev(), course.alpha.read_dev().replace("2 * x", "x * 2")]
    few = in_order._coverage(course.alpha, texts)
    problem = "01_alpha: 1 of 1 exercises have fewer than two alternative solutions in tests/solutions: double."
    assert few == Coverage("01_alpha", 1, 1, 0, problem)
    enough = in_order._coverage(course.alpha, [*texts, texts[0].replace("2 * x", "x + x")])
    assert enough == Coverage("01_alpha", 1, 0, 1, "")


def test_one_alternative_is_enough_elsewhere(course, monkeypatch):
    monkeypatch.setattr(in_order, "TWO_ALTERNATIVES", ("05",))
    text = course.alpha.read_dev()
    problem = "01_alpha: 1 of 1 exercises have no alternative solution in tests/solutions: double."
    assert in_order._coverage(course.alpha, [text]) == Coverage("01_alpha", 1, 0, 0, problem)
    assert in_order._coverage(course.alpha, [text.replace("2 * x", "x * 2")]) == Coverage("01_alpha", 1, 1, 0, "")


STEPS = [
    Step("01", "reference", "tito module complete 01", True, 1.5, []),
    Step("01", "plain", "tito module complete 01", False, 2.0, ["FAIL  t failed", "      because"]),
]
COVERED = [Coverage("01_alpha", 3, 1, 2, ""), Coverage("09_spatter", 1, 0, 1, "")]


@pytest.mark.parametrize(
    ("steps", "coverage", "status"),
    [
        (STEPS[:1], COVERED, 0),
        (STEPS, COVERED, 1),
        (STEPS[:1], [*COVERED, Coverage("10_last", 1, 0, 0, "10_last: none")], 1),
    ],
)
def test_the_command_tells_each_step_and_what_is_covered(course, tito, monkeypatch, steps, coverage, status):
    def prove(course, first, workers, tell):
        for step in steps:
            tell(step)
        return steps, coverage

    monkeypatch.setattr(in_order, "prove", prove)
    ran = tito("check-course", "--in-order")
    assert ran.status == status
    assert "ok    start 01, reference: `tito module complete 01` (1.5 s)\n" in ran.out
    failed = "FAIL  start 01, plain: `tito module complete 01` (2.0 s)\n      FAIL  t failed\n            because\n"
    assert (failed in ran.out) == (len(steps) == 2)
    rows = [line.split() for line in ran.out.splitlines() if line.startswith(("01_", "09_"))]
    assert rows == [["01_alpha", "3", "1", "2"], ["09_spatter", "1", "0", "1"]]
    assert ("FAIL  10_last: none" in ran.out) == (len(coverage) == 3)
    assert f"{len(steps)} commands in " in ran.out and f"{len(steps) - 1} failed" in ran.out
    data = tito("check-course", "--in-order", "--json")
    assert data.status == status
    told = json.loads(data.out)
    assert told["passed"] == (status == 0)
    assert [step["style"] for step in told["steps"]] == [step.style for step in steps]
    assert told["modules"][0] == {"module": "01_alpha", "exercises": 3, "one": 1, "two": 2, "problem": ""}


def test_the_command_hands_on_where_to_start_and_how_many_to_run(course, tito, monkeypatch):
    heard = []
    monkeypatch.setattr(in_order, "prove", lambda *arguments: heard.append(arguments[1:3]) or ([], COVERED))
    tito("check-course", "--in-order", "--start-at", "spatter", "--workers", "3")
    tito("check-course", "--in-order")
    assert [(first and first.folder, workers) for first, workers in heard] == [("09_spatter", 3), (None, 2)]


def test_a_file_of_solutions_that_does_not_fit_is_told_before_anything_runs(course, tito, monkeypatch):
    solve(course, "turned", "01_alpha", "duoble", "x * 2")
    monkeypatch.setattr(in_order, "_run", None)
    ran = tito("check-course", "--in-order")
    assert ran.status == 1
    assert ran.err.startswith(
        "tito: tests/solutions/turned/01_alpha.py:1: `# %% duoble` names no exercise of 01_alpha."
    )
