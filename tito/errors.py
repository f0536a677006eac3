"""The one way `tito` says that something is wrong: what happened, and a fix that can be pasted."""


class TitoError(Exception):
    """Something the user can mend. `fix` is the next thing to do; `status` the exit status."""

    def __init__(self, message: str, fix: str, status: int = 2):
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.status = status


class ChapterError(TitoError):
    """Something about one chapter's file: other chapters can go on."""
