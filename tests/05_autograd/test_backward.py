"""backward and grad: where gradients end up, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest

from tinytorch.core import tensor as T
from tinytorch.core.autograd import backward, grad
from tinytorch.core.layers import Linear
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, generator


def leaf(*shape):
    return Tensor(generator().standard_normal(shape), requires_grad=True)


def test_only_leaves_that_want_one_get_a_gradient():
    x, c = leaf(3), Tensor(np.ones(3))
    y = x * c
    backward(y.sum())
    assert x.grad is not None and c.grad is None and y.grad is None
    assert x.grad.dtype == x.dtype and not x.grad.requires_grad and x.grad.is_leaf


def test_gradients_add_up_over_calls_and_the_first_array_is_not_written_into():
    x = leaf(3)
    backward(x.sum())
    first = x.grad
    kept = first.data.copy()
    backward((x * 2.0).sum())
    assert_close(x.grad, Tensor(np.full(3, 3.0)))
    assert_close(first.data, kept)


@pytest.mark.parametrize(
    "make", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: T.concatenate([a, b]).reshape(2, 3)]
)
def test_no_two_gradients_share_memory(make):
    a, b = leaf(3), leaf(3)
    seed = np.ones(make(a, b).shape)
    backward(make(a, b), gradient=Tensor(seed))
    assert not np.shares_memory(a.grad.data, b.grad.data)
    assert not np.shares_memory(a.grad.data, seed) and not np.shares_memory(b.grad.data, seed)


def test_gradients_can_be_written_into():
    x = leaf(2, 3)
    backward(x.sum())  # the rule of sum broadcasts one number over a read-only view
    x.grad.data *= 2
    assert_close(x.grad, Tensor(np.full((2, 3), 2.0)))


def test_the_gradient_to_start_from_is_weighed_in():
    x, u = leaf(2, 3), generator().standard_normal((2, 3))
    backward(x.exp(), gradient=Tensor(u))
    assert_close(x.grad, Tensor(u * np.exp(x.data)))


@pytest.mark.not_in_catalogue("bad input: the checks are given")
def test_a_gradient_that_cannot_start_the_walk_is_refused():
    with pytest.raises(ValueError, match="gradient"):
        backward(leaf(2, 3).exp(), gradient=Tensor(np.ones(3)))
    with pytest.raises(RuntimeError, match="single number"):
        backward(leaf(2, 3).exp())
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        backward(Tensor([1.0]).sum())


def test_a_leaf_is_its_own_gradient():
    x = Tensor(np.array(2.0), requires_grad=True)
    backward(x)
    assert_close(x.grad, Tensor(np.array(1.0)))


def test_grad_returns_what_backward_would_store_and_stores_nothing():
    x, w = leaf(2, 3), leaf(4, 3)
    y = T.matmul(x, w.T).exp().sum()
    dx, dw = grad(y, [x, w], retain_graph=True)
    assert x.grad is None and w.grad is None
    backward(y)
    assert_close(dx, x.grad)
    assert_close(dw, w.grad)


def test_grad_takes_several_outputs_with_their_gradients():
    x = leaf(3)
    (dx,) = grad([x * 2.0, x * 3.0], x, grad_outputs=[Tensor(np.ones(3)), Tensor(np.full(3, 10.0))])
    assert_close(dx, Tensor(np.full(3, 32.0)))


def test_grad_names_an_input_that_the_outputs_do_not_depend_on():
    x, other = leaf(3), leaf(3)
    with pytest.raises(RuntimeError, match="input 1"):
        grad(x.sum(), [x, other])


def test_grad_gives_tensors_of_their_own_in_the_order_of_the_inputs():
    a, b = leaf(3), leaf(3)
    db, da = grad(a + b * 2.0, [b, a], grad_outputs=Tensor(np.ones(3)))
    assert_close(da, Tensor(np.ones(3)))
    assert_close(db, Tensor(np.full(3, 2.0)))
    da.data[...] = 0
    assert_close(db, Tensor(np.full(3, 2.0)))
    same, again = grad((a * 3.0).sum(), [a, a])
    same.data[...] = 0
    assert_close(again, Tensor(np.full(3, 3.0)))


def test_grad_frees_the_graph_unless_it_is_retained():
    x = leaf(3)
    y = (x * x).sum()
    (first,) = grad(y, x, retain_graph=True)
    (second,) = grad(y, x)
    assert_close(first, second)
    with pytest.raises(RuntimeError, match="freed"):
        grad(y, x)


def test_a_float32_network_has_float32_gradients_everywhere():
    layer = Linear(3, 4)
    x = Tensor(generator().standard_normal((2, 3)).astype(np.float32), requires_grad=True)
    backward(cross_entropy(layer(x), Tensor(np.array([1, 3]))))
    assert [t.grad.dtype for t in (x, layer.weight, layer.bias)] == [np.float32] * 3


@pytest.mark.not_in_catalogue("the import itself: no entry runs then")
def test_importing_the_module_changes_no_forward_result():
    program = """
import numpy as np
from tinytorch.core import activations, layers, losses
from tinytorch.core.tensor import Tensor

x = Tensor(np.linspace(-2, 2, 12).reshape(4, 3), requires_grad=True)
w = Tensor(np.linspace(-1, 1, 6).reshape(2, 3))
def results():
    hidden = activations.gelu(layers.linear(x, w)) ** 2 + x.mean() * x.var(dim=1, keepdim=True)
    return [hidden, activations.log_softmax(hidden), losses.cross_entropy(hidden, Tensor(np.array([0, 1, 1, 0])))]
before = results()
methods = dict(vars(Tensor))
import tinytorch.core.autograd
after = results()
assert all((a.data == b.data).all() and a.dtype == b.dtype for a, b in zip(before, after))
changed = {name for name in methods if methods[name] is not vars(Tensor)[name]}
assert changed <= {"backward_pass"}, changed
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
