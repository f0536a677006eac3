"""Gradients: recorded, asked for, added up, switched off, and used."""

import numpy as np
import torch
from torch import nn

from tinytorch.data import Digits

# One layer by hand, and the gradient of its loss
x = torch.ones(5)
y = torch.zeros(3)
start = np.random.default_rng(0)
w = torch.tensor(start.normal(size=(5, 3)).astype(np.float32), requires_grad=True)
b = torch.tensor(start.normal(size=3).astype(np.float32), requires_grad=True)
z = torch.matmul(x, w) + b
loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
print("recorded:", z.grad_fn is not None, loss.grad_fn is not None, w.grad_fn is None, w.is_leaf, z.is_leaf)
loss.backward()
print("gradients", w.grad.tolist(), b.grad.tolist())

# Two inputs with a vector of errors
a = torch.tensor([2.0, 3.0], requires_grad=True)
c = torch.tensor([6.0, 4.0], requires_grad=True)
q = 3 * a**3 - c**2
q.backward(gradient=torch.tensor([1.0, 1.0]))
print("by formula:", (9 * a**2 == a.grad).tolist(), (-2 * c == c.grad).tolist())

# A Jacobian product, twice; gradients add up until they are set to zero
inputs = torch.eye(4, 5, requires_grad=True)
out = (inputs + 1).pow(2).t()
out.backward(torch.ones_like(out), retain_graph=True)
print("first", inputs.grad.sum().item())
out.backward(torch.ones_like(out), retain_graph=True)
print("second", inputs.grad.sum().item())
inputs.grad.zero_()
out.backward(torch.ones_like(out))
print("after zero_", inputs.grad.sum().item())

# Recording can be switched off
print("records", (w * 2).requires_grad)
with torch.no_grad():
    print("inside", (w * 2).requires_grad)
print("detached", w.detach().requires_grad, w.requires_grad, torch.ones(2).requires_grad_().requires_grad)

# What a graph depends on
p, r = torch.rand(5, 5), torch.rand((5, 5), requires_grad=True)
print("of neither:", (p + p).requires_grad, "of one:", (p + r).requires_grad)

# Control flow: each run has its own graph
v = torch.tensor([0.3, -0.2, 0.5], requires_grad=True)
u = v * 2
steps = 0
while u.detach().norm() < 1000:
    u = u * 2
    steps += 1
u.backward(torch.tensor([0.1, 1.0, 0.0001]))
print("doublings", steps, "gradient", v.grad.tolist())

# A gradient without backward(), and of a gradient of an inner tensor
s = torch.tensor(3.0, requires_grad=True)
(slope,) = torch.autograd.grad(s**3 + 2 * s, s)
print("slope", slope.item(), s.grad)
h = v.detach().requires_grad_()
inner = torch.tanh(h) * 3
inner.retain_grad()
(inner**2).sum().backward()
print("inner", inner.grad.tolist(), "outer", h.grad.tolist())

# Errors
for wrong in (lambda: (v * 2).backward(), lambda: u.sum().backward(), lambda: v.add_(1)):
    try:
        wrong()
        print("no error")
    except (RuntimeError, ValueError, TypeError):
        print("an error")

# A frozen network with a new last layer
digits = Digits(train=True)
images = torch.from_numpy(digits.images[:200]).float().div(16).flatten(1)
labels = torch.from_numpy(digits.labels[:200])
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
with torch.no_grad():
    for parameter in model.parameters():
        numbers = start.normal(scale=0.2, size=tuple(parameter.shape)).astype(np.float32)
        parameter.copy_(torch.from_numpy(numbers))
for parameter in model[0].parameters():
    parameter.requires_grad = False
optimizer = torch.optim.SGD(model[2].parameters(), lr=0.5, momentum=0.5)
losses = []
for _ in range(30):
    loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("frozen", model[0].weight.grad, "losses", losses[0], losses[-1])
weights = model.state_dict()
