"""Every command in a folder with spaces and letters beyond ASCII: into a pipe, in terminals that show little, in colour."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tito.course import Course
from tito.init import make

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'

# command -> (exit status, what it says)
DAY = {
    ("module", "list"): (0, "01_alpha"),
    ("module", "start", "1"): (0, "Next: write exercise 1, double"),
    ("module", "hint", "1"): (0, "double, hint 1 of 2:"),
    ("module", "solution", "1", "double"): (1, "is shown beside your own once that passes"),
    "wrong": (0, "return 3 * x  # × é"),
    ("module", "test", "1"): (1, "FAIL  test_double failed"),
    "right": (0, "return x + x  # × é"),
    ("module", "complete", "1"): (0, "Module 01 is complete."),
    ("module", "status"): (0, "complete"),
    ("module", "status", "1", "--json"): (0, '"state": "complete"'),
    ("module", "solution", "1", "1"): (0, "return 2 * x"),
    ("test", "1", "--json"): (0, '"passed": true'),
    ("export",): (0, "is up to date"),
    ("export", "--check", "alpha"): (0, "tinytorch/core/alpha.py"),
    ("module", "reset", "1"): (0, "is as it was handed out"),
    ("undo",): (0, "is as it was at"),
    ("undo", "--list"): (0, "reset"),
    ("doctor",): (None, "Python"),
    ("doctor", "--json"): (None, '"findings"'),
    ("milestone", "list"): (0, "name"),
    ("module", "test", "no such"): (2, "there is no module"),
}
SURROUNDINGS = {
    "a pipe": {},
    "a pipe that takes ASCII only": {"PYTHONIOENCODING": "ascii"},
    "a system without any letters": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a terminal": {"TERM": "xterm-256color"},
    "a terminal without colour": {"TERM": "xterm-256color", "NO_COLOR": "1"},
    "a dumb terminal": {"TERM": "dumb", "PYTHONIOENCODING": "ascii"},
}


@pytest.fixture
def place(planted, tmp_path):
    """An edition in a folder of an awkward name."""
    tree = planted("surroundings")
    text = tree.alpha.read_dev().replace("alpha", "spatter").replace("double", "triple")
    tree.course.module("9").dev.write_text(text, encoding="utf-8")
    root = tmp_path / "Émile's course (2) – 数学 $HOME"
    make(tree.course, root, tree.alpha)
    return root


def run(root: Path, command: tuple[str, ...], terminal: bool, variables: dict[str, str]) -> tuple[int, bytes]:
    """Status and output, error output included, as a pipe or a terminal gets it."""
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    environment |= {"PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables}
    words = [sys.executable, "-m", "tito", *command]
    if not terminal:
        ran = subprocess.run(words, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return ran.returncode, ran.stdout
    ours, theirs = pty.openpty()
    child = subprocess.Popen(words, cwd=root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    parts = []
    while True:
        try:
            parts.append(os.read(ours, 65536))
        except OSError:  # the child's end is closed
            break
        if not parts[-1]:
            break
    os.close(ours)
    return child.wait(), b"".join(parts).replace(b"\r\n", b"\n")


@pytest.mark.parametrize("kind", SURROUNDINGS)
def test_a_day_goes_by(place, kind):
    variables = SURROUNDINGS[kind]
    alpha = Course(place).module("1")
    painted = b""
    for command, (status, words) in DAY.items():
        if isinstance(command, str):
            alpha.dev.write_text(alpha.start.read_text(encoding="utf-8").replace(STUB, words), encoding="utf-8")
            continue
        got, out = run(place, command, "terminal" in kind, variables)
        text = out.decode("ascii" if variables.get("PYTHONIOENCODING") else "utf-8")
        assert status in (None, got), (command, text)
        assert "Traceback" not in text, (command, text)
        if kind == "a terminal":
            painted += out
        else:
            assert "\x1b" not in text, (command, text)
            assert " ".join(words.split()) in " ".join(text.split()), (command, text)
    assert kind != "a terminal" or b"\x1b[32mok\x1b[0m" in painted
