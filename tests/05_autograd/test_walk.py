"""The walk back through the graph: order, visits, memory."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core import autograd
from tinytorch.core import tensor as T
from tinytorch.core.autograd import backward, input_gradients, rules, topological_order, vjp, walk
from tinytorch.core.tensor import Tensor, primitive, primitives
from tinytorch.testing import assert_close, generator


@pytest.fixture
def temporary(monkeypatch):
    """Make a function that leaves the registry with the test."""

    def make(function, rule=None):
        lifted = primitive(function)
        made.append(lifted)
        if rule is not None:
            vjp(lifted)(rule)
        return lifted

    made: list = []
    yield make
    for lifted in made:
        primitives.remove(lifted)
        rules.pop(lifted, None)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=25))
def test_inputs_stand_before_results_and_every_tensor_once(steps):
    x = Tensor([0.5], requires_grad=True)
    made = [x]
    for i, j in steps:
        made.append(made[i % len(made)] + made[j % len(made)])
    order = topological_order([made[-1]])
    place = {id(t): n for n, t in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is made[-1]
    for t in order:
        for input_ in t.grad_fn.inputs if t.grad_fn else ():
            assert place[id(input_)] < place[id(t)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=25))
def test_a_sum_of_sums_gives_its_input_the_number_of_its_paths(steps):
    x = Tensor(np.array([0.5]), requires_grad=True)
    made, paths = [x], [1]
    for i, j in steps:
        i, j = i % len(made), j % len(made)
        made.append(made[i] + made[j])
        paths.append(paths[i] + paths[j])
    backward(made[-1])
    assert_close(x.grad, Tensor(np.array([float(paths[-1])])))


def test_each_rule_runs_once_however_often_a_value_is_used(temporary):
    ran = []
    twice = temporary(lambda x: 2 * x, lambda grad, out, x: ran.append(1) or 2 * grad)
    x = Tensor(np.array([1.0]), requires_grad=True)
    y = x
    for _ in range(20):  # 2 ** 20 paths lead from y to x
        y = twice(y + y)
    backward(y)
    assert len(ran) == 20
    assert_close(x.grad, Tensor(np.array([4.0**20])))


def test_a_chain_of_10_000_functions_is_not_too_deep():
    x, factor = Tensor(np.array([1.0]), requires_grad=True), Tensor(np.array([1.0001]))
    y = x
    for _ in range(10_000):
        y = y * factor
    backward(y)
    assert_close(x.grad, Tensor(np.array([1.0001**10_000])))


def test_a_gradient_is_complete_before_its_rule_runs(temporary):
    seen = []
    watched = temporary(lambda x: x.copy(), lambda grad, out, x: seen.append(grad.copy()) or grad)
    x = Tensor(np.array([3.0]), requires_grad=True)
    y = watched(x)
    backward(y * y + y * 5.0)
    assert_close(np.array(seen), np.array([[11.0]]))
    assert_close(x.grad, Tensor(np.array([11.0])))


def test_every_tensor_on_the_way_is_given_out_once_with_its_gradient():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    y = x * 3.0
    z = y * y
    steps = list(walk([z], [np.ones(2)]))
    assert [id(t) for t, _ in steps] == [id(z), id(y), id(x)]
    for (_, gradient), expected in zip(steps, ([1.0, 1.0], [6.0, 12.0], [18.0, 36.0]), strict=True):
        assert_close(gradient, np.array(expected))


def test_gradients_that_nobody_wants_are_not_computed(temporary):
    def unwanted():
        raise AssertionError("the gradient of an input without requires_grad was computed")

    times = temporary(lambda a, b: a * b, lambda grad, out, a, b: (unwanted, lambda: grad * a))
    w = Tensor(np.array([2.0]), requires_grad=True)
    backward(times(Tensor(np.array([3.0])), w))
    assert_close(w.grad, Tensor(np.array([3.0])))


def test_a_function_without_a_rule_is_named_when_the_walk_reaches_it(temporary):
    def halve(x):
        return x / 2

    x = Tensor([1.0], requires_grad=True)
    y = temporary(halve)(x)  # forward works
    with pytest.raises(NotImplementedError, match="halve has no gradient rule"):
        backward(y)


def test_only_inputs_that_require_a_gradient_get_one(temporary):
    given = []

    def rule(grad, out, x, bias=None, *, scale):
        given.append((type(grad), type(out), type(x), bias, scale))
        return grad * scale, None

    scaled = temporary(lambda x, bias=None, *, scale: x * scale, rule)
    x = Tensor([1.0, 2.0], requires_grad=True)
    ((wanted, gradient),) = input_gradients(scaled(x, None, scale=3.0), np.array([1.0, 10.0]))
    assert wanted is x
    assert_close(gradient, np.array([3.0, 30.0], np.float32))
    assert given == [(np.ndarray, np.ndarray, np.ndarray, None, 3.0)]


@pytest.mark.not_in_catalogue("the check is given")
def test_a_rule_that_returns_a_wrong_number_of_gradients_or_a_wrong_shape_is_refused(temporary):
    for rule in (lambda grad, out, x: (grad, grad), lambda grad, out, x: grad[0], lambda grad, out, x: None):
        y = temporary(lambda x: x.copy(), rule)(Tensor([1.0, 2.0], requires_grad=True))
        with pytest.raises(ValueError, match="the rule of <lambda> returned"):
            backward(y.sum())


def test_the_walk_gives_memory_back_as_it_goes():
    x = Tensor(generator().standard_normal(10), requires_grad=True)
    middle = x.exp()
    alive = weakref.ref(middle)
    loss = middle.sum()
    del middle
    backward(loss)
    gc.collect()
    assert alive() is None
    assert loss.item() > 0  # the result is still there


def test_retain_graph_keeps_it_and_a_second_backward_adds():
    x = Tensor(np.array([3.0]), requires_grad=True)
    loss = (x * x).sum()
    backward(loss, retain_graph=True)
    backward(loss)
    assert_close(x.grad, Tensor(np.array([12.0])))
    with pytest.raises(RuntimeError, match="freed"):
        backward(loss)


def test_a_shared_part_of_a_freed_graph_is_refused_too():
    x = Tensor(np.array([3.0]), requires_grad=True)
    shared = x * x
    backward(shared.exp().sum())
    with pytest.raises(RuntimeError, match="freed"):
        backward(shared.sum())


def test_every_root_may_be_walked_from_at_once():
    x = Tensor(np.array([2.0]), requires_grad=True)
    y = x * x
    gradients = {id(t): g for t, g in walk([y, y], [np.ones(1), np.ones(1)])}
    assert_close(gradients[id(x)], np.array([8.0]))


def test_the_walk_goes_through_functions_that_only_move_numbers():
    x = Tensor(generator().standard_normal((2, 3)), requires_grad=True)
    y = T.concatenate([x.T, x.reshape(3, 2)], dim=0).permute(1, 0)[0]
    backward(y.sum())
    counts = np.zeros((2, 3))
    counts[0] += 1  # first column of x.T
    counts.reshape(3, 2)[:, 0] += 1
    assert_close(x.grad, Tensor(counts))


@pytest.mark.not_in_catalogue("given code")
def test_backward_is_the_one_that_tensors_use():
    assert Tensor.backward_pass is autograd.backward
