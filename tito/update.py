"""`tito update FROM`: a newer edition's text, tests and tools come in, and what the student wrote stays.

Dev files are merged by their cells (`tito/merge.py`). Of every other file the edition knows, by its hash in
`.edition.json`, whether the student has changed it; one that both changed stays, and the newer one is put beside it
as NAME.new. All files change as one, after a snapshot.
"""

import ast
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from tinytorch.support import cells
from tinytorch.support.files import with_home
from tito import changes, manifest, merge, notebooks, snapshots
from tito.course import Course, Module
from tito.errors import TitoError
from tito.files import cannot_write
from tito.manifest import Manifest, digest

CORE = "tinytorch/core/"


@dataclass
class Update:
    """What an update comes to: new contents (None: the file goes), and what is to be said of it."""

    made: str = ""
    contents: dict[str, bytes | None] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)  # files that both sides changed: the newer one is NAME.new
    conflicts: list[str] = field(default_factory=list)  # places in dev files where both stand
    kept: list[str] = field(default_factory=list)  # changed by the student, handed out no more


def plan(course: Course, source: str) -> Update:
    """Work out the update from the edition in the folder `source`; nothing is written."""
    here = manifest.read(course.root)
    if here is None:
        raise TitoError(
            f"{course.root} is not a student edition: there is nothing to update.",
            "The reference course is brought up to date with `git pull`.",
        )
    folder, newer = _source(course, here, source)
    _expect_notebooks_in_step(course)
    update = Update(made=newer.made)
    found = {name: _content(folder / name) for name in newer.files}
    missing = [name for name, content in found.items() if content is None]
    if missing:
        raise TitoError(f"{folder} is not whole: {missing[0]} is missing.", "Make or fetch that edition again.")
    theirs = {
        name: manifest.as_handed_out(content, newer.files[name])
        for name, content in found.items()
        if content is not None
    }
    chapters = {
        f"{name.replace('/.start/', '/')}": name for name in theirs if "/.start/" in name and name.endswith(".py")
    }
    for name in sorted(theirs):
        if name not in chapters and not name.startswith(CORE):
            _file(update, course.root, name, theirs[name], here)
    for name, start in chapters.items():
        theirs[name] = theirs[start]
        _chapter(update, course.root, name, start, theirs[start])
    stay = {f"{CORE}{Path(name).name.removesuffix('_dev.py')}.py" for name in update.beside}  # as their chapters
    for name in theirs:
        if name.startswith(CORE) and name not in stay and digest(theirs[name]) != here.files.get(name):
            _set(update, course.root, name, theirs[name])
    for name in sorted(here.files.keys() - newer.files.keys()):
        _gone(update, course.root, name, here)
    _notebooks(update, course)
    listed = Manifest(newer.made, newer.first, {name: digest(content) for name, content in theirs.items()})
    _set(update, course.root, manifest.NAME, listed.dumps().encode())
    return update


def apply(course: Course, update: Update) -> None:
    """Write it, all or nothing; `tito undo` takes it back."""
    root = course.root
    there = [name for name in update.contents if (root / name).exists()]
    added = [root / name for name in update.contents if name not in set(there)]
    snapshots.take(root, [root / name for name in there], "update", added)
    try:
        changes.change(root, update.contents)
    except OSError as error:
        raise cannot_write(Path(error.filename or root), error) from error


def _source(course: Course, here: Manifest, source: str) -> tuple[Path, Manifest]:
    """The folder of the newer edition. Raises TitoError where it is none that this one can be updated from."""
    try:
        folder = with_home(source).absolute()
    except FileNotFoundError as error:
        raise TitoError(f"{error}.", "Name the folder of a newer edition by its whole path.") from None
    if "://" in source or source.startswith("git@"):
        raise TitoError(
            f"{source} is an address, and a folder is wanted.",
            f"`git clone {shlex.quote(source)} ../newer`, then `tito update ../newer`.",
        )
    if not folder.is_dir():
        raise TitoError(f"there is no folder {folder}.", "Name the folder of a newer edition, or a git clone of one.")
    if folder.resolve() == course.root.resolve():
        raise TitoError(f"{folder} is this edition itself.", "Name the folder of a newer one.")
    newer = manifest.read(folder)
    if newer is None and (folder / "modules").is_dir() and (folder / "tinytorch").is_dir():
        raise TitoError(
            f"{folder} is not a student edition, but a course that may hold the answers.",
            f"Make an edition of it: `cd {shlex.quote(str(folder))} && tito init DEST --start-at {here.first}`; "
            "then `tito update DEST` here.",
        )
    if newer is None:
        raise TitoError(
            f"{folder} is not a student edition: it has no {manifest.NAME}.", "Name one that `tito init` made."
        )
    if newer.made < here.made:
        raise TitoError(
            f"{folder} is older than this edition: made {newer.made[:16]}, this one {here.made[:16]}.",
            "There is nothing to bring in.",
        )
    if newer.made == here.made:
        raise TitoError(f"{folder} is the edition that you have.", "There is nothing to bring in.", status=1)
    if newer.first != here.first:
        raise TitoError(
            f"{folder} begins at module {newer.first}, and this edition at module {here.first}.",
            f"Ask for one made with `tito init DEST --start-at {here.first}`.",
        )
    return folder, newer


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TitoError(f"{path} cannot be read: {error.strerror}.", f"See `ls -ld {path}`.") from error


