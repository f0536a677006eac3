"""The command line as a whole: what it prints, what it imports, what it passes on."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def process(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """`tito` as a process of its own, its output as bytes."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **variables}
    return subprocess.run([sys.executable, "-m", "tito", *arguments], env=environment, capture_output=True, timeout=120)


def test_version_is_the_installed_one():
    ran = process("--version")
    assert ran.returncode == 0
    assert ran.stdout.decode() == f"tito {version('tinytorch')}\n"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["module", "complete", "--help"]])
def test_nothing_heavy_is_imported_before_a_command_needs_it(arguments):
    code = (
        "import sys, json\nfrom tito.cli import main\n"
        f"sys.argv = ['tito', *{arguments}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=REPOSITORY, check=True)
    imported = set(json.loads(ran.stdout.splitlines()[-1]))
    assert imported & {"numpy", "jupytext", "nbdev", "fastcore", "pytest", "IPython", "yaml"} == set()
    assert arguments != ["--version"] or "typer" not in imported


@pytest.mark.parametrize("command", [["--help"], ["module", "--help"], ["milestone", "--help"], ["data", "--help"]])
def test_help_names_every_command(tito, command):
    expected = {
        "--help": ["module", "test", "check-course", "export", "milestone", "data", "doctor", "--version"],
        "module": ["list", "status", "test", "complete"],
        "milestone": ["list", "run"],
        "data": ["get", "path"],
    }[command[0]]
    out = tito(*command).out
    assert [name for name in expected if not re.search(rf"^  {name}\b", out, flags=re.MULTILINE)] == []


def test_an_unknown_command_fails(tito):
    ran = tito("modul")
    assert ran.status == 2
    assert "modul" in ran.err


def test_a_terminal_without_unicode_gets_plain_spelling(tree):
    path = tree.alpha.dev
    path.write_text(path.read_text().replace("two and two are four", "2 × 2 → four … é"))
    about = tree.root / "modules" / "01_alpha" / "ABOUT.md"
    about.write_text(about.read_text().replace("title: Alpha", "title: Älpha — first"))
    for command in (["module", "complete", "alpha"], ["test", "alpha"]):
        ran = process(*command, PYTHONIOENCODING="ascii")
        out = ran.stdout.decode("ascii")
        assert ran.returncode == 0, out + ran.stderr.decode("ascii")
        assert "1 of 1 inline tests passed" in out
    listed = process("module", "list", PYTHONIOENCODING="ascii").stdout.decode("ascii")
    assert "Alpha - first" in listed


def test_a_students_own_unicode_does_not_crash_in_a_plain_terminal(tree):
    path = tree.alpha.dev
    path.write_text(path.read_text().replace("return 2 * x", "print('\\u2713 done')"))
    ran = process("module", "test", "alpha", PYTHONIOENCODING="ascii")
    assert ran.returncode == 1, ran.stdout
    assert b"it printed:\n        ? done\n" in ran.stdout


def test_a_pipe_gets_no_colour_codes(tree):
    assert b"\x1b" not in process("module", "complete", "alpha").stdout


def test_milestones_are_listed_with_the_first_line_of_their_docstring(tree, tito):
    write_milestone(tree, "cnn", '"""A small network learns to see.\n\nMore.\n"""\n')
    write_milestone(tree, "_helper", "")
    out = tito("milestone", "list").out
    assert re.search(r"^cnn\s+A small network learns to see\.\s*$", out, flags=re.MULTILINE)
    assert "_helper" not in out


def test_a_milestone_of_several_files_is_a_folder_that_says_what_it_is_in_its_main(tree, tito):
    write_milestone(tree, "_helper", "")
    folder = tree.root / "milestones" / "experiments"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "more.py").write_text("NUMBER = 7\n")
    (folder / "__main__.py").write_text(
        '"""What it costs."""\nimport sys\nimport more\nprint(more.NUMBER, sys.argv[1:])\n'
    )
    (tree.root / "milestones" / "notes").mkdir()
    listed = tito("milestone", "list").out
    assert re.search(r"^experiments\s+What it costs\.\s*$", listed, flags=re.MULTILINE)
    assert "notes" not in listed
    assert process("milestone", "run", "experiments", "memory").stdout.decode() == "7 ['memory']\n"


def test_a_milestone_gets_its_arguments_and_its_status_comes_back(tree):
    write_milestone(tree, "cnn", "import sys\nimport tinytorch\nprint(sys.argv[1:], tinytorch.__file__)\nsys.exit(7)\n")
    ran = process("milestone", "run", "cnn", "--epochs", "3", "file name", "-x")
    assert ran.returncode == 7
    assert ran.stdout.decode().split(" /")[0] == "['--epochs', '3', 'file name', '-x']"
    assert str(tree.root) in ran.stdout.decode(), "the course at hand is what runs"


def test_a_milestone_runs_in_the_current_folder(tree, monkeypatch):
    write_milestone(tree, "cnn", "import os\nprint(os.getcwd())\n")
    monkeypatch.chdir(tree.root / "tests")
    assert process("milestone", "run", "cnn").stdout.decode() == f"{(tree.root / 'tests').resolve()}\n"


