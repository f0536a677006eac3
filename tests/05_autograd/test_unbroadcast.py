"""unbroadcast: what was copied forward is summed backward."""

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp

from tinytorch.core.autograd import unbroadcast
from tinytorch.testing import assert_close, generator


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_it_is_the_transpose_of_broadcasting(shapes):
    draw = np.random.default_rng(0)
    x, grad = draw.standard_normal(shapes.input_shapes[0]), draw.standard_normal(shapes.result_shape)
    back = unbroadcast(grad, x.shape)
    assert back.shape == x.shape
    # <broadcast(x), grad> = <x, unbroadcast(grad)>
    assert_close(np.sum(x * back), np.sum(np.broadcast_to(x, grad.shape) * grad), atol=1e-12)


def test_without_a_broadcast_the_gradient_itself_comes_back():
    grad = generator().standard_normal((2, 3))
    assert unbroadcast(grad, (2, 3)) is grad


def test_an_axis_of_length_one_that_was_not_stretched_stays():
    grad = generator().standard_normal((1, 3))
    assert_close(unbroadcast(grad, (1, 1)), grad.sum(keepdims=True))
    assert_close(unbroadcast(grad, (3,)), grad[0])
