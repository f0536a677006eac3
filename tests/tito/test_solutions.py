"""The files of `tests/solutions`: how they become chapters, and what is wrong with one that does not fit."""

import pytest

from tito.errors import TitoError
from tito.solutions import Style, alternatives, styles

HEAD = """\
# %%
#| default_exp core.alpha

# %%
def given():
    return 0


"""
FUNCTIONS = '''\
# %% nbgrader={"grade_id": "functions", "solution": true}
#| export
def constant():
    return 1


# remark
@primitive
def double(x: float, *, scale=2) -> float:
    """Twice `x`.

    # TODO: multiply."""

    # a remark on the solution
    ### BEGIN SOLUTION
    return scale * x
    # the end
    ### END SOLUTION


@primitive
def half(x):
    y = constant()
    ### BEGIN SOLUTION
    return y * x / 2
    ### END SOLUTION


'''
METHODS = '''\
# %% nbgrader={"grade_id": "methods", "solution": true}
#| export
@decorated
class Counter:
    """Counts."""

    step = 1

    def __init__(self):
        ### BEGIN SOLUTION
        self.count = 0
        ### END SOLUTION

    # what is shown
    def show(self):
        """Show it."""
        for _ in range(1):
            ### BEGIN SOLUTION
            print(self.count)
            ### END SOLUTION

    # the rest is given
    def given(self):
        return 1


'''
RULES = """\
# %% nbgrader={"grade_id": "rules", "solution": true}
@vjp(T.double)
def _(grad, out, x):
    ### BEGIN SOLUTION
    return 2 * grad
    ### END SOLUTION


@vjp(T.add, T.sub)
def _(grad, out, x, y):
    ### BEGIN SOLUTION
    return grad, grad
    ### END SOLUTION


"""

# What a file holds, and what the exercise's cell is then. Where there is more than one cell, all of them.
SPLICED = [
    (
        '''\
"""The header is for the reader."""

import numpy as np


# %% functions
import math
from math import pi

# of the student's own
FACTOR = 2
SHIFT: int = 0


def helper(x):
    """Help."""
    return FACTOR * x
    # below


@primitive
def double(x, *, scale=2):
    """Not taken over."""
    # by addition

    text = """
# %% no head
"""
    return helper(x) + 0
    # done


class Own:
    size = 3


@primitive
def half(x):
    return x * 0.5
''',
        '''\
# %% nbgrader={"grade_id": "functions", "solution": true}
#| export
def constant():
    return 1


# remark
import math


from math import pi


# of the student's own
FACTOR = 2


SHIFT: int = 0


def helper(x):
    """Help."""
    return FACTOR * x
    # below


class Own:
    size = 3


@primitive
def double(x: float, *, scale=2) -> float:
    """Twice `x`.

    # TODO: multiply."""
    # by addition

    text = """
# %% no head
"""
    return helper(x) + 0
    # done


@primitive
def half(x):
    return x * 0.5


''',
    ),
    (
        '''\
# %% methods
START = 0


class Counter:
    """Counts upwards."""

    limit = 9

    def _next(self):
        return self.count + 1

    def __init__(self):
        self.count = START

    def show(self):
        print("now", self.count)
''',
        '''\
# %% nbgrader={"grade_id": "methods", "solution": true}
#| export
START = 0


@decorated
class Counter:
    """Counts."""

    step = 1

    limit = 9

    def _next(self):
        return self.count + 1

    def __init__(self):
        self.count = START

    # what is shown
    def show(self):
        """Show it."""
        print("now", self.count)

    # the rest is given
    def given(self):
        return 1


''',
    ),
    (
        """\
# %% rules
@primitive
def twice(x):
    return x + x


@vjp(twice)
def _(grad, out, x):
    return grad


@vjp(add, sub)
def _(grad, out, x, y):
    return grad, +grad


@vjp(double)
def _(grad, out, x):
    return grad + grad
""",
        """\
# %% nbgrader={"grade_id": "rules", "solution": true}
@primitive
def twice(x):
    return x + x


@vjp(twice)
def _(grad, out, x):
    return grad


@vjp(T.double)
def _(grad, out, x):
    return grad + grad


@vjp(T.add, T.sub)
def _(grad, out, x, y):
    return grad, +grad


""",
    ),
]


def reference(*cells: str) -> str:
    return "".join(line for cell in cells for line in cell.splitlines(keepends=True) if "SOLUTION" not in line)


def write(tree, text: str, name: str = "plain/01_alpha.py"):
    """Write the chapter, and a file of solutions; returns its style."""
    tree.alpha.dev.write_text(HEAD + FUNCTIONS + METHODS + RULES, encoding="utf-8")
    path = tree.root / "tests" / "solutions" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Style("plain", {"01_alpha": path})


@pytest.mark.parametrize(("index", "solutions", "cell"), [(n, *both) for n, both in enumerate(SPLICED)])
def test_what_a_cell_holds_takes_its_place_in_the_exercise_and_nothing_else_changes(tree, index, solutions, cell):
    cells = [HEAD, *(reference(text) for text in (FUNCTIONS, METHODS, RULES))]
    cells[index + 1] = cell
    assert write(tree, solutions).text(tree.alpha) == "".join(cells)


