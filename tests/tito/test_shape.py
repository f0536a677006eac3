"""`tito check-course --shape`: what each line of a chapter counts as, and the limits."""

import json
from pathlib import Path

import pytest

from tito import shape
from tito.course import Course
from tito.dev_file import DevFile

EXERCISE = '# %% nbgrader={"grade_id": "double", "solution": true}'

# What each line counts as, by hand, and the line.
CLASSIFIED = (
    """\
text    | # ---
text    | # jupyter: {}
text    | # ---
text    |
text    | # %% [markdown]
text    | # # Alpha
text    | # import math
text    |
text    | # %%
text    | #| default_exp core.alpha
text    |
text    | # %%
text    | #| export
given   | import math
text    |
text    | # a comment
given   | TABLE = '''
given   | # a row, no comment
text    |
given   | another row'''  # a comment
text    |
text    | # %%
given   | from tinytorch.testing import inline_test, report
text    |
text    | """
    + EXERCISE
    + '''
text    | #| export
given   | @staticmethod
given   | def double(
given   |     x,
given   | ):
text    |     """Twice `x`.
text    |
text    |     TODO: def double(x)
text    |     """
given   |     x = x + 0  # a remark
text    |     ### BEGIN SOLUTION
written |     # twice
text    |
written |     y = """
text    |
written |     # two"""
written |     return 2 * x
text    |     ### END SOLUTION
text    |
text    |
given   | class Doubler:
text    |     """Doubles."""
text    |
given   |     name = "doubler"
given   |     def __call__(self, x): """Twice `x`."""; return double(x)
text    |
tests   | # %%
tests   | def helper():
tests   |     """Help."""
tests   |
tests   |     return 2
tests   |
tests   |
tests   | @inline_test("double")
tests   | def test_double(verify):
tests   |     # a comment
tests   |     assert helper()
tests   |
text    | # %% [markdown]
text    | # The end.
text    |
tests   | # %%
tests   | report()
tests   |
text    | # %% [markdown]
text    | """
text    | More.
text    | """
text    |
tests   | # %%
tests   | print("a cell below the report")
tests   |
'''
)


def write_alpha(tree, *lines: str) -> None:
    tree.alpha.dev.write_text("\n".join(lines) + "\n", encoding="utf-8")


def classified() -> tuple[list[str], list[str]]:
    pairs = [line.split("|", 1) for line in CLASSIFIED.splitlines()]
    return [part.strip() for part, _ in pairs], [line.removeprefix(" ") for _, line in pairs]


def test_each_line_counts_as_one_thing(tree):
    expected, lines = classified()
    write_alpha(tree, *lines)
    dev = DevFile(tree.alpha)
    found = shape.classify(dev, shape.code_lines(dev))
    assert [*zip(found, lines)] == [*zip(expected, lines)]


def test_a_chapter_is_measured(tree):
    expected, lines = classified()
    write_alpha(tree, *lines)
    measured = shape.measure(tree.alpha)
    counts = {part: getattr(measured, part) for part in ("text", "given", "written", "tests")}
    assert counts == {part: expected.count(part) for part in counts}
    assert (measured.lines, measured.module) == (len(lines), "01_alpha")
    # def and decorator 4, the line above the region 1; of the region 3: its first line is a comment, two are blank
    assert measured.longest_function == shape.Longest(8, "double")
    assert measured.largest_exercise == shape.Longest(4, "double")


def test_the_four_parts_add_up_in_every_chapter():
    for module in Course(Path(__file__).resolve().parents[2]).modules:
        measured = shape.measure(module)
        assert measured.text + measured.given + measured.written + measured.tests == measured.lines
        assert measured.lines == module.dev.read_bytes().count(b"\n")
        assert min(measured.text, measured.given, measured.written, measured.tests) > 0


def test_a_function_is_measured_with_those_inside_it_and_a_method_by_itself(tree):
    outer = ["def outer():", "    def inner():", "        x = 1", "        return x", "    return inner"]
    methods = ["class C:", *(f"    def method{n}(self):\n        return {n}" for n in range(9))]
    tests = ["# %%", "@inline_test('t')", "def test_t(verify):", *(f"    x = {n}" for n in range(9))]
    write_alpha(tree, "# %%", *outer, *methods, *tests)
    assert shape.measure(tree.alpha).longest_function == shape.Longest(5, "outer")


