"""dropout and Dropout: how many, which factor, when not."""

import numpy as np
import pytest

from tinytorch.core.layers import Dropout, Parameter, dropout
from tinytorch.core.tensor import Tensor
from tinytorch.creation import ones
from tinytorch.support.random import manual_seed
from tinytorch.testing import Case, assert_close, generator

N = 100_000


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_a_part_p_is_dropped_and_the_rest_is_scaled_to_keep_the_mean(p):
    out = dropout(ones(N), p).data
    assert_close(np.unique(out), np.array([0, 1 / (1 - p)], np.float32), case={"p": p})
    # its standard deviation is √(p(1-p)/N), at most 0.0016; six times that is allowed
    assert (out == 0).mean() == pytest.approx(p, abs=0.0095)


def test_half_is_dropped_by_default():
    assert_close(np.unique(dropout(ones(100)).data), np.array([0.0, 2.0], np.float32))
    assert_close(np.unique(Dropout()(ones(100)).data), np.array([0.0, 2.0], np.float32))


def test_elements_are_dropped_one_by_one_not_by_rows_or_columns():
    kept = dropout(ones(200, 200), 0.5).data != 0
    for axis in (0, 1):
        assert 0.2 < kept.mean(axis=axis).min() and kept.mean(axis=axis).max() < 0.8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_survivors_keep_their_value_times_the_factor_and_the_dtype(dtype):
    x = Tensor(generator().uniform(1, 2, (20, 30)).astype(dtype))
    case = Case(dropout, x, 0.2)
    out = case()
    assert_close(out, Tensor(np.where(out.data != 0, x.data * dtype(1.25), 0).astype(dtype)), case=case)


def test_nothing_is_dropped_after_eval():
    x, layer = ones(10), Dropout(0.9)
    assert layer.eval()(x) is x
    assert dropout(x, 0.9, training=False) is x
    assert not np.array_equal(layer.train()(ones(N)).data, ones(N).data)


def test_p_zero_keeps_all_and_p_one_keeps_nothing():
    x = Tensor(generator().standard_normal(N))
    assert_close(dropout(x, 0.0), x)
    assert_close(dropout(x, 1.0), Tensor(np.zeros(N)))


def test_each_call_draws_anew_and_manual_seed_repeats():
    manual_seed(1)
    first, second = dropout(ones(100)), dropout(ones(100))
    manual_seed(1)
    assert not np.array_equal(first.data, second.data)
    assert_close(dropout(ones(100)), first)


def test_the_result_can_be_traced_back_to_the_input(leaves):
    w = Parameter(ones(4))
    assert any(tensor is w for tensor in leaves(dropout(w)))


@pytest.mark.not_in_catalogue("given code")
def test_a_p_that_is_no_probability_and_an_input_that_is_no_tensor_of_floats_are_refused():
    for refuse in (lambda: Dropout(1.5), lambda: dropout(ones(2), -0.1)):
        with pytest.raises(ValueError, match=r"\bp\b"):
            refuse()
    for x in (np.ones(3), Tensor(np.array([1, 2]))):
        with pytest.raises(TypeError, match="input"):
            Dropout()(x)


def test_it_shows_p():
    assert repr(Dropout(0.25)) == "Dropout(p=0.25)"
