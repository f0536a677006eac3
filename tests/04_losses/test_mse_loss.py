"""mse_loss and MSELoss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.layers import Parameter
from tinytorch.core.losses import MSELoss, mse_loss
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_is_the_squared_difference_reduced(reduction):
    draw = generator()
    x, y = draw.standard_normal((3, 4)), draw.standard_normal((3, 4))
    squares = (x - y) ** 2
    expected = {"mean": squares.mean(), "sum": squares.sum(), "none": squares}[reduction]
    case = Case(mse_loss, Tensor(x), Tensor(y), reduction=reduction)
    assert_close(case(), expected, case=case)
    assert_close(MSELoss(reduction=reduction)(Tensor(x), Tensor(y)), expected)


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3), elements=st.floats(-100, 100)))
def test_it_is_zero_only_where_nothing_differs_and_blind_to_direction(x):
    y = Tensor(np.zeros(x.shape))
    assert_close(mse_loss(Tensor(x), Tensor(x)), 0.0)
    assert_close(mse_loss(Tensor(x), y), mse_loss(y, Tensor(x)))
    assert (mse_loss(Tensor(x), y).item() > 0) == bool((x * x).any())


def test_the_mean_is_taken_by_default_and_float32_stays():
    assert_close(mse_loss(Tensor([1.0, 5.0]), Tensor([1.0, 2.0])), Tensor(4.5))
    assert_close(MSELoss()(Tensor([1.0, 5.0]), Tensor([1, 2])), Tensor(4.5))


def test_it_can_be_traced_back():
    assert mse_loss(Parameter([1.0]), Tensor([2.0])).grad_fn is not None


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_shapes_that_would_broadcast_are_refused_with_the_fix():
    with pytest.raises(
        ValueError, match=r"expected the shape of the input, \(4, 1\), got \(4,\).*target.reshape\(4, 1\)"
    ):
        mse_loss(Tensor(np.zeros((4, 1))), Tensor(np.zeros(4)))
    with pytest.raises(ValueError, match=r"mse_loss: target: expected the shape of the input, \(2, 3\), got \(3,\)$"):
        mse_loss(Tensor(np.zeros((2, 3))), Tensor(np.zeros(3)))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match=r"mse_loss: input: .*empty batch of shape \(0, 3\)"):
        mse_loss(Tensor(np.zeros((0, 3))), Tensor(np.zeros((0, 3))))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_an_unknown_reduction_is_refused_and_the_nearest_offered():
    with pytest.raises(ValueError, match="mse_loss: reduction: .*got 'means'; did you mean 'mean'?"):
        mse_loss(Tensor([1.0]), Tensor([1.0]), reduction="means")
    with pytest.raises(ValueError, match="MSELoss: reduction: expected 'mean', 'sum' or 'none', got None"):
        MSELoss(reduction=None)
