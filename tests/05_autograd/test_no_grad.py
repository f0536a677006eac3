"""no_grad and is_grad_enabled."""

import threading

import numpy as np
import pytest

from tinytorch.core.autograd import backward, is_grad_enabled, no_grad
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close


@pytest.fixture
def x():
    return Tensor(np.array([2.0]), requires_grad=True)


def test_no_graph_is_kept_inside(x):
    with no_grad():
        y = x * x
    assert y.grad_fn is None and not y.requires_grad
    assert (x * x).grad_fn is not None


@pytest.mark.not_in_catalogue("module 01 records, and its entries break that")
def test_no_graph_is_kept_where_no_input_requires_a_gradient():
    y = Tensor(np.ones(3)) * 2.0
    assert y.grad_fn is None and not y.requires_grad


def test_what_was_computed_inside_is_a_constant_outside(x):
    with no_grad():
        factor = x * 10.0
    backward(x * factor)
    assert_close(x.grad, Tensor(np.array([20.0])))


def test_it_decorates_functions_and_can_be_used_again(x):
    @no_grad()
    def square(t):
        assert not is_grad_enabled()
        return t * t

    assert square(x).grad_fn is None
    assert square(x).grad_fn is None
    assert is_grad_enabled()


def test_recording_resumes_after_an_error_and_after_nesting(x):
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert is_grad_enabled()
    with no_grad():
        with no_grad():
            pass
        assert not is_grad_enabled()
    assert is_grad_enabled()


@pytest.mark.not_in_catalogue("no entry shares the switch among threads, which is given")
def test_it_holds_in_its_own_thread_only(x):
    recorded = []
    with no_grad():
        thread = threading.Thread(target=lambda: recorded.append((x * x).grad_fn is not None))
        thread.start()
        thread.join()
    assert recorded == [True]
