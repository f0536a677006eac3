"""A small run for the checks of training: everything in it that is random, or has a memory, is switched on."""

import numpy as np
import pytest

from tinytorch.core.activations import ReLU
from tinytorch.core.dataloader import DataLoader, TensorDataset
from tinytorch.core.layers import Dropout, Linear, Sequential
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import manual_seed
from tinytorch.core.training import OneCycle, Trainer

EPOCHS = 4


class Run:
    """A model, its trainer and its data, made the same way each time; 100 examples are 7 batches, the last of 4."""

    def __init__(self, seed=None, hidden=16, kind=Adam, dtype=np.float32, epochs=EPOCHS):
        manual_seed(0)
        draw = np.random.default_rng(1)
        x, y = draw.standard_normal((100, 6)).astype(dtype), draw.integers(0, 3, 100)
        self.model = Sequential(Linear(6, hidden), ReLU(), Dropout(0.3), Linear(hidden, 3))
        for p in self.model.parameters():
            p.data = p.data.astype(dtype)
        self.optimizer = kind(self.model.parameters(), lr=0.01)
        self.loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True, seed=seed)
        self.schedule = OneCycle(self.optimizer, 0.02, epochs * len(self.loader))
        self.trainer = Trainer(self.model, self.optimizer, schedule=self.schedule, clip_norm=1.0)

    def fit(self, epochs=EPOCHS, **settings):
        return self.trainer.fit(self.loader, epochs, **{"validation": self.loader, "verbose": False, **settings})

    def story(self):
        """The history without what differs from run to run by nature."""
        return [{k: v for k, v in row.items() if k != "seconds"} for row in self.trainer.history]

    def weights(self):
        return np.concatenate([p.data.ravel() for p in self.model.parameters()])


@pytest.fixture
def new_run():
    """The class of runs: `new_run(seed=3)` makes one."""
    return Run
