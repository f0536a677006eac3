"""Pictures held whole in memory: what CIFAR10, Digits and TinyShapes have in common."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tinytorch.core.tensor import Tensor

Transform = Callable[[np.ndarray], np.ndarray]


class ImageDataset:
    """A map-style data set over arrays, which hands out one picture or a whole batch.

    `images` is uint8 (N, C, H, W), `labels` int64 (N,), `classes` the names of the labels.

    `dataset[3]` is `(image, label)`: a float32 tensor (C, H, W) with values from 0 to 1, and an int.
    `dataset[indices]`, with a slice, a list or an array of indices, is `(images, labels)`: a float32
    tensor (N, C, H, W) and an int64 tensor (N,). A loader that asks for a whole batch at once pays
    for one conversion, not for one per picture.

    `transform`, such as those of module 08, maps a float32 array (N, C, H, W) of pictures from 0 to 1 to
    another such array, whose channels, height and width may differ. It sees a batch also where one picture
    is asked for (N = 1), and it runs anew at each access, so that a random one draws anew each epoch.
    """

    takes_index_arrays = True  # as module 08's loader wants to know

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        classes: Sequence[str],
        transform: Transform | None = None,
        *,
        white: int = 255,
    ) -> None:
        self.images = images
        self.labels = labels.astype(np.int64)
        self.classes = list(classes)
        self.transform = transform
        self._white = np.float32(white)  # the stored value that becomes 1.0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> tuple["Tensor", Any]:
        from tinytorch.core.tensor import Tensor  # here: data can be fetched and seen before module 01 is built

        if isinstance(index, (int, np.integer)):
            return Tensor(self._prepare(self.images[index][None])[0]), int(self.labels[index])
        chosen = index if isinstance(index, slice) else np.asarray(index)
        # a slice is a view: without the copy, a change to the batch's labels would change the data set
        return Tensor(self._prepare(self.images[chosen])), Tensor(self.labels[chosen].copy())

    def _prepare(self, images: np.ndarray) -> np.ndarray:
        scaled = np.divide(images, self._white, dtype=np.float32)
        return scaled if self.transform is None else self.transform(scaled)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.images.shape[1:]))
        return f"{type(self).__name__}({len(self):,} pictures {shape}, {len(self.classes)} classes)"
