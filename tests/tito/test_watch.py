"""`tito watch`: in a pipe, and in a pseudo-terminal with its keys."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from tito.course import Course, Module
from tito.keys import Keys
from tito.states import exercise_states

PATIENCE = 40  # seconds until something must have come; a busy machine needs some
WRONG, RIGHT = "return 3 * x", "return 2 * x"
STUB = 'raise NotImplementedError("Module 01, exercise {}: {}")'


def halved(text: str) -> str:
    """The exercise of `double` made into one of `half`."""
    text = text.replace("double", "half").replace("2 * x", "x / 2").replace("half(2)", "half(8)")
    return text.replace("by two", "by a half").replace("two and two are four", "half of eight is four")


@dataclass(frozen=True)
class Edition:
    """A student edition whose first module has two exercises, `double` and `half`."""

    root: Path

    @property
    def course(self) -> Course:
        return Course(self.root)

    @property
    def alpha(self) -> Module:
        return self.course.module("alpha")

    def line_of(self, text: str) -> int:
        lines = self.alpha.dev.read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def text(self, double: str = "", half: str = "") -> str:
        """Its file with these bodies in the place of the stubs."""
        text = self.alpha.start.read_text(encoding="utf-8")
        for number, name, body in ((1, "double", double), (2, "half", half)):
            text = text.replace(STUB.format(number, name), body or STUB.format(number, name))
        return text

    def write(self, double: str = "", half: str = "") -> None:
        self.alpha.dev.write_text(self.text(double, half), encoding="utf-8")


@pytest.fixture
def edition(whole, tito, monkeypatch) -> Edition:
    text = whole.alpha.dev.read_text(encoding="utf-8")
    first, last = text.index("# %% nbgrader"), text.rindex("# %%\nreport()")
    whole.alpha.dev.write_text(text[:last] + halved(text[first:last]) + text[last:], encoding="utf-8")
    root = whole.root.parent / "a student's ü"
    assert tito("init", str(root)).status == 0
    monkeypatch.chdir(root)
    return Edition(root)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tito", "watch", *arguments]


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True).stdout
        if state.strip() in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


def hear_signals() -> None:
    """In the child: as from a shell, although what runs the tests may ignore them (nohup, `&` in a script)."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def hear_a_terminal() -> None:
    """In the child: the same, and Ctrl-C and sizes reach it."""
    hear_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Piped:
    """`tito watch` with pipes for its input and output."""

    def __init__(self, *arguments: str):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command(*arguments), stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, preexec_fn=hear_signals
        )
        self._left = b""

    def line(self) -> str:
        """The next line of output."""
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._left:
            ready, _, _ = select.select([self.process.stdout], [], [], max(deadline - time.monotonic(), 0))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert chunk, f"no further line came; left over: {self._left!r}"
            self._left += chunk
        line, self._left = self._left.split(b"\n", 1)
        return line.decode()

    def end(self) -> tuple[int, str]:
        """Close its input; its exit status, and what it still says."""
        rest, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, (self._left + rest).decode()


