"""Running a student's code: in a child, with limits of time and memory, knowing where it was when time ran out."""

import contextlib
import math
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO

from tito.errors import TitoError

MEMORY = 8 * 1024**3  # bytes a program may allocate: far more than a chapter's checks take
SHOWN_BYTES = 1_000_000  # of a child's output; the rest is counted
TAIL_BYTES = 64_000


@dataclass(frozen=True)
class Outcome:
    """How a child ended. `tail` is the end of its output, `dump` what it said when its time was up."""

    status: int
    timed_out: bool
    tail: str
    dump: str

    def frames(self) -> list[tuple[Path, int, str]]:
        """(file, line, function), innermost first, of the main thread when time ran out."""
        main = self.dump.partition("Current thread")[2].split("\n\n")[0]
        found = re.findall(r'^  File "(.+)", line (\d+) in (\S+)', main, flags=re.MULTILINE)
        # The dump spells what is not ASCII as \xe9 or \u2192; names in <> are no files.
        return [
            (Path(re.sub(r"\\(x..|u.{4}|U.{8})", _unescape, file)), int(line), function)
            for file, line, function in found
            if not file.startswith("<")
        ]


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1][1:], 16))


# Where Python itself lies, and how it reads and writes texts and bytecode: these change nothing of what code does.
_HARMLESS = {
    *("PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONUSERBASE", "PYTHONNOUSERSITE"),
    *("PYTHONUTF8", "PYTHONCOERCECLOCALE", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
}


def environment(*roots: Path, **more: str) -> dict[str, str]:
    """The child's environment: the `tinytorch` of the first root before any other, and output that cannot crash.

    Variables by which Python, pytest or tito would run the same files otherwise are left out: asserts that are taken
    away, tests that are chosen, packages from elsewhere. Raises TitoError where a root cannot stand in PYTHONPATH.
    """
    paths = [str(path) for path in dict.fromkeys([*roots, Path(__file__).resolve().parents[1]])]  # last: this tito
    for path in paths:
        if os.pathsep in path:
            raise taken_apart(path, os.pathsep, "separates folders in PYTHONPATH")
    settings = ("PYTHON", "PYTEST", "_PYTEST", "TITO_")
    return {
        **{name: value for name, value in os.environ.items() if name in _HARMLESS or not name.startswith(settings)},
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": f"{sys.stdout.encoding or 'utf-8'}:replace",
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",  # SIGABRT then prints where every thread was
        **more,
    }


def taken_apart(path: str, sign: str, why: str) -> TitoError:
    """What to say of a path that holds a sign by which a child would take another."""
    return TitoError(
        f"the path {path} holds {sign!r}, which {why}: what is checked would not be this course.",
        f"Rename the folder: `mv {shlex.quote(path)} {shlex.quote(path.replace(sign, '-'))}`",
    )


def run(
    arguments: list[str],
    *,
    cwd: Path,
    env: dict[str, str],
    limit: float,
    quiet: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run `python ARGUMENTS` for at most `limit` seconds, passing its output on as it comes unless `quiet`.

    The child leads a process group of its own, which is gone when this returns, whatever it has started.

    meanwhile: called some twenty times a second while the child runs; what it raises ends the child, and is raised.
    """
    # No core files. Set here, for us and so for the child: what Popen runs between fork and exec is not thread-safe.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    child = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _limit(child.pid, limit)
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    output = _Output(child.stdout, quiet, meanwhile)
    timed_out = False
    dump = b""
    with child.stdout:
        try:
            output.pump(child, time.monotonic() + limit)
            if child.poll() is None:
                timed_out = True
                output.room = 0  # what comes now is for us
                mark = output.total
                child.send_signal(signal.SIGABRT)
                output.pump(child, time.monotonic() + 2)
                dump = output.tail[-(output.total - mark) :] if output.total > mark else b""
        finally:
            _end_group(child)
        output.pump(child, time.monotonic() + 0.2)
    output.close()
    return Outcome(child.returncode, timed_out, output.tail.decode(errors="replace"), dump.decode(errors="replace"))


def _limit(pid: int, seconds: float) -> None:
    """Bound what a program can take, where the system can (Linux).

    Memory: with its threads and what NumPy reserves. Processor time: more than it could use within its limit, so that
    one that never ends does end where nobody is left to end it, after a kill -9 of ours.
    """
    if sys.platform == "linux":
        processor = math.ceil(seconds * (os.cpu_count() or 1)) + 10
        with contextlib.suppress(OSError):  # it has ended already, or the machine does not let us
            resource.prlimit(pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))
            resource.prlimit(pid, resource.RLIMIT_CPU, (processor, processor))


def _end_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nothing of the group is left
    child.wait()


class _Output:
    """A child's output: passed on as long as there is room (unless it is to be quiet), its end remembered."""

    def __init__(self, pipe: IO[bytes], quiet: bool, meanwhile: Callable[[], None]):
        self.pipe = pipe
        self.quiet = quiet
        self.meanwhile = meanwhile
        self.room = SHOWN_BYTES
        self.total = 0
        self.left_out = 0
        self.tail = b""
        self.ended = False

    def pump(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        """Read until the child ends (and what it left in the pipe is read) or the deadline passes."""
        with DefaultSelector() as selector:
            selector.register(self.pipe, EVENT_READ)
            while not self.ended and (left := deadline - time.monotonic()) > 0:
                ready = selector.select(min(left, 0.05))
                self.meanwhile()
                if ready:
                    self._take(os.read(self.pipe.fileno(), 65536))
                elif child.poll() is not None:
                    return  # a grandchild may hold the pipe open; the child's own words are all here
        # Output can end (closed by the child) before the child does.
        while child.poll() is None and time.monotonic() < deadline:
            self.meanwhile()
            time.sleep(0.01)

    def _take(self, chunk: bytes) -> None:
        self.ended = not chunk
        self.total += len(chunk)
        self.tail = (self.tail + chunk)[-TAIL_BYTES:]
        if self.quiet:
            return
        passed = chunk[: self.room]
        self.room -= len(passed)
        self.left_out += len(chunk) - len(passed)
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(passed)
        else:
            sys.stdout.write(passed.decode(errors="replace"))
        sys.stdout.flush()

    def close(self) -> None:
        if self.left_out and self.total > SHOWN_BYTES:
            print(f"\n({self.left_out:,} more bytes of output left out)")
