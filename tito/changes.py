"""Changing several files as one, whatever kills the process meanwhile.

The new contents are staged in `.tito/`, and one rename, to `.tito/changes`, decides: before it nothing has changed;
after it they go into their places, and if that is broken off, the next `tito` ends it before it does anything else.
What is changed may be `tito` itself. So this file needs nothing but the standard library, and what stands in
`.tito/changes` has the same form in every edition: `files/`, a tree of new contents, and `gone`, a JSON list of paths.
"""

import os
import sys
from pathlib import Path


def change(root: Path, contents: dict[str, bytes | None]) -> None:
    """Give each file (its path in the course) its content; None removes it. Raises OSError with nothing changed."""
    import json
    import shutil

    from tito.files import beside, sweep

    finish(root)
    decided = root / ".tito" / "changes"
    staged = beside(decided)
    try:
        sweep(decided)
        (staged / "files").mkdir(parents=True)
        for name, content in contents.items():
            _expect_writable(root, root / name)
            if content is not None:
                path = staged / "files" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                if (root / name).exists():
                    shutil.copymode(root / name, path)
        gone = [name for name, content in contents.items() if content is None]
        (staged / "gone").write_text(json.dumps(gone), encoding="utf-8")
        os.sync()
        os.rename(staged, decided)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    finish(root)


def _expect_writable(root: Path, path: Path) -> None:
    """PermissionError where the file could not be put in its place later: then it must not be begun."""
    folder = path.parent
    while not folder.exists() and folder != root:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or path.is_dir():
        raise PermissionError(13, "Permission denied", str(path))


def finish(root: Path) -> bool:
    """End a change that was decided on and broken off. True if there was one."""
    import shutil

    decided = root / ".tito" / "changes"
    if not os.path.isdir(decided):
        return False
    files = decided / "files"
    for path in sorted(files.rglob("*")):
        if path.is_file():
            target = root / path.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.replace(path, target)
            except FileNotFoundError:
                pass  # another `tito` was quicker
    for name in _gone(decided):
        (root / name).unlink(missing_ok=True)
    shutil.rmtree(decided, ignore_errors=True)
    return True


def _gone(decided: Path) -> list[str]:
    import json

    try:
        names = json.loads((decided / "gone").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # removed already, with much else, by a `tito` that was killed then; or damaged
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def finish_here() -> None:
    """End what was broken off in the course that the current folder lies in. Where that cannot be, say so and exit."""
    here = Path.cwd()
    for root in (here, *here.parents):
        try:
            if finish(root):
                print("note  an update or undo that was broken off is finished now", file=sys.stderr)
        except OSError as error:
            sys.exit(
                f"tito: an update or undo of {root} was broken off and cannot be finished: {error}\n"
                f"      Mend this and try again; to give it up as it is, remove {root / '.tito' / 'changes'}."
            )
