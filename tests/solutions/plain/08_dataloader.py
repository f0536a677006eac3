"""Chapter 08, written by another student: loops, early returns, and one image at a time."""

# %% tensor-dataset
import numpy as np

from tinytorch.core.tensor import Tensor, stack, to_array
from tinytorch.support.arguments import checked_by
from tinytorch.support.dataloader import (
    are_fractions,
    check_channels,
    check_crop_fits,
    check_images,
    check_lengths,
    check_normalize,
    check_subset,
    check_tensor_dataset,
    checked_collate,
)
from tinytorch.support.random import default_generator
from tinytorch.support.tensor import inferred_array


class TensorDataset:
    @checked_by(check_tensor_dataset)
    def __init__(self, *tensors):
        kept = ()
        for each in tensors:
            kept += (each if isinstance(each, Tensor) else Tensor(each),)
        self.tensors = kept

    def __len__(self):
        return self.tensors[-1].shape[0]

    def __getitem__(self, index):
        row = []
        for each in self.tensors:
            row.append(each[index])
        return tuple(row)


# %% random-split


class Subset:
    @checked_by(check_subset)
    def __init__(self, dataset, indices):
        self.indices = np.array([int(index) for index in indices], dtype=np.int64)
        self.dataset = dataset

    @property
    def takes_index_arrays(self):
        if hasattr(self.dataset, "takes_index_arrays"):
            return self.dataset.takes_index_arrays
        return False

    def __len__(self):
        return self.indices.shape[0]

    def __getitem__(self, index):
        if isinstance(index, np.ndarray):
            return self.dataset[self.indices[index]]
        return self.dataset[self.indices[index].item()]


@checked_by(check_lengths)
def part_sizes(n, lengths):
    if are_fractions(lengths):
        sizes = []
        for fraction in lengths:
            sizes.append(int(fraction * n))
        part = 0
        while sum(sizes) < n:
            sizes[part] += 1
            part += 1
        return sizes
    return list(map(int, lengths))


def random_split(dataset, lengths, generator=None):
    if generator is None:
        generator = default_generator()
    n, parts, start = len(dataset), [], 0
    shuffled = generator.permutation(n)
    for size in part_sizes(n, lengths):
        parts.append(Subset(dataset, shuffled[start : start + size]))
        start += size
    return parts


# %% collate


@checked_collate
def default_collate(samples):
    kind = type(samples[0])
    if issubclass(kind, str):
        return list(samples)
    if issubclass(kind, dict):
        batch = {}
        for key in samples[0]:
            batch[key] = default_collate([each[key] for each in samples])
        return batch
    if issubclass(kind, (tuple, list)):
        columns = []
        for place in range(len(samples[0])):
            columns.append(default_collate([each[place] for each in samples]))
        return tuple(columns)
    rows = []
    for each in samples:
        rows.append(each if isinstance(each, Tensor) else Tensor(inferred_array(each)))
    return stack(rows, 0)


# %% data-loader


class DataLoader:
    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        if rest > 0 and not self.drop_last:
            whole = whole + 1
        return whole

    def order(self) -> np.ndarray:
        number = self.epoch
        self.epoch = number + 1
        if self.shuffle and self.seed is not None:
            return np.random.default_rng([self.seed, number]).permutation(len(self.dataset))
        if self.shuffle:
            return default_generator().permutation(len(self.dataset))
        return np.arange(0, len(self.dataset))

    def fetch(self, indices: np.ndarray):
        if self.collate_fn is not None:
            return self.collate_fn([self.dataset[int(i)] for i in indices])
        if hasattr(self.dataset, "takes_index_arrays") and self.dataset.takes_index_arrays:
            return self.dataset[indices]
        examples = []
        for i in indices:
            examples.append(self.dataset[int(i)])
        return default_collate(examples)

    def __iter__(self):
        remaining = self.order()
        for _ in range(len(self)):
            now, remaining = remaining[: self.batch_size], remaining[self.batch_size :]
            yield self.fetch(now)


# %% normalize


class Transform:
    @checked_by(check_images)
    def __call__(self, images):
        if not isinstance(images, Tensor):
            return self.apply(to_array(images))
        return Tensor(self.apply(images.data))


class Compose:
    def __call__(self, images):
        result = images
        for i in range(len(self.transforms)):
            result = self.transforms[i](result)
        return result


class Normalize:
    @checked_by(check_normalize)
    def __init__(self, mean, std):
        self.mean, self.std = (np.array(numbers, dtype=np.float64).reshape((-1, 1, 1)) for numbers in (mean, std))

    @checked_by(check_channels)
    def apply(self, images):
        kind = images.dtype
        return (images - self.mean.astype(kind)) / self.std.astype(kind)


# %% horizontal-flip


class RandomHorizontalFlip:
    def apply(self, images):
        draws = default_generator().random(images.shape[0])
        chosen = (draws < self.p).reshape(-1, 1, 1, 1)
        return np.where(chosen, np.flip(images, axis=3), images)


# %% random-crop


class RandomCrop:
    @checked_by(check_crop_fits)
    def apply(self, images):
        n, channels, rows, columns = images.shape
        padded = np.zeros((n, channels, rows + 2 * self.padding[0], columns + 2 * self.padding[1]), images.dtype)
        padded[:, :, self.padding[0] : self.padding[0] + rows, self.padding[1] : self.padding[1] + columns] = images
        draws = default_generator()
        last_top, last_left = padded.shape[2] - self.size[0], padded.shape[3] - self.size[1]
        if self.per_batch:
            tops, lefts = [draws.integers(last_top + 1)] * n, [draws.integers(last_left + 1)] * n
        else:
            tops, lefts = draws.integers(last_top + 1, size=n), draws.integers(last_left + 1, size=n)
        result = np.empty((n, channels, *self.size), images.dtype)
        for i in range(n):
            result[i] = padded[i, :, tops[i] : tops[i] + self.size[0], lefts[i] : lefts[i] + self.size[1]]
        return result
