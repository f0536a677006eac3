"""Batch normalisation: the statistics it uses, the running estimates, and the gradients."""

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.spatial import BatchNorm2d, batch_norm
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, check_gradients, expect, generator

AXES = (0, 2, 3)


def images(draw, *shape):
    """Return channels that differ in mean and spread, as feature maps do."""
    scale, shift = draw.uniform(0.5, 3.0, (2, shape[1], 1, 1))
    return Tensor(draw.normal(size=shape) * scale + shift)


def per_channel(array):
    return array[:, None, None]


def normalise(x, weight=None, bias=None, *, momentum=0.1, eps=1e-5, give="y"):
    """Return the output of one step in training, or the running mean or variance after it; they begin at 0 and 1."""
    mean, var = Tensor(np.zeros(x.shape[1])), Tensor(np.ones(x.shape[1]))
    y = batch_norm(x, mean, var, weight, bias, training=True, momentum=momentum, eps=eps)
    return {"y": y, "mean": mean, "var": var}[give]


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_in_training_every_channel_gets_mean_0_and_variance_1_then_its_scale_and_shift(eps):
    draw = generator()
    x, weight, bias = images(draw, 4, 3, 2, 3), drawn(draw, 3), drawn(draw, 3)
    mean, var = x.data.mean(AXES, keepdims=True), x.data.var(AXES, keepdims=True)
    expected = (x.data - mean) / np.sqrt(var + eps)
    expect(Tensor(expected), normalise, x, eps=eps)
    expect(Tensor(expected * per_channel(weight.data)), normalise, x, weight, eps=eps)
    expect(Tensor(expected + per_channel(bias.data)), normalise, x, bias=bias, eps=eps)
    expect(Tensor(expected * per_channel(weight.data) + per_channel(bias.data)), normalise, x, weight, bias, eps=eps)


@pytest.mark.parametrize("momentum", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(2, 3, 1, 1), (4, 2, 3, 3)])
def test_momentum_is_the_part_of_the_new_batch_in_the_running_estimates(shape, momentum):
    x = images(generator(), *shape)
    expect(Tensor(momentum * x.data.mean(AXES)), normalise, x, momentum=momentum, give="mean")
    expected = 1 - momentum + momentum * x.data.var(AXES, ddof=1)
    expect(Tensor(expected), normalise, x, momentum=momentum, give="var")


def test_the_running_estimates_come_near_those_of_all_images():
    draw = generator()
    everything = images(draw, 64, 2, 4, 4).data.astype(np.float32)
    layer = BatchNorm2d(2)
    for _ in range(100):
        layer(Tensor(everything[draw.permutation(64)[:32]]))
    # After 100 steps of momentum 0.1, 0.9^100 < 0.00003 of the start is left. The mean of 512 of the 1,024 numbers
    # deviates by sigma / sqrt(1024), and the running mean of such means by less; six of these.
    sigma = everything.std(AXES)
    assert (np.abs(layer.running_mean.data - everything.mean(AXES)) < 6 * sigma / 32).all()
    assert (np.abs(layer.running_var.data / everything.var(AXES) - 1) < 6 * np.sqrt(2) / 32).all()


def test_in_evaluation_the_running_estimates_are_used_and_stay():
    draw = generator()
    x, mean, var = images(draw, 3, 2, 2, 3), drawn(draw, 2), Tensor(draw.uniform(0.5, 2.0, 2))
    expected = (x.data - per_channel(mean.data)) / np.sqrt(per_channel(var.data) + 1e-5)
    expect(Tensor(expected), batch_norm, x, mean, var)  # the Case also checks that mean and var stay as they were


def test_in_evaluation_each_image_is_normalised_by_itself():
    layer = BatchNorm2d(3).eval()
    layer.running_mean.data += 0.5
    x = Tensor(generator().normal(size=(4, 3, 2, 2)).astype(np.float32))
    assert_close(layer(x[2:3]), layer(x)[2:3], case={"x": x})


def test_the_state_of_the_layer_is_what_it_learned_and_what_it_estimated():
    layer, other = BatchNorm2d(3), BatchNorm2d(3)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    start = {name: np.array(value) for name, value in layer.state_dict().items()}
    assert start.keys() == {"weight", "bias", "running_mean", "running_var"}
    for name, value in {"weight": 1, "running_var": 1, "bias": 0, "running_mean": 0}.items():
        assert_close(start[name], np.full(3, value, np.float32), case={"of": name})
    x = Tensor(generator().normal(size=(2, 3, 2, 2)).astype(np.float32))
    layer(x)
    other.load_state_dict(layer.state_dict())
    assert not np.array_equal(other.running_mean.data, start["running_mean"]), "a step in training changed nothing"
    assert_close(other.eval()(x), layer.eval()(x), case={"x": x})


@pytest.mark.not_in_catalogue("it finds a NumPy number of float64 that widens the result")
def test_float32_stays_float32():
    x = Tensor(generator().normal(size=(2, 3, 2, 2)).astype(np.float32))
    layer = BatchNorm2d(3)
    assert layer(x).dtype == layer.running_mean.dtype == layer.running_var.dtype == layer.eval()(x).dtype == np.float32


@pytest.mark.parametrize("training", [True, False])
def test_the_gradients_agree_with_finite_differences(training):
    def normalised(x, weight, bias):
        return batch_norm(x, Tensor(np.full(2, 0.3)), Tensor(np.full(2, 1.7)), weight, bias, training)

    draw = generator()
    check_gradients(normalised, drawn(draw, 3, 2, 2, 3), drawn(draw, 2), drawn(draw, 2))


def test_in_training_no_gradient_moves_all_pixels_of_a_channel_alike():
    """Adding the same number to a whole channel does not change the output."""
    draw = generator()
    x = Tensor(draw.normal(size=(3, 2, 2, 2)), requires_grad=True)
    normalise(x).backward(drawn(draw, 3, 2, 2, 2))
    largest = np.abs(x.grad.data).max()
    assert largest > 0 and np.abs(x.grad.data.sum(AXES)).max() < 1e-10 * largest * x.numel()


@pytest.mark.not_in_catalogue("the check is given code, which is called in a given line")
@pytest.mark.parametrize("shape", [(2, 2, 4, 4), (3, 4), (0, 3, 4, 4), (1, 3, 1, 1)])
def test_images_that_cannot_be_normalised_are_refused(shape):
    with pytest.raises(ValueError, match="^BatchNorm2d: x"):
        BatchNorm2d(3)(Tensor(np.zeros(shape, np.float32)))
