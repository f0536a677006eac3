"""`tito module start`: what a module needs, and the one thing to do next."""

import os

import pytest


def next_line(out: str) -> str:
    return out.splitlines()[-1]


def write(tree, body: str) -> None:
    """Put a body in the place of the stub of `double`."""
    stub = 'raise NotImplementedError("Module 01, exercise 1: double")'
    text = tree.alpha.start.read_text(encoding="utf-8")
    tree.alpha.dev.write_text(text.replace(stub, body), encoding="utf-8")


def test_the_exercises_are_shown_and_the_first_one_is_next(edition, tito):
    ran = tito("module", "start", "1")
    assert ran.status == 0, ran.text
    assert ran.out.splitlines() == [
        "Module 01_alpha: Alpha",
        "modules/01_alpha/alpha_dev.py: 1 exercise, 5 points",
        "  not started   1  double    5 points",
        "Next: write exercise 1, double: modules/01_alpha/alpha_dev.py:28, then `tito module test 01`",
    ]


def test_what_is_next_follows_the_checks_of_the_file_as_it_is(edition, tito):
    write(edition, "return 3 * x")
    assert next_line(tito("module", "start", "1").out).startswith("Next: check exercise 1, double: ")
    tito("module", "test", "1")
    out = tito("module", "start", "1").out
    assert "  failing       1  double" in out
    assert next_line(out).startswith("Next: fix exercise 1, double: modules/01_alpha/alpha_dev.py:28; ")
    write(edition, "return 2 * x")
    tito("module", "test", "1")
    assert next_line(tito("module", "start", "1").out) == "Next: `tito module complete 01`"


def test_what_a_module_needs_comes_first(edition, tito):
    out = tito("module", "start", "9").out
    assert "  needs  01_alpha: not started" in out
    assert next_line(out) == "Next: `tito module start 01`"
    write(edition, "return 2 * x")
    assert tito("module", "complete", "1").status == 0
    assert next_line(tito("module", "start", "1").out) == "Next: `tito module start 09`"
    out = tito("module", "start", "9").out
    assert "  needs  01_alpha: complete" in out
    assert next_line(out).startswith("Next: write exercise 1, triple: modules/09_spatter/spatter_dev.py:")


def test_a_given_module_is_enough_for_the_next_one(whole, tito, monkeypatch):
    tito("init", "../out", "--start-at", "9")
    monkeypatch.chdir(whole.root.parent / "out")
    out = tito("module", "start", "9").out
    assert "  needs  01_alpha: given" in out
    assert next_line(out).startswith("Next: write exercise 1, triple")
    out = tito("module", "start", "1").out
    assert "modules/01_alpha/alpha_dev.py is given, and built" in out
    assert next_line(out).startswith("Next: write exercise 1, triple")


def test_the_reference_says_that_it_holds_the_answers(whole, tito):
    out = tito("module", "start", "9").out
    assert "modules/09_spatter/spatter_dev.py holds the answers: this is the reference course." in out
    assert next_line(out).endswith("make a student edition: `tito init DEST --start-at 09`")


def test_a_student_may_write_the_markers_of_a_solution(edition, tito):
    write(edition, "### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION")
    assert next_line(tito("module", "start", "1").out).startswith("Next: check exercise 1, double: ")


def test_the_editor_gets_the_file_and_its_status_comes_back(edition, tito, monkeypatch, tmp_path):
    program = tmp_path / "my editor"
    program.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/got"\nexit 3\n')
    os.chmod(program, 0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"'{program}' --wait")
    assert tito("module", "start", "1", "--open").status == 3
    assert (tmp_path / "got").read_text() == f"--wait {edition.alpha.dev.resolve()}\n"


@pytest.mark.parametrize(
    ("name", "editor", "words"),
    [
        ("EDITOR", "", "no editor is known: VISUAL and EDITOR are not set"),
        ("EDITOR", "nonesuch -w", "EDITOR is 'nonesuch'"),
        ("VISUAL", "nonesuch", "VISUAL is 'nonesuch'"),
        ("EDITOR", "'my editor", 'EDITOR is "\'my editor": No closing quotation.'),
    ],
)
def test_an_editor_that_is_not_there_is_said(edition, tito, monkeypatch, name, editor, words):
    for variable in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(edition.root))
    monkeypatch.setenv(name, editor)
    ran = tito("module", "start", "1", "--open")
    assert ran.status == 2
    assert words in ran.err
