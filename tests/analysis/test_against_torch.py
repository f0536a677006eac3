"""Counts are those of torch's own counters, maps those that torch's hooks and gradients give."""

import looked_at
import numpy as np
import pytest

import tinytorch
from tinytorch.analysis import grad_cam, resize, trace

pytestmark = pytest.mark.parity


def as_torch(build, model):
    """The same network in torch, with the same numbers, in eval mode."""
    import torch

    twin = build(torch)
    state = {name: torch.from_numpy(value.data.copy()) for name, value in model.state_dict().items()}
    missing, unexpected = twin.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    return twin.eval()


@pytest.mark.parametrize("name", looked_at.NETWORKS)
def test_counts(name):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    build, shape = looked_at.NETWORKS[name]
    model = build(tinytorch)
    twin = as_torch(build, model)
    found = tinytorch.summary(model, shape)
    assert found.total_params == sum(p.numel() for p in twin.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        twin(torch.zeros(shape))
    # torch counts two operations for each multiply-add, and none for a bias: ours is one for each number of the result
    biases = 0
    for call in trace(model.eval(), np.zeros(shape, np.float32)):
        if getattr(call.layer, "bias", None) is not None and type(call.layer).__name__ in ("Conv2d", "Linear"):
            biases += call.output.numel()
    assert 2 * (found.total_mult_adds - biases) == counter.get_total_flops()


@pytest.mark.parametrize("name", ["nested", "shared", "dense"])
def test_calls_are_those_that_torchs_hooks_see(name):
    import torch

    build, shape = looked_at.NETWORKS[name]
    model = build(tinytorch)
    twin = as_torch(build, model)
    seen = []
    names = {layer: name for name, layer in twin.named_modules()}
    for layer in twin.modules():
        layer.register_forward_hook(lambda layer, given, out: seen.append((names[layer], out.detach().numpy())))
    x = looked_at.pictures(*shape)
    with torch.no_grad():
        twin(torch.from_numpy(x))
    calls = sorted(trace(model.eval(), x), key=lambda call: call.ended)  # as hooks do: when the forward has ended
    assert [call.name for call in calls] == [name for name, _ in seen]
    for call, (_, out) in zip(calls, seen):
        np.testing.assert_allclose(call.output.data, out, rtol=1e-4, atol=1e-5)


def test_the_support_of_a_gradient_is_torchs():
    """With positive weights and pixels, without max pooling, no gradient is 0 by chance: torch finds it by value."""
    import torch

    def build(torch):
        nn = torch.nn
        convolutions = nn.Conv2d(1, 4, 3, dilation=2), nn.Conv2d(4, 4, (2, 3), stride=2, padding=1)
        return nn.Sequential(convolutions[0], nn.ReLU(), nn.AvgPool2d(2), convolutions[1], nn.ReLU())

    model = build(tinytorch)
    for parameter in model.parameters():
        parameter.data[...] = np.abs(parameter.data) + 0.1
    found = tinytorch.receptive_field(model, (1, 1, 25, 22))
    x = torch.ones(1, 1, 25, 22, requires_grad=True)
    as_torch(build, model)(x)[:, :, found.at[0], found.at[1]].sum().backward()
    assert np.array_equal(found.support, x.grad[0, 0].numpy() != 0)


@pytest.mark.parametrize("size", [(32, 32), (7, 5), (4, 13), (1, 1)])
def test_resize(size):
    import torch

    maps = looked_at.pictures(2, 3, 6, 4)
    wanted = torch.nn.functional.interpolate(torch.from_numpy(maps), size, mode="bilinear", align_corners=False)
    np.testing.assert_allclose(resize(maps, size), wanted.numpy(), rtol=1e-5, atol=1e-6)


def test_grad_cam():
    import torch

    def build(torch):
        nn = torch.nn
        features = nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU()
        return nn.Sequential(*features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

    model = build(tinytorch)
    twin = as_torch(build, model)
    x = looked_at.pictures(4, 3, 12, 12)
    maps = twin[:5](torch.from_numpy(x))
    logits = twin[5:](maps)
    (gradient,) = torch.autograd.grad(logits.max(dim=1).values.sum(), maps)
    cam = torch.relu((gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True))
    cam = torch.nn.functional.interpolate(cam, (12, 12), mode="bilinear", align_corners=False)[:, 0].detach().numpy()
    wanted = cam / np.maximum(cam.max(axis=(1, 2), keepdims=True), 1e-12)
    np.testing.assert_allclose(grad_cam(model, x), wanted, rtol=1e-3, atol=1e-4)
