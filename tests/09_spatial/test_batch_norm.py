"""BatchNorm2d: what it normalises with, what it remembers, and what it uses in evaluation."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import BatchNorm2d, batch_norm
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, check_gradients, generator

AXES = (0, 2, 3)


def images(draw, *shape):
    """Channels that differ in mean and spread, as feature maps do."""
    scale, shift = draw.uniform(0.5, 3.0, (2, shape[1], 1, 1))
    return Tensor(draw.normal(size=shape) * scale + shift)


def trained(x, momentum):
    """The output of one step in training, and the running statistics after it, which began at 0 and 1."""
    running = Tensor(np.zeros(x.shape[1])), Tensor(np.ones(x.shape[1]))
    return [batch_norm(x, *running, training=True, momentum=momentum), *running]


def output(x):
    return trained(x, 0.1)[0]


def remembered_mean(x, momentum):
    return trained(x, momentum)[1]


def remembered_var(x, momentum):
    return trained(x, momentum)[2]


def test_in_training_every_channel_comes_out_with_mean_0_and_variance_1():
    x = images(generator(), 4, 3, 2, 3)
    mean, var = x.data.mean(AXES, keepdims=True), x.data.var(AXES, keepdims=True)
    check(Tensor((x.data - mean) / np.sqrt(var + 1e-5)), output, x)
    y = output(x).data
    assert np.allclose(y.mean(AXES), 0, atol=1e-12)
    assert np.allclose(y.var(AXES), 1, atol=1e-4)  # epsilon takes a little


@pytest.mark.parametrize("momentum", [0.1, 0.3, 1.0])
def test_momentum_is_the_part_of_the_new_batch(momentum):
    x = images(generator(), 3, 2, 2, 2)
    check(Tensor(momentum * x.data.mean(AXES)), remembered_mean, x, momentum)


@pytest.mark.parametrize("shape", [(2, 3, 1, 1), (4, 2, 3, 3)])
def test_what_is_remembered_of_the_variance_is_the_unbiased_estimate(shape):
    x = images(generator(), *shape)
    check(Tensor(0.8 + 0.2 * x.data.var(AXES, ddof=1)), remembered_var, x, 0.2)


def test_the_running_estimates_come_near_those_of_all_images():
    draw = generator()
    everything = images(draw, 64, 2, 4, 4).data.astype(np.float32)
    layer = BatchNorm2d(2)
    for _ in range(100):
        layer(Tensor(everything[draw.permutation(64)[:32]]))
    # After 100 steps of momentum 0.1, 0.9^100 < 0.00003 of the start is left. The mean of 512 of the 1,024 numbers
    # strays by sigma / sqrt(1024), and the running mean of such means by less; six of these.
    sigma = everything.std(AXES)
    assert (np.abs(layer.running_mean.data - everything.mean(AXES)) < 6 * sigma / 32).all()
    assert (np.abs(layer.running_var.data / everything.var(AXES) - 1) < 6 * np.sqrt(2) / 32).all()


def test_in_evaluation_the_running_estimates_are_used_and_stay():
    draw = generator()
    x, mean, var = images(draw, 3, 2, 2, 3), drawn(draw, 2), Tensor(draw.uniform(0.5, 2.0, 2))

    def evaluated(x, mean, var):
        return batch_norm(x, mean, var)  # the Case sees to it that mean and var stay as they were

    expected = (x.data - mean.data[:, None, None]) / np.sqrt(var.data[:, None, None] + 1e-5)
    check(Tensor(expected), evaluated, x, mean, var)


def test_in_evaluation_each_image_is_answered_by_itself():
    layer = BatchNorm2d(3).eval()
    layer.running_mean.data += 0.5
    x = Tensor(generator().normal(size=(4, 3, 2, 2)).astype(np.float32))
    assert_close(layer(x[2:3]), layer(x)[2:3], case={"x": x})


def test_the_layer_learns_scale_and_shift_and_remembers_in_its_state():
    layer = BatchNorm2d(3)
    assert dict(layer.named_parameters()).keys() == {"weight", "bias"}
    start = {name: np.array(value) for name, value in layer.state_dict().items()}
    assert start.keys() == {"weight", "bias", "running_mean", "running_var"}
    assert_close(start["weight"], np.ones(3, np.float32))
    assert_close(start["running_var"], np.ones(3, np.float32))
    for name in ("bias", "running_mean"):
        assert_close(start[name], np.zeros(3, np.float32))
    x = Tensor(generator().normal(size=(2, 3, 2, 2)).astype(np.float32))
    layer(x)
    other = BatchNorm2d(3)
    other.load_state_dict(layer.state_dict())
    assert not np.array_equal(other.running_mean.data, start["running_mean"]), "a step in training changed nothing"
    assert_close(other.eval()(x), layer.eval()(x), case={"x": x})
    assert repr(layer) == "BatchNorm2d(3, eps=1e-05, momentum=0.1)"


def test_scale_and_shift_are_applied_after_normalising():
    draw = generator()
    x, weight, bias = images(draw, 3, 2, 2, 2), drawn(draw, 2), drawn(draw, 2)

    def scaled(x, weight, bias):
        return batch_norm(x, Tensor(np.zeros(2)), Tensor(np.ones(2)), weight, bias, training=True)

    mean, var = x.data.mean(AXES, keepdims=True), x.data.var(AXES, keepdims=True)
    hat = (x.data - mean) / np.sqrt(var + 1e-5)
    check(Tensor(hat * weight.data[:, None, None] + bias.data[:, None, None]), scaled, x, weight, bias)


@pytest.mark.parametrize("training", [True, False])
def test_the_gradients_agree_with_finite_differences(training):
    def normalised(x, weight, bias):
        return batch_norm(x, Tensor(np.full(2, 0.3)), Tensor(np.full(2, 1.7)), weight, bias, training)

    draw = generator()
    check_gradients(normalised, drawn(draw, 3, 2, 2, 3), drawn(draw, 2), drawn(draw, 2))


def test_in_training_no_gradient_moves_all_pixels_of_a_channel_alike():
    """Adding the same number to a whole channel, or stretching it, does not change the output."""
    draw = generator()
    x = Tensor(draw.normal(size=(3, 2, 2, 2)), requires_grad=True)
    batch_norm(x, Tensor(np.zeros(2)), Tensor(np.ones(2)), training=True).backward(drawn(draw, 3, 2, 2, 2))
    largest = np.abs(x.grad.data).max()
    assert largest > 0 and np.abs(x.grad.data.sum(AXES)).max() < 1e-10 * largest * x.size
