"""sum, mean, var, max, min: which axis goes, what stays, how many are divided by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator

DIMS = [None, 0, 1, -1, (0, 2), (1, -1), (0, 1, 2)]


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("name", ["sum", "mean", "var", "amax", "amin"])
def test_dim_says_which_axes_disappear(name, dim, keepdim):
    x = generator().standard_normal((2, 3, 4))
    settings = {"ddof": 1} if name == "var" else {}
    case = Case(getattr(T, name), Tensor(x), dim=dim, keepdim=keepdim)
    expected = getattr(np, name)(x, axis=dim, keepdims=keepdim, **settings)
    assert_close(case(), Tensor(np.asarray(expected)), case=case)


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=5), elements=st.floats(-100, 100)))
def test_the_mean_is_the_sum_divided_by_the_count(x):
    assert_close(Tensor(x).mean() * x.size, Tensor(x).sum(), case={"x": x}, atol=1e-9)


def test_var_divides_by_n_minus_the_correction():
    x = Tensor(np.array([1.0, 2.0, 6.0]))
    assert_close(x.var(), 7.0, case={"x": x})
    assert_close(x.var(correction=0), 14 / 3, case={"x": x})


def test_var_does_not_change_when_everything_is_shifted():
    x = Tensor(generator().standard_normal((4, 5)))
    assert_close((x + 100.0).var(dim=0), x.var(dim=0), case={"x": x})


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", ["max", "min"])
def test_max_and_min_along_an_axis_say_where(name, keepdim):
    x = generator().standard_normal((3, 4))
    values, indices = getattr(Tensor(x), name)(dim=1, keepdim=keepdim)
    assert_close(values, Tensor(getattr(np, name)(x, axis=1, keepdims=keepdim)), case={"x": x})
    assert_close(indices, Tensor(getattr(np, "arg" + name)(x, axis=1, keepdims=keepdim)), case={"x": x})


def test_among_equals_the_first_is_named():
    assert_close(Tensor(np.array([[1, 3, 3]])).max(dim=1).indices, Tensor(np.array([1])))
    assert_close(Tensor(np.array([[1, 1, 3]])).min(dim=1).indices, Tensor(np.array([0])))


def test_pick_takes_one_entry_per_row_and_drops_that_axis_only():
    x, indices = Tensor([[1.0, 2.0, 3.0]]), Tensor(np.array([[1]]))
    assert_close(T.pick(x, indices, 1, False).values, Tensor([2.0]))
    assert_close(T.pick(x, indices, 1, False).indices, Tensor(np.array([1])))
    assert_close(T.pick(x, indices, 1, True).values, Tensor([[2.0]]))
    assert_close(T.pick(x, indices, -1, True).indices, indices)


@pytest.mark.not_in_catalogue("given code")
def test_without_an_axis_max_is_one_number():
    assert Tensor([[1.0, 5.0], [2.0, 3.0]]).max().item() == 5.0
    assert Tensor([[1.0, 5.0], [2.0, 3.0]]).min().item() == 1.0


def test_gather_picks_one_entry_per_row():
    x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    case = Case(T.gather, x, Tensor(np.array([[2], [0]])), dim=1)
    assert_close(case(), Tensor([[3.0], [4.0]]), case=case)
