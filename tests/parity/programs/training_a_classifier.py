"""A convolutional network learns to tell drawn shapes apart: data, network, loss, loop, saving, accuracy per class."""

import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from tinytorch.data import TinyShapes

order = np.random.default_rng(11)
KINDS = [2, 4, 6, 9]  # of ten kinds of shapes
device = torch.device("cuda:0" if torch.cuda.is_available() and False else "cpu")
print(device)


class Shapes(torch.utils.data.Dataset):
    """Pictures from -1 to 1, three channels, 32 x 32, and the number of their class."""

    def __init__(self, train, count):
        source = TinyShapes(train=train)
        chosen = np.flatnonzero(np.isin(source.labels, KINDS))[:count]
        self.images, self.labels = source.images[chosen], np.searchsorted(KINDS, source.labels[chosen])
        self.classes = [source.classes[kind] for kind in KINDS]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index]).float() / 255
        return (image - 0.5) / 0.5, int(self.labels[index])


trainset, testset = Shapes(True, 640), Shapes(False, 100)
classes = testset.classes
testloader = torch.utils.data.DataLoader(testset, batch_size=20, shuffle=False, num_workers=0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 12, 5)
        self.fc1 = nn.Linear(12 * 5 * 5, 40)
        self.fc2 = nn.Linear(40, len(KINDS))

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)  # all axes but that of the batch
        x = F.relu(self.fc1(x))
        return self.fc2(x)


net = Net()
net.to(device)
with torch.no_grad():
    for p in net.parameters():
        scale = (2 / p[0].numel()) ** 0.5 if p.dim() > 1 else 0.1
        p.copy_(torch.from_numpy(order.normal(scale=scale, size=tuple(p.shape)).astype(np.float32)))
print(sum(p.numel() for p in net.parameters()), [name for name, _ in net.named_children()])

criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.005, momentum=0.9)
losses = []
for epoch in range(3):
    running = 0.0
    sampler = order.permutation(len(trainset)).tolist()
    trainloader = torch.utils.data.DataLoader(trainset, batch_size=8, sampler=sampler)
    for i, data in enumerate(trainloader, 0):
        inputs, labels = data[0].to(device), data[1].to(device)
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
        if i % 40 == 39:
            print(f"[{epoch + 1}, {i + 1:5d}] loss: {running / 40:.3f}")
            losses.append(running / 40)
            running = 0.0

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "shapes.pth"
    torch.save(net.state_dict(), path)
    again = Net()
    again.load_state_dict(torch.load(path, weights_only=True))

images, labels = next(iter(testloader))
_, predicted = torch.max(again(images), 1)
print("predicted:", " ".join(f"{classes[predicted[j]]:5s}" for j in range(4)))

correct, total = 0, 0
right, seen = dict.fromkeys(classes, 0), dict.fromkeys(classes, 0)
with torch.no_grad():
    for images, labels in testloader:
        outputs = again(images)
        _, predictions = torch.max(outputs.data, 1)
        total += labels.size(0)
        correct += (predictions == labels).sum().item()
        for label, prediction in zip(labels, predictions):
            right[classes[label]] += int(label == prediction)
            seen[classes[label]] += 1
print(f"accuracy: {100 * correct // total} %")
for name, count in right.items():
    print(f"accuracy for {name:5s}: {100 * count / max(seen[name], 1):.1f} %")
weights = again.state_dict()
