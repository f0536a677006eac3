"""Where the numbers of module 06 come from. See tests/chapters/prose.py."""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim

fast, slow = 0.1, 0.01  # two learning rates

w1, b1, w2 = (tt.tensor([0.0], requires_grad=True) for _ in range(3))
saved = optim.SGD([{"params": [w1, b1], "lr": fast}, {"params": [w2], "lr": slow}]).state_dict()
(p0, p1), (p2,) = (group["params"] for group in saved["param_groups"])

# where the gradient stays the same, the velocity grows towards this many gradients
momentum = 0.9
weight = tt.tensor([0.0], requires_grad=True)
sgd = optim.SGD([weight], lr=1.0, momentum=momentum)
for _ in range(400):
    before = weight.item()
    weight.grad = tt.tensor([1.0])
    sgd.step()
growth = before - weight.item()

half, steep, start, near = 0.5, 100, 1, 0.001
lr_plain, lr_rolling, rolling = 0.018, 0.03, 0.7


def steps(**settings):
    """Steps from (1, 1) to within 0.001 of the minimum of ½(x² + 100·y²)."""
    place = tt.tensor(np.array([1.0, 1.0]) * start, requires_grad=True)
    optimizer = optim.SGD([place], **settings)
    for step in range(1, 10_000):
        place.grad = tt.Tensor(2 * half * place.data * [1, steep])
        optimizer.step()
        if np.hypot(*place.data) < near:
            return step
        if np.hypot(*place.data) > 1e6:
            return None
    return None


plain, with_momentum = steps(lr=lr_plain), steps(lr=lr_rolling, momentum=rolling)
assert steps(lr=lr_rolling) is None

# Adam's averages after one step with gradient g, in g and g²
weight = tt.tensor([0.0], requires_grad=True)
adam = optim.Adam([weight], lr=1.0)
weight.grad = tt.tensor([1.0])
adam.step()
beta1, beta2 = adam.param_groups[0]["betas"]
m, v = 1 - beta1, 1 - beta2
uncorrected = m / v**0.5
assert abs(weight.item() + 1) < 1e-6  # corrected: one lr

decay, small_decay = 0.5, 0.0005
for each in (decay, small_decay):
    weight = tt.tensor([1.0], requires_grad=True)
    adam = optim.Adam([weight], lr=0.1, weight_decay=each)
    weight.grad = tt.tensor([0.0])
    adam.step()
    assert abs(weight.item() - 0.9) < 1e-5

parameters = sum(p.numel() for layer in (nn.Linear(784, 128), nn.Linear(128, 10)) for p in layer.parameters())

very_high = 0.99

SENTENCES = {
    "modules/06_optimizers/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "{in_words(exercises).capitalize()} exercises, in the order",
        "do SGD's steps become with momentum {momentum}?",
        "adds the gradient to {about('nine tenths', momentum)} of the velocity: 1 + {momentum} + {momentum**2:.2f} + …",
        "With momentum {very_high} the velocity",
    ],
    "modules/06_optimizers/optimizers_dev.py": [
        'param_groups   [{{"params": [w1, b1], "lr": {fast}, …}}, {{"params": [w2], "lr": {slow}, …}}]',
        "w1 is {p0}, b1 is {p1}, w2 is {p2}.",
        'state_dict()   {{"state":        {{{p0}: {{"momentum_buffer": …}}, {p1}: {{…}}, {p2}: {{…}}}},',
        '"param_groups": [{{"params": [{p0}, {p1}], "lr": {fast}, …}}, {{"params": [{p2}], "lr": {slow}, …}}]}}',
        "with momentum {momentum}, **{about('ten times', growth)}**",
        "On {fraction(half)}(x² + {steep}·y²) from ({start}, {start}), plain descent with lr {lr_plain} needs "
        "{plain} steps to come within {near} of the\nminimum; with lr {lr_rolling} and momentum {rolling}, {with_momentum}. "
        "(Why not lr {lr_rolling} without",
        "after one step m is only {m:.1f}·g and v is\n{v:.3f}·g²",
        "the first step would be {m:.1f} / √{v:.3f} = {uncorrected:.2f} times lr",
        "weight_decay {decay} moved a weight by exactly lr, and {small_decay} would have",
        "does a model of {parameters:,} parameters need",
    ],
}
