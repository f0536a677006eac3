"""What a student takes away without seeing it: a test's claims, an exercise's `#| export`, the function itself."""

import pytest

from tito.states import exercise_states

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
COMMANDS = [["module", "test"], ["module", "complete"], ["test"]]


def change(tree, *replacements: tuple[str, str]) -> None:
    """Write the solution, and then make these replacements in the file."""
    text = tree.alpha.dev.read_text(encoding="utf-8").replace(STUB, "return 2 * x")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    tree.alpha.dev.write_text(text, encoding="utf-8")


CLAIM = '    with verify("two and two are four"):\n        assert double(2) == 4, "double(2) must be 4"\n'


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('        assert double(2) == 4, "double(2) must be 4"\n', "        pass\n"),
        (CLAIM, '    with verify("all is well"):\n        pass\n'),
        ("double(2) == 4", "double(2) == double(2)"),
    ],
    ids=["emptied", "another claim", "another assertion"],
)
def test_a_changed_test_proves_nothing(edition, tito, command, old, new):
    change(edition, (old, new))
    ran = tito(*command, "01")
    line = (
        edition.alpha.start.read_text(encoding="utf-8").splitlines().index('@inline_test("double: twice the number")')
    )
    assert ran.status == 1
    assert (
        "test_double is not the test that was handed out, so it proves nothing: "
        f"copy its cell from modules/01_alpha/.start/alpha_dev.py:{line}" in ran.out
    )
    assert f"Look at: modules/01_alpha/alpha_dev.py:{edition.line_of('def test_double')}" in ran.out
    assert exercise_states(edition.alpha)["double"].state == "failing"


def test_a_test_that_is_laid_out_otherwise_is_the_same_test(edition, tito):
    change(edition, ("assert double(2) == 4,", "assert double(2) == (4),  # a remark\n"), ('# a remark\n "', '"'))
    change(edition, ("    with verify", "    # two and two\n\n    with verify"))
    assert tito("module", "test", "01").status == 0


def test_a_test_without_claims_is_told_as_that(edition, tito):
    change(edition, (CLAIM, "    pass\n"))
    out = tito("module", "test", "01").out
    assert "test_double verifies nothing" in out and "is not the test that was handed out" in out


def test_an_exercise_that_is_gone_with_its_test_is_missed(edition, tito):
    text = edition.alpha.dev.read_text(encoding="utf-8")
    start, end = text.index("# %% nbgrader"), text.index("# %%\nreport")
    other = text[start:end].replace("double", "half").replace("exercise 1: half", "exercise 2: half")
    edition.alpha.start.write_text(text[:end] + other + text[end:], encoding="utf-8")
    change(edition)
    ran = tito("module", "test", "01")
    assert ran.status == 1 and "test_half is gone, so nothing proves its exercise: copy its cell from" in ran.out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_exercise_that_is_not_exported_is_told_by_the_line_that_is_missing(edition, tito, command):
    change(edition, ("#| export\ndef double", "def double"))
    ran = tito(*command, "01")
    assert ran.status == 1
    assert "exercise double is not exported: its cell's first line must be `#| export`" in ran.out
    assert f"Look at: modules/01_alpha/alpha_dev.py:{edition.line_of('def double')}\n" in ran.out
    assert "ImportError" not in ran.text
    assert exercise_states(edition.alpha)["double"].state == "failing"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_in_the_repository_it_is_known_from_what_the_tests_import(tree, tito, command):
    change(tree, ("#| export\ndef double", "def double"))
    ran = tito(*command, "01")
    assert ran.status == 1 and "exercise double is not exported" in ran.out


