"""What was worked out from a file's text, kept in `.tito/read/` until the text changes: parsing takes long."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinytorch.support.files import write_file
from tito.files import read_plain

_MADE_BY = (
    "dev_file.py",
    "course.py",
    "progress.py",
    "../tinytorch/support/cells.py",
)  # after an update of these the same text may be read otherwise

_held: dict[Path, tuple[str, Any]] = {}  # path of the kept value -> (text, value), as long as this process runs


def cached(root: Path, name: str, text: str, work_out: Callable[[], Any]) -> Any:
    """The value that `work_out()` makes of `text`, in types that JSON has. Nothing is kept where it raises.

    Kept with a hash of the text, of the tool and of itself, so that a damaged file counts as none.
    """
    path = root / ".tito" / "read" / f"{name}.json"
    if _held.get(path, (None, None))[0] == text:
        return _held[path][1]
    tool = [(Path(__file__).parent / file).stat().st_mtime_ns for file in _MADE_BY]

    def seal(kept: str) -> str:
        return hashlib.sha256(f"{tool}\n{text}\n{kept}".encode()).hexdigest()

    try:
        found, _, kept = read_plain(path).decode("utf-8").partition("\n")
        if found == seal(kept):
            _held[path] = text, json.loads(kept)
            return _held[path][1]
    except (OSError, ValueError):
        pass  # not there, or not text
    value = work_out()
    _held[path] = text, value
    try:
        kept = json.dumps(value)
        if json.loads(kept) == value:  # a date or the like would come back as something else
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, f"{seal(kept)}\n{kept}".encode())
    except (OSError, TypeError, ValueError):
        pass  # it is worked out again next time
    return value
