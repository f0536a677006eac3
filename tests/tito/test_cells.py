"""Dev files as text: one reader of cells and lines for reset, export, checks, hints, update and notebooks."""

import json

import jupytext
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.support import cells
from tito import notebooks
from tito.dev_file import DevFile, DevFileError
from tito.edition import without_solutions
from tito.errors import ChapterError, TitoError
from tito.export import exported_text
from tito.handed_out import problems
from tito.hints import next_hint
from tito.reset import reset
from tito.states import module_state

EXERCISE = '# %% nbgrader={"grade_id": "f", "solution": true}\n'
STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
OWN = "#%%\ndef mine():\n    return 1\n\n"


@pytest.fixture
def started(tree):
    """Module 01 as in a student edition: what was handed out is known."""
    tree.alpha.start.parent.mkdir()
    tree.alpha.dev.write_text(without_solutions(DevFile(tree.alpha)), encoding="utf-8")
    tree.alpha.start.write_bytes(tree.alpha.dev.read_bytes())
    return tree.alpha


def write(module, *changes: tuple[str, str]) -> str:
    """Write the dev file, with each old text replaced by the new one; returns what it held before the last change."""
    text = before = module.read_dev()
    for old, new in changes:
        before = text
        assert old in text, old
        text = text.replace(old, new, 1)
    module.dev.write_bytes(text.encode())
    return before


def found(text: str) -> list[str]:
    """The marks of the cells."""
    return [cell.mark for cell in cells.split(text)[1:]]


