"""The editor that `--open` uses: $VISUAL, $EDITOR, or VS Code where it is installed."""

import os
import shlex
import shutil

from tito.errors import TitoError


def command() -> tuple[list[str], str]:
    """(the words of the command, where it is from). Raises where none is known, or where it is not there."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(os.environ.get(name, ""))
        except ValueError as error:
            raise TitoError(f"{name} is {os.environ[name]!r}: {error}.", f"`export {name}=nano`") from None
        if words and shutil.which(words[0]) is None:
            raise TitoError(f"{name} is {words[0]!r}, and there is no such program.", f"`export {name}=nano`")
        if words:
            return words, f"${name}"
    if shutil.which("code"):
        return ["code"], "VS Code"
    raise TitoError(
        "no editor is known: VISUAL and EDITOR are not set, and there is no `code`.", "`export EDITOR=nano`"
    )