def _set(update: Update, root: Path, name: str, content: bytes | None) -> None:
    if not _same(_content(root / name), content):
        update.contents[name] = content


def _same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two files differ in nothing but their line ends, which git may have changed in a clone."""
    if one is None or other is None:
        return one is other
    return manifest.with_unix_lines(one) == manifest.with_unix_lines(other)


def _file(update: Update, root: Path, name: str, theirs: bytes, here: Manifest) -> None:
    """A file that is not merged: the newer one, unless the student has changed or removed it."""
    mine, handed_out = _content(root / name), here.files.get(name)
    if digest(theirs) == handed_out:
        return  # nothing new in it: what the student has stays, also where that is nothing
    if mine is None or manifest.is_as_handed_out(mine, handed_out):
        _set(update, root, name, theirs)
    else:
        _both(update, root, name, theirs)


def _chapter(update: Update, root: Path, name: str, start: str, theirs: bytes) -> None:
    """A dev file that students write in; `start` is what this edition handed out."""
    mine, base = _content(root / name), _content(root / start)
    if mine is None or _same(mine, base):
        _set(update, root, name, theirs)
        return
    merged = _merged(base, mine, theirs)
    if merged is None:
        _both(update, root, name, theirs)
        return
    text, conflicts = merged
    _set(update, root, name, cells.encode_as(mine, text))
    if conflicts:
        lines = enumerate(text.split("\n"), 1)
        update.conflicts += [f"{name}:{number}" for number, line in lines if line == f"# {merge.BOTH}"]


def _merged(base: bytes | None, mine: bytes, theirs: bytes) -> tuple[str, bool] | None:
    """The text and whether something in it was changed by both; None where they cannot be merged."""
    if base is None:
        return None
    try:
        before, own, newer = (cells.decode(manifest.with_unix_lines(content)) for content in (base, mine, theirs))
        text, conflicts = merge.merge(before, own, newer)
    except (UnicodeDecodeError, SyntaxError):
        return None
    return (text, bool(conflicts)) if _parses(text) or not _parses(own) else None


def _both(update: Update, root: Path, name: str, theirs: bytes) -> None:
    """Both sides changed the file: the student's stays, the newer one goes beside it."""
    if not _same(_content(root / name), theirs):
        _set(update, root, f"{name}.new", theirs)
        update.beside.append(name)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _gone(update: Update, root: Path, name: str, here: Manifest) -> None:
    """A file that is handed out no more goes, unless the student has changed it."""
    mine = _content(root / name)
    if mine is not None and manifest.is_as_handed_out(mine, here.files[name]):
        _set(update, root, name, None)
    elif mine is not None and not name.startswith(CORE):
        update.kept.append(name)


def _with_notebook(course: Course) -> list[Module]:
    return [module for module in course.modules if notebooks.beside(module).exists()]


def _expect_notebooks_in_step(course: Course) -> None:
    for module in _with_notebook(course):
        if not notebooks.in_step(module):
            raise TitoError(
                f"{module.shown(notebooks.beside(module))} and {module.shown(module.dev)} are not in step.",
                f"Bring them in step first: `tito notebook {module.number}`.",
            )


def _notebooks(update: Update, course: Course) -> None:
    """The notebooks of dev files that change change with them."""
    for module in _with_notebook(course):
        text = update.contents.get(module.shown(module.dev))
        if text is not None:
            path = module.shown(notebooks.beside(module))
            _set(
                update, course.root, path, notebooks.as_notebook(cells.decode(text), module.shown(module.dev)).encode()
            )
