"""Writing a file as a whole: a kill at any moment leaves the old content or the new, never half of one."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import uuid
from pathlib import Path

_BESIDE = re.compile(r"\.(.+)\.(\d+)-[0-9a-f]{32}\.tmp", re.DOTALL)


def write_file(path: Path, content: bytes) -> None:
    """Write `content` beside the file and rename it into place.

    A symbolic link stays, and the file that it leads to is written. A file that is replaced passes on its mode and its
    owner, where the system lets us. Its other names (hard links) keep the old content, as a backup made of them wants.

    Raises OSError, with the old file unchanged: PermissionError for one that is read-only, also to root.
    """
    target = real_file(path)
    made = beside(target)
    sweep(target)
    try:
        with open(made, "xb") as file:
            if target.exists():
                keep_mode(target, made)  # before the content: what others may not read they never can
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name points to it
        os.replace(made, target)
    finally:
        made.unlink(missing_ok=True)


def real_file(path: Path) -> Path:
    """Return where `path` leads by symbolic links: what is to be replaced to write the file, if it is there or not.

    Raises OSError where it is no file, and PermissionError where the file is read-only, which root would not notice.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, f"it is read-only (mode {stat.S_IMODE(mode):04o})", str(path))
    return target


def with_home(path: str | os.PathLike[str]) -> Path:
    """Return the path, a `~` at its beginning replaced. Raises FileNotFoundError where the home folder is not known."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise FileNotFoundError(
            f"{path} is in a home folder, and none is known here: set HOME, or name another folder "
            "(for data: --data DIR or the variable TINYTORCH_DATA)"
        ) from None


def keep_mode(old: Path, new: Path) -> None:
    """Give what will replace `old` its mode, its extended attributes and, where the system lets us, its owner."""
    status = old.stat()
    try:
        os.chown(new, status.st_uid, status.st_gid)
    except OSError:
        pass  # then it belongs to who runs this, as a new file does
    shutil.copystat(old, new)
    os.utime(new)


def beside(path: Path) -> Path:
    """A name in the same folder under which to make what is then renamed to `path`. It holds this process's id."""
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.tmp")


def sweep(path: Path) -> None:
    """Remove what processes that were killed have left of making `path`; a process that runs may still need its own."""
    try:
        names = os.listdir(path.parent)
    except OSError:
        return  # no folder yet, or none that can be read: nothing to sweep
    for name in names:
        match = _BESIDE.fullmatch(name)
        if match and match[1] == path.name and not _lives(int(match[2])):
            left = path.with_name(name)
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True
