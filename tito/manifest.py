"""What an edition is and what it handed out: `.edition.json`, which `tito init` writes and `tito update` reads."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from tito.errors import TitoError

NAME = ".edition.json"


@dataclass(frozen=True)
class Manifest:
    """When the edition was made, its first module to write, and file -> hash of its content."""

    made: str
    first: str
    files: dict[str, str]

    def dumps(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def as_handed_out(content: bytes, wanted: str | None) -> bytes:
    """The content with the line ends that it was handed out with, where git has changed nothing else in a clone."""
    plain = with_unix_lines(content)
    return plain if digest(plain) == wanted else content


def with_unix_lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def is_as_handed_out(content: bytes, wanted: str | None) -> bool:
    return digest(as_handed_out(content, wanted)) == wanted


def write(root: Path, first: str) -> None:
    """Write down the edition in `root`, which is whole and not yet a repository."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix != ".ipynb"]
    files = {path.relative_to(root).as_posix(): digest(path.read_bytes()) for path in paths}
    made = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    (root / NAME).write_text(Manifest(made, first, files).dumps(), encoding="utf-8")


def read(root: Path) -> Manifest | None:
    """The edition in `root`; None where it is none. A damaged file is a TitoError."""
    path = root / NAME
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found = Manifest(str(told["made"]), str(told["first"]), dict(told["files"]))
        if not all(isinstance(text, str) for pair in found.files.items() for text in pair):
            raise ValueError("files of another type than tito writes")
        if any(name.startswith("/") or ".." in name.split("/") for name in found.files):
            raise ValueError("files outside the edition")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TitoError(
            f"{path} cannot be read ({type(error).__name__}: {error}).", f"Bring it back: `git checkout -- {NAME}`."
        ) from None
    return found
