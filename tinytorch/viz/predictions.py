"""What a network says of many pictures, for the figures that need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.analysis.trace import evaluating

BATCH = 250


@dataclass(frozen=True)
class Predictions:
    """Images (N, C, H, W), labels (N,), softmax probabilities (N, K), and the names of the K classes."""

    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    classes: list[str]

    @property
    def guesses(self) -> np.ndarray:
        return self.probabilities.argmax(axis=1)


def predictions(model: Any, data: Any, classes: Sequence[str] | None = None) -> Predictions:
    """Ask a network, in eval mode, about each picture of a data set, a loader, or a pair (images, labels).

    Raises ValueError where the labels are not one class index from 0 to K - 1 for each picture, or where the names
    of the classes are not K; TypeError for other data.
    """
    images, labels = collect(data)
    shares = ask(model, images)
    check_labels(labels, *shares.shape)
    k = shares.shape[1]
    names = list(_classes(data) or map(str, range(k))) if classes is None else list(classes)
    if len(names) != k:
        raise ValueError(f"classes: expected {k} names, as many as the network has outputs, got {names}")
    return Predictions(images, labels, shares, names)


def ask(model: Any, images: np.ndarray) -> np.ndarray:
    """Softmax probabilities (N, K) of pictures (N, C, H, W), in eval mode."""
    from tinytorch import Tensor, no_grad, softmax

    found = []
    with evaluating(model), no_grad():
        for start in range(0, len(images), BATCH):
            logits = model(Tensor(images[start : start + BATCH]))
            if logits.ndim != 2:
                raise ValueError(f"model: expected logits, shape (N, classes), got {logits.shape}")
            found.append(softmax(logits, dim=1).data)
    return np.concatenate(found)


def collect(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """All images and labels of a data set, a loader, or a pair, as two arrays."""
    from tinytorch.data import DataLoader, TensorDataset

    if isinstance(data, (tuple, list)):
        if len(data) != 2 or len(data[0]) != len(data[1]):
            shapes = ", ".join(str(np.shape(part)) for part in data)
            raise ValueError(f"data: expected a pair (images, labels) of the same length, got shapes {shapes}")
        data = TensorDataset(*data)
    if not isinstance(data, DataLoader) and (hasattr(data, "shape") or not hasattr(data, "__getitem__")):
        raise TypeError(
            f"data: expected a data set, a DataLoader or a pair (images, labels), got {type(data).__name__}"
        )
    batches = list(data if isinstance(data, DataLoader) else DataLoader(data, batch_size=BATCH))
    if not batches:
        raise ValueError("data: expected at least one picture, got none")
    images, labels = zip(*((x.data, np.asarray(y.data)) for x, y in batches))
    return np.concatenate(images), np.concatenate(labels)


def check_labels(labels: np.ndarray, n: int, k: int) -> None:
    """ValueError unless there are n class indices from 0 to k - 1."""
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        fix = "; from one-hot rows: labels.argmax(1)" if labels.shape == (n, k) else ""
        raise ValueError(
            f"labels: expected {n} class indices, shape ({n},), got shape {labels.shape} of {labels.dtype}{fix}"
        )
    if labels.min() < 0 or labels.max() >= k:
        raise ValueError(
            f"labels: expected class indices from 0 to {k - 1}, since the network has {k} outputs, "
            f"got {labels.min()} to {labels.max()}"
        )


def _classes(data: Any) -> list[str] | None:
    """The names that a data set has for its classes, also behind a loader or a subset."""
    while data is not None and not hasattr(data, "classes"):
        data = getattr(data, "dataset", None)
    return None if data is None else list(data.classes)
