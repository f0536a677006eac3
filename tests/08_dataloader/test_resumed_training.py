"""The loader with the Trainer of module 07: a run that stopped in the middle of an epoch gets the batches that are left."""

import os
import signal

import numpy as np
import pytest

from tinytorch.core.dataloader import DataLoader, TensorDataset
from tinytorch.core.layers import Dropout, Linear, Sequential
from tinytorch.core.optimizers import SGD
from tinytorch.core.training import Trainer
from tinytorch.support.random import manual_seed


class Run:
    """A model with dropout and shuffled data, made the same way each time; an epoch has 4 batches."""

    def __init__(self, seed):
        manual_seed(0)
        draw = np.random.default_rng(1)
        data = TensorDataset(draw.standard_normal((50, 6)).astype(np.float32), draw.integers(0, 3, 50))
        self.loader = DataLoader(data, batch_size=16, shuffle=True, seed=seed)
        self.model = Sequential(Linear(6, 8), Dropout(0.3), Linear(8, 3))
        self.trainer = Trainer(self.model, SGD(self.model.parameters(), lr=0.1, momentum=0.9))

    def fit(self, **settings):
        self.trainer.fit(self.loader, 3, self.loader, verbose=False, **settings)

    def numbers(self):
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in self.trainer.history]
        return rows, [p.data.tolist() for p in self.model.parameters()]


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("step", [1, 4, 6])
def test_a_resumed_run_equals_the_run_in_one_go_to_the_last_bit(tmp_path, seed, step):
    path = tmp_path / "run.safetensors"
    whole = Run(seed)
    whole.fit()
    stopped = Run(seed)
    training_step = stopped.trainer.training_step

    def interrupted(*batch):
        if stopped.trainer.steps == step - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return training_step(*batch)

    stopped.trainer.training_step = interrupted
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(checkpoint=path)
    assert stopped.trainer.steps == step
    resumed = Run(seed)
    manual_seed(99)  # the state of the generator comes from the file
    resumed.fit(checkpoint=path, resume=True)
    assert resumed.numbers() == whole.numbers()
