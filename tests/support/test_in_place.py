"""Writes to a tensor: torch's meaning while functions are recorded, and a rule never reads numbers that were changed.

Expected values were worked out by hand; `tests/parity` runs the same programs in torch.
"""

import copy
import functools
import pickle

import numpy as np
import pytest

from tinytorch import nn, optim
from tinytorch.core.autograd import no_grad, vjp
from tinytorch.core.tensor import Tensor, add, exp, primitive, sum
from tinytorch.testing import assert_close

CHANGED = "needs its .* as it was, but its numbers were written to after that"


def leaf(*numbers):
    return Tensor(np.array(numbers), requires_grad=True)


# Without a record


def test_inside_no_grad_a_parameter_is_written_in_its_own_memory():
    w = leaf(1.0, 2.0)
    (w * w).sum().backward()
    same, memory = w, w.data
    with no_grad():
        w -= 0.5 * w.grad
    assert w is same and w.data is memory and w.is_leaf and w.requires_grad
    assert memory.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda x: x.add_(1), [2.0, 5.0]),
        (lambda x: x.add_(Tensor([1.0, 2.0]), alpha=10), [11.0, 24.0]),
        (lambda x: x.sub_(1), [0.0, 3.0]),
        (lambda x: x.sub_(1, alpha=2), [-1.0, 2.0]),
        (lambda x: x.mul_(3), [3.0, 12.0]),
        (lambda x: x.div_(2), [0.5, 2.0]),
        (lambda x: x.pow_(2), [1.0, 16.0]),
        (lambda x: x.neg_(), [-1.0, -4.0]),
        (lambda x: x.neg_().abs_(), [1.0, 4.0]),
        (lambda x: x.sqrt_(), [1.0, 2.0]),
        (lambda x: x.log_().exp_(), [1.0, 4.0]),
        (lambda x: x.clamp_(2, 3), [2.0, 3.0]),
        (lambda x: x.clamp_(max=3), [1.0, 3.0]),
        (lambda x: x.zero_(), [0.0, 0.0]),
        (lambda x: x.fill_(7), [7.0, 7.0]),
        (lambda x: x.fill_(Tensor(7.0)), [7.0, 7.0]),
        (lambda x: x.copy_(Tensor([8.0])), [8.0, 8.0]),
    ],
)
def test_each_method_writes_what_its_function_computes_and_returns_the_tensor(write, expected):
    x = Tensor([1.0, 4.0])
    memory = x.data
    assert write(x) is x and x.data is memory
    assert_close(x, Tensor(expected))


def test_augmented_assignment_through_an_index():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    x[0] += 1
    x[:, 1] *= 2
    x[x > 4] = 0
    x[1, 2] -= 5
    assert x.data.tolist() == [[1, 4, 3], [3, 0, -5]]


def test_one_number_is_a_view_too():
    x = Tensor([1.0, 2.0])
    number = x[0]
    number.add_(5)
    assert x.data.tolist() == [6.0, 2.0]


def test_a_value_takes_the_dtype_of_the_tensor():
    x = Tensor(np.arange(3))
    x[0] = 7.9
    x[1:] = Tensor([1.5, 2.5])
    assert (x.dtype, x.data.tolist()) == (np.int64, [7, 1, 2])


def test_what_does_not_fit_is_refused_and_nothing_is_written():
    whole, pair = Tensor(np.array([1, 2])), Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="^add_: a result of dtype float32 does not fit in a tensor of int64"):
        whole.add_(1.5)
    with pytest.raises(ValueError, match=r"^mul_: expected a result of this tensor's shape \(2,\), got \(3, 2\)"):
        pair.mul_(Tensor(np.ones((3, 2))))
    with pytest.raises(ValueError, match=r"^fill_: expected one number, got shape \(2,\); copy_ takes a tensor"):
        pair.fill_(pair)
    with pytest.raises(RuntimeError, match="read-only or repeated"):
        Tensor(np.broadcast_to(1.0, (2, 2)))[0] = 5
    assert whole.data.tolist() == pair.data.tolist() == [1, 2]


# Recorded


