"""Snapshots of files, taken before a command that overwrites or builds: `tito undo` brings one back.

A snapshot is a folder of plain files, `.tito/snapshots/0012_20261122-140000_reset/modules/09_spatial/spatial_dev.py`:
its number, when and before which command it was taken. What was not there yet is named in the snapshot's `.absent`.
The last KEPT of them are kept.
"""

import json
import math
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tinytorch.support.files import beside, keep_mode, sweep
from tito import changes
from tito.course import Module
from tito.errors import TitoError
from tito.files import cannot_write, read_plain

KEPT = 100
_ABSENT = ".absent"
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

    def files(self) -> dict[str, bytes | None]:
        """What it holds: path in the course -> content, None for a file that was not there."""
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        contents = {path.relative_to(self.folder).as_posix(): _read(path) for path in paths}
        return {name: content for name, content in contents.items() if content is not None and name != _ABSENT} | (
            dict.fromkeys(self._absent())
        )

    def _absent(self) -> list[str]:
        try:
            names = json.loads((self.folder / _ABSENT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []  # it has none, or a damaged one: then nothing is taken away
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def changes(self) -> dict[str, bytes | None]:
        """Those of its files that are not so in the course now."""
        return {name: content for name, content in self.files().items() if _read(self.root / name) != content}


def _read(path: Path) -> bytes | None:
    """The file's content; None where it is not there, or cannot be read."""
    try:
        return read_plain(path, largest=math.inf)  # a student's own may be large
    except (OSError, ValueError):
        return None


def every(root: Path) -> list[Snapshot]:
    """All snapshots of the course, the last one first."""
    folder = root / ".tito" / "snapshots"
    names = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted((Snapshot(root, path) for path in names), key=lambda snapshot: -snapshot.number)


def take(root: Path, files: list[Path], before: str, added: list[Path] | None = None) -> None:
    """Keep those of the files that exist, as they are, unless the last snapshot holds just the same.

    `added` are files that the command will make where none are: to undo it takes them away.
    """
    try:
        contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.exists()}
    except OSError as error:
        raise TitoError(f"{error.filename} cannot be read: {error.strerror}.", "See `ls -l` of it.") from error
    absent = [path.relative_to(root).as_posix() for path in added or []]
    taken = every(root)
    if not contents and not absent or (taken and taken[0].files() == {**contents, **dict.fromkeys(absent)}):
        return
    folder = root / ".tito" / "snapshots"
    made = beside(folder / "snapshot")
    try:
        sweep(folder / "snapshot")
        for name, content in contents.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).touch()
            keep_mode(root / name, made / name)  # what others may not read they cannot read in the snapshot
            (made / name).write_bytes(content)
        if absent:
            made.mkdir(parents=True, exist_ok=True)
            (made / _ABSENT).write_text(json.dumps(absent), encoding="utf-8")
        _name(made, taken[0].number + 1 if taken else 1, before)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for old in taken[KEPT - 1 :]:
        shutil.rmtree(old.folder, ignore_errors=True)


def of_modules(modules: list[Module], before: str) -> None:
    """Keep the dev files of some modules of one course."""
    take(modules[0].root, [module.dev for module in modules], before)


def _name(made: Path, number: int, before: str) -> None:
    """Give a whole snapshot its name: the next number that nobody else has taken meanwhile."""
    while any(made.parent.glob(f"{number:04}_*")):
        number += 1
    os.rename(made, made.with_name(f"{number:04}_{time.strftime('%Y%m%d-%H%M%S')}_{before}"))


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
    """Put its files back, all or none, a snapshot of what they replace taken first. Returns the paths that changed."""
    contents, root = snapshot.changes(), snapshot.root
    there = {name: (root / name).exists() for name in contents}
    replaced = [root / name for name in contents if there[name]]
    take(root, replaced, "undo", added=[root / name for name in contents if not there[name]])
    try:
        changes.change(root, contents)
    except OSError as error:
        raise cannot_write(Path(error.filename or root), error) from error
    return list(contents)
