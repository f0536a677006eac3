"""Closed outputs, pipes that nobody reads, a current folder that is gone, no home: a sentence or silence, never a crash."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tinytorch.data import __main__ as data

REPOSITORY = Path(__file__).resolve().parents[2]
CLOSED = [">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-"]
# command -> its exit status
COMMANDS = {"--version": 0, "--help": 0, "module status": 0, "module test 1": 0, "module test nope": 2}


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TITO": f"{sys.executable} -m tito"}
    return subprocess.run(["bash", "-c", command], cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_inputs_and_outputs_change_no_status(tree, closed):
    for command, status in COMMANDS.items():
        ran = shell(f"$TITO {command} {closed}", tree.root)
        assert (ran.returncode, "Traceback" in ran.stdout + ran.stderr) == (status, False), (command, ran)
        assert bool(ran.stdout) is (">&-" not in closed.replace("2>&-", "") and status == 0), command
        assert bool(ran.stderr) is ("2>&-" not in closed and status == 2), command


def test_a_closed_output_is_no_place_for_the_files_that_are_opened_next(tree):
    """The lowest free number is the next file's: a child that prints would write into a record."""
    program = tree.root / "milestones" / "speaks.py"
    program.parent.mkdir()
    program.write_text('"""Speaks."""\nimport sys\nprint("words")\nprint("more words", file=sys.stderr)\n')
    for command in ("milestone run speaks", "module complete 1"):
        ran = shell(f"$TITO {command} >&- 2>&-", tree.root)
        assert ran.returncode == 0, ran
    for path in tree.root.rglob("*"):
        assert path == program or not path.is_file() or b"more words" not in path.read_bytes(), path


@pytest.mark.parametrize("command", ["--version", "--help", "module status", "module test 1", "module list"])
def test_a_pipe_that_nobody_reads_ends_it_in_silence(tree, command):
    ran = shell(f"exec 3> >(true); wait $!; $TITO {command} >&3", tree.root)
    assert ran.returncode == 128 + 13, ran  # as a program that SIGPIPE ends
    assert ran.stderr == ""


def test_errors_that_nobody_reads_end_it_in_silence(tree):
    ran = shell("exec 3> >(true); wait $!; $TITO module test nope 2>&3", tree.root)
    assert (ran.returncode, ran.stdout, ran.stderr) == (128 + 13, "", "")


@pytest.mark.parametrize("command", ["module status", "module test 1", "undo --list", "data path", "watch", "init x"])
def test_a_current_folder_that_is_gone_is_a_sentence(tree, command):
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; $TITO {command}", tree.root)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines() == [
        "tito: the current folder is gone or closed to you (No such file or directory).",
        "      Go to the course's folder: `cd PATH/TO/TINYTORCH`.",
    ]


@pytest.mark.parametrize("command", ["--version", "--help", "doctor"])
def test_what_needs_no_course_works_in_a_folder_that_is_gone(tree, command):
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; $TITO {command}", tree.root)
    assert ran.returncode == (1 if command == "doctor" else 0)
    assert ran.stdout and "Traceback" not in ran.stdout + ran.stderr


@pytest.fixture
def homeless(monkeypatch):
    """No HOME, and a user that the system has no home for, as in a container."""

    def unknown(user: int):
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "TINYTORCH_DATA"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_home_the_place_of_data_is_a_sentence(homeless, capsys, monkeypatch):
    for arguments in (["path"], ["get", "cifar10"], ["get", "cifar10", "--data", "~/data"]):
        assert data.main(arguments) == 1
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("error: ~/") and "none is known here: set HOME, or name another" in err
    monkeypatch.setenv("TINYTORCH_DATA", "/data")
    assert data.main(["path"]) == 0
    assert capsys.readouterr().out == "/data\n"


def test_without_a_home_an_update_from_there_is_a_sentence(edition, tito, homeless):
    ran = tito("update", "~/newer")
    assert ran.status == 2
    assert "tito: ~/newer is in a home folder, and none is known here" in ran.err


@pytest.mark.parametrize("home", [None, "/nonexistent/home", "/proc", ""])
def test_no_command_of_a_day_needs_a_home(tree, tito, monkeypatch, home):
    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", home)
    for command in (("module", "complete", "1"), ("notebook", "1"), ("export", "1"), ("module", "status")):
        ran = tito(*command)
        assert (ran.status, "Traceback" in ran.text) == (0, False), ran.text


def test_ctrl_c_while_it_is_being_loaded_is_silent(tree):
    """A module raises here what Ctrl-C raises while a slow disk is read."""
    (tree.root / "typer.py").write_text("raise KeyboardInterrupt\n")
    ran = shell(f"PYTHONPATH=.:{REPOSITORY} $TITO module status", tree.root)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")
