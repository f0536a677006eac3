"""SimpleCNN from images to logits and back, on images of CIFAR-10's shape."""

import numpy as np
import pytest

from tinytorch.core.autograd import no_grad
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import SGD
from tinytorch.core.spatial import SimpleCNN
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, expect, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays


@pytest.fixture
def batch():
    """Eight images and their labels, as a loader for CIFAR-10 gives them."""
    draw = generator()
    images = draw.normal(size=(8, 3, 32, 32)).astype(np.float32)
    return Tensor(images), Tensor(draw.integers(0, 10, 8))


@pytest.mark.parametrize("num_classes", [10, 3])
def test_its_parameters_have_these_names_and_shapes(num_classes):
    expected = {
        "conv1.weight": (32, 3, 3, 3),
        "conv1.bias": (32,),
        "conv2.weight": (64, 32, 3, 3),
        "conv2.bias": (64,),
        "fc.weight": (num_classes, 4096),
        "fc.bias": (num_classes,),
    }
    found = {name: parameter.shape for name, parameter in SimpleCNN(num_classes).named_parameters()}
    assert found == expected


def test_images_become_logits_by_the_steps_of_the_chapter(batch):
    images, model = Tensor(batch[0].data[:2]), SimpleCNN()
    for parameter in model.parameters():  # biases start at 0, where they could be forgotten
        parameter.data += 0.05 * generator().standard_normal(parameter.shape, np.float32)
    p = {name: value.data for name, value in model.named_parameters()}
    x = images.data
    for name in ("conv1", "conv2"):
        x = np.maximum(arrays.conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"], padding=1), 0)
        x = arrays.max_pool2d(x, kernel_size=2)
    expect(Tensor(x.reshape(2, -1) @ p["fc.weight"].T + p["fc.bias"]), model, images)


def test_the_gradient_says_by_how_much_the_loss_falls(batch):
    images, labels = batch
    model = SimpleCNN()
    loss = cross_entropy(model(images), labels)
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"no gradient reaches {name}"
    steepness = sum(float((p.grad.data.astype(np.float64) ** 2).sum()) for p in model.parameters())
    step = 1e-3 * loss.item() / steepness  # so small that the loss should fall by a thousandth
    for parameter in model.parameters():
        parameter.data -= np.float32(step) * parameter.grad.data
    fall = (loss.item() - cross_entropy(model(images), labels).item()) / (1e-3 * loss.item())
    # The curvature of the loss and float32's rounding leave some percent.
    assert 0.8 < fall < 1.2, f"a step against the gradient should lower the loss by 0.1 %, it is {fall:.2f} times that"


def test_ten_steps_lower_the_loss(batch):
    images, labels = batch
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


def test_each_image_is_classified_by_itself(batch):
    images, _ = batch
    model = SimpleCNN().eval()
    with no_grad():
        together = model(images)
        for n in (0, 5):
            assert_close(model(images[n : n + 1]), together[n : n + 1], case={"image": n})
        order = generator().permutation(8)
        assert_close(model(Tensor(images.data[order])), Tensor(together.data[order]), case={"order": order})


def test_a_model_that_is_loaded_gives_the_logits_of_the_one_that_was_saved(batch):
    images, _ = batch
    model, other = SimpleCNN(), SimpleCNN()
    assert not np.array_equal(model(images).data, other(images).data), "two new models are the same"
    other.load_state_dict(model.state_dict())
    assert_close(other(images), model(images), case={"images": images})
