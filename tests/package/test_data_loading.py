"""The loader with torch's arguments, samplers and data sets: served as torch serves them, or refused by name."""

import threading
import time
from collections import Counter, namedtuple

import numpy as np
import pytest

import tinytorch
from tinytorch.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)
from tinytorch.support.random import default_generator, manual_seed


class Squares(Dataset):
    """Example i is (i², i)."""

    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index * index, index


class Stream(IterableDataset):
    def __init__(self, n=10):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))


def batches(loader):
    """The second entry of each batch, as lists."""
    return [batch[1].data.tolist() for batch in loader]


def test_torchs_name_of_the_package_is_the_package():
    import tinytorch.utils.data as by_torchs_name
    from tinytorch.utils.data import DataLoader as same

    assert by_torchs_name is tinytorch.data is tinytorch.utils.data and same is DataLoader


@pytest.mark.parametrize("data", [Squares(), TensorDataset(np.arange(10) ** 2, np.arange(10))], ids=["each", "arrays"])
def test_a_sampler_decides_about_the_order(data):
    assert batches(DataLoader(data, 3, sampler=[7, 0, 0, 5])) == [[7, 0, 0], [5]]
    assert batches(DataLoader(data, 3, sampler=[7, 0, 0, 5], drop_last=True)) == [[7, 0, 0]]
    assert batches(DataLoader(data, 20, sampler=SequentialSampler(range(4)), drop_last=True)) == []
    assert len(DataLoader(data, 3, sampler=[7, 0, 0, 5])) == 2
    assert len(DataLoader(data, 3, sampler=[7, 0, 0, 5], drop_last=True)) == 1


def test_a_batch_sampler_decides_about_the_batches():
    loader = DataLoader(Squares(), batch_sampler=[[3], [1, 2, 2]])
    assert batches(loader) == [[3], [1, 2, 2]] and len(loader) == 2 and loader.epoch == 1


def test_a_sampler_may_give_keys_of_any_kind():
    data = {"a": 1, "b": 2, "c": 3}
    (batch,) = DataLoader(data, 3, sampler=["c", "a", "b"])
    assert batch.data.tolist() == [3, 1, 2]


def test_without_a_batch_size_the_examples_come_as_they_are():
    examples = list(DataLoader(TensorDataset(np.arange(3.0), np.arange(3)), batch_size=None))
    assert [(x.shape, y.item()) for x, y in examples] == [((), 0), ((), 1), ((), 2)]
    assert list(DataLoader([{"x": np.ones(2)}], batch_size=None))[0]["x"].shape == (2,)
    assert list(DataLoader(Squares(3), batch_size=None)) == [(0, 0), (1, 1), (4, 2)]


def test_a_generator_draws_the_order_and_leaves_the_default_one_alone():
    before = default_generator().bit_generator.state
    draws = [batches(DataLoader(Squares(), 4, shuffle=True, generator=np.random.default_rng(3))) for _ in range(2)]
    assert draws[0] == draws[1] and sorted(sum(draws[0], [])) == list(range(10)) != sum(draws[0], [])
    assert default_generator().bit_generator.state == before


# ---- workers ----


@pytest.mark.parametrize("settings", [{}, {"shuffle": True}, {"sampler": [9, 1, 1, 4]}, {"drop_last": True}])
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_give_the_same_batches_in_the_same_order(settings, workers):
    found = []
    for num_workers in (0, workers):
        manual_seed(5)
        found.append(batches(DataLoader(Squares(), 3, num_workers=num_workers, **settings)))
    assert found[0] == found[1]


def test_what_workers_draw_does_not_depend_on_their_number_nor_on_their_speed():
    class Noisy(Squares):
        def __getitem__(self, index):
            time.sleep(0.001 * (index % 3))
            return default_generator().random(), index

    def epochs(workers):
        manual_seed(5)
        loader = DataLoader(Noisy(), 3, num_workers=workers)
        return [batch[0].data.tolist() for _ in range(2) for batch in loader], default_generator().random()

    first = epochs(1)
    assert epochs(3) == first == epochs(2)
    assert len({number for batch in first[0] for number in batch}) == 20  # 10 examples, 2 epochs: no number twice


def test_workers_are_threads_that_make_batches_ahead():
    seen, made = set(), []

    class Watched(Squares):
        def __getitem__(self, index):
            seen.add(threading.get_ident())
            made.append(index)
            return super().__getitem__(index)

    loader = iter(DataLoader(Watched(100), 1, num_workers=2, prefetch_factor=3))
    next(loader)
    loader.close()
    assert threading.get_ident() not in seen
    assert 1 <= len(made) <= 6


