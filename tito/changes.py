"""Changing several files as one, whatever kills the process meanwhile.

The new contents are staged in `.tito/`, and one rename, to `.tito/changes`, decides: before it nothing has changed;
after it they go into their places, and if that is broken off, the next `tito` ends it before it does anything else.
What is changed may be `tito` itself. So this file needs nothing but the standard library, and what stands in
`.tito/changes` has the same form in every edition: `files/`, a tree of new contents, and `gone`, a JSON list of paths.
"""

import errno
import os
import sys
from pathlib import Path


def change(root: Path, contents: dict[str, bytes | None]) -> None:
    """Give each file (its path in the course) its content; None removes it. Raises OSError with nothing changed."""
    import json
    import shutil

    from tinytorch.support.files import beside, keep_mode, real_file, sweep

    finish(root)
    decided = root / ".tito" / "changes"
    staged = beside(decided)
    try:
        sweep(decided)
        (staged / "files").mkdir(parents=True)
        for name, content in contents.items():
            target = real_file(root / name)
            _expect_writable(target.parent)
            if content is not None:
                path = staged / "files" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
                if target.exists():
                    keep_mode(target, path)
                path.write_bytes(content)
        gone = [name for name, content in contents.items() if content is None]
        (staged / "gone").write_text(json.dumps(gone), encoding="utf-8")
        os.sync()
        os.rename(staged, decided)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    finish(root)


def _expect_writable(folder: Path) -> None:
    """PermissionError where no file could be put into the folder later: then it must not be begun."""
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise PermissionError(13, "Permission denied", str(folder))


def finish(root: Path) -> bool:
    """End a change that was decided on and broken off. True if there was one."""
    import shutil

    decided = root / ".tito" / "changes"
    if not os.path.isdir(decided):
        return False
    files = decided / "files"
    for path in sorted(files.rglob("*")):
        if path.is_file():
            target = Path(os.path.realpath(root / path.relative_to(files)))  # a link stays
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _move(path, target)
            except FileNotFoundError:
                pass  # another `tito` was quicker
    for name in _gone(decided):
        (root / name).unlink(missing_ok=True)
    shutil.rmtree(decided, ignore_errors=True)
    return True


def _move(path: Path, target: Path) -> None:
    """Put a whole file in its place, also where a link leads to another disk."""
    import shutil

    try:
        os.replace(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(16).hex()}.tmp")  # swept as `beside` is
        shutil.copy2(path, copy)
        os.replace(copy, target)
        path.unlink(missing_ok=True)


def _gone(decided: Path) -> list[str]:
    import json

    try:
        names = json.loads((decided / "gone").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # removed already, with much else, by a `tito` that was killed then; or damaged
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def finish_here() -> None:
    """End what was broken off in the course that the current folder lies in. Where that cannot be, say so and exit."""
    try:
        here = Path.cwd()
    except OSError:
        return  # it was deleted: the commands that need a course say so
    for root in (here, *here.parents):
        try:
            if finish(root):
                print("note  an update or undo that was broken off is finished now", file=sys.stderr)
        except OSError as error:
            sys.exit(
                f"tito: an update or undo of {root} was broken off and cannot be finished: {error}\n"
                f"      Mend this and try again; to give it up as it is, remove {root / '.tito' / 'changes'}."
            )
