"""What a data set hands out, the digits that come with the package, and the shapes that are drawn."""

import hashlib
import math
import subprocess
import sys

import numpy as np
import pytest

from tinytorch.core.dataloader import Compose, DataLoader, Normalize, RandomCrop, random_split
from tinytorch.core.tensor import Tensor
from tinytorch.data import CIFAR10, Digits, TinyShapes, cifar, data_home, digits
from tinytorch.data.__main__ import main
from tinytorch.data.images import ImageDataset
from tinytorch.data.shapes import SHAPES

BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def small(transform=None):
    images = np.arange(5 * 3 * 2 * 2, dtype=np.uint8).reshape(5, 3, 2, 2) * 4
    return ImageDataset(images, np.array([4, 3, 2, 1, 0], dtype=np.uint8), list("abcde"), transform)


# ---- what a data set hands out ---------------------------------------------------------------------


@pytest.mark.parametrize("index", [2, np.int64(2), -3])
def test_an_integer_gives_one_picture_and_its_label(index):
    image, label = small()[index]
    assert isinstance(image, Tensor)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image.data, small().images[2] / np.float32(255))
    assert label == 2
    assert type(label) is int


@pytest.mark.parametrize("index", [[3, 0, 3], np.array([3, 0, 3]), (3, 0, 3), np.array([-2, 0, 3])])
def test_indices_give_a_batch_in_their_order(index):
    images, labels = small()[index]
    assert isinstance(images, Tensor)
    assert isinstance(labels, Tensor)
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images.data, small().images[[3, 0, 3]] / np.float32(255))
    np.testing.assert_array_equal(labels.data, [1, 4, 1])


def test_a_slice_gives_a_batch_that_may_be_changed():
    dataset = small()
    images, labels = dataset[1:3]
    np.testing.assert_array_equal(images.data, small().images[1:3] / np.float32(255))
    images.data[:], labels.data[:] = 0, 0
    np.testing.assert_array_equal(dataset.images, small().images)
    np.testing.assert_array_equal(dataset.labels, small().labels)


def test_a_loop_over_a_data_set_ends():
    assert [label for _, label in small()] == [4, 3, 2, 1, 0]
    with pytest.raises(IndexError, match="5"):
        small()[5]


def test_bytes_become_fractions_as_division_by_255_gives_them():
    every = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    images, _ = ImageDataset(every, np.zeros(256), ["only"])[:]
    np.testing.assert_array_equal(images.data.ravel(), np.arange(256, dtype=np.float32) / np.float32(255))


def test_a_transform_sees_batches_and_may_change_their_shape():
    seen = []

    def crop(images):
        seen.append((images.shape, images.dtype, images.max() <= 1))
        return images[:, :1, :, 1:] + 1

    dataset = small(transform=crop)
    image, _ = dataset[2]
    images, _ = dataset[[2, 4]]
    assert image.shape == (1, 2, 1)
    assert images.shape == (2, 1, 2, 1)
    np.testing.assert_array_equal(images.data[0], image.data)
    assert seen == [((1, 3, 2, 2), np.float32, True), ((2, 3, 2, 2), np.float32, True)]


def test_a_loader_asks_once_per_batch_also_through_parts_and_transforms():
    seen = []

    def counted(images):
        seen.append(len(images))
        return images

    shapes = TinyShapes(n=50, transform=Compose([counted, RandomCrop(32, padding=2), Normalize(0.5, 0.25)]))
    part, _ = random_split(shapes, [40, 10])
    batches = list(DataLoader(part, batch_size=16, shuffle=True, seed=0))
    assert seen == [16, 16, 8]
    assert [images.shape for images, _ in batches] == [(16, 3, 32, 32), (16, 3, 32, 32), (8, 3, 32, 32)]
    assert all(images.dtype == np.float32 and labels.dtype == np.int64 for images, labels in batches)
    labels = np.concatenate([labels.data for _, labels in batches])
    assert sorted(labels) == sorted(shapes.labels[part.indices])


def test_batches_of_a_loader_hold_each_label_beside_its_picture():
    images = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    loader = DataLoader(ImageDataset(images, np.arange(50), ["any"]), batch_size=7, shuffle=True, seed=1)
    for pictures, labels in loader:
        np.testing.assert_array_equal(np.rint(pictures.data.ravel() * 255), labels.data)


# ---- the digits ------------------------------------------------------------------------------------


def test_the_digits_are_the_1797_of_the_source_in_a_small_file():
    train, test = Digits(), Digits(train=False)
    assert (len(train), len(test)) == (1442, 355)
    assert train.images.shape[1:] == (1, 8, 8)
    counts = np.bincount(train.labels) + np.bincount(test.labels)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert train.classes == list("0123456789")
    assert digits.FILE.stat().st_size < 60_000


