"""The `{mermaid}` directive: a diagram that `scripts/draw-diagrams` drew, found by the hash of its text.

Mermaid itself is three megabytes and needs a browser; a drawing is some kilobytes. So drawings are kept in
docs/diagrams/, and a diagram whose text has changed has none: the build stops there and says what draws it. Their
colours are variables, which conf.py sets for light and dark.
"""

import hashlib
import re
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DRAWN = Path(__file__).resolve().parents[1] / "diagrams"


def drawing(text: str) -> Path:
    """Where the drawing of a diagram stands: its text decides."""
    return DRAWN / f"{hashlib.sha256(text.strip().encode()).hexdigest()[:16]}.svg"


def described(text: str, alt: str | None) -> str:
    """What is read aloud in place of the diagram: `alt`, or the text of its boxes in the order of its source."""
    labels = re.findall(r"[\[({>|]\"?([^\[\](){}|\"]+)\"?[\])}|]", text)
    labels = [" ".join(re.sub(r"<br */?>", " ", label).split()) for label in labels]
    return alt or "Diagram: " + ", ".join(dict.fromkeys(labels))


class Mermaid(SphinxDirective):
    """A diagram, with `:alt:` for those who do not see it, and `:caption:`."""

    has_content = True
    option_spec = {"alt": directives.unchanged, "caption": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        drawn = drawing(text)
        if not drawn.is_file():
            raise self.error("this diagram is not drawn yet: `scripts/draw-diagrams` draws it.")
        alt = escape(described(text, self.options.get("alt")))
        svg = drawn.read_text(encoding="utf-8").replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
        svg = re.sub(r"max-width: ([\d.]+px)", r"--whole: \1; max-width: \1", svg, count=1)
        caption = self.options.get("caption")
        told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        return [nodes.raw("", f'<figure class="diagram">{svg}{told}</figure>\n', format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
