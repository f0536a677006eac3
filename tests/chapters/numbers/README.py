"""Where the numbers of README.md come from."""

module = 9

SENTENCES = {
    "README.md": [
        "{in_words(modules).capitalize()} modules; NumPy",
        "the {in_words(modules)} chapters and what each needs",
        "A module may be named `09`, `{module}`, `spatial`",
    ],
}
