"""Fetch CIFAR-10: resumable, checked before it is used, and put in place in one step."""

import errno
import gzip
import hashlib
import http.client
import os
import re
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from http.client import HTTPResponse
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from tinytorch.data.cifar import BINARY, CLASSES, META, TEST, TRAIN, check_size, data_home, read_classes
from tinytorch.support.files import keep_mode, with_home

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR10_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
CIFAR10_SIZE = 170_052_171

BLOCK = 1 << 16
ATTEMPTS = 5  # given up after so many in a row without PROGRESS
PROGRESS = 1 << 20
PAUSE = 1.0  # seconds before a new attempt, doubled for each further one


class DownloadError(OSError):
    """The data set could not be fetched; the message says why, what is kept and what to do."""


class _Broken(Exception):
    """This attempt failed; another one may succeed."""


def download_cifar10(
    root: str | os.PathLike[str] | None = None,
    url: str = CIFAR10_URL,
    *,
    size: int = CIFAR10_SIZE,
    md5: str = CIFAR10_MD5,
    timeout: float = 30.0,
) -> Path:
    """Fetch CIFAR-10's binary version into `root` (by default `data_home()`) and return its folder.

    Where the whole set is there already, nothing is done. A broken download goes on where it stopped, now
    or at the next call; the archive must have `size` bytes and the checksum `md5` before it is opened. An
    archive that lies in `root` already is used instead of a download. A damaged copy of the set is replaced
    once the new one is whole. An attempt fails after `timeout` seconds of the server's silence.

    Raises DownloadError if the archive does not come, if the disk is full or the folder cannot be written,
    and FileExistsError if cifar-10-batches-bin in `root` holds another data set.
    """
    root = data_home() if root is None else with_home(root)
    folder, archive = root / BINARY, Path(os.path.realpath(root / "cifar-10-binary.tar.gz"))
    part = archive.with_name(archive.name + ".part")
    for whole in (root, folder):
        if _is_whole(whole):
            return whole
    if _is_another(folder):
        raise FileExistsError(f"{folder} holds another data set than CIFAR-10; name another folder with --data")
    try:
        root.mkdir(parents=True, exist_ok=True)
        own = archive.exists()
        if own:
            _check_archive(archive, size, md5)
        else:
            _fetch(url, part, size, md5, timeout)
            os.replace(part, archive)
        _install(archive, Path(os.path.realpath(folder)))  # a link stays
        if not own:
            archive.unlink()
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(_explain(error, root, [archive, part])) from error
    return folder


def _explain(error: OSError, root: Path, files: list[Path]) -> str:
    kept = [f"{file} ({file.stat().st_size:,} bytes)" for file in files if file.is_file()]
    state = f"kept, to go on from: {kept[0]}" if kept else "nothing was written"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "make room (the archive and its files take 360 MB) and run again"
    else:
        advice = "choose a folder that can be written, with --data DIR or the variable TINYTORCH_DATA"
    return f"cannot write to {root}: {error.strerror or error}; {state}; {advice}"


def _is_whole(folder: Path) -> bool:
    try:
        for name in TRAIN + TEST:
            check_size(folder / f"{name}.bin", CLASSES)
        return read_classes(folder) == CLASSES
    except (FileNotFoundError, ValueError):
        return False


def _is_another(folder: Path) -> bool:
    try:
        return read_classes(folder) != CLASSES
    except ValueError:
        return False  # a damaged list of classes


# ---- the download ----------------------------------------------------------------------------------


def _fetch(url: str, part: Path, size: int, md5: str, timeout: float) -> None:
    """Bring `part` to `size` bytes with the checksum `md5`, in as many attempts as make progress."""
    furthest, failures, rejected = _length(part), 0, 0
    with tqdm(total=size, unit="B", unit_scale=True, desc="CIFAR-10", disable=None) as bar:
        while True:
            try:
                _attempt(url, part, size, timeout, bar)
            except _Broken as error:
                reached = _length(part)
                failures = 1 if reached >= furthest + PROGRESS else failures + 1
                furthest = max(furthest, reached)
                if failures >= ATTEMPTS:
                    if reached:
                        state = f"{reached:,} of {size:,} bytes are kept in {part}; run again to go on from there"
                    else:
                        state = f"nothing came; got by other means, the file can be put into {part.parent}"
                    raise DownloadError(f"{url}: {error} ({failures} attempts without progress); {state}") from error
                time.sleep(PAUSE * 2 ** (failures - 1))
                continue
            got = _md5(part)
            if got == md5:
                return
            # Which bytes are wrong cannot be told, so all go. They may be of an earlier call: try once more.
            part.unlink()
            rejected, furthest = rejected + 1, 0
            if rejected == 2:
                raise DownloadError(
                    f"{url}: what comes is not CIFAR-10's archive: expected {size:,} bytes with md5 {md5}, "
                    f"got md5 {got}. It was removed. Something on the way may change downloads"
                )


