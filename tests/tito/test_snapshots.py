"""Reset and undo: what was handed out comes back, and nothing that was written is lost."""

import re

import pytest

from tito import snapshots

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'


def write(tree, body: str) -> str:
    """Put a body in the place of the stub of `double`, and a line above; returns the text."""
    text = "# mine\n" + tree.alpha.start.read_text(encoding="utf-8").replace(STUB, body)
    tree.alpha.dev.write_text(text, encoding="utf-8")
    return text


def test_a_module_is_reset_and_undo_brings_it_back_and_undo_takes_that_back(edition, tito):
    mine = write(edition, "return 2 * x")
    ran = tito("module", "reset", "alpha")
    assert ran.status == 0, ran.text
    assert "modules/01_alpha/alpha_dev.py is as it was handed out. `tito undo` brings back what you had." in ran.out
    assert edition.alpha.read_dev() == edition.alpha.start.read_text(encoding="utf-8")
    for expected in (mine, edition.alpha.start.read_text(encoding="utf-8"), mine):
        ran = tito("undo")
        assert ran.status == 0, ran.text
        assert re.search(r"alpha_dev.py is as it was at [\d-]+ [\d:]+, before (reset|undo) \(snapshot \d\)", ran.out)
        assert edition.alpha.read_dev() == expected


@pytest.mark.parametrize("exercise", ["double", "1"])
def test_one_exercise_is_reset_and_all_else_stays(edition, tito, exercise):
    write(edition, "y = (  # not Python\n    return")
    with edition.alpha.dev.open("a", encoding="utf-8") as file:
        file.write("# below\n")
    assert tito("module", "reset", "1", exercise).status == 0
    assert edition.alpha.read_dev() == "# mine\n" + edition.alpha.start.read_text(encoding="utf-8") + "# below\n"


def test_an_unknown_exercise_changes_nothing(edition, tito):
    mine = write(edition, "return 2 * x")
    ran = tito("module", "reset", "1", "treble")
    assert ran.status == 2
    assert "module 01 has no exercise 'treble'.\n      It has: double." in ran.err
    assert edition.alpha.read_dev() == mine


def test_an_exercise_whose_cell_is_gone_is_said(edition, tito):
    edition.alpha.dev.write_text("# %%\nx = 1\n")
    ran = tito("module", "reset", "1", "double")
    assert "alpha_dev.py has no cell `# %%` of grade_id 'double' any more." in ran.err
    assert edition.alpha.read_dev() == "# %%\nx = 1\n"


def test_a_file_that_is_not_text_can_be_reset_and_comes_back_whole(edition, tito):
    edition.alpha.dev.write_bytes(b"\xff\x00\r\n")
    assert tito("module", "reset", "1").status == 0
    assert tito("undo").status == 0
    assert edition.alpha.dev.read_bytes() == b"\xff\x00\r\n"


def test_a_deleted_file_is_handed_out_again(edition, tito):
    edition.alpha.dev.unlink()
    assert tito("module", "reset", "1").status == 0
    assert STUB in edition.alpha.read_dev()


def test_the_reference_is_not_reset(whole, tito):
    before = whole.alpha.read_dev()
    ran = tito("module", "reset", "1")
    assert ran.status == 2
    assert "what was handed out is not known" in ran.err
    assert whole.alpha.read_dev() == before


@pytest.mark.parametrize("command", [["module", "complete", "1"], ["export", "1"]])
def test_what_was_built_can_be_had_back(edition, tito, command):
    good = write(edition, "return 2 * x")
    tito(*command)
    write(edition, "return 1 / 0")
    assert tito("undo").status == 0
    assert edition.alpha.read_dev() == good


def test_a_snapshot_is_chosen_by_number_and_the_list_shows_them(edition, tito):
    texts = []
    for body in ("return 1", "return 2", "return 3"):
        texts.append(write(edition, body))
        tito("module", "reset", "1")
    listed = tito("undo", "--list").out
    rows = re.findall(r"^(\d) +[\d-]+ [\d:]+ +reset +modules/01_alpha/alpha_dev.py", listed, re.MULTILINE)
    assert rows == ["3", "2", "1"]
    assert "The last 100 are kept, as plain files, in .tito/snapshots/." in listed
    assert tito("undo", "2").status == 0
    assert edition.alpha.read_dev() == texts[1]


def test_the_last_snapshots_are_kept(edition, tito, monkeypatch):
    monkeypatch.setattr(snapshots, "KEPT", 3)
    for number in range(5):
        write(edition, f"return {number}")
        tito("module", "reset", "1")
    assert [snapshot.number for snapshot in snapshots.every(edition.root)] == [5, 4, 3]


def test_the_same_files_are_not_kept_twice(edition, tito):
    write(edition, "return 3 * x")
    for _ in range(3):
        tito("module", "complete", "1")
    assert len(snapshots.every(edition.root)) == 1


def test_without_a_snapshot_there_is_nothing_to_undo(edition, tito):
    for arguments in (["undo"], ["undo", "7"]):
        ran = tito(*arguments)
        assert ran.status == 2
        assert re.search("there is nothing to undo|there is no snapshot '7'", ran.err)


def test_what_is_kept_in_the_folder_of_snapshots_may_be_damaged(edition, tito):
    write(edition, "return 2 * x")
    tito("module", "reset", "1")
    folder = edition.root / ".tito" / "snapshots"
    (folder / "notes.txt").write_text("x")
    (folder / "0002_20260101-000000_reset").mkdir()
    (folder / "0003_20260101-000000_reset").write_text("a file")
    assert tito("undo", "--list").status == 0
    assert tito("undo").status == 0
    assert "return 2 * x" in edition.alpha.read_dev()


def test_no_snapshot_no_reset(edition, tito):
    mine = write(edition, "return 2 * x")
    (edition.root / ".tito").write_text("a file in the way")
    ran = tito("module", "reset", "1")
    assert ran.status == 2
    assert "cannot write" in ran.err
    assert edition.alpha.read_dev() == mine
