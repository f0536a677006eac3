"""reshape, permute, transpose, flatten, squeeze, unsqueeze: where each number goes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.tensor import Tensor, flatten, permute, squeeze, transpose, unsqueeze
from tinytorch.testing import Case, assert_close

shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)


def counted(shape):
    """Numbers that are all different, so that no wrong order can look right."""
    return Tensor(np.arange(float(math.prod(shape))).reshape(shape))


def test_reshape_reads_the_same_row_of_numbers():
    assert_close(counted((2, 3, 4, 5)).reshape(6, -1), Tensor(np.arange(120.0).reshape(6, 20)))
    assert_close(counted((2, 3, 4, 5)).reshape((120,)), Tensor(np.arange(120.0)))
    assert_close(counted((2, 3, 4, 5)).view(5, 24), counted((2, 3, 4, 5)).reshape(5, 24))


def test_permute_moves_axes_with_their_numbers():
    case = Case(permute, counted((2, 3, 4, 5)), dims=(3, 0, 2, 1))
    assert_close(case(), Tensor(counted((2, 3, 4, 5)).data.transpose(3, 0, 2, 1)), case=case)
    assert counted((2, 3, 4, 5)).permute(3, 0, 2, 1)[4, 1, 2, 0].item() == counted((2, 3, 4, 5))[1, 0, 2, 4].item()
    assert counted((2, 3, 4, 5)).permute((0, 1, 3, 2)).shape == (2, 3, 5, 4)


@given(shape=shapes, data=st.data())
def test_transpose_swaps_two_axes_and_undoes_itself(shape, data):
    axis = st.integers(-len(shape), len(shape) - 1)
    a, b = data.draw(axis), data.draw(axis)
    x = counted(shape)
    case = Case(transpose, x, a, b)
    assert_close(case(), Tensor(np.swapaxes(x.data, a, b)), case=case)
    assert_close(case().transpose(a, b), x)


@given(shape=shapes, data=st.data())
def test_flatten_merges_a_run_of_axes_in_order(shape, data):
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.integers(start, len(shape) - 1))
    x = counted(shape)
    merged = (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
    for last in (end, end - len(shape)):
        case = Case(flatten, x, start, last)
        assert_close(case(), Tensor(x.data.reshape(merged)), case=case)


def test_flatten_makes_a_scalar_a_vector_of_one():
    assert_close(Tensor(3.0).flatten(), Tensor([3.0]))


@given(shape=shapes, data=st.data())
def test_unsqueeze_puts_a_new_axis_where_it_was_asked_for_and_squeeze_removes_it(shape, data):
    dim = data.draw(st.integers(-len(shape) - 1, len(shape)))
    x = counted(shape)
    case = Case(unsqueeze, x, dim)
    assert_close(case(), Tensor(np.expand_dims(x.data, dim)), case=case)
    assert_close(case().squeeze(dim), x)


@pytest.mark.parametrize(
    "dim, shape",
    [
        (None, (3, 4)),
        (0, (3, 1, 4, 1)),
        (1, (1, 3, 1, 4, 1)),
        (2, (1, 3, 4, 1)),
        (-1, (1, 3, 1, 4)),
        (-2, (1, 3, 1, 4, 1)),
    ],
)
def test_squeeze_drops_only_axes_of_length_one(dim, shape):
    case = Case(squeeze, counted((1, 3, 1, 4, 1)), dim)
    assert_close(case(), counted(shape), case=case)
