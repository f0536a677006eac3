"""The download of CIFAR-10, against a server on this machine that misbehaves in every way we know."""

import errno
import hashlib
import io
import os
import re
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from tinytorch.data import CIFAR10, TinyShapes, cifar, download
from tinytorch.data.download import DownloadError, download_cifar10

NAME = "cifar-10-binary.tar.gz"


def files_of_a_small_set(rng):
    records = {}
    for name in cifar.TRAIN + cifar.TEST:
        content = rng.integers(0, 256, (cifar.PICTURES_PER_FILE, cifar.RECORD), dtype=np.uint8)
        content[:, 0] %= 10
        records[f"{name}.bin"] = content.tobytes()
    return records | {cifar.META: "\n".join(cifar.CLASSES).encode(), "readme.html": b"<html></html>"}


def make_archive(files, *extra):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        folder = tarfile.TarInfo(cifar.BINARY)
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{cifar.BINARY}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for entry, content in extra:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Serves `content`; each request is answered by the next behaviour of `script`, at last by `honest`."""

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.script, self.ranges, self.over = content, [], [], threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/{NAME}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.ranges.append(self.headers.get("Range"))
        behaviour = self.server.script.pop(0) if self.server.script else honest
        try:
            behaviour(self, self.server.content)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client hung up, as it should on some of these answers

    def log_message(self, *_):
        pass

    def start(self, content, ranges=True):
        """Send the headers of a truthful answer; return the bytes that are to follow."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        at = int(match[1]) if match and ranges else 0
        self.send_response(206 if at else 200)
        if at:
            self.send_header("Content-Range", f"bytes {at}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - at))
        self.end_headers()
        return content[at:]


def honest(handler, content):
    handler.wfile.write(handler.start(content))


def ignoring_ranges(handler, content):
    handler.wfile.write(handler.start(content, ranges=False))


def cut(after, ranges=True):
    def behaviour(handler, content):
        handler.wfile.write(handler.start(content, ranges)[:after])

    return behaviour


def stall(after):
    def behaviour(handler, content):
        handler.wfile.write(handler.start(content)[:after])
        handler.wfile.flush()
        handler.server.over.wait(10)

    return behaviour


def silent(handler, content):
    handler.server.over.wait(10)


def lying_by(bytes_more):
    def behaviour(handler, content):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) + bytes_more))
        handler.end_headers()
        handler.wfile.write(content[: len(content) + min(bytes_more, 0)])

    return behaviour


def endless(handler, content):
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.over.is_set():
        handler.wfile.write(content)


def wrong_bytes(handler, content):
    rest = bytearray(handler.start(content))
    rest[len(rest) // 2] ^= 1
    handler.wfile.write(rest)


def other_range(handler, content):
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes 0-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def status(code):
    return lambda handler, content: handler.send_error(code)


@pytest.fixture
def files(monkeypatch):
    monkeypatch.setattr(cifar, "PICTURES_PER_FILE", 4)
    return files_of_a_small_set(np.random.default_rng(2))


@pytest.fixture
def server(files, monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.001)
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # a proxy of the network must not see these requests
    server = Server(make_archive(files))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(server, root, timeout=5.0):
    size, md5 = len(server.content), hashlib.md5(server.content).hexdigest()
    return download_cifar10(root, server.url, size=size, md5=md5, timeout=timeout)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(server, root, **keywords):
    with pytest.raises(DownloadError) as caught:
        fetch(server, root, **keywords)
    message = str(caught.value)
    assert "\n" not in message
    return message


# ---- the way it should go --------------------------------------------------------------------------


def test_the_set_arrives_whole_and_nothing_else_stays(server, files, tmp_path):
    folder = fetch(server, tmp_path / "new" / "data")
    assert folder == tmp_path / "new" / "data" / cifar.BINARY
    assert contents(folder) == files
    assert os.listdir(folder.parent) == [cifar.BINARY]
    assert len(CIFAR10(folder.parent)) == 5 * cifar.PICTURES_PER_FILE


def test_a_whole_set_is_not_fetched_again(server, tmp_path):
    folder = fetch(server, tmp_path)
    assert fetch(server, tmp_path) == folder
    assert fetch(server, folder) == folder, "the folder with the files may be named itself"
    assert len(server.ranges) == 1


def test_an_archive_that_lies_there_is_used_and_kept(server, files, tmp_path):
    (tmp_path / NAME).write_bytes(server.content)
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == []
    assert (tmp_path / NAME).read_bytes() == server.content


def test_a_wrong_archive_that_lies_there_is_named_and_kept(server, tmp_path):
    (tmp_path / NAME).write_bytes(b"not it")
    message = refusal(server, tmp_path)
    assert str(tmp_path / NAME) in message
    assert f"{len(server.content):,} bytes" in message
    assert "got 6 bytes" in message
    assert (tmp_path / NAME).read_bytes() == b"not it"


def test_a_damaged_copy_is_replaced_by_the_whole_one(server, files, tmp_path):
    folder = tmp_path / cifar.BINARY
    folder.mkdir()
    (folder / "data_batch_1.bin").write_bytes(b"short")
    assert contents(fetch(server, tmp_path)) == files
    assert os.listdir(tmp_path) == [cifar.BINARY]


def test_another_data_set_is_not_replaced(server, tmp_path):
    TinyShapes(n=10).write_cifar(tmp_path / cifar.BINARY)
    before = contents(tmp_path / cifar.BINARY)
    with pytest.raises(FileExistsError, match="holds another data set than CIFAR-10"):
        fetch(server, tmp_path)
    assert contents(tmp_path / cifar.BINARY) == before
    assert server.ranges == []


# ---- a bad line, a bad server ----------------------------------------------------------------------


def test_a_cut_download_goes_on_where_it_stopped(server, files, tmp_path):
    server.script = [cut(after=10_000), cut(after=5_000)]
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None, "bytes=10000-", "bytes=15000-"]


