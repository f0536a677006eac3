"""Neighbours of inputs that were wrong once give torch's values and errors."""

import numpy as np
import pytest
from parity_neighbours import DTYPES, EDGES, INDICES, MEMORY, NAMES, PRECISION
from parity_snippets import outcome, read, same

import tinytorch as tt

pytestmark = pytest.mark.parity

INPUTS = [snippet for table in (MEMORY, INDICES, DTYPES, EDGES, PRECISION, NAMES) for snippet in read(table)]


@pytest.mark.parametrize("snippet", INPUTS, ids=[snippet.title for snippet in INPUTS])
def test_a_neighbour_gives_what_torch_gives(snippet):
    found, expected = outcome(snippet, "tinytorch"), outcome(snippet, "torch")
    assert same(found, expected), f"\n{snippet.code}\n\ngives {found}\ntorch {expected}"


def test_a_mask_of_bytes_is_an_error_and_never_taken_for_places():
    with pytest.raises(IndexError, match=r"mask\.bool\(\)"):
        tt.arange(4)[tt.tensor([0, 1, 1, 0], dtype=tt.uint8)]


def test_an_error_names_the_number_and_what_fits():
    with pytest.raises(ValueError, match="uint8 can hold, 0 to 255, got 300"):
        tt.full((2,), 300, dtype=np.uint8)


def test_the_norm_of_a_million_rows_is_right_where_torch_rounds():
    rows = tt.full((1_000_000, 1), 0.1)
    np.testing.assert_allclose(rows.norm(dim=0).numpy(), 0.1 * 1000, rtol=1e-6)  # √(10⁶ · 0.1²)
