"""The site's settings: `scripts/build-site` runs Sphinx with them, warnings as errors."""

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extensions")]

logging.getLogger("traitlets").setLevel(logging.WARNING)  # each kernel that starts would say so

project = "TinyTorch"
author = "TinyTorch contributors"
copyright = author
language = "en"

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx.ext.autodoc",
    # ours, in extensions/
    "chapters",
    "diagrams",
    "docstrings",
    "links",
    "maths",
    "sessions",
]
exclude_patterns = ["extensions", "**/README.md"]

# Pages are MyST Markdown. Those that hold {code-cell}s are run, each in a kernel of its own: what they show is real.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_block", "attrs_inline"]
myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_merge_streams = True

# `text` in a docstring is code, and a link where it is a public name
smartquotes = False
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "TinyTorch"
html_static_path = ["static"]
html_favicon = "static/favicon.svg"
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    # the colours of diagrams and pictures are variables, so that one drawing serves both
    "light_css_variables": {
        "color-code-background": "#f4f6f8",
        "diagram-text": "#1c1e21",
        "diagram-line": "#5b6470",
        "diagram-fill": "#e8f0fb",
        "diagram-border": "#3f6fb5",
        "diagram-group": "#f5f6f8",
        "diagram-page": "#ffffff",
    },
    "dark_css_variables": {
        "diagram-text": "#e6e8ea",
        "diagram-line": "#9aa4b0",
        "diagram-fill": "#20324d",
        "diagram-border": "#7fa9e6",
        "diagram-group": "#1d2024",
        "diagram-page": "#131416",
    },
}
