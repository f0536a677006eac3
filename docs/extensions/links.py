"""Links: to files that are no page, to the repository; and no link within the site is dead when it is built.

MyST finds a missing page or heading as it reads, and names file and line. What it does not see, such as an address in
a card or in HTML, is looked at here, in the finished pages.
"""

import posixpath
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docutils import nodes
from repository import ROOT, Repository
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)


class LinkToRepository(SphinxTransform):
    """A link to a file of the course that is no page of the site leads to it in the repository."""

    default_priority = 200

    def apply(self, **keywords) -> None:
        for node in list(self.document.findall(addnodes.download_reference)):
            path = self.env.relfn2path(node["reftarget"], self.env.docname)[1]
            address = Repository.read().page(Path(path).relative_to(ROOT).as_posix())
            link = nodes.reference("", "", *node.children, refuri=address, internal=False)
            node.replace_self(link)


class _Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors: set[str] = {""}
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value is not None and (name == "id" or (name == "name" and tag == "a")):
                self.anchors.add(value)
            elif value and name in ("href", "src"):
                self.targets.append(value)


def dead(folder: Path) -> Iterator[tuple[str, str]]:
    """(page, target) for each reference within a finished site that leads nowhere."""
    pages = {path.relative_to(folder).as_posix(): _Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}
    for name, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            to = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
            )
            if to in pages:
                if unquote(parts.fragment) not in pages[to].anchors:
                    yield name, target
            elif not (folder / to).is_file():
                yield name, target


def look(app: Sphinx, error: Exception | None) -> None:
    """Warn about dead links, with the line of the page's source where the address stands, if it does."""
    if error or app.builder.name != "html":
        return
    for page, target in dead(Path(app.outdir)):
        source = Path(app.env.doc2path(page.removesuffix(".html")))
        line = 1
        if source.is_file():
            lines = source.read_text(encoding="utf-8").splitlines()
            line = next((number for number, text in enumerate(lines, 1) if target in text), 1)
        where = source.resolve().relative_to(ROOT) if source.is_file() else page
        logger.warning("dead link: %s", target, location=f"{where}:{line}")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(LinkToRepository)
    app.connect("build-finished", look)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
