"""Reading CIFAR-10's two versions: every byte in its place, and every damage named."""

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from tinytorch.data import CIFAR10, TinyShapes, cifar, data_home

N = 3  # pictures in each file of a small set


@pytest.fixture
def records(monkeypatch):
    """Of each file, its name and its records (N, 3073) as the binary version holds them."""
    monkeypatch.setattr(cifar, "PICTURES_PER_FILE", N)
    rng = np.random.default_rng(5)
    records = {name: rng.integers(0, 256, (N, 3073), dtype=np.uint8) for name in cifar.TRAIN + cifar.TEST}
    for content in records.values():
        content[:, 0] %= 10
    return records


def numpy_1_name(pickled):
    return pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def as_python_3_writes(content):
    batch = {b"labels": content[:, 0].tolist(), b"data": content[:, 1:].copy()}
    return numpy_1_name(pickle.dumps(batch, protocol=2))


def as_numpy_2_writes(content):
    pickled = pickle.dumps({b"labels": content[:, 0].tolist(), b"data": content[:, 1:].copy()}, protocol=2)
    assert b"numpy._core.multiarray" in pickled
    return pickled


def column_by_column(content):
    batch = {b"labels": content[:, 0].tolist(), b"data": np.asfortranarray(content[:, 1:])}
    return numpy_1_name(pickle.dumps(batch, protocol=2))


