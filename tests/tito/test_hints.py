"""`tito module hint`: about what failed, a little more at each call, and never the solution's text."""

import json
import keyword
import re
from pathlib import Path

import pytest

from tito import progress
from tito.course import Course
from tito.dev_file import DevFile
from tito.init import make

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
LAST = ["double, hint 2 of 2:", "  The shape of a solution (yours may well be another):", "  return ..."]
NEXT = "Next: write exercise 1, double: modules/01_alpha/alpha_dev.py:28, then `tito module test 01`"


def write(tree, body: str) -> None:
    text = tree.alpha.start.read_text(encoding="utf-8").replace(STUB, body)
    tree.alpha.dev.write_text(text, encoding="utf-8")


def recorded(tree) -> dict:
    return json.loads((tree.root / ".tito" / "01_alpha.json").read_text())


def test_each_call_says_more_and_the_last_is_the_shape_of_the_solution(edition, tito):
    assert tito("module", "hint", "1").out.splitlines() == ["double, hint 1 of 2:", "  by two.", NEXT]
    for _ in range(2):
        assert tito("module", "hint", "1", "double").out.splitlines() == [*LAST, "That is the last hint.", NEXT]
    assert recorded(edition)["hints_taken"] == {"double": ["by two.", "\n".join(x.strip() for x in LAST[1:])]}


def test_what_the_last_check_named_comes_first(edition, tito):
    write(edition, "return 3 * x")
    tito("module", "test", "1")
    assert recorded(edition)["inline"]["test_double"][-1]["result"] == "failed"
    hints = {"test_double": progress.Failure("double: three", ["Three?", "How many are a pair?"])}
    progress.record_inline(edition.alpha, progress.content(edition.alpha), {"test_double": "failed"}, hints)
    firsts = [tito("module", "hint", "1").out.splitlines()[:2] for _ in range(3)]
    assert firsts == [
        ["double, hint 1 of 4:", "  Three?"],
        ["double, hint 2 of 4:", "  How many are a pair?"],
        ["double, hint 3 of 4:", "  by two."],
    ]


def test_a_check_that_names_a_mistake_records_its_hints(tmp_path, tito, monkeypatch):
    course = Course(REPOSITORY)
    make(course, tmp_path / "edition", course.module("02"))
    monkeypatch.chdir(tmp_path / "edition")
    dev = Course(tmp_path / "edition").module("02").dev
    text = dev.read_text(encoding="utf-8")
    for name, body in {
        "relu": "return np.abs(x)",
        "leaky_relu": "return np.where(x > 0, x, negative_slope * x)",
    }.items():
        stub = f'raise NotImplementedError("Module 02, exercise 1: {name}")'
        assert stub in text
        text = text.replace(stub, body)
    dev.write_text(text, encoding="utf-8")
    ran = tito("module", "test", "02")
    assert "your output is what you get when the sign is dropped, not the negative numbers." in ran.out
    out = tito("module", "hint", "02").out
    assert out.splitlines()[1] == "  What is relu(-2)?"


def test_the_written_part_of_an_exercise_can_fail_and_what_is_not_begun_cannot(tmp_path, tito, monkeypatch):
    """Exercise 4 is begun: its `add_windows` is wrong. Exercise 2 cannot run; 3 is tested against it, and not begun."""
    course = Course(REPOSITORY)
    make(course, tmp_path / "edition", course.module("09"))
    monkeypatch.chdir(tmp_path / "edition")
    dev = Course(tmp_path / "edition").module("09").dev
    copied = "for p, q, pixels in win.positions():\n        columns[..., p, q, :, :] = padded[pixels]"
    bodies = {
        (1, "conv_output_size"): "return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1",
        (2, "convolution_loops"): "y[0, 0, 0, 10**6] = 1",
        (4, "copy_windows"): copied,
        (4, "add_windows"): copied,
        (4, "im2col"): "columns = np.empty((*x.shape[:2], *win.kernel, *win.out), x.dtype)\n"
        "    copy_windows(win.add_border(x), win, columns)\n"
        "    return columns.reshape(len(x), -1, math.prod(win.out))",
        (4, "col2im"): "padded = win.add_border(images)\n"
        "    add_windows(columns.reshape(*images.shape[:2], *win.kernel, *win.out), win, padded)\n"
        "    return win.inside(padded)",
    }
    text = dev.read_text(encoding="utf-8")
    for (number, name), body in bodies.items():
        stub = f'raise NotImplementedError("Module 09, exercise {number}: {name}")'
        assert stub in text
        text = text.replace(stub, body)
    dev.write_text(text, encoding="utf-8")
    ran = tito("module", "test", "09")
    states = re.findall(r"^  (.*\S) +(\d)  ([\w-]+) +\d+ points$", ran.out, re.MULTILINE)
    assert [state for state, _, _ in states] == ["done", "failing", "not started", "failing", *["not started"] * 5]
    dev.write_text(text.replace("y[0, 0, 0, 10**6] = 1", 'raise NotImplementedError("Module 09, exercise 2: it")'))
    tito("module", "test", "09")
    first, said = tito("module", "hint", "09").out.splitlines()[:2]
    assert first.startswith("im2col, hint 1 of ") and "windows" in said, said
    hints = [tito("module", "hint", "09").out.splitlines()[1] for _ in range(4)]
    assert any(hint.startswith("  copy_windows: `padded[pixels]`") for hint in hints)


