"""What modules exist: read from the folders of `modules/` and the front matter of each ABOUT.md."""

import difflib
import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tinytorch.support import cells
from tito.cache import cached
from tito.errors import ChapterError, TitoError
from tito.files import read_plain

_FOLDER = re.compile(r"(\d\d)_(\w+)")
# What every front matter holds: texts, and lists.
_TEXTS = ("title", "description", "difficulty", "time_estimate")
_LISTS = ("prerequisites", "next_steps", "learning_objectives")


@dataclass(frozen=True)
class Module:
    """One chapter of the course: `modules/09_spatial`."""

    root: Path
    number: str
    name: str

    @cached_property
    def about(self) -> dict[str, Any]:
        """The front matter of the chapter's ABOUT.md: read only when asked for, so that a damaged one blocks little."""
        return _front_matter(self.root / "modules" / self.folder / "ABOUT.md", self.root)

    @property
    def folder(self) -> str:
        return f"{self.number}_{self.name}"

    @property
    def dev(self) -> Path:
        return self.root / "modules" / self.folder / f"{self.name}_dev.py"

    @property
    def start(self) -> Path:
        """In a student edition, the dev file as it was handed out; a given module and the reference have none."""
        return self.dev.parent / ".start" / self.dev.name

    @property
    def given(self) -> bool:
        """Whether an edition has this module built from the start: its front matter says so."""
        return self.about.get("given") is True

    @property
    def core(self) -> Path:
        return self.root / "tinytorch" / "core" / f"{self.name}.py"

    @property
    def tests(self) -> Path:
        return self.root / "tests" / self.folder

    def shown(self, path: Path) -> str:
        """The path as a person types it: relative to the course's root."""
        return path.relative_to(self.root).as_posix()

    def read_dev(self) -> str:
        """The student's file, as Python reads it. Missing, unreadable or not text is a ChapterError."""
        try:
            return cells.decode(read_plain(self.dev, largest=math.inf))
        except FileNotFoundError:
            raise ChapterError(
                f"{self.shown(self.dev)} is missing: module {self.number} has nothing to run.",
                f"Bring it back with `git checkout -- {self.shown(self.dev)}`.",
            ) from None
        except UnicodeDecodeError as error:
            line = self.dev.read_bytes()[: error.start].count(b"\n") + 1
            raise ChapterError(
                f"{self.shown(self.dev)}:{line} is not UTF-8 text.", "Save the file as UTF-8 in your editor."
            ) from None
        except SyntaxError as error:
            raise ChapterError(
                f"{self.shown(self.dev)}:1 is not read as UTF-8: {error}.", "Remove the line that says `coding`."
            ) from None
        except (OSError, ValueError) as error:
            raise ChapterError(
                f"{self.shown(self.dev)}: it cannot be read ({getattr(error, 'strerror', None) or error}).",
                f"See what it is: `ls -ld {self.shown(self.dev)}`.",
            ) from None

    def read_start(self) -> str:
        """The dev file as it was handed out. One that cannot be read is a ChapterError."""
        try:
            return cells.decode(read_plain(self.start))
        except (OSError, ValueError, SyntaxError) as error:
            raise ChapterError(
                f"{self.shown(self.start)} cannot be read: {error}.",
                f"Bring it back: `git checkout -- {self.shown(self.start)}`.",
            ) from None