def test_an_unknown_milestone_is_answered_with_the_nearest_name(tree, tito):
    write_milestone(tree, "cnn", "")
    write_milestone(tree, "cifar10", "")
    ran = tito("milestone", "run", "cifar")
    assert ran.status == 2
    assert "milestones/ has no 'cifar'." in ran.err
    assert "Did you mean `cifar10`? It has: cifar10, cnn." in ran.err


def write_milestone(tree, name: str, text: str) -> None:
    folder = tree.root / "milestones"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)


def test_data_commands_go_to_the_library(tree):
    package = tree.root / "tinytorch" / "data"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(4)\n")
    ran = process("data", "get", "cifar10", "--data", "some dir")
    assert (ran.returncode, ran.stdout.decode()) == (4, "['get', 'cifar10', '--data', 'some dir']\n")
    assert process("data", "path").stdout.decode() == "['path']\n"


def test_doctor_looks_at_everything_and_says_where_tinytorch_comes_from(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    out = process("doctor").stdout.decode()
    for topic in ("Python", "packages", "course", "tinytorch", "BLAS", "folder", "disk", "terminal"):
        assert re.search(rf"^(ok|note|FAIL) +{topic}: ", out, flags=re.MULTILINE), (topic, out)
    assert f"imported from {REPOSITORY}" in out
    assert f"numpy {version('numpy')}" in out


def test_doctor_names_a_tinytorch_that_is_not_this_course(tree):
    ran = process("doctor")  # the repository's package is on the path, and the folder is another course
    out = ran.stdout.decode()
    assert ran.returncode == 1
    assert re.search(r"FAIL +tinytorch: imported from .*, which is not this course", out)
    assert "pip uninstall tinytorch" in out


def test_doctor_tells_a_plain_terminal(tree):
    assert "ascii: Unicode is spelled in ASCII" in process("doctor", PYTHONIOENCODING="ascii").stdout.decode("ascii")


def test_doctor_outside_a_course_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = process("doctor")
    assert ran.returncode == 1
    assert b"is not in a TinyTorch tree" in ran.stdout


def test_what_the_readme_names_exists():
    text = (REPOSITORY / "README.md").read_text()
    paths = re.findall(
        r"(?<![\w/])((?:modules|tests|tinytorch|tito|milestones|benchmarks|scripts|\.ci)/[\w./-]*)", text
    )
    assert len(paths) > 10
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []
    commands = re.findall(r"\btito (module \w+|milestone \w+|init|test|undo|export|doctor)\b", text)
    app = "".join((REPOSITORY / "tito" / name).read_text() for name in ("commands.py", "edition_commands.py"))
    assert [name for name in commands if f'_app.command("{name.split()[-1]}"' not in app.replace("@app", "@_app")] == []


def test_ci_runs_the_readmes_two_commands_as_they_stand_there():
    commands = re.findall(
        r"^source scripts/activate-tinytorch && .+$", (REPOSITORY / "README.md").read_text(), re.MULTILINE
    )
    ci = (REPOSITORY / ".ci" / "run").read_text()
    assert commands == [
        "source scripts/activate-tinytorch && tito module complete 09",
        "source scripts/activate-tinytorch && pytest",
    ]
    assert [command for command in commands if f"step '{command}'" not in ci] == []


def test_bench_runs_a_program_of_benchmarks_and_hands_its_arguments_on(tree, tito):
    folder = tree.root / "benchmarks"
    folder.mkdir()
    (folder / "stopwatch.py").write_text('"""How long it takes."""\nimport sys\nprint("timed", *sys.argv[1:])\n')
    assert "How long it takes." in tito("bench").out
    assert b"timed --json out.json" in process("bench", "stopwatch", "--json", "out.json").stdout
    ran = tito("bench", "stopwach")
    assert ran.status == 2
    assert "Did you mean `stopwatch`?" in ran.err


@pytest.mark.parametrize("command", [["bench"], ["module", "solution"], ["check-course"], ["summary"], ["watch"]])
def test_help_says_what_arguments_are_and_no_bracket_is_escaped(tito, command):
    shown = tito(*command, "--help").out
    assert "\\" not in shown
    arguments = shown.split("Arguments:")[1].split("Options:")[0].strip().splitlines()
    assert all(re.match(r"\s*\S+  +\S|\s{4,}\S", line) for line in arguments), shown


@pytest.mark.parametrize("told", ["tinytorch.nn.Conv2d is made in module 09, which is not built yet", "no module x"])
def test_a_milestone_without_its_module_says_so_in_a_line_and_other_errors_stay_whole(tree, monkeypatch, told):
    (tree.root / "milestones").mkdir(exist_ok=True)
    (tree.root / "milestones" / "cnn.py").write_text(f'"""Sees."""\n\nraise ImportError({told!r})\n', encoding="utf-8")
    monkeypatch.chdir(tree.root)
    ran = process("milestone", "run", "cnn")
    assert ran.returncode == 1 and ran.stdout == b""
    if "not built yet" in told:
        assert ran.stderr.decode() == f"cnn: {told}\n"
    else:
        assert "Traceback" in ran.stderr.decode() and told in ran.stderr.decode()
