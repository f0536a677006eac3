"""check_gradients: right rules pass, and each way to be wrong is called by its name."""

import sys
import types

import numpy as np
import pytest

from tinytorch.testing import check_gradients, generator, misconceptions


class Tensor:
    """As much of a tensor as a gradient check may rely on, without the package's own autograd."""

    def __init__(self, data, requires_grad=False):
        self.data = np.asarray(data)
        self.requires_grad = requires_grad
        self.grad = None

    def backward(self, gradient):
        for tensor, grad in zip(self.inputs, self.rule(gradient.data), strict=True):
            if isinstance(tensor, Tensor) and tensor.requires_grad and grad is not None:
                tensor.grad = Tensor(grad)


def differentiable(forward, rule):
    """`forward` of arrays lifted to tensors, with `rule(u, out, *arrays)` as its gradient."""

    def function(*inputs, **settings):
        arrays = [value.data if isinstance(value, Tensor) else value for value in inputs]
        out = Tensor(forward(*arrays, **settings))
        out.inputs, out.rule = inputs, lambda u: rule(u, out.data, *arrays, **settings)
        out.requires_grad = any(isinstance(value, Tensor) and value.requires_grad for value in inputs)
        return out

    function.__wrapped__ = forward  # as functools.wraps leaves it: the names of the inputs
    function.__name__ = function.__qualname__ = forward.__name__
    return function


def multiply(a, b):
    return a * b


def square(x):
    return x * x


def relu(x):
    return np.maximum(x, 0)


def matmul(a, b):
    return a @ b


def draw(*shape):
    return generator().uniform(0.5, 2.0, shape)  # away from 0, where relu has its kink


def check(forward, rule, *inputs, **settings):
    floats = [value.dtype.kind == "f" for value in inputs]
    tensors = [Tensor(value) if is_float else value for value, is_float in zip(inputs, floats, strict=True)]
    check_gradients(differentiable(forward, rule), *tensors, **settings)


def wrong(forward, rule, *inputs, **settings):
    with pytest.raises(AssertionError) as caught:
        check(forward, rule, *inputs, **settings)
    return str(caught.value)


def test_right_rules_pass():
    check(multiply, lambda u, out, a, b: (u * b, u * a), draw(3, 4), draw(3, 4))
    check(matmul, lambda u, out, a, b: (u @ b.T, a.T @ u), draw(3, 4), draw(4, 2))
    x = draw(40, 50) * generator().choice([-1, 1], (40, 50))
    check(relu, lambda u, out, x: (u * (x > 0),), x)


def test_broadcast_inputs_with_a_sum_pass_and_without_it_are_named():
    check(multiply, lambda u, out, a, b: (u * b, (u * a).sum(0)), draw(3, 4), draw(4))
    text = wrong(multiply, lambda u, out, a, b: (u * b, u * a), draw(3, 4), draw(4))
    assert "multiply: the gradient of b has shape (3, 4); expected (4,)" in text
    assert "unbroadcast is missing" in text


def test_a_sum_that_is_a_mean_is_named_by_the_axis():
    text = wrong(multiply, lambda u, out, a, b: (u * b, (u * a).mean(0)), draw(3, 4), draw(4))
    assert (
        "the gradient of b is 0.333333 times what it should be: it is divided by 3, the length of axis 0 of a" in text
    )


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (-1, "has the wrong sign"),
        (2.5, "is 2.5 times what it should be"),
        (-3, "is -3 times what it should be"),
        (5, "is 5 times what it should be: 5 is the length of axis 1 of x"),
        (10, "is 10 times what it should be: 10 is the number of elements of x"),
        (0, "is zero, but the output depends on it"),
        (np.nan, "is nan in 10 of 10 elements"),
    ],
)
def test_a_constant_factor_is_named(factor, said):
    assert f"square: the gradient of x {said}" in wrong(square, lambda u, out, x: (factor * 2 * x * u,), draw(2, 5))


def test_a_missing_mask_is_named():
    x = np.array([1.0, -1.0, 2.0, -2.0, -3.0])
    text = wrong(relu, lambda u, out, x: (u,), x)
    assert "is not zero in 3 of 5 elements that the output does not depend on: a mask is missing (at [1]" in text
    assert "elsewhere" not in text
    assert "elsewhere it is 2 times" in wrong(relu, lambda u, out, x: (2 * u,), x)


def test_a_mask_that_hides_too_much_is_named():
    text = wrong(square, lambda u, out, x: (2 * x * u * (np.arange(4) > 0),), draw(4))
    assert "is zero in 1 of 4 elements that the output depends on (at [0]" in text


def test_values_in_the_wrong_places_are_named():
    rule = lambda turn: lambda u, out, x: (turn(2 * x * u),)  # noqa: E731
    assert "is right, but axes 0 and 1 are swapped" in wrong(square, rule(np.transpose), draw(3, 3))
    assert "is right, but reversed along axis 1" in wrong(square, rule(np.fliplr), draw(3, 3))
    assert "is right, but reversed along axis 0 and 1" in wrong(square, rule(lambda g: g[::-1, ::-1]), draw(3, 3))


def test_anything_else_is_shown_at_its_first_element():
    text = wrong(square, lambda u, out, x: (np.where(np.arange(4) == 2, 1, 2 * x) * u,), draw(4))
    assert "is wrong in 1 of 4 elements (at [2]: expected" in text


def test_an_error_too_small_to_be_placed_is_said_to_be_small():
    text = wrong(square, lambda u, out, x: (2 * x * u * (1 + 8e-6),), draw(4))
    assert "is wrong, though by less than 1e-05 of its largest value" in text