def test_an_exercise_is_as_large_as_all_regions_of_its_cell(tree):
    def function(name, *written):
        body = "\n".join(["    ### BEGIN SOLUTION", *(f"    {line}" for line in written), "    ### END SOLUTION"])
        return f"def {name}():\n{body}"

    one = [EXERCISE, function("f", "x = 1", "return x"), function("g", "return 2")]
    other = [EXERCISE.replace("double", "other"), function("h", "y = 1", "return y")]
    write_alpha(tree, *one, *other)
    measured = shape.measure(tree.alpha)
    assert (measured.written, measured.largest_exercise) == (5, shape.Longest(3, "double"))


def region(indent: str) -> list[str]:
    return [f"{indent}### BEGIN SOLUTION", f"{indent}x = 1", f"{indent}### END SOLUTION"]


@pytest.mark.parametrize(
    ("head", "indent", "name", "given"),
    [
        (["def f(a,", "      b):"], 4, "f", 0),
        (["def f(a,", "      b):", '    """A.', "", '    TODO: b"""'], 4, "f", 0),
        (["@vjp(T.mul)", "def _(grad):"], 4, "vjp(mul)", 0),
        (["class C:", "    a = 1", "    def f(self):"], 8, "C.f", 0),
        (["def f():", "    def g():", "        y = 1"], 8, "f", 2),
    ],
)
def test_a_function_with_a_region_has_ten_given_lines_of_body_at_most(tree, head, indent, name, given):
    indent = indent * " "
    for extra, problems in ((10 - given, 0), (11 - given, 1)):
        lines = [f"{indent}# a comment\n\n{indent}y = {n}" for n in range(extra)]
        write_alpha(tree, EXERCISE, *head, *lines, *region(indent))
        found = shape.measure(tree.alpha).problems
        assert len(found) == problems
    line = 2 + next(number for number, text in enumerate(head) if "def" in text)
    expected = f"{name} has 11 given lines in its body around its solution; the limit is 10."
    assert found == [f"modules/01_alpha/alpha_dev.py:{line}: {expected}"]


def test_given_lines_count_wherever_they_stand_in_the_body(tree):
    def body(below):
        given = [f"    y = {n}" for n in range(3)]
        return [EXERCISE, "def f():", *given, *region("    "), *given, *region("    "), *given[:1], *below, "z = 1"]

    write_alpha(tree, *body(["    def g():", "        return 2", "    return g"]))
    assert shape.measure(tree.alpha).problems == []
    write_alpha(tree, *body(["    def g():", "        return 2", "    return g", "    # the end", "    g()"]))
    [problem] = shape.measure(tree.alpha).problems
    assert "f has 11 given lines" in problem


@pytest.mark.parametrize(
    ("before", "indent", "line"),
    [
        (["def f():", "    return 1", ""], "", 5),
        (["class C:"], "    ", 3),
        (["class C:", "    def f(self):", "        return 1"], "    ", 5),
    ],
)
def test_a_region_in_no_function_is_a_problem(tree, before, indent, line):
    write_alpha(tree, EXERCISE, *before, *region(indent))
    [problem] = shape.measure(tree.alpha).problems
    assert problem == f"modules/01_alpha/alpha_dev.py:{line}: the solution region is not in the body of a function."


def test_a_chapter_has_its_limit_of_lines(tree, monkeypatch):
    count = len(tree.alpha.read_dev().splitlines())
    monkeypatch.setattr(shape, "CHAPTER", count)
    assert shape.measure(tree.alpha).problems == []
    monkeypatch.setattr(shape, "CHAPTER", count - 1)
    [problem] = shape.measure(tree.alpha).problems
    assert problem == f"modules/01_alpha/alpha_dev.py:{count}: the chapter has {count} lines; the limit is {count - 1}."


