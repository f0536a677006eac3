"""Running a program in a child: its time, its output, what it leaves behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tito import child
from tito.errors import TitoError

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, capfd):
    def run(code: str, limit: float = 20.0) -> tuple[child.Outcome, str]:
        (tmp_path / "program.py").write_text(code)
        outcome = child.run(["program.py"], cwd=tmp_path, env=child.environment(tmp_path), limit=limit)
        return outcome, capfd.readouterr().out

    return run


def ends(pid: int) -> bool:
    """Whether the process is gone within two seconds (a signal takes a moment to arrive)."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True).stdout
        if state.strip() in ("", "Z"):  # a zombie has ended, and waits for its parent to look
            return True
        time.sleep(0.02)
    return False


def test_output_and_status_come_through(run):
    outcome, out = run("import sys; print('hello'); print('there', file=sys.stderr); sys.exit(3)")
    assert (outcome.status, outcome.timed_out) == (3, False)
    assert out == "hello\nthere\n"


def test_a_child_that_is_done_is_not_waited_for(run):
    began = time.monotonic()
    run("print('done')", limit=60)
    assert time.monotonic() - began < 5


def test_a_hundred_megabytes_of_output_are_cut_and_counted(run):
    outcome, out = run("for _ in range(100): print('x' * 1_000_000)")
    assert outcome.status == 0
    assert len(out) < child.SHOWN_BYTES + 1000
    assert "99,000,100 more bytes of output left out" in out


def test_time_up_tells_the_line_and_keeps_the_dump_to_itself(run):
    outcome, out = run("def wait():\n    while True:\n        pass\n\nwait()\n", limit=0.5)
    assert outcome.timed_out
    path, line, function = outcome.frames()[0]
    assert (path.name, function) == ("program.py", "wait")
    assert line in (2, 3)
    assert out == ""


def test_a_child_that_will_not_be_told_is_ended_all_the_same(run):
    code = "import faulthandler, signal, time\nfaulthandler.disable()\nsignal.signal(signal.SIGABRT, signal.SIG_IGN)\n"
    began = time.monotonic()
    outcome, _ = run(code + "while True: time.sleep(1)", limit=0.5)
    assert outcome.timed_out
    assert outcome.frames() == []
    assert time.monotonic() - began < 10


def test_what_the_child_started_ends_with_it(run):
    code = "import subprocess, sys\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid)"
    began = time.monotonic()
    _, out = run(code)
    assert time.monotonic() - began < 10, "a grandchild that holds the output open is not waited for"
    assert ends(int(out))


def test_what_a_stopped_child_started_ends_too(run):
    code = "import subprocess, time\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid, flush=True)\ntime.sleep(60)"
    outcome, out = run(code, limit=1)
    assert outcome.timed_out
    assert ends(int(out.split()[0]))


@pytest.mark.parametrize("closing", ["", "os.close(1); os.close(2)"])
def test_who_waits_may_break_off_and_nothing_of_the_child_is_left(tmp_path, closing):
    code = "import os, subprocess, time\np = subprocess.Popen(['sleep', '60'])\nopen('pids', 'w').write(f'{os.getpid()} {p.pid}')\n"
    (tmp_path / "program.py").write_text(f"{code}{closing}\ntime.sleep(60)")

    def break_off():
        if (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().count(" "):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        child.run(["program.py"], cwd=tmp_path, env=child.environment(tmp_path), limit=20, meanwhile=break_off)
    assert all(ends(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_a_child_that_closes_its_output_still_has_its_time_limit(run):
    began = time.monotonic()
    outcome, _ = run("import os, time\nos.close(1)\nos.close(2)\ntime.sleep(60)", limit=0.5)
    assert outcome.timed_out
    assert time.monotonic() - began < 10


def test_a_program_that_reads_its_input_finds_none(run):
    outcome, out = run("import sys; print(repr(sys.stdin.read()))")
    assert (outcome.status, out) == (0, "''\n")


def test_only_the_course_at_hand_and_the_tool_are_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert child.environment(tmp_path)["PYTHONPATH"].split(os.pathsep) == [str(tmp_path), str(REPOSITORY)]


def test_variables_by_which_the_same_files_run_otherwise_are_left_out(tmp_path, monkeypatch):
    ours = child.environment(tmp_path)
    for name in ("PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSAFEPATH", "PYTEST_ADDOPTS",
                 "PYTEST_PLUGINS", "_PYTEST_RAISE", "TITO_DIAGNOSE", "TITO_CHAPTERS"):  # fmt: skip
        monkeypatch.setenv(name, "1")
    assert child.environment(tmp_path) == ours


def test_a_path_that_python_would_split_is_refused(tmp_path):
    with pytest.raises(TitoError, match=r"cs:249r holds ':', which separates folders in PYTHONPATH") as error:
        child.environment(tmp_path / "cs:249r")
    assert error.value.fix == f"Rename the folder: `mv {tmp_path}/cs:249r {tmp_path}/cs-249r`"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the processor time of another process")
def test_a_child_whose_parent_was_killed_does_not_run_for_ever(run):
    outcome, _ = run("import resource, time; time.sleep(0.2); print(resource.getrlimit(resource.RLIMIT_CPU))", limit=7)
    soft, hard = map(int, outcome.tail.strip("()\n").split(","))
    assert 7 * (os.cpu_count() or 1) < soft == hard < 7 * (os.cpu_count() or 1) + 60
