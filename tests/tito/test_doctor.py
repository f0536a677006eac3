"""`tito doctor`: each thing that commonly goes wrong is found, and told with what mends it; also as JSON."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tito import doctor
from tito.course import Course

REPOSITORY = Path(__file__).resolve().parents[2]


def found(topic: str, findings=None) -> list[doctor.Finding]:
    return [finding for finding in findings or doctor.findings() if finding.topic == topic]


@pytest.fixture(autouse=True)
def no_editor(monkeypatch):
    for name in ("VISUAL", "EDITOR", "TINYTORCH_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def here(tree, monkeypatch):
    """The tree, what a child would see in it answered without a child."""
    monkeypatch.setattr(doctor, "_imported", lambda course: iter(()))
    return tree


def test_everything_is_in_the_json(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    ran = subprocess.run([sys.executable, "-m", "tito", "doctor", "--json"], capture_output=True, timeout=120)
    told = json.loads(ran.stdout)
    assert (ran.returncode == 0) == told["healthy"]
    topics = {finding["topic"]: finding for finding in told["findings"]}
    assert topics.keys() >= {"Python", "packages", "course", "tito", "tinytorch", "BLAS", "folder", "disk", "threads", "editor", "git", "terminal"}  # fmt: skip
    assert set(topics["Python"]) == {"topic", "state", "text", "fix"}
    assert topics["tinytorch"]["text"].startswith(f"imported from {REPOSITORY}")
    assert all(finding["fix"] for finding in told["findings"] if finding["state"] != "ok")


@pytest.mark.parametrize(
    ("variables", "state", "text"),
    [
        ({"EDITOR": "sh -e"}, "ok", "sh -e ($EDITOR)"),
        ({"EDITOR": "nonesuch", "VISUAL": "sh"}, "ok", "sh ($VISUAL)"),
        ({"EDITOR": "nonesuch"}, "note", "EDITOR is 'nonesuch', and there is no such program."),
        ({}, "note", "no editor is known"),
    ],
)
def test_the_editor_is_looked_for(here, monkeypatch, variables, state, text):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name == "sh" else None)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (finding,) = found("editor")
    assert finding.state == state
    assert finding.text.startswith(text)
    assert state == "ok" or "export EDITOR=nano" in finding.fix


def test_vs_code_is_an_editor(here, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name == "code" else None)
    assert found("editor")[0].text == "code (VS Code)"
    (git,) = found("git")
    assert (git.state, git.fix) == ("note", "Install it: https://git-scm.com")


@pytest.mark.parametrize("place", [".", "modules/01_alpha", "tests"])
def test_a_file_that_hides_a_library_is_found(here, monkeypatch, place):
    (here.root / place / "random.py").write_text("")
    (here.root / place / "mine.py").write_text("")
    monkeypatch.chdir(here.root / "tests")
    (finding,) = found("shadow")
    assert finding.state == "fail"
    assert f"{here.root / place / 'random.py'} is imported in the place of" in finding.text
    assert "`mv random.py my_random.py`" in finding.fix


@pytest.mark.parametrize(("value", "state"), [("3", "ok"), ("0", "fail"), ("all", "fail")])
def test_the_number_of_threads_is_told(here, monkeypatch, value, state):
    monkeypatch.setenv("TINYTORCH_NUM_THREADS", value)
    (finding,) = found("threads")
    assert finding.state == state
    assert state == "ok" or finding.fix == "`unset TINYTORCH_NUM_THREADS`"


def test_a_tito_of_another_course_is_told(here):
    (finding,) = found("tito")
    assert (finding.state, "which is not this course" in finding.text) == ("note", True)


def test_a_second_tinytorch_on_the_path_is_told(tmp_path, monkeypatch):
    (tmp_path / "stray" / "tinytorch").mkdir(parents=True)
    (tmp_path / "stray" / "tinytorch" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(REPOSITORY), str(tmp_path / "stray")]))
    first, second = found("tinytorch", doctor._imported(Course(REPOSITORY)))
    assert first.state == "ok"
    assert (second.state, str(tmp_path / "stray" / "tinytorch") in second.text) == ("note", True)


def test_an_import_that_does_not_end_is_told(tree, monkeypatch):
    (tree.root / "tinytorch" / "__init__.py").write_text("while True:\n    pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tree.root))
    monkeypatch.setattr(doctor, "_LOOKING", 2)
    (finding,) = doctor._imported(tree.course)
    assert (finding.state, finding.text) == ("fail", "`import tinytorch` takes over 2 seconds")


def test_an_import_that_fails_is_told(tree, monkeypatch):
    (tree.root / "tinytorch" / "__init__.py").write_text("raise KeyError('no')\n")
    monkeypatch.setenv("PYTHONPATH", str(tree.root))
    (finding,) = found("tinytorch", doctor._imported(tree.course))
    assert (finding.state, finding.text) == ("fail", "cannot be imported: KeyError: 'no'")


def test_a_missing_package_is_told(here, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "packaging" else find(name))
    (finding,) = found("packages")
    assert (finding.state, finding.fix) == ("fail", "Run `pip install -e '.[course]'`.")


def test_a_folder_that_cannot_be_written_and_a_full_disk_are_told(here, monkeypatch):
    monkeypatch.setattr(doctor, "_ROOM", 2**80)
    (here.root / "tinytorch" / "core" / "__init__.py").unlink()
    (here.root / "tinytorch" / "core").rmdir()
    (here.root / "tinytorch" / "core").symlink_to("/proc/self")
    folders = found("folder")
    assert [finding.state for finding in folders] == ["ok", "fail", "ok"]
    assert "chmod u+w" in folders[1].fix
    assert found("disk")[0].state == "note"
