"""`autograd.Function`, and hooks of tensors: by hand, and as torch has them."""

import numpy as np
import pytest

import tinytorch
from tinytorch import autograd

LIBRARIES = ["tinytorch", pytest.param("torch", marks=pytest.mark.parity)]


@pytest.fixture(params=LIBRARIES)
def t(request):
    """Each test of this file states what torch does, so torch itself must pass it too."""
    return pytest.importorskip(request.param, reason="torch is not installed: pip install -e '.[parity]'")


def cube(t):
    class Cube(t.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.save_for_backward(x)
            ctx.factor = factor
            return factor * x**3

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return ctx.factor * 3 * x**2 * gradient, None

    return Cube


def test_a_function_of_ones_own_goes_forward_and_back(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = cube(t).apply(x, 2.0)
    (y * 5).sum().backward()
    assert y.detach().numpy().tolist() == [2, 16]
    assert x.grad.numpy().tolist() == [30, 120]  # 5 · 2 · 3x²


def test_a_function_is_not_recorded_without_need(t):
    assert not cube(t).apply(t.ones(2), 1.0).requires_grad
    with t.no_grad():
        assert not cube(t).apply(t.ones(2, requires_grad=True), 1.0).requires_grad


def test_a_saved_tensor_that_was_written_is_an_error(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = cube(t).apply(x, 1.0).sum()
    with t.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError):
        y.backward()


def test_a_result_that_is_the_input_is_another_tensor(t):
    class Same(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view(-1)

        @staticmethod
        def backward(ctx, gradient):
            return 7 * gradient

    x = t.ones(2, requires_grad=True)
    y = Same.apply(x)
    y.sum().backward()
    assert y is not x and x.grad.numpy().tolist() == [7, 7]


def test_which_inputs_need_a_gradient_is_known(t):
    seen = []

    class Product(t.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            seen.append(tuple(ctx.needs_input_grad))
            return a * b

    Product.apply(t.ones(1), t.ones(1, requires_grad=True))
    assert seen == [(False, True)]


def test_a_hook_changes_the_gradient_behind_it(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.register_hook(lambda gradient: gradient * 10)
    (y * 3).sum().backward()
    assert x.grad.numpy().tolist() == [60, 60]


def test_a_hook_of_a_leaf_changes_what_is_added(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    x.sum().backward()
    handle = x.register_hook(lambda gradient: -gradient)
    (x * 3).sum().backward()
    assert x.grad.numpy().tolist() == [-2, -2]  # 1 − 3
    handle.remove()
    x.sum().backward()
    assert x.grad.numpy().tolist() == [-1, -1]


def test_a_hook_that_returns_nothing_only_looks(t):
    x, seen = t.tensor([1.0, 2.0], requires_grad=True), []
    y = x**2
    y.register_hook(lambda gradient: seen.append(gradient.numpy().tolist()))
    y.sum().backward()
    assert seen == [[1, 1]] and x.grad.numpy().tolist() == [2, 4]


def test_retain_grad_keeps_the_gradient_of_a_result(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.retain_grad()
    y.retain_grad()  # a second time changes nothing
    y.register_hook(lambda gradient: gradient * 10)
    (y**2).sum().backward(retain_graph=True)
    assert y.grad.numpy().tolist() == [60, 120]  # 10 · 2y: after the other hooks
    (y**2).sum().backward()
    assert y.grad.numpy().tolist() == [120, 240]


def test_a_hook_that_is_registered_twice_runs_twice_and_is_removed_once(t):
    calls = []
    x = t.ones(2, requires_grad=True)
    hook = calls.append
    first = x.register_hook(hook)
    x.register_hook(hook)
    x.sum().backward()
    first.remove()
    first.remove()
    x.sum().backward()
    assert len(calls) == 3


def test_hooks_need_a_gradient(t):
    for method in (lambda x: x.retain_grad(), lambda x: x.register_hook(print)):
        with pytest.raises(RuntimeError):
            method(t.ones(2))


def test_a_backward_that_fails_leaves_the_gradients_of_leaves_with_hooks():
    x = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    x.register_hook(lambda gradient: gradient)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4])


def test_what_forward_must_return_is_said():
    class Wrong(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x, x

    with pytest.raises(TypeError, match=r"Wrong.forward: expected it to return one tensor, got tuple"):
        Wrong.apply(tinytorch.ones(1))
