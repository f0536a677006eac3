"""The programs of a folder, `milestones/` or `benchmarks/`: found by their files, described by their docstrings."""

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
    """The programs in a folder of the course; those whose names begin with `_` are their helpers."""
    found = []
    for path in sorted((course.root / folder).glob("[!_]*.py")):
        try:
            about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
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
