"""SimpleCNN end to end, on pictures of CIFAR-10's shape: forward, backward, learning, evaluation, saving."""

import numpy as np
import pytest
from spatial_checks import check

from tinytorch.core.autograd import no_grad
from tinytorch.core.losses import cross_entropy
from tinytorch.core.spatial import SimpleCNN
from tinytorch.core.tensor import Tensor
from tinytorch.optim import SGD
from tinytorch.testing import assert_close, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays


@pytest.fixture
def pictures():
    """Eight pictures and their labels, as a loader for CIFAR-10 gives them."""
    draw = generator()
    images = draw.normal(size=(8, 3, 32, 32)).astype(np.float32)
    return Tensor(images), Tensor(draw.integers(0, 10, 8))


def by_hand(model, images):
    """The network as the picture in the chapter shows it, from the model's numbers alone."""
    p = {name: value.data for name, value in model.named_parameters()}
    x = images
    for layer in ("conv1", "conv2"):
        x = np.maximum(arrays.conv2d(x, p[f"{layer}.weight"], p[f"{layer}.bias"], padding=1), 0)
        x = arrays.max_pool2d(x, 2)
    return x.reshape(len(x), -1) @ p["fc.weight"].T + p["fc.bias"]


def test_it_has_896_and_18_496_and_40_970_parameters():
    def sizes(num_classes):
        model = SimpleCNN(num_classes)
        return np.array([sum(p.size for p in part.parameters()) for part in (model.conv1, model.conv2, model.fc)])

    check([896, 18_496, 40_970], sizes, 10)
    assert sum(p.size for p in SimpleCNN().parameters()) == 60_362
    check([896, 18_496, 4096 * 3 + 3], sizes, 3)


def test_pictures_become_logits_by_the_steps_of_the_chapter(pictures):
    images = Tensor(pictures[0].data[:2])
    model = SimpleCNN()
    for parameter in model.parameters():  # biases start at 0, where they could be forgotten
        parameter.data += 0.05 * generator().standard_normal(parameter.shape, np.float32)
    expected = by_hand(model, images.data)
    assert expected.shape == (2, 10)
    check(Tensor(expected), model, images)


def test_every_parameter_receives_a_gradient_that_is_not_zero(pictures):
    images, labels = pictures
    model = SimpleCNN()
    cross_entropy(model(images), labels).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"no gradient reaches {name}"
        assert parameter.grad.shape == parameter.shape
        assert np.isfinite(parameter.grad.data).all(), f"the gradient of {name} is not finite"
        per_filter = np.abs(parameter.grad.data).reshape(len(parameter.grad.data), -1).sum(axis=1)
        # A filter of conv1 whose ReLU is never active learns nothing from one batch; that all are so is a mistake.
        assert (per_filter > 0).mean() > 0.5, f"{(per_filter == 0).mean():.0%} of {name} receive no gradient"


def test_the_gradient_says_by_how_much_the_loss_falls(pictures):
    images, labels = pictures
    model = SimpleCNN()
    loss = cross_entropy(model(images), labels)
    loss.backward()
    steepness = sum(float((p.grad.data.astype(np.float64) ** 2).sum()) for p in model.parameters())
    step = 1e-3 * loss.item() / steepness  # so small that the loss should fall by a thousandth
    for parameter in model.parameters():
        parameter.data -= np.float32(step) * parameter.grad.data
    fall = (loss.item() - cross_entropy(model(images), labels).item()) / (1e-3 * loss.item())
    # The curvature of the loss and float32's rounding leave some percent.
    assert 0.8 < fall < 1.2, f"a step against the gradient should lower the loss by 0.1 %, it is {fall:.2f} times that"


def test_ten_steps_lower_the_loss(pictures):
    images, labels = pictures
    model = SimpleCNN()
    optimizer = SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0], f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f}"
    assert all(np.isfinite(losses))


def test_in_evaluation_each_picture_is_answered_by_itself(pictures):
    images, _ = pictures
    model = SimpleCNN().eval()
    with no_grad():
        together = model(images)
        for n in (0, 5):
            assert_close(model(images[n : n + 1]), together[n : n + 1], case={"picture": n})
        order = generator().permutation(8)
        assert_close(model(Tensor(images.data[order])), Tensor(together.data[order]), case={"order": order})
    assert together.grad_fn is None


def test_a_saved_model_answers_as_before(pictures):
    images, _ = pictures
    model, other = SimpleCNN(), SimpleCNN()
    assert not np.array_equal(model(images).data, other(images).data), "two new models are the same"
    state = {name: np.array(value) for name, value in model.state_dict().items()}
    assert [(name, value.shape) for name, value in state.items()] == [
        ("conv1.weight", (32, 3, 3, 3)),
        ("conv1.bias", (32,)),
        ("conv2.weight", (64, 32, 3, 3)),
        ("conv2.bias", (64,)),
        ("fc.weight", (10, 4096)),
        ("fc.bias", (10,)),
    ]
    other.load_state_dict(state)
    assert_close(other(images), model(images), case={"images": images})
