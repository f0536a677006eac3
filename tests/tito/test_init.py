"""`tito init`: a student edition holds everything but the answers."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tito import init
from tito.course import Course
from tito.dev_file import DevFile
from tito.edition import without_solutions
from tito.errors import TitoError

REPOSITORY = Path(__file__).resolve().parents[2]


def git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def answers(course) -> set[str]:
    """Lines of all solution regions that are long enough to be an answer and stand in nothing that is given."""
    texts = [without_solutions(DevFile(module)) for module in course.modules]
    given = [
        path
        for folder in ("tinytorch", "milestones", "benchmarks", "tests")
        for path in (REPOSITORY / folder).rglob("*.py")
    ]
    texts += [
        path.read_text(encoding="utf-8")
        for path in given
        if not {"core", "misconceptions", "solutions"} & {*path.parts}
    ]
    handed_out = "\n".join(texts)
    lines = set()
    for module in course.modules:
        dev = DevFile(module)
        text = dev.text.splitlines()
        regions = [region for cell in dev.cells for region in dev.regions(cell)]
        lines |= {line.strip() for first, last in regions for line in text[first : last - 1]}
    return {line for line in lines if len(line) > 20 and line not in handed_out}


def test_no_line_of_any_solution_of_the_course_is_in_an_edition(tmp_path):
    course = Course(REPOSITORY)
    secret = answers(course)
    assert len(secret) > 150, "the course has that many"
    init.make(course, tmp_path / "edition", course.modules[0], notebooks=True)
    texts = {path: path.read_bytes() for path in (tmp_path / "edition").rglob("*") if path.is_file()}
    assert {path.suffix for path in texts} >= {".py", ".ipynb", ".json", ".zip"}
    texts[tmp_path / "git objects"] = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"], cwd=tmp_path / "edition", capture_output=True, check=True
    ).stdout
    assert found(secret, texts) == []
    seals = [zipfile.ZipFile(path) for path in texts if path.match(".start/sealed.zip")]
    unsealed = {Path(name): seal.read(name) for seal in seals for name in seal.namelist()}
    assert {line for _, line in found(secret, unsealed)} == secret, "all of them are in the seals"


def test_no_alternative_solution_of_the_course_is_in_an_edition(tmp_path):
    files = {path.name: path.read_bytes() for path in (REPOSITORY / "tests" / "solutions").rglob("*.py")}
    assert files, "the course has some"
    init.make(Course(REPOSITORY), tmp_path / "edition", Course(REPOSITORY).modules[0])
    handed_out = [path for path in (tmp_path / "edition").rglob("*") if path.is_file()]
    assert [path for path in handed_out if path.name in files or path.read_bytes() in files.values()] == []
    assert sorted(path.name for path in (tmp_path / "edition" / "tests").iterdir()) == [
        *(module.folder for module in Course(REPOSITORY).modules),
        *("conftest.py", "milestones", "parity"),
    ]


def found(lines: set[str], texts: dict[Path, bytes]) -> list[tuple[str, str]]:
    """(file, line) for each of the lines that a file holds, as plain text or in JSON."""
    told = {line: {line, json.dumps(line)[1:-1], json.dumps(line, ensure_ascii=False)[1:-1]} for line in lines}
    hits = []
    for path, content in texts.items():
        text = content.decode("utf-8", errors="replace")
        hits += [(path.name, line) for line, ways in told.items() if any(way in text for way in ways)]
    return hits


def test_mistakes_are_named_from_the_sealed_catalogue(tmp_path):
    course = Course(REPOSITORY)
    init.make(course, tmp_path / "edition", course.modules[0])
    look = "import tinytorch\nfrom tinytorch.testing.misconceptions import catalogue\nprint(len(catalogue()))"
    counts = []
    for root in (REPOSITORY, tmp_path / "edition"):
        ran = subprocess.run([sys.executable, "-c", look], cwd=root, capture_output=True, text=True, check=True)
        counts.append(int(ran.stdout))
    assert counts[0] == counts[1] > 400


def test_every_solution_is_its_stub_and_the_file_can_be_had_back(edition):
    text = edition.alpha.read_dev()
    assert 'raise NotImplementedError("Module 01, exercise 1: double")' in text
    assert "SOLUTION" not in text
    assert "return 2 * x" not in text
    assert edition.alpha.start.read_text(encoding="utf-8") == text


def test_an_edition_is_one_commit_and_nothing_else(edition):
    assert git(edition.root, "log", "--format=%s") == "TinyTorch, the student edition from module 01 on\n"
    assert git(edition.root, "status", "--porcelain", "--ignored") == ""
    assert "modules/01_alpha/.start/alpha_dev.py" in git(edition.root, "ls-files")
    assert git(edition.root, "fsck", "--unreachable") == ""


def test_an_edition_comes_out_whatever_git_is_told_elsewhere(whole, tito, monkeypatch, tmp_path):
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "hooks" / "pre-commit").chmod(0o755)
    settings = (
        f"[commit]\n\tgpgsign = true\n[core]\n\texcludesFile = {tmp_path}/ignored\n\thooksPath = {tmp_path}/hooks\n"
    )
    (tmp_path / ".gitconfig").write_text(settings)
    (tmp_path / "ignored").write_text("*.py\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert tito("init", "../out").status == 0
    monkeypatch.delenv("GIT_DIR")
    assert "modules/01_alpha/alpha_dev.py" in git(tmp_path / "out", "ls-files")


def test_modules_before_the_first_are_given_and_built(whole, tito, monkeypatch):
    ran = tito("init", "../a b", "--start-at", "spatter")
    assert ran.status == 0, ran.text
    assert "Given and built: module 01." in ran.out
    assert "cd '../a b' && source scripts/activate-tinytorch\n      tito module start 09\n" in ran.out
    root = whole.root.parent / "a b"
    monkeypatch.chdir(root)
    made = Course(root)
    assert made.module("01").given and not made.module("09").given
    assert made.module("01").read_dev() == whole.alpha.read_dev()
    assert "return 2 * x" in made.module("01").core.read_text()
    assert "given" in next(line for line in tito("module", "status").out.splitlines() if "01_alpha" in line)
    assert sorted(path.name for path in made.module("01").core.parent.iterdir()) == ["__init__.py", "alpha.py"]
    assert not made.module("01").start.exists()
    assert made.module("09").start.is_file()


def test_what_lies_about_in_the_course_is_not_handed_out(whole, tito):
    answer = whole.alpha.read_dev()
    left = [
        *("modules/01_alpha/old_dev.py", "modules/01_alpha/alpha_dev.ipynb", "tinytorch/core/alpha.py"),
        *(
            "tinytorch/core/__pycache__/alpha.pyc",
            "tests/.cache/alpha.py",
            "tests/tito/test_x.py",
            "tests/solutions/plain/01_alpha.py",
            ".tito/x",
            "notes.py",
        ),
    ]
    for name in left:
        (whole.root / name).parent.mkdir(parents=True, exist_ok=True)
        (whole.root / name).write_text(answer)
    assert tito("init", "../out").status == 0
    out = whole.root.parent / "out"
    assert [name for name in left if (out / name).exists()] == []
    assert (out / "tests" / "01_alpha" / "test_double.py").is_file()


def test_the_pictures_of_a_page_go_with_it_and_nothing_else_of_their_folder(whole, tito):
    drawn = '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    for module in ("01_alpha", "09_spatter"):
        pictures = whole.root / "modules" / module / "pictures"
        pictures.mkdir()
        (pictures / "window.svg").write_text(drawn)
        (pictures / "draw.py").write_text(whole.alpha.read_dev())
    assert tito("init", "../out", "--start-at", "09").status == 0
    for module in ("01_alpha", "09_spatter"):
        pictures = whole.root.parent / "out" / "modules" / module / "pictures"
        assert [path.name for path in pictures.iterdir()] == ["window.svg"]
        assert (pictures / "window.svg").read_text() == drawn


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_place_that_is_taken_is_refused_and_untouched(whole, tito, kind):
    place = whole.root.parent / "taken"
    kept = place / "mine.txt" if kind == "folder" else place
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    ran = tito("init", str(place))
    assert ran.status == 2
    assert f"{place} is there already, and not empty. It is untouched." in ran.err
    assert kept.read_text() == "mine"
    assert sorted(path.name for path in place.parent.iterdir()) == ["my course é", "taken"]


def test_an_empty_folder_is_filled(whole, tito):
    (whole.root.parent / "empty").mkdir()
    assert tito("init", "../empty").status == 0
    assert (whole.root.parent / "empty" / "modules").is_dir()


@pytest.mark.parametrize(
    ("place", "words"), [("no/where", "there is no folder"), ("modules/new", "is in the course's own modules")]
)
def test_a_place_that_cannot_be_is_refused(whole, tito, place, words):
    ran = tito("init", place)
    assert ran.status == 2
    assert words in ran.err


def test_a_failure_leaves_nothing_behind(whole, tito, monkeypatch):
    def refuse(*_):
        raise TitoError("no", "no")

    monkeypatch.setattr(init, "_commit", refuse)
    assert tito("init", "../out").status == 2
    assert os.listdir(whole.root.parent) == ["my course é"]


def test_without_git_it_says_so(whole, tito, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    ran = tito("init", "../out")
    assert "git is not installed" in ran.err
    assert os.listdir(whole.root.parent) == ["my course é"]


def test_an_edition_cannot_be_made_from_an_edition(edition, tito):
    ran = tito("init", "../another")
    assert ran.status == 1
    assert "alpha_dev.py:37: this course does not hold the answers: Module 01, exercise 1: double." in ran.err
    assert "Run `tito init` in the reference course." in ran.err


def test_a_fresh_edition_is_not_started(edition, tito):
    ran = tito("test", "alpha")
    assert ran.status == 1
    assert "not started   1  double" in ran.out
    assert "test_double: not written yet." in ran.out