def test_a_given_function_that_is_not_exported_is_told_too(edition, tito):
    start = edition.alpha.start
    given = "# %%\n#| export\ndef helper():\n    return 2\n\n# %% nbgrader"
    for file in (start, edition.alpha.dev):
        file.write_text(file.read_text(encoding="utf-8").replace("# %% nbgrader", given, 1), encoding="utf-8")
    change(edition, ("#| export\ndef helper", "def helper"))
    out = tito("module", "test", "01").out
    assert "helper is not exported: its cell's first line must be `#| export`" in out
    change(edition, ("def helper():\n    return 2\n", ""))
    assert tito("module", "test", "01").status == 0, "what nobody needs may go"


def test_imports_that_are_not_exported_are_told_too(edition, tito):
    start = edition.alpha.start
    for file in (start, edition.alpha.dev):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace("# %% nbgrader", "# %%\n#| export\nimport cmath\n\n# %% nbgrader", 1), encoding="utf-8"
        )
    change(edition, ("#| export\nimport cmath", "import cmath"), ("return 2 * x", "return cmath.sqrt(4).real * x"))
    out = tito("module", "test", "01").out
    assert "cmath is not exported: its cell's first line must be `#| export`" in out


def test_what_is_imported_for_the_tests_alone_is_not_in_the_package(edition, tito):
    imports = "# %%\nimport cmath\n\n# %% nbgrader"
    for file in (edition.alpha.start, edition.alpha.dev):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("# %% nbgrader", imports, 1), encoding="utf-8")
    change(edition, ("return 2 * x", "return cmath.sqrt(4).real * x"))
    out = tito("module", "complete", "01").out
    line = edition.line_of("import cmath")
    assert f"cmath stands in the cell on line {line}, which has no `#| export`: the package does not have it" in out


def test_a_helper_of_ones_own_that_is_not_exported_is_told(edition, tito):
    own = "# %%\ndef twice(x):\n    return 2 * x\n\n# %% nbgrader"
    change(edition, ("return 2 * x", "return twice(x)"))
    text = edition.alpha.dev.read_text(encoding="utf-8")
    edition.alpha.dev.write_text(text.replace("# %% nbgrader", own, 1), encoding="utf-8")
    assert tito("module", "test", "01").status == 0
    out = tito("module", "complete", "01").out
    line = edition.line_of("def twice")
    assert f"twice stands in the cell on line {line}, which has no `#| export`: the package does not have it" in out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("after", ["", "\ntwice = double\n"], ids=["that a test calls", "that the file uses"])
def test_a_renamed_function_is_missed_by_its_name(edition, tito, command, after):
    change(edition, ("return 2 * x", f"return 2 * x\n{after}"), ("def double(x)", "def doubled(x)"))
    line = edition.alpha.start.read_text(encoding="utf-8").splitlines().index("def double(x):") + 1
    ran = tito(*command, "01")
    assert ran.status == 1
    assert (
        f"the file was handed out with double (modules/01_alpha/.start/alpha_dev.py:{line}), and has it no more: "
        "was it renamed, or deleted?" in ran.out
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_in_the_repository_a_renamed_function_is_missed_by_the_tests(tree, tito, command):
    change(tree, ("def double(x)", "def doubled(x)"))
    ran = tito(*command, "01")
    assert ran.status == 1
    assert (
        "the tests need double, and modules/01_alpha/alpha_dev.py does not define it: was it renamed, or deleted?"
        in ran.out
    )


def test_a_function_that_only_pytest_needs_is_missed_there(tree, tito):
    path = tree.root / "tests" / "01_alpha" / "test_double.py"
    path.write_text("from tinytorch.core.alpha import halve\n\n\ndef test_it():\n    assert halve(2) == 1\n")
    out = tito("module", "complete", "01").out
    assert "the tests need halve, and modules/01_alpha/alpha_dev.py does not define it" in out


def test_a_name_that_is_only_misspelt_is_not_missed(edition, tito):
    change(edition, ("return 2 * x", "return 2 * doubel(x)"))
    out = tito("module", "test", "01").out
    assert "NameError: name 'doubel' is not defined" in out and "was it renamed" not in out
