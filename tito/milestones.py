"""The programs in `milestones/`: found by their files, described by their docstrings."""

import ast
import difflib
from dataclasses import dataclass
from pathlib import Path

from tito.course import Course
from tito.errors import TitoError


@dataclass(frozen=True)
class Milestone:
    path: Path
    about: str

    @property
    def name(self) -> str:
        return self.path.stem


def milestones(course: Course) -> list[Milestone]:
    """The programs of the course; those whose names begin with `_` are their helpers."""
    found = []
    for path in sorted((course.root / "milestones").glob("[!_]*.py")):
        try:
            about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        except (SyntaxError, ValueError):
            about = "(not valid Python)"
        found.append(Milestone(path, about.split("\n", 1)[0]))
    return found


def milestone(course: Course, name: str) -> Milestone:
    known = {m.name: m for m in milestones(course)}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`? " if near else ""
    raise TitoError(f"there is no milestone {name!r}.", f"{hint}They are: {', '.join(known) or '(none here)'}.")
