"""Checks of what data sets, loaders and transforms are given, for chapter 08."""

from __future__ import annotations

import functools
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
    if array.dtype.kind == "b":
        raise ValueError(
            f"Subset: indices: expected a list of indices from 0 to {n - 1}, got a mask of {array.size} truth values; "
            "pass np.flatnonzero(mask)"
        )
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
    """Raise ValueError for examples that do not fit together, and TypeError for what is no part of a batch."""
    if len(samples) == 0:
        raise ValueError("default_collate: expected a list of examples, got an empty one")
    first = samples[0]
    kind = _kind_of(first)
    odd = next((i for i, sample in enumerate(samples) if _kind_of(sample) != kind), None)
    if kind is None or odd is not None:
        strange = first if odd is None or kind is None else samples[odd]
        place = "" if strange is first else f" at place {odd} of the batch, after {type(first).__name__}"
        raise TypeError(
            "default_collate: expected tensors, arrays, numbers, strings, tuples or dicts, all of one kind, "
            f"got {type(strange).__name__}{place}; pass your own collate_fn"
        )
    if kind == "numbers":
        sizes = [np.shape(sample) for sample in samples]
        expected, fix = "of one shape", "crop or pad them to one size"
    elif kind == "tuples":
        sizes = [len(sample) for sample in samples]
        expected, fix = "with equally many entries", "give all of them as many"
    elif kind == "dicts":
        sizes = [set(sample) for sample in samples]
        expected, fix = "with the same keys", "give all of them the same"
    else:
        return
    odd = next((i for i, size in enumerate(sizes) if size != sizes[0]), None)
    if odd is not None:
        raise ValueError(
            f"default_collate: expected examples {expected}, got {sizes[0]} first and {sizes[odd]} at place "
            f"{odd} of the batch; {fix}, or pass your own collate_fn"
        )


def _kind_of(sample: Any) -> str | None:
    """Return which of the four kinds an example is, or None."""
    if isinstance(sample, (TensorMethods, np.ndarray, *NUMBERS)):
        return "numbers" if np.asarray(sample).dtype.kind in "biuf" else None
    kinds: tuple[tuple[Any, str], ...] = (((str, bytes), "strings"), ((tuple, list), "tuples"), (dict, "dicts"))
    return next((name for types, name in kinds if isinstance(sample, types)), None)


def checked_collate(default_collate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Decorate `default_collate`: it gets only examples that fit; the batch of named tuples is one of their class."""

    @functools.wraps(default_collate)
    def checked(samples: Any) -> Any:
        check_samples(samples)
        batch = default_collate(samples)
        return type(samples[0])(*batch) if hasattr(samples[0], "_fields") else batch

    return checked


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
