"""Three versions of a dev file become one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.merge import BOTH, END, merge

LINES = st.lists(st.sampled_from(["x = 1", "y = 2", "z = 3", "", "# why", "    return x"]), max_size=5)
TEXT = LINES.map(lambda lines: "# %% [markdown]\n" + "".join(f"# {line}\n" for line in lines))
CODE = LINES.map(lambda lines: "# %%\n" + "".join(f"{line}\n" for line in lines))
NAMES = ["a", "b", "c", "d"]


def exercise(name: str, lines: list[str]) -> str:
    return f'# %% nbgrader={{"grade_id": "{name}", "solution": true}}\n' + "".join(f"{line}\n" for line in lines)


@st.composite
def files(draw) -> str:
    """A dev file: a head, and text, code and exercises, each of those at most once."""
    names = iter(draw(st.permutations(NAMES)))
    kinds = draw(st.lists(st.sampled_from(["text", "code", "exercise"]), max_size=6))
    cells = []
    for kind in kinds:
        name = next(names, None) if kind == "exercise" else None
        cells.append(exercise(name, draw(LINES)) if name else draw(TEXT if kind == "text" else CODE))
    return "# the head\n" + "".join(cells)


@given(files(), files())
def test_what_only_one_side_changed_is_taken_from_it(start, other):
    assert merge(start, start, other) == (other, [])
    kept, conflicts = merge(start, other, start)
    assert conflicts == []
    assert sorted(kept.splitlines()) == sorted(other.splitlines()), "all the student's, in the newer edition's order"


@given(files(), files())
def test_what_both_changed_alike_is_no_conflict(start, other):
    merged, conflicts = merge(start, other, other)
    assert BOTH not in merged and conflicts == []


@given(files(), files(), files())
def test_no_line_of_the_students_is_lost(start, mine, new):
    """But those that the newer edition takes out, or that are the newer edition's now."""
    merged = merge(start, mine, new)[0].splitlines()
    for line in set(mine.splitlines()) - set(start.splitlines()):
        assert line in merged


def merged(start: str, mine: str, new: str) -> str:
    return merge(start, mine, new)[0]


CELLS = ["# %%\none = 1\n", "# %%\ntwo = 2\n", "# %% [markdown]\n# three\n"]


def test_a_cell_that_the_student_took_out_stays_out_unless_there_is_something_new_in_it():
    start = "".join(CELLS)
    mine = CELLS[0] + CELLS[2]
    assert merged(start, mine, start + "# %%\nfour = 4\n") == mine + "# %%\nfour = 4\n"
    assert "two = 2.5" in merged(start, mine, start.replace("two = 2", "two = 2.5"))


def test_a_cell_that_is_handed_out_no_more_goes_unless_the_student_changed_it():
    start = "".join(CELLS)
    new = CELLS[0] + CELLS[2]
    assert merged(start, start, new) == new
    assert merged(start, start.replace("two = 2", "two = 22"), new) == CELLS[0] + "# %%\ntwo = 22\n" + CELLS[2]


def test_a_file_without_a_last_line_end_is_not_run_together():
    start = "".join(CELLS)
    assert merged(start, start + "# %%\nmine", start + "# %%\nnewer\n") == start + "# %%\nmine\n# %%\nnewer\n"


def test_an_exercise_that_moved_keeps_what_the_student_wrote():
    start = exercise("a", ["def a():", "    return 0"]) + exercise("b", ["def b():", "    return 0"])
    new = exercise("b", ["def b():", "    return 0"]) + exercise("a", ["def a():", '    "newer"', "    return 0"])
    mine = start.replace("def a():\n    return 0", "def a():\n    return 'mine'")
    assert merged(start, mine, new) == new.replace('"newer"\n    return 0', "\"newer\"\n    return 'mine'")


@pytest.mark.parametrize("mine", ["    return 1\n", "    x = 1\n    return x\n"])
def test_lines_that_touch_but_do_not_overlap_are_no_conflict(mine):
    start = exercise("a", ["def a():", '    """Old."""', "    raise"])
    new = start.replace("Old", "New")
    assert merge(start, start.replace("    raise\n", mine), new) == (new.replace("    raise\n", mine), [])


def test_in_a_conflict_the_newer_lines_are_no_cells_and_no_directives():
    start = "# %%\n#| export\nx = 1\n"
    mine, new = start.replace("x = 1", "x = 2"), start.replace("x = 1", "#| hide\nx = 3")
    text, conflicts = merge(start, mine, new)
    assert conflicts == ["# %%"]
    assert text == f"# %%\n#| export\nx = 2\n# {BOTH}\n# #| hide\n# x = 3\n# {END}\n"
    marker = merge("# %% a\n", "# %% b\n", "# %% [markdown]\n# text\n")[0]
    assert len(re.findall(r"^# %%", marker, re.MULTILINE)) == 2
