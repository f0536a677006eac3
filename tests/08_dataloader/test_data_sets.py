"""TensorDataset, Subset and random_split."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.dataloader import Dataset, Subset, TensorDataset, random_split
from tinytorch.core.tensor import Tensor
from tinytorch.support.random import manual_seed
from tinytorch.testing import assert_close, generator


def test_an_example_is_one_row_of_every_tensor():
    draw = generator()
    x, y = draw.standard_normal((5, 2, 3)), draw.integers(0, 9, 5)
    dataset = TensorDataset(x, Tensor(y))
    assert len(dataset) == 5
    for i in (0, 3, -1):
        assert type(dataset[i]) is tuple
        image, label = dataset[i]
        assert_close(image, Tensor(x[i]))
        assert_close(label, Tensor(y[i]))


def test_an_array_of_indices_gives_a_batch_of_copies():
    x = generator().standard_normal((5, 2))
    (batch,) = TensorDataset(x)[np.array([4, 0, 4])]
    assert_close(batch, Tensor(x[[4, 0, 4]]))
    assert not np.shares_memory(batch.data, x)


class Squares(Dataset):
    """One example at a time, and whole numbers only."""

    def __len__(self):
        return 10

    def __getitem__(self, i):
        if type(i) is not int:
            raise TypeError(f"expected an int, got {type(i).__name__}")
        return i * i


def test_a_subset_renumbers_the_examples():
    subset = Subset(Squares(), [7, 2, 9])
    assert len(subset) == 3
    assert [subset[i] for i in range(3)] == [49, 4, 81]
    assert Subset(subset, [2])[0] == 81


def test_a_subset_takes_index_arrays_where_its_data_set_does():
    rows = TensorDataset(np.arange(10))
    assert Subset(rows, [1]).takes_index_arrays and not Subset(Squares(), [1]).takes_index_arrays
    (batch,) = Subset(rows, [7, 2, 9])[np.array([2, 0])]
    assert_close(batch, Tensor(np.array([9, 7])))


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(0, 99))
def test_the_parts_of_a_split_are_a_partition(sizes, seed):
    dataset = TensorDataset(np.arange(sum(sizes)))
    parts = random_split(dataset, sizes, np.random.default_rng(seed))
    assert [len(part) for part in parts] == sizes
    assert sorted(i for part in parts for i in part.indices.tolist()) == list(range(sum(sizes)))


@given(st.integers(1, 200), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_fractions_give_every_example_away_and_differ_from_exact_by_less_than_one(n, shares):
    fractions = [share / sum(shares) for share in shares]
    sizes = [len(part) for part in random_split(TensorDataset(np.zeros(n)), fractions)]
    assert sum(sizes) == n
    assert all(abs(size - n * fraction) <= 1 for size, fraction in zip(sizes, fractions))


def test_a_split_is_shuffled_and_repeatable():
    dataset = TensorDataset(np.arange(1000))
    splits = []
    for _ in range(2):
        manual_seed(5)
        splits.append([part.indices.tolist() for part in random_split(dataset, [500, 500])])
    assert splits[0] == splits[1]
    assert sorted(splits[0][0]) != list(range(500))  # the halves are not the first and the second


def test_a_generator_that_is_given_decides_the_split_and_nothing_else_does():
    dataset = TensorDataset(np.arange(1000))
    splits = []
    for state in (5, 6):
        manual_seed(state)
        splits.append([part.indices.tolist() for part in random_split(dataset, [500, 500], np.random.default_rng(1))])
    assert splits[0] == splits[1]
