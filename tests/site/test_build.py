"""What stops the build, with file and line; on a small copy of the pages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.extras

ROOT = Path(__file__).resolve().parents[2]
SESSION = "```{{session}}\n:says: {words}\n$ tito module list\n```\n"


@pytest.fixture
def build(tmp_path):
    """Build a copy of the site that has the chapters and one page; returns the exit status and what was said."""
    pytest.importorskip("furo", reason="the pages need the `site` extra")
    pytest.importorskip("myst_nb", reason="the pages need the `site` extra")
    copy = tmp_path / "course"
    for name in ("modules", "tinytorch", "tito", "docs/extensions", "docs/static", "docs/diagrams"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "ARCHITECTURE.md", "docs/conf.py", "scripts/build-site"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    for about in (copy / "modules").glob("*/ABOUT.md"):
        front = about.read_text(encoding="utf-8").split("---\n")[1]
        about.write_text(f"---\n{front}---\n\n# Chapter\n", encoding="utf-8")

    def run(page="", **files):
        index = f"# The site\n\n{page}\n\n```{{toctree}}\n:glob:\nchapters/*\narchitecture\n```\n"
        (copy / "docs" / "index.md").write_text(index, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(copy)}
        command = [sys.executable, copy / "scripts" / "build-site"]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment)
        return ran.returncode, ran.stdout + ran.stderr

    run.root = copy
    return run


def rewrite(path: Path, old: str, new: str) -> int:
    """Replace `old` in a file, where it must stand; the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_sound_pages_are_built_and_what_is_asked_for_is_there(build):
    page = "$x^2$, [a chapter](../modules/09_spatial/ABOUT.md), [a file](../tito/course.py)\n\n" + SESSION.format(
        words="09_spatial"
    )
    status, said = build(page)
    assert status == 0, said
    html = (build.root / "build" / "site" / "index.html").read_text(encoding="utf-8")
    assert "<math" in html and "<msup>" in html
    assert 'href="chapters/09_spatial.html"' in html
    assert '/blob/main/tito/course.py"' in html
    assert "SimpleCNN" not in html and "advanced" in html, "the table of modules, as tito printed it"


WRONG = [
    ("[gone](gone.md)", "gone.md"),
    ("[gone](../modules/09_spatial/ABOUT.md#no-such-heading)", "no-such-heading"),
    ("![a picture](picture.svg)", "picture.svg"),
    ("```{mermaid}\nflowchart LR\n  a --> b\n```", "scripts/draw-diagrams"),
    (SESSION.format(words="10_nothing"), "does not say '10_nothing'"),
    ("```{session}\n$ tito module start 11\n```", "ended with status 2"),
    ("```{session}\n:fails:\n$ tito module list\n```", "ended with status 0"),
    ("```{unknown}\n```", "Unknown directive type: 'unknown'"),
    ("$\\frac{1}$", "frac"),
    ('<a href="nothing.html">nothing</a>', "dead link: nothing.html"),
]


def test_what_is_wrong_on_a_page_stops_the_build_with_file_and_line(build):
    about = build.root / "modules" / "02_activations" / "ABOUT.md"
    in_chapter = rewrite(about, "# Chapter\n", "# Chapter\n\n[next](../03_layer/ABOUT.md)\n") + 2
    status, output = build("\n\n".join(wrong for wrong, _ in WRONG))
    assert status != 0
    told = [line for line in output.splitlines() if "ABOUT.md:" in line or "index.md:" in line]
    index = (build.root / "docs" / "index.md").read_text(encoding="utf-8")
    for wrong, said in WRONG:
        line = index[: index.index(wrong)].count("\n") + 1
        said_there = [text for text in told if f"docs/index.md:{line}: " in text and said in text]
        assert said_there, f"line {line}: {said}\n\n{output}"
    assert any(f"modules/02_activations/ABOUT.md:{in_chapter}: " in text for text in told), output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("difficulty: advanced\n", "", "difficulty"),
        ("  - 01_tensor\n", "  - 01_tensr\n", "01_tensr"),
        ("  - 01_tensor\n", "  - 09_spatial\n", "circle"),
        ("title: Spatial\n", "title: [Spatial\n", "not valid YAML"),
    ],
)
def test_a_chapter_that_does_not_say_what_it_must_stops_the_build_with_file_and_line(build, old, new, said):
    line = rewrite(build.root / "modules" / "09_spatial" / "ABOUT.md", old, new)
    status, output = build()
    assert status != 0
    place = "modules/09_spatial/ABOUT.md:"
    assert place in output and said in output, output
    told = int(re.search(re.escape(place) + r"(\d+)", output)[1])
    assert told in ((line, line + 1) if new else (1,)), output
    assert "Traceback" not in output


def test_a_missing_extra_is_named_with_what_installs_it(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['furo'] = None\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "build-site"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert ran.returncode == 1
    assert re.search(r"\bfuro\b.* not installed here", ran.stderr) and "pip install -e '.[site]'" in ran.stderr
