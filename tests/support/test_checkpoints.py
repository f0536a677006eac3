"""Checkpoint files: what is written is read, and a write that fails changes nothing."""

import errno
import os

import numpy as np
import pytest

from tinytorch.support import files
from tinytorch.support.checkpoints import read_checkpoint, write_checkpoint


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def test_arrays_and_values_are_read_as_they_were_written(path):
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "count": np.array(3)}
    write_checkpoint(path, arrays, {"steps": 7, "lr": np.float32(0.5), "name": None})
    read, info = read_checkpoint(path)
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype and np.array_equal(read[name], array)
    assert info == {"steps": 7, "lr": 0.5, "name": None}


GRID = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
LAYOUTS = {
    "transposed": GRID.T,
    "in Fortran's order": np.asfortranarray(GRID),
    "reversed": GRID[::-1, :, ::-1],
    "strided": GRID[:, ::2, 1::2],
    "broadcast": np.broadcast_to(GRID[0, 0], (5, 4)),
    "one number, broadcast": np.broadcast_to(np.float32(7), (2, 3)),
    "a matrix with no rows": np.zeros((0, 3)).T,
    "the other byte order": GRID.astype(GRID.dtype.newbyteorder()),
    "a number of the other byte order": np.array(3, dtype=np.dtype(np.int64).newbyteorder()),
    "bools, transposed": (GRID > 5).T,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_numbers_are_the_same_whatever_the_layout(path, layout):
    array = LAYOUTS[layout]
    write_checkpoint(path, {"a": array}, {})
    read = read_checkpoint(path)[0]["a"]
    assert read.shape == array.shape and read.dtype == array.dtype.newbyteorder("=")
    assert read.tolist() == array.tolist()


@pytest.mark.parametrize("array", [np.ones(2, np.longdouble), np.ones(2, complex), np.array(["a"]), np.array([None])])
def test_a_dtype_that_no_such_file_holds_is_told_and_the_old_file_stays(path, array):
    write_checkpoint(path, {"a": np.zeros(3)}, {})
    with pytest.raises(
        TypeError, match=f"checkpoint {path}: a: expected numbers of at most 64 bits, got {array.dtype}"
    ):
        write_checkpoint(path, {"a": array}, {})
    assert read_checkpoint(path)[0]["a"].tolist() == [0, 0, 0]


def test_a_checkpoint_is_written_through_a_link_and_not_where_it_is_read_only(path):
    write_checkpoint(path, {"a": np.zeros(3)}, {})
    path.chmod(0o600)
    link = path.with_name("link.safetensors")
    link.symlink_to(path.name)
    write_checkpoint(link, {"a": np.ones(3)}, {})
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o600
    assert read_checkpoint(path)[0]["a"].tolist() == [1, 1, 1]
    path.chmod(0o400)
    with pytest.raises(OSError, match=r"not written: it is read-only \(mode 0400\); the older file there is unchanged"):
        write_checkpoint(link, {"a": np.zeros(3)}, {})


def test_a_file_is_overwritten_as_a_whole(path):
    write_checkpoint(path, {"a": np.zeros(1000)}, {})
    write_checkpoint(path, {"b": np.ones(1)}, {})
    assert list(read_checkpoint(path)[0]) == ["b"]
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(path, monkeypatch, call):
    write_checkpoint(path, {"a": np.zeros(10)}, {})
    kept = path.read_bytes()

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(
        OSError, match=f"checkpoint {path}: not written: No space left on device; the older file there is unchanged"
    ):
        write_checkpoint(path, {"b": np.ones(10)}, {})
    assert path.read_bytes() == kept
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(
        OSError, match="nowhere/run.safetensors: not written: No such file or directory; no file was left behind"
    ):
        write_checkpoint(tmp_path / "nowhere" / "run.safetensors", {}, {})


@pytest.mark.parametrize("keep", [0, 4, 100, -1], ids=["nothing", "4 bytes", "100 bytes", "all but one byte"])
def test_a_truncated_file_is_named_with_its_size(path, keep):
    write_checkpoint(path, {"a": np.zeros(100)}, {})
    rest = path.read_bytes()[:keep]
    path.write_bytes(rest)
    with pytest.raises(ValueError, match=rf"checkpoint {path}: truncated or damaged \({len(rest):,} bytes\)"):
        read_checkpoint(path)


def test_a_folder_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", "3", "[" * 100_000])
def test_a_damaged_head_is_told_with_the_file(path, text):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3)}, path, {"tinytorch": text})
    with pytest.raises(ValueError, match=f"checkpoint {path}: damaged"):
        read_checkpoint(path)


def test_a_file_of_other_software_is_named(path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="a safetensors file, but not one of a Trainer"):
        read_checkpoint(path)
