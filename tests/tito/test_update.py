"""`tito update FROM`: the newer edition comes in, what the student wrote stays, all or nothing."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tito import changes, manifest, merge, notebooks, snapshots, update
from tito.cli import main
from tito.course import Course

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
MINE = "return x + x  # mine"


class Editions:
    """A reference course, the edition a student works in (the current folder), and newer ones of a changed course."""

    def __init__(self, reference, tito):
        self.reference, self.tito = reference, tito
        self.root = reference.root.parent / "mine é"
        assert tito("init", str(self.root)).status == 0
        self.mine = Course(self.root).module("alpha")
        self.newer = reference.root.parent / "a newer one"

    def change(self, old: str, new: str) -> None:
        """In the reference course's module 01."""
        text = self.reference.alpha.read_dev()
        assert old in text
        self.reference.alpha.dev.write_text(text.replace(old, new), encoding="utf-8")

    def write(self, old: str, new: str) -> str:
        """In the student's module 01; returns the text."""
        text = self.mine.read_dev()
        assert old in text
        self.mine.dev.write_text(text.replace(old, new), encoding="utf-8")
        return self.mine.read_dev()

    def update(self, *more: str):
        """Make the newer edition of the course as it is now, and update from it."""
        shutil.rmtree(self.newer, ignore_errors=True)
        here = os.getcwd()
        os.chdir(self.reference.root)
        assert self.tito("init", str(self.newer), *more).status == 0
        os.chdir(here)
        return self.tito("update", str(self.newer))

    def files(self) -> dict[str, bytes]:
        out = {".git", ".tito"}
        paths = [p for p in self.root.rglob("*") if p.is_file() and not out & set(p.relative_to(self.root).parts)]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def editions(whole, tito, monkeypatch) -> Editions:
    made = Editions(whole, tito)
    monkeypatch.chdir(made.root)
    return made


def test_text_and_tests_become_new_and_the_students_code_stays(editions):
    editions.write(STUB, MINE)
    editions.change("# # Module 01: Alpha", "# # Module 01: Alpha, told better")
    editions.change("TODO: multiply.", "TODO: multiply, or add.")
    editions.change("two and two are four", "two and two are four, and no more")
    ran = editions.update()
    assert ran.status == 0, ran.text
    text = editions.mine.read_dev()
    for part in ("told better", "or add", "and no more", MINE):
        assert part in text
    assert text.replace(MINE, STUB) == editions.mine.start.read_text(encoding="utf-8"), "all else is as handed out"
    assert "Changed by you" not in ran.out


def test_what_only_the_student_changed_stays_and_their_own_cells_too(editions):
    editions.write("# %%\nreport()", "# %%\nprint('a cell of mine')\n\n# %%\nreport()")
    editions.write("# # Module 01: Alpha", "# # My module")
    text = editions.write(STUB, MINE)
    editions.change("import math", "import math\nimport os")
    assert editions.update().status == 0
    assert editions.mine.read_dev() == text.replace("import math", "import math\nimport os")


def test_an_exercise_more_with_another_number_for_those_after_it(editions):
    editions.write(STUB, MINE)
    first = '''# %% nbgrader={"grade": false, "grade_id": "half", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def half(x):
    """Half of `x`."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "double"'''
    editions.change('# %% nbgrader={"grade": false, "grade_id": "double"', first)
    ran = editions.update()
    text = editions.mine.read_dev()
    assert "Changed by you" not in ran.out
    assert 'raise NotImplementedError("Module 01, exercise 1: half")' in text
    assert MINE in text and "NotImplementedError" not in text[text.index("def double") :]


def test_lines_that_both_changed_stand_both_there_and_the_file_is_python(editions):
    editions.write("import math", "import math as mine")
    editions.change("import math", "import math as newer")
    editions.write("# # Module 01: Alpha", "# # My title")
    editions.change("# # Module 01: Alpha", "# # A newer title")
    ran = editions.update()
    text = editions.mine.read_dev()
    ast.parse(text)
    both = f"import math as mine\n# {merge.BOTH}\n# import math as newer\n# {merge.END}\n"
    assert both in text
    assert f"# # My title\n# {merge.BOTH}\n# # A newer title\n# {merge.END}\n" in text
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line == f"# {merge.BOTH}"]
    for line in lines:
        assert f"modules/01_alpha/alpha_dev.py:{line}. Yours is in force, and the other follows as comments." in ran.out
    assert len(lines) == 2


