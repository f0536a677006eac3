"""Checks of what data sets, loaders and transforms are given: each says what was expected, what came, and a fix."""

import numpy as np
import pytest

from tinytorch.core.dataloader import (
    Compose,
    DataLoader,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)

IMAGES = np.zeros((4, 3, 6, 7), np.float32)
TRANSFORMS = [Normalize(0.5, 0.2), RandomHorizontalFlip(), RandomCrop(6, padding=2)]
ids = [type(t).__name__ for t in TRANSFORMS]


@pytest.mark.parametrize("tensors", [(), (np.zeros(3), np.zeros(4)), (np.zeros(3), np.zeros(()))])
def test_tensors_of_unequal_length_are_refused(tensors):
    with pytest.raises(ValueError, match="TensorDataset: expected one or more tensors of the same length, got shapes"):
        TensorDataset(*tensors)


@pytest.mark.parametrize("indices", [[10], [-1], [[1, 2]]])
def test_indices_outside_of_the_data_are_refused(indices):
    with pytest.raises(ValueError, match="Subset: indices: expected a list of indices from 0 to 9"):
        Subset(range(10), indices)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([5, 4], "expected whole numbers that add up to the 10 examples, or fractions .*, got .*add up to 9"),
        ([0.5, 0.4], "add up to 0.9"),
        ([11, -1], r"expected numbers >= 0, got \[11, -1\]"),
        ([float("nan"), 10], "expected numbers >= 0"),
    ],
)
def test_lengths_that_do_not_add_up_are_refused(lengths, message):
    with pytest.raises(ValueError, match=f"random_split: lengths: .*{message}"):
        random_split(range(10), lengths)


def test_shapes_that_differ_are_named_with_their_place():
    with pytest.raises(ValueError, match=r"got \(2,\) first and \(3,\) at place 2 of the batch; crop or pad"):
        default_collate([np.zeros(2), np.zeros(2), np.zeros(3)])


def test_what_cannot_be_stacked_is_named():
    with pytest.raises(TypeError, match="default_collate: expected tensors, arrays, .* got object"):
        default_collate([object()])


@pytest.mark.parametrize(
    ("n", "settings", "message"),
    [
        (0, {}, "DataLoader: dataset: expected at least one example, got an empty data set"),
        (5, {"batch_size": 0}, "DataLoader: batch_size: expected a whole number from 1, got 0"),
        (5, {"batch_size": -2}, "got -2"),
        (5, {"batch_size": 2.5}, "got 2.5"),
        (
            5,
            {"batch_size": 6, "drop_last": True},
            "batch_size 6 is more than the 5 examples, .* pass drop_last=False or batch_size=5",
        ),
        (5, {"seed": -1}, "DataLoader: seed: expected a whole number from 0 or None, got -1"),
        (5, {"seed": "x"}, "DataLoader: seed: .* got 'x'"),
    ],
)
def test_what_would_give_no_batches_is_refused(n, settings, message):
    with pytest.raises(ValueError, match=message):
        DataLoader(range(n), **settings)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
@pytest.mark.parametrize(
    "images", [np.zeros((3, 8, 8), np.float32), np.zeros((2, 3, 8, 8), np.uint8)], ids=["one image", "bytes"]
)
def test_what_is_no_batch_of_images_is_refused_with_the_fix(transform, images):
    with pytest.raises(ValueError, match=r"expected floating images N x C x H x W, .* image\[None\].* divide by 255"):
        transform(images)


def test_normalize_refuses_other_channels_and_a_std_of_zero():
    with pytest.raises(ValueError, match="Normalize: expected images with 2 channels, .* got 3 in shape"):
        Normalize((0.5, 0.5), (1, 1))(IMAGES)
    with pytest.raises(ValueError, match=r"Normalize: std: expected numbers above 0, got \(1, 0\)"):
        Normalize((0, 0), (1, 0))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_probability_outside_of_0_to_1_is_refused(p):
    with pytest.raises(ValueError, match="RandomHorizontalFlip: p: expected a probability from 0 to 1"):
        RandomHorizontalFlip(p)


def test_sizes_that_make_no_sense_are_refused():
    with pytest.raises(
        ValueError, match=r"RandomCrop: size \(9, 9\) is larger than the padded images, \(8, 9\); pass padding=2"
    ):
        RandomCrop(9, padding=1)(IMAGES)
    with pytest.raises(ValueError, match="RandomCrop: size: expected a whole number from 1 or a pair of them, got 0"):
        RandomCrop(0)
    with pytest.raises(
        ValueError, match="RandomCrop: padding: expected a whole number from 0 or a pair of them, got -1"
    ):
        RandomCrop(8, padding=-1)


def test_compose_refuses_what_cannot_be_called():
    with pytest.raises(TypeError, match="Compose: transforms: expected callables, got 'flip'"):
        Compose(["flip"])
