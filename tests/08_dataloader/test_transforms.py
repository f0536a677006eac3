"""Normalize, RandomHorizontalFlip, RandomCrop and Compose, on whole batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.dataloader import Compose, Normalize, RandomCrop, RandomHorizontalFlip
from tinytorch.core.tensor import Tensor, manual_seed
from tinytorch.testing import assert_close, generator

TRANSFORMS = [
    Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
    RandomHorizontalFlip(),
    RandomCrop(6, padding=2),
    RandomCrop((5, 6), padding=(0, 1), per_batch=True),
]
ids = [type(t).__name__ for t in TRANSFORMS]


def pictures(n=4, dtype=np.float32):
    """Pictures in which no number occurs twice, and none is 0."""
    return (generator().permutation(n * 3 * 6 * 7) + 1).reshape(n, 3, 6, 7).astype(dtype)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
def test_the_input_is_left_as_it_was_and_shares_no_memory_with_the_result(transform):
    images = pictures()
    before = images.copy()
    result = transform(images)
    assert not np.shares_memory(result, images)
    result[...] = -1
    assert_close(images, before)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_result_is_of_the_same_kind_and_dtype(transform, dtype):
    images = pictures(dtype=dtype)
    assert type(transform(images)) is np.ndarray and transform(images).dtype == dtype
    assert type(transform(Tensor(images))) is Tensor and transform(Tensor(images)).dtype == dtype


@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
def test_manual_seed_makes_it_repeatable_and_the_next_call_differs(transform):
    images = pictures(64)
    results = []
    for _ in range(2):
        manual_seed(3)
        results.append(transform(images))
    assert_close(results[0], results[1])
    if not isinstance(transform, Normalize) and not getattr(transform, "per_batch", False):
        assert not np.array_equal(results[0], transform(images))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("transform", TRANSFORMS, ids=ids)
@pytest.mark.parametrize(
    "images", [np.zeros((3, 8, 8), np.float32), np.zeros((2, 3, 8, 8), np.uint8)], ids=["one picture", "bytes"]
)
def test_what_is_no_batch_of_pictures_is_refused_with_the_fix(transform, images):
    with pytest.raises(ValueError, match=r"expected floating pictures N x C x H x W, .* image\[None\].* divide by 255"):
        transform(images)


# ---- Normalize --------------------------------------------------------------------------------------


def test_normalize_works_channel_by_channel():
    images = pictures(dtype=np.float64)
    mean, std = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 4.0])
    result = Normalize(mean, std)(images)
    for c in range(3):
        assert_close(result[:, c], (images[:, c] - mean[c]) / std[c])
    assert_close(Normalize(1.0, 2.0)(images), (images - 1) / 2)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_normalize_refuses_other_channels_and_a_std_of_zero():
    with pytest.raises(ValueError, match="Normalize: expected pictures with 2 channels, .* got 3 in shape"):
        Normalize((0.5, 0.5), (1, 1))(pictures())
    with pytest.raises(ValueError, match=r"Normalize: std: expected numbers above 0, got \(1, 0\)"):
        Normalize((0, 0), (1, 0))


# ---- RandomHorizontalFlip ---------------------------------------------------------------------------


def test_every_picture_is_itself_or_its_mirror_image_in_its_own_place():
    images = pictures(300)
    result = RandomHorizontalFlip()(images)
    mirrored = (result == images[..., ::-1]).all((1, 2, 3))
    assert (mirrored ^ (result == images).all((1, 2, 3))).all()
    assert 75 < mirrored.sum() < 225  # of 300 fair coins, outside once in 10^17 runs


@pytest.mark.parametrize(("p", "mirrored"), [(0, False), (1, True)])
def test_certainty_is_certain(p, mirrored):
    images = pictures(50)
    assert_close(RandomHorizontalFlip(p)(images), images[..., ::-1].copy() if mirrored else images)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_probability_outside_of_0_to_1_is_refused(p):
    with pytest.raises(ValueError, match="RandomHorizontalFlip: p: expected a probability from 0 to 1"):
        RandomHorizontalFlip(p)


# ---- RandomCrop -------------------------------------------------------------------------------------


def place(result, padded):
    """Where in its padded picture the window `result` was cut, or None."""
    height, width = result.shape[1:]
    for top in range(padded.shape[1] - height + 1):
        for left in range(padded.shape[2] - width + 1):
            if (padded[:, top : top + height, left : left + width] == result).all():
                return top, left
    return None


@given(st.tuples(st.integers(3, 6), st.integers(3, 7)), st.tuples(st.integers(0, 2), st.integers(0, 2)), st.booleans())
def test_each_result_is_a_window_of_its_own_picture_with_a_frame_of_zeros(size, padding, per_batch):
    images = pictures(5)
    result = RandomCrop(size, padding, per_batch)(images)
    assert result.shape == (5, 3, *size)
    padded = np.pad(images, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    places = [place(result[i], padded[i]) for i in range(5)]
    assert None not in places
    if per_batch:
        assert len(set(places)) == 1


def test_every_place_is_as_likely_as_every_other():
    images = pictures(1800)
    padded = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)])
    result = RandomCrop((6, 7), padding=1)(images)
    counts = np.zeros((3, 3))
    for i in range(len(images)):
        counts[place(result[i], padded[i])] += 1
    assert (np.abs(counts - 200) < 100).all()  # 200 expected, standard deviation 13


def test_without_padding_a_window_of_full_size_is_the_picture():
    images = pictures()
    assert_close(RandomCrop((6, 7))(images), images)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_sizes_that_make_no_sense_are_refused():
    with pytest.raises(
        ValueError, match=r"RandomCrop: size \(9, 9\) is larger than the padded pictures, \(8, 9\); pass padding=2"
    ):
        RandomCrop(9, padding=1)(pictures())
    with pytest.raises(ValueError, match="RandomCrop: size: expected a whole number from 1 or a pair of them, got 0"):
        RandomCrop(0)
    with pytest.raises(
        ValueError, match="RandomCrop: padding: expected a whole number from 0 or a pair of them, got -1"
    ):
        RandomCrop(8, padding=-1)


# ---- Compose ----------------------------------------------------------------------------------------


def test_compose_applies_the_first_one_first():
    images = pictures()
    prepare = Compose([RandomHorizontalFlip(1.0), Normalize(1.0, 2.0), lambda x: x[:, :1]])
    assert_close(prepare(images), ((images[..., ::-1] - 1) / 2)[:, :1])


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_compose_refuses_what_cannot_be_called():
    with pytest.raises(TypeError, match="Compose: transforms: expected callables, got 'flip'"):
        Compose(["flip"])
