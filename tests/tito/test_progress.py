"""Progress is what checks said of the files as they are now."""

import json

import pytest

from tito import progress


def record_path(tree):
    return tree.root / ".tito" / "01_alpha.json"


def row(out: str, module: str) -> list[str]:
    return next(line for line in out.splitlines() if line.startswith(module)).split(maxsplit=3)


def test_before_any_check_nothing_is_done(tree, tito):
    assert row(tito("module", "status").out, "01_alpha") == ["01_alpha", "0/1", "0/5", "not checked yet"]


def test_inline_results_count_for_exercises_and_points(tree, tito):
    tito("module", "test", "alpha")
    assert row(tito("module", "status").out, "01_alpha") == ["01_alpha", "1/1", "5/5", "in progress"]


def test_a_failed_exercise_is_not_done(tree, tito):
    tree.alpha.dev.write_text(tree.alpha.dev.read_text().replace("2 * x", "3 * x"))
    tito("module", "test", "alpha")
    assert row(tito("module", "status").out, "01_alpha") == ["01_alpha", "0/1", "0/5", "in progress"]


def test_an_edit_makes_recorded_results_stale(tree, tito):
    tito("module", "test", "alpha")
    tree.alpha.dev.write_text(tree.alpha.dev.read_text() + "\n# more\n")
    assert row(tito("module", "status").out, "01_alpha")[1:] == ["0/1", "0/5", "changed since its last check"]


def test_an_edit_after_completion_shows(tree):
    from tito.dev_file import DevFile

    progress.record_completed(tree.alpha, DevFile(tree.alpha).digest)
    assert progress.standing(tree.alpha).state == "complete"
    tree.alpha.dev.write_text(tree.alpha.dev.read_text() + "\n# more\n")
    assert progress.standing(tree.alpha).state == "changed since it was complete"


def test_status_tells_a_missing_dev_file_and_one_that_does_not_parse(tree, tito):
    tree.alpha.dev.write_text("x = (\n")
    out = tito("module", "status").out
    assert "cannot be read" in row(out, "01_alpha")[3]
    assert row(out, "09_spatter")[3] == "no dev file"


DAMAGED = {
    "empty": b"",
    "cut short": b'{"inline_of": "ab',
    "binary": bytes(range(256)),
    "a list": b"[1, 2]",
    "a number": b"3",
    "other fields": b'{"colour": "red"}',
    "wrong types": b'{"inline": ["a"], "inline_of": 3}',
    "wrong values": b'{"inline": {"test_double": 1}}',
    "hints of other types": b'{"hints": {"test_double": "x"}}',
    "hints that are no text": b'{"hints_taken": {"double": [1]}}',
    "deep": b"[" * 100_000,
    "huge": b'{"inline_of": "' + b"x" * 5_000_000,
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
    assert json.loads(path.read_text())["inline"] == {"test_double": "passed"}


def test_two_damaged_files_are_both_kept(tree, tito):
    path = record_path(tree)
    path.parent.mkdir()
    for content in (b"first", b"second"):
        path.write_bytes(content)
        tito("module", "status")
    assert {p.read_bytes() for p in path.parent.iterdir()} == {b"first", b"second"}


def test_a_folder_in_the_place_of_the_record_is_not_a_crash(tree, tito):
    record_path(tree).mkdir(parents=True)
    ran = tito("module", "status")
    assert ran.status == 0
    assert "cannot be read (Is a directory)" in ran.err


def test_a_file_in_the_place_of_the_folder_is_named_with_a_fix(tree, tito):
    (tree.root / ".tito").write_text("")
    ran = tito("module", "test", "alpha")
    assert ran.status == 2
    assert f"cannot write {tree.root / '.tito'}" in ran.err


def test_deleting_the_folder_loses_nothing_but_history(tree, tito):
    import shutil

    tito("module", "test", "alpha")
    shutil.rmtree(tree.root / ".tito")
    assert tito("module", "test", "alpha").status == 0
    assert row(tito("module", "status").out, "01_alpha")[1] == "1/1"
