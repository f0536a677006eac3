"""Common dtypes as torch has them, and sums whose rounding error does not grow."""

import numpy as np
import pytest

from tinytorch.core.activations import gelu, log_softmax, sigmoid, softmax, softplus, tanh
from tinytorch.core.tensor import Tensor, add, concatenate, div, exp, log, mul, pow, sqrt, where
from tinytorch.support.dtypes import accurate_sum
from tinytorch.testing import assert_close

# Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
PAIRS = [
    ("uint8", "int8", "int16"),
    ("bool", "uint8", "uint8"),
    ("int64", "float16", "float16"),
    ("int64", "float32", "float32"),
    ("float16", "float32", "float32"),
    ("float32", "float64", "float64"),
    ("bool", "float16", "float16"),
]


@pytest.mark.parametrize(("first", "second", "expected"), PAIRS)
@pytest.mark.parametrize("function", [add, mul, lambda a, b: concatenate([a, b]), lambda a, b: where(a > 5, a, b)])
def test_two_tensors_get_torchs_common_dtype(first, second, expected, function):
    a, b = Tensor(np.ones(2, first)), Tensor(np.ones(2, second))
    assert function(a, b).dtype == function(b, a).dtype == np.dtype(expected)


@pytest.mark.parametrize(
    ("shaped", "single", "expected"),
    [
        ("float32", "float64", "float32"),  # the same kind: the one with axes decides
        ("float16", "float32", "float16"),
        ("uint8", "int64", "uint8"),
        ("int64", "float64", "float64"),  # a higher kind decides
        ("bool", "int32", "int32"),
    ],
)
def test_a_tensor_without_axes_counts_only_where_its_kind_is_higher(shaped, single, expected):
    assert (Tensor(np.ones(2, shaped)) + Tensor(np.ones((), single))).dtype == np.dtype(expected)


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [("uint8", 2, "uint8"), ("int64", 0.5, "float32"), ("bool", 1, "int64"), ("float16", 2.5, "float16")],
)
def test_a_plain_number_counts_only_where_its_kind_is_higher(dtype, number, expected):
    x = Tensor(np.ones(2, dtype))
    assert (x * number).dtype == (number + x).dtype == np.dtype(expected)


def test_a_number_too_large_for_small_integers_wraps_round_as_in_torch():
    assert_close(Tensor(np.array([1], np.uint8)) + 300, Tensor(np.array([45], np.uint8)))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int64"])
@pytest.mark.parametrize(
    "function", [exp, sqrt, sigmoid, tanh, softplus, gelu, softmax, log_softmax, lambda x: div(x, 3)]
)
def test_functions_with_fractions_compute_integers_in_float32(function, dtype):
    x = np.array([0, 1, 30]).astype(dtype)
    assert_close(function(Tensor(x)), function(Tensor(x.astype(np.float32))))


def test_the_logarithm_of_an_integer():
    assert_close(log(Tensor(np.array([1, 200], np.uint8))), Tensor(np.log(np.array([1.0, 200.0], np.float32))))


def test_integers_and_truth_values_are_summed_as_int64():
    for dtype in ("bool", "uint8", "int8", "int32"):
        assert_close(Tensor(np.ones(300).astype(dtype)).sum(), Tensor(np.int64(300)))


def test_integers_stay_integers():
    assert_close(pow(Tensor(np.array([3, -2])), 2), Tensor(np.array([9, 4])))


@pytest.mark.parametrize("columns", [1, 2])
def test_more_ones_than_float32_can_count_one_by_one(columns):
    count = 2**24 + 1000
    assert accurate_sum(np.ones((count, columns), np.float32), 0).tolist() == [count] * columns


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((300_000, 3), 0), ((3, 300_000, 2), 1), ((600, 4, 500), (0, 2)), ((3, 300_000), None), ((300_000, 3), (0, 1))],
)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda x: x[::-1]])
def test_a_long_sum_is_that_of_float64(shape, axis, keepdims, layout):
    x = layout(np.full(shape, 0.1, np.float32))
    found = accurate_sum(x, axis, keepdims)
    exact = x.astype(np.float64).sum(axis, keepdims=keepdims)
    assert found.shape == exact.shape and found.dtype == np.float32
    assert np.abs(found / exact - 1).max() < 1e-6


def test_the_mean_and_variance_of_a_million_rows():
    rows = np.full((1_000_000, 2), 0.1, np.float32)
    rows[::2] += 1
    assert np.abs(Tensor(rows).mean(0).data - 0.6).max() < 1e-6
    assert np.abs(Tensor(rows).var(0).data - 0.25).max() < 1e-6


def test_the_gradient_of_a_row_that_was_broadcast_over_a_million():
    w = Tensor(np.ones(2, np.float32), requires_grad=True)
    (Tensor(np.full((1_000_000, 2), 0.1, np.float32)) * w).sum().backward()
    assert np.abs(w.grad.data / 100_000 - 1).max() < 1e-6


def test_float16_is_summed_in_float32():
    assert_close(Tensor(np.full(5000, 1.0, np.float16)).sum(), Tensor(np.float16(5000)))
    assert Tensor(np.full(70_000, 1.0, np.float16)).sum().item() == np.inf  # beyond float16


@pytest.mark.parametrize(
    ("call", "expected"),
    [(lambda x: x.mean(), 30.0), (lambda x: x.mean(0)[0], 30.0), (lambda x: (x * 10).var(correction=0), 0.0)],
)
def test_means_of_float16_do_not_overflow(call, expected):
    found = call(Tensor(np.full((5000, 100), 30.0, np.float16)))
    assert (found.dtype, found.item()) == (np.float16, expected)


def test_the_gradient_of_a_mean_of_float16():
    x = Tensor(np.ones(4, np.float16), requires_grad=True)
    x.mean().backward()
    assert (x.grad.dtype, x.grad.data.tolist()) == (np.float16, [0.25] * 4)
