"""`tito module status`: a table that anyone can read, the same as data, and what to do next."""

import json
import os
import time
from datetime import datetime, timedelta

import pytest

from tito import cache, progress, status
from tito.course import Course
from tito.states import module_state

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'


def write(tree, body: str) -> None:
    text = tree.alpha.start.read_text(encoding="utf-8").replace(STUB, body)
    tree.alpha.dev.write_text(text, encoding="utf-8")


def test_modules_are_shown_in_a_table_with_what_is_next(edition, tito):
    assert tito("module", "status").out.splitlines() == [
        "module       exercises   points   last check   state",
        "──────────────────────────────────────────────────────────",
        "01_alpha     0/1         0/5      -            not started",
        "09_spatter   0/1         0/5      -            not started",
        "Next: `tito module start 01`",
    ]


def test_exercises_of_one_module_are_shown(edition, tito):
    write(edition, "return 2 * x")
    assert tito("module", "complete", "1").status == 0
    assert tito("module", "status").out.splitlines()[2].endswith("complete")
    write(edition, "return x + x")
    assert tito("module", "status", "alpha").out.splitlines() == [
        "module     exercises   points   last check   state",
        "─────────────────────────────────────────────────────────────────────────────────",
        "01_alpha   0/1         0/5      just now     stale: changed since it was complete",
        "",
        "    exercise   points   last check   state",
        "─────────────────────────────────────────────────────────",
        "1   double     5        just now     stale: changed since",
        "Next: check exercise 1, double: modules/01_alpha/alpha_dev.py:28: `tito module test 01`",
    ]


def test_a_module_that_pytest_finds_wrong_later_is_not_complete_any_more(edition, tito):
    write(edition, "return 2 * x")
    assert tito("module", "complete", "1").status == 0
    (edition.root / "tests" / "01_alpha" / "test_more.py").write_text("def test_more():\n    assert False\n")
    assert tito("test", "1").status == 1
    assert module_state(edition.alpha).state == "in progress"


@pytest.mark.parametrize("change", ["more", "other", "none"])
def test_a_module_whose_tests_are_others_is_stale_until_they_are_back(edition, tito, change):
    write(edition, "return 2 * x")
    assert tito("module", "complete", "1").status == 0
    tests = edition.root / "tests" / "01_alpha"
    known = tests / "test_double.py"
    was = known.read_text()
    if change == "more":
        (tests / "test_more.py").write_text("def test_more():\n    pass\n")
    elif change == "other":
        known.write_text(f"{was}\n# more to come\n")
    else:
        known.unlink()
    out = tito("module", "status", "1").out
    assert out.splitlines()[2].endswith("stale: its tests changed since it was complete"), out
    assert out.endswith("Next: `tito module complete 01`\n")
    known.write_text(was)
    (tests / "test_more.py").unlink(missing_ok=True)
    assert module_state(edition.alpha).state == "complete"


def test_a_module_whose_exercise_fails_later_is_not_complete_any_more(edition, tito):
    write(edition, "return 2 * x")
    assert tito("module", "complete", "1").status == 0
    progress.record_inline(edition.alpha, progress.content(edition.alpha), {"test_double": "failed"}, {})
    assert module_state(edition.alpha).state == "in progress"


def test_the_same_as_data(edition, tito):
    write(edition, "return 2 * x")
    assert tito("module", "test", "1").status == 0
    ran = tito("module", "status", "--json")
    alpha, spatter = json.loads(ran.out)["modules"]
    (exercise,) = alpha.pop("exercises")
    at = alpha.pop("at")
    assert datetime.fromisoformat(at).tzinfo is not None
    assert alpha == {"module": "01_alpha", "state": "in progress", "why": "", "points": 5.0, "of_points": 5.0}
    place = {"place": "modules/01_alpha/alpha_dev.py:28", "checked_at": at}
    told = {"exercise": "double", "number": 1, "state": "done", "why": "", "points": 5.0, "of_points": 5.0}
    assert exercise == told | place
    assert (spatter["state"], spatter["at"]) == ("not started", None)
    assert spatter["exercises"][0]["state"] == "not started"
    assert [m["module"] for m in json.loads(tito("module", "status", "9", "--json").out)["modules"]] == ["09_spatter"]


