"""What was worked out from a file's text, kept in `.tito/read/` until the text is another: parsing anew takes long."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tito.files import beside, read_plain, sweep

_MADE_BY = ("dev_file.py", "course.py", "progress.py")  # an update of these may read the same text otherwise

_held: dict[Path, tuple[str, Any]] = {}  # path of what is kept -> (text, what it came to), as long as this runs


def remembered(root: Path, name: str, text: str, work_out: Callable[[], Any]) -> Any:
    """What `work_out()` makes of `text`: values as JSON has them. What it raises is not kept.

    Kept with a hash of the text, of the tool and of itself, so that a damaged file is as good as none.
    """
    path = root / ".tito" / "read" / f"{name}.json"
    if _held.get(path, ("", None))[0] == text:
        return _held[path][1]
    tool = [(Path(__file__).with_name(file)).stat().st_mtime_ns for file in _MADE_BY]

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
            sweep(path)
            made = beside(path)
            made.write_text(f"{seal(kept)}\n{kept}", encoding="utf-8")
            os.replace(made, path)  # whatever stands there: a pipe would keep us waiting
    except (OSError, TypeError, ValueError):
        pass  # it is worked out again next time
    return value
