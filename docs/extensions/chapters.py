"""The pages that stand elsewhere in the repository: each module's ABOUT.md is a chapter, ARCHITECTURE.md a page.

They are read where they stand. So an error names the file that a person edits, and a link between two of them works
in the repository as it does here. `{{ binder }}`, `{{ colab }}` and `{{ source }}` in a chapter are the addresses of
its notebook and its folder; the repository's own stands in pyproject.toml.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from repository import ROOT, Repository
from sphinx.application import Sphinx
from sphinx.project import Project
from sphinx.util.docutils import SphinxDirective

from tito.course import Course
from tito.notebooks import for_students


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


class Chapters(SphinxDirective):
    """A table of the chapters, as their front matter says."""

    def run(self) -> list[nodes.Node]:
        course = Course(ROOT)
        rows = ["| chapter | what you build | difficulty | time | needs |", "|---|---|---|---|---|"]
        for module in course.modules:
            about = module.about
            needs = " ".join(needed.number for needed in course.prerequisites(module)) or "–"
            link = f"[{module.number} {about['title']}](/chapters/{module.folder})"
            told = " | ".join(about[key] for key in ("description", "difficulty", "time_estimate"))
            rows.append(f"| {link} | {told} | {needs} |")
        return self.parse_text_to_nodes("\n".join(rows) + "\n")


def use_course(app: Sphinx) -> None:
    app.project = app.env.project = CourseProject(app.srcdir, app.config.source_suffix)


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the addresses of a chapter's notebook and folder in their places, wherever they stand, options included."""
    folder = docname.removeprefix("chapters/")
    if folder == docname or not re.fullmatch(r"\d\d_\w+", folder):
        return
    repository = Repository.read()
    module = Course(ROOT).module(folder)
    notebook = module.shown(for_students(module))
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
    app.add_directive("chapters", Chapters)
    app.connect("builder-inited", use_course)
    app.connect("source-read", fill_in)
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