def test_one_wrong_element_among_many_is_found():
    def rule(u, out, x):
        gradient = 2 * x * u
        gradient[7, 11] += 0.1
        return (gradient,)

    assert "the gradient of x is wrong in 1 of 51" in wrong(square, rule, draw(100, 100))
    assert "measured elements (at [7, 11]: " in wrong(square, rule, draw(100, 100))


def test_the_input_at_fault_is_named_and_the_right_one_is_not():
    text = wrong(matmul, lambda u, out, a, b: (u @ b.T, -(a.T @ u)), draw(3, 4), draw(4, 2))
    assert "matmul: the gradient of b has the wrong sign" in text and "gradient of a" not in text


def test_a_missing_gradient_is_named():
    text = wrong(multiply, lambda u, out, a, b: (u * b, None), draw(3), draw(3))
    assert "the gradient of b is missing" in text


def test_a_gradient_in_less_precision_is_named():
    text = wrong(square, lambda u, out, x: ((2 * x * u).astype(np.float32),), draw(3))
    assert "has dtype float32 for a float64 input" in text


def test_float32_inputs_are_checked_in_float64():
    seen = []
    check(square, lambda u, out, x: (seen.append(x.dtype) or 2 * x * u,), draw(3).astype(np.float32))
    assert set(seen) == {np.dtype(np.float64)}


def test_integers_and_settings_are_passed_on():
    def pick(x, index, *, scale):
        return scale * x[index]

    def rule(u, out, x, index, *, scale):
        gradient = np.zeros_like(x)
        np.add.at(gradient, index, scale * u)
        return gradient, None

    index = np.array([0, 2, 2])
    check(pick, rule, draw(4), index, scale=3.0)

    def overwriting(u, out, x, index, *, scale):
        gradient = np.zeros_like(x)
        gradient[index] = scale * u
        return gradient, None

    assert "the gradient of x is wrong in 1 of 4 elements (at [2]" in wrong(
        pick, overwriting, draw(4), index, scale=3.0
    )


def test_a_rule_that_depends_on_the_memory_layout_is_caught():
    def rule(u, out, x):
        memory = np.ascontiguousarray(x) if x.flags.c_contiguous else np.ascontiguousarray(x.T).reshape(x.shape)
        return (2 * memory * u,)

    assert "with non-contiguous inputs the gradient of x changes" in wrong(square, rule, draw(3, 4))


def test_a_rule_that_writes_into_its_input_is_caught():
    def rule(u, out, x):
        u *= 2
        u *= x
        return (u,)

    assert "writes into an array that it was given" in wrong(square, rule, draw(3, 4))


def test_a_rule_that_changes_the_input_of_its_function_is_caught():
    def rule(u, out, x):
        x *= 2
        return (x * u,)

    assert "vjp(square) changes its input x" in wrong(square, rule, draw(3))


def test_what_cannot_be_checked_is_refused():
    right = differentiable(square, lambda u, out, x: (2 * x * u,))
    with pytest.raises(ValueError, match=r"check_gradients\(square\): no input has a floating dtype"):
        check_gradients(right, Tensor(np.arange(3)))
    with pytest.raises(TypeError, match="<lambda> must return a Tensor, got a NumPy array"):
        check_gradients(lambda x: x.data, Tensor(draw(3)))
    noise = np.random.default_rng()
    with pytest.raises(ValueError, match="gives another output each time; put the seed inside"):
        check_gradients(lambda x: Tensor(x.data * noise.random(3)), Tensor(draw(3)))


def test_the_message_ends_with_the_input_and_the_seed(monkeypatch):
    monkeypatch.setenv("TINYTORCH_TEST_SEED", "7")
    text = wrong(square, lambda u, out, x: (x * u,), np.array([1.0, 2.0]))
    assert text.endswith("\n  x  [1., 2.]\n(repeat with TINYTORCH_TEST_SEED=7)")


def test_the_direction_changes_from_run_to_run(monkeypatch):
    seen = []
    for seed in ("1", "2"):
        monkeypatch.setenv("TINYTORCH_TEST_SEED", seed)
        check(square, lambda u, out, x: (seen.append(u) or 2 * x * u,), draw(3))
    assert not np.array_equal(seen[0], seen[len(seen) // 2])


def test_a_known_mistake_in_a_rule_is_named_first(monkeypatch):
    def averaged(grad, out, x, bias):
        return grad, grad.mean(0)

    averaged.__module__ = "tinytorch.testing.misconceptions.m09_spatial"
    monkeypatch.setattr(misconceptions, "_entries", [])
    monkeypatch.setattr(misconceptions, "_load", lambda: None)
    misconceptions.misconception(
        "vjp(shift)", name="the bias gradient is averaged", belief="b.", explanation="It is a sum.", hints=("h", "i")
    )(averaged)
    home, autograd = types.ModuleType("spatial_dev"), types.ModuleType("autograd_dev")
    code = "def shift(x, bias):\n    return x + bias\ndef rule(u, out, x, bias):\n    return u, u.sum(0) / len(u)\n"
    exec(code, vars(home))
    shift = differentiable(home.shift, lambda *given: home.rule(*given))
    autograd.rules = {shift: home.rule}
    monkeypatch.setitem(sys.modules, "spatial_dev", home)
    monkeypatch.setitem(sys.modules, "autograd_dev", autograd)
    with pytest.raises(AssertionError) as caught:
        check_gradients(shift, Tensor(draw(4, 3)), Tensor(draw(3)))
    first, second, third, *_ = str(caught.value).splitlines()
    assert first == "shift: your gradient is what you get when the bias gradient is averaged."
    assert second == "  It is a sum."
    assert third.startswith("shift: the gradient of bias is 0.25 times what it should be: it is divided by 4")
    assert caught.value.diagnosis.headline == first
