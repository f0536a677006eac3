"""Nothing of a student's environment or settings changes what is checked, or by which tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

from tito import checks
from tito.init import make

REPOSITORY = Path(__file__).resolve().parents[2]
WRONG = "return 3 * x"
SECOND = "\n\ndef test_that_double_of_nothing_is_nothing():\n    assert double(0) == 0\n"
FAILING = "\n\ndef test_that_fails():\n    assert double(1) == 7\n"


def wrong(tree) -> None:
    path = tree.write_alpha()
    path.write_text(path.read_text(encoding="utf-8").replace("return 2 * x", WRONG), encoding="utf-8")


def file_of_tests(tree) -> Path:
    return tree.root / "tests" / "01_alpha" / "test_double.py"


VARIABLES = {
    "PYTHONOPTIMIZE": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONSTARTUP": "/nowhere.py",
    "PYTHONINSPECT": "1",
    "PYTEST_ADDOPTS": "-k no_test_has_this_name",
    "PYTEST_PLUGINS": "no_such_plugin",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "",
    "TITO_DIAGNOSE": "no",
    "TITO_CHAPTERS": '{"tinytorch.core.alpha": "/nowhere.py"}',
}


def test_no_variable_changes_a_result(tree, tito, monkeypatch):
    for variable, value in VARIABLES.items():
        monkeypatch.setenv(variable, value)
    file_of_tests(tree).write_text(file_of_tests(tree).read_text() + SECOND)
    ran = tito("module", "complete", "1")
    assert ran.status == 0, ran.text
    assert "2 tests in tests/01_alpha passed\n" in ran.out
    wrong(tree)
    ran = tito("module", "test", "1")
    assert ran.status == 1 and "double(2) must be 4" in ran.out


PLUGIN = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    del items[1:]
"""
# file in the course -> its content; each leaves the failing test out
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = --import-mode=importlib -k adds_a_number\n",
    ".pytest.ini": "[pytest]\npython_functions = test_doubling*\n",
    "tox.ini": "[pytest]\naddopts = --import-mode=importlib --maxfail=0 --deselect tests/01_alpha\n",
    "setup.cfg": "[tool:pytest]\naddopts = --co\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['--import-mode=importlib', '-kadds_a_number']\n",
    "tests/pytest.ini": "[pytest]\npython_files = no_*.py\n",
    "tests/01_alpha/pytest.ini": "[pytest]\npython_functions = test_doubling*\n",
    "conftest.py": PLUGIN,
    "../conftest.py": PLUGIN,
    "../pytest.ini": "[pytest]\naddopts = -k adds_a_number\n",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_file_of_settings_chooses_tests(tree, tito, name):
    file_of_tests(tree).write_text(file_of_tests(tree).read_text() + FAILING)
    (tree.root / "pytest.ini").unlink()
    (tree.root / name).write_text(SETTINGS[name])
    ran = tito("module", "complete", "1")
    assert ran.status == 1, ran.text
    assert "tests/01_alpha/test_double.py::test_that_fails failed." in ran.out


@pytest.mark.parametrize("name", ["tests/conftest.py", "tests/01_alpha/conftest.py", "tests/01_alpha/deep/conftest.py"])
def test_a_conftest_that_was_not_handed_out_stops_the_checks(edition, tito, name):
    dev = edition.alpha.dev
    text = dev.read_text(encoding="utf-8")
    dev.write_text(text.replace('raise NotImplementedError("Module 01, exercise 1: double")', "return 2 * x"), "utf-8")
    assert tito("module", "complete", "1").status == 0
    (edition.root / name).parent.mkdir(exist_ok=True)
    (edition.root / name).write_text(PLUGIN)
    ran = tito("module", "complete", "1")
    assert ran.status == 1
    assert f"{name} is not as it was handed out, and it can choose which tests run." in ran.out
    assert f"`mv {name} {name}.txt`" in ran.out


