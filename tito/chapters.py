"""The pages of the course: what is prose and what is code in them, and whether their code does what they show.

A fence of `python` is run, those of a page in order and in one fresh interpreter; one of `bash` that is followed by a
fence of `text` is run too, in a copy of the tree. The `text` that follows a fence of code is its output: it must be
what was printed, and what was printed must be shown.
"""

import contextlib
import difflib
import io
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinytorch.support import cells
from tito.errors import ChapterError

LIMIT = 240.0  # seconds, for all code of a page
_OPENING = re.compile(r"\s*(?P<mark>`{3,}|~{3,})\s*(?P<language>[^`]*?)\s*")
# Seconds differ from run to run: in a command's output their digits are not compared.
_SECONDS = re.compile(r"\d+(\.\d+)?(?= ?m?s\b)")


@dataclass(frozen=True)
class Part:
    """A line of prose (its language is empty), or what stands in a fence. `line` is where its text begins, from 1."""

    language: str
    line: int
    text: str


@dataclass(frozen=True)
class Step:
    """A piece of code, and the output that the page shows for it: None where it shows none."""

    code: Part
    output: Part | None


def parts(text: str) -> Iterator[Part]:
    """The lines and the fences of a Markdown page, in order. A plain fence has the language `text`."""
    lines = iter(enumerate(text.removesuffix("\n").split("\n"), 1))
    for number, line in lines:
        opening = _OPENING.fullmatch(line)
        if not opening:
            yield Part("", number, line)
            continue
        indent, mark = len(line) - len(line.lstrip()), opening["mark"]
        inside = []
        for _, line in lines:
            if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
                break
            inside.append(line[min(indent, len(line) - len(line.lstrip())) :])
        yield Part(opening["language"] or "text", number + 1, "\n".join(inside))


def steps(text: str, language: str) -> list[Step]:
    """The code of this language that is to be run: all of `python`, and of `bash` what shows an output."""
    found: list[Step] = []
    code = None
    for part in [*parts(text), Part("", 0, "the end")]:
        if not part.language and not part.text.strip():
            continue
        if code and (part.language == "text" or language == "python"):
            found.append(Step(code, part if part.language == "text" else None))
        code = part if part.language == language else None
    return found


def dev_pages(text: str) -> str:
    """The text cells of a dev file as a Markdown page of as many lines; what stands elsewhere is left out."""
    lines: list[str] = []
    for cell in cells.split(text):
        lines += ["", *(line[2:] for line in cell.lines[1:])] if cell.kind == "markdown" else [""] * len(cell.lines)
    return "\n".join(lines)


def run_page(page: Path, language: str, root: Path, tree: Path) -> None:
    """Run the code of a page of the course at `root` in a copy of it, `tree`.

    Raises ChapterError, with file and line, at the first piece that fails or prints something else than is shown.
    """
    from tito import child

    if not steps(page.read_text(encoding="utf-8"), language):
        return
    shown = page.relative_to(root).as_posix()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = child.environment(tree, PATH=path, NO_COLOR="1", COLUMNS="120", PYTHONIOENCODING="utf-8")
    arguments = ["-W", "error", "-m", "tito.chapters", str(page), shown, language]
    ended = child.run(arguments, cwd=tree, env=environment, limit=LIMIT, quiet=True)
    if ended.timed_out:
        line = next((line for file, line, _ in ended.frames() if file == page), 1)
        raise ChapterError(f"{shown}:{line}: the page's code took more than {LIMIT:g} s.", "Make it quicker.")
    if ended.status:
        raise ChapterError(ended.tail.strip() or f"{shown}:1: its code ended Python.", "Mend the page or the code.")


def _run(page: Path, shown: str, language: str) -> str:
    """What is wrong with the page's code, run here; nothing where all is well."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for step in steps(page.read_text(encoding="utf-8"), language):
        if language == "python":
            try:
                printed = _run_python(step.code, page, names)
            except (Exception, SystemExit) as error:
                own = [
                    entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == str(page)
                ]
                line = own[-1] if own else getattr(error, "lineno", None) or step.code.line
                return f"{shown}:{line}: this fails: {type(error).__name__}: {error}"
        else:
            # A page may show how a command fails: its output says so.
            command = ["bash", "-uc", step.code.text]
            printed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
            printed = _SECONDS.sub("0", printed)
        expected = step.output.text if step.output else ""
        if language == "bash":
            expected = _SECONDS.sub("0", expected)
        if difference := _difference(expected, printed):
            line = (step.output or step.code).line
            return f"{shown}:{line}: the page does not show what is printed ('-' shown, '+' printed):\n{difference}"
    return ""


def _run_python(code: Part, page: Path, names: dict[str, Any]) -> str:
    """Run a piece of code, its lines counted as in the page; returns what it printed."""
    compiled = compile("\n" * (code.line - 1) + code.text, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compiled, names)
    return printed.getvalue()


def _difference(expected: str, printed: str) -> str:
    """The lines that differ, blanks at their ends aside; a line that ends with `...` stands for what begins so."""
    wanted, got = ([line.rstrip() for line in text.strip("\n").splitlines()] for text in (expected, printed))
    for i, (line, other) in enumerate(zip(wanted, got)):
        if line.endswith("...") and other.startswith(line[:-3]):
            wanted[i] = other
    return "" if wanted == got else "\n".join(difflib.ndiff(wanted, got))


if __name__ == "__main__":
    problem = _run(Path(sys.argv[1]), *sys.argv[2:])
    if problem:
        print(problem)
        sys.exit(1)