def test_a_mistake_that_only_pytest_names_is_hinted_at(edition, tito):
    body = "return x + 2"
    test = (
        "from tinytorch.core.alpha import double\nfrom tinytorch.testing import Case, assert_close\n\n\n"
        "def test_doubling():\n    case = Case(double, 3)\n    assert_close(case(), 6, case=case)\n"
    )
    (edition.root / "tests" / "01_alpha" / "test_double.py").write_text(test)
    catalogue = edition.root / "tinytorch" / "testing" / "misconceptions"
    (catalogue / "m01_alpha.py").write_text(
        "from tinytorch.testing.misconceptions import misconception\n\n\n"
        '@misconception("double", name="2 is added", belief="b", explanation="e", hints=("Is 3 doubled 5?",))\n'
        "def added(x):\n    return x + 2\n"
    )
    write(edition, body)
    ran = tito("module", "complete", "1")
    assert "1 of 1 inline tests passed" in ran.out
    assert ran.status == 1, ran.text
    assert tito("module", "hint", "1").out.splitlines()[1] == "  Is 3 doubled 5?"


def test_an_exercise_that_fails_comes_before_one_that_is_not_written(whole, tito, monkeypatch):
    second = DevFile(whole.course.module("09")).text.split("# %% nbgrader", 1)[1].rsplit("# %%\nreport", 1)[0]
    path = whole.write_alpha(end="# %% nbgrader" + second.replace("triple", "treble") + "# %%\nreport()\n")
    assert path.read_text(encoding="utf-8").count("BEGIN SOLUTION") == 2
    assert tito("init", "../out").status == 0
    monkeypatch.chdir(whole.root.parent / "out")
    alpha = Course(whole.root.parent / "out").module("1")
    assert tito("module", "hint", "1").out.startswith("double, ")
    alpha.dev.write_text(
        alpha.read_dev().replace('raise NotImplementedError("Module 01, exercise 2: treble")', "return x")
    )
    tito("module", "test", "1")
    said = tito("module", "hint", "1").out
    assert said.startswith("treble, hint 1 of 3:\n  two and two are four:\n  treble(2) must be 6\n  Look at: ")


def test_when_all_is_done_there_is_nothing_to_hint_at(edition, tito):
    write(edition, "return 2 * x")
    tito("module", "test", "1")
    ran = tito("module", "hint", "1")
    assert ran.status == 1
    assert "all exercises of module 01 pass their inline tests.\n      Next: `tito module complete 01`" in ran.err


def test_an_unknown_exercise_is_answered_with_those_there_are(edition, tito):
    ran = tito("module", "hint", "1", "7")
    assert ran.status == 2
    assert "module 01 has no exercise '7'.\n      It has: double." in ran.err


def test_a_file_that_is_not_python_is_told_first(edition, tito):
    write(edition, "return (")
    ran = tito("module", "hint", "1")
    assert ran.status == 1
    assert f"alpha_dev.py:{edition.line_of('return (')}: this is not valid Python" in ran.err


@pytest.mark.parametrize("damage", [b"", b"[1]", b'{"double": 3}', b"\xff"])
def test_damaged_shapes_leave_the_other_hints(edition, tito, damage):
    edition.alpha.start.with_name("shapes.json").write_bytes(damage)
    assert tito("module", "hint", "1").out.splitlines() == [
        "double, hint 1 of 1:",
        "  by two.",
        "That is the last hint.",
        NEXT,
    ]


def test_a_shape_holds_no_name_no_number_and_no_operator(tmp_path):
    course = Course(REPOSITORY)
    make(course, tmp_path / "edition", course.modules[0])
    words, marks = set(), set()
    for path in (tmp_path / "edition" / "modules").glob("*/.start/shapes.json"):
        shapes = json.loads(path.read_text())
        words |= {word for shape in shapes.values() for word in re.findall(r"\w+", shape)}
        marks |= {mark for shape in shapes.values() for mark in re.findall(r"[^\w\s]+", shape.replace("...", ""))}
    assert {"for", "if", "return"} <= words
    assert {word for word in words if not keyword.iskeyword(word)} == set()
    assert marks <= {"=", ":", "(,", "):", "(", ")", ","}