def test_an_error_in_a_worker_is_raised_where_the_batch_is_wanted():
    class Broken(Squares):
        def __getitem__(self, index):
            if index == 5:
                raise KeyError("no picture 5")
            return super().__getitem__(index)

    before = threading.active_count()
    loader = iter(DataLoader(Broken(), 2, num_workers=2))
    assert [next(loader)[1].data.tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(KeyError, match="no picture 5"):
        next(loader)
    assert threading.active_count() == before


def test_pin_memory_says_that_it_has_no_effect():
    with pytest.warns(UserWarning, match="pin_memory=True has no effect: there is no GPU"):
        loader = DataLoader(Squares(), 5, pin_memory=True)
    assert batches(loader) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


# ---- a stream ----


def test_an_iterable_data_set_comes_in_its_own_order():
    assert [batch.data.tolist() for batch in DataLoader(Stream(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [batch.data.tolist() for batch in DataLoader(Stream(5), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]
    assert list(DataLoader(Stream(3), 2, collate_fn=sum)) == [1, 2]
    with pytest.raises(TypeError, match="has no len"):
        len(DataLoader(Stream(5), 2))


# ---- refusals ----


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_workers": -1}, "num_workers: expected a whole number from 0, got -1"),
        ({"num_workers": 1.5}, "num_workers: expected a whole number from 0, got 1.5"),
        ({"prefetch_factor": 2}, "prefetch_factor=2 needs workers; pass num_workers=2"),
        ({"num_workers": 1, "prefetch_factor": 0}, "prefetch_factor: expected a whole number from 1, got 0"),
        ({"persistent_workers": True}, "persistent_workers=True needs workers"),
        ({"timeout": 5}, "timeout: not served, got 5; a thread that waits cannot be stopped; leave it out"),
        ({"worker_init_fn": print}, "worker_init_fn: not served, got .*; workers are threads"),
        (
            {"multiprocessing_context": "fork"},
            "multiprocessing_context: not served, got 'fork'; workers are threads",
        ),
        ({"pin_memory_device": "cuda"}, "pin_memory_device: not served, got 'cuda'; there is no GPU"),
        ({"in_order": False}, "in_order: not served, got False; batches come in order"),
        ({"sampler": [0], "shuffle": True}, "sampler: it decides about the order, so shuffle=True has no place"),
        ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler: it decides about the order"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler: it makes the batches; leave batch_size"),
        ({"batch_sampler": [[0]], "sampler": [0]}, "batch_sampler: it makes the batches"),
        ({"batch_sampler": [[0]], "drop_last": True}, "batch_sampler: it makes the batches"),
        ({"batch_size": None, "drop_last": True}, "drop_last: with batch_size=None there are no batches"),
        ({"seed": 1, "shuffle": True, "generator": np.random.default_rng(1)}, "seed: the generator decides"),
        ({"seed": -1}, "seed: expected a whole number from 0 or None, got -1"),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1, got 0"),
    ],
)
def test_what_is_not_served_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=f"^DataLoader: {message}"):
        DataLoader(Squares(), **settings)


@pytest.mark.parametrize(
    "settings", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}, {"num_workers": 2}], ids=str
)
def test_a_stream_has_an_order_of_its_own(settings):
    with pytest.raises(ValueError, match=f"^DataLoader: {next(iter(settings))}: an IterableDataset "):
        DataLoader(Stream(), **settings)


def test_the_place_of_drop_last_in_chapter_08_is_torchs_sampler():
    with pytest.raises(TypeError, match="^DataLoader: sampler: expected something to iterate over, got True"):
        DataLoader(Squares(), 3, False, True)


@pytest.mark.parametrize("size", [0, 2.5])
def test_the_batch_size_is_checked_with_a_sampler_too(size):
    with pytest.raises(ValueError, match="batch_size: expected a whole number from 1"):
        DataLoader(Squares(), size, sampler=[1, 2])


# ---- samplers ----


def test_a_random_sampler_has_every_index_once_before_any_twice():
    manual_seed(0)
    assert sorted(RandomSampler(range(20))) == list(range(20)) != list(RandomSampler(range(20)))
    longer = list(RandomSampler(range(20), num_samples=50))
    assert sorted(longer[:20]) == sorted(longer[20:40]) == list(range(20)) and len(set(longer[40:])) == 10
    sampler = RandomSampler(range(20), replacement=True, num_samples=300)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 300 and set(drawn) == set(range(20))


def test_a_subset_random_sampler_has_its_indices_in_random_order():
    manual_seed(0)
    indices = list(range(100, 130))
    sampler = SubsetRandomSampler(indices)
    assert sorted(sampler) == indices != list(sampler) and len(sampler) == 30


def test_a_weighted_random_sampler_draws_by_its_weights():
    draw = np.random.default_rng(0)
    counts = Counter(WeightedRandomSampler([1, 0, 3], 4000, generator=draw))
    assert counts[1] == 0 and 0.7 < counts[2] / 4000 < 0.8  # 0.75, with a standard deviation of 0.007
    assert sorted(WeightedRandomSampler([1, 0, 3], 2, replacement=False)) == [0, 2]