def as_python_2_wrote(content):
    """The opcodes of the published files: byte strings stand in the pickle as they are."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    labels = b"](" + b"".join(b"K" + bytes([label]) for label in content[:, 0]) + b"e"
    pixels = content[:, 1:].tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
        b"(K\x01(K" + bytes([len(content)]) + b"M" + struct.pack("<H", 3072) + b"t"
        b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR"
        b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + struct.pack("<i", len(pixels)) + pixels + b"tb"
    )
    return b"\x80\x02}(" + text(b"labels") + labels + text(b"data") + array + b"u."


def write_binary(records, root):
    folder = root / cifar.BINARY
    folder.mkdir(parents=True)
    for name, content in records.items():
        (folder / f"{name}.bin").write_bytes(content.tobytes())
    (folder / cifar.META).write_text("\n".join(cifar.CLASSES) + "\n\n")
    return folder


def write_python(records, root, form=as_numpy_2_writes):
    folder = root / cifar.PYTHON
    folder.mkdir(parents=True)
    for name, content in records.items():
        (folder / name).write_bytes(form(content))
    return folder


def complaint(error, *arguments, **keywords):
    with pytest.raises(error) as caught:
        CIFAR10(*arguments, **keywords)
    return str(caught.value)


# ---- what is read ----------------------------------------------------------------------------------


def test_the_binary_version_is_label_then_red_green_blue_plane_row_by_row(records, tmp_path):
    write_binary(records, tmp_path)
    train, test = CIFAR10(tmp_path), CIFAR10(tmp_path, train=False)
    assert train.images.shape == (5 * N, 3, 32, 32)
    assert test.images.shape == (N, 3, 32, 32)
    assert train.images.dtype == np.uint8
    assert train.labels.dtype == np.int64
    assert train.classes == cifar.CLASSES
    for file, picture, channel, row, column in [(0, 0, 0, 0, 0), (4, 2, 2, 31, 31), (1, 1, 1, 2, 30)]:
        stored = records[f"data_batch_{file + 1}"][picture]
        at = 1 + channel * 1024 + row * 32 + column
        assert train.images[file * N + picture, channel, row, column] == stored[at]
        assert train.labels[file * N + picture] == stored[0]
    assert (test.labels == records["test_batch"][:, 0]).all()


@pytest.mark.parametrize(
    "form",
    [as_python_2_wrote, as_python_3_writes, as_numpy_2_writes, column_by_column],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("train", [True, False])
def test_the_python_version_holds_the_same_pictures(records, tmp_path, form, train):
    write_binary(records, tmp_path / "one")
    write_python(records, tmp_path / "two", form)
    binary, python = (CIFAR10(tmp_path / which, train=train) for which in ("one", "two"))
    np.testing.assert_array_equal(python.images, binary.images)
    np.testing.assert_array_equal(python.labels, binary.labels)
    assert python.classes == binary.classes


def test_the_folder_of_the_files_may_be_named_itself(records, tmp_path):
    binary, python = write_binary(records, tmp_path), write_python(records, tmp_path)
    assert len(CIFAR10(binary)) == len(CIFAR10(str(python))) == 5 * N


def test_the_binary_version_is_read_where_both_are_there(records, tmp_path):
    write_binary(records, tmp_path)
    for path in write_python(records, tmp_path).iterdir():
        path.write_bytes(b"not a pickle")
    assert len(CIFAR10(tmp_path)) == 5 * N


def test_the_set_is_looked_for_in_the_data_home(records, tmp_path, monkeypatch):
    write_binary(records, tmp_path)
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
    assert data_home() == tmp_path
    assert len(CIFAR10()) == 5 * N


def test_the_data_home_is_in_the_cache_of_the_user(monkeypatch):
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert data_home() == Path.home() / ".cache" / "tinytorch"
    monkeypatch.setenv("XDG_CACHE_HOME", os.sep + "cache")
    assert data_home() == Path(os.sep + "cache") / "tinytorch"
    monkeypatch.setenv("TINYTORCH_DATA", os.path.join("~", "sets"))
    assert data_home() == Path.home() / "sets"


def test_download_fetches_a_missing_set_only(records, tmp_path, monkeypatch):
    fetched = []

    def fake(root):
        fetched.append(root)
        return write_binary(records, root)

    monkeypatch.setattr("tinytorch.data.download.download_cifar10", fake)
    assert len(CIFAR10(tmp_path, download=True)) == 5 * N
    assert len(CIFAR10(tmp_path, download=True)) == 5 * N
    assert fetched == [tmp_path]


# ---- what is damaged -------------------------------------------------------------------------------


def test_where_nothing_is_the_message_says_how_to_get_it(tmp_path):
    message = complaint(FileNotFoundError, tmp_path / "nowhere")
    assert f"{tmp_path / 'nowhere'} holds neither {cifar.BINARY} nor {cifar.PYTHON}" in message
    assert f"python -m tinytorch.data get cifar10 --data {tmp_path / 'nowhere'}" in message
    assert "TINYTORCH_DATA" in message


@pytest.mark.parametrize("size", [0, 1, N * 3073 - 1, (N - 1) * 3073, (N + 1) * 3073])
def test_a_binary_file_of_another_size_is_named_with_both_sizes(records, tmp_path, size):
    path = write_binary(records, tmp_path) / "data_batch_3.bin"
    path.write_bytes(bytes(size))
    message = complaint(ValueError, tmp_path)
    assert f"{path}: expected {N * 3073:,} bytes (3 pictures of 3,073), got {size:,}" in message
    assert f"python -m tinytorch.data get cifar10 --data {tmp_path}" in message
    assert len(CIFAR10(tmp_path, train=False)) == N, "the test set is whole"


def test_without_the_list_of_classes_the_sizes_are_still_cifar_10s(records, tmp_path):
    folder = write_binary(records, tmp_path)
    (folder / cifar.META).unlink()
    assert CIFAR10(tmp_path).classes == cifar.CLASSES
    (folder / "data_batch_3.bin").write_bytes(bytes(3073))
    assert "got 3,073" in complaint(ValueError, tmp_path)


def test_a_published_file_holds_ten_thousand_pictures(tmp_path):
    (tmp_path / "test_batch.bin").write_bytes(bytes(3073))
    message = complaint(ValueError, tmp_path, train=False)
    assert "expected 30,730,000 bytes (10,000 pictures of 3,073), got 3,073" in message


@pytest.mark.parametrize("write", [write_binary, write_python])
def test_a_missing_file_is_named(records, tmp_path, write):
    folder = write(records, tmp_path)
    path = next(folder.glob("data_batch_4*"))
    path.unlink()
    assert f"{path}: the file is missing" in complaint(FileNotFoundError, tmp_path)


@pytest.mark.parametrize("write", [write_binary, write_python])
def test_a_label_that_is_no_class_is_named(records, tmp_path, write):
    records["data_batch_2"][1, 0] = 10
    folder = write(records, tmp_path)
    message = complaint(ValueError, tmp_path)
    assert str(folder / "data_batch_2") in message
    assert "picture 1 has the label 10, expected 0 to 9" in message


def test_a_list_of_other_than_ten_classes_is_refused(records, tmp_path):
    path = write_binary(records, tmp_path) / cifar.META
    path.write_text("airplane\nautom")
    assert f"{path}: expected 10 names of classes, one a line, got 2" in complaint(ValueError, tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 100, 9_000])
def test_a_pickle_that_ends_early_is_named_with_its_size(records, tmp_path, keep):
    path = write_python(records, tmp_path) / "data_batch_5"
    path.write_bytes(path.read_bytes()[:keep])
    message = complaint(ValueError, tmp_path)
    assert f"{path}: expected a pickle of more than {N * 3072:,} bytes, got {keep:,}" in message


# ---- what is forged --------------------------------------------------------------------------------


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def forged_state(dtype):
    array = np.zeros(2, dtype=dtype)
    return pickle.dumps({b"data": array, b"labels": [0, 0]}, protocol=2)


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        (lambda mark: pickle.dumps(Calls(os.system, f"echo > {mark}"), protocol=2), f"{os.name}.system"),
        (lambda mark: pickle.dumps(Calls(open, str(mark), "w"), protocol=2), ".open"),
        (lambda mark: pickle.dumps(Calls(eval, f"open({str(mark)!r}, 'w')"), protocol=4), "builtins.eval"),
        (lambda mark: pickle.dumps(Calls(np.save, str(mark), 0), protocol=2), "numpy.save"),
        (lambda mark: b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", "numpy.ndarray.tofile"),
        (lambda mark: b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", "rot13"),
        (lambda mark: b"\x80\x02cnumpy\nndarray\nK\x01\x85R.", "TypeError"),
        (lambda mark: forged_state(object), "array of"),
        (lambda mark: forged_state(np.float64), "array of"),
        (lambda mark: forged_state([("a", "u1")]), "array of"),
        (lambda mark: b"\x80\x02]b.", "UnpicklingError"),
        (lambda mark: pickle.dumps([1, 2]), "TypeError"),
        (lambda mark: pickle.dumps({b"data": b"1", b"labels": [1]}, protocol=2), "AttributeError"),
        (lambda mark: b"\x80\x02P1\n.", "persistent"),
    ],
)
def test_a_forged_pickle_runs_nothing_and_is_named(tmp_path, forged, said):
    mark, path = tmp_path / "it-ran", tmp_path / "test_batch"
    path.write_bytes(forged(mark))
    message = complaint(ValueError, tmp_path, train=False)
    assert f"{path}: expected a pickle" in message
    assert said in message
    assert not mark.exists()


def test_a_batch_of_another_shape_is_refused(records, tmp_path):
    folder = write_python(records, tmp_path)
    batch = {b"data": np.zeros((N, 3071), dtype=np.uint8), b"labels": [0] * N}
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    message = complaint(ValueError, tmp_path, train=False)
    assert f"expected data ({N}, 3072) and {N} whole numbers as labels, got data (3, 3071)" in message


@pytest.mark.parametrize("labels", [[0], [0.5] * N, ["0"] * N, [[0]] * N])
def test_labels_that_are_not_one_whole_number_each_are_refused(records, tmp_path, labels):
    folder = write_python(records, tmp_path)
    batch = {b"data": np.zeros((N, 3072), dtype=np.uint8), b"labels": labels}
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    assert f"{N} whole numbers as labels" in complaint(ValueError, tmp_path, train=False)


# ---- shapes in CIFAR-10's form ---------------------------------------------------------------------


def test_shapes_written_in_the_binary_form_are_read_back(tmp_path):
    train, test = TinyShapes(n=23), TinyShapes(n=7, train=False)
    train.write_cifar(tmp_path)
    test.write_cifar(tmp_path)
    for written, read in [(train, CIFAR10(tmp_path)), (test, CIFAR10(tmp_path, train=False))]:
        np.testing.assert_array_equal(read.images, written.images)
        np.testing.assert_array_equal(read.labels, written.labels)
        assert read.classes == written.classes
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"{name}.bin" for name in cifar.TRAIN + cifar.TEST),
        cifar.META,
    }


def test_a_cut_file_of_shapes_is_named(tmp_path):
    TinyShapes(n=23).write_cifar(tmp_path)
    path = tmp_path / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    message = complaint(ValueError, tmp_path)
    assert f"{path}: expected a multiple of 3,073 bytes (one picture each), got {5 * 3073 - 1:,}" in message


def test_shapes_are_not_written_over_another_set(records, tmp_path):
    folder = write_binary(records, tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(FileExistsError, match="holds another data set"):
        TinyShapes(n=10).write_cifar(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_five_files_need_five_pictures(tmp_path):
    with pytest.raises(ValueError, match="at least five pictures, got 4"):
        TinyShapes(n=4).write_cifar(tmp_path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    TinyShapes(n=5, train=False).write_cifar(tmp_path)
    before = (tmp_path / "test_batch.bin").read_bytes()

    def fails(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space left"):
        TinyShapes(n=6, train=False).write_cifar(tmp_path)
    assert (tmp_path / "test_batch.bin").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"test_batch.bin", cifar.META}
