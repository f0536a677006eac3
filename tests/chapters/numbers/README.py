"""Where the numbers of README.md come from."""

module = 9

SENTENCES = {
    "README.md": ["A module may be named `09`, `{module}`, `spatial`"],
}
