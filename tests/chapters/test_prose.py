"""The check of numbers in prose, on small texts: what it lets through, and what it must not."""

import pytest
from prose import Page, about, check, fraction, in_words, raised

NAMES = {"params": 896, "total": 60362, "share": 0.6787, "loss": 2.302585, "k": 3}
MODULES = ("01", "09")


def problems(text, *sentences, runs=True, **settings):
    page = Page(text, runs=runs, modules=MODULES, python="3.10", **settings)
    return [f"{problem.line}: {problem.message}" for problem in check(page, list(sentences), NAMES)]


@pytest.mark.parametrize(
    "text",
    [
        "It has 896 parameters.",
        "The loss is 2.303.",
        "It has `896` of them.",
        "The shape is `(2, 3)`.",
        "Then `accuracy = 0.98` holds.",
        "Then `len(x) == 5` holds.",
        "About 2⁷ of them, or e⁻²⁰⁰.",
        "Half of it is ½.",
        "Two thirds of the parameters.",
        "It is ten times faster.",
        "A thousand times slower.",
        "Twenty-five shifts, or twelve.",
        "30 % of the time.",
        "Nine modules.",
        "It has six exercises.",
        "| layer | 896 |",
        "```\nconv ──► 896\n```",
        "```{mermaid}\ngraph LR\n  a[32×32] --> b\n```",
        "```python\nx = 5  # 896\n```",
        "```bash\ntito test 01   # 896 tests\n```",
        "```{code-cell} python\nx = 5  # 896\n```",
        "```json\n{'x': 896}\n```",
        "```console\n$ tito\n```\n```text\n896\n```",
        "```{code-cell} python\nx\n```\n```text\n896\n```",
        "module 07 does it",
        "Say `tito test 07`.",
        "With Python 3.9 it runs.",
        "The answer = 1.",
        "Of shape (0, 1), say.",
        "[896 parameters](https://example.org/1)",
        ":::{dropdown} 896 parameters\n:::",
        "---\ndescription: 896 parameters\n---",
        "896",
        "x896 is 896",
        "The values -5 and −7.",
        "Roughly 1.5x as much",
        "In 1998 it was new.",
    ],
)
def test_a_number_that_nothing_computes_is_found(text):
    assert problems(text)


@pytest.mark.parametrize(
    "text",
    [
        "float32, W2 and CIFAR-10 are names; [a page](https://example.org/896) and https://example.org/896 are places.",
        "# Module 01: Tensor\n\n## 3. Shapes\n\n1. `tests/09_spatial`, module 09",
        "Python 3.10 or newer, then `tito module hint 09`.",
        "Call `reshape(3, 2)` with `dim=5` and `x[0] * 2`.",
        "sigmoid(x) = 1 / (1 + e⁻ˣ), 2k comparisons, O(K² · n)",
        "Between 0 and 1; one of two, ten at most, twice or half.",
        "The weights have variance 2.5 / fan_in (He et al. 2015, arXiv:1502.01852).",
        "As [Kingma and Ba (2015)](https://arxiv.org/abs/1412.6980) say, 0.999 will do.",
        "```python\nx = 896\n```",
        "```python\nprint(896)\n```\n\n```text\n896\n```",
        "```bash\necho 896\n```\n```text\n896\n```",
        "---\ntime_estimate: 3 to 5 hours\nprerequisites:\n  - 01_tensor\n---",
        ":::::{grid} 1 2 3 3\n:gutter: 3\n:::::",
        "<!-- 896 -->",
        "```{code-cell} python\nx = 896\n```",
    ],
)
def test_what_is_structural_or_cited_or_shown_by_code_passes(text):
    assert problems(text) == []


def test_a_computed_number_passes_however_its_line_is_broken():
    assert problems("It has 896\nparameters in\nall.", "has {params} parameters in all") == []
    assert problems("In all 60,362.", "In all {total:,}") == []
    assert (
        problems("Two thirds of `(3, 3)`, twelve.", "{about('Two thirds', share)} of `({k}, {k})`, {in_words(4 * k)}")
        == []
    )


@pytest.mark.parametrize(
    ("text", "sentence", "message"),
    [
        ("It has 897 parameters.", "has {params} parameters", "1: the page says '897', and params is 896 in: has 897"),
        ("\n\nA loss of 2.302.", "loss of {loss:.3f}", "3: the page says '2.302', and loss is 2.303"),
        ("Three quarters of it", "{about('Three quarters', share)} of it", "is 0.6787"),
        (
            "It has 896 parts.",
            "has {params} parameters",
            "the page does not say 'has 896 parameters'. The nearest says: It",
        ),
        ("It has 896 parts.", "has {896} parts", "{896} computes nothing"),
        ("It has 896 parts.", "has 896 parts", "it holds no {expression}"),
        ("It has 896 parts.", "has {parts} parts", "NameError"),
        ("3 here. 3 there.", "{k}", "fits lines 1, 1: quote more of it"),
    ],
)
def test_a_wrong_number_is_told_with_its_line_and_what_it_should_be(text, sentence, message):
    assert any(message in problem for problem in problems(text, sentence))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("It has 8960 parameters.", "has {params}"),
        ("It has 896,000 parameters.", "has {params}"),
        ("It has 896.5 parameters.", "has {params}"),
        ("It has 1,896 parameters.", "{params} parameters"),
        ("It has -896 parameters, 3 layers.", "has {params} parameters"),
        ("It has 896 parameters in 4 layers.", "has {params} parameters in 4 layers"),
        ("It has 896 parameters. It has\n896 parameters.", "It has {params} parameters"),
        ("It prints 5.\n\n```python\nprint(896)\n```\n\n```text\n896 parts\n```", "{params} parts"),
    ],
)
def test_a_sentence_covers_its_own_number_and_nothing_else(text, sentence):
    assert problems(text, sentence)


def test_a_citation_covers_its_own_sentence_only():
    assert len(problems("It needs 5 (He et al. 2015). And 7.\n\n- 8 of them")) == 2


def test_of_a_dev_file_the_text_cells_are_read_and_nothing_else():
    text = "# %% [markdown]\n# It has 896 parameters.\n#\n# ```python\n# x = 5\n# ```\n\n# %%\nx = 7  # 7 of them\n"
    assert problems(text, dev=True) == ["2: nothing computes '896' in: It has 896 parameters."]


def test_where_code_is_not_run_its_output_is_prose():
    text = "# %% [markdown]\n# ```python\n# print(5)\n# ```\n# ```text\n# 5\n# ```\n"
    assert problems(text, dev=True, runs=False) == ["6: nothing computes '5' in: 5"]


def test_words_of_numbers():
    assert [in_words(number) for number in (0, 7, 13, 20, 64)] == ["zero", "seven", "thirteen", "twenty", "sixty-four"]
    assert (fraction(0.5), fraction(0.3), raised(-10)) == ("½", "0.3", "⁻¹⁰")
    said = ["two thirds", "A quarter", "ten times", "a thousand times", "three hundred", "one hundredth"]
    values = [2 / 3, 0.25, 10, 1000, 300, 0.01]
    assert [about(words, value) for words, value in zip(said, values)] == said
    assert [about(words, value * 1.06) != words for words, value in zip(said, values)] == [True] * len(said)