def test_a_merge_that_would_not_be_python_puts_the_newer_file_beside(editions):
    mine = editions.write('"""Twice `x`.', '"""Mine: twice `x`."""\n    """')
    editions.change('"""Twice `x`.', '"""Newer: twice `x`."""\n    """')
    ran = editions.update()
    assert "alpha_dev.py. Yours is in force; the other is modules/01_alpha/alpha_dev.py.new." in ran.out, ran.text
    assert editions.mine.read_dev() == mine
    beside = editions.mine.dev.with_name("alpha_dev.py.new")
    assert beside.read_text(encoding="utf-8") == editions.mine.start.read_text(encoding="utf-8")


@pytest.mark.parametrize("mine", ["return (", "\0"])
def test_a_file_that_is_not_python_now_is_merged_all_the_same(editions, mine):
    editions.write(STUB, mine)
    editions.change("# # Module 01: Alpha", "# # Told better")
    assert editions.update().status == 0
    assert mine in editions.mine.read_dev() and "# # Told better" in editions.mine.read_dev()


def test_line_ends_a_byte_order_mark_and_cells_of_ones_own_stay_as_they_are(editions):
    own = '#%%\nNOTE = """\n# %% no cell\n"""  # \u2028 # %% nor this\n\n'
    mine = editions.write(STUB, MINE).replace("# %% nbgrader", f"{own}# %% nbgrader", 1)
    editions.mine.dev.write_bytes(b"\xef\xbb\xbf" + mine.encode().replace(b"\n", b"\r\n"))
    editions.change("Returns a number.", "Returns a newer number.")
    ran = editions.update()
    assert ran.status == 0 and "Changed by you" not in ran.out, ran.text
    new = mine.replace("Returns a number.", "Returns a newer number.")
    assert editions.mine.dev.read_bytes() == b"\xef\xbb\xbf" + new.encode().replace(b"\n", b"\r\n")


def test_a_file_that_is_not_text_stays(editions):
    editions.mine.dev.write_bytes(b"\xff\xfe mine")
    editions.change("# # Module 01: Alpha", "# # Told better")
    ran = editions.update()
    assert "the other is modules/01_alpha/alpha_dev.py.new" in ran.out
    assert editions.mine.dev.read_bytes() == b"\xff\xfe mine"


def test_files_that_are_not_merged(editions):
    tests = editions.root / "tests" / "01_alpha"
    source = editions.reference.root / "tests" / "01_alpha"
    (source / "test_gone.py").write_text("old\n")
    (source / "test_kept.py").write_text("old\n")
    (source / "test_both.py").write_text("old\n")
    (source / "test_mine.py").write_text("old\n")
    (source / "test_removed.py").write_text("old\n")
    assert editions.update().status == 0
    (tests / "test_both.py").write_text("mine\n")
    (tests / "test_mine.py").write_text("mine\n")
    (tests / "test_kept.py").write_text("mine\n")
    (tests / "test_removed.py").unlink()
    (tests / "test_own.py").write_text("mine\n")
    for name in ("test_gone.py", "test_kept.py"):
        (source / name).unlink()
    (source / "test_both.py").write_text("newer\n")
    (source / "test_double.py").write_text("newer\n")
    (source / "test_more.py").write_text("newer\n")
    ran = editions.update()
    found = {path.name: path.read_text() for path in sorted(tests.iterdir())}
    assert found == {
        "test_both.py": "mine\n",
        "test_both.py.new": "newer\n",
        "test_double.py": "newer\n",
        "test_kept.py": "mine\n",
        "test_mine.py": "mine\n",
        "test_more.py": "newer\n",
        "test_own.py": "mine\n",
    }
    assert "tests/01_alpha/test_both.py. Yours is in force; the other is tests/01_alpha/test_both.py.new." in ran.out
    assert "No longer handed out, and kept, since you have changed it: tests/01_alpha/test_kept.py" in ran.out


def test_a_given_module_that_the_student_did_not_touch_is_replaced_with_its_export(whole, tito, monkeypatch):
    editions = Editions(whole, tito)
    shutil.rmtree(editions.root)
    assert tito("init", str(editions.root), "--start-at", "09").status == 0
    monkeypatch.chdir(editions.root)
    editions.change("return 2 * x", "return x + x")
    assert editions.update("--start-at", "09").status == 0
    assert "return x + x" in editions.mine.read_dev() and "return x + x" in editions.mine.core.read_text()
    mine = editions.write("return x + x", "return x * 2")
    core = editions.mine.core.read_text()
    editions.change("return x + x", "return 2.0 * x")
    ran = editions.update("--start-at", "09")
    assert "the other is modules/01_alpha/alpha_dev.py.new" in ran.out
    assert (editions.mine.read_dev(), editions.mine.core.read_text()) == (mine, core)


