"""Checks of what data sets, loaders and transforms are given, for chapter 08."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence, Sized
from typing import Any

import numpy as np

from tinytorch.support.tensor import NUMBERS, TensorMethods

WHOLE = (int, np.integer)
REAL = (*WHOLE, float, np.floating)

# ---- data sets --------------------------------------------------------------------------------------


def check_tensor_dataset(dataset: Any, *tensors: Any) -> None:
    """Raise ValueError unless there are tensors, and all of the same length."""
    shapes = [np.shape(tensor) for tensor in tensors]
    if not shapes or () in shapes or len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"TensorDataset: expected one or more tensors of the same length, got shapes {shapes}")


def check_subset(subset: Any, dataset: Sized, indices: Any) -> None:
    """Raise ValueError unless `indices` is a list of indices of the data set."""
    n, array = len(dataset), np.asarray(indices)
    is_list = array.ndim == 1 and (array.dtype.kind in "iu" or array.size == 0)
    if not is_list or np.any((array < 0) | (array >= n)):
        raise ValueError(f"Subset: indices: expected a list of indices from 0 to {n - 1}, got {indices!r:.80}")


def are_fractions(lengths: Sequence[Any]) -> bool:
    """Return whether the lengths of a split are fractions of the whole: floats that add up to 1."""
    return any(isinstance(length, float) for length in lengths) and math.isclose(sum(lengths), 1)


def check_lengths(n: int, lengths: Sequence[Any]) -> None:
    """Raise ValueError unless `lengths` are fractions of the whole, or whole numbers that add up to n."""
    if not all(isinstance(length, REAL) and length >= 0 for length in lengths):
        raise ValueError(f"random_split: lengths: expected numbers >= 0, got {lengths}")
    if not are_fractions(lengths) and (sum(lengths) != n or any(length % 1 for length in lengths)):
        raise ValueError(
            f"random_split: lengths: expected whole numbers that add up to the {n} examples, or fractions that add "
            f"up to 1, got {lengths}, which add up to {sum(lengths)}"
        )


# ---- batches ----------------------------------------------------------------------------------------


def check_samples(samples: Sequence[Any]) -> None:
    """Raise ValueError for arrays of different shapes, and TypeError for what is no part of a batch."""
    first = samples[0]
    if isinstance(first, (TensorMethods, np.ndarray)):
        shapes = [np.shape(sample) for sample in samples]
        odd = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
        if odd is not None:
            raise ValueError(
                f"default_collate: expected examples of one shape, got {shapes[0]} first and {shapes[odd]} at place "
                f"{odd} of the batch; crop or pad them to one size, or pass your own collate_fn"
            )
    elif not isinstance(first, (*NUMBERS, str, tuple, list, dict)):
        raise TypeError(
            "default_collate: expected tensors, arrays, numbers, strings, tuples or dicts, "
            f"got {type(first).__name__}; pass your own collate_fn"
        )


def check_data_loader(
    loader: Any,
    dataset: Sized,
    batch_size: Any = 1,
    shuffle: bool = False,
    drop_last: bool = False,
    seed: Any = None,
    collate_fn: Callable[..., Any] | None = None,
) -> None:
    """Raise ValueError for settings with which a loader would have no batches, or no orders."""
    if len(dataset) == 0:
        raise ValueError("DataLoader: dataset: expected at least one example, got an empty data set")
    if not isinstance(batch_size, WHOLE) or batch_size < 1:
        raise ValueError(f"DataLoader: batch_size: expected a whole number from 1, got {batch_size!r}")
    if drop_last and batch_size > len(dataset):
        raise ValueError(
            f"DataLoader: batch_size {batch_size} is more than the {len(dataset)} examples, so drop_last=True "
            f"leaves no batch at all; pass drop_last=False or batch_size={len(dataset)}"
        )
    if seed is not None and (not isinstance(seed, WHOLE) or seed < 0):
        raise ValueError(f"DataLoader: seed: expected a whole number from 0 or None, got {seed!r}")


# ---- transforms -------------------------------------------------------------------------------------


def check_images(transform: Any, images: Any) -> None:
    """Raise ValueError unless `images` is a batch of floating images, N x C x H x W."""
    array = np.asarray(images)
    if array.ndim != 4 or array.dtype.kind != "f":
        raise ValueError(
            f"{type(transform).__name__}: expected floating images N x C x H x W, got {array.dtype} of shape "
            f"{array.shape}; for one image pass image[None], for bytes divide by 255 first"
        )


def list_of_transforms(transforms: Iterable[Any]) -> list[Callable[[Any], Any]]:
    """Return the transforms as a list. Raises TypeError where one of them cannot be called."""
    transforms = list(transforms)
    for transform in transforms:
        if not callable(transform):
            raise TypeError(f"Compose: transforms: expected callables, got {transform!r:.80}")
    return transforms


def check_normalize(normalize: Any, mean: Any, std: Any) -> None:
    """Raise ValueError for a std that is not positive."""
    if not np.all(np.asarray(std) > 0):
        raise ValueError(f"Normalize: std: expected numbers above 0, got {std}")


def check_channels(normalize: Any, images: np.ndarray) -> None:
    """Raise ValueError for images whose channels are not those of `normalize.mean` and `normalize.std`."""
    counts, channels = {len(normalize.mean), len(normalize.std)}, images.shape[1]
    if not counts <= {1, channels}:
        raise ValueError(
            f"Normalize: expected images with {max(counts)} channels, one for each entry of mean "
            f"and std, got {channels} in shape {images.shape}"
        )


def check_probability(flip: Any, p: float = 0.5) -> None:
    """Raise ValueError unless p is a probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"RandomHorizontalFlip: p: expected a probability from 0 to 1, got {p}")


def as_pair(value: Any) -> tuple[Any, Any]:
    """Return a pair as a tuple, and one number as (number, number)."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def check_crop(crop: Any, size: Any, padding: Any = 0, per_batch: bool = False) -> None:
    """Raise ValueError unless size and padding are numbers, or pairs of numbers, that a crop can have."""
    for name, value, least in (("size", size, 1), ("padding", padding, 0)):
        pair = as_pair(value)
        if len(pair) != 2 or min(pair) < least:
            raise ValueError(f"RandomCrop: {name}: expected a whole number from {least} or a pair of them, got {value}")


def check_crop_fits(crop: Any, images: np.ndarray) -> None:
    """Raise ValueError for images that are smaller than `crop.size`, even with their padding."""
    padded = tuple(side + 2 * padding for side, padding in zip(images.shape[2:], crop.padding))
    missing = max(wanted - side for wanted, side in zip(crop.size, images.shape[2:]))
    if any(wanted > side for wanted, side in zip(crop.size, padded)):
        raise ValueError(
            f"RandomCrop: size {crop.size} is larger than the padded images, {padded}; "
            f"pass padding={-(-missing // 2)} or a smaller size"
        )
