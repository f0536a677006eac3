"""The matrix product: its values, its shapes, and the error everyone reads."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, matmul
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.parametrize(
    "left, right, out",
    [
        ((2, 3), (3, 4), (2, 4)),
        ((3,), (3, 4), (4,)),
        ((2, 3), (3,), (2,)),
        ((3,), (3,), ()),
        ((5, 2, 3), (3, 4), (5, 2, 4)),
        ((5, 1, 2, 3), (6, 3, 4), (5, 6, 2, 4)),
    ],
)
def test_rows_meet_columns_and_leading_axes_broadcast(left, right, out):
    draw = generator()
    a, b = draw.standard_normal(left), draw.standard_normal(right)
    case = Case(matmul, Tensor(a), Tensor(b))
    assert case().shape == out
    assert_close(case(), Tensor(np.asarray(a @ b)), case=case)


def test_an_element_is_the_sum_of_products_of_a_row_and_a_column():
    draw = generator()
    a, b = draw.standard_normal((2, 3)), draw.standard_normal((3, 2))
    by_hand = [[sum(a[i, k] * b[k, j] for k in range(3)) for j in range(2)] for i in range(2)]
    case = Case(matmul, Tensor(a), Tensor(b))
    assert_close(case(), Tensor(np.array(by_hand)), case=case)


def test_operators_work_from_either_side():
    a, b = np.eye(2) * 3, np.array([[1.0, 2.0], [3.0, 4.0]])
    for out in (Tensor(a) @ Tensor(b), a @ Tensor(b), Tensor(a) @ b):
        assert_close(out, Tensor(3 * b))


@pytest.mark.parametrize(
    "left, right", [((2, 3), (2, 3)), ((3,), (2,)), ((2, 3), (2,)), ((4, 2, 3), (4, 2, 3))], ids=str
)
def test_inner_sizes_that_differ_are_named(left, right):
    with pytest.raises(ValueError, match="inner sizes") as error:
        Tensor(np.ones(left)) @ Tensor(np.ones(right))
    assert str(left) in str(error.value) and str(right) in str(error.value)
    assert "x @ w.T" in str(error.value)


def test_numbers_are_sent_to_the_other_operator():
    with pytest.raises(ValueError, match=r"use \* instead"):
        Tensor([1.0, 2.0]) @ Tensor(3.0)
