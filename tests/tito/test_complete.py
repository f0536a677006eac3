"""`tito module complete`: inline tests, export, pytest, progress, and nothing that passes unseen."""

import json
import shutil
from pathlib import Path

import pytest

from tito import checks
from tito.states import module_state

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = '    raise NotImplementedError("Module 01, exercise 1: double")\n'
BODY = "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"


def with_body(tree, body: str) -> None:
    """Write module 01 with another body of `double`."""
    path = tree.write_alpha()
    text = path.read_text(encoding="utf-8")
    assert BODY in text
    path.write_text(text.replace(BODY, body), encoding="utf-8")


def core(tree):
    return tree.root / "tinytorch" / "core" / "alpha.py"


def test_a_good_module_is_tested_exported_tested_again_and_recorded(tree, tito):
    ran = tito("module", "complete", "1")
    assert ran.status == 0, ran.text
    assert "1 of 1 inline tests passed" in ran.out
    assert "1 tests in tests/01_alpha passed" in ran.out
    assert "return 2 * x" in core(tree).read_text(encoding="utf-8")
    assert module_state(tree.alpha).state == "complete"


def test_a_wrong_body_stops_at_the_inline_tests_and_exports_nothing(tree, tito):
    with_body(tree, "    return 3 * x\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "double(2) must be 4" in ran.out, "the child's own words are passed on"
    assert "test_double failed" in ran.out
    assert "pytest" not in ran.out
    assert not core(tree).exists()


def test_a_body_that_only_pytest_finds_wrong_is_not_complete(tree, tito):
    with_body(tree, "    return x + 2\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself failed." in ran.out
    assert "assert 5 == (3 + 3)" in ran.out
    now = module_state(tree.alpha)
    red = "tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself failed"
    assert (now.state, now.why) == ("in progress", red)


def test_a_failure_in_the_package_is_told_as_a_line_of_the_dev_file(tree, tito):
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tree.root / "tests")
    with_body(tree, "    if x == 3:\n        raise KeyError('three')\n    return 2 * x\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "tinytorch/core/alpha.py" in ran.out
    assert f"modules/01_alpha/alpha_dev.py:{tree.line_of('KeyError')}, in double" in ran.out


def test_a_stub_is_not_written_yet(tree, tito):
    with_body(tree, STUB)
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "test_double: not written yet" in ran.out
    assert not core(tree).exists()


def test_a_stub_that_no_inline_test_reaches_never_passes(tree, tito):
    other = "# %%\n#| export\ndef triple(x):\n    raise NotImplementedError('Module 01, exercise 2: triple')\n\n"
    tree.write_alpha(end=other + "# %%\nreport()\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "not written yet: Module 01, exercise 2: triple" in ran.out
    assert f"alpha_dev.py:{tree.line_of('exercise 2')}" in ran.out


@pytest.mark.parametrize("ending", ["import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit"])
def test_a_file_that_ends_itself_with_success_does_not_pass(tree, tito, ending):
    tree.write_alpha(test=f"# %%\n{ending}\n\n" + END_TEST)
    ran = tito("module", "test", "alpha")
    assert ran.status == 1
    assert "0 of 1 inline tests ran, then the file ended (exit status 0): test_double did not run" in ran.out


END_TEST = """\
# %%
@inline_test("double")
def test_double(verify):
    with verify("two and two are four"):
        assert double(2) == 4

"""


@pytest.mark.parametrize("ending", ["__import__('os')._exit(0)", "raise SystemExit(0)"])
def test_a_body_that_ends_the_program_does_not_pass(tree, tito, ending):
    with_body(tree, f"    {ending}\n")
    ran = tito("module", "test", "alpha")
    assert ran.status == 1
    assert "FAIL" in ran.out


@pytest.mark.parametrize(
    "line",
    [
        {"event": "test", "name": 3},
        {"event": "test", "name": "test_double", "status": ["passed"], "seconds": "x", "hints": 3},
        {"event": "test", "name": "test_double", "status": "failed", "message": 3, "diagnosis": {}},
        {"event": ["begin"], "tests": 3},
        {"event": "test", "name": "test_double", "status": "passed"},
        "[" * 100_000,
    ],
    ids=lambda line: str(line)[:60],
)
def test_what_a_chapter_writes_among_the_results_proves_nothing(tree, tito, line):
    text = line if isinstance(line, str) else json.dumps(line)
    write = f"import os\nwith open(os.environ['TINYTORCH_RESULTS'], 'a') as file:\n    file.write({text!r} + '\\n')"
    with_body(tree, "    return x\n")
    path = tree.alpha.dev
    path.write_text(path.read_text().replace("report()\n", f"{write}\nreport()\n"))
    ran = tito("module", "test", "alpha")
    assert ran.status == 1 and "test_double failed: two and two are four" in ran.out


def test_a_chapter_that_takes_the_place_of_the_results_has_not_passed(tree, tito):
    with_body(
        tree, "    import os\n    os.remove(p := os.environ['TINYTORCH_RESULTS'])\n    os.mkdir(p)\n    return 2 * x\n"
    )
    ran = tito("module", "test", "alpha")
    assert ran.status == 1 and "0 of 1 inline tests ran" in ran.out


def test_a_file_that_ends_after_its_tests_but_before_the_report_does_not_pass(tree, tito):
    tree.write_alpha(end="# %%\nimport os\nos._exit(0)\n\n# %%\nreport()\n")
    ran = tito("module", "test", "alpha")
    assert ran.status == 1
    assert "report() was not reached" in ran.out


def test_a_file_without_inline_tests_does_not_pass(tree, tito):
    tree.write_alpha(test="")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "holds no inline test: nothing would be checked" in ran.err


def test_an_inline_test_that_verifies_nothing_does_not_pass(tree, tito):
    tree.write_alpha(test='# %%\n@inline_test("double")\ndef test_double(verify):\n    double(2)\n\n')
    ran = tito("module", "test", "alpha")
    assert ran.status == 1
    assert "test_double failed" in ran.out


def test_a_folder_without_pytest_tests_does_not_pass(tree, tito):
    (tree.root / "tests" / "01_alpha" / "test_double.py").write_text("# nothing\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "no test in tests/01_alpha ran: nothing was checked" in ran.out


def test_a_deleted_test_folder_does_not_pass(tree, tito):
    (tree.root / "tests" / "01_alpha" / "test_double.py").unlink()
    (tree.root / "tests" / "01_alpha").rmdir()
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "tests/01_alpha is missing: nothing checks the package" in ran.out


def test_skipped_tests_count_as_nothing_checked(tree, tito):
    path = tree.root / "tests" / "01_alpha" / "test_double.py"
    path.write_text("import pytest\n\n\n@pytest.mark.skip(reason='to see')\ndef test_x():\n    pass\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "no test in tests/01_alpha ran" in ran.out


def test_a_package_that_ends_pytest_with_success_does_not_pass(tree, tito):
    with_body(tree, "    if x == 3:\n        __import__('os')._exit(0)\n    return 2 * x\n")
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "pytest tests/01_alpha did not come to its end (exit status 0)" in ran.out


def test_an_endless_loop_ends_with_the_line_it_was_on(tree, tito):
    with_body(tree, "    while True:\n        x = x + 1  # on and on\n")
    ran = tito("module", "test", "alpha", "--time-limit", "1.5")
    assert ran.status == 1
    lines = {f"alpha_dev.py:{tree.line_of(text)}, in double" for text in ("while True", "on and on")}
    assert "stopped after 1.5 seconds: it was in modules/01_alpha/" in ran.out
    assert any(line in ran.out for line in lines), ran.out
    assert "Fatal Python error" not in ran.out, "the dump is for the tool, not for the student"


def test_an_endless_loop_in_the_package_is_told_as_a_line_of_the_dev_file(tree, tito):
    with_body(tree, "    while x == 3:\n        pass  # on and on\n    return 2 * x\n")
    ran = tito("module", "complete", "alpha", "--time-limit", "3")
    assert ran.status == 1
    places = [f"modules/01_alpha/alpha_dev.py:{tree.line_of(t)}, in double" for t in ("while x", "on and on")]
    assert any(f"stopped after 3 seconds: it was in {place}" in ran.out for place in places), ran.out


def test_a_file_that_changes_while_it_is_checked_is_not_complete(tree, tito, monkeypatch):
    real = checks.package

    def meanwhile(*arguments, **keywords):
        with_body(tree, "    return x + x\n")
        return real(*arguments, **keywords)

    monkeypatch.setattr(checks, "package", meanwhile)
    ran = tito("module", "complete", "alpha")
    assert ran.status == 1
    assert "changed while it was being checked" in ran.err
    assert module_state(tree.alpha).state != "complete"


def test_a_missing_dev_file_is_named_with_the_way_to_get_it_back(tree, tito):
    tree.alpha.dev.unlink()
    ran = tito("module", "complete", "alpha")
    assert ran.status == 2
    assert "modules/01_alpha/alpha_dev.py is missing" in ran.err
    assert "git checkout -- modules/01_alpha/alpha_dev.py" in ran.err


def test_tests_of_everything_on_a_package_older_than_the_dev_files_are_refused(tree, tito):
    shutil.rmtree(tree.root / "modules" / "09_spatter")
    assert tito("export", "alpha").status == 0
    with_body(tree, "    return x + x\n")
    ran = tito("test")
    assert ran.status == 1
    assert "is not what modules/01_alpha/alpha_dev.py exports to now" in ran.err
    assert "tito export alpha" in ran.err


def test_the_test_command_runs_inline_tests_and_pytest(tree, tito):
    ran = tito("test", "alpha")
    assert ran.status == 0, ran.text
    assert "1 of 1 inline tests passed" in ran.out
    assert "1 tests in tests/01_alpha passed" in ran.out


def test_the_test_command_refuses_names_beside_all(tree, tito):
    ran = tito("test", "alpha", "--all")
    assert ran.status == 2
    assert "exclude each other" in ran.err