def test_a_stalled_download_goes_on_where_it_stopped(server, files, tmp_path):
    server.script = [silent, stall(after=10_000)]
    assert contents(fetch(server, tmp_path, timeout=0.2)) == files
    assert server.ranges == [None, None, "bytes=10000-"]


def test_a_server_that_ignores_ranges_still_gives_the_right_file(server, files, tmp_path):
    server.script = [cut(after=10_000), ignoring_ranges]
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None, "bytes=10000-"]


def test_attempts_without_progress_end_and_the_next_call_resumes(server, files, tmp_path):
    server.script = [cut(after=10_000)] + [cut(after=0)] * 4
    message = refusal(server, tmp_path)
    part = tmp_path / f"{NAME}.part"
    assert len(server.ranges) == download.ATTEMPTS
    assert f"10,000 of {len(server.content):,} bytes are kept in {part}; run again" in message
    assert part.read_bytes() == server.content[:10_000]
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges[-1] == "bytes=10000-"


def test_attempts_that_make_progress_do_not_count(server, files, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PROGRESS", 1_000)
    server.script = [cut(after=1_000)] * (2 * download.ATTEMPTS)
    assert contents(fetch(server, tmp_path)) == files


def test_a_server_that_always_begins_again_and_cuts_does_not_hold_us_for_ever(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PROGRESS", 1_000)
    server.script = [cut(after=9_000, ranges=False), cut(after=2_000, ranges=False)] * 50
    assert "the server ended after 9,000 bytes" in refusal(server, tmp_path)
    assert len(server.ranges) == download.ATTEMPTS


def test_a_server_that_never_answers_is_given_up(server, tmp_path):
    server.script = [silent] * 50
    assert "timed out" in refusal(server, tmp_path, timeout=0.05)
    assert len(server.ranges) == download.ATTEMPTS


@pytest.mark.parametrize("more", [-1_000, 1_000])
def test_a_file_of_another_length_is_refused_by_both_lengths(server, tmp_path, more):
    server.script = [lying_by(more)] * 50
    size = len(server.content)
    assert f"offers a file of {size + more} bytes, expected {size}" in refusal(server, tmp_path)
    assert len(server.ranges) == download.ATTEMPTS


def test_an_endless_answer_is_read_no_further_than_the_file_is_long(server, files, tmp_path):
    server.script = [endless]
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None]


def test_a_range_that_was_not_asked_for_is_not_appended(server, files, tmp_path):
    server.script = [cut(after=10_000), other_range]
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None, "bytes=10000-", "bytes=10000-"]


def test_wrong_bytes_are_removed_and_refused_by_checksum(server, tmp_path):
    server.script = [wrong_bytes] * 50
    message = refusal(server, tmp_path)
    assert hashlib.md5(server.content).hexdigest() in message
    assert server.ranges == [None, None]
    assert os.listdir(tmp_path) == []


def test_wrong_bytes_of_an_earlier_call_are_replaced(server, files, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(bytes(10_000))
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == ["bytes=10000-", None]


def test_a_partial_file_longer_than_the_whole_is_dropped(server, files, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(bytes(len(server.content) + 1))
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None]


def test_a_server_that_has_no_such_range_is_asked_for_all(server, files, tmp_path):
    server.script = [cut(after=10_000), status(416)]
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None, "bytes=10000-", None]


def test_a_missing_file_is_reported_at_once(server, tmp_path):
    server.script = [status(404)] * 50
    assert f"{server.url}: the server answers 404 Not Found" in refusal(server, tmp_path)
    assert len(server.ranges) == 1


def test_an_overloaded_server_is_asked_again(server, files, tmp_path):
    server.script = [status(503), status(429)]
    assert contents(fetch(server, tmp_path)) == files


def test_no_server_at_all_is_reported(server, tmp_path):
    server.server_close()
    message = refusal(server, tmp_path)
    assert "no connection" in message
    assert f"nothing came; got by other means, the file can be put into {tmp_path}" in message


# ---- a bad disk ------------------------------------------------------------------------------------


def disk_that_fills(after, code=errno.ENOSPC):
    """`open`, on a disk with room for `after` bytes more."""
    room = [after]

    class File(io.FileIO):
        def write(self, content):
            if len(content) > room[0]:
                super().write(content[: room[0]])
                raise OSError(code, os.strerror(code))
            room[0] -= len(content)
            return super().write(content)

    return lambda path, mode: File(path, mode) if mode != "rb" else open(path, mode)


