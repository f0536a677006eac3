"""Where a student is told to look: a line of their own in a dev file, whichever command finds the failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tito.course import Course
from tito.init import make

CELL = '# %% nbgrader={{"grade": {}, "grade_id": "{}", "points": 5, "schema_version": 3, "solution": {}}}\n'
HEAD = """\
# %%
#| default_exp core.{}

# %%
#| export
{}

# %%
from tinytorch.testing import inline_test, report

"""
ALPHA = (
    HEAD.format("alpha", "import numpy as np")
    + CELL.format("false", "double", "true")
    + '''\
#| export
def positive(x):
    if x < 0:
        raise ValueError(f"expected a positive number, got {x}")
    return x


def double(x):
    """Twice `x`.

    TODO: multiply.
    """
    ### BEGIN SOLUTION
    return 2 * positive(x)
    ### END SOLUTION


class Doubler:
    def __init__(self, times):
        self.times = times

    def forward(self, x):
        """Twice `x`, several times.

        TODO: repeat.
        """
        ### BEGIN SOLUTION
        for _ in range(self.times):
            x = double(x)
        return x
        ### END SOLUTION


'''
    + CELL.format("true", "test-double", "false")
    + """\
def check(x, expected):
    assert double(x) == expected, f"double({x}) must be {expected}"


@inline_test("double")
def test_double(verify):
    with verify("two and two are four"):
        check(2, 4)
    with verify("twice doubled"):
        doubler = Doubler(2)
        assert doubler.forward(1) == 4
    with verify("it is a number"):
        assert float(double(3)) == 6


# %%
report()
"""
)
BETA = (
    HEAD.format("beta", "from tinytorch.core.alpha import double")
    + CELL.format("false", "triple", "true")
    + '''\
#| export
def triple(x):
    """Three times `x`.

    TODO: add.
    """
    ### BEGIN SOLUTION
    return double(x) + x
    ### END SOLUTION


'''
    + CELL.format("true", "test-triple", "false")
    + """\
@inline_test("triple")
def test_triple(verify):
    with verify("three twos are six"):
        assert triple(2) == 6


# %%
report()
"""
)
TESTS = {
    "01_alpha": """\
import tinytorch.core.alpha as alpha
from tinytorch.core.alpha import Doubler, double


def compare(function, x, expected):
    assert function(x) == expected


def test_doubling():
    compare(double, 5, 10)


def test_by_name():
    assert alpha.double(7) == 14


def test_of_a_layer():
    doubler = Doubler(3)
    found = doubler.forward(2)
    assert found == 16
""",
    "02_beta": """\
from tinytorch.core.beta import triple


def test_tripling():
    assert triple(5) == 15
