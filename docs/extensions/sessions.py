"""The `{session}` directive: what a student types, run in a student edition while the site is built.

    ```{session}
    :fails:
    :says: not written yet
    $ tito module test 09
    ```

Each session starts from an edition as `tito init` makes it. Lines before the first `$` are the student's answer to an
exercise: the name of a function of a dev file with a colon, then its body, which is written in the place of the
`raise NotImplementedError`. What is shown is what was printed. A session that ends otherwise than the page says, with
another exit status than `:fails:` tells or without the words of `:says:`, stops the build.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from repository import ROOT
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tito.course import Course

LIMIT = 180  # seconds that a command may take
_PLACE: list[str] = []  # the folder that holds the editions of this build, those of its child processes, too


class Tree:
    """The course itself, in which sessions only look, and a home of its own for what they write."""

    def __init__(self, root: Path, home: Path):
        self.root, self.home = root, home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TINYTORCH_", "GIT_"))},
            "HOME": str(home),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TINYTORCH_TEST_SEED": "1",
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }

    def begin(self) -> None:
        pass

    def answer(self, lines: list[str]) -> None:
        raise LookupError("the course has its answers already")

    def run(self, commands: list[str]) -> tuple[str, int]:
        """The commands, one after another: what a terminal shows, each after its `$`, and the last exit status."""
        shown, status = "", 0
        folder = self.root
        for command in commands:
            ran = subprocess.run(
                ["bash", "-c", f'set -o pipefail\n{command}\nended=$?\nprintf "\\n\\001%s" "$PWD"\nexit $ended'],
                cwd=folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=LIMIT,
            )
            printed, _, place = ran.stdout.rpartition("\n\001")
            folder, status = Path(place or folder), ran.returncode
            shown += f"$ {command}\n" + (printed.rstrip("\n") + "\n" if printed.strip() else "")
        for path, said in ((str(self.home), "~"), (str(ROOT), "~/tinytorch"), (sys.executable, "python")):
            shown = shown.replace(path, said)
        return shown, status


class Edition(Tree):
    """A student edition that starts at `first`, put back to its beginning before each session."""

    def __init__(self, first: str, home: Path):
        super().__init__(home / "my-tinytorch", home)
        python = [sys.executable, "-m", "tito", "init", str(self.root), "--start-at", first]
        subprocess.run(python, cwd=ROOT, check=True, capture_output=True)

    def begin(self) -> None:
        """Put every file back, and forget what was done."""
        for arguments in (["checkout", "--quiet", "."], ["clean", "-fdxq"]):
            subprocess.run(["git", *arguments], cwd=self.root, env=self.environment, check=True)

    def answer(self, lines: list[str]) -> None:
        """Write the student's answer, `name:` and a body, in the place of the exercise's NotImplementedError."""
        name, body = lines[0].rstrip().removesuffix(":"), textwrap.dedent("\n".join(lines[1:]))
        waiting = re.compile(
            rf'^(?P<indent>[ ]*)raise NotImplementedError\("[^"]*: {re.escape(name)}"\)\n', re.MULTILINE
        )
        for module in Course(self.root).modules:
            text = module.dev.read_text(encoding="utf-8")
            found = waiting.search(text)
            if found:
                written = textwrap.indent(body.strip("\n"), found["indent"]) + "\n"
                module.dev.write_text(text[: found.start()] + written + text[found.end() :], encoding="utf-8")
                return
        raise LookupError(f"no exercise of this edition is called {name}")


@functools.cache
def tree(start_at: str) -> Tree:
    """The edition that starts at a module, made once; or the course itself."""
    home = Path(tempfile.mkdtemp(dir=_PLACE[0]))
    return Tree(ROOT, home) if start_at == "the course" else Edition(start_at, home)


class Session(SphinxDirective):
    """See above. `:start-at:` is the module at which the edition starts (09); with `the course` there is none, and
    commands run in the course itself. Of a long output, `:from:` shows what stands from the first line with these words
    on, `:last:` so many lines at the end."""

    has_content = True
    option_spec = {
        "fails": directives.flag,
        "says": directives.unchanged_required,
        "start-at": directives.unchanged_required,
        "from": directives.unchanged_required,
        "last": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        lines = list(self.content)
        first = next((number for number, line in enumerate(lines) if line.startswith("$ ")), len(lines))
        answer, commands = lines[:first], re.split(r"^\$ ", "\n".join(lines[first:]), flags=re.MULTILINE)[1:]
        place = tree(self.options.get("start-at", "09"))
        place.begin()
        try:
            if answer:
                place.answer(answer)
            shown, status = place.run([command.rstrip("\n") for command in commands])
        except (LookupError, subprocess.TimeoutExpired) as error:
            raise self.error(str(error)) from None
        if (status != 0) != ("fails" in self.options):
            raise self.error(f"this session ended with status {status}:\n{shown}")
        words = self.options.get("says", "")
        if words not in " ".join(shown.split()):
            raise self.error(f"this session does not say {words!r}:\n{shown}")
        return [*self._answer(answer), self._block(self._part(shown), "console")]

    def _part(self, shown: str) -> str:
        """The last command with the part of its output that the page wants, after the commands before it."""
        lines = shown.splitlines()
        command = max(number for number, line in enumerate(lines) if line.startswith("$ "))
        start = command + 1
        if "from" in self.options:
            words = self.options["from"]
            start = next((number for number in range(start, len(lines)) if words in lines[number]), None)
            if start is None:
                raise self.error(f"no line of this session says {words!r}:\n{shown}")
        elif "last" in self.options:
            start = max(start, len(lines) - self.options["last"])
        cut = ["…"] if start > command + 1 else []
        return "\n".join([*lines[: command + 1], *cut, *lines[start:]]) + "\n"

    def _answer(self, lines: list[str]) -> list[nodes.Node]:
        if not lines:
            return []
        return [self._block("\n".join([f"# {lines[0]}", *lines[1:]]).strip() + "\n", "python")]

    def _block(self, text: str, language: str) -> nodes.Node:
        block = nodes.literal_block(text, text, language=language)
        block["classes"].append("session")
        self.set_source_info(block)
        return block


def make_place(app: Sphinx) -> None:
    _PLACE[:] = [tempfile.mkdtemp(prefix="tinytorch-site-")]


def remove_place(app: Sphinx, error: Exception | None) -> None:
    shutil.rmtree(_PLACE[0], ignore_errors=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("session", Session)
    app.connect("builder-inited", make_place)
    app.connect("build-finished", remove_place)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