def test_no_pixel_of_the_digits_has_changed():
    first_row_of_the_source = "0 0 5 13 9 1 0 0 0 0 13 15 10 15 5 0 0 3 15 2 0 11 8 0 0 4 12 0 0 8 8 0 0 5 8 0 0 9 8 0"
    train = Digits()
    assert train.images[0].ravel()[:40].tolist() == [int(value) for value in first_row_of_the_source.split()]
    assert train.labels[0] == 0
    with np.load(digits.FILE) as stored:
        content = stored["images"].tobytes() + stored["labels"].tobytes()
    assert hashlib.sha256(content).hexdigest() == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_every_fifth_digit_of_a_class_is_held_out():
    with np.load(digits.FILE) as stored:
        images, labels = stored["images"], stored["labels"]
    train, test = Digits(), Digits(train=False)
    for digit in range(10):
        source = images[labels == digit]
        np.testing.assert_array_equal(test.images[test.labels == digit][:, 0], source[4::5])
        rest = np.delete(source, np.s_[4::5], axis=0)
        np.testing.assert_array_equal(train.images[train.labels == digit][:, 0], rest)


def test_sixteen_is_white():
    images, labels = Digits()[:]
    assert (images.data.min(), images.data.max()) == (0, 1)
    np.testing.assert_array_equal(images.data, Digits().images / np.float32(16))
    np.testing.assert_array_equal(labels.data, Digits().labels)


def test_the_digits_name_their_source_and_licence():
    notice = (digits.FILE.parent / "digits.txt").read_text()
    for fact in ["Alpaydin", "Kaynak", "1998", "10.24432/C50P49", "CC BY 4.0", "licenses/by/4.0"]:
        assert fact in notice


# ---- the shapes ------------------------------------------------------------------------------------


def drawn(kind, n=1200, **keywords):
    """How much of each pixel is covered (N, 32, 32) in white-on-black pictures of one kind of shape."""
    keywords = {"colour": (WHITE, BLACK), "noise": 0, "size": (0.3, 0.5)} | keywords
    shapes = TinyShapes(n, **keywords)
    return shapes.images[shapes.labels == list(SHAPES).index(kind), 0] / 255


def test_the_same_arguments_draw_the_same_pictures():
    one, two = TinyShapes(n=600, seed=3), TinyShapes(n=600, seed=3)
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.labels, two.labels)


@pytest.mark.parametrize("other", [{"seed": 4}, {"seed": 3, "train": False}])
def test_another_seed_or_part_draws_other_pictures(other):
    one, two = TinyShapes(n=100, seed=3), TinyShapes(n=100, **other)
    assert (one.labels != two.labels).any()
    pairs = (one.images[:, None] == two.images[None]).all(axis=(2, 3, 4))
    assert not pairs.any(), "a picture stands in both"


def test_the_classes_have_equal_shares_in_mixed_order():
    shapes = TinyShapes(n=1003)
    counts = np.bincount(shapes.labels, minlength=10)
    assert sorted(counts) == [100] * 7 + [101] * 3
    assert len(set(shapes.labels[:30])) > 5
    assert shapes.classes == list(SHAPES)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_shape_lies_in_its_box_and_reaches_all_of_it(kind):
    box = drawn(kind, position=(0.5, 0.0, 1.0, 0.5)) > 0
    assert box.any(axis=(1, 2)).all()
    covered = box.any(axis=0)
    assert not covered[16:, :].any()
    assert not covered[:, :16].any()
    # the outermost pixel is met only by the very edge of a shape: one pixel less must be
    assert covered[1:15, :].any(axis=1).all()
    assert covered[:, 17:31].any(axis=0).all()


AREAS = {  # in squares of the radius
    "circle": math.pi,
    "square": 4,
    "triangle": 2,
    "diamond": 2,
    "cross": 4 * 2 * 0.3 - 4 * 0.3**2,
    "star": 10 * 0.5 * 0.42 * math.sin(math.pi / 5),
    "ring": math.pi * (1 - 0.55**2),
    # a square of side a on its corner and two half discs of diameter a, together 2 wide
    "heart": (lambda a: a**2 + math.pi * (a / 2) ** 2)(2 * math.sqrt(2) / (1 + math.sqrt(2))),
    "stripes": 3 * 2 * 0.4,
}


@pytest.mark.parametrize("kind", AREAS)
@pytest.mark.parametrize("size", [0.4, 1.0])
def test_the_covered_area_is_that_of_the_shape(kind, size):
    radius = size * 32 / 2 - 0.5
    area = drawn(kind, n=300, size=(size, size)).sum(axis=(1, 2)).mean()
    # A pixel's cover is taken from the distance at its middle. That is exact along straight edges; at a
    # corner, where a quarter is covered, it gives a half: off by 1/4, and no shape has more than 12 corners.
    assert area == pytest.approx(AREAS[kind] * radius**2, abs=12 / 4)


def test_size_is_the_width_of_the_shape():
    for size in (0.25, 0.5, 1.0):
        widths = drawn("square", size=(size, size)).sum(axis=2).max(axis=1)
        np.testing.assert_allclose(widths, size * 32 - 1, atol=0.02)
    widths = drawn("square", size=(0.25, 0.75)).sum(axis=2).max(axis=1) + 1
    assert 8 <= widths.min() < 10
    assert 22 < widths.max() <= 24


