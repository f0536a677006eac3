"""Progress is what checks said of the files as they are now."""

import json
import re

import pytest

from tito import checks, progress
from tito.states import exercise_states, module_state


def record_path(tree):
    return tree.root / ".tito" / "01_alpha.json"


def row(out: str, module: str) -> list[str]:
    return re.split(" {2,}", next(line for line in out.splitlines() if line.startswith(module)))


def test_before_any_check_nothing_is_done(tree, tito):
    assert row(tito("module", "status").out, "01_alpha") == ["01_alpha", "0/1", "0/5", "-", "not checked"]


def test_inline_results_count_for_exercises_and_points(tree, tito):
    tito("module", "test", "alpha")
    assert row(tito("module", "status").out, "01_alpha") == ["01_alpha", "1/1", "5/5", "just now", "in progress"]


def test_a_failed_exercise_is_not_done(tree, tito):
    tree.alpha.dev.write_text(tree.alpha.dev.read_text().replace("2 * x", "3 * x"))
    tito("module", "test", "alpha")
    assert row(tito("module", "status").out, "01_alpha") == ["01_alpha", "0/1", "0/5", "just now", "in progress"]


FIRST, SECOND, THIRD = "first", "second", "third"


@pytest.fixture
def three(tree):
    """Module 01 with three exercises, one below the other, all checked and done."""
    parts = [cells(tree).replace("double", name) for name in (FIRST, SECOND, THIRD)]
    tree.write_alpha(solution="".join(parts), test="")
    check(tree)
    return tree


def cells(tree) -> str:
    """The two cells of exercise `double`: its solution and its test."""
    text = tree.alpha.read_dev()
    return text[text.index("# %% nbgrader") : text.rindex("# %%\nreport")]


def check(tree, **results: str):
    """Record results as if all inline tests had passed, but for those named."""
    was = progress.content(tree.alpha)
    progress.record_inline(tree.alpha, was, {test: results.get(test, "passed") for test in was.tests}, {})


def states(tree) -> dict[str, str]:
    return {name: now.state for name, now in exercise_states(tree.alpha).items()}


def edit(tree, old: str, new: str) -> None:
    text = tree.alpha.read_dev()
    assert old in text
    tree.alpha.dev.write_text(text.replace(old, new, 1), encoding="utf-8")


def body_of(name: str) -> tuple[str, str]:
    """Where the body of an exercise begins, and the same with another statement before it."""
    return f"def {name}(x):\n", f"def {name}(x):\n    x = x + 0\n"


def test_an_edit_makes_what_runs_below_it_stale_and_nothing_above(three):
    assert states(three) == {FIRST: "done", SECOND: "done", THIRD: "done"}
    edit(three, *body_of(THIRD))
    assert states(three) == {FIRST: "done", SECOND: "done", THIRD: "stale"}
    edit(three, *body_of(FIRST))
    assert states(three) == {FIRST: "stale", SECOND: "stale", THIRD: "stale"}
    assert exercise_states(three.alpha)[FIRST].why == "changed since"
    now = module_state(three.alpha)
    assert (now.state, now.why) == ("stale", "changed since its last check")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import math", "import math\nmath.pi = 3"),
        ("assert second(2) == 4", "assert second(2) == 2 + 2"),
        ("def second(x):", "if True:\n    first = None\n\n\ndef second(x):"),
        ('    """Twice `x`.\n', '    """Twice `x`.\n# not a comment: text\n'),
        ("# %% [markdown]\n# # Module 01: Alpha", "# %% [markdown]\nmath = None"),
    ],
)
def test_whatever_may_touch_an_exercise_makes_it_stale(three, old, new):
    edit(three, old, new)
    assert states(three)[SECOND] == "stale"


def test_a_solution_below_its_test_counts(tree):
    solution, test = cells(tree).split("# %% ")[1:]
    tree.write_alpha(solution=f"# %% {test}", test=f"# %% {solution}")
    check(tree)
    edit(tree, "2 * x", "3 * x")
    assert states(tree) == {"double": "stale"}