def test_a_conftest_that_was_handed_out_is_used_unless_it_was_changed(whole, tito, tmp_path, monkeypatch):
    (whole.root / "tests" / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef two():\n    return 2\n")
    file_of_tests(whole).write_text(
        file_of_tests(whole).read_text() + "\n\ndef test_of_two(two):\n    assert double(two) == 4\n"
    )
    root = tmp_path / "edition"
    make(whole.course, root, whole.course.module("9"))
    monkeypatch.chdir(root)
    conftest = root / "tests" / "conftest.py"
    conftest.write_bytes(conftest.read_bytes().replace(b"\n", b"\r\n"))  # as git may in a clone
    assert "2 tests in tests/01_alpha passed" in tito("test", "1").out
    conftest.write_text(conftest.read_text() + PLUGIN)
    ran = tito("test", "1")
    assert ran.status == 1 and "`git checkout -- tests/conftest.py`" in ran.out


def test_code_that_ends_pytest_with_success_has_not_passed(tree, tito):
    text = file_of_tests(tree).read_text() + "\n\ndef test_last():\n    assert double(5) == 10\n"
    file_of_tests(tree).write_text(text)
    path = tree.write_alpha()
    body = "if x == 5:\n        import pytest\n        pytest.exit('enough', returncode=0)\n    return 2 * x"
    path.write_text(path.read_text(encoding="utf-8").replace("return 2 * x", body), encoding="utf-8")
    ran = tito("module", "complete", "1")
    assert ran.status == 1, ran.text
    assert "pytest tests/01_alpha ended before all tests had run: 1 did not." in ran.out
    assert "test_double.py::test_last" in ran.out


def test_the_settings_are_those_of_the_project():
    """What pytest is told here and what it reads where a person runs it are the same."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    told = list(checks._SETTINGS)
    warnings = [told[i + 1] for i, word in enumerate(told) if word == "-W"]
    assert warnings == [*settings["filterwarnings"], "ignore::pytest.PytestUnknownMarkWarning"]
    assert set(told) >= set(settings["addopts"]) - {"--strict-markers", "--strict-config"}
    assert ("xfail_strict=true" in told) is settings["xfail_strict"]
    assert not settings.keys() & {"python_files", "python_classes", "python_functions", "norecursedirs"}


@pytest.mark.parametrize("variables, options", [({"PYTHONOPTIMIZE": "1"}, []), ({}, ["-O"]), ({}, ["-OO"])])
def test_a_dev_file_that_runs_without_asserts_is_red(tree, variables, options):
    environment = {**os.environ, "PYTHONPATH": str(tree.root), **variables}
    ran = subprocess.run(
        [sys.executable, *options, tree.alpha.dev.name],
        cwd=tree.alpha.dev.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "Python took every assert away (-O or PYTHONOPTIMIZE): run it without that" in ran.stdout
    assert "0 of 1 exercises done" in ran.stdout


AWKWARD = ['-rf it\'s 100% of "$HOME" 数学 é', "new\nline back\\slash ~#1;b&c"]


@pytest.mark.parametrize("name", AWKWARD)
def test_in_a_folder_of_any_name_this_edition_is_tested(tree, tito, tmp_path, monkeypatch, name):
    root = tree.root.rename(tmp_path / name)
    monkeypatch.chdir(root)
    assert tito("module", "complete", "1").status == 0
    assert "1 tests in tests/01_alpha passed" in tito("test", "1").out
    core = root / "tinytorch" / "core" / "alpha.py"
    core.write_text(core.read_text(encoding="utf-8").replace("2 * x", WRONG.split(" ", 1)[1]), encoding="utf-8")
    tree_ = type(tree)(root)
    wrong(tree_)
    assert tito("module", "test", "1").status == 1


@pytest.mark.parametrize("name, sign", [("cs:249r", ":"), ("a[1]", "[")])
def test_a_folder_whose_name_python_or_pytest_takes_apart_is_refused(tree, tito, tmp_path, monkeypatch, name, sign):
    root = tree.root.rename(tmp_path / name)
    monkeypatch.chdir(root)
    ran = tito("module", "complete", "1")
    assert ran.status == 2, ran.text
    assert f"{root} holds {sign!r}" in ran.err and f"mv {root}" in ran.err.replace("'", "")
    assert "is complete" not in ran.out
    shutil.rmtree(root)
