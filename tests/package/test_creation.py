"""Tensors made from a shape: values, dtypes, requires_grad."""

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor
from tinytorch.testing import assert_close


@pytest.mark.parametrize("name, value", [("zeros", 0), ("ones", 1)])
def test_shapes_come_as_numbers_or_as_a_tuple(name, value):
    make = getattr(tt, name)
    expected = Tensor(np.full((2, 3), value, np.float32))
    assert_close(make(2, 3), expected)
    assert_close(make((2, 3)), expected)
    assert_close(make(), Tensor(float(value)))


@pytest.mark.parametrize(
    "make",
    [
        lambda **settings: tt.tensor([1, 2], **settings),
        lambda **settings: tt.zeros(2, **settings),
        lambda **settings: tt.ones(2, **settings),
        lambda **settings: tt.full((2,), 7, **settings),
        lambda **settings: tt.arange(2, **settings),
        lambda **settings: tt.eye(2, **settings),
        lambda **settings: tt.randn(2, **settings),
        lambda **settings: tt.rand(2, **settings),
    ],
    ids=["tensor", "zeros", "ones", "full", "arange", "eye", "randn", "rand"],
)
def test_dtype_and_requires_grad_are_obeyed(make):
    made = make(dtype=np.float64, requires_grad=True)
    assert made.dtype == np.float64 and made.requires_grad
    assert not make().requires_grad


def test_tensor_has_its_own_memory():
    array = np.zeros(3)
    copied = tt.tensor(array)
    array[0] = 7
    assert_close(copied, Tensor(np.zeros(3)))
    assert_close(tt.tensor([1.0, 2.0]), Tensor([1.0, 2.0]))


def test_full_takes_its_dtype_from_the_value():
    assert_close(tt.full((2,), 7), Tensor(np.array([7, 7])))
    assert_close(tt.full((2,), 0.5), Tensor([0.5, 0.5]))


def test_full_keeps_the_digits_of_a_float64():
    assert tt.full((1,), 0.1, dtype=tt.float64).item() == 0.1
    assert tt.zeros(1, dtype=tt.float64).new_full((1,), 0.1).item() == 0.1


def test_arange_stops_before_its_end_and_counts_in_integers_unless_given_floats():
    assert_close(tt.arange(3), Tensor(np.array([0, 1, 2])))
    assert_close(tt.arange(1, 6, 2), Tensor(np.array([1, 3, 5])))
    assert_close(tt.arange(0, 1, 0.25), Tensor([0.0, 0.25, 0.5, 0.75]))


def test_eye_has_ones_on_its_diagonal():
    assert_close(tt.eye(2), Tensor([[1.0, 0.0], [0.0, 1.0]]))
    assert_close(tt.eye(2, 3), Tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))


@pytest.mark.parametrize("name", ["randn", "rand"])
def test_manual_seed_repeats_a_draw(name):
    draw = getattr(tt, name)
    tt.manual_seed(5)
    first, second = draw(50), draw((2, 25))
    assert second.shape == (2, 25)
    tt.manual_seed(5)
    assert_close(draw(50), first)
    assert not np.array_equal(first.data, second.data.ravel())


def test_randn_has_mean_0_and_variance_1_and_rand_fills_the_unit_interval():
    # 100,000 draws: their mean strays by about 0.003, their variance by about 0.005; both bounds are six times that
    normal, uniform = tt.randn(100_000).data, tt.rand(100_000).data
    assert abs(normal.mean()) < 0.02 and abs(normal.var() - 1) < 0.03
    assert uniform.min() >= 0 and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.006
