"""`primitive`: what is computed, in which dtype, and what is recorded."""

import numpy as np
import pytest

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor, primitive, primitives, recording
from tinytorch.testing import assert_close


@pytest.fixture
def scaled_sum():
    @primitive
    def scaled_sum(a, b=None, *, scale=1.0, offset=0.0):
        """a + scale · b + offset"""
        return a + (0 if b is None else scale * b) + offset

    yield scaled_sum
    primitives.remove(scaled_sum)


def test_inputs_may_be_tensors_arrays_numbers_lists_or_none(scaled_sum):
    expected = Tensor([11.0, 12.0])
    for b in (Tensor([10.0, 10.0]), np.array([10.0, 10.0], np.float32), 10, 10.0, [10.0, 10.0]):
        assert_close(scaled_sum(Tensor([1.0, 2.0]), b), expected)
    assert_close(scaled_sum(Tensor([1.0, 2.0])), Tensor([1.0, 2.0]))


def test_settings_come_by_keyword_or_in_order_after_the_inputs(scaled_sum):
    x = Tensor([1.0])
    by_name = scaled_sum(x, x, scale=3.0, offset=0.5)
    assert_close(scaled_sum(x, x, 3.0, 0.5), by_name)
    assert_close(by_name, Tensor([4.5]))


@pytest.mark.parametrize("number", [2, 2.0, True, np.float64(2.0), np.float32(2.0), np.int64(2)])
def test_a_plain_number_never_widens_float32(number):
    x = Tensor([1.0])
    assert (x * number).dtype == (number + x).dtype == (x**number).dtype == np.float32


def test_a_plain_number_keeps_all_its_digits_beside_float64():
    x = Tensor(np.array([1.0]))
    for number in (0.1, np.float64(0.1)):
        assert_close(x * number, Tensor(np.array([0.1])))
        assert_close(number - x, Tensor(np.array([-0.9])))


def test_float64_comes_out_only_where_float64_came_in():
    single, double, whole = Tensor([1.5]), Tensor(np.array([1.5])), Tensor(np.array([2]))
    assert (single * whole).dtype == np.float32
    assert (whole / 2).dtype == np.float32
    assert (single * double).dtype == (double * single).dtype == np.float64
    assert (whole * whole).dtype == np.int64


def test_function_inputs_and_settings_are_recorded_where_an_input_requires_a_gradient(scaled_sum):
    x, w = Tensor([1.0]), Tensor([2.0], requires_grad=True)
    for given in ((x, w), (w, x), (w, None)):
        out = scaled_sum(*given, scale=3.0)
        function, inputs, settings = out.grad_fn
        assert out.requires_grad and not out.is_leaf
        assert function is scaled_sum
        assert inputs[0] is given[0] and inputs[1] is given[1]
        assert settings == {"scale": 3.0, "offset": 0.0}


def test_nothing_is_recorded_where_no_input_requires_a_gradient(scaled_sum):
    out = scaled_sum(Tensor([1.0]), Tensor([2.0]))
    assert out.grad_fn is None and out.is_leaf and not out.requires_grad


def test_nothing_is_recorded_while_recording_is_disabled(scaled_sum, monkeypatch):
    w = Tensor([2.0], requires_grad=True)
    monkeypatch.setattr(recording, "enabled", False)
    out = scaled_sum(w, w)
    assert out.grad_fn is None and not out.requires_grad


def test_a_result_that_is_not_floating_is_not_recorded():
    larger = primitive(lambda x: x > 1)
    primitives.remove(larger)
    out = larger(Tensor([1.0, 2.0], requires_grad=True))
    assert_close(out, Tensor(np.array([False, True])))
    assert out.grad_fn is None and not out.requires_grad


@pytest.mark.parametrize(
    "compute",
    [
        lambda w: T.mean(w, 0),
        lambda w: T.var(w, 0),
        lambda w: T.max(w, 1).values,
        lambda w: T.transpose(w, 0, 1),
        lambda w: T.flatten(w),
        lambda w: T.unsqueeze(w, 0),
        lambda w: T.squeeze(w, 0),
        lambda w: T.stack([w, w]),
        lambda w: T.matmul(w, w[0]),
    ],
    ids=["mean", "var", "max", "transpose", "flatten", "unsqueeze", "squeeze", "stack", "matmul"],
)
def test_what_is_composed_of_tensors_can_be_traced_back(compute):
    def leads_to(out, wanted):
        return out is wanted or (not out.is_leaf and any(leads_to(x, wanted) for x in out.grad_fn.inputs))

    w = Tensor([[1.0, 2.0], [4.0, 8.0]], requires_grad=True)
    assert leads_to(compute(w), w)
