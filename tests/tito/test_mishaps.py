"""Mishaps that no exercise is about: each ends with a sentence that says what it is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tito.states import module_state


def test_a_function_renamed_or_deleted_is_told_as_that(edition, tito):
    path = edition.root / "modules" / "01_alpha" / "alpha_dev.py"
    path.write_text(path.read_text(encoding="utf-8").replace("def double(", "def twice("), encoding="utf-8")
    assert re.search(
        r"the file was handed out with double \(\S+:\d+\), and has it no more", tito("module", "test", "alpha").out
    )


def test_a_name_that_was_never_there_is_not(edition, tito):
    path = edition.root / "modules" / "01_alpha" / "alpha_dev.py"
    path.write_text(path.read_text(encoding="utf-8").replace("raise NotImplementedError", "dubble #"), encoding="utf-8")
    told = tito("module", "test", "alpha").out
    assert "name 'dubble' is not defined" in told
    assert "handed out" not in told


@pytest.mark.parametrize("name", ["tinytorch.py", "numpy.py", "json.py", "random"])
def test_a_file_that_hides_a_package_is_named(tree, tito, name):
    path = tree.alpha.dev.with_name(name)
    if path.suffix:
        path.write_text("x = 1\n")
    else:
        path.mkdir()
        (path / "__init__.py").touch()
    ran = tito("module", "test", "alpha")
    assert ran.status == 1
    assert f"{path} is imported in the place of" in ran.out and f"Rename it: `mv {name} my_{name}`" in ran.out


@pytest.mark.parametrize("name", ["pytest.py", "_pytest/__init__.py", "tito.py", "sitecustomize.py"])
def test_a_file_that_hides_what_runs_the_tests_is_named(tree, tito, name):
    path = tree.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise SystemExit(0)\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "is imported in the place of" in ran.out and "Traceback" not in ran.out


@pytest.mark.parametrize("line", ["from tinytorch.core import beta", "import tinytorch.core.beta"])
def test_a_module_that_is_not_built_is_named(tree, tito, line):
    path = tree.write_alpha()
    path.write_text(path.read_text(encoding="utf-8").replace("# %%\n", f"# %%\n{line}\n", 1), encoding="utf-8")
    told = tito("module", "test", "alpha").out
    assert "(Module beta is not built yet.)" in told
    assert "tito doctor" not in told


def test_an_unreadable_file_takes_one_line_of_the_table(tree, tito):
    tree.write_alpha(solution="def double(x:\n    return 2 *\n")
    told = tito("module", "status").out
    assert "cannot be read: modules/01_alpha/alpha_dev.py" in told
    assert "return 2" not in told and "def double" not in told


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.name)])
@pytest.mark.parametrize("name", ["alpha_dev.py", "ABOUT.md"])
def test_what_is_no_file_is_told_of_its_module_alone(tree, tito, name, make):
    path = tree.alpha.dev.with_name(name)
    path.unlink()
    make(path)
    ran = tito("module", "status")
    assert ran.status == 0 and "09_spatter" in ran.out
    assert tito("module", "test", "alpha").status == 2 or name == "ABOUT.md"


@pytest.mark.parametrize("content", [b"\xff", b'# %% nbgrader={"grade_id": "double", "solution": true}\ndef double(\n'])
def test_what_was_handed_out_and_is_damaged_is_told_with_how_to_bring_it_back(edition, tito, content):
    edition.alpha.start.write_bytes(content)
    ran = tito("module", "hint", "alpha", "double")
    assert ran.status == 2 and "`git checkout -- modules/01_alpha/.start/alpha_dev.py`" in ran.err


def test_an_editors_lock_is_no_file_of_the_course(tree, tito):
    assert tito("module", "complete", "alpha").status == 0
    for folder in (tree.alpha.dev.parent, tree.alpha.core.parent, tree.alpha.tests):
        (folder / ".#alpha.py").symlink_to("somebody@computer.1234:5678")
    for command in (("export", "alpha", "--check"), ("test", "alpha"), ("module", "complete", "alpha")):
        assert tito(*command).status == 0, command
    assert "generated" not in tito("export", "--check").out
    for lock in tree.root.rglob(".#*"):
        lock.unlink()
    assert module_state(tree.alpha).state == "complete", "a lock that is gone changes nothing"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_a_sentence(tree):
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "tito", "module", "status"],
            cwd=tree.root,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ran.returncode == 2
    assert "No space left" in ran.stderr and "df -h" in ran.stderr
    assert "Traceback" not in ran.stderr and len(ran.stderr.splitlines()) == 2