def test_module_09_has_limits_of_its_own(whole, monkeypatch):
    monkeypatch.setattr(shape, "SPATIAL", "09_spatter")
    # given in the small chapter: import math, import of the tests, def; written: one line
    monkeypatch.setattr(shape, "SPATIAL_GIVEN", 3)
    monkeypatch.setattr(shape, "SPATIAL_WRITTEN", 1)
    alpha, spatter = whole.course.modules
    assert shape.measure(spatter).problems == []
    monkeypatch.setattr(shape, "SPATIAL_GIVEN", 2)
    monkeypatch.setattr(shape, "SPATIAL_WRITTEN", 2)
    assert shape.measure(spatter).problems == [
        "modules/09_spatter/spatter_dev.py:1: the chapter has 3 lines of given code; the limit is 2.",
        "modules/09_spatter/spatter_dev.py:1: students write 1 lines here; it must be 2 or more.",
    ]
    assert shape.measure(alpha).problems == []


def test_all_chapters_together_have_limits(whole, tito, monkeypatch):
    lines = sum(len(module.read_dev().splitlines()) for module in whole.course.modules)
    monkeypatch.setattr(shape, "COURSE", lines)
    monkeypatch.setattr(shape, "WRITTEN", 2)
    ran = tito("check-course", "--shape")
    assert (ran.status, "FAIL" in ran.out) == (0, False)
    monkeypatch.setattr(shape, "COURSE", lines - 1)
    monkeypatch.setattr(shape, "WRITTEN", 3)
    ran = tito("check-course", "--shape")
    assert ran.status == 1
    assert f"FAIL  modules: the chapters have {lines} lines together; the limit is {lines - 1}.\n" in ran.out
    assert "FAIL  modules: students write 2 lines in all chapters; it must be 3 or more.\n" in ran.out
    ran = tito("check-course", "--shape", "alpha", "--json")
    assert (ran.status, json.loads(ran.out)["passed"]) == (0, True), "one chapter alone"


def test_the_command_shows_a_row_for_each_chapter_and_their_sum(whole, tito):
    ran = tito("check-course", "--shape")
    table = [line.split() for line in ran.out.splitlines() if line.startswith(("01_", "09_", "all"))]
    counted = [len(module.read_dev().splitlines()) for module in whole.course.modules]
    assert [row[:2] for row in table] == [
        ["01_alpha", str(counted[0])],
        ["09_spatter", str(counted[1])],
        ["all", str(sum(counted))],
    ]
    assert [row[3:5] for row in table] == [["3", "1"], ["3", "1"], ["6", "2"]]
    assert table[0][6:] == ["2", "double", "1", "double"]
    assert all(sum(map(int, row[2:6])) == int(row[1]) for row in table)


def test_the_command_fails_and_says_where(whole, tito, monkeypatch):
    monkeypatch.setattr(shape, "CHAPTER", 10)
    ran = tito("check-course", "--shape", "alpha")
    assert ran.status == 1
    assert "FAIL  modules/01_alpha/alpha_dev.py:11: the chapter has" in ran.out
    told = json.loads(tito("check-course", "--shape", "alpha", "--json").out)
    assert told["passed"] is False
    [module] = told["modules"]
    assert module["longest_function"] == {"lines": 2, "name": "double"}
    assert module["problems"][0].startswith("modules/01_alpha/alpha_dev.py:11: ")


@pytest.mark.parametrize("options", [["--shape"], ["--in-order"], ["--milestones"], []])
def test_a_student_edition_has_no_solutions_to_look_at(edition, tito, options):
    ran = tito("check-course", *options)
    assert ran.status == 2
    assert "this is a student edition" in ran.err and "Run it in the repository" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shape", "--in-order"], "--shape and --in-order exclude each other."),
        (["--shape", "--start-at", "09"], "--start-at belongs to --in-order."),
        (["--in-order", "09"], "--in-order takes no modules."),
    ],
)
def test_options_that_do_not_go_together_are_refused(whole, tito, arguments, words):
    ran = tito("check-course", *arguments)
    assert ran.status == 2
    assert words in ran.err