@pytest.mark.parametrize(
    "write",
    [
        lambda w: w.add_(1),
        lambda w: w.zero_(),
        lambda w: w.__setitem__(0, 1.0),
        lambda w: w[0].add_(1),
        lambda w: w.reshape(2, 1)[1].mul_(2),
    ],
)
def test_a_leaf_that_requires_a_gradient_is_not_written_while_functions_are_recorded(write):
    w = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"^a leaf that requires a gradient cannot be written .*no_grad\(\)"):
        write(w)
    assert w.data.tolist() == [1.0, 2.0]


def test_gradients_go_through_a_write_to_the_value_and_not_to_what_was_overwritten():
    w, v = leaf(1.0, 2.0, 3.0), leaf(10.0)
    x = w * 2
    x[1] = v[0] * 5
    x.sum().backward()
    assert (w.grad.data.tolist(), v.grad.data.tolist()) == ([2, 0, 2], [5])


def test_a_constant_becomes_part_of_the_graph_and_earlier_results_do_not():
    x, w = Tensor(np.zeros(3)), leaf(1.0, 2.0, 3.0)
    before = x + w
    x[0] = w[1]
    x[1:] = w[:1]  # broadcast: its gradient is that of both
    (before.sum() + x.sum()).backward()
    assert x.requires_grad and w.grad.data.tolist() == [1 + 2, 1 + 1, 1]


@pytest.mark.parametrize("index", [[0, 1, 1], (slice(None, None, 2),), (np.array([True, False, True]),), (..., 1)])
def test_the_gradient_of_what_an_index_overwrites(index):
    w, v = leaf(1.0, 2.0, 3.0), leaf(5.0)
    x = w * 1
    x[index] = v
    x.sum().backward()
    places = np.zeros(3, bool)
    places[index] = True
    assert_close(w.grad, Tensor(1.0 - places))


def test_methods_record_what_they_compute():
    w = leaf(1.0, 2.0)
    h = w * 2
    earlier = h * 3
    h.mul_(w)  # 2 w²
    (earlier + h).sum().backward()
    assert w.grad.data.tolist() == [6 + 4, 6 + 8]


def test_zero_stops_the_gradient():
    w = leaf(1.0)
    h = w * 2
    h.zero_()
    h.sum().backward()
    assert w.grad.data.tolist() == [0.0]


def test_views_and_their_base_know_of_each_others_writes():
    w = leaf(1.0, 2.0, 3.0, 4.0)
    x = (w * 1).reshape(2, 2)
    first, second = x[0], x[1]
    first.mul_(10)  # [10 w0, 10 w1]
    second.add_(first)  # [w2 + 10 w0, w3 + 10 w1]
    (x * Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]))).sum().backward()
    assert w.grad.data.tolist() == [10 + 30, 20 + 40, 3, 4]


def test_a_view_that_was_made_before_sees_the_write_to_its_base():
    w = leaf(1.0, 2.0)
    x = w * 1
    view = x[0]
    x.mul_(3)
    view.backward()
    assert (view.item(), w.grad.data.tolist()) == (3.0, [3.0, 0.0])


def test_a_write_through_a_permuted_view():
    x, w = Tensor(np.zeros((2, 3))), leaf(5.0, 7.0)
    x.permute(1, 0)[1] = w
    assert x.data.tolist() == [[0, 5, 0], [0, 7, 0]]
    (x * Tensor(np.arange(6.0).reshape(2, 3))).sum().backward()
    assert w.grad.data.tolist() == [1, 4]


def test_a_value_may_be_a_view_of_the_same_tensor():
    w = leaf(1.0, 2.0, 3.0)
    x = w * 1
    x[1:] = x[:-1]
    x.sum().backward()
    assert (x.data.tolist(), w.grad.data.tolist()) == ([1, 1, 2], [2, 1, 0])


def test_clone_has_memory_of_its_own_and_the_gradient_goes_through():
    w = leaf(1.0, 2.0)
    copy_of_w = w.clone()
    copy_of_w.add_(1)
    copy_of_w.sum().backward()
    assert (w.data.tolist(), w.grad.data.tolist()) == ([1, 2], [1, 1])


def test_a_tensor_that_was_viewed_and_used_can_be_copied_and_pickled():
    x = Tensor(np.array([1.0, 2.0]))
    view = x[0]
    out = x * leaf(1.0, 1.0)
    for same in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        same.requires_grad = False
        assert_close(same, x)
    assert view.item() == 1.0 and out.requires_grad