@given(st.text(alphabet="ab \n\r\t\x0b\x0c\x1c\x85\u2028#%'\"(:\\"))
def test_the_lines_are_those_of_pythons_files_and_the_cells_are_the_whole_text(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(text.encode())
    with open(path, encoding="utf-8", newline="") as file:
        assert cells.lines(text) == list(file)
    assert cells.decode(text.encode()) == path.read_text(encoding="utf-8")
    assert "".join(cell.text for cell in cells.split(text)) == text


MARKS = [
    "# %%",
    "#%%",
    "# %% x",
    "# %%%",
    "# %%% x",
    "#%%x",
    "# In[3]:",
    "# <codecell>",
    "# %% [markdown]",
    "# %% t [md] a=1",
]
MARKS += ['# %% {"a": 1}', "# %% [raw]", "# %", "## %%", "# # %%", "x = 1", "x = 1  # %% y", "# words", ""]


@given(st.lists(st.sampled_from(MARKS)))
def test_cells_and_their_kinds_are_those_of_jupytext(rows):
    text = "# %%\n" + "".join(f"{row}\n" for row in rows)
    read = jupytext.reads(text, fmt="py:percent")
    assert [cell.kind for cell in cells.split(text)[1:]] == [cell.cell_type for cell in read.cells]


@pytest.mark.parametrize(
    "inside",
    [
        '    """Text.\n# %% no\n# %% nbgrader={"grade_id": "no", "solution": true}\n    """\n    return 1\n',
        "    x = '''\n#%% no\n'''\n    return x\n",
        "    x = r'''\\'''\n#%% no\n    return x\n",
        "    x = (\n# %% no\n        1)\n    return x\n",
        "    x = 1  # %% no\n    return x\n",
        "    # %% no\n    return 1\n",
        "    x = 1\n# %% no\n    return x\n",
        "    if y:\n        return 1\n# %% no\n    else:\n        return 2\n",
        "    x = 'a\\\n# %% no'\n    return x\n",
        "    return 1 \\\n        # %% no\n",
    ],
)
def test_a_mark_in_a_string_or_in_a_statement_is_none(inside):
    text = f"# the head\n{EXERCISE}def f():\n{inside}\n#%% own\nx = 1\n"
    assert found(text) == [EXERCISE.strip(), "#%% own"]
    broken = text + "# %% more\nx = (\n# %% last\n"
    assert found(broken) == [EXERCISE.strip(), "#%% own", "# %% more", "# %% last"], "where another cell is not Python"


@pytest.mark.parametrize(
    "body",
    [
        "    x = (1,\n    return x\n",
        '    """Never closed.\n    return 1\n',
        "    return 2 *\n",
        "    return 'a\n",
        "    return )\n",
        "return\n      1\n    2\n",
        "    return 1\0\n",
        '    """Text.\n# %% no\n    """\n    return 2 *\n',
    ],
)
def test_a_cell_that_is_not_python_ends_where_the_next_begins(body):
    text = f'# %%\nx = 1\n{EXERCISE}def f():\n{body}\n#%% own\ndef g():\n    """Doc."""\n# %% h\ndef h():\n    """Doc."""\n'
    assert found(text) == ["# %%", EXERCISE.strip(), "#%% own", "# %% h"]
    assert found(text + f"# %% i\ndef i():\n{body}") == ["# %%", EXERCISE.strip(), "#%% own", "# %% h", "# %% i"]


@pytest.mark.parametrize("mark", ["#%%", "# %%", "#  %% a title", "#%% [markdown]", "# In[3]:", '# %% {"tags": ["x"]}'])
@pytest.mark.parametrize(
    "body", ["return x + x", "return (", '"""open', "return x\0", 'y = "# %% no"\n    return 2 * x']
)
def test_a_reset_leaves_the_students_own_cell(started, mark, body):
    own = "# of mine\n\n" if "[markdown]" in mark else "y = 3\n\n"
    before = write(
        started, ('# %% nbgrader={"grade": true', f'{mark}\n{own}# %% nbgrader={{"grade": true'), (STUB, body)
    )
    assert reset(started, "double") == "double"
    assert started.read_dev() == before


@pytest.mark.parametrize(
    "body",
    [
        "y = '''\n# %% a\n'''\n    return y",
        "return 2 * x  # %% doubled",
        "# %% here\n    return 2 * x",
        "y = 2\n# %% here\n    return y * x",
    ],
)
def test_a_reset_takes_the_whole_exercise(started, body):
    before = write(started, (STUB, body))
    reset(started, "double")
    assert started.read_dev() == before


def test_a_form_feed_before_code_is_no_blank(started):
    own = "# %%\n\x0cmine = 1\n\n"
    before = write(started, ('# %% nbgrader={"grade": true', own + '# %% nbgrader={"grade": true'), (STUB, "return 1"))
    reset(started, "double")
    assert started.read_dev() == before


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_reset_keeps_line_ends_and_byte_order_mark(started, bom, end):
    text = started.read_dev().rstrip("\n")
    started.dev.write_bytes(bom + text.replace(STUB, "return x + x").encode().replace(b"\n", end))
    reset(started, "double")
    assert started.dev.read_bytes() == bom + text.encode().replace(b"\n", end)


def test_a_reset_changes_no_line_end_of_another_cell(started):
    head, exercise, rest = started.read_dev().partition(SPLIT := "# %% nbgrader")
    started.dev.write_bytes(head.encode().replace(b"\n", b"\r\n") + (exercise + rest.replace(STUB, "pass")).encode())
    reset(started, "double")
    assert started.dev.read_bytes() == head.encode().replace(b"\n", b"\r\n") + (SPLIT + rest).encode()


def test_a_reset_at_the_end_of_a_file_without_a_last_line_end(started):
    text = started.read_dev()
    cut = text[: text.index('# %% nbgrader={"grade": true')]
    started.dev.write_text(cut.replace(STUB, "return 1").rstrip("\n"))
    reset(started, "double")
    assert started.read_dev() == cut


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((STUB, "x = [\n# %% here\n    ]\n    return 2 *"), r"alpha_dev\.py:\d+: this `# %%` cuts double in two"),
        ((STUB, "x = (\n# %% here\n    return 2 * x"), r"alpha_dev\.py:\d+: this `# %%` cuts double in two"),
        (
            ('# %% nbgrader={"grade": true', "# no cell "),
            "holds test_double as well: the line `# %%` above that is gone",
        ),
        (
            ('"test-double"', '"double"'),
            r"grade_id 'double' stands in modules/01_alpha/alpha_dev\.py on lines \d+ and \d+",
        ),
        (('"double"', '"doubled"'), "has no cell `# %%` of grade_id 'double' any more"),
        *(
            ((STUB, f"return 2 * x\n\n{mark}\nmine = 1"), r"alpha_dev\.py:\d+: `.*` is no mark of a cell")
            for mark in ["# %%time", "#%%capture out", "# %%%", "%% mine", "\u200b# %%", "\uff03 %%"]
        ),
    ],
)
def test_where_it_is_not_clear_what_an_exercise_is_nothing_is_reset(started, change, message):
    write(started, change)
    before = started.dev.read_bytes()
    with pytest.raises(TitoError, match=message):
        reset(started, "double")
    assert started.dev.read_bytes() == before