class Course:
    """A tree that holds the course: `modules/`, `tinytorch/`, `tests/`."""

    def __init__(self, root: Path):
        self.root = root

    @classmethod
    def find(cls, start: Path | None = None) -> "Course":
        """The course that `start` (by default the current folder) lies in."""
        try:
            start = (start or Path.cwd()).resolve()
        except OSError as error:
            raise TitoError(
                f"the current folder is gone or closed to you ({error.strerror}).",
                "Go to the course's folder: `cd PATH/TO/TINYTORCH`.",
            ) from None
        for folder in [start, *start.parents]:
            if (folder / "modules").is_dir() and (folder / "tinytorch").is_dir():
                return cls(folder)
        raise TitoError(
            f"{start} is not in a TinyTorch tree: no folder here or above holds modules/ and tinytorch/.",
            "Go to the course's folder first: `cd PATH/TO/TINYTORCH`.",
        )

    @cached_property
    def modules(self) -> list[Module]:
        found = []
        for folder in sorted((self.root / "modules").iterdir()):
            match = _FOLDER.fullmatch(folder.name)
            if match and folder.is_dir():
                found.append(Module(self.root, match[1], match[2]))
        if not found:
            raise TitoError(f"{self.root / 'modules'} holds no module.", "Bring it back: `git checkout -- modules`.")
        return found

    def module(self, name: str) -> Module:
        """The module called `09`, `9`, `spatial` or `09_spatial`."""
        wanted = name.strip().strip("/").lower()
        for module in self.modules:
            names = {module.number, str(int(module.number)), module.name, module.folder}
            if wanted in names:
                return module
        names_ = [m.name for m in self.modules] + [m.folder for m in self.modules]
        near = difflib.get_close_matches(wanted, names_, n=1, cutoff=0.5)
        hint = f"Did you mean `{near[0]}`? " if near else ""
        known = ", ".join(m.folder for m in self.modules)
        raise TitoError(f"there is no module {name!r}.", f"{hint}The modules are {known}.")

    def prerequisites(self, module: Module) -> list[Module]:
        """The modules that the front matter of `module` names as its prerequisites."""
        named = module.about.get("prerequisites") or []
        if not isinstance(named, list):
            named = [named]
        found = []
        for name in named:
            try:
                found.append(self.module(str(name)))
            except TitoError as error:
                raise self._about_error(module, "prerequisites", error.message, error.fix, str(name)) from None
        return found

    def check(self) -> None:
        """Raise, with file and line, where a front matter is incomplete or its modules do not follow each other."""
        for module in self.modules:
            for key in (*_TEXTS, *_LISTS):
                value = module.about.get(key)
                if not (isinstance(value, list) if key in _LISTS else isinstance(value, str) and value):
                    came = repr(value) if key in module.about else "nothing"
                    wanted = f"`{key}:` with a list (`[]` is one)" if key in _LISTS else f"`{key}: some text`"
                    raise self._about_error(module, key, f"the front matter says {came}.", f"Write {wanted}.")
            for key in ("prerequisites", "next_steps"):
                for name in module.about[key]:
                    self._check_neighbour(module, key, str(name))

    def _check_neighbour(self, module: Module, key: str, name: str) -> None:
        try:
            other = self.module(name)
        except TitoError as error:
            raise self._about_error(module, key, error.message, error.fix, name) from None
        if key == "prerequisites" and other.number >= module.number:
            circle = self._needs(other, module)
            if circle:
                way = ", which needs ".join(m.folder for m in [module, *circle])
                raise self._about_error(module, key, f"a circle: {way}.", "Take one of them out.", name)
            message = f"{other.folder} comes later, and a module imports earlier ones only."
            raise self._about_error(module, key, message, "Take it out.", name)

    def _needs(self, start: Module, end: Module) -> list[Module]:
        """The modules on a way from `start` to `end` by prerequisites, both included; none if there is no way."""
        ways = [[start]]
        seen = {start}
        while ways:
            way = ways.pop(0)
            if way[-1] == end:
                return way
            further = [module for module in self.prerequisites(way[-1]) if module not in seen]
            seen.update(further)
            ways += [[*way, module] for module in further]
        return []

    def _about_error(self, module: Module, key: str, message: str, fix: str, name: str = "") -> TitoError:
        """About the line of ABOUT.md that says `key:`, or that names `name` below it."""
        about = module.dev.with_name("ABOUT.md")
        lines = about.read_text(encoding="utf-8").splitlines()
        line = next((n for n, text in enumerate(lines, 1) if text.startswith(f"{key}:")), 1)
        named = [n for n, text in enumerate(lines, 1) if n >= line and name and name in text]
        return TitoError(f"{module.shown(about)}:{named[0] if named else line}: {key}: {message}", fix)


def _front_matter(path: Path, root: Path) -> dict[str, Any]:
    """The YAML between the first two `---` lines of an ABOUT.md."""
    shown = path.relative_to(root).as_posix()
    fix = f"Compare it with another module's, or bring it back: `git checkout -- {shown}`."
    try:
        text = read_plain(path).decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise TitoError(f"{shown} is missing or is not text ({type(error).__name__}).", fix) from None
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0].strip():
        raise TitoError(f"{shown}:1 has no front matter between two lines of `---`.", fix)
    about: dict[str, Any] = cached(root, f"{path.parent.name}.about", parts[1], lambda: _parse(parts[1], shown, fix))
    return about


def _parse(text: str, shown: str, fix: str) -> dict[str, Any]:
    import yaml

    try:
        about = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line if error.problem_mark else 0) + 1
        raise TitoError(f"{shown}:{line} is not valid YAML: {error.problem}.", fix) from None
    if not isinstance(about, dict):
        raise TitoError(f"{shown}:2 front matter must be `key: value` lines.", fix)
    return about
