"""`out=`: a result is written to a tensor that is there already, or refused with the reason."""

import pytest

import tinytorch


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("matmul", [[7, 10], [15, 22]]),
        ("mul", [[1, 4], [9, 16]]),
        ("add", [[2, 4], [6, 8]]),
        ("maximum", [[1, 2], [3, 4]]),
    ],
)
def test_the_result_is_written_to_out_and_returned(name, expected):
    x, out = tinytorch.tensor([[1.0, 2.0], [3.0, 4.0]]), tinytorch.zeros(2, 2)
    assert getattr(tinytorch, name)(x, x, out=out) is out
    assert out.tolist() == expected


def test_what_cannot_be_written_is_refused():
    x = tinytorch.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"mul: out: expected shape \(2,\)"):
        tinytorch.mul(x, x, out=tinytorch.zeros(2, 2))  # which a copy would have filled by broadcasting
    with pytest.raises(ValueError, match="mul: out: expected shape .* a dtype that takes float32"):
        tinytorch.mul(x, x, out=tinytorch.zeros(2, dtype=tinytorch.int64))
    with pytest.raises(TypeError, match="mul: out: expected a Tensor, got list"):
        tinytorch.mul(x, x, out=[0.0, 0.0])
    with pytest.raises(RuntimeError, match="mul: out: the gradient would be lost"):
        tinytorch.mul(x.requires_grad_(), x, out=tinytorch.zeros(2))


def test_a_tensor_that_requires_a_gradient_keeps_its_shape():
    x = tinytorch.ones(1, 2, requires_grad=True)
    for change in (lambda: x.t_(), lambda: x.squeeze_(), lambda: x.unsqueeze_(0)):
        with pytest.raises(RuntimeError, match="_: a tensor that requires a gradient keeps its shape"):
            change()
