"""The reference: every public name of a package, as its `__all__` says, with the docstring that stands in the code.

Docstrings are prose that reads well in a terminal: `code` in single backticks, shapes and formulas as they are, and
here and there a list of arguments, "name: what it is". This turns them into what Sphinx parses.
"""

import importlib
import re
from types import ModuleType

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

import tinytorch

# "lr, eps: text" or, in columns, "noise      text"
_ENTRY = re.compile(r"(?P<names>\*{0,2}[a-z_]\w*(?:, \*{0,2}[a-z_]\w*)*)(?::| {2,}) *(?P<text>\S.*)")


def as_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring in reStructuredText."""
    written: list[str] = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        rows = paragraph.split("\n")
        if _ENTRY.fullmatch(rows[0]) and all(row[:1].isspace() or _ENTRY.fullmatch(row) for row in rows):
            for row in rows:
                entry = None if row[:1].isspace() else _ENTRY.fullmatch(row)
                if entry:
                    names = ", ".join(f"``{name}``" for name in entry["names"].split(", "))
                    written += [names, f"    {_escaped(entry['text'])}"]
                else:
                    written.append(f"    {_escaped(row.strip())}")
        elif all(row.startswith(("    ", ">>>")) for row in rows):
            written += ["::", "", *(f"    {row}" for row in rows)]
        elif rows[0].startswith("- "):  # a list, whose items go on in indented lines
            written += [_escaped(row) for row in rows]
        else:
            written += [_escaped(row.strip()) for row in rows]
        written.append("")
    return written


def _escaped(text: str) -> str:
    """Prose in which only backticks mean something."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part[:1] == "`" else re.sub(r"([\\*_|])", r"\\\1", part) for part in parts)


def rewrite(app: Sphinx, what: str, name: str, thing, options, lines: list[str]) -> None:
    lines[:] = as_rst(lines)


class PublicNames(Directive):
    """`public-names:: tinytorch.nn`: the package's docstring, then each of its public functions, classes and dtypes."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = self.arguments[0]
        module = importlib.import_module(package)
        lines = [*as_rst((module.__doc__ or "").splitlines()), f".. py:module:: {package}", ""]
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, ModuleType):
                continue
            if not getattr(thing, "__module__", "").startswith("tinytorch"):  # a dtype, which NumPy describes
                lines += [f".. py:data:: {package}.{name}", f"    :value: {thing!r}", ""]
                continue
            lines += [f".. auto{'class' if isinstance(thing, type) else 'function'}:: {package}.{name}"]
            if isinstance(thing, type):
                known = package != "tinytorch" and name in tinytorch.__all__  # described there, and found there
                lines += ["    :members:", *["    :no-index:"] * known]
            lines += [""]
        node = nodes.Element()
        self.state.nested_parse(StringList(lines, source=package), 0, node)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