def test_a_disk_that_fills_up_during_the_download_leaves_a_part_to_resume(server, files, tmp_path, monkeypatch):
    old = tmp_path / cifar.BINARY
    old.mkdir()
    (old / "data_batch_1.bin").write_bytes(b"old")
    with monkeypatch.context() as full:
        full.setattr(download, "open", disk_that_fills(after=30_000), raising=False)
        message = refusal(server, tmp_path)
    part = tmp_path / f"{NAME}.part"
    assert os.strerror(errno.ENOSPC) in message
    assert f"kept, to go on from: {part} (30,000 bytes); make room" in message
    assert contents(old) == {"data_batch_1.bin": b"old"}
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None, "bytes=30000-"]


def test_a_disk_that_fills_up_during_unpacking_leaves_archive_and_old_files(server, files, tmp_path, monkeypatch):
    old = tmp_path / cifar.BINARY
    old.mkdir()
    (old / "data_batch_1.bin").write_bytes(b"old")
    with monkeypatch.context() as full:
        room = len(server.content) + 20_000
        full.setattr(download, "open", disk_that_fills(after=room), raising=False)
        message = refusal(server, tmp_path)
    archive = tmp_path / NAME
    assert f"kept, to go on from: {archive} ({len(server.content):,} bytes); make room" in message
    assert set(os.listdir(tmp_path)) == {NAME, cifar.BINARY}
    assert contents(old) == {"data_batch_1.bin": b"old"}
    assert contents(fetch(server, tmp_path)) == files
    assert server.ranges == [None]


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "open", disk_that_fills(after=0, code=errno.EROFS), raising=False)
    message = refusal(server, tmp_path)
    assert f"cannot write to {tmp_path}: {os.strerror(errno.EROFS)}" in message
    assert "--data DIR" in message


def test_a_file_in_the_place_of_the_folder_is_named(server, tmp_path):
    (tmp_path / "file").write_text("mine")
    message = refusal(server, tmp_path / "file" / "data")
    assert str(tmp_path / "file") in message
    assert "nothing was written" in message
    assert server.ranges == []


def test_the_old_folder_returns_where_the_new_one_cannot_be_put_in_place(server, tmp_path, monkeypatch):
    old = tmp_path / cifar.BINARY
    old.mkdir()
    (old / "data_batch_1.bin").write_bytes(b"old")
    rename = os.rename

    def failing(source, target):
        if os.path.basename(source) == "new":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rename(source, target)

    monkeypatch.setattr(download.os, "rename", failing)
    assert os.strerror(errno.EACCES) in refusal(server, tmp_path)
    assert contents(old) == {"data_batch_1.bin": b"old"}


def test_what_a_killed_run_left_is_swept_up(server, files, tmp_path):
    (tmp_path / f"{cifar.BINARY}.new" / "new").mkdir(parents=True)
    (tmp_path / f"{cifar.BINARY}.new" / "new" / "stale").write_bytes(b"half")
    assert contents(fetch(server, tmp_path)) == files
    assert os.listdir(tmp_path) == [cifar.BINARY]


# ---- a bad archive ---------------------------------------------------------------------------------


def entry(name, kind=tarfile.REGTYPE, link=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


@pytest.mark.parametrize(
    "evil",
    [
        entry(f"{cifar.BINARY}/../../escaped"),
        entry("../escaped"),
        entry("/tmp/tinytorch-escaped"),
        entry(f"{cifar.BINARY}/test_batch.bin", tarfile.SYMTYPE, "../../escaped"),
        entry(f"{cifar.BINARY}/test_batch.bin", tarfile.LNKTYPE, "/etc/hostname"),
        entry(f"{cifar.BINARY}/test_batch.bin", tarfile.FIFOTYPE),
    ],
    ids=["up from inside", "up", "absolute", "symbolic link", "hard link", "pipe"],
)
def test_an_archive_that_reaches_out_is_refused(server, files, tmp_path, evil):
    server.content = make_archive(files, (evil, b""))
    root = tmp_path / "deep" / "data"
    message = refusal(server, root)
    assert repr(evil.name) in message
    assert "refused" in message
    assert os.listdir(root) == [NAME]
    assert os.listdir(tmp_path) == ["deep"]
    assert os.listdir(tmp_path / "deep") == ["data"]


def test_files_that_are_not_of_the_set_are_not_unpacked(server, files, tmp_path):
    server.content = make_archive(files, (entry(f"{cifar.BINARY}/setup.py"), b"print()"))
    assert contents(fetch(server, tmp_path)) == files


def test_an_archive_without_all_six_files_is_refused(server, files, tmp_path):
    del files["data_batch_3.bin"]
    server.content = make_archive(files)
    assert "does not hold the six files" in refusal(server, tmp_path)
    assert os.listdir(tmp_path) == [NAME]


def test_an_archive_that_ends_early_is_refused(server, tmp_path):
    server.content = server.content[:-20_000]
    assert "cannot be unpacked" in refusal(server, tmp_path)
    assert os.listdir(tmp_path) == [NAME]
