"""A small run in which everything that is random, or is kept from step to step, takes part."""

import numpy as np
import pytest

from tinytorch.core.layers import Dropout, Linear, ReLU, Sequential
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import OneCycle, Trainer
from tinytorch.support.random import default_generator, manual_seed

EPOCHS = 4


class Loader:
    """Batches of 16 in an order that is drawn for each epoch.

    With a seed the order depends on the seed and the number of the epoch, else on the generator that `manual_seed` seeds.
    """

    def __init__(self, x, y, seed=None):
        self.x, self.y, self.seed, self.epoch = x, y, seed, 0

    def __len__(self):
        return -(-len(self.x) // 16)

    def __iter__(self):
        epoch, self.epoch = self.epoch, self.epoch + 1
        draw = default_generator() if self.seed is None else np.random.default_rng([self.seed, epoch])
        order = draw.permutation(len(self.x))
        for start in range(0, len(order), 16):
            rows = order[start : start + 16]
            yield Tensor(self.x[rows]), Tensor(self.y[rows])


class Run:
    """A model, its trainer and its data, made the same way each time; 100 examples are 7 batches, the last of 4."""

    def __init__(self, seed=None):
        manual_seed(0)
        draw = np.random.default_rng(1)
        self.model = Sequential(Linear(6, 16), ReLU(), Dropout(0.3), Linear(16, 3))
        self.optimizer = Adam(self.model.parameters(), lr=0.01)
        self.loader = Loader(draw.standard_normal((100, 6)).astype(np.float32), draw.integers(0, 3, 100), seed)
        self.schedule = OneCycle(self.optimizer, 0.02, EPOCHS * len(self.loader))
        self.trainer = Trainer(self.model, self.optimizer, schedule=self.schedule, clip_norm=1.0)

    def fit(self, epochs=EPOCHS, **settings):
        return self.trainer.fit(self.loader, epochs, **{"validation": self.loader, "verbose": False, **settings})

    def numbers(self):
        """Return the history without the seconds, and all weights."""
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in self.trainer.history]
        return rows, [p.data.tolist() for p in self.model.parameters()]


@pytest.fixture
def new_run():
    """The class of runs: `new_run(seed=3)` makes one."""
    return Run
