"""What scripts/release-notebooks writes: notebooks that run with nothing but the wheel beside them, here and in Colab."""

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from tito.course import Course

pytestmark = pytest.mark.extras

ROOT = Path(__file__).resolve().parents[2]
MODULES = Course(ROOT).modules


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    pytest.importorskip("nbclient", reason="notebooks are run by nbclient: the `dev` extra")
    folder = tmp_path_factory.mktemp("released") / "files"
    command = [sys.executable, ROOT / "scripts" / "release-notebooks", "--folder", folder]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def test_there_is_a_notebook_for_each_chapter_without_answers_and_what_binder_needs(released):
    notebooks = sorted(path.stem for path in (released / "notebooks").glob("*.ipynb"))
    assert notebooks == [module.folder for module in MODULES]
    for path in (released / "notebooks").glob("*.ipynb"):
        assert "BEGIN SOLUTION" not in path.read_text(encoding="utf-8")
    assert len(list(released.glob("tinytorch-*.whl"))) == 1
    assert os.access(released / "binder" / "postBuild", os.X_OK)
    assert "tinytorch-*.whl" in (released / "binder" / "postBuild").read_text(encoding="utf-8")


def test_the_links_of_the_readme_lead_to_files_of_the_branch(released):
    text = (released / "README.md").read_text(encoding="utf-8")
    paths = re.findall(r"(?:labpath=|/blob/notebooks/)([^)]+)", text)
    assert len(paths) == 2 * len(MODULES)
    assert [path for path in paths if not (released / path).is_file()] == []


@pytest.mark.parametrize("in_colab", [True, False])
def test_the_first_cell_installs_the_wheel_in_colab_and_does_nothing_elsewhere(released, monkeypatch, in_colab):
    shell = pytest.importorskip("IPython.core.interactiveshell", reason="cells need the `dev` extra").InteractiveShell()
    asked = []
    shell.register_magic_function(asked.append, magic_name="pip")
    if in_colab:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    path = released / "notebooks" / f"{MODULES[-1].folder}.ipynb"
    cell = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    shell.run_cell("".join(cell["source"])).raise_error()
    (wheel,) = released.glob("*.whl")
    assert [line.rsplit("/", 1)[-1] for line in asked] == ([wheel.name] if in_colab else [])


def test_a_notebook_runs_on_the_wheel_alone_up_to_its_first_exercise(released, tmp_path, monkeypatch):
    import nbclient
    import nbformat

    (wheel,) = released.glob("*.whl")
    place = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, wheel]
    subprocess.run(pip, check=True)
    monkeypatch.setenv("PYTHONPATH", str(place))
    path = released / "notebooks" / f"{MODULES[-1].folder}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(released)}})
    with pytest.raises(nbclient.exceptions.CellExecutionError) as stopped:
        client.execute()
    assert "conv_output_size is not written yet" in str(stopped.value)
