"""Arithmetic element by element, and broadcasting, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor, clip
from tinytorch.testing import Case, assert_close, generator

numbers = st.floats(-100, 100, width=32)
OPERATORS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_compute_what_numpy_computes_with_tensors_arrays_and_numbers(name):
    draw = generator()
    a, b = draw.uniform(0.5, 2, (2, 3)), draw.uniform(0.5, 2, (2, 3))
    for first, second in ((Tensor(a), Tensor(b)), (Tensor(a), 2.0), (2.0, Tensor(b)), (a, Tensor(b))):
        case = Case(getattr(T, name), first, second)
        assert_close(case(), Tensor(OPERATORS[name](np.asarray(first), np.asarray(second))), case=case)


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4), data=st.data())
def test_shapes_broadcast_from_the_right(shapes, data):
    a, b = (data.draw(hnp.arrays(np.float64, shape, elements=numbers)) for shape in shapes.input_shapes)
    for name in ("add", "sub", "mul"):
        case = Case(getattr(T, name), Tensor(a), Tensor(b))
        assert case().shape == shapes.result_shape
        assert_close(case(), Tensor(np.asarray(OPERATORS[name](a, b))), case=case)


def test_integers_divided_are_floats():
    case = Case(T.div, Tensor(np.array([7, -7])), Tensor(np.array([2, 2])))
    assert_close(case(), Tensor([3.5, -3.5]), case=case)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "abs", "neg"])
def test_functions_of_one_input(name):
    x = generator().uniform(0.1, 3, (2, 3))
    case = Case(getattr(T, name), Tensor(x))
    expected = {"abs": np.abs, "neg": np.negative}.get(name) or getattr(np, name)
    assert_close(case(), Tensor(expected(x)), case=case)
    assert_close(T.abs(-Tensor(x)), Tensor(x))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"min": -1, "max": 1}, [-1.0, 0.5, 1.0]),
        ({"min": 0}, [0.0, 0.5, 3.0]),
        ({"max": 0}, [-2.0, 0.0, 0.0]),
        ({}, [-2.0, 0.5, 3.0]),
    ],
)
def test_clip_limits_on_either_side(limits, expected):
    case = Case(clip, Tensor([-2.0, 0.5, 3.0]), **limits)
    assert_close(case(), Tensor(expected), case=case)