ODD = {
    "null points": ('"points": 5', '"points": null', "nbgrader points is None, and must be a number"),
    "points in words": ('"points": 5', '"points": "five"', "nbgrader points is 'five'"),
    "points that are none": ('"points": 5', '"points": NaN', "nbgrader points is nan"),
    "endless points": ('"points": 5', f'"points": 1{"0" * 400}', "nbgrader points is 1000"),
    "true points": ('"points": 5', '"points": true', "nbgrader points is True"),
    "no grade_id": ('"grade_id": "test-double", ', "", "nbgrader grade_id is None"),
    "a number as grade_id": ('"test-double"', "7", "nbgrader grade_id is 7"),
    "a word that should be true": ('"solution": true', '"solution": "yes"', "nbgrader solution is 'yes'"),
    "a list": ("nbgrader={", "nbgrader=[1, 2] {", "nbgrader metadata is not a JSON object, but [1, 2]"),
    "nothing": ("nbgrader={", "nbgrader=null {", "nbgrader metadata is not a JSON object, but None"),
    "broken": ('"grade": true', '"grade": tru', "nbgrader metadata is not JSON: Expecting value"),
    "too deep": ("nbgrader={", f"nbgrader={'[' * 100_000}{{", "nbgrader metadata is not JSON: RecursionError"),
    "twice the same": ('"test-double"', '"double"', "grade_id 'double' stands on line 26 as well"),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_odd_metadata_are_told_of_this_module_alone(whole, tito, odd):
    old, new, message = ODD[odd]
    write(whole.alpha, (old, new))
    ran = tito("module", "status")
    assert ran.status == 0 and "Traceback" not in ran.text
    states = {module.name: module_state(module) for module in whole.course.modules}
    assert states["alpha"].state == "cannot be read" and message in states["alpha"].why
    assert states["spatter"].state != "cannot be read"


def test_metadata_may_stand_in_json_and_behind_a_title(tree):
    write(tree.alpha, ("# %% nbgrader={", '# %% Twice {"nbgrader": {'), ('"task": false}', '"task": false}}'))
    assert [(e.grade_id, e.points) for e in DevFile(tree.alpha).exercises()] == [("double", 5.0)]


SPECIAL = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\ufeff", "\t"]


@pytest.mark.parametrize("char", SPECIAL, ids=ascii)
def test_a_character_that_ends_no_line_in_python_ends_none_here(tree, char):
    added = f"#| export\nimport math\nTEXT = 'a{char}b'  # c{char}#| export\n# d{char}# %% e\n"
    write(
        tree.alpha,
        ("#| export\nimport math\n", added),
        ("    TODO: multiply.", f"    One{char}two.\n\n    TODO: multiply."),
    )
    dev = DevFile(tree.alpha)
    dev.check()
    assert dev.exercises()[0].line == tree.alpha.read_dev().split("\n").index("def double(x):") + 1
    names: dict = {}
    exec(exported_text(tree.alpha), names)
    assert names["TEXT"] == f"a{char}b" and names["double"](2) == 4
    assert names["double"].__doc__ == f"Twice `x`.\n\n    Returns a number.\n\n    One{char}two.\n    "


def test_a_form_feed_between_lines_is_blank(tree):
    plain = exported_text(tree.alpha)
    write(tree.alpha, ("# %% nbgrader", "\x0c\n\x0c# %% nbgrader"))
    assert exported_text(tree.alpha) == plain


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_byte_order_mark_and_line_ends_change_nothing(tree, end):
    digest, plain = DevFile(tree.alpha).digest, exported_text(tree.alpha)
    content = b"\xef\xbb\xbf" + tree.alpha.read_dev().replace("\n", end).encode()
    tree.alpha.dev.write_bytes(content)
    assert (DevFile(tree.alpha).digest, exported_text(tree.alpha)) == (digest, plain)
    assert cells.encode_as(content, tree.alpha.read_dev()) == content


@pytest.mark.parametrize("declared", ["latin-1", "no-such-thing"])
def test_another_encoding_is_told_with_its_line(tree, declared):
    write(tree.alpha, ("# ---\n", f"# -*- coding: {declared} -*-\n# ---\n"))
    state = module_state(tree.alpha)
    assert state.state == "cannot be read" and "alpha_dev.py:1 is not read as UTF-8" in state.why


@pytest.mark.parametrize("code", [f"x = {'-' * 100_000}1", f"x = {'1 + ' * 100_000}1", "x = 1\0"], ids=len)
def test_what_python_cannot_read_is_told_of_this_module_alone(whole, code):
    write(whole.alpha, ("import math", code))
    state = module_state(whole.alpha)
    assert state.state == "cannot be read" and "alpha_dev.py:" in state.why
    assert "\0" not in code or f"alpha_dev.py:{whole.line_of(code)}:" in state.why


@pytest.mark.parametrize("text", ["", "# %% [markdown]\n# words\n", "# only words\n", "\n\n"])
def test_a_file_without_code_has_no_exercises(whole, text):
    whole.alpha.dev.write_text(text)
    assert module_state(whole.alpha).exercises == []


@pytest.mark.parametrize("line", ["    # %% here\n", "# %% here\n", "    y = (\n# %% here\n    )\n"])
def test_a_mark_in_the_middle_of_a_statement_is_refused_by_an_export(tree, line):
    write(tree.alpha, ("    return 2 * x\n", f"{line}    return 2 * x\n"))
    assert [exercise.grade_id for exercise in DevFile(tree.alpha).exercises()] == ["double"]
    with pytest.raises(DevFileError, match="the cell cannot run by itself") as caught:
        exported_text(tree.alpha)
    assert caught.value.line == tree.line_of("# %% here")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "# %%\ndef f():\n    # %% no\n    return 1\n",
            "f.py:3: a notebook has other cells here than Python: 2 in all",
        ),
        ('# %%\nx = r"""\\"""\n# %% no"""\n', "f.py:3: a notebook has other cells"),
        ("# words\n\n# %%\nx = 1\n", "f.py:1: a notebook has other cells"),
        ("# %%\nx = 1\ny = 'a\u2028b'\n", r"f.py:3: U\+2028 ends a line in a notebook, and not in Python"),
        ("# %%\n\x0c\nx = 1\n", r"f.py:2: U\+000C ends a line"),
        ("# coding: latin-1\n# %%\n", "jupytext cannot read f.py: Encodings other than utf-8"),
    ],
)
def test_what_a_notebook_would_read_otherwise_is_refused(text, message):
    with pytest.raises(ChapterError, match=message):
        notebooks.as_notebook(text, "f.py")


