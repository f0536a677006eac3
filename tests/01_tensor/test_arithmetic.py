"""Element-wise arithmetic, broadcasting, comparisons and indexing, against NumPy."""

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator

numbers = st.floats(-100, 100, width=32)
OPERATORS = [operator.add, operator.sub, operator.mul]


@pytest.mark.parametrize("operate", [*OPERATORS, operator.truediv, operator.pow])
def test_operators_compute_what_numpy_computes_in_both_orders(operate):
    draw = generator()
    a, b = draw.uniform(0.5, 2, (2, 3)), draw.uniform(0.5, 2, (2, 3))
    assert_close(operate(Tensor(a), Tensor(b)), operate(a, b), case={"a": a, "b": b})
    assert_close(operate(Tensor(a), 2.0), operate(a, 2.0), case={"a": a})
    assert_close(operate(2.0, Tensor(a)), operate(2.0, a), case={"a": a})
    assert_close(operate(a, Tensor(b)), Tensor(operate(a, b)), case={"a": a, "b": b})


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4), data=st.data())
def test_shapes_broadcast_from_the_right(shapes, data):
    a, b = (data.draw(hnp.arrays(np.float64, shape, elements=numbers)) for shape in shapes.input_shapes)
    for operate in OPERATORS:
        out = operate(Tensor(a), Tensor(b))
        assert out.shape == shapes.result_shape
        assert_close(out, Tensor(np.asarray(operate(a, b))), case={"a": a, "b": b})


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "abs", "neg"])
def test_functions_of_one_input(name):
    x = generator().uniform(0.1, 3, (2, 3))
    case = Case(getattr(T, name), Tensor(x))
    expected = {"abs": np.abs, "neg": np.negative}.get(name) or getattr(np, name)
    assert_close(case(), Tensor(expected(x)), case=case)
    assert_close(T.abs(-Tensor(x)), Tensor(x))


@pytest.mark.not_in_catalogue("given code")
def test_clip_limits_on_either_side():
    x = Tensor([-2.0, 0.5, 3.0])
    assert_close(x.clip(-1, 1), Tensor([-1.0, 0.5, 1.0]))
    assert_close(x.clip(min=0), Tensor([0.0, 0.5, 3.0]))
    assert_close(x.clip(max=0), Tensor([-2.0, 0.0, 0.0]))


def test_comparisons_give_truth_values_element_by_element():
    a, b = Tensor([1, 2, 3]), Tensor([3, 2, 1])
    assert_close(a < b, Tensor([True, False, False]))
    assert_close(a <= b, Tensor([True, True, False]))
    assert_close(a > 2, Tensor([False, False, True]))
    assert_close(a >= 2, Tensor([False, True, True]))
    assert_close(a == b, Tensor([False, True, False]))
    assert_close(a != b, Tensor([True, False, True]))


@pytest.mark.not_in_catalogue("given code")
def test_tensors_are_keys_by_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert len({a: 1, b: 2}) == 2


@pytest.mark.parametrize(
    "index",
    [
        1,
        -1,
        (0, 2),
        (slice(None), 1),
        (slice(None, None, -1), slice(1, 3)),
        (Ellipsis, None),
        [1, 0, 1],
        (np.array([0, 1]), np.array([2, 0])),
    ],
    ids=repr,
)
def test_indexing_picks_what_numpy_picks(index):
    x = np.arange(6.0).reshape(2, 3)
    assert_close(Tensor(x)[index], Tensor(np.asarray(x[index])), case={"x": x})


def test_a_tensor_may_be_an_index_or_a_mask():
    x = Tensor([5.0, 6.0, 7.0])
    assert_close(x[Tensor([2, 0])], Tensor([7.0, 5.0]))
    assert_close(x[x > 5.5], Tensor([6.0, 7.0]))
