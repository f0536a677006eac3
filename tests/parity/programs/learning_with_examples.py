"""One curve fitted seven times: with NumPy, tensors, autograd, a function of one's own, nn, optim and a module."""

import math

import numpy as np
import torch

RATE = 1e-6
STEPS = 60
start = np.random.default_rng(3).normal(size=4).astype(np.float32)
losses, weights = [], {}

# NumPy: forward and backward by hand
x = np.linspace(-math.pi, math.pi, 2000, dtype=np.float32)
y = np.sin(x)
a, b, c, d = start
for _ in range(STEPS):
    error = a + b * x + c * x**2 + d * x**3 - y
    loss = np.square(error).sum()
    slope = 2.0 * error
    a -= RATE * slope.sum()
    b -= RATE * (slope * x).sum()
    c -= RATE * (slope * x**2).sum()
    d -= RATE * (slope * x**3).sum()
print("NumPy", loss, a, b, c, d)

# Tensors: the same lines
x = torch.linspace(-math.pi, math.pi, 2000, device=torch.device("cpu"), dtype=torch.float)
y = torch.sin(x)
a, b, c, d = (torch.tensor(float(number)) for number in start)
for step in range(STEPS):
    error = a + b * x + c * x**2 + d * x**3 - y
    loss = error.pow(2).sum().item()
    slope = 2.0 * error
    a -= RATE * slope.sum()
    b -= RATE * (slope * x).sum()
    c -= RATE * (slope * x**2).sum()
    d -= RATE * (slope * x**3).sum()
    if step % 20 == 19:
        print("tensors", step, loss)
losses.append(loss)
weights["tensors"] = torch.stack([a, b, c, d])

# Autograd: only the forward is written
a, b, c, d = (torch.tensor(float(number), requires_grad=True) for number in start)
for _ in range(STEPS):
    loss = (a + b * x + c * x**2 + d * x**3 - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for number in (a, b, c, d):
            number -= RATE * number.grad
            number.grad = None
print("autograd", loss.item(), a.item(), b.item(), c.item(), d.item())
losses.append(loss.item())
weights["autograd"] = torch.stack([a, b, c, d]).detach()


# A function with a backward of one's own: the third Legendre polynomial
class Legendre(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return 0.5 * (5 * t**3 - 3 * t)

    @staticmethod
    def backward(ctx, gradient):
        (t,) = ctx.saved_tensors
        return gradient * 1.5 * (5 * t**2 - 1)


a, b, c, d = (torch.full((), number, requires_grad=True) for number in (0.0, -1.0, 0.0, 0.3))
for _ in range(STEPS):
    loss = (a + b * Legendre.apply(c + d * x) - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for number in (a, b, c, d):
            number -= 5e-6 * number.grad
            number.grad = None
print("own function", loss.item(), a.item(), b.item(), c.item(), d.item())
losses.append(loss.item())
weights["own function"] = torch.stack([a, b, c, d]).detach()

# nn: a layer, a loss, and parameters to loop over; then the same with an optimizer
powers = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]))
for name in ("nn", "optim"):
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(start[1:]).view(1, 3))
        model[0].bias.fill_(float(start[0]))
    loss_fn = torch.nn.MSELoss(reduction="sum")
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    for _ in range(STEPS):
        loss = loss_fn(model(powers), y)
        model.zero_grad()
        loss.backward()
        if name == "optim":
            optimizer.step()
        else:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= RATE * parameter.grad
    print(name, loss.item(), model[0].bias.item(), model[0].weight[:, 0].item(), model[0].weight[:, 2].item())
    losses.append(loss.item())
    weights |= {f"{name} {key}": value.clone() for key, value in model.state_dict().items()}


# A module of one's own, whose forward uses a weight again and again
class Polynomial(torch.nn.Module):
    def __init__(self, numbers):
        super().__init__()
        self.a, self.b, self.c, self.d = (torch.nn.Parameter(torch.tensor(float(number))) for number in numbers)
        self.e = torch.nn.Parameter(torch.tensor(0.01))

    def forward(self, x, order):
        y = self.a + self.b * x + self.c * x**2 + self.d * x**3
        for exponent in range(4, order):
            y = y + self.e * x**exponent
        return y

    def string(self):
        return f"y = {self.a.item():.4f} + {self.b.item():.4f} x + {self.c.item():.4f} x^2 + {self.d.item():.4f} x^3"


model = Polynomial(start)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-8, momentum=0.9)
for step in range(STEPS):
    loss = torch.nn.MSELoss(reduction="sum")(model(x, 4 + step % 3), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("module", loss.item(), model.string())
losses.append(loss.item())
weights |= model.state_dict()
