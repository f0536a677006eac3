"""`tito notebook`: a chapter and its notebook in step, and the students' form of the reference course."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tito import init, notebooks
from tito.course import Course
from tito.dev_file import DevFile

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'


def load(path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def change_notebook(path, old: str, new: str) -> None:
    """Edit as Jupyter does: a cell's source, an output, a cell's own metadata."""
    notebook = load(path)
    found = [cell for cell in notebook["cells"] if old in "".join(cell["source"])]
    assert found, old
    found[0]["source"] = "".join(found[0]["source"]).replace(old, new)
    found[0]["metadata"] |= {"collapsed": True, "colab": {"base_uri": "https://localhost/"}}
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["an output\n"]}]
    code["execution_count"] = 7
    path.write_text(json.dumps(notebook), encoding="utf-8")


def change_dev(module, old: str, new: str) -> str:
    text = module.read_dev()
    assert old in text
    module.dev.write_text(text.replace(old, new), encoding="utf-8")
    return module.read_dev()


@pytest.fixture
def paired(edition, tito):
    """Module 01 of an edition, in step with its notebook."""
    assert tito("notebook", "1").status == 0
    return edition.alpha


@pytest.mark.parametrize("name", [module.name for module in Course(REPOSITORY).modules])
def test_a_chapter_goes_to_a_notebook_and_back_byte_by_byte(name):
    text = Course(REPOSITORY).module(name).read_dev()
    notebook = json.loads(notebooks.as_notebook(text))
    assert notebooks._head(text) + notebooks._body_of(notebook) == text
    assert notebooks.as_notebook(text) == notebooks.as_notebook(text)


def test_graders_metadata_are_kept_and_nothing_is_run(paired):
    notebook = load(notebooks.beside(paired))
    graded = {c["id"]: c["metadata"]["nbgrader"] for c in notebook["cells"] if "nbgrader" in c["metadata"]}
    assert list(graded) == ["double", "test-double"]
    assert graded["double"] == {
        "grade": False, "grade_id": "double", "locked": False, "schema_version": 3, "solution": True, "task": False,
    }  # fmt: skip
    assert graded["test-double"]["points"] == 5 and graded["test-double"]["locked"]
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code and all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "kernelspec" in notebook["metadata"]


def test_the_one_that_changed_is_written_into_the_other_and_undo_brings_back(paired, tito):
    path, old = notebooks.beside(paired), paired.read_dev()
    mine = change_dev(paired, STUB, "return x + x")
    ran = tito("notebook", "alpha")
    assert "alpha_dev.ipynb is written from modules/01_alpha/alpha_dev.py. `tito undo`" in ran.out, ran.text
    assert "return x + x" in path.read_text(encoding="utf-8")
    change_notebook(path, "return x + x", "return x * 2")
    ran = tito("notebook", "alpha")
    assert "alpha_dev.py is written from modules/01_alpha/alpha_dev.ipynb" in ran.out, ran.text
    assert paired.read_dev() == mine.replace("return x + x", "return x * 2") != old
    assert "an output" in path.read_text(encoding="utf-8"), "the notebook is the student's, outputs and all"
    assert "are in step" in tito("notebook", "alpha").out
    assert tito("undo").status == 0
    assert paired.read_dev() == mine


def test_both_changed_is_refused_and_told_how_to_choose(paired, tito):
    path = notebooks.beside(paired)
    mine = change_dev(paired, STUB, "return x + x")
    change_notebook(path, STUB, "return x * 2")
    before = path.read_bytes()
    ran = tito("notebook", "1")
    assert ran.status == 1
    assert (
        "alpha_dev.py and modules/01_alpha/alpha_dev.ipynb have both changed since they were last in step." in ran.out
    )
    assert "`tito notebook 01 --from py` or `--from ipynb`" in ran.out
    assert (paired.read_dev(), path.read_bytes()) == (mine, before)


@pytest.mark.parametrize(("source", "kept", "lost"), [("py", "x + x", "x * 2"), ("ipynb", "x * 2", "x + x")])
def test_a_choice_is_followed_and_the_other_can_be_had_back(paired, tito, source, kept, lost):
    path = notebooks.beside(paired)
    change_dev(paired, STUB, "return x + x")
    change_notebook(path, STUB, "return x * 2")
    assert tito("notebook", "1", "--from", source).status == 0
    for file in (paired.dev, path):
        assert kept in file.read_text(encoding="utf-8") and lost not in file.read_text(encoding="utf-8")
    assert "are in step" in tito("notebook", "1").out
    assert tito("undo").status == 0
    assert lost in (path if source == "py" else paired.dev).read_text(encoding="utf-8")


def test_what_jupyter_has_written_into_both_is_in_step_and_one_of_them_may_change_then(paired, tito):
    path = notebooks.beside(paired)
    change_dev(paired, STUB, "return x + x")
    change_notebook(path, STUB, "return x + x")
    assert "are in step" in tito("notebook", "1").out
    change_dev(paired, "return x + x", "return 2 * x")
    assert "alpha_dev.ipynb is written from" in tito("notebook", "1").out


@pytest.mark.parametrize("command", [["module", "test", "1"], ["test", "1"], ["module", "complete", "1"]])
def test_a_notebook_that_was_saved_later_with_other_code_is_not_passed_over(paired, tito, command):
    path = notebooks.beside(paired)
    change_dev(paired, STUB, "return 2 * x")
    change_notebook(path, STUB, "return 3 * x")
    later = paired.dev.stat().st_mtime + 5
    os.utime(path, (later, later))
    ran = tito(*command)
    assert ran.status == 1, ran.text
    assert "alpha_dev.ipynb holds other code than modules/01_alpha/alpha_dev.py, and was saved later." in ran.err
    assert "`tito notebook 01`" in ran.err
    os.utime(paired.dev, (later + 5, later + 5))
    assert tito("module", "test", "1").status == 0, "the dev file was saved last"


def test_a_notebook_that_was_run_and_saved_later_holds_no_other_code(paired, tito):
    path = notebooks.beside(paired)
    change_dev(paired, STUB, "return 2 * x")
    assert tito("notebook", "1").status == 0
    change_notebook(path, "Module 01: Alpha", "Module 01: Alpha, with a remark of mine")
    later = paired.dev.stat().st_mtime + 5
    os.utime(path, (later, later))
    assert tito("module", "test", "1").status == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": 3, "nbformat": 4}', '{"cells": [], "nbformat": 3}', "\0"]
)
def test_a_damaged_notebook_is_told_and_can_be_written_anew(paired, tito, content):
    path, text = notebooks.beside(paired), paired.read_dev()
    path.write_text(content, encoding="utf-8")
    for more in ([], ["--from", "ipynb"]):
        ran = tito("notebook", "1", *more)
        assert ran.status == 1, ran.text
        assert "alpha_dev.ipynb is not a notebook that can be read" in ran.out
    assert paired.read_dev() == text
    assert tito("notebook", "1", "--from", "py").status == 0
    assert "are in step" in tito("notebook", "1").out


def test_a_file_that_is_not_python_goes_into_its_notebook_all_the_same(edition, tito):
    change_dev(edition.alpha, STUB, "return (")
    assert tito("notebook", "1").status == 0
    assert "return (" in notebooks.beside(edition.alpha).read_text(encoding="utf-8")


@pytest.mark.parametrize(("there", "words"), [(None, "`pip install --editable '.[notebook]'` once, then "), ("/x", "")])
def test_it_says_how_to_open_it(edition, tito, monkeypatch, there, words):
    monkeypatch.setattr(shutil, "which", lambda _: there)
    ran = tito("notebook", "1")
    assert f"To open it: {words}`jupyter lab modules/01_alpha/alpha_dev.ipynb`" in ran.out


def test_in_the_reference_course_it_is_the_students_form(whole, tito):
    ran = tito("notebook", "--all")
    assert ran.status == 0, ran.text
    assert "notebooks/01_alpha.ipynb is written, without the answers." in ran.out
    text = notebooks.for_students(whole.alpha).read_text(encoding="utf-8")
    assert STUB.replace('"', '\\"') in text and "2 * x" not in text and "SOLUTION" not in text
    assert not notebooks.beside(whole.alpha).exists()
    assert "is up to date" in tito("notebook", "1").out


def test_the_reference_form_is_written_when_it_is_asked_for(whole, tito):
    before = whole.alpha.read_dev()
    assert tito("notebook", "1", "--solutions").status == 0
    assert "### BEGIN SOLUTION" in notebooks.beside(whole.alpha).read_text(encoding="utf-8")
    assert whole.alpha.read_dev() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say which modules, or --all"),
        (["1", "--all"], "say which modules, or --all"),
        (["1", "--from", "py"], "--from chooses between"),
        (["1", "--from", "ipynb", "--solutions"], "alpha_dev.ipynb is not there"),
    ],
)
def test_what_cannot_be_meant_is_refused(whole, tito, arguments, words):
    ran = tito("notebook", *arguments)
    assert ran.status in (1, 2)
    assert words in ran.text


def test_there_are_no_solutions_in_an_edition(edition, tito):
    ran = tito("notebook", "1", "--solutions")
    assert ran.status == 1
    assert "is not a chapter of the reference course" in ran.out


def test_an_edition_with_notebooks_has_them_committed_and_in_step_without_an_answer(whole, tito, monkeypatch):
    assert tito("init", "../out", "--notebook").status == 0
    root = whole.root.parent / "out"
    monkeypatch.chdir(root)
    assert not (root / ".tito").exists()
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    for module in Course(root).modules:
        assert module.shown(notebooks.beside(module)) in listed
        assert "BEGIN SOLUTION" not in notebooks.beside(module).read_text(encoding="utf-8")
        assert "are in step" in tito("notebook", module.number).out


@pytest.mark.extras
def test_jupyter_saves_both_and_the_dev_file_keeps_its_form(tmp_path, tito, monkeypatch):
    """Through jupytext's contents manager, which is what runs in Jupyter, under the settings of modules/."""
    pytest.importorskip("jupyter_server", reason="needs the `notebook` extra")
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

    init.make(Course(REPOSITORY), tmp_path / "edition", Course(REPOSITORY).modules[-1], notebooks=True)
    monkeypatch.chdir(tmp_path / "edition")
    module = Course(tmp_path / "edition").module("09")
    before = module.read_dev()
    manager = build_sync_jupytext_contents_manager_class(LargeFileManager)(root_dir=str(tmp_path / "edition"))
    path = module.shown(notebooks.beside(module))
    model = manager.get(path)
    notebook = model["content"]
    stub = 'raise NotImplementedError("Module 09, exercise 1: conv_output_size")'
    cell = next(cell for cell in notebook.cells if stub in cell.source)
    cell.source = cell.source.replace(stub, "return 42")
    cell.metadata |= {"scrolled": True, "colab": {"base_uri": "https://localhost/"}}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.99"}
    manager.save({"type": "notebook", "content": notebook}, path)
    assert module.read_dev() == before.replace(stub, "return 42")
    assert DevFile(module).cells
    assert "are in step" in tito("notebook", "09").out
    module.dev.write_text(before.replace(stub, "return 43"), encoding="utf-8")
    later = notebooks.beside(module).stat().st_mtime + 5
    os.utime(module.dev, (later, later))
    reopened = manager.get(path)["content"]
    assert any("return 43" in cell.source for cell in reopened.cells), "it reads the dev file, which is newer"
