"""The matrix product: its values, and its shapes for matrices, vectors and batches."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, matmul, matrix_product
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.parametrize(
    "left, right, out",
    [
        ((2, 3), (3, 4), (2, 4)),
        ((3,), (3, 4), (4,)),
        ((2, 3), (3,), (2,)),
        ((3,), (3,), ()),
        ((1, 3), (3, 1), (1, 1)),
        ((3,), (3, 1), (1,)),
        ((1, 3), (3,), (1,)),
        ((5, 2, 3), (3, 4), (5, 2, 4)),
        ((5, 2, 3), (3,), (5, 2)),
        ((3,), (5, 3, 4), (5, 4)),
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


@pytest.mark.parametrize("left, right", [((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,))])
def test_the_product_behind_it_is_one_of_matrices(left, right):
    def multiply(a, b):
        made = [matmul(a, b)]
        for out in made:  # which grows while it is read
            if not out.is_leaf:
                function, inputs, _ = out.grad_fn
                assert function is not matrix_product or all(x.ndim == 2 for x in inputs)
                made += inputs

    Case(multiply, Tensor(np.ones(left), requires_grad=True), Tensor(np.ones(right)))()
