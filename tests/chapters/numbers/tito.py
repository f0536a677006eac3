"""Where the numbers of the README of a student edition come from."""

from tito import snapshots

kept = snapshots.KEPT
module = 9

SENTENCES = {
    "tito/student_readme.md": [
        "what is kept: the last {kept}, plain files",
        "A module may be named `09`, `{module}`, `spatial`",
    ],
}