def test_text_and_comments_touch_nothing(three):
    edit(three, "# # Module 01: Alpha", "# # Module 01: Alpha, the first\n#\n# more")
    edit(three, "    return 2 * x\n", "\n    # twice\n    return 2 * x\n")
    assert set(states(three).values()) == {"done"}


def test_what_was_edited_back_is_done_again(three):
    old, new = body_of(FIRST)
    edit(three, old, new)
    edit(three, new, old)
    assert set(states(three).values()) == {"done"}


def test_a_failure_on_another_content_is_not_told(three):
    check(three, test_second="failed")
    assert states(three) == {FIRST: "done", SECOND: "failing", THIRD: "done"}
    edit(three, *body_of(SECOND))
    assert states(three) == {FIRST: "done", SECOND: "not checked", THIRD: "stale"}


def test_a_test_that_did_not_run_is_not_done_by_an_earlier_run(three):
    check(three, test_second="not run")
    assert states(three) == {FIRST: "done", SECOND: "not checked", THIRD: "done"}


def test_a_run_of_some_tests_leaves_what_is_known_of_the_others(three):
    progress.record_inline(three.alpha, progress.content(three.alpha), {"test_second": "failed"}, {})
    assert states(three) == {FIRST: "done", SECOND: "failing", THIRD: "done"}


def test_results_of_a_file_that_changed_meanwhile_are_not_recorded(tree):
    was = progress.content(tree.alpha)
    edit(tree, "2 * x", "3 * x")
    progress.record_inline(tree.alpha, was, {"test_double": "passed"}, {})
    assert states(tree) == {"double": "not checked"}
    assert not record_path(tree).exists()


def test_what_had_ended_before_a_run_was_broken_off_is_recorded(tree):
    """As when `tito watch` is left while the checks run."""

    def leave(items):
        if items["test_double"].status == "done":
            raise KeyboardInterrupt

    tree.write_alpha(end="# %%\nimport time\ntime.sleep(60)\nreport()\n")
    with pytest.raises(KeyboardInterrupt):
        checks.inline(tree.alpha, meanwhile=leave)
    assert exercise_states(tree.alpha)["double"].state == "done"
    assert module_state(tree.alpha).ran is False


def test_a_module_that_another_needs_makes_it_stale_when_its_export_changes(whole, tito):
    assert tito("export", "alpha").status == 0
    assert tito("module", "test", "9").status == 0
    spatter = whole.course.module("9")
    progress.record_pytest(spatter, progress.content(spatter), "complete")
    assert module_state(spatter).state == "complete"
    edit(whole, "2 * x", "x + x")
    assert module_state(spatter).state == "complete", "it was checked on what is built"
    assert tito("export", "alpha").status == 0
    now = module_state(spatter)
    assert (now.state, now.why) == ("stale", "module 01 changed since it was complete")
    assert [e.state for e in now.exercises] == ["stale"]
    assert exercise_states(spatter)["triple"].why == "module 01 changed since"


def test_where_it_is_not_known_what_a_module_needs_all_earlier_ones_count(whole):
    (whole.root / "modules" / "09_spatter" / "ABOUT.md").write_text("no front matter")
    assert list(progress.content(whole.course.module("9")).needs) == ["01"]


def test_an_edit_after_completion_shows(tree):
    check(tree)
    progress.record_pytest(tree.alpha, progress.content(tree.alpha), "complete")
    assert module_state(tree.alpha).state == "complete"
    edit(tree, "#| export\ndef double", "def double")
    assert module_state(tree.alpha).state == "stale", "what is exported has changed"


def test_status_tells_a_missing_dev_file_and_one_that_does_not_parse(tree, tito):
    tree.alpha.dev.write_text("x = (\n")
    out = tito("module", "status").out
    assert row(out, "01_alpha")[4].startswith(
        "cannot be read: modules/01_alpha/alpha_dev.py:1: this is not valid Python"
    )
    assert row(out, "09_spatter")[4] == "no dev file"


