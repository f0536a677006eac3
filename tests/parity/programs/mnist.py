"""Handwritten digits with convolutions, dropout, batch norm and a learning rate that falls: train and test in functions."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR

from tinytorch.data import Digits

start = np.random.default_rng(13)
torch.manual_seed(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1)
        self.conv2 = nn.Conv2d(8, 16, 3, 1)
        self.norm = nn.BatchNorm2d(16)
        self.dropout1 = nn.Dropout(0.0)  # drawn numbers differ between libraries, so nothing is dropped
        self.dropout2 = nn.Dropout2d(0.0)
        self.fc1 = nn.Linear(64, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.norm(self.conv2(x)))
        x = F.max_pool2d(x, 2)
        x = self.dropout2(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout1(x)
        return F.log_softmax(self.fc2(x), dim=1)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, train, count, transform=None):
        digits = Digits(train=train)
        self.data, self.targets, self.transform = digits.images[:count], digits.labels[:count], transform

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image = torch.from_numpy(self.data[index]).to(torch.float32) / 16
        return (image if self.transform is None else self.transform(image)), self.targets[index]


def normalize(image):
    return image.sub(0.3).div(0.37)


def train(model, device, train_loader, optimizer, epoch, log_interval=5):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
        if batch_idx % log_interval == 0:
            done = 100.0 * batch_idx / len(train_loader)
            print(
                f"epoch {epoch} [{batch_idx * len(data)}/{len(train_loader.dataset)} ({done:.0f} %)] loss {loss.item():.4f}"
            )


def test(model, device, test_loader):
    model.eval()
    test_loss, correct = 0.0, 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    test_loss /= len(test_loader.dataset)
    share = 100.0 * correct / len(test_loader.dataset)
    print(f"test: average loss {test_loss:.4f}, accuracy {correct}/{len(test_loader.dataset)} ({share:.0f} %)")
    return test_loss


use_gpu = torch.cuda.is_available() and False
device = torch.device("cuda") if use_gpu else torch.device("cpu")
train_kwargs, test_kwargs = {"batch_size": 32}, {"batch_size": 100}
dataset1, dataset2 = Pictures(True, 640, normalize), Pictures(False, 300, normalize)
test_loader = torch.utils.data.DataLoader(dataset2, **test_kwargs)
model = Net().to(device)
with torch.no_grad():
    for p in model.parameters():
        if p.dim() > 1:
            p.copy_(torch.from_numpy(start.normal(scale=0.15, size=tuple(p.shape)).astype(np.float32)))
        else:
            nn.init.constant_(p, 0.5)
optimizer = optim.Adadelta(model.parameters(), lr=1.0)
scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
losses = []
for epoch in range(1, 4):
    train_kwargs["sampler"] = start.permutation(len(dataset1)).tolist()
    train(model, device, torch.utils.data.DataLoader(dataset1, **train_kwargs), optimizer, epoch)
    losses.append(test(model, device, test_loader))
    scheduler.step()
    print("learning rate", scheduler.get_last_lr()[0])
weights = model.state_dict()
