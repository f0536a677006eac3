"""What `tito` prints: plain lines that every terminal can show, coloured where one can."""

import codecs
import contextlib
import os
import signal
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from tito.errors import TitoError

_ASCII = {"─": "-", "—": "-", "–": "-", "→": "->", "×": "x", "…": "...", "·": "|", "≤": "<=", "≥": ">=", "’": "'"}
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "bold": "1", "dim": "2"}


def _spell_in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: the nearest ASCII spelling of what the terminal cannot show."""
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    spelled = "".join(
        _ASCII.get(c) or unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode() or "?" for c in lost
    )
    return spelled, error.end


def make_output_safe() -> None:
    """Let no character crash the tool, whatever the terminal's encoding."""
    codecs.register_error("tito", _spell_in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tito")


@contextlib.contextmanager
def quiet_where_nobody_reads() -> Iterator[None]:
    """End in silence, with the status of a program that such a pipe ended, when who read our output is gone."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):  # what could not be written is not tried again
            os.dup2(nowhere, number)
        sys.exit(128 + signal.SIGPIPE)


def version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tinytorch")
    except PackageNotFoundError:
        return "(not installed: run `source scripts/activate-tinytorch`)"


def coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    if not coloured(stream or sys.stdout):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def say(text: str = "") -> None:
    print(text, flush=True)


def say_wrapped(text: str) -> None:
    """Say a sentence or two, broken between words where the terminal ends."""
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, 100)
    say("\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in text.split("\n")))


def heading(text: str) -> None:
    say(paint(text, "bold"))


def ok(text: str) -> None:
    say(f"{paint('ok', 'green')}    {text}")


def fail(text: str) -> None:
    say(f"{paint('FAIL', 'red')}  {text}")


def notice(text: str) -> None:
    print(f"{paint('note', 'yellow', sys.stderr)}  {text}", file=sys.stderr, flush=True)


def complain(error: TitoError) -> None:
    sys.stdout.flush()
    print(f"{paint('tito:', 'red', sys.stderr)} {error.message}", file=sys.stderr)
    print(f"      {error.fix}", file=sys.stderr, flush=True)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """Print rows under their columns; the last column is broken to the terminal's width.

    By hand, because rich would take longer to load than most commands take.
    """
    import shutil
    import textwrap

    widths = [max(map(len, cells)) for cells in zip(columns, *rows)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10**6
    room = max(room - sum(width + 3 for width in widths[:-1]), 20)

    def line(cells: list[str]) -> None:
        first = "   ".join(cell.ljust(width) for cell, width in zip(cells[:-1], widths))
        for part in textwrap.wrap(cells[-1], room) or [""]:
            say(f"{first}   {part}".rstrip())
            first = " " * len(first)

    line(columns)
    say("─" * (sum(width + 3 for width in widths[:-1]) + min(widths[-1], room)))
    for row in rows:
        line(row)