""",
}
DOUBLE, FORWARD, TRIPLE = (
    f'raise NotImplementedError("Module {task}")'
    for task in ("01, exercise 1: double", "01, exercise 1: Doubler.forward", "02, exercise 1: triple")
)
LOOP = "for _ in range(self.times):\n            x = double(x)\n        return x"


class Edition:
    """A student edition of two chapters, both to be written."""

    def __init__(self, root: Path):
        self.root = root

    def write(self, double="return 2 * positive(x)", forward=LOOP, triple="return double(x) + x", more="") -> None:
        for module, bodies in zip(Course(self.root).modules, [{DOUBLE: double, FORWARD: forward}, {TRIPLE: triple}]):
            text = module.start.read_text(encoding="utf-8")
            for stub, body in bodies.items():
                assert stub in text
                text = text.replace(stub, body)
            module.dev.write_text(text.replace("#| export\ndef", f"#| export\n{more}def"), encoding="utf-8")

    def place(self, chapter: str, text: str, function: str) -> str:
        shown = f"modules/{chapter}/{chapter[3:]}_dev.py"
        lines = (self.root / shown).read_text(encoding="utf-8").splitlines()
        return f"{shown}:{next(n for n, line in enumerate(lines, 1) if text in line)}, in {function}"


@pytest.fixture(scope="module")
def made(planted) -> Edition:
    root = planted("look").root
    for folder in (root / "modules", root / "tests"):
        for old in folder.iterdir():
            for path in old.iterdir():
                path.unlink()
            old.rmdir()
    for folder, text in (("01_alpha", ALPHA), ("02_beta", BETA)):
        (root / "modules" / folder).mkdir()
        (root / "modules" / folder / "ABOUT.md").write_text(f"---\ntitle: {folder}\nprerequisites: []\n---\n")
        (root / "modules" / folder / f"{folder[3:]}_dev.py").write_text(text)
        (root / "tests" / folder).mkdir()
        (root / "tests" / folder / "test_it.py").write_text(TESTS[folder])
    make(Course(root), root.parent / "edition", Course(root).module("1"))
    return Edition(root.parent / "edition")


@pytest.fixture
def edition(made, monkeypatch) -> Edition:
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("TINYTORCH_TEST_SEED", raising=False)
    return made


def run_file(edition: Edition, chapter: str) -> str:
    """The last line of what `python NAME_dev.py` prints."""
    command = [sys.executable, f"{chapter[3:]}_dev.py"]
    environment = {**os.environ, "PYTHONPATH": str(edition.root)}
    folder = edition.root / "modules" / chapter
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    return ran.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("bodies", "line", "function", "said"),
    [
        ({"double": "return x * x + 1"}, "def double", "double", "double(2) must be 4"),
        ({"forward": "return double(x) - 1"}, "def forward", "Doubler.forward", "doubler.forward(1) == 4"),
        (
            {"double": "x = positive(-x)\n    return 2 * x"},
            "x = positive(-x)",
            "double",
            "double on line {}: ValueError: expected a positive number, got -2\n      raised inside positive on line",
        ),
        (
            {"double": "return halved(4 * x)", "more": "def halved(x):\n    return x // [2]\n\n\n"},
            "return x // [2]",
            "halved",
            "halved on line {}: TypeError: unsupported operand",
        ),
        ({"double": "return 2 * x if x < 3 else np.zeros(2)"}, "def double", "double", "the check: TypeError: only"),
        (
            {"double": "return np.ones(3) @ np.ones(x)"},
            "np.ones(3) @",
            "double",
            "double on line {}: ValueError: matmul",
        ),
    ],
    ids=[
        "an assertion in a helper of the test",
        "an assertion in the test",
        "an error in a given function",
        "an error in a function of their own",
        "an error in the test",
        "an error in numpy",
    ],
)
def test_in_an_inline_test(edition, tito, bodies, line, function, said):
    edition.write(**bodies)
    place = edition.place("01_alpha", line, function)
    assert run_file(edition, "01_alpha") == f"next: double ({place})"
    out = tito("module", "test", "01").out
    assert f"Look at: {place}\n" in out
    assert said.format(place.partition(":")[2].partition(",")[0]) in out


def test_each_command_tells_the_same_place_and_the_line_of_the_check(edition, tito):
    edition.write(double="return x * x + 1")
    place, check = (edition.place("01_alpha", text, "double") for text in ("def double", "check(2, 4)"))
    line = check.partition(":")[2].partition(",")[0]
    for command in (["module", "test"], ["module", "complete"], ["test"], ["watch"]):
        out = " ".join(tito(*command, "01").out.split())
        assert f"Look at: {place}" in out
        if command != ["watch"]:
            assert f"(the check, line {line}: check(2, 4))" in out


@pytest.mark.parametrize(
    ("bodies", "line", "function", "test"),
    [
        ({"double": "return 2 * x if x < 5 else 0"}, "def double", "double", "test_doubling"),
        ({"double": "return 2 * x if x < 7 else 0"}, "def double", "double", "test_by_name"),
        (
            {"forward": "return 4 * x if self.times == 2 else x"},
            "def forward",
            "Doubler.forward",
            "test_of_a_layer",
        ),
        (
            {"double": "x = x if x < 5 else positive(-x)\n    return 2 * x"},
            "x = x if",
            "double",
            "test_doubling",
        ),
        (
            {"double": "return 2 * x if x < 5 else np.ones(2) @ np.ones(x)"},
            "return 2 * x if",
            "double",
            "test_doubling",
        ),
    ],
    ids=[
        "an assertion in a helper of the tests",
        "an assertion in the test",
        "an assertion about what was computed before",
        "an error in a given function",
        "an error in numpy",
    ],
)
def test_in_a_test_of_pytest(edition, tito, bodies, line, function, test):
    edition.write(**bodies)
    place = edition.place("01_alpha", line, function)
    for command in (["module", "complete"], ["test"]):
        out = tito(*command, "01").out
        assert f"tests/01_alpha/test_it.py::{test} failed" in out
        assert f"Look at: {place}\n" in out


def test_an_error_in_an_earlier_chapter_is_looked_for_where_it_was_called_and_its_line_is_told(edition, tito):
    edition.write(triple="return double(-x) + 5 * x")
    assert tito("module", "complete", "01").status == 0
    place = edition.place("02_beta", "return double(-x)", "triple")
    above = edition.place("01_alpha", "raise ValueError", "positive").partition(",")[0]
    assert run_file(edition, "02_beta") == f"next: triple ({place})"
    for command in (["module", "test"], ["test"]):
        out = tito(*command, "02").out
        assert f"raised inside positive ({above})" in out
        assert f"Look at: {place}\n" in out
    edition.write(triple="return double(x) + x if x == 2 else double(-x)")
    out = tito("module", "complete", "02").out
    assert "test_tripling failed" in out and f"raised inside positive ({above})" in out
    assert f"Look at: {edition.place('02_beta', 'double(-x)', 'triple')}\n" in out


def test_what_is_not_written_in_an_earlier_chapter_is_there(edition, tito):
    edition.write()
    assert tito("module", "complete", "01").status == 0
    edition.write(double=DOUBLE)
    assert tito("export", "01").status == 0
    place = edition.place("01_alpha", DOUBLE, "double")
    assert run_file(edition, "02_beta") == f"next: triple ({place})"
    out = tito("module", "test", "02").out
    assert f"double is not written yet ({place.partition(',')[0]})" in out and f"Write it: {place}\n" in out


@pytest.mark.parametrize("call", ["x = x + 1", "positive(x) "], ids=["in a loop", "in a given function that it calls"])
def test_in_an_endless_loop(edition, tito, call):
    edition.write(double=f"while True:\n        {call}")
    places = [edition.place("01_alpha", text, "double") for text in ("while True", call)]
    out = tito("module", "test", "01", "--time-limit", "3").out
    assert any(f"stopped after 3 seconds: it was in {place}." in out for place in places), out


def test_in_an_endless_loop_of_a_test_it_is_the_exercise(edition, tito):
    edition.write()
    dev = edition.root / "modules" / "01_alpha" / "alpha_dev.py"
    dev.write_text(dev.read_text().replace("        check(2, 4)", "        while True:\n            pass"))
    out = tito("module", "test", "01", "--time-limit", "3").out
    place = edition.place("01_alpha", "def double", "double")
    assert f"test_double was running.\n      Look for a loop that does not end: {place}." in out


def test_an_error_of_the_file_itself_is_told_by_its_line(edition, tito):
    edition.write(double="return 2 * nothing")
    dev = edition.root / "modules" / "01_alpha" / "alpha_dev.py"
    dev.write_text(dev.read_text().replace("# %%\nfrom", "# %%\nprint(double(2))\nfrom"))
    out = tito("module", "test", "01").out
    assert "NameError: name 'double' is not defined" in out
    assert edition.place("01_alpha", "print(double(2))", "").partition(",")[0] in out
