"""What modules exist: read from the folders of `modules/` and the front matter of each ABOUT.md."""

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tito.errors import ChapterError, TitoError

_FOLDER = re.compile(r"(\d\d)_(\w+)")


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
        """The student's file. Missing or not text is a ChapterError."""
        try:
            return self.dev.read_text(encoding="utf-8")
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


class Course:
    """A tree that holds the course: `modules/`, `tinytorch/`, `tests/`."""

    def __init__(self, root: Path):
        self.root = root

    @classmethod
    def find(cls, start: Path | None = None) -> "Course":
        """The course that `start` (by default the current folder) lies in."""
        start = (start or Path.cwd()).resolve()
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
        try:
            return [self.module(str(name)) for name in named]
        except TitoError as error:
            about = f"modules/{module.folder}/ABOUT.md"
            raise TitoError(f"{about}: prerequisites: {error.message}", error.fix) from None


def _front_matter(path: Path, root: Path) -> dict[str, Any]:
    """The YAML between the first two `---` lines of an ABOUT.md."""
    import yaml

    shown = path.relative_to(root).as_posix()
    fix = f"Compare it with another module's, or bring it back: `git checkout -- {shown}`."
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise TitoError(f"{shown} is missing or is not text ({type(error).__name__}).", fix) from None
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0].strip():
        raise TitoError(f"{shown}:1 has no front matter between two lines of `---`.", fix)
    try:
        about = yaml.safe_load(parts[1])
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line if error.problem_mark else 0) + 1
        raise TitoError(f"{shown}:{line} is not valid YAML: {error.problem}.", fix) from None
    if not isinstance(about, dict):
        raise TitoError(f"{shown}:2 front matter must be `key: value` lines.", fix)
    return about
