"""The code of pages, on small pages: it runs in order and must print what is shown; a failure has file and line."""

import pytest

from tito.chapters import Part, parts, run_page, steps
from tito.errors import ChapterError


@pytest.fixture
def run(tmp_path):
    def run_text(text, language="python"):
        page = tmp_path / "docs" / "page.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")
        (tmp_path / "tree").mkdir(exist_ok=True)
        run_page(page, language, tmp_path, tmp_path / "tree")

    return run_text


def test_the_blocks_of_a_page_run_in_order_in_one_interpreter(run):
    run("```python\nx = 3\n```\n\nand then\n\n```python\nprint(x * 2)\nprint('é')\n```\n\n```text\n6\né\n```\n")


def test_each_page_has_an_interpreter_of_its_own(run):
    run("```python\nx = 3\n```\n")
    with pytest.raises(ChapterError, match="docs/page.md:2: this fails: NameError"):
        run("```python\nprint(x)\n```\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nprint(2)\n```\n```text\n3\n```\n", "docs/page.md:5: the page does not show what is printed"),
        ("```python\nprint(2)\n```\nand so on\n", "docs/page.md:2: the page does not show what is printed"),
        ("```python\nx = 2\n```\n```text\n2\n```\n", "docs/page.md:5: the page does not show what is printed"),
        ("\n\n```python\nx = 2\n\nx.y\n```\n", "docs/page.md:6: this fails: AttributeError"),
        ("```python\nx = \n```\n", "docs/page.md:2: this fails: SyntaxError"),
        ("```python\nraise SystemExit(0)\n```\n", "docs/page.md:2: this fails: SystemExit"),
        ("```python\nimport os\nos._exit(3)\n```\n", "docs/page.md:1: its code ended Python"),
        ("```python\nimport warnings\nwarnings.warn('old')\n```\n", "docs/page.md:3: this fails: UserWarning: old"),
        (":::{dropdown} x\n- a\n  ```python\n  print(2)\n  ```\n:::\n", "docs/page.md:4: the page does not show"),
        ("```python\nprint('a 1.5')\n```\n```text\na 1.6\n```\n", "- a 1.6"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(run, text, message):
    with pytest.raises(ChapterError) as raised:
        run(text)
    assert message in raised.value.message


def test_a_line_may_be_cut_short_where_what_follows_varies(run):
    run("```python\nprint('seed', id(run) if 'run' in dir() else 7)\nprint('end')\n```\n```text\nseed ...\nend\n```\n")
    with pytest.raises(ChapterError):
        run("```python\nprint('seed 7')\nprint('end')\n```\n```text\nsown ...\nend\n```\n")


def test_code_that_does_not_end_is_stopped_at_its_line(run, monkeypatch):
    monkeypatch.setattr("tito.chapters.LIMIT", 1.0)
    with pytest.raises(ChapterError, match="docs/page.md:3: the page's code took more than 1 s"):
        run("```python\nx = 1\nwhile True: pass\n```\n")


def test_commands_that_show_an_output_run_in_the_tree(run, tmp_path):
    run("```bash\ncd nowhere-at-all\n```\n", "bash")  # shows nothing, is not run
    run("```bash\ntouch made && ls\n```\n\n```text\nmade\n```\n", "bash")
    assert (tmp_path / "tree" / "made").exists()


def test_a_command_may_fail_if_the_page_says_how(run):
    run("```bash\necho no >&2; exit 3\n```\n```text\nno\n```\n", "bash")
    with pytest.raises(ChapterError, match="docs/page.md:5: the page does not show"):
        run("```bash\nexit 3\n```\n```text\nyes\n```\n", "bash")


def test_of_a_commands_output_only_the_digits_of_seconds_are_free(run):
    run("```bash\necho 3 passed in 1.52s, 20 ms\n```\n```text\n3 passed in 0.01s, 7 ms\n```\n", "bash")
    with pytest.raises(ChapterError, match="docs/page.md:5"):
        run("```bash\necho 3 passed in 1.52s\n```\n```text\n4 passed in 1.52s\n```\n", "bash")


def test_fences_are_read_as_markdown_has_them():
    text = "a\n````python\n```\nx\n```\n````\n  ```\n  b\n    c\n  ```\n~~~bash\nd\n~~~\n"
    assert list(parts(text)) == [
        Part("", 1, "a"),
        Part("python", 3, "```\nx\n```"),
        Part("text", 8, "b\n  c"),
        Part("bash", 12, "d"),
    ]


def test_text_that_does_not_follow_at_once_is_no_output():
    found = steps("```python\nx = 1\n```\n\nA picture:\n\n```text\n-->\n```\n", "python")
    assert [step.output for step in found] == [None]