def test_a_notebook_whose_code_holds_a_mark_is_not_written_into_the_dev_file(started):
    notebooks.sync(started, "py")
    before, path = started.dev.read_bytes(), notebooks.beside(started)
    path.write_text(path.read_text(encoding="utf-8").replace(json.dumps(STUB)[1:-1], "pass\\n# %% here\\nx = 1"))
    with pytest.raises(ChapterError, match="a notebook has other cells"):
        notebooks.sync(started, "ipynb")
    assert started.dev.read_bytes() == before


def test_a_notebook_goes_into_a_dev_file_with_its_line_ends(started):
    notebooks.sync(started, "py")
    path = notebooks.beside(started)
    path.write_text(path.read_text(encoding="utf-8").replace(json.dumps(STUB)[1:-1], "return 2 * x"))
    text = started.read_dev()
    started.dev.write_bytes(b"\xef\xbb\xbf" + text.encode().replace(b"\n", b"\r\n"))
    notebooks.sync(started, "ipynb")
    assert started.dev.read_bytes() == b"\xef\xbb\xbf" + text.replace(STUB, "return 2 * x").encode().replace(
        b"\n", b"\r\n"
    )


def test_there_is_a_hint_on_an_exercise_that_was_renamed(started):
    write(started, ('"double"', '"doubled"'), ('"test-double"', '"test-doubled"'))
    with pytest.raises(TitoError, match="there is no hint on doubled"):
        next_hint(started, "doubled")


@pytest.mark.parametrize("after", ["# no cell\n", ""])
def test_an_exercise_whose_mark_was_deleted_is_told(started, after):
    mark = next(cell.text.split("\n")[0] for cell in cells.split(started.read_dev()) if cell.grade_id == "double")
    write(started, (f"{mark}\n", after))
    dev = DevFile(started)
    told = next(problem for problem in problems(dev) if problem.test == "test_double")
    assert "the line `# %%` above double is gone: copy it from modules/01_alpha/.start/alpha_dev.py:" in told.sentence
    assert told.place == f"modules/01_alpha/alpha_dev.py:{dev.text.split(chr(10)).index('def double(x):') + 1}"
