"""Small course trees for the tool's tests: two modules, a real `tinytorch.testing`, checks that take no time."""

import contextlib
import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tito.commands import run_app
from tito.course import Course, Module
from tito.show import make_output_safe

REPOSITORY = Path(__file__).resolve().parents[2]

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 01: Alpha

# %%
#| default_exp core.alpha

# %%
#| export
import math

# %%
from tinytorch.testing import inline_test, report

"""

SOLUTION = """\
# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def double(x):
    \"\"\"Twice `x`.

    Returns a number.

    TODO: multiply.

    HINT: by two.
    \"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

"""

TEST = """\
# %% nbgrader={"grade": true, "grade_id": "test-double", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("double: twice the number")
def test_double(verify):
    with verify("two and two are four"):
        assert double(2) == 4, "double(2) must be 4"

"""

END = """\
# %%
report()
"""

PYTEST = """\
from tinytorch.core.alpha import double


def test_doubling_adds_a_number_to_itself():
    assert double(3) == 3 + 3
"""


@dataclass(frozen=True)
class Tree:
    """A course of two modules in a folder of the test's own."""

    root: Path

    @property
    def course(self) -> Course:
        return Course(self.root)

    @property
    def alpha(self) -> Module:
        return self.course.module("alpha")

    def write_alpha(self, *, head=HEADER, solution=SOLUTION, test=TEST, end=END) -> Path:
        """Write module 01's dev file, some of its parts replaced."""
        path = self.root / "modules" / "01_alpha" / "alpha_dev.py"
        path.write_text(head + solution + test + end, encoding="utf-8")
        return path

    def line_of(self, text: str) -> int:
        """The line of module 01's dev file that holds `text`."""
        lines = (self.root / "modules" / "01_alpha" / "alpha_dev.py").read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


def write_module(root: Path, number: str, name: str, needs: list[str]) -> None:
    folder = root / "modules" / f"{number}_{name}"
    folder.mkdir(parents=True)
    about = (
        f"---\ntitle: {name.title()}\ndifficulty: easy\ntime_estimate: 1 hour\nprerequisites: {needs}\n---\n# {name}\n"
    )
    (folder / "ABOUT.md").write_text(about, encoding="utf-8")


def plant(root: Path) -> Tree:
    """Write the small course into a folder that does not exist yet."""
    write_module(root, "01", "alpha", [])
    write_module(root, "09", "spatter", ["01_alpha"])
    (root / "tinytorch" / "core").mkdir(parents=True)
    (root / "tinytorch" / "__init__.py").touch()
    (root / "tinytorch" / "core" / "__init__.py").touch()
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("support", "testing"):
        shutil.copytree(REPOSITORY / "tinytorch" / part, root / "tinytorch" / part, ignore=ignored)
    tests = root / "tests" / "01_alpha"
    tests.mkdir(parents=True)
    (tests / "test_double.py").write_text(PYTEST, encoding="utf-8")
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\n")
    made = Tree(root)
    made.write_alpha()
    return made


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Tree:
    made = plant(tmp_path / "my course é")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a pytest child then starts twice as fast
    monkeypatch.delenv("TINYTORCH_TEST_SEED", raising=False)  # a run of `tito` leaves its seed to its children
    return made


@pytest.fixture(scope="session")
def planted(tmp_path_factory) -> Callable[[str], Tree]:
    """Plants trees that the tests of a file share: `planted("a name")`."""
    return lambda name: plant(tmp_path_factory.mktemp(name) / "course")


@pytest.fixture
def whole(tree) -> Tree:
    """The tree with a file for its second module, too: `triple`, exercise `triple` of module 09."""
    text = (HEADER + SOLUTION + TEST + END).replace("alpha", "spatter").replace("double", "triple")
    text = text.replace("2 * x", "3 * x").replace("triple(2) == 4", "triple(2) == 6").replace("must be 4", "must be 6")
    (tree.root / "modules" / "09_spatter" / "spatter_dev.py").write_text(text, encoding="utf-8")
    return tree


@pytest.fixture
def edition(whole, tito, monkeypatch) -> Tree:
    """A student edition, in which both modules are to be written; the current folder is its root."""
    root = whole.root.parent / "a student's ü"
    assert tito("init", str(root)).status == 0
    monkeypatch.chdir(root)
    return Tree(root)


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@pytest.fixture
def tito(monkeypatch):
    """Run a command of `tito` here, its children included: `tito("module", "list").out`."""

    def run(*arguments: str) -> Ran:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        monkeypatch.setattr(sys, "argv", ["tito", *arguments])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            make_output_safe()
            with pytest.raises(SystemExit) as ended:
                run_app()
        for stream in (out, err):
            stream.flush()
        texts = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]
        return Ran(int(ended.value.code or 0), *texts)

    return run