# Numbers that a rule reads


def optimizer_step(w):
    (w * w).sum().backward()
    optim.SGD([w], lr=1).step()


def loaded(w):
    module = nn.Module()
    module.w = w
    module.load_state_dict({"w": w.data + 1})


WRITES = {
    "an optimizer's step": optimizer_step,
    "load_state_dict": loaded,
    "through .data": lambda w: w.data.__setitem__(0, 9.0),
    "in place": lambda w: no_grad()(w.add_)(1),
    "through a detached tensor": lambda w: w.detach().add_(1),
    "another array": lambda w: setattr(w, "data", w.data + 1),
    "two numbers exchanged": lambda w: w.data.__setitem__(slice(2), w.data[1::-1].copy()),
}


@pytest.mark.parametrize("count", [2, 5_000, 300_000])
@pytest.mark.parametrize("what", WRITES)
def test_a_write_between_forward_and_backward_is_noticed(what, count):
    w = nn.Parameter(np.arange(1.0, count + 1))
    loss = (w * Tensor(np.full(count, 3.0), requires_grad=True)).sum()
    WRITES[what](w)
    with pytest.raises(RuntimeError, match=f"^backward: the gradient of mul {CHANGED}"):
        loss.backward()


def test_a_write_in_place_to_few_of_many_numbers_is_noticed():
    w = leaf(*np.ones(300_000))
    h = w * 1.0
    loss = (h * h).sum()
    h[12_345] = 5.0
    with pytest.raises(RuntimeError, match=CHANGED):
        loss.backward()


@pytest.mark.parametrize("count", [5_001, 300_001])
@pytest.mark.parametrize("layout", [slice(None), slice(None, None, -1), slice(None, None, 2)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_view_is_no_write_in_any_layout(count, layout, dtype):
    x = Tensor(np.linspace(0, 1, count, dtype=dtype)[layout], requires_grad=True)
    square = x * x
    loss = (square * square).sum()
    assert square[0].item() == x[0].item() ** 2, "looks at the result, and at the input, before backward"
    loss.backward()
    np.testing.assert_allclose(x.grad.data, 4 * x.data.astype(float) ** 3, rtol=4e-3, atol=1e-6)


def test_a_write_to_a_result_that_its_rule_reads_is_noticed():
    h = exp(leaf(1.0, 2.0))
    h.data *= 2
    with pytest.raises(RuntimeError, match="^backward: the gradient of exp needs its result as it was"):
        h.sum().backward()


def test_a_write_to_what_no_rule_reads_is_no_error():
    w, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    factor = Tensor(np.array([2.0, 3.0]))
    product = w * factor  # its rule reads the factor, and not w, because the factor requires no gradient
    total = sum(add(product, b))
    with no_grad():
        w.add_(1)
        b.add_(1)
        product.zero_()
    total.backward()
    assert (w.grad.data.tolist(), b.grad.data.tolist()) == ([2, 3], [1, 1])


def test_a_rule_that_computes_at_once_reads_what_it_names():
    @primitive
    def scaled(x, factor):
        return x * factor

    @vjp(scaled)
    def _(grad, out, x, factor):
        return grad * factor, (grad * x).sum().reshape(factor.shape)

    x, factor = leaf(1.0, 2.0), Tensor(np.array([3.0]))
    out = scaled(x, factor)
    x.data[0] = 7.0
    with pytest.raises(RuntimeError, match=CHANGED):
        out.sum().backward()


def test_numbers_that_are_written_as_they_were_are_no_error():
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    w.data[...] = w.data.copy()
    loss.backward()
    assert w.grad.data.tolist() == [2, 4]


def test_a_rule_that_is_no_python_function_may_read_all_that_it_gets():
    @primitive
    def negative(x):
        return -x

    vjp(negative)(functools.partial(lambda grad, out, x: -grad))
    w = leaf(1.0, 2.0)
    negative(w).sum().backward()
    assert w.grad.data.tolist() == [-1, -1]
    out = negative(w)
    w.data[0] = 5.0
    with pytest.raises(RuntimeError, match=CHANGED):
        out.sum().backward()
