"""where, concatenate, stack, pad."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, concatenate, pad, stack, where
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_stack_makes_a_new_axis(dim):
    arrays = list(generator().standard_normal((3, 2, 4)))
    assert_close(stack([Tensor(a) for a in arrays], dim), Tensor(np.stack(arrays, dim)), case={"dim": dim})


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_concatenate_lengthens_an_axis(dim):
    draw = generator()
    arrays = [draw.standard_normal((2, 3)) for _ in range(3)]
    assert_close(concatenate([Tensor(a) for a in arrays], dim), Tensor(np.concatenate(arrays, dim)))


def test_any_iterable_can_be_joined():
    assert_close(stack(Tensor(float(i)) for i in range(3)), Tensor([0.0, 1.0, 2.0]))
    assert_close(concatenate(Tensor([float(i)]) for i in range(3)), Tensor([0.0, 1.0, 2.0]))


@pytest.mark.parametrize(
    "sizes, width",
    [
        ((), [(0, 0), (0, 0), (0, 0)]),
        ((1, 2), [(0, 0), (0, 0), (1, 2)]),
        ((1, 2, 3, 0), [(0, 0), (3, 0), (1, 2)]),
        ((0, 1, 0, 2, 3, 4), [(3, 4), (0, 2), (0, 1)]),
    ],
)
def test_pad_takes_pairs_for_the_last_axis_first(sizes, width):
    x = generator().standard_normal((2, 3, 4))
    case = Case(pad, Tensor(x), pad=sizes, value=7.0)
    assert_close(case(), Tensor(np.pad(x, width, constant_values=7.0)), case=case)


def test_pad_puts_zeros_by_default():
    assert_close(pad(Tensor([5.0]), (1, 1)), Tensor([0.0, 5.0, 0.0]))


@pytest.mark.not_in_catalogue("given code")
def test_where_chooses_element_by_element_and_broadcasts():
    x = Tensor([[1.0, -2.0], [-3.0, 4.0]])
    case = Case(where, x > 0, x, Tensor([10.0, 20.0]))
    assert_close(case(), Tensor([[1.0, 20.0], [10.0, 4.0]]), case=case)
