"""reduce_losses, mse_loss and MSELoss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.losses import MSELoss, mse_loss, reduce_losses
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.parametrize(
    ("reduction", "expected"), [("none", [[1.0, 2.0], [3.0, 4.0]]), ("sum", 10.0), ("mean", 2.5), ("mean", 5.0)]
)
def test_losses_are_kept_or_added_up_or_divided(reduction, expected):
    divisor = 10.0 / expected if reduction == "mean" else 7
    case = Case(reduce_losses, Tensor([[1.0, 2.0], [3.0, 4.0]]), reduction, divisor)
    assert_close(case(), Tensor(expected), case=case)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_is_the_squared_difference_reduced(reduction):
    draw = generator()
    x, y = draw.standard_normal((3, 4)), draw.standard_normal((3, 4))
    squares = (x - y) ** 2
    expected = {"mean": squares.mean(), "sum": squares.sum(), "none": squares}[reduction]
    case = Case(mse_loss, Tensor(x), Tensor(y), reduction=reduction)
    assert_close(case(), expected, case=case)
    assert_close(MSELoss(reduction=reduction)(Tensor(x), Tensor(y)), expected)


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3), elements=st.integers(-100, 100)))
def test_it_is_zero_only_where_nothing_differs_and_the_order_does_not_matter(x):
    y = Tensor(np.zeros(x.shape))
    assert_close(mse_loss(Tensor(x), Tensor(x)), 0.0)
    assert_close(mse_loss(Tensor(x), y), mse_loss(y, Tensor(x)))
    assert (mse_loss(Tensor(x), y).item() > 0) == bool((x * x).any())


def test_the_mean_is_taken_by_default_and_float32_stays():
    assert_close(mse_loss(Tensor([1.0, 5.0]), Tensor([1.0, 2.0])), Tensor(4.5))
    assert_close(MSELoss()(Tensor([1.0, 5.0]), Tensor(np.array([1, 2]))), Tensor(4.5))


def test_lists_and_arrays_are_compared_as_well():
    assert_close(mse_loss(Tensor([1.0, 5.0]), [1.0, 2.0]), Tensor(4.5))
    assert_close(mse_loss([1.0, 5.0], np.array([1, 2])), Tensor(4.5))


def test_it_can_be_traced_back():
    assert mse_loss(Tensor([1.0], requires_grad=True), Tensor([2.0])).grad_fn is not None
    assert mse_loss(Tensor([1.0]), Tensor([2.0], requires_grad=True)).grad_fn is not None


@pytest.mark.not_in_catalogue("bad input: the check is given")
def test_shapes_that_would_broadcast_and_other_reductions_are_refused():
    with pytest.raises(ValueError, match="target"):
        mse_loss(Tensor(np.zeros((4, 1))), Tensor(np.zeros(4)))
    with pytest.raises(ValueError, match="input"):
        mse_loss(Tensor(np.zeros((0, 3))), Tensor(np.zeros((0, 3))))
    for refuse in (lambda: mse_loss([1.0], [1.0], "means"), lambda: MSELoss(reduction="means")):
        with pytest.raises(ValueError, match="reduction"):
            refuse()
