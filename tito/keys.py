"""A terminal that is read key by key: how it was is put back, whatever happens."""

import contextlib
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

END = "\x04"  # Ctrl-D, and what is told where there is nothing more to read


class Keys:
    """Within `with Keys(heard):`, `heard` is called with each key, from a thread; what is typed is not shown.

    Several characters at once, an arrow or what was pasted, are no keys. Ctrl-C and Ctrl-Z are signals as ever.
    """

    def __init__(self, heard: Callable[[str], None]):
        self._heard = heard
        self._terminal = sys.stdin.fileno()

    def __enter__(self) -> None:
        self._before = termios.tcgetattr(self._terminal)
        self._ends, self._end = os.pipe()
        tty.setcbreak(self._terminal)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        os.close(self._end)
        self._thread.join()
        os.close(self._ends)
        if not self._in_background():  # there the terminal is another's, and the shell has put it right already
            with contextlib.suppress(termios.error):  # it was closed
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)

    def _in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self._terminal) != os.getpgrp()
        except OSError:  # no shell governs it
            return False

    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._terminal, self._ends], [], [])
            if self._ends in ready:
                return
            try:
                typed = os.read(self._terminal, 1024).decode(errors="ignore")
            except OSError:  # the terminal was closed
                typed = ""
            if len(typed) < 2:
                self._heard(typed or END)
            if not typed:
                return


@contextlib.contextmanager
def signals(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Let signals be answered by these; in SIGTERM's and SIGHUP's place, leave as by `sys.exit`, cleaning up."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    wanted: dict[int, Any] = {number: lambda *_, answer=answer: answer() for number, answer in handlers.items()}
    wanted |= {signal.SIGTERM: leave, signal.SIGHUP: leave}
    # What is ignored stays so: under nohup, SIGHUP.
    before = {n: signal.signal(n, wanted[n]) for n in wanted if signal.getsignal(n) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