def test_undo_takes_the_update_back_and_undo_brings_it_in_again(editions):
    editions.write(STUB, MINE)
    editions.change("# # Module 01: Alpha", "# # Told better")
    (editions.reference.root / "tests" / "01_alpha" / "test_more.py").write_text("newer\n")
    before = editions.files()
    assert editions.update().status == 0
    after = editions.files()
    for expected in (before, after, before):
        ran = editions.tito("undo")
        assert ran.status == 0, ran.text
        assert editions.files() == expected
    assert "before undo (snapshot 3)" in ran.out


def test_a_reset_after_an_update_is_to_what_is_handed_out_now(editions):
    editions.write(STUB, MINE)
    editions.change("TODO: multiply.", "TODO: multiply, or add.")
    editions.update()
    assert editions.tito("module", "reset", "1", "double").status == 0
    assert "or add" in editions.mine.read_dev() and STUB in editions.mine.read_dev()


def test_a_second_update_has_the_first_as_its_start(editions):
    editions.write(STUB, MINE)
    for title in ("# # Second", "# # Third"):
        old = editions.reference.alpha.read_dev()
        editions.change(old[old.index("# # ") :].splitlines()[0], title)
        ran = editions.update()
        assert (
            "Changed by you" not in ran.out and title in editions.mine.read_dev() and MINE in editions.mine.read_dev()
        )


def test_a_notebook_goes_with_its_dev_file(editions):
    editions.tito("notebook", "1")
    editions.write(STUB, MINE)
    editions.change("# # Module 01: Alpha", "# # Told better")
    ran = editions.update()
    assert ran.status == 2
    assert "alpha_dev.ipynb and modules/01_alpha/alpha_dev.py are not in step." in ran.err
    assert "Told better" not in editions.mine.read_dev()
    editions.tito("notebook", "1")
    assert editions.update().status == 0
    assert "Told better" in notebooks.beside(editions.mine).read_text(encoding="utf-8")
    assert "are in step" in editions.tito("notebook", "1").out


def test_places_that_are_no_newer_edition_are_refused_and_nothing_changes(editions, tmp_path):
    editions.change("# # Module 01: Alpha", "# # Told better")
    before = editions.files()
    (tmp_path / "nothing").mkdir()
    older = tmp_path / "older"
    shutil.copytree(editions.root, older)
    told = manifest.read(older)
    (older / manifest.NAME).write_text(manifest.Manifest("2020-01-01T00:00", told.first, told.files).dumps())
    damaged = tmp_path / "damaged"
    shutil.copytree(editions.root, damaged)
    (damaged / manifest.NAME).write_text('{"files": {"../../x": "y"}, "made": "3000", "first": "01"}')
    same = tmp_path / "same"
    shutil.copytree(editions.root, same)
    for source, words in {
        str(editions.root): "is this edition itself",
        str(same): "is the edition that you have",
        str(older): "is older than this edition: made 2020-01-01T00:00",
        str(damaged): "files outside the edition",
        str(tmp_path / "nothing"): "has no .edition.json",
        str(tmp_path / "nowhere"): "there is no folder",
        str(editions.reference.root): "then `tito update DEST` here",
        "https://example.org/course.git": "git clone https://example.org/course.git ../newer",
    }.items():
        ran = editions.tito("update", source)
        assert ran.status in (1, 2), source
        assert words in ran.err
        assert editions.files() == before
    assert snapshots.every(editions.root) == []


def test_an_edition_that_begins_elsewhere_or_is_not_whole_is_refused(editions):
    before = editions.files()
    ran = editions.update("--start-at", "09")
    assert "begins at module 09, and this edition at module 01" in ran.err
    assert "tito init DEST --start-at 01" in ran.err
    editions.update()
    old = editions.tito("undo")
    assert old.status == 0
    (editions.newer / "README.md").unlink()
    ran = editions.tito("update", str(editions.newer))
    assert "is not whole: README.md is missing" in ran.err
    assert editions.files() == before


def test_the_reference_course_is_not_updated(whole, tito):
    ran = tito("update", "..")
    assert ran.status == 2
    assert "is not a student edition: there is nothing to update" in ran.err


