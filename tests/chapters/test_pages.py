"""The pages of the course: their numbers are computed or cited, their code runs and prints what they show."""

import re
import runpy
import shutil
from pathlib import Path

import pytest
from prose import Page, check

from tito import copies
from tito.chapters import run_page
from tito.course import Course
from tito.dev_file import DevFile

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = Path(__file__).with_name("numbers")
COURSE = Course(ROOT)

ABOUTS = [module.dev.with_name("ABOUT.md") for module in COURSE.modules]
RUN = [ROOT / "README.md", *ABOUTS]  # whose code is run here; that of docs/ is run as the site is built
DEVS = [module.dev for module in COURSE.modules]
OTHERS = [ROOT / "ARCHITECTURE.md", ROOT / "tito" / "student_readme.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [*RUN, *OTHERS, *DEVS]

MODULES = tuple(module.number for module in COURSE.modules)
(PYTHON,) = re.findall(r'^requires-python = ">=(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)


def shown(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def table_of(page: Path) -> Path:
    """`numbers/09_spatial.py` for the pages of that module, `numbers/docs.py` for docs/, `numbers/README.py` …"""
    parts = page.relative_to(ROOT).parts
    name = parts[1] if parts[0] == "modules" else parts[0].removesuffix(".md")
    return NUMBERS / f"{name}.py"


def read_table(table: Path) -> dict:
    """The names that a table defines, and `modules`, their number.

    Of a module's table also `front`, the front matter of its ABOUT.md, and `exercises`, their number.
    """
    names = runpy.run_path(str(table)) if table.exists() else {"SENTENCES": {}}
    names["modules"] = len(COURSE.modules)
    if table.stem in {module.folder for module in COURSE.modules}:
        module = COURSE.module(table.stem)
        names |= {"front": module.about, "exercises": len(DevFile(module).exercises())}
    return names


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_number_in_prose_is_computed_or_cited(page):
    table = table_of(page)
    names = read_table(table)
    sentences = names["SENTENCES"].get(shown(page), [])
    prose = Page(page.read_text(encoding="utf-8"), dev=page in DEVS, runs=page in RUN, modules=MODULES, python=PYTHON)
    problems = check(prose, sentences, names)
    assert not problems, (
        f"\n{chr(10).join(f'{shown(page)}:{p.line}: {p.message}' for p in problems)}\n"
        f"\nPut the sentence with {{expressions}} for its numbers into {shown(table)} (tests/chapters/prose.py says how),"
        "\ncite a paper in the same sentence, or mend the number."
    )


@pytest.mark.parametrize("table", sorted(NUMBERS.glob("*.py")), ids=lambda table: table.name)
def test_every_table_is_of_pages_that_exist(table):
    pages = {shown(page): page for page in PAGES}
    for page in read_table(table)["SENTENCES"]:
        assert page in pages, f"{shown(table)}: there is no page {page}"
        assert table_of(pages[page]) == table, f"the sentences of {page} belong into {shown(table_of(pages[page]))}"


def test_every_front_matter_is_complete_and_the_modules_follow_each_other():
    COURSE.check()


@pytest.fixture(scope="session")
def tree():
    with copies.course(ROOT) as copied:
        yield copied


@pytest.mark.parametrize("language", ["python", "bash"])
@pytest.mark.parametrize("page", RUN, ids=shown)
def test_the_code_of_a_page_prints_what_the_page_shows(page, language, tree):
    shutil.rmtree(tree / ".tito", ignore_errors=True)  # other pages' results would change what is next
    run_page(page, language, ROOT, tree)
