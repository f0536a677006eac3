"""subtract_largest, softmax and log_softmax: along one axis, without overflow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.activations import log_softmax, softmax, subtract_largest
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close

BOTH = pytest.mark.parametrize("function", [softmax, log_softmax])


@st.composite
def scores(draw):
    """An array of scores and one of its axes, from either end."""
    x = draw(hnp.arrays(np.float64, hnp.array_shapes(max_dims=4, max_side=4), elements=st.floats(-300, 300)))
    return x, draw(st.integers(-x.ndim, x.ndim - 1))


@given(scores())
def test_the_largest_along_dim_becomes_zero(given_scores):
    x, dim = given_scores
    case = Case(subtract_largest, Tensor(x), dim)
    assert_close(case(), Tensor(x - x.max(axis=dim, keepdims=True)), case=case)


@given(scores())
def test_softmax_is_e_to_the_x_over_its_sum_along_dim(given_scores):
    x, dim = given_scores
    e = np.exp(x)
    case = Case(softmax, Tensor(x), dim=dim)
    assert_close(case(), Tensor(e / e.sum(axis=dim, keepdims=True)), case=case)


@given(scores())
def test_along_dim_it_sums_to_one_and_nothing_is_negative(given_scores):
    x, dim = given_scores
    p = softmax(Tensor(x), dim=dim)
    assert_close(p.sum(dim=dim), Tensor(np.ones(p.sum(dim=dim).shape)), case={"x": x, "dim": dim})
    assert p.min().item() >= 0


@BOTH
@given(scores(), st.floats(-50, 50))
def test_a_common_shift_changes_nothing(function, given_scores, shift):
    x, dim = given_scores
    case = Case(function, Tensor(x + shift), dim=dim)
    assert_close(case(), function(Tensor(x), dim=dim), case=case)


@given(scores())
def test_log_softmax_is_the_logarithm_of_softmax(given_scores):
    x, dim = given_scores
    case = Case(log_softmax, Tensor(x), dim=dim)
    assert_close(case().exp(), softmax(Tensor(x), dim=dim), case=case)
    total = np.logaddexp.reduce(x, axis=dim, keepdims=True)
    assert_close(case(), Tensor(x - total), case=case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores_overflow_nowhere(dtype):
    x = Tensor(np.array([[1e4, 1e4, -1e4], [-1e4, -1e4, -1e4]], dtype))
    with np.errstate(all="raise", under="ignore"):
        p = Case(softmax, x, dim=1)
        assert_close(p(), Tensor(np.array([[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]], dtype)), case=p)
        log_p = Case(log_softmax, x, dim=1)
        half, third = -np.log(2), -np.log(3)
        assert_close(log_p(), Tensor(np.array([[half, half, half - 2e4], [third] * 3], dtype)), case=log_p)


@BOTH
def test_a_score_of_minus_infinity_rules_a_class_out(function):
    out = function(Tensor([0.0, 0.0, -np.inf]), dim=0)
    assert_close(out, Tensor([0.5, 0.5, 0.0]) if function is softmax else Tensor([-0.6931472, -0.6931472, -np.inf]))


@pytest.mark.not_in_catalogue("given code")
@BOTH
def test_the_last_axis_is_meant_where_none_is_given(function):
    x = Tensor([[1.0, 2.0], [5.0, 3.0]])
    assert_close(function(x), function(x, dim=1))
    assert_close(function(x, 0), function(x, dim=0))


@BOTH
def test_both_can_be_traced_back(function):
    assert function(Tensor([[1.0, 2.0]], requires_grad=True)).grad_fn is not None


@pytest.mark.not_in_catalogue("given code")
@BOTH
@pytest.mark.parametrize("dim", [2, -3])
def test_an_axis_that_does_not_exist_is_refused(function, dim):
    with pytest.raises(ValueError, match="dim"):
        function(Tensor(np.zeros((2, 3))), dim=dim)
