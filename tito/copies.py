"""Private copies: checks run on what the dev files say now, and the tree at hand stays as it is."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tito.course import Module
from tito.dev_file import DevFile, chapter_text

COURSE = ("modules", "tinytorch", "tito", "tests", "milestones", "pyproject.toml", "pytest.ini")


@contextmanager
def package(root: Path, modules: list[Module]) -> Iterator[Path]:
    """A folder that holds a copy of the package `tinytorch`, the given modules as their dev files are now.

    Raises DevFileError where one of them could not be exported.
    """
    chapters = [DevFile(module) for module in modules]
    for dev in chapters:
        dev.check()
    with TemporaryDirectory(prefix="tito-package-") as temporary:
        folder = Path(temporary)
        ignore = shutil.ignore_patterns("*.tmp", ".*")  # such as an editor's lock, a link that leads nowhere
        shutil.copytree(root / "tinytorch", folder / "tinytorch", ignore=ignore)
        (folder / "modules").symlink_to(root / "modules")  # the package reads there which chapter makes a name
        for dev in chapters:
            core = folder / dev.module.core.relative_to(root)
            core.write_text(chapter_text(dev), encoding="utf-8")
        yield folder


@contextmanager
def course(root: Path) -> Iterator[Path]:
    """A copy of the whole tree: what is written there does not touch this one."""
    with TemporaryDirectory(prefix="tito-course-") as temporary:
        folder = Path(temporary) / root.name
        folder.mkdir()
        for name in COURSE:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            elif (root / name).is_file():
                shutil.copy2(root / name, folder / name)
        yield folder.resolve()