@pytest.fixture
def piped():
    started = []

    def start(*arguments: str) -> Piped:
        started.append(Piped(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


class Terminal:
    """`tito watch` in a pseudo-terminal, and what is on its screen."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (24, 80), env: dict[str, str] | None = None):
        self.end, self.side = os.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.side)
        self.written = b""
        inherited = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=self.side,
            stdout=self.side,
            stderr=self.side,
            start_new_session=True,
            env={**inherited, "TERM": "xterm-256color", **(env or {})},
            preexec_fn=hear_a_terminal,
        )

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.end, keys.encode())

    def _read(self, seconds: float) -> None:
        while select.select([self.end], [], [], seconds)[0]:
            self.written += os.read(self.end, 65536)
            seconds = 0.05  # what is being drawn is still coming

    @property
    def lines(self) -> list[str]:
        """The screen as it was drawn last."""
        drawn = self.written.decode(errors="replace").rpartition("\x1b[H")[2]
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn).replace("\r", "").split("\n")]

    def until(self, *texts: str) -> list[str]:
        """Wait until all of these are on the screen, whatever line ends stand between their words; returns it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            shown = " ".join(" ".join(self.lines).split())
            if all(text in shown for text in texts):
                return self.lines
            self._read(0.1)
        raise AssertionError(f"{texts} did not come; the screen is:\n" + "\n".join(self.lines))

    def status(self) -> int:
        """Its exit status, once it ends."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.05)
        self._read(0.05)
        assert self.process.poll() is not None, "it did not end; the screen is:\n" + "\n".join(self.lines)
        return self.process.returncode

    def is_as_before(self) -> bool:
        """Whether the terminal has its modes, its own screen and its cursor back."""
        modes = termios.tcgetattr(self.side) == self.before
        return (
            modes
            and self.written.rfind(b"\x1b[?1049l") > self.written.rfind(b"\x1b[?1049h")
            and (self.written.rfind(b"\x1b[?25h") > self.written.rfind(b"\x1b[?25l"))
        )


@pytest.fixture
def terminal():
    started = []

    def start(*arguments: str, **options) -> Terminal:
        started.append(Terminal(*arguments, **options))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        os.close(one.end)
        os.close(one.side)


def test_in_a_pipe_each_verdict_and_what_is_next_are_lines_until_the_input_ends(edition, piped):
    watch = piped("1")
    assert watch.line() == "Module 01_alpha: Alpha: modules/01_alpha/alpha_dev.py"
    assert watch.line().startswith("FAIL  0 of 2 done, 0 of 10 points. test_double: not written yet. Write it: ")
    place = f"exercise 1, double: modules/01_alpha/alpha_dev.py:{edition.line_of('def double')}"
    assert watch.line() == f"Next: write {place}, then `tito module test 01`"
    edition.write(WRONG)
    place = f"modules/01_alpha/alpha_dev.py:{edition.line_of('def double')}"
    failed = "test_double failed: two and two are four."
    assert watch.line() == f"FAIL  0 of 2 done, 0 of 10 points. {failed} Look at: {place}, in double"
    assert watch.line() == f"Next: fix exercise 1, double: {place}; `tito module hint 01` helps"
    edition.write(RIGHT, "return x / 2")
    assert watch.line() == "ok    2 of 2 done, 10 of 10 points."
    assert watch.line() == "Next: `tito module complete 01`"
    assert watch.end() == (0, "")
    assert [state.state for state in exercise_states(edition.alpha).values()] == ["done", "done"]


def test_without_input_the_file_is_checked_once(edition):
    ran = subprocess.run(command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert (ran.returncode, ran.stderr) == (0, "")
    said, title, verdict, _ = ran.stdout.splitlines()
    assert said == "Module 01 is the first that is not complete: watching it."
    assert title.startswith("Module 01_alpha")
    assert verdict.startswith("FAIL  0 of 2 done")


def test_where_every_module_is_complete_one_must_be_named(edition):
    for about in (edition.root / "modules").glob("*/ABOUT.md"):
        about.write_text(about.read_text(encoding="utf-8").replace("---\n", "---\ngiven: true\n", 1), encoding="utf-8")
    ran = subprocess.run(command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 1
    assert "every module is complete" in ran.stderr
    assert "`tito watch 09`" in ran.stderr


def test_what_an_earlier_module_exports_is_watched_too(edition, piped):
    watch = piped("9", "--poll")
    lines = [watch.line() for _ in range(3)]
    assert lines[1].startswith("FAIL  0 of 1 done")
    assert lines[2] == "Next: `tito module start 01`", "it needs module 01"
    (edition.root / "tinytorch" / "core" / "alpha.py").write_text("# built\n")
    assert watch.line() == lines[1]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_and_what_it_runs(edition, piped, number, status):
    edition.write("import os, time; open('pid', 'w').write(f'{os.getpid()}\\n'); time.sleep(60)")
    watch = piped("1")
    pid = running_pid(edition)
    watch.process.send_signal(number)
    ended, said = watch.end()
    assert ended == status
    assert "Traceback" not in said
    assert is_gone(pid)


def running_pid(edition: Edition) -> int:
    """The process that runs the dev file, which writes its number into a file."""
    path = edition.alpha.dev.with_name("pid")
    deadline = time.monotonic() + PATIENCE
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, "the dev file was not run"
        time.sleep(0.02)
    return int(path.read_text())


def test_one_exercise_is_in_view_until_the_student_says_next(edition, terminal):
    watch = terminal("1")
    shown = watch.until("Exercise 1, double (5 points)", "---- Not written yet.", "0 of 2 done, 0 of 10 points")
    assert shown[3].startswith("[○]")
    assert shown[-1].startswith("h hint   n next   l list   c check all   r reset   q quit")
    edition.write(WRONG)
    shown = watch.until("FAIL two and two are four", "double(2) must be 4")
    assert shown[3].startswith("[✗]")
    assert any(line.strip().startswith("Look at: modules/01_alpha/alpha_dev.py:") for line in shown)
    edition.write(RIGHT)
    assert watch.until("ok Done.", "Press n for exercise 2, half.", "1 of 2 done")[3].startswith("[●]")
    edition.write(RIGHT + "  # so it is")
    time.sleep(1)
    watch.until("Exercise 1, double", "ok Done.")
    watch.press("n")
    assert watch.until("Exercise 2, half", "Not written yet", "1 of 2 done")[3].startswith(" ● [")
    watch.press("h")
    watch.until("Hint 1 of 2: by a half.")
    watch.press("h")
    watch.until("Hint 2 of 2: The shape of a solution")
    watch.press("l")
    watch.until("done 1 double 5 points > not started 2 half 5 points")
    watch.press("l")
    watch.until("Exercise 2, half")
    watch.press("n")
    watch.until("There is no other to do.")
    edition.write(RIGHT, "return x / 2")
    watch.until("All 2 exercises are done. Press c to check all")
    watch.press("q")
    assert watch.status() == 0
    assert watch.is_as_before()
    assert watch.written.rstrip().endswith(b"Module 01_alpha: Alpha: 2 of 2 done, 10 of 10 points")


def test_what_comes_after_next_does_not_turn_back(edition, terminal):
    watch = terminal("1")
    watch.until("Exercise 1, double", "Not written yet")
    edition.write(RIGHT, "import time; time.sleep(3); return x / 2")
    watch.until("Exercise 1, double", "ok Done.", "running test_half")
    watch.press("n")
    watch.until("Exercise 2, half")
    watch.until("2 of 2 done")
    watch.until("Exercise 2, half", "ok Done.")
    edition.write(RIGHT, "import time; time.sleep(3); return x")
    watch.until("running test_half")
    edition.write(RIGHT, "return x")
    watch.until("Exercise 2, half", "FAIL half of eight is four")
    edition.write(WRONG, "import time; time.sleep(2); return x / 2")
    watch.until("Exercise 1, double", "FAIL two and two are four", "running test_half")
    watch.press("n")
    watch.until("Exercise 2, half")
    watch.until("Exercise 2, half", "ok Done.", "1 of 2 done")


def test_who_writes_another_exercise_sees_that_one(edition, terminal):
    watch = terminal("1")
    watch.until("Exercise 1, double", "Not written yet")
    edition.write(half="return x")
    watch.until("Exercise 2, half", "FAIL half of eight is four")
    edition.write(half="return x / 2")
    watch.until("Exercise 2, half", "ok Done.", "Press n for exercise 1, double.")
    edition.write(WRONG, "return x / 2")
    watch.until("Exercise 1, double", "FAIL two and two are four")


def test_a_new_save_ends_the_run_in_flight(edition, terminal):
    edition.write("import os, time; open('pid', 'w').write(f'{os.getpid()}\\n'); time.sleep(600)")
    watch = terminal("1", "--time-limit", "600")
    pid = running_pid(edition)
    watch.until("running test_double")
    edition.write(RIGHT)
    watch.until("1 of 2 done")
    assert is_gone(pid)


def test_an_endless_loop_is_told_by_its_line(edition, terminal):
    edition.write("while True: pass")
    watch = terminal("1", "--time-limit", "2")
    line = edition.line_of("while True")
    watch.until(f"FAIL stopped after 2 seconds: it was in modules/01_alpha/alpha_dev.py:{line}, in double.")


def test_a_file_is_followed_through_renames_and_errors(edition, terminal):
    dev = edition.alpha.dev
    watch = terminal("1")
    watch.until("Not written yet")
    beside = dev.with_name("4913~")
    beside.write_text(edition.text(WRONG), encoding="utf-8")
    os.replace(beside, dev)
    watch.until("FAIL two and two are four")
    dev.rename(dev.with_name("alpha_dev.py~"))
    watch.until("FAIL modules/01_alpha/alpha_dev.py is missing")
    edition.write("return (2 * x")
    line = edition.line_of("return (2 * x")
    watch.until(f"FAIL modules/01_alpha/alpha_dev.py:{line}: this is not valid Python", "Mend this line first.")
    watch.press("h")
    watch.until("First fix what is said above.")
    os.replace(dev, beside)
    beside.write_text(edition.text(RIGHT), encoding="utf-8")
    os.replace(beside, dev)
    watch.until("Exercise 1, double", "ok Done.")


def test_polling_sees_every_save(edition, terminal):
    watch = terminal("1", "--poll")
    watch.until("Not written yet")
    edition.write(RIGHT)
    second = int(edition.alpha.dev.stat().st_mtime)
    watch.until("ok Done.")
    edition.write(WRONG)
    os.utime(edition.alpha.dev, (second, second + 0.9))  # saved in the same second as before, however long that took
    watch.until("FAIL two and two are four")


def test_reset_asks_and_undo_takes_it_back(edition, terminal, tito):
    edition.write(WRONG)
    mine = edition.alpha.dev.read_text(encoding="utf-8")
    watch = terminal("1")
    watch.until("FAIL two and two are four")
    watch.press("r")
    watch.until("Put double back to what was handed out? y yes n no")
    watch.press("n")
    watch.until("q quit")
    assert edition.alpha.dev.read_text(encoding="utf-8") == mine
    watch.press("r")
    watch.until("y yes n no")
    watch.press("y")
    watch.until("Not written yet", "double is as it was handed out. `tito undo` brings back what you had.")
    assert edition.alpha.dev.read_bytes() == edition.alpha.start.read_bytes()
    assert tito("undo").status == 0
    watch.until("FAIL two and two are four")
    assert edition.alpha.dev.read_text(encoding="utf-8") == mine


def test_check_all_goes_on_to_pytest(edition, terminal):
    edition.write(RIGHT)
    watch = terminal("1")
    watch.until("1 of 2 done")
    watch.press("c")
    watch.until("FAIL test_half: not written yet.", "Write it: modules/01_alpha/alpha_dev.py:")
    edition.write("return 2 * x if x == 2 else 0", "return x / 2")
    watch.until("2 of 2 done")
    watch.press("c")
    watch.until("ok 2 of 2 inline tests passed", "FAIL", "test_doubling_adds_a_number_to_itself")
    red = "tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself"
    place = "exercise 1, double: modules/01_alpha/alpha_dev.py:28"
    watch.until(f"Next: fix {place}, which fails {red} (assert 0 == (3 + 3)); `tito module hint 01` helps")
    watch.press("h")
    watch.until("All 2 exercises are done.", f"Hint 1 of 3: {red} failed.", f"Next: fix {place}, which fails {red}")
    edition.write(RIGHT, "return x / 2")
    watch.until("All 2 exercises are done.", "Next: `tito module complete 01`")
    watch.press("c")
    watch.until("ok 1 tests in tests/01_alpha passed", "Next: `tito module complete 01`")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(edition, terminal, number):
    watch = terminal("1")
    watch.until("q quit")
    assert not watch.is_as_before()
    watch.process.send_signal(number)
    assert watch.status() == 128 + number
    assert watch.is_as_before()


def test_an_error_leaves_the_terminal_as_it_was(monkeypatch):
    end, side = os.openpty()
    before = termios.tcgetattr(side)
    with os.fdopen(side) as stdin, os.fdopen(end):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(ZeroDivisionError), Keys(lambda key: None):
            assert termios.tcgetattr(side) != before
            raise ZeroDivisionError
        assert termios.tcgetattr(side) == before


def test_what_comes_at_once_an_arrow_or_a_paste_is_no_key(monkeypatch):
    end, side = os.openpty()
    heard, chunks, read = SimpleQueue(), SimpleQueue(), os.read
    monkeypatch.setattr(os, "read", lambda *of: [chunk := read(*of), chunks.put(chunk)][0])
    with os.fdopen(side) as stdin, os.fdopen(end):
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keys(heard.put):
            for typed in (b"ry", b"\x1b[C", b"n"):
                os.write(end, typed)
                assert chunks.get(timeout=PATIENCE) == typed
            assert heard.get(timeout=PATIENCE) == "n"


def test_a_terminal_that_can_show_little_gets_what_it_can(edition, terminal):
    edition.write("print('\\x1b]0;mine\\x07 → é'); return 3 * x")
    watch = terminal("1", env={"NO_COLOR": "1", "PYTHONIOENCODING": "ascii"})
    shown = watch.until("FAIL two and two are four", "it printed:", "-> e")
    assert shown[3].startswith("[x]")
    watch.press("q")
    assert watch.status() == 0
    assert watch.written.isascii()
    assert b"\x1b]0;mine" not in watch.written
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", watch.written)


def test_what_has_no_room_is_counted_and_a_new_size_is_seen(edition, terminal):
    edition.write("print('x\\n' * 30); return 3 * x")
    watch = terminal("1", size=(14, 60))
    shown = watch.until("more lines: make the window taller", "q quit")
    assert len(shown) == 14
    assert max(map(len, shown)) <= 60
    watch.resize(60, 100)
    shown = watch.until("Look at: modules/01_alpha/alpha_dev.py:")
    assert len(shown) == 60
    assert not any("more lines" in line for line in shown)
