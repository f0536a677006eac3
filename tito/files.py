"""Writing files so that a kill at any moment leaves the old content or the new, never half of one."""

import errno
import os
import uuid
from pathlib import Path

from tito.errors import TitoError

_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path` and rename it into place. What cannot be written is a TitoError."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "xb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        try:
            beside.unlink(missing_ok=True)
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
