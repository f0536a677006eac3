"""What the walk back is given: the table of rules, freed nodes, gradients to start from, checks of what rules return."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, concatenate, exp, primitive, primitives
from tinytorch.support.autograd import (
    FreedNode,
    Rules,
    as_tensor_list,
    fitting,
    join_rule,
    may_repeat,
    one_per_input,
    starting_gradient,
    starting_gradients,
)


@pytest.fixture
def product():
    """A result of two inputs, the first of float32 with shape (2,), the second of float64 with shape (3, 2)."""

    def times(a, b):
        return a * b

    lifted = primitive(times)
    primitives.remove(lifted)
    return lifted(Tensor([1.0, 2.0], requires_grad=True), Tensor(np.ones((3, 2))))


def test_a_function_without_a_rule_is_named():
    rules = Rules({exp: len})
    assert rules[exp] is len and exp in rules and isinstance(rules, dict)
    with pytest.raises(NotImplementedError, match=r"primitive has no gradient rule; write one with @vjp\(primitive\)"):
        rules[primitive]


def test_a_freed_node_keeps_the_function_and_refuses_its_inputs():
    node = FreedNode(exp)
    assert node.function is exp
    with pytest.raises(RuntimeError, match="this result of exp was freed by an earlier backward.*retain_graph=True"):
        node.inputs  # noqa: B018


def test_what_a_rule_returned_has_one_entry_for_each_input(product):
    assert one_per_input((1, 2), product) == (1, 2)
    for found, count in ((np.ones(2), 1), ((1, 2, 3), 3)):
        with pytest.raises(ValueError, match=f"the rule of times returned {count} gradients for 2 inputs"):
            one_per_input(found, product)
    single = exp(Tensor([1.0], requires_grad=True))
    assert one_per_input("gradient", single) == ("gradient",)


def test_a_gradient_takes_the_dtype_of_its_input_and_must_have_its_shape(product):
    found = fitting(np.array([1.0, 2.0]), product, 0)
    assert found.dtype == np.float32 and found.tolist() == [1.0, 2.0]
    with pytest.raises(
        ValueError, match=r"the rule of times returned a gradient of shape \(3, 2\) for a, which has shape \(2,\)"
    ):
        fitting(np.ones((3, 2)), product, 0)
    with pytest.raises(ValueError, match=r"returned no gradient for b, which has shape \(3, 2\)"):
        fitting(None, product, 1)
    joined = concatenate([Tensor([1.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)])
    with pytest.raises(ValueError, match=r"of join returned no gradient for \w+\[1\], which has shape \(2,\)"):
        fitting(None, joined, 1)
    number = exp(Tensor(2.0, requires_grad=True))
    assert fitting(1.5, number, 0).dtype == np.float32


def test_a_single_number_starts_from_one_and_anything_else_from_what_is_given():
    loss, many = Tensor([[2.0]], requires_grad=True), Tensor([2.0, 3.0], requires_grad=True)
    assert starting_gradient(loss).tolist() == [[1.0]]
    start = starting_gradient(many, Tensor(np.array([1.0, 10.0])))
    assert start.tolist() == [1.0, 10.0] and start.dtype == np.float32
    assert starting_gradient(many, [1, 10]).dtype == np.float32


def test_a_gradient_that_cannot_start_the_walk_is_refused():
    many = Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(ValueError, match=r"gradient: expected the tensor's shape \(2, 3\), got \(3,\)"):
        starting_gradient(many, np.ones(3))
    with pytest.raises(RuntimeError, match=r"expected a single number such as a loss, got shape \(2, 3\); reduce it"):
        starting_gradient(many)
    with pytest.raises(RuntimeError, match="this tensor does not require a gradient: nothing it was computed from"):
        starting_gradient(Tensor([1.0]))


def test_several_outputs_start_from_one_gradient_each_or_all_from_the_same():
    outputs = [Tensor([1.0, 2.0], requires_grad=True) for _ in range(2)]
    assert [start.tolist() for start in starting_gradients(outputs, [[1, 2], [3, 4]])] == [[1.0, 2.0], [3.0, 4.0]]
    assert [start.tolist() for start in starting_gradients(outputs, Tensor([5.0, 6.0]))] == [[5.0, 6.0], [5.0, 6.0]]
    assert [start.tolist() for start in starting_gradients([Tensor(1.0, True)] * 2, None)] == [1.0, 1.0]


def test_one_tensor_or_several_become_a_list():
    tensor = Tensor([1.0, 2.0])
    assert as_tensor_list(tensor) == [tensor] and as_tensor_list((tensor, tensor)) == [tensor, tensor]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ((slice(None), 1, None, Ellipsis), False),
        ((np.array([True, False]),), False),
        ((np.array([0, 1]),), True),
        ((slice(None), [0, 0]), True),
        (((0, 0),), True),
        ((np.int64(3),), False),
    ],
)
def test_an_index_with_arrays_of_integers_may_read_a_place_twice(index, expected):
    assert may_repeat(index) == expected


def test_a_joined_gradient_is_split_where_the_arrays_were_joined():
    grad = np.arange(12.0).reshape(2, 6)
    parts = join_rule(grad, grad, np.ones((2, 1)), np.ones((2, 3)), np.ones((2, 2)), dim=-1)
    assert [part.tolist() for part in parts] == [grad[:, :1].tolist(), grad[:, 1:4].tolist(), grad[:, 4:].tolist()]
