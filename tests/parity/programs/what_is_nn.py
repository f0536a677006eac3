"""A classifier of digits, first from nothing but tensors, then with one piece of torch.nn after another."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from tinytorch.data import Digits

start = np.random.default_rng(5)
train, valid = Digits(train=True), Digits(train=False)
order = start.permutation(len(train))
x_train, y_train = (
    torch.tensor(a) for a in (train.images[order].reshape(-1, 64) / np.float32(16), train.labels[order])
)
x_valid, y_valid = (torch.tensor(a) for a in (valid.images.reshape(-1, 64) / np.float32(16), valid.labels))
n, c = x_train.shape
print(n, c, y_train.min().item(), y_train.max().item())
batch, rate, epochs = 64, 0.5, 2


def draw(*shape, scale=0.125):
    """The same numbers, whichever library runs this file."""
    return torch.from_numpy(start.normal(scale=scale, size=shape).astype(np.float32))


# From tensors alone
weights_1, bias_1 = draw(64, 10), torch.zeros(10, requires_grad=True)
weights_1.requires_grad_()


def log_softmax(x):
    return x - x.exp().sum(-1).log().unsqueeze(-1)


def model_1(xb):
    return log_softmax(xb @ weights_1 + bias_1)


def nll(input, target):
    return -input[range(target.shape[0]), target].mean()


def accuracy(out, yb):
    preds = torch.argmax(out, dim=1)
    return (preds == yb).float().mean()


print("before", nll(model_1(x_train[:batch]), y_train[:batch]).item(), accuracy(model_1(x_valid), y_valid).item())
for _ in range(epochs):
    for i in range((n - 1) // batch + 1):
        xb, yb = x_train[i * batch : i * batch + batch], y_train[i * batch : i * batch + batch]
        loss = nll(model_1(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights_1 -= weights_1.grad * rate
            bias_1 -= bias_1.grad * rate
            weights_1.grad.zero_()
            bias_1.grad.zero_()
print("tensors", loss.item(), accuracy(model_1(x_valid), y_valid).item())
losses = [loss.item()]


# With nn.Module, nn.Parameter and F.cross_entropy
class Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(draw(64, 10))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


model_2 = Logistic()
for i in range((n - 1) // batch + 1):
    loss = F.cross_entropy(model_2(x_train[i * batch : (i + 1) * batch]), y_train[i * batch : (i + 1) * batch])
    loss.backward()
    with torch.no_grad():
        for p in model_2.parameters():
            p -= p.grad * rate
        model_2.zero_grad()
print("module", loss.item(), F.cross_entropy(model_2(x_valid), y_valid).item())


# With loaders, an optimizer, and a loop for all that follows
class Prepared:
    def __init__(self, loader, change):
        self.loader, self.change = loader, change

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        for b in self.loader:
            yield self.change(*b)


class Lambda(nn.Module):
    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, x):
        return self.func(x)


def loss_batch(model, loss_func, xb, yb, opt=None):
    loss = loss_func(model(xb), yb)
    if opt is not None:
        loss.backward()
        opt.step()
        opt.zero_grad()
    return loss.item(), len(xb)


def fit(model, opt, train_dl, valid_dl):
    for epoch in range(epochs):
        model.train()
        for xb, yb in train_dl:
            loss_batch(model, F.cross_entropy, xb, yb, opt)
        model.eval()
        with torch.no_grad():
            found, sizes = zip(*[loss_batch(model, F.cross_entropy, xb, yb) for xb, yb in valid_dl])
        losses.append(float(np.sum(np.multiply(found, sizes)) / np.sum(sizes)))
        print("epoch", epoch, "validation loss", losses[-1])


train_dl = DataLoader(TensorDataset(x_train, y_train), batch_size=batch)
valid_dl = DataLoader(TensorDataset(x_valid, y_valid), batch_size=batch * 2)
model_3 = nn.Linear(64, 10)
model_3.load_state_dict({"weight": draw(10, 64), "bias": torch.zeros(10)})
fit(model_3, optim.SGD(model_3.parameters(), lr=rate), train_dl, valid_dl)

# A convolutional network of layers in a row, fed by loaders that turn rows into pictures
model_4 = nn.Sequential(
    nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(8, 8, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.Conv2d(8, 10, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    Lambda(lambda x: x.view(x.size(0), -1)),
)
with torch.no_grad():
    for p in model_4.parameters():
        p.copy_(draw(*p.shape, scale=math.sqrt(2 / math.prod(p.shape[1:]))) if p.dim() > 1 else torch.zeros(p.shape))
as_pictures = lambda x, y: (x.view(-1, 1, 8, 8).to("cpu"), y.to("cpu"))  # noqa: E731
loaders = Prepared(train_dl, as_pictures), Prepared(valid_dl, as_pictures)
fit(model_4, optim.SGD(model_4.parameters(), lr=0.2, momentum=0.9), *loaders)
weights = {"by hand": weights_1.detach(), **model_2.state_dict(), **model_4.state_dict()}