def test_several_exercises_may_be_written_in_one_file_in_any_order(tree):
    header, head, functions = SPLICED[0][0].partition("# %% functions\n")
    text = "\n\n".join([header, SPLICED[2][0], head + functions, SPLICED[1][0]])
    assert write(tree, text).text(tree.alpha) == HEAD + "".join(cell for _, cell in SPLICED)


def test_the_reference_is_what_stands_between_the_markers(tree):
    write(tree, "")
    assert Style("reference").text(tree.alpha) == reference(HEAD, FUNCTIONS, METHODS, RULES)


def test_a_given_function_of_the_exercise_may_be_written_in_another_way_too(tree):
    text = "# %% functions\ndef constant():\n    return 2 - 1\n\n\n" + SPLICED[0][0].partition("# %% functions\n")[2]
    assert "def constant():\n    return 2 - 1\n\n\n# remark\n@primitive" in write(tree, text).text(tree.alpha)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def f(:\n", 1, "this is not valid Python: "),
        ("# %% methodes\n", 1, "`# %% methodes` names no exercise of 01_alpha."),
        ("\n# %%\n", 2, "`# %%` names no exercise of 01_alpha."),
        ("# %% [markdown] functions\n", 1, "names no exercise"),
        ("# %% functions two\n", 1, "names no exercise"),
        (SPLICED[1][0] * 2, 18, "methods stands on line 1 as well."),
        ("import math\n\nx = 1\n\n# %% rules\n", 3, "code above the first cell."),
        ("x = 1\n", 1, "code above the first cell."),
        ("# %% rules\n\nprint(1)\n", 3, "an exercise has imports, constants, functions and classes only."),
        (
            "# %% methods\nclass Counter:\n    print(1)\n",
            3,
            "an exercise has imports, constants, functions and classes",
        ),
        ("# %% functions\ndef given():\n    return 1\n", 2, "given is no part of functions: it stands at DEV:"),
        ("# %% functions\nclass Counter:\n    pass\n", 2, "Counter is no part of functions: it stands at DEV:"),
        ("# %% functions\n@vjp(double)\ndef _(g, out, x):\n    return g\n", 3, "vjp(double) is no part of functions"),
        ("# %% methods\n", 1, "methods leaves out Counter.__init__ (DEV:"),
        (
            "# %% functions\n@primitive\ndef double(x, *, scale=2):\n    return x + x\n",
            1,
            "functions leaves out half (DEV:32): the reference's solution would stay there.",
        ),
        (
            "# %% rules\n@vjp(double)\ndef _(grad, out, x):\n    return grad\n\n\n@vjp(add)\ndef _(grad, out, x, y):\n    return 1\n",
            1,
            "rules leaves out vjp(add, sub) (DEV:",
        ),
        (
            "# %% functions\n@primitive\ndef double(x, *, scale=3):\n    return x + x\n",
            3,
            "double is `@primitive def double(x, *, scale=3):` here and `@primitive def double(x, *, scale=2):` in DEV:",
        ),
        (
            "# %% functions\ndef half(x):\n    return x\n",
            2,
            "half is `def half(x):` here and `@primitive def half(x):`",
        ),
    ],
)
def test_what_does_not_fit_is_an_error_with_file_and_line(tree, text, line, words):
    style = write(tree, text)
    with pytest.raises(TitoError) as caught:
        style.text(tree.alpha)
    assert caught.value.message.startswith(f"tests/solutions/plain/01_alpha.py:{line}: ")
    assert words.replace("DEV", "modules/01_alpha/alpha_dev.py") in caught.value.message


def test_each_folder_is_a_style(whole):
    for name in ("b/09_spatter.py", "a/01_alpha.py", "a/09_spatter.py"):
        write(whole, "", name)
    (whole.root / "tests" / "solutions" / "README.md").touch()
    found = styles(whole.course)
    assert [(style.name, list(style.files)) for style in found] == [
        ("reference", []),
        ("a", ["01_alpha", "09_spatter"]),
        ("b", ["09_spatter"]),
    ]


@pytest.mark.parametrize("name", ["plain/01_alfa.py", "01_alpha.py", "plain/more/01_alpha.py"])
def test_a_file_that_no_module_or_no_style_would_use_is_an_error(tree, name):
    write(tree, "", name)
    with pytest.raises(TitoError, match=f"tests/solutions/{name} belongs to no module or to no style"):
        styles(tree.course)


def test_alternatives_are_counted_once_and_the_reference_is_none(tree):
    write(tree, "")
    lines = reference(HEAD, FUNCTIONS, METHODS, RULES)
    texts = [
        lines.replace("scale * x", "x * scale").replace("return 2 * grad", "return grad * 2"),
        lines.replace("scale * x", "x * scale  # the same again"),
        lines.replace("return 2 * grad", "return grad + grad"),
    ]
    assert alternatives(tree.alpha, [lines, *texts]) == {"functions": 1, "methods": 0, "rules": 2}
