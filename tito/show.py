"""What `tito` prints: plain lines that every terminal can show, coloured where one can."""

import codecs
import os
import sys
import unicodedata
from typing import TextIO

from tito.errors import TitoError

_ASCII = {"—": "-", "–": "-", "→": "->", "×": "x", "…": "...", "·": "|", "≤": "<=", "≥": ">=", "’": "'"}
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
    """Print rows under their columns: lines around them in a terminal, plain text in a pipe."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else 120
    grid = Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        grid.add_row(*row)
    console = Console(width=width, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(grid)
    say("\n".join(line.rstrip() for line in drawn.get().splitlines()))
