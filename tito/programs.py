"""The programs of `milestones/` or `benchmarks/`: found by their files and folders, described by their docstrings."""

import ast
import difflib
from dataclasses import dataclass
from pathlib import Path

from tito.course import Course
from tito.errors import TitoError


@dataclass(frozen=True)
class Program:
    path: Path
    about: str

    @property
    def name(self) -> str:
        return self.path.stem


def programs(course: Course, folder: str) -> list[Program]:
    """The programs in a folder of the course: files, and folders with a `__main__.py`, whose docstring it is then.

    Those whose names begin with `_` are helpers of the others.
    """
    found = []
    for path in sorted((course.root / folder).glob("[!_]*")):
        source = path / "__main__.py" if path.is_dir() else path
        if source.suffix != ".py" or not source.is_file():
            continue
        try:
            about = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
        except (SyntaxError, ValueError):
            about = "(not valid Python)"
        found.append(Program(path, about.split("\n", 1)[0]))
    return found


def program(course: Course, folder: str, name: str) -> Program:
    known = {p.name: p for p in programs(course, folder)}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`? " if near else ""
    raise TitoError(f"{folder}/ has no {name!r}.", f"{hint}It has: {', '.join(known) or '(nothing here)'}.")
