"""Tensors from nothing, and the one generator behind everything random."""

import numpy as np
import pytest

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor, manual_seed
from tinytorch.testing import assert_close


@pytest.mark.not_in_catalogue("given code")
@pytest.mark.parametrize("name, value", [("zeros", 0), ("ones", 1)])
def test_shapes_come_as_numbers_or_as_a_tuple(name, value):
    make = getattr(T, name)
    expected = Tensor(np.full((2, 3), value, np.float32))
    assert_close(make(2, 3), expected)
    assert_close(make((2, 3)), expected)
    assert make(2, dtype=np.float64, requires_grad=True).requires_grad


@pytest.mark.not_in_catalogue("given code")
def test_full_takes_its_dtype_from_the_value():
    assert_close(T.full((2,), 7), Tensor([7, 7]))
    assert_close(T.full((2,), 0.5), Tensor([0.5, 0.5]))


def test_arange_stops_before_its_end_and_counts_in_integers_unless_given_floats():
    assert_close(T.arange(3), Tensor([0, 1, 2]))
    assert_close(T.arange(1, 6, 2), Tensor([1, 3, 5]))
    assert_close(T.arange(0, 1, 0.25), Tensor([0.0, 0.25, 0.5, 0.75]))


def test_eye_has_ones_on_its_diagonal():
    assert_close(T.eye(2, 3), Tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))


@pytest.mark.not_in_catalogue("given code")
@pytest.mark.parametrize("name", ["randn", "rand"])
def test_manual_seed_repeats_a_draw(name):
    draw = getattr(T, name)
    manual_seed(5)
    first, second = draw(50), draw(50)
    manual_seed(5)
    assert_close(draw(50), first)
    assert not np.array_equal(first.data, second.data)
    manual_seed(6)
    assert not np.array_equal(draw(50).data, first.data)


@pytest.mark.not_in_catalogue("given code")
def test_randn_has_mean_0_and_variance_1_and_rand_fills_the_unit_interval():
    # 100,000 draws: their mean strays by about 0.003, their variance by about 0.005; both bounds are six times that
    normal, uniform = T.randn(100_000).data, T.rand(100_000).data
    assert abs(normal.mean()) < 0.02 and abs(normal.var() - 1) < 0.03
    assert uniform.min() >= 0 and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.006
