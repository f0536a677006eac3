"""The pages that stand elsewhere in the repository: each module's ABOUT.md is a chapter, ARCHITECTURE.md a page.

They are read where they stand. So an error names the file that a person edits, and a link between two of them works
in the repository as it does here. `{{ binder }}`, `{{ colab }}` and `{{ source }}` in a chapter are the addresses of
its notebook and its folder; the repository's own stands in pyproject.toml.
"""

import re
from html import escape
from pathlib import Path

from repository import ROOT, Repository
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.project import Project

from tito.course import Course, Module
from tito.errors import TitoError

REQUIRED = (
    *("title", "description", "difficulty", "time_estimate"),
    *("prerequisites", "next_steps", "learning_objectives"),
)


class ChapterProblem(SphinxError):
    """A chapter that does not say what it must; its file and line are in the message."""

    category = "The site is not built"


class CourseProject(Project):
    """The pages of docs/, and those read from elsewhere."""

    def discover(self, *arguments, **keywords):
        super().discover(*arguments, **keywords)
        pages = {f"chapters/{m.folder}": f"modules/{m.folder}/ABOUT.md" for m in Course(ROOT).modules}
        for name, path in {**pages, "architecture": "ARCHITECTURE.md"}.items():
            self.docnames.add(name)
            # under both names that Sphinx and MyST ask for
            self._docname_to_path[name] = Path("..", path)
            self._path_to_docname[Path("..", path)] = self._path_to_docname[ROOT / path] = name
        return self.docnames


def check(course: Course) -> None:
    """Raise ChapterProblem, with file and line, for front matter that is incomplete or that contradicts itself."""
    for module in course.modules:
        for key in REQUIRED:
            if key not in module.about:
                raise problem(module, "---", f"the front matter has no `{key}`: it needs {', '.join(REQUIRED)}.")
        for key in ("prerequisites", "next_steps"):
            for name in module.about[key] or []:
                try:
                    course.module(str(name))
                except TitoError as error:
                    raise problem(module, str(name), f"{key}: {error.message} {error.fix}") from None
    for module in course.modules:
        _refuse_cycle(course, [module])


def _refuse_cycle(course: Course, path: list[Module]) -> None:
    for needed in course.prerequisites(path[-1]):
        if needed in path:
            circle = [*path[path.index(needed) :], needed]
            told = " needs ".join(module.folder for module in circle)
            raise problem(circle[-2], needed.folder, f"prerequisites: {told}. Take one of them out.")
        _refuse_cycle(course, [*path, needed])


def problem(module: Module, text: str, message: str) -> ChapterProblem:
    """The problem at the first line of the chapter that holds `text`."""
    about = module.dev.with_name("ABOUT.md")
    lines = about.read_text(encoding="utf-8").splitlines()
    line = next((number for number, line in enumerate(lines, 1) if text in line), 1)
    return ChapterProblem(f"{module.shown(about)}:{line}: {message}")


def use_course(app: Sphinx) -> None:
    try:
        check(Course(ROOT))
    except TitoError as error:
        raise ChapterProblem(f"{error.message} {error.fix}") from None
    app.project = app.env.project = CourseProject(app.srcdir, app.config.source_suffix)


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the addresses of a chapter's notebook and folder in their places, wherever they stand, options included."""
    folder = docname.removeprefix("chapters/")
    if folder == docname or not re.fullmatch(r"\d\d_\w+", folder):
        return
    repository = Repository.read()
    module = Course(ROOT).module(folder)
    notebook = module.shown(module.dev.with_suffix(".ipynb"))
    addresses = {
        "binder": repository.binder(notebook),
        "colab": repository.colab(notebook),
        "source": repository.page(f"modules/{module.folder}"),
    }
    source[0] = re.sub(r"\{\{ *(\w+) *\}\}", lambda match: addresses.get(match[1], match[0]), source[0])


def describe(app: Sphinx, docname: str, template: str, context: dict, doctree) -> None:
    """The chapter's description, for those who find it by a search."""
    description = app.env.metadata.get(docname, {}).get("description")
    if description:
        context["metatags"] += f'<meta name="description" content="{escape(description)}">\n'


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", use_course)
    app.connect("source-read", fill_in)
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