def test_the_reference_has_nothing_to_write(whole, tito):
    edition = "Next: to write the answers yourself, make a student edition: `tito init DEST`"
    assert tito("module", "status").out.splitlines()[-1] == edition


def test_a_given_module_has_no_counts(whole, tito, monkeypatch):
    tito("init", "../out", "--start-at", "9")
    monkeypatch.chdir(whole.root.parent / "out")
    out = tito("module", "status", "1").out.splitlines()
    assert out[2:] == ["01_alpha   -           -        -            given", "Next: `tito module start 09`"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-3600, "just now"),
        (0, "just now"),
        (58, "just now"),
        (60.5, "1 minute ago"),
        (3 * 60 + 20, "3 minutes ago"),
        (3600 + 20, "1 hour ago"),
        (47 * 3600, "1 day ago"),
        (49 * 3600, "2 days ago"),
    ],
)
def test_times_are_told_as_people_do(seconds, told):
    at = datetime.now().astimezone() - timedelta(seconds=seconds)
    assert status.since(at.isoformat()) == told


def test_a_time_is_a_moment_whatever_the_time_zone(monkeypatch):
    at = (datetime.now().astimezone() - timedelta(minutes=5)).isoformat()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    told = status.since(at)
    monkeypatch.undo()
    time.tzset()
    assert told == "5 minutes ago"


def test_a_file_that_was_read_before_is_not_parsed_again(edition, tito, monkeypatch):
    def fresh():
        monkeypatch.setattr(cache, "_held", {})  # as in another process
        return progress.content(Course(edition.root).module("1"))

    first = fresh()

    def refuse(*_):
        raise AssertionError("parsed again")

    with monkeypatch.context() as context:
        context.setattr(progress, "DevFile", refuse)
        context.setattr("yaml.safe_load", refuse)
        assert fresh() == first
    write(edition, "return 2 * x")
    assert fresh() != first
    assert progress.content(edition.alpha).stubs == {}


@pytest.mark.parametrize("damage", ["empty", "cut", "bytes", "a digit", "a folder", "nothing"])
def test_what_is_kept_of_a_file_is_worked_out_again_where_it_is_damaged(edition, monkeypatch, damage):
    right = progress.content(edition.alpha)
    kept = edition.root / ".tito" / "read" / "01_alpha.dev.json"
    good = kept.read_bytes()
    bad = {"empty": b"", "cut": good[:-9], "bytes": b"\xff\x00" * 99, "a digit": good.replace(b"28", b"27")}
    kept.unlink()
    if damage == "a folder":
        kept.mkdir()
    elif damage != "nothing":
        assert bad[damage] != good
        kept.write_bytes(bad[damage])
    monkeypatch.setattr(cache, "_held", {})
    assert progress.content(edition.alpha) == right
    assert damage == "a folder" or kept.read_bytes() == good


def test_an_update_of_the_tool_reads_anew(edition, monkeypatch):
    progress.content(edition.alpha)
    kept = edition.root / ".tito" / "read" / "01_alpha.dev.json"
    before = kept.read_bytes()
    monkeypatch.setattr(cache, "_held", {})
    monkeypatch.setattr(cache, "_MADE_BY", ("errors.py",))
    progress.content(edition.alpha)
    assert kept.read_bytes() != before


def test_a_tree_that_cannot_be_written_still_has_a_status(edition, tito):
    (edition.root / ".tito").symlink_to("/proc/nowhere")
    assert os.path.islink(edition.root / ".tito")
    ran = tito("module", "status")
    assert ran.status == 0, ran.text
    assert "not started" in ran.out
