"""Normalize, RandomHorizontalFlip, RandomCrop and Compose, on whole batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.dataloader import Compose, Normalize, RandomCrop, RandomHorizontalFlip
from tinytorch.core.tensor import Tensor
from tinytorch.support.random import manual_seed
from tinytorch.testing import assert_close, generator

TRANSFORMS = [
    Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
    RandomHorizontalFlip(),
    RandomCrop(6, padding=2),
    RandomCrop((5, 6), padding=(0, 1), per_batch=True),
]
ids = [type(t).__name__ for t in TRANSFORMS]


def drawn_images(n=4, dtype=np.float32):
    """Images in which no number occurs twice, and none is 0."""
    return (generator().permutation(n * 3 * 6 * 7) + 1).reshape(n, 3, 6, 7).astype(dtype)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
def test_the_input_is_left_as_it_was_and_shares_no_memory_with_the_result(transform):
    images = drawn_images()
    before = images.copy()
    result = transform(images)
    assert not np.shares_memory(result, images)
    result[...] = -1
    assert_close(images, before)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_result_is_of_the_same_kind_and_dtype(transform, dtype):
    images = drawn_images(dtype=dtype)
    assert type(transform(images)) is np.ndarray and transform(images).dtype == dtype
    assert type(transform(Tensor(images))) is Tensor and transform(Tensor(images)).dtype == dtype


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
def test_manual_seed_makes_it_repeatable_and_the_next_call_differs(transform):
    images = drawn_images(64)
    results = []
    for _ in range(2):
        manual_seed(3)
        results.append(transform(images))
    assert_close(results[0], results[1])
    if not isinstance(transform, Normalize) and not getattr(transform, "per_batch", False):
        assert not np.array_equal(results[0], transform(images))


# ---- Normalize --------------------------------------------------------------------------------------


def test_normalize_works_channel_by_channel():
    images = drawn_images(dtype=np.float64)
    mean, std = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 4.0])
    result = Normalize(mean, std)(images)
    for c in range(3):
        assert_close(result[:, c], (images[:, c] - mean[c]) / std[c])
    assert_close(Normalize(1.0, 2.0)(images), (images - 1) / 2)


# ---- RandomHorizontalFlip ---------------------------------------------------------------------------


def test_every_image_is_itself_or_its_mirror_image_in_its_own_place():
    images = drawn_images(300)
    result = RandomHorizontalFlip()(images)
    mirrored = (result == images[..., ::-1]).all((1, 2, 3))
    assert (mirrored ^ (result == images).all((1, 2, 3))).all()
    assert 75 < mirrored.sum() < 225  # of 300 fair coins, outside once in 10^17 runs


@pytest.mark.parametrize(("p", "mirrored"), [(0, False), (1, True)])
def test_certainty_is_certain(p, mirrored):
    images = drawn_images(50)
    assert_close(RandomHorizontalFlip(p)(images), images[..., ::-1].copy() if mirrored else images)


# ---- RandomCrop -------------------------------------------------------------------------------------


def place(result, padded):
    """Where in its padded image the window `result` was cut, or None."""
    height, width = result.shape[1:]
    for top in range(padded.shape[1] - height + 1):
        for left in range(padded.shape[2] - width + 1):
            if (padded[:, top : top + height, left : left + width] == result).all():
                return top, left
    return None


@given(st.tuples(st.integers(3, 6), st.integers(3, 7)), st.tuples(st.integers(0, 2), st.integers(0, 2)), st.booleans())
def test_each_result_is_a_window_of_its_own_image_with_a_frame_of_zeros(size, padding, per_batch):
    images = drawn_images(5)
    result = RandomCrop(size, padding, per_batch)(images)
    assert result.shape == (5, 3, *size)
    padded = np.pad(images, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    places = [place(result[i], padded[i]) for i in range(5)]
    assert None not in places
    if per_batch:
        assert len(set(places)) == 1


def test_every_place_is_as_likely_as_every_other():
    images = drawn_images(1800)
    padded = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)])
    result = RandomCrop((6, 7), padding=1)(images)
    counts = np.zeros((3, 3))
    for i in range(len(images)):
        counts[place(result[i], padded[i])] += 1
    assert (np.abs(counts - 200) < 100).all()  # 200 expected, standard deviation 13


def test_without_padding_a_window_of_full_size_is_the_image():
    images = drawn_images()
    assert_close(RandomCrop((6, 7))(images), images)


# ---- Compose ----------------------------------------------------------------------------------------


def test_compose_applies_the_first_one_first():
    images = drawn_images()
    prepare = Compose([RandomHorizontalFlip(1.0), Normalize(1.0, 2.0), lambda x: x[:, :1]])
    assert_close(prepare(images), ((images[..., ::-1] - 1) / 2)[:, :1])
