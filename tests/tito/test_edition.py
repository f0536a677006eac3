"""A dev file without its solutions: what is taken out, what is said in its place, what stays."""

from pathlib import Path

import pytest

from tito.course import Course
from tito.dev_file import DevFile, DevFileError
from tito.edition import without_solutions
from tito.export import exported_text

CELL = (
    '# %% nbgrader={{"grade": false, "grade_id": "{}", "locked": false, "schema_version": 3, "solution": true, '
    '"task": false}}\n#| export\n'
)

SHAPES = (
    CELL.format("square")
    + '''\
class Square:
    """A square.

    TODO: remember the side.
    """

    def __init__(self, side):
        self.name = "square"
        ### BEGIN SOLUTION
        self.side = secret_side(side)
        ### END SOLUTION

    def area(self):
        total = 0
        for _ in range(self.side):
            ### BEGIN SOLUTION
            total += secret_sum(self.side)
            ### END SOLUTION
        return total


'''
    + CELL.format("gradient")
    + """\
@vjp(core.double)
def _(grad, out, x):
    ### BEGIN SOLUTION
    return secret_rule(grad)
    ### END SOLUTION


def helper(x):
    ### BEGIN SOLUTION

    return secret_help(x)  # never shown
    # nor this
    ### END SOLUTION


"""
)


def stripped(tree, only=None) -> list[str]:
    dev = DevFile(tree.alpha)
    return without_solutions(dev, only and dev.exercises()[only - 1]).splitlines()


def test_a_region_becomes_a_line_that_names_module_exercise_and_function(tree):
    tree.write_alpha(end=SHAPES + "# %%\nreport()\n")
    stubs = [line for line in stripped(tree) if "NotImplementedError" in line]
    assert stubs == [
        '    raise NotImplementedError("Module 01, exercise 1: double")',
        '        raise NotImplementedError("Module 01, exercise 2: Square.__init__")',
        '            raise NotImplementedError("Module 01, exercise 2: Square.area")',
        '    raise NotImplementedError("Module 01, exercise 3: vjp(double)")',
        '    raise NotImplementedError("Module 01, exercise 3: helper")',
    ]


def test_nothing_between_the_markers_is_left_and_everything_else_is(tree):
    path = tree.write_alpha(end=SHAPES + "# %%\nreport()\n")
    lines = stripped(tree)
    assert not [
        line for line in lines if "secret" in line or "2 * x" in line or "SOLUTION" in line or "nor this" in line
    ]
    kept, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        inside = inside or line.strip() == "### BEGIN SOLUTION"
        if not inside:
            kept.append(line)
        inside = inside and line.strip() != "### END SOLUTION"
    assert [line for line in lines if "NotImplementedError" not in line] == kept
    assert "    TODO: multiply." in lines, "the task stays"


def test_one_exercise_alone_can_be_taken_out(tree):
    tree.write_alpha(end=SHAPES + "# %%\nreport()\n")
    text = "\n".join(stripped(tree, only=3))
    assert text.count("NotImplementedError") == 2
    assert "secret_side" in text and "secret_rule" not in text


def test_the_result_is_known_as_unwritten_and_can_be_exported(tree):
    path = tree.write_alpha(end=SHAPES + "# %%\nreport()\n")
    path.write_text("\n".join(stripped(tree)) + "\n", encoding="utf-8")
    assert [text for _, text in DevFile(tree.alpha).unwritten()] == [
        "Module 01, exercise 1: double",
        "Module 01, exercise 2: Square.__init__",
        "Module 01, exercise 2: Square.area",
        "Module 01, exercise 3: vjp(double)",
        "Module 01, exercise 3: helper",
    ]
    assert 'raise NotImplementedError("Module 01, exercise 2: Square.__init__")' in exported_text(tree.alpha)


@pytest.mark.parametrize(
    ("solution", "message"),
    [
        (
            "# %%\n#| export\ndef f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n",
            "a solution outside",
        ),
        (CELL.format("f") + "def f():\n    ### BEGIN SOLUTION\n    return 1\n\n", "is never closed"),
        (CELL.format("f") + "def f():\n    return 1\n    ### END SOLUTION\n\n", "without `### BEGIN SOLUTION`"),
        (
            CELL.format("f") + "### BEGIN SOLUTION\nif True:\n### END SOLUTION\n    x = 1\n\n",
            "without its solutions the file is not Python: unexpected indent",
        ),
    ],
)
def test_a_region_that_cannot_be_taken_out_is_told_by_its_line(tree, solution, message):
    tree.write_alpha(solution=solution, test="")
    with pytest.raises(DevFileError, match=r"modules/01_alpha/alpha_dev\.py:\d+: .*" + message) as caught:
        stripped(tree)
    if "not Python" in message:
        assert caught.value.line == tree.line_of("    x = 1")


def test_every_chapter_of_the_course_can_be_handed_out_without_its_solutions():
    course = Course(Path(__file__).resolve().parents[2])
    for module in course.modules:
        dev = DevFile(module)
        text = without_solutions(dev)
        assert "SOLUTION" not in text
        assert text.count(f'raise NotImplementedError("Module {module.number}, exercise ') >= len(dev.exercises())
