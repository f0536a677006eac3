"""Networks that these checks look at, built from TinyTorch or from torch alike: `build(tinytorch)`, `build(torch)`."""

import numpy as np

from tinytorch.testing import generator


def pictures(*shape):
    return generator().standard_normal(shape).astype(np.float32)


def nested(torch):
    """Blocks within blocks, a residual branch, functions in forwards, a dilated and a grouped convolution."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.change = nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=2, dilation=2, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                nn.Conv2d(channels, channels, (1, 3), padding=(0, 1), groups=channels),
            )

        def forward(self, x):
            return torch.relu(x + self.change(x))

    class Nested(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 5, stride=2, padding=2)
            self.blocks = nn.Sequential(Block(8), nn.AvgPool2d(2), Block(8))
            self.head = nn.Linear(8, 4)

        def forward(self, x):
            return self.head(self.blocks(self.stem(x)).mean((2, 3)))

    return Nested()


def shared(torch):
    """One convolution, one pooling and one dense layer, each called twice, and one that is never called."""
    nn = torch.nn

    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 6, 3, padding=1)
            self.conv = nn.Conv2d(6, 6, 3, padding=1)
            self.again = self.conv
            self.pool = nn.MaxPool2d(2)
            self.dense = nn.Linear(6, 6)
            self.spare = nn.Linear(6, 5)

        def forward(self, x):
            x = self.pool(torch.relu(self.conv(torch.relu(self.first(x)))))
            x = self.pool(torch.relu(self.again(x)))
            return self.dense(self.dense(x.mean((2, 3))))

    return Shared()


def functional(torch):
    """Parameters used by functions in the forward, and none of its layers called."""
    nn = torch.nn
    functions = nn.functional

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Conv2d(3, 4, 3).weight
            self.matrix = nn.Linear(4 * 25, 7).weight

        def forward(self, x):
            x = functions.max_pool2d(torch.relu(functions.conv2d(x, self.kernel, stride=2)), 3, stride=1, padding=1)
            return torch.matmul(functions.adaptive_avg_pool2d(x, 5).flatten(1), self.matrix.T)

    return Functional()


def dense(torch):
    nn = torch.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 9), nn.ReLU(), nn.Linear(9, 3, bias=False))


# name: (build, shape of the input)
NETWORKS = {
    "nested": (nested, (2, 3, 24, 20)),
    "shared": (shared, (3, 3, 16, 16)),
    "functional": (functional, (2, 3, 23, 17)),
    "dense": (dense, (5, 3, 4, 4)),
}
