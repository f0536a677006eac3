"""The tool's reading and writing of files, where what goes wrong is a sentence."""

import errno
import os
import shlex
import stat
from pathlib import Path

from tinytorch.support.files import write_file
from tito.errors import TitoError

_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_LARGEST = 2**24  # bytes of a record, whose usual size is a few thousand


def read_plain(path: Path, largest: float = _LARGEST) -> bytes:
    """The content of one of the tool's own files. ValueError where a folder, a pipe or a huge file stands there."""
    told = path.stat()
    if not stat.S_ISREG(told.st_mode):
        raise ValueError("it is no file")
    if told.st_size > largest:
        raise ValueError(f"it has {told.st_size:,} bytes")
    return path.read_bytes()


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write the file as `write_file` does, in a folder made if need be. What cannot be written is a TitoError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> TitoError:
    """What to say when the system refuses a write: the path, the reason, and how to fix it."""
    folder = shlex.quote(str(path.parent))
    if error.errno in _NOT_ALLOWED and os.path.isfile(path) and not path.stat().st_mode & 0o222:
        fix = f"If it is to be written: `chmod u+w {shlex.quote(str(path))}`"
    elif error.errno in _NOT_ALLOWED:
        fix = f"See who owns it: `ls -ld {folder}`; then `chmod u+w {folder}`, or copy the course."
    elif error.errno == errno.ENOSPC:
        fix = f"Free some space (`df -h {folder}`) and run the same command again."
    else:
        fix = f"Look at `ls -ld {folder}` and run the same command again."
    return TitoError(f"cannot write {path}: {error.strerror or error}. What was there is unchanged.", fix)
