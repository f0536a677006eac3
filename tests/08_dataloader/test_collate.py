"""default_collate: a list of examples becomes a batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.dataloader import default_collate
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close

leaves = st.one_of(st.just(1), st.just(2.5), st.just(np.ones(2, np.float32)), st.just(Tensor([1.0, 2.0])))
structures = st.recursive(
    leaves,
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, min_size=1),
    max_leaves=6,
)


def same_structure(batch, example, n):
    if isinstance(example, tuple):
        return type(batch) is tuple and all(same_structure(b, e, n) for b, e in zip(batch, example, strict=True))
    if isinstance(example, dict):
        return batch.keys() == example.keys() and all(same_structure(batch[key], example[key], n) for key in example)
    return isinstance(batch, Tensor) and batch.shape == (n, *np.shape(example))


@given(structures, st.integers(1, 4))
def test_a_batch_is_built_like_an_example_with_one_axis_more(example, n):
    assert same_structure(default_collate([example] * n), example, n)


def test_examples_stay_in_their_order():
    images, labels = default_collate([(Tensor([1.0, 2.0]), 7), (Tensor([3.0, 4.0]), 8), (Tensor([5.0, 6.0]), 9)])
    assert_close(images, Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert_close(labels, Tensor(np.array([7, 8, 9])))


@pytest.mark.not_in_catalogue("no entry changes the dtype here")
@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, np.int64),
        (1.5, np.float32),
        (True, np.bool_),
        (np.float64(2.0), np.float64),
        (np.uint8(3), np.uint8),
        (np.ones(2), np.float64),
    ],
)
def test_dtypes_are_those_of_tensors_made_from_the_values(value, dtype):
    assert default_collate([value, value]).dtype == dtype


def test_strings_stay_a_list():
    names, labels = default_collate([("cat", 0), ("dog", 1)])
    assert names == ["cat", "dog"] and labels.shape == (2,)
