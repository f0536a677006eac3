"""DataLoader: a partition of the data into batches, in orders that can be had again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.dataloader import DataLoader, Dataset, Subset, TensorDataset
from tinytorch.core.tensor import Tensor
from tinytorch.support.random import default_generator, manual_seed
from tinytorch.testing import assert_close


def numbered(n):
    return TensorDataset(np.arange(n), np.arange(n) * 100)


def examples(loader):
    return [batch[0].data.tolist() for batch in loader]


class OneByOne(Dataset):
    """Hands out single examples, and counts how often it was asked."""

    def __init__(self, n):
        self.n, self.asked = n, []

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        self.asked.append(i)
        return np.float32(i), i


@given(st.integers(1, 60), st.integers(1, 70), st.booleans(), st.one_of(st.none(), st.integers(0, 9)))
def test_the_batches_of_an_epoch_are_a_partition_of_the_data(n, batch_size, shuffle, seed):
    loader = DataLoader(numbered(n), batch_size, shuffle=shuffle, seed=seed)
    batches = list(loader)
    data, labels = (np.concatenate([batch[i].data for batch in batches]) for i in (0, 1))
    assert sorted(data.tolist()) == list(range(n))
    assert (labels == data * 100).all()  # each example keeps its label
    assert [len(batch[0]) for batch in batches] == [batch_size] * (n // batch_size) + [n % batch_size] * (
        n % batch_size > 0
    )
    assert len(batches) == len(loader)
    if not shuffle:
        assert data.tolist() == list(range(n))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 9))
def test_drop_last_leaves_out_what_is_not_a_full_batch_and_nothing_else(n, batch_size, seed):
    if batch_size > n:
        n, batch_size = batch_size, n
    loader = DataLoader(numbered(n), batch_size, shuffle=True, seed=seed, drop_last=True)
    whole = DataLoader(numbered(n), batch_size, shuffle=True, seed=seed)
    batches = examples(loader)
    assert batches == [batch for batch in examples(whole) if len(batch) == batch_size]
    assert len(batches) == len(loader) == n // batch_size


def test_with_a_seed_every_run_has_the_same_orders_and_every_epoch_its_own():
    runs = []
    for state in (1, 2):
        manual_seed(state)  # which has no say in it
        loader = DataLoader(numbered(50), 50, shuffle=True, seed=3)
        runs.append([examples(loader)[0] for _ in range(3)])
    assert runs[0] == runs[1]
    assert len({tuple(order) for order in runs[0]}) == 3
    assert examples(DataLoader(numbered(50), 50, shuffle=True, seed=4))[0] not in runs[0]


def test_a_loader_with_a_seed_draws_nothing_from_the_common_generator():
    manual_seed(1)
    before = default_generator().bit_generator.state
    list(DataLoader(numbered(50), 10, shuffle=True, seed=3))
    list(DataLoader(numbered(50), 10))
    assert default_generator().bit_generator.state == before


def test_without_a_seed_the_common_generator_decides():
    loader = DataLoader(numbered(50), 50, shuffle=True)
    orders = []
    for state in (1, 1, 2):
        manual_seed(state)
        orders.append(examples(loader))
    assert orders[0] == orders[1] != orders[2]


def test_an_epoch_that_is_set_is_the_one_that_comes_next():
    loader = DataLoader(numbered(50), 50, shuffle=True, seed=3)
    epochs = [examples(loader) for _ in range(3)]
    assert loader.epoch == 3
    loader.epoch = 1
    assert [examples(loader), examples(loader)] == epochs[1:]


def test_two_loops_over_one_loader_do_not_disturb_each_other():
    loader = DataLoader(numbered(6), 2)
    pairs = [(a[0].data.tolist(), b[0].data.tolist()) for a in loader for b in loader]
    assert len(pairs) == 9 and len({str(pair) for pair in pairs}) == 9


def test_a_data_set_that_takes_index_arrays_is_asked_once_per_batch():
    class Counted(TensorDataset):
        asked = 0

        def __getitem__(self, index):
            self.asked += 1
            return super().__getitem__(index)

    dataset = Counted(np.arange(10))
    for loaded in (dataset, Subset(dataset, range(10))):
        dataset.asked = 0
        list(DataLoader(loaded, 4))
        assert dataset.asked == 3


def test_any_data_set_with_len_and_getitem_will_do_and_is_asked_with_plain_ints():
    dataset = OneByOne(5)
    batches = list(DataLoader(dataset, 2, shuffle=True, seed=0))
    assert sorted(dataset.asked) == list(range(5)) and {type(i) for i in dataset.asked} == {int}
    assert all(isinstance(part, Tensor) for batch in batches for part in batch)
    assert_close(batches[0][0], Tensor(batches[0][1].data.astype(np.float32)))

    pairs = [([1.0, 2.0], 0), ([3.0, 4.0], 1)]  # a list is a data set
    ((first, second), labels) = next(iter(DataLoader(pairs, 2)))
    assert_close(first, Tensor([1.0, 3.0]))
    assert_close(labels, Tensor(np.array([0, 1])))


def test_a_collate_fn_gets_the_list_of_examples_of_any_data_set():
    for dataset in (OneByOne(3), numbered(3)):
        batches = list(DataLoader(dataset, 2, collate_fn=lambda samples: [int(sample[1]) for sample in samples]))
        assert [len(batch) for batch in batches] == [2, 1]
    assert batches == [[0, 100], [200]]
