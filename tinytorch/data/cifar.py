"""CIFAR-10 from the files its authors publish: the binary version and the python version.

Both hold 50,000 pictures to train with, in five files, and 10,000 to test with, in one.
A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images,
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

import os
import pickle
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

from tinytorch.data.images import ImageDataset, Transform
from tinytorch.support.files import with_home

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
TEST = ["test_batch"]
META = "batches.meta.txt"
BINARY, PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"

PIXELS = 3 * 32 * 32  # the red, the green and the blue plane, each row by row
RECORD = 1 + PIXELS  # in the binary version, one byte of label comes before each picture
PICTURES_PER_FILE = 10_000


def data_home() -> Path:
    """The folder where data sets are kept: TINYTORCH_DATA, else tinytorch in the user's cache folder.

    The cache folder is XDG_CACHE_HOME, else ~/.cache, on every system, as it is for torch.hub.
    """
    chosen = os.environ.get("TINYTORCH_DATA")
    if chosen:
        return with_home(chosen)
    return with_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "tinytorch"


class CIFAR10(ImageDataset):
    """CIFAR-10: 50,000 colour photographs to train with and 10,000 to test with, 3 x 32 x 32, ten classes.

    `root` is the folder that holds cifar-10-batches-bin (the binary version) or cifar-10-batches-py (the
    python version), or one of these itself; by default `data_home()`. Where both are there, the binary one
    is read. With `download=True` a missing set is fetched into `root` first.

    Raises FileNotFoundError for a missing folder or file, and ValueError for a damaged one: too short, too
    long, a label that is no class, or a pickle that holds anything but a CIFAR-10 batch. Files beside a
    batches.meta.txt that names other classes (see `TinyShapes.write_cifar`) may hold any number of pictures.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        root = data_home() if root is None else with_home(root)
        folder = find_folder(root)
        if folder is None and download:
            from tinytorch.data.download import download_cifar10

            folder = download_cifar10(root)
        if folder is None:
            raise FileNotFoundError(
                f"CIFAR10: {root} holds neither {BINARY} nor {PYTHON} with its files. To fetch it, run\n"
                f"    python -m tinytorch.data get cifar10 --data {root}\n"
                "or, if you have it, name its folder: CIFAR10(root=...), or in the variable TINYTORCH_DATA"
            )
        names = TRAIN if train else TEST
        if _is_binary(folder):
            classes = read_classes(folder)
            parts = [_read_binary(folder / f"{name}.bin", classes) for name in names]
        else:
            classes = CLASSES
            parts = [_read_pickle(folder / name) for name in names]
        images = np.concatenate([pixels for pixels, _ in parts]).reshape(-1, 3, 32, 32)
        labels = np.concatenate([labels for _, labels in parts])
        super().__init__(images, labels, classes, transform)


def find_folder(root: Path) -> Path | None:
    """The folder with the files: `root` itself or one inside it, the binary version before the python one."""
    for suffix, inside in ((".bin", BINARY), ("", PYTHON)):
        for folder in (root, root / inside):
            if any((folder / f"{name}{suffix}").is_file() for name in TRAIN + TEST):
                return folder
    return None


def _is_binary(folder: Path) -> bool:
    return any((folder / f"{name}.bin").is_file() for name in TRAIN + TEST)


def _damaged(path: Path, what: str, error: type[Exception] = ValueError) -> NoReturn:
    raise error(
        f"CIFAR10: {path}: {what}. This copy is damaged or incomplete; to fetch CIFAR-10 anew, run\n"
        f"    python -m tinytorch.data get cifar10 --data {path.parent.parent}"
    )


# ---- the binary version ----------------------------------------------------------------------------


def read_classes(folder: Path) -> list[str]:
    """The names of the classes as the set itself lists them; CIFAR-10's where it has no list."""
    path = folder / META
    if not path.is_file():
        return CLASSES
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    if len(names) != len(CLASSES):
        _damaged(path, f"expected {len(CLASSES)} names of classes, one a line, got {len(names)}")
    return names


def check_size(path: Path, classes: list[str]) -> None:
    """Raise FileNotFoundError or ValueError unless this file of the binary version has the right size."""
    if not path.is_file():
        _damaged(path, "the file is missing", FileNotFoundError)
    size, whole = path.stat().st_size, PICTURES_PER_FILE * RECORD
    if classes == CLASSES and size != whole:
        _damaged(path, f"expected {whole:,} bytes ({PICTURES_PER_FILE:,} pictures of {RECORD:,}), got {size:,}")
    if size == 0 or size % RECORD:
        _damaged(path, f"expected a multiple of {RECORD:,} bytes (one picture each), got {size:,}")


def _check_labels(path: Path, labels: np.ndarray) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= len(CLASSES)))
    if len(wrong):
        what = f"picture {wrong[0]} has the label {labels[wrong[0]]}, expected 0 to {len(CLASSES) - 1}"
        _damaged(path, f"{what} ({len(wrong):,} such labels)")


def _read_binary(path: Path, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 (N, 3072) and labels uint8 (N,)."""
    check_size(path, classes)
    records = np.fromfile(path, dtype=np.uint8).reshape(-1, RECORD)
    _check_labels(path, records[:, 0])
    return records[:, 1:], records[:, 0]


# ---- the python version ----------------------------------------------------------------------------
# A pickle is a program: reading one runs what it names. These files name four things, and each has a
# stand-in here that can do nothing but carry bytes. All else is refused, so a forged file can run nothing.


class _Dtype:
    def __init__(self, code: Any, align: Any, copy: Any) -> None:
        if code not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"it holds an array of {code!r}, expected bytes ('u1')")

    def __setstate__(self, state: Any) -> None:
        pass  # byte order and the like, which bytes do not have


class _Array:
    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran_order, content = state
        if not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("it holds an array without a type")
        order: Literal["F", "C"] = "F" if fortran_order else "C"
        self.value = np.frombuffer(content, dtype=np.uint8).reshape(shape, order=order)


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding!r}, expected 'latin1'")
    return text.encode("latin1")


class _BatchUnpickler(pickle.Unpickler):
    admitted = {
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,  # the same, as NumPy 2 writes it
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        ("_codecs", "encode"): _encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.admitted[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}; no CIFAR-10 file does") from None


def _read_pickle(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 (N, 3072) and labels int64 (N,)."""
    if not path.is_file():
        _damaged(path, "the file is missing", FileNotFoundError)
    try:
        with open(path, "rb") as file:
            batch = _BatchUnpickler(file, encoding="bytes").load()
        pixels, labels = batch[b"data"].value, np.array(batch[b"labels"])
    except Exception as error:  # whatever bytes that are no batch make the unpickler or its stand-ins raise
        least, size = PICTURES_PER_FILE * PIXELS, path.stat().st_size
        _damaged(path, f"expected a pickle of more than {least:,} bytes, got {size:,} ({error!r})")
    n = PICTURES_PER_FILE
    if pixels.shape != (n, PIXELS) or labels.shape != (n,) or labels.dtype.kind != "i":
        got = f"data {pixels.shape} and labels {labels.shape} of {labels.dtype}"
        _damaged(path, f"expected data ({n}, {PIXELS}) and {n} whole numbers as labels, got {got}")
    _check_labels(path, labels)
    return pixels, labels