def test_a_change_that_was_decided_on_is_finished_by_the_next_command(editions, monkeypatch, capsys):
    editions.write(STUB, MINE)
    editions.change("# # Module 01: Alpha", "# # Told better")
    assert editions.update().status == 0
    after = editions.files()
    assert editions.tito("undo").status == 0
    real, calls = os.replace, []

    def killed(*names):
        calls.append(names)
        if len(calls) > 1:
            raise KeyboardInterrupt
        real(*names)

    planned = update.plan(Course(editions.root), str(editions.newer))
    monkeypatch.setattr(changes.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        update.apply(Course(editions.root), planned)
    monkeypatch.setattr(changes.os, "replace", real)
    assert editions.files() != after
    monkeypatch.chdir(editions.root / "modules")
    monkeypatch.setattr(sys, "argv", ["tito", "--version"])
    main()
    assert "an update or undo that was broken off is finished now" in capsys.readouterr().err
    assert editions.files() == after
    assert not (editions.root / ".tito" / "changes").exists()


def test_a_place_that_cannot_be_written_leaves_everything_as_it_was(editions, monkeypatch):
    editions.change("# # Module 01: Alpha", "# # Told better")
    before = editions.files()
    allowed = os.access
    monkeypatch.setattr(changes.os, "access", lambda path, mode: "modules" not in str(path) and allowed(path, mode))
    ran = editions.update()
    assert ran.status == 2
    assert "cannot write" in ran.err and "What was there is unchanged." in ran.err
    assert editions.files() == before
    assert not (editions.root / ".tito" / "changes").exists()


def test_the_executable_bit_stays(editions):
    script = Path(editions.reference.root / "milestones" / "run.py")
    script.parent.mkdir()
    script.write_text("one\n")
    editions.update()
    mine = editions.root / "milestones" / "run.py"
    mine.chmod(0o755)
    script.write_text("two\n")
    editions.update()
    assert mine.read_text() == "two\n" and os.access(mine, os.X_OK)


@pytest.mark.parametrize("content", ["", "{", "3", '{"a": 1}', "[1, null]"])
def test_a_damaged_list_of_what_goes_takes_nothing_away(editions, content, capsys):
    decided = editions.root / ".tito" / "changes"
    (decided / "files" / "tests").mkdir(parents=True)
    (decided / "files" / "tests" / "new.py").write_text("new")
    (decided / "gone").write_text(content)
    before = editions.files()
    changes.finish_here()
    assert editions.files() == {**before, "tests/new.py": b"new"}
    assert not decided.exists()


def test_what_cannot_be_finished_is_told_with_what_to_do(editions):
    decided = editions.root / ".tito" / "changes"
    (decided / "files").mkdir(parents=True)
    (decided / "files" / "tests").write_text("a file where a folder is")
    with pytest.raises(SystemExit, match="was broken off and cannot be finished(.|\n)*to give it up as it is, remove"):
        changes.finish_here()


@pytest.fixture
def cloned(editions, tmp_path, monkeypatch) -> Editions:
    """The student's edition is a clone by a git that writes Windows' line ends, of an edition that forbids none."""
    clone = tmp_path / "clone"
    git = ["git", "-c", "core.autocrlf=true", "-c", "core.safecrlf=false"]
    subprocess.run([*git, "clone", "--quiet", str(editions.root), str(clone)], check=True)
    monkeypatch.chdir(clone)
    editions.root, editions.mine = clone, Course(clone).module("alpha")
    assert b"\r\n" in editions.mine.dev.read_bytes() and b"\r\n" in (clone / "README.md").read_bytes()
    return editions


def test_line_ends_that_git_changed_are_not_taken_for_the_students_change(cloned):
    test = cloned.reference.root / "tests" / "01_alpha" / "test_double.py"
    test.write_text(test.read_text() + "\n\ndef test_more():\n    assert double(0) == 0\n")
    cloned.change("# # Module 01: Alpha", "# # Module 01: Alpha, told better")
    content = cloned.mine.dev.read_bytes()
    cloned.mine.dev.write_bytes(content.replace(STUB.encode(), MINE.encode()))
    ran = cloned.update()
    assert ran.status == 0, ran.text
    assert MINE in cloned.mine.read_dev() and "told better" in cloned.mine.read_dev()
    assert "test_more" in (cloned.root / "tests" / "01_alpha" / "test_double.py").read_text()
    assert not list(cloned.root.rglob("*.new")) and "Changed by you" not in ran.out
    readme = (cloned.root / "README.md").read_bytes()
    assert b"\r\n" in readme, "a file in which nothing is new stays as it is"


def test_a_newer_edition_may_be_such_a_clone(editions, tmp_path, monkeypatch):
    editions.write(STUB, MINE)
    editions.change("# # Module 01: Alpha", "# # Module 01: Alpha, told better")
    before = editions.files()
    assert editions.update().status == 0
    assert editions.tito("undo").status == 0 and editions.files() == before
    clone = tmp_path / "clone"
    subprocess.run(["git", "-c", "core.autocrlf=true", "clone", "--quiet", str(editions.newer), str(clone)], check=True)
    assert b"\r\n" in (clone / "README.md").read_bytes()
    ran = editions.tito("update", str(clone))
    assert ran.status == 0, ran.text
    assert "told better" in editions.mine.read_dev() and MINE in editions.mine.read_dev()
    texts = {name: content for name, content in editions.files().items() if name.endswith((".py", ".md", ".json"))}
    assert texts and not [name for name, content in texts.items() if b"\r\n" in content]