def test_no_two_classes_look_alike():
    pictures = {kind: drawn(kind, n=10, size=(1, 1))[0] for kind in SHAPES}
    for one in SHAPES:
        for two in SHAPES:
            if one < two:
                a, b = pictures[one], pictures[two]
                common = np.minimum(a, b).sum() / np.maximum(a, b).sum()
                assert common < 0.8, f"{one} and {two} share {common:.0%} of their area"


def test_colour_says_nothing_about_the_class():
    shapes = TinyShapes(n=3000, noise=0)
    corner = shapes.images[:, :, 0, 0].astype(float)
    spread = corner.std() / math.sqrt(300)
    for label in range(10):
        assert abs(corner[shapes.labels == label].mean(axis=0) - corner.mean(axis=0)).max() < 5 * spread
    assert corner.std(axis=0).min() > 60, "backgrounds of all colours"


def test_shape_and_background_are_told_apart_in_each_channel():
    shapes = TinyShapes(n=500, noise=0, size=(0.5, 0.5))
    squares = shapes.images[shapes.labels == shapes.classes.index("square")].astype(float) / 255
    flat = squares.reshape(len(squares), 3, -1)
    # without noise a picture has two plain colours and mixtures of them, which lie between
    apart = flat.max(axis=2) - flat.min(axis=2)
    assert apart.min() > 0.345


def test_colours_are_those_asked_for():
    shapes = TinyShapes(n=50, colour=((1, 0, 0.2), (0, 0.4, 1)), noise=0)
    for picture in shapes.images:
        colours = picture.reshape(3, -1).T
        assert (colours == [0, 102, 255]).all(axis=1).sum() > 500
        assert (colours == [255, 0, 51]).all(axis=1).any()


def test_noise_has_the_deviation_asked_for():
    shapes = TinyShapes(n=50, colour=((0.5,) * 3, (0.5,) * 3), noise=0.1)
    assert shapes.images.std() == pytest.approx(25.5, rel=0.02)
    assert shapes.images.mean() == pytest.approx(127.5, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"position": (0.5, 0, 0.5, 1)}, "position must be (left, top, right, bottom)"),
        ({"position": (0, 0, 1.1, 1)}, "position must be (left, top, right, bottom)"),
        ({"position": (0, 0, 1)}, "position must be (left, top, right, bottom)"),
        ({"position": (0, 0, math.nan, 1)}, "position must be (left, top, right, bottom)"),
        ({"size": (0.5, 0.4)}, "size must be (least, greatest)"),
        ({"size": (0.1, 0.4)}, "0.125 <= least"),
        ({"size": (0.4,)}, "size must be (least, greatest)"),
        ({"position": (0.1, 0.1, 0.5, 0.5)}, "try size=(0.3, 0.4)"),
        ({"colour": (1, 0, 0)}, "colour must be two triples"),
        ({"colour": ((255, 0, 0), (0, 0, 0))}, "colour must be two triples"),
        ({"noise": -0.1}, "noise must not be negative, got -0.1"),
        ({"noise": math.nan}, "noise must not be negative"),
    ],
)
def test_impossible_shapes_are_refused_by_name(arguments, said):
    with pytest.raises(ValueError, match="^TinyShapes: ") as caught:
        TinyShapes(**{"n": 10} | arguments)
    assert said in str(caught.value)


# ---- the command and the import --------------------------------------------------------------------


def test_the_command_prints_the_folder(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tinytorch.data", "path"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout == f"{data_home()}\n"


def test_the_command_leaves_a_whole_set_and_prints_its_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cifar, "PICTURES_PER_FILE", 2)
    folder = tmp_path / cifar.BINARY
    folder.mkdir()
    for name in cifar.TRAIN + cifar.TEST:
        (folder / f"{name}.bin").write_bytes(bytes(2 * 3073))
    assert main(["get", "cifar10", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert len(CIFAR10(tmp_path)) == 10


def test_the_command_reports_an_error_in_one_line_and_its_status(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert main(["get", "cifar10", "--data", str(tmp_path / "file")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: cannot write to {tmp_path / 'file'}")
    assert captured.err.count("\n") == 1


def test_the_command_can_be_stopped(monkeypatch, capsys):
    def stopped(root):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinytorch.data.download.download_cifar10", stopped)
    assert main(["get", "cifar10"]) == 130
    assert "run again to go on" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["get"], ["get", "imagenet"], ["fetch"]])
def test_the_command_refuses_what_it_does_not_know(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m tinytorch.data" in capsys.readouterr().err


def test_importing_the_data_sets_imports_nothing_of_the_download_and_no_chapter():
    heavy = "{'tqdm', 'tarfile', 'urllib.request', 'argparse', 'tinytorch.core.tensor', 'tinytorch.core.dataloader'}"
    before, after = (
        subprocess.run(
            [sys.executable, "-c", f"import sys, {module}; print(*sorted({heavy} & {{*sys.modules}}))"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for module in ("numpy", "tinytorch.data")
    )
    assert after == before
