"""Snapshots of dev files, taken before a command that overwrites or builds: `tito undo` brings one back.

A snapshot is a folder of plain files, `.tito/snapshots/0012_20261122-140000_reset/modules/09_spatial/spatial_dev.py`:
its number, when and before which command it was taken. The last KEPT of them are kept.
"""

import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from tito.course import Module
from tito.errors import TitoError
from tito.files import cannot_write, write_atomic

KEPT = 100
_NAME = re.compile(r"(\d{4,})_(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d_(\w+)")


@dataclass(frozen=True)
class Snapshot:
    root: Path
    folder: Path

    def _part(self, *groups: int) -> tuple[str, ...]:
        match = _NAME.fullmatch(self.folder.name)
        assert match is not None, "all() lists no other"
        return match.group(*groups)

    @property
    def number(self) -> int:
        return int(self._part(1, 1)[0])

    @property
    def when(self) -> str:
        return "{}-{}-{} {}:{}".format(*self._part(2, 3, 4, 5, 6))

    @property
    def before(self) -> str:
        return self._part(7, 7)[0]

    def files(self) -> dict[str, bytes]:
        """What it holds: path in the course -> content."""
        found = {
            path.relative_to(self.folder).as_posix(): _read(path) for path in sorted(self.folder.rglob("*_dev.py"))
        }
        return {name: content for name, content in found.items() if content is not None}

    def changes(self) -> dict[str, bytes]:
        """Those of its files that are not so in the course now."""
        return {name: content for name, content in self.files().items() if _read(self.root / name) != content}


def _read(path: Path) -> bytes | None:
    """The file's content; None where it is not there, or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def every(root: Path) -> list[Snapshot]:
    """All snapshots of the course, the last one first."""
    folder = root / ".tito" / "snapshots"
    names = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted((Snapshot(root, path) for path in names), key=lambda snapshot: -snapshot.number)


def take(root: Path, files: list[Path], before: str) -> None:
    """Keep those of the files that exist, as they are, unless the last snapshot holds just the same."""
    try:
        contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.exists()}
    except OSError as error:
        raise TitoError(f"{error.filename} cannot be read: {error.strerror}.", "See `ls -l` of it.") from error
    taken = every(root)
    if not contents or (taken and taken[0].files() == contents):
        return
    folder = root / ".tito" / "snapshots"
    beside = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        for name, content in contents.items():
            (beside / name).parent.mkdir(parents=True)
            (beside / name).write_bytes(content)
        _name(beside, taken[0].number + 1 if taken else 1, before)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    for old in taken[KEPT - 1 :]:
        shutil.rmtree(old.folder, ignore_errors=True)


def of_modules(modules: list[Module], before: str) -> None:
    """Keep the dev files of some modules of one course."""
    take(modules[0].root, [module.dev for module in modules], before)


def _name(beside: Path, number: int, before: str) -> None:
    """Give a whole snapshot its name: the next number that nobody else has taken meanwhile."""
    while any(beside.parent.glob(f"{number:04}_*")):
        number += 1
    os.rename(beside, beside.with_name(f"{number:04}_{time.strftime('%Y%m%d-%H%M%S')}_{before}"))


def find(root: Path, name: str | None) -> Snapshot:
    """The snapshot of that number or name; without one the last that differs from the files as they are."""
    taken = every(root)
    if name is not None:
        for snapshot in taken:
            if name in (snapshot.folder.name, str(snapshot.number), f"{snapshot.number:04}"):
                return snapshot
        raise TitoError(f"there is no snapshot {name!r}.", "See what there is: `tito undo --list`.")
    for snapshot in taken:
        if snapshot.changes():
            return snapshot
    raise TitoError(
        "there is nothing to undo: no snapshot differs from your files.", "See what there is: `tito undo --list`."
    )


def restore(snapshot: Snapshot) -> list[str]:
    """Put its files back, a snapshot of what they replace taken first. Returns the paths that changed."""
    changes = snapshot.changes()
    take(snapshot.root, [snapshot.root / name for name in changes], "undo")
    for name, content in changes.items():
        write_atomic(snapshot.root / name, content)
    return list(changes)
