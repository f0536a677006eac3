"""Inputs from public bug reports give torch's values: numbers at the edge, empty tensors, ties, signs, dtypes."""

import re

import pytest
from parity_reported_inputs import REFUSED, REPORTED
from parity_snippets import ERROR, outcome, read, same

pytestmark = pytest.mark.parity

INPUTS = read(REPORTED)
ERRORS_OF_OURS = [title for titles in REFUSED.values() for title in titles]


@pytest.mark.parametrize("snippet", INPUTS, ids=[snippet.title for snippet in INPUTS])
def test_a_reported_input_gives_what_torch_gives(snippet):
    found, expected = outcome(snippet, "tinytorch"), outcome(snippet, "torch")
    if snippet.title in ERRORS_OF_OURS:
        assert found == ERROR != expected, "no error any more, or one of torch's too: take it off the list"
        return
    assert same(found, expected), f"\n{snippet.source}\n{snippet.code}\n\ngives {found}\ntorch {expected}"


def test_each_input_names_its_report():
    assert len(INPUTS) >= 88
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", snippet.source) for snippet in INPUTS)
    titles = {snippet.title for snippet in INPUTS}
    assert len(titles) == len(INPUTS)
    assert set(ERRORS_OF_OURS) <= titles