def test_a_batch_sampler_makes_lists():
    assert list(BatchSampler(range(5), 2, False)) == [[0, 1], [2, 3], [4]]
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    assert (len(BatchSampler(range(5), 2, False)), len(BatchSampler(range(5), 2, True))) == (3, 2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomSampler([], num_samples=0), ValueError, "RandomSampler: num_samples: expected a whole number"),
        (lambda: WeightedRandomSampler([1, -1], 2), ValueError, "WeightedRandomSampler: weights: expected one number"),
        (lambda: WeightedRandomSampler([0, 0], 2), ValueError, "WeightedRandomSampler: weights: expected"),
        (
            lambda: WeightedRandomSampler([1, 0], 2, False),
            ValueError,
            "num_samples: 2 different .* from 1 with a weight",
        ),
        (
            lambda: BatchSampler(3, 2, False),
            TypeError,
            "BatchSampler: sampler: expected something to iterate over, got 3",
        ),
        (lambda: BatchSampler([1], 0, False), ValueError, "BatchSampler: batch_size: expected a whole number from 1"),
        (lambda: iter(Sampler()), NotImplementedError, "Sampler: define __iter__"),
        (lambda: ConcatDataset([]), ValueError, "ConcatDataset: datasets: expected one or more"),
        (
            lambda: ConcatDataset([Stream()]),
            ValueError,
            r"expected one or more data sets with a length, got \['Stream'\]",
        ),
        (lambda: ConcatDataset([[1], [2]])[2], IndexError, "ConcatDataset: index 2 is out of range for 2 examples"),
    ],
)
def test_samplers_and_data_sets_refuse_what_cannot_work(make, error, message):
    with pytest.raises(error, match=message):
        make()


# ---- data sets ----


def test_data_sets_one_behind_the_other():
    data = ConcatDataset([[1, 2], (), [3], Squares(3)])
    assert len(data) == 6 and [data[i] for i in range(6)] == [1, 2, 3, (0, 0), (1, 1), (4, 2)]
    assert data[-1] == (4, 2) and data[-6] == 1
    assert [b.data.tolist() for b in DataLoader(ConcatDataset([[1, 2], [3]]), 2)] == [[1, 2], [3]]


@pytest.mark.parametrize("mask", [np.arange(10) == 7, [True] * 10, (tinytorch.tensor(np.arange(10)) == 7)], ids=str)
def test_a_mask_is_no_list_of_indices(mask):
    with pytest.raises(
        ValueError, match=r"Subset: indices: .* got a mask of 10 truth values; pass np.flatnonzero\(mask\)"
    ):
        Subset(range(10), mask)


def test_fractions_split_as_in_torch():
    assert [len(part) for part in random_split(range(10), [0.5, 0.3, 0.2])] == [5, 3, 2]
    assert [len(part) for part in random_split(range(11), [0.5, 0.25, 0.25])] == [6, 3, 2]
    assert [len(part) for part in random_split(range(7), [1.0])] == [7]


# ---- collating ----

Pair = namedtuple("Pair", "image label")


def test_named_tuples_stay_named():
    batch = default_collate([{"pair": Pair(np.ones(2), 3)}, {"pair": Pair(np.zeros(2), 4)}])
    assert type(batch["pair"]) is Pair
    assert batch["pair"].image.shape == (2, 2) and batch["pair"].label.data.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        ([(1, 2, 3), (4, 5)], ValueError, "with equally many entries, got 3 first and 2 at place 1 of the batch"),
        ([[1], [2], []], ValueError, "with equally many entries, got 1 first and 0 at place 2"),
        ([{"a": 1}, {"b": 1}], ValueError, "with the same keys, got {'a'} first and {'b'} at place 1"),
        ([{"a": 1}, {"a": 1, "b": 1}], ValueError, "with the same keys"),
        ([np.ones(2), np.ones(3)], ValueError, r"of one shape, got \(2,\) first and \(3,\) at place 1"),
        ([np.ones(2), 1.0], ValueError, r"of one shape, got \(2,\) first and \(\) at place 1"),
        ([1.0, np.ones(2)], ValueError, r"of one shape, got \(\) first and \(2,\) at place 1"),
        ([None, None], TypeError, "all of one kind, got NoneType; pass your own collate_fn"),
        ([1, None], TypeError, "got NoneType at place 1 of the batch, after int"),
        (["a", 1], TypeError, "got int at place 1 of the batch, after str"),
        ([(1, "a"), (2, 3)], TypeError, "got int at place 1 of the batch, after str"),
        ([np.array(["a"])], TypeError, "got ndarray; pass your own collate_fn"),
        ([], ValueError, "expected a list of examples, got an empty one"),
    ],
)
def test_examples_that_do_not_fit_together_are_refused(samples, error, message):
    with pytest.raises(error, match=f"^default_collate: .*{message}"):
        default_collate(samples)
