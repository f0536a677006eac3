"""`tito watch`: a module's checks at every save."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated

import typer

from tito.commands import app
from tito.course import Course, Module
from tito.errors import TitoError
from tito.show import say

if TYPE_CHECKING:
    from tito.watch import Watch

LIMIT = 20.0  # seconds for the inline tests: an endless loop is to be told soon
_Queue = SimpleQueue[Callable[[], None]]


@app.command("watch")
def watch(
    name: Annotated[
        str | None,
        typer.Argument(metavar="MODULE", help="09, 9, spatial or 09_spatial; without one, the first not complete."),
    ] = None,
    poll: Annotated[
        bool, typer.Option("--poll", help="Look at the files again and again: for network file systems.")
    ] = False,
    time_limit: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For the inline tests.")] = LIMIT,
) -> None:
    """At every save, run a module's inline tests and show the one thing to fix."""
    from tito import checks
    from tito.watch import Watch

    course = Course.find()
    module = course.module(name) if name else _first_open(course)
    checks.use_seed()
    happens: _Queue = SimpleQueue()
    state = Watch(module, time_limit, happens.put)
    said = io.StringIO()
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(state.wait)
            stack.callback(state.stop)
            draw = _open_screen(state, happens, stack, said)
            _watch_files(course, module, poll, state, stack)
            state.saved()
            while not state.over:
                draw()
                with contextlib.suppress(Empty):
                    happens.get(timeout=0.5 if state.run else None)()
            draw()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    finally:
        sys.stderr.write(said.getvalue())


def _first_open(course: Course) -> Module:
    """The first module that is not complete; says which."""
    from tito.states import DONE, module_state

    for module in course.modules:
        if module_state(module).state not in DONE:
            say(f"Module {module.number} is the first that is not complete: watching it.")
            return module
    raise TitoError("every module is complete.", f"Name one: `tito watch {course.modules[-1].number}`.", status=1)


def _open_screen(state: "Watch", happens: _Queue, stack: contextlib.ExitStack, said: io.StringIO) -> Callable[[], None]:
    """What draws: a screen with keys where there is a terminal, else plain lines until there is no more input."""
    from tito.keys import signals
    from tito.watch_screen import Lines, Screen

    if sys.stdin and sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        screen = Screen(state, happens.put)
        answers = {signal.SIGTSTP: lambda: happens.put(screen.pause), signal.SIGWINCH: lambda: happens.put(_redraw)}
        stack.enter_context(signals(answers))
        stack.callback(lambda: say(screen.summary()))
        stack.enter_context(screen)
        stack.enter_context(contextlib.redirect_stderr(said))  # notices would stand in the drawing
        return screen.draw
    stack.enter_context(signals({}))
    if not (sys.stdin and sys.stdin.isatty()):
        threading.Thread(target=_read_to_end, args=(lambda: happens.put(state.no_more),), daemon=True).start()
    return Lines(state).draw


def _redraw() -> None:
    """Drawn it is after everything that happens."""


def _read_to_end(ended: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while sys.stdin and sys.stdin.buffer.read(65536):
            pass
    ended()


def _watch_files(course: Course, module: Module, poll: bool, state: "Watch", stack: contextlib.ExitStack) -> None:
    """Tell of each save of the dev file, and of each change of what the package holds of earlier modules.

    Folders are watched, not files: an editor that writes beside and renames puts another file in its place. What counts
    is whether the files differ, and that is also looked at where nothing was told: polling overlooks a second save in
    the same second, and a network file system may tell nothing.
    """
    from watchfiles import watch

    files = [str(module.dev), *(str(other.core) for other in course.modules if other.number < module.number)]
    stop = threading.Event()
    before = _stamps(files)

    def run() -> None:
        nonlocal before
        try:
            for _ in watch(
                course.root / "modules",
                module.core.parent,
                watch_filter=lambda change, path: path in files,
                debounce=400,
                stop_event=stop,
                rust_timeout=500,
                yield_on_timeout=True,
                force_polling=poll or None,
                ignore_permission_denied=True,
            ):
                now = _stamps(files)
                if now != before:
                    before = now
                    state.tell(state.saved)
        except Exception as error:
            state.tell(lambda error=error: _no_watcher(module, error))  # type: ignore[misc]

    threading.Thread(target=run, daemon=True).start()
    stack.callback(stop.set)


def _stamps(files: list[str]) -> list[tuple[int, int, int] | None]:
    """What changes with every save, per file; None where there is none."""
    stamps: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            known = os.stat(path)
            stamps.append((known.st_mtime_ns, known.st_size, known.st_ino))
        except OSError:
            stamps.append(None)
    return stamps


def _no_watcher(module: Module, error: Exception) -> None:
    raise TitoError(f"files cannot be watched here: {error}", f"`tito watch {module.number} --poll`") from error
