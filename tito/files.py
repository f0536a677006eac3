"""Writing files so that a kill at any moment leaves the old content or the new, never half of one."""

import errno
import os
import re
import shutil
import stat
import uuid
from pathlib import Path

from tito.errors import TitoError

_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_LARGEST = 2**24  # bytes of a record, whose usual size is a few thousand
_BESIDE = re.compile(r"\.(.+)\.(\d+)-[0-9a-f]{32}\.tmp")


def beside(path: Path) -> Path:
    """A name in the same folder under which to make what is then renamed to `path`. It holds this process's id."""
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.tmp")


def sweep(path: Path) -> None:
    """Remove what processes that were killed have left of making `path`; those that live are still at it."""
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


def read_plain(path: Path, largest: float = _LARGEST) -> bytes:
    """The content of one of the tool's own files. ValueError where a folder, a pipe or a huge file stands there."""
    told = path.stat()
    if not stat.S_ISREG(told.st_mode):
        raise ValueError("it is no file")
    if told.st_size > largest:
        raise ValueError(f"it has {told.st_size:,} bytes")
    return path.read_bytes()


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path` and rename it into place. What cannot be written is a TitoError."""
    made = beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        with open(made, "xb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(made, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        try:
            made.unlink(missing_ok=True)
        except OSError:
            pass  # the folder refused the write as well: that error is already on its way


def cannot_write(path: Path, error: OSError) -> TitoError:
    """What to say when the system refuses a write: the path, the reason, and what mends it."""
    if error.errno in _NOT_ALLOWED:
        fix = f"See who owns it: `ls -ld {path.parent}`; then `chmod u+w {path.parent}`, or copy the course."
    elif error.errno == errno.ENOSPC:
        fix = f"Free some space (`df -h {path.parent}`) and run the same command again."
    else:
        fix = f"Look at `ls -ld {path.parent}` and run the same command again."
    return TitoError(f"cannot write {path}: {error.strerror or error}. What was there is unchanged.", fix)
