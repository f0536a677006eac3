"""Where the numbers of module 05 come from. See tests/chapters/prose.py."""

import sys

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.core.autograd import rules, unbroadcast
from tinytorch.nn import functional as F

weights = sum(p.numel() for p in nn.SimpleCNN().parameters())
x = tt.tensor([1.0], requires_grad=True)
seed = tt.grad(x, x)[0].item()

uses = np.array([[1, 2, 3], [4, 5, 6]])
summed = unbroadcast(uses, (3,))
rows, columns = uses.shape

deep = 10_000
x = y = tt.tensor(1.0, requires_grad=True)
for _ in range(deep):
    y = y + 0.0
y.backward()
assert x.grad.item() == 1
nested = sys.getrecursionlimit()

logits = tt.tensor(np.log([[0.7, 0.2, 0.1]]), requires_grad=True)
label = 1
F.cross_entropy(logits, tt.tensor([label])).backward()
said, gradient = F.softmax(logits, dim=1).data[0], logits.grad.data[0]

earlier = ("tinytorch.core.tensor", "tinytorch.core.activations")
own = sum(function.__module__ in earlier for function in rules)
images, per_channel = (8, 3, 32, 32), (3, 1, 1)
assert unbroadcast(np.ones(images), per_channel).shape == per_channel

SENTENCES = {
    "modules/05_autograd/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "Walk a graph once in the right order, also where a value is used twice or the chain is {deep:,} functions long",
        "walk a graph once in the right order, also where a value is used twice or the chain is {deep:,} functions long",
        "{in_words(own)} rules, most of a line or two",
        "`{uses.shape} → {summed.shape}`, `{images} → {per_channel}`",
    ],
    "modules/05_autograd/autograd_dev.py": [
        "Trying it with each of {weights:,} weights takes {weights:,}\nforward passes.",
        "rule ◄─────────── {seed:.0f}           ∂loss",
        "When `b` of shape {summed.shape} is added to `a` of shape {uses.shape}, each",
        "gradient of the result   {uses[0]}\n [b0 b1 b2]                               {uses[1]}\n",
        "gradient of b            {summed}\n",
        "may be {deep:,} functions deep and Python allows about {nested:,} nested calls",
        "probabilities [{said[0]:.1f}, {said[1]:.1f}, {said[2]:.1f}] and label {label} give [{gradient[0]:.1f}, "
        "−{-gradient[1]:.1f}, {gradient[2]:.1f}].",
    ],
}
