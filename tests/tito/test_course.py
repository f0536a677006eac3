"""What modules there are, and how one is named."""

import pytest

from tito.course import Course
from tito.errors import TitoError


@pytest.mark.parametrize("name", ["09", "9", "spatter", "09_spatter", "Spatter", "09_spatter/"])
def test_a_module_is_named_by_number_name_or_folder(tree, name):
    assert tree.course.module(name).folder == "09_spatter"


@pytest.mark.parametrize(("typed", "near"), [("spater", "spatter"), ("alhpa", "alpha"), ("01_alfa", "01_alpha")])
def test_an_unknown_module_is_answered_with_the_nearest_name(tree, tito, typed, near):
    ran = tito("module", "complete", typed)
    assert ran.status == 2
    assert f"there is no module {typed!r}." in ran.err
    assert f"Did you mean `{near}`? The modules are 01_alpha, 09_spatter." in ran.err


def test_a_name_like_no_other_gets_the_list_alone(tree, tito):
    ran = tito("test", "zzz")
    assert "there is no module 'zzz'" in ran.err
    assert "Did you mean" not in ran.err
    assert "The modules are 01_alpha, 09_spatter." in ran.err


def test_the_course_is_found_from_any_folder_inside(tree, monkeypatch):
    monkeypatch.chdir(tree.root / "modules" / "01_alpha")
    assert Course.find().root == tree.root.resolve()


def test_outside_a_course_every_command_says_where_to_go(tree, tito, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (
        ["module", "list"],
        ["module", "complete", "01"],
        ["test"],
        ["export"],
        ["milestone", "list"],
    ):
        ran = tito(*command)
        assert ran.status == 2, command
        assert f"{tmp_path} is not in a TinyTorch tree" in ran.err
        assert "cd PATH/TO/TINYTORCH" in ran.err


def test_the_list_shows_front_matter_and_needs_in_order(tree, tito):
    lines = tito("module", "list").out.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("01_alpha"))
    assert lines[first].split() == ["01_alpha", "Alpha", "easy", "1", "hour", "-"]
    assert lines[first + 1].split() == ["09_spatter", "Spatter", "easy", "1", "hour", "01"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "modules/01_alpha/ABOUT.md is missing"),
        ("# Alpha\n", "ABOUT.md:1 has no front matter"),
        ("---\ntitle: [a\nb: c\n---\n", "ABOUT.md:3 is not valid YAML"),
        ("---\njust text\n---\n", "front matter must be `key: value` lines"),
    ],
)
def test_a_damaged_front_matter_is_named_with_its_line(tree, tito, text, message):
    about = tree.root / "modules" / "01_alpha" / "ABOUT.md"
    about.unlink() if text is None else about.write_text(text)
    ran = tito("module", "list")
    assert ran.status == 2
    assert message in ran.err
    assert "git checkout -- modules/01_alpha/ABOUT.md" in ran.err


def test_a_damaged_front_matter_blocks_no_work(tree, tito):
    (tree.root / "modules" / "09_spatter" / "ABOUT.md").unlink()
    assert tito("module", "test", "alpha").status == 0


def test_a_prerequisite_that_does_not_exist_is_named_with_its_file(tree):
    about = tree.root / "modules" / "01_alpha" / "ABOUT.md"
    about.write_text("---\nprerequisites: [07_nowhere]\n---\n")
    course = tree.course
    with pytest.raises(TitoError, match="modules/01_alpha/ABOUT.md:2: prerequisites: there is no module '07_nowhere'"):
        course.prerequisites(course.module("01"))


def write_about(tree, **changes):
    """Give module 01 a front matter that lacks nothing, with these changes; None leaves the key out."""
    said = {"title": "A", "description": "B", "difficulty": "easy", "time_estimate": "1 hour"}
    said |= {"prerequisites": [], "next_steps": ["09_spatter"], "learning_objectives": ["C"]} | changes
    lines = [f"{key}: {value}" for key, value in said.items() if value is not None]
    (tree.root / "modules" / "01_alpha" / "ABOUT.md").write_text("\n".join(["---", *lines, "---", ""]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": None}, "ABOUT.md:1: title: the front matter says nothing."),
        ({"description": "''"}, "ABOUT.md:3: description: the front matter says ''."),
        ({"learning_objectives": "C"}, "ABOUT.md:8: learning_objectives: the front matter says 'C'."),
        ({"prerequisites": ["07_nowhere"]}, "ABOUT.md:6: prerequisites: there is no module '07_nowhere'."),
        ({"next_steps": ["09_spater"]}, "ABOUT.md:7: next_steps: there is no module '09_spater'."),
        (
            {"prerequisites": ["09_spatter"]},
            "ABOUT.md:6: prerequisites: a circle: 01_alpha, which needs 09_spatter, which needs 01_alpha.",
        ),
        ({"prerequisites": ["01_alpha"]}, "prerequisites: a circle: 01_alpha, which needs 01_alpha."),
    ],
)
def test_what_a_chapter_says_of_itself_and_its_neighbours_is_checked_with_its_line(tree, changes, message):
    write_about(tree, **changes)
    with pytest.raises(TitoError) as raised:
        tree.course.check()
    assert message in raised.value.message
    assert raised.value.fix


def test_a_module_that_needs_a_later_one_is_named(tree):
    write_about(tree, prerequisites=["09_spatter"])
    later = tree.root / "modules" / "09_spatter" / "ABOUT.md"
    later.write_text(later.read_text().replace("['01_alpha']", "[]"))
    with pytest.raises(TitoError, match="ABOUT.md:6: prerequisites: 09_spatter comes later"):
        tree.course.check()


def test_a_complete_front_matter_passes(tree):
    write_about(tree)
    first = (tree.root / "modules" / "01_alpha" / "ABOUT.md").read_text()
    (tree.root / "modules" / "09_spatter" / "ABOUT.md").write_text(
        first.replace("prerequisites: []", "prerequisites:\n  - 01_alpha")
    )
    tree.course.check()