CHECK = b'{"result": "passed", "of": "", "needs": {}, "at": "2026-11-22T12:00:00+00:00"}'
DAMAGED = {
    "empty": b"",
    "cut short": b'{"inline": {"ab',
    "binary": bytes(range(256)),
    "a list": b"[1, 2]",
    "a number": b"3",
    "other fields": b'{"colour": "red"}',
    "wrong types": b'{"inline": ["a"]}',
    "wrong values": b'{"inline": {"test_double": 1}}',
    "one result and no list": b'{"inline": {"test_double": ' + CHECK + b"}}",
    "a result of another form": b'{"inline": {"test_double": [{"result": "passed"}]}}',
    "a time that is none": b'{"pytest": [' + CHECK.replace(b"2026-11-22T12:00:00+00:00", b"noon") + b"]}",
    "a time of nowhere": b'{"pytest": [' + CHECK.replace(b"+00:00", b"") + b"]}",
    "tests of another type": b'{"pytest": [' + CHECK.replace(b'"of"', b'"test_files": 3, "of"') + b"]}",
    "needs of another type": b'{"pytest": [' + CHECK.replace(b"{}", b'{"01": 3}') + b"]}",
    "a failure that is no failure": b'{"pytest": [' + CHECK.replace(b'"of"', b'"failure": {"x": 1}, "of"') + b"]}",
    "a failure without text": b'{"pytest": [' + CHECK.replace(b'"of"', b'"failure": {"sentence": 1}, "of"') + b"]}",
    "hints of other types": b'{"pytest": ['
    + CHECK.replace(b'"of"', b'"failure": {"sentence": "", "hints": "x"}, "of"')
    + b"]}",
    "hints that are no text": b'{"hints_taken": {"double": [1]}}',
    "started in another way": b'{"started": 1}',
    "deep": b"[" * 100_000,
    "long": b'{"inline_of": "' + b"x" * 5_000_000,
    "huge": b" " * (2**24 + 1),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_set_aside_with_a_notice(tree, tito, damage):
    path = record_path(tree)
    path.parent.mkdir()
    path.write_bytes(DAMAGED[damage])
    ran = tito("module", "status")
    assert ran.status == 0, ran.text
    assert "01_alpha.json is damaged" in ran.err
    assert "Your work is untouched." in ran.err
    aside = [p for p in path.parent.iterdir() if ".damaged-" in p.name]
    assert [p.read_bytes() for p in aside] == [DAMAGED[damage]]
    assert tito("module", "test", "alpha").status == 0, "and the next check is recorded as ever"
    assert json.loads(path.read_text())["inline"]["test_double"][-1]["result"] == "passed"


def test_two_damaged_files_are_both_kept(tree, tito):
    path = record_path(tree)
    path.parent.mkdir()
    for content in (b"first", b"second"):
        path.write_bytes(content)
        tito("module", "status")
    assert {p.read_bytes() for p in path.parent.glob("*.damaged-*")} == {b"first", b"second"}


def test_a_folder_in_the_place_of_the_record_is_set_aside(tree, tito):
    record_path(tree).mkdir(parents=True)
    ran = tito("module", "status")
    assert ran.status == 0
    assert "01_alpha.json is damaged (it is no file)" in ran.err
    assert tito("module", "test", "alpha").status == 0
    assert record_path(tree).is_file()


def test_a_file_in_the_place_of_the_folder_is_named_with_a_fix(tree, tito):
    (tree.root / ".tito").write_text("")
    ran = tito("module", "test", "alpha")
    assert ran.status == 2
    assert f"cannot write {tree.root / '.tito'}" in ran.err


def test_a_file_in_the_place_of_the_folder_is_told_once_by_status(edition, tito):
    (edition.root / ".tito").write_text("")
    ran = tito("module", "status")
    assert (ran.status, ran.err.splitlines()) == (
        0,
        [f"note  {edition.root / '.tito'} cannot be read (Not a directory): going on without what is recorded there"],
    )


def test_deleting_the_folder_loses_nothing_but_history(tree, tito):
    import shutil

    tito("module", "test", "alpha")
    shutil.rmtree(tree.root / ".tito")
    assert tito("module", "test", "alpha").status == 0
    assert row(tito("module", "status").out, "01_alpha")[1] == "1/1"
