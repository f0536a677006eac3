"""The notebooks in a real kernel, and in a grader's hands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tito import notebooks
from tito.course import Course
from tito.dev_file import DevFile
from tito.edition import without_solutions

pytestmark = pytest.mark.extras
REPOSITORY = Path(__file__).resolve().parents[2]
COURSE = Course(REPOSITORY)
NAMES = [module.name for module in COURSE.modules]

RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

notebook = nbformat.read(sys.argv[1], 4)
try:
    NotebookClient(notebook, timeout=170, kernel_name="python3").execute()
    print(json.dumps({"error": None}))
except CellExecutionError as error:
    print(json.dumps({"error": f"{error.ename}: {error.evalue}"}))
nbformat.write(notebook, sys.argv[1])
"""


def python(folder: Path, *arguments: str) -> str:
    """Run Python in a process of its own, its settings of Jupyter in the folder; what it printed."""
    here = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=folder,
        env={**os.environ, **here, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def executed(folder: Path, text: str) -> tuple[str | None, list[dict]]:
    """The error at which the notebook stopped, if it did, and its cells with their outputs."""
    pytest.importorskip("nbclient", reason="needs the `dev` extra")
    pytest.importorskip("ipykernel", reason="needs the `dev` extra")
    path = folder / "chapter.ipynb"
    path.write_text(text, encoding="utf-8")
    told = json.loads(python(folder, "-c", RUN, str(path)).splitlines()[-1])
    return told["error"], json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("name", NAMES)
def test_the_students_form_stops_at_the_first_exercise_with_its_task(tmp_path, name):
    dev = DevFile(COURSE.module(name))
    error, cells = executed(tmp_path, notebooks.as_notebook(without_solutions(dev)))
    first = dev.exercises()[0]
    assert error is not None
    assert error.startswith(f"NotImplementedError: Module {dev.module.number}, exercise 1: "), error
    last = [cell for cell in cells if cell.get("outputs")][-1]
    assert last["id"] == f"test-{first.grade_id}"


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_form_runs_to_the_end(tmp_path, name):
    dev = DevFile(COURSE.module(name))
    error, cells = executed(tmp_path, notebooks.as_notebook(dev.text))
    assert error is None
    printed = "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", []))
    count = len(dev.inline_tests())
    assert f"{count} of {count} exercises done" in printed


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """A grader's course of all chapters, after `nbgrader generate_assignment`."""
    pytest.importorskip("nbgrader", reason="needs the `teach` extra")
    folder = tmp_path_factory.mktemp("graded")
    (folder / "source" / "course").mkdir(parents=True)
    for module in COURSE.modules:
        text = notebooks.as_notebook(module.read_dev())
        (folder / "source" / "course" / f"{module.name}.ipynb").write_text(text, encoding="utf-8")
    python(folder, "-m", "nbgrader", "generate_assignment", "course", "--create", f"--CourseDirectory.root={folder}")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_grader_takes_the_solutions_out_and_locks_the_tests(graded, name):
    dev = DevFile(COURSE.module(name))
    cells = json.loads((graded / "release" / "course" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    by_id = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in cells if "nbgrader" in cell["metadata"]}
    for exercise in dev.exercises():
        solution, test = by_id[exercise.grade_id], by_id[f"test-{exercise.grade_id}"]
        assert "YOUR CODE HERE" in "".join(solution["source"]) and "SOLUTION" not in "".join(solution["source"])
        assert "@inline_test(" in "".join(test["source"])
        told = test["metadata"]["nbgrader"]
        assert (told["grade"], told["locked"], told["points"]) == (True, True, exercise.points)
        assert test["metadata"]["editable"] is False and test["metadata"]["deletable"] is False


def test_a_grader_gives_all_points_for_the_solutions_and_none_for_the_stubs(graded):
    """Points go by whether a test's cell fails."""
    name = "activations"
    for student, form in (("solved", "source"), ("untouched", "release")):
        folder = graded / "submitted" / student / "course"
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_bytes((graded / form / "course" / f"{name}.ipynb").read_bytes())
    root = f"--CourseDirectory.root={graded}"
    python(graded, "-m", "nbgrader", "autograde", "course", "--create", root, f"--CourseDirectory.notebook_id={name}")
    look = f"""
from nbgrader.api import Gradebook
with Gradebook("sqlite:///{graded}/gradebook.db") as book:
    for student in ("solved", "untouched"):
        notebook = book.find_submission_notebook({name!r}, "course", student)
        print(student, notebook.score, notebook.max_score)
"""
    total = sum(exercise.points for exercise in DevFile(COURSE.module(name)).exercises())
    assert python(graded, "-c", look).splitlines() == [f"solved {total} {total}", f"untouched 0.0 {total}"]
