"""Files that are written over: through links, with their mode, never one that is read-only."""

import os
import stat

import pytest

from tinytorch.support.files import write_file


@pytest.fixture
def path(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    return tmp_path / "old"


def test_a_link_stays_and_the_file_that_it_leads_to_is_written(path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    near, far = tmp_path / "near", tmp_path / "elsewhere" / "far"
    far.symlink_to("../old")
    near.symlink_to(far)
    write_file(near, b"new")
    assert near.is_symlink() and far.is_symlink()
    assert path.read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "near", "old"]


def test_a_link_to_a_file_that_is_not_there_yet_makes_it(tmp_path):
    (tmp_path / "link").symlink_to("target")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755, 0o200])
def test_the_mode_is_kept(path, mode):
    path.chmod(mode)
    write_file(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_mode_that_any_has(tmp_path):
    (tmp_path / "other").touch()
    write_file(tmp_path / "new", b"new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_the_owner_is_kept(path):
    os.chown(path, 12345, 54321)
    write_file(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


@pytest.mark.parametrize("by_link", [False, True])
def test_a_read_only_file_is_refused_also_to_root(path, tmp_path, by_link):
    path.chmod(0o444)
    (tmp_path / "link").symlink_to(path)
    named = tmp_path / "link" if by_link else path
    with pytest.raises(PermissionError, match=r"it is read-only \(mode 0444\)") as error:
        write_file(named, b"new")
    assert error.value.filename == str(named)
    assert path.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["link", "old"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "link to itself"])
def test_what_is_no_file_is_refused_and_stays(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null" if kind == "device" else "x")
    before = path.lstat()
    with pytest.raises(OSError, match="not a file|Too many levels"):
        write_file(path, b"new")
    assert path.lstat() == before
    assert os.listdir(tmp_path) == ["x"]


def test_another_name_of_the_file_keeps_the_old_content(path, tmp_path):
    os.link(path, tmp_path / "backup")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "backup").read_bytes() == b"old"


def test_what_is_written_is_dated_now(path):
    os.utime(path, (0, 0))
    write_file(path, b"")
    assert path.stat().st_mtime > 10**9