def _attempt(url: str, part: Path, size: int, timeout: float, bar: tqdm) -> None:
    """Ask once for what `part` lacks, and append what comes; _Broken where that is not all."""
    start = _length(part)
    if start > size:
        part.unlink()
        start = 0
    _show(bar, start, size)
    if start == size:
        return
    with _open(url, start, part, timeout) as response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        _check_answer(response, start, size)
        if not resumed:  # a server that ignores the range sends everything from the beginning
            start = 0
            _show(bar, start, size)
        with open(part, "ab" if resumed else "wb") as file:
            while start < size:
                try:
                    block = response.read1(BLOCK)
                except (OSError, http.client.HTTPException) as error:
                    raise _Broken(f"the connection broke ({error})") from error
                if not block:
                    raise _Broken(f"the server ended after {start:,} bytes")
                start += file.write(block[: size - start])
                bar.update(len(block))


def _show(bar: tqdm, start: int, size: int) -> None:
    """Begin the bar anew at `start`, which does not count into its speed."""
    bar.reset(size)
    bar.n = bar.last_print_n = bar.initial = start


def _open(url: str, start: int, part: Path, timeout: float) -> HTTPResponse:
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # the server's file ends before ours: begin again
        elif error.code < 500 and error.code not in (
            http.client.REQUEST_TIMEOUT,
            http.client.TOO_MANY_REQUESTS,
        ):
            raise DownloadError(f"{url}: the server answers {error.code} {error.reason}") from error
        raise _Broken(f"the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _Broken(f"no connection ({error.reason})") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(f"no answer ({error})") from error


def _check_answer(response: HTTPResponse, start: int, size: int) -> None:
    """_Broken unless the answer's headers announce a file of `size` bytes, from `start` on."""
    if response.status == http.client.PARTIAL_CONTENT:
        announced = response.headers.get("Content-Range", "")
        if not re.fullmatch(rf"bytes {start}-{size - 1}/({size}|\*)", announced.strip()):
            raise _Broken(f"the server sends the range {announced!r}, expected bytes {start}-{size - 1}/{size}")
    else:
        length = response.headers.get("Content-Length", str(size))
        if length != str(size):
            raise _Broken(f"the server offers a file of {length} bytes, expected {size}")


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


# ---- the archive -----------------------------------------------------------------------------------


def _check_archive(archive: Path, size: int, md5: str) -> None:
    got = _md5(archive)
    if got != md5:
        raise DownloadError(
            f"{archive} is not CIFAR-10's archive: expected {size:,} bytes with md5 {md5}, got "
            f"{_length(archive):,} bytes with md5 {got}; remove it and run again to download the right one"
        )


def _install(archive: Path, folder: Path) -> None:
    """Unpack beside `folder` and put the result in its place, so that it is never there in part."""
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)  # of a run that was killed
    try:
        new, old = beside / "new", beside / "old"
        new.mkdir(parents=True)
        _extract(archive, new)
        if not _is_whole(new):
            raise DownloadError(f"{archive} does not hold the six files of CIFAR-10's binary version")
        if folder.exists():
            for path in (folder, *folder.iterdir()):
                if not path.stat().st_mode & 0o222:
                    raise PermissionError(errno.EACCES, f"{path} is read-only")
            keep_mode(folder, new)
            os.rename(folder, old)
        try:
            os.rename(new, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _extract(archive: Path, target: Path) -> None:
    """Unpack the set's files into `target`; refuse an archive with a link, or with a path that leads out."""
    wanted = {f"{name}.bin" for name in TRAIN + TEST} | {META, "readme.html"}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or not (member.isreg() or member.isdir()):
                    raise DownloadError(f"{archive} holds {member.name!r}, a link or a path out of its folder: refused")
                source = tar.extractfile(member)
                if source is not None and path.parent.name == BINARY and path.name in wanted:
                    with source, open(target / path.name, "wb") as file:
                        shutil.copyfileobj(source, file)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadError(f"{archive} cannot be unpacked: {error}; remove it and run again") from error
