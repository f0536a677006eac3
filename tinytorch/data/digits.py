"""The UCI optical digits, which come with the package (CC BY 4.0: see files/digits.txt)."""

from pathlib import Path

import numpy as np

from tinytorch.data.images import ImageDataset, Transform

FILE = Path(__file__).parent / "files" / "digits.npz"


class Digits(ImageDataset):
    """1,797 real handwritten digits: 1,442 to train with and 355 to test with, 1 x 8 x 8, values 0 to 16.

    The split is fixed. Within each class, in the source's order, every fifth picture (the 5th, the
    10th, ...) is a test picture; so each digit has the same share in both parts. (Every fifth of the
    whole file would not do: long runs of it count 0, 1, 2, ... 9, and digits 4 and 9 would fill the test.)

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0.
    """

    def __init__(self, train: bool = True, transform: Transform | None = None) -> None:
        with np.load(FILE) as stored:
            images, labels = stored["images"], stored["labels"]
        test = np.zeros(len(labels), dtype=bool)
        for digit in range(10):
            test[np.flatnonzero(labels == digit)[4::5]] = True
        chosen = ~test if train else test
        names = [str(digit) for digit in range(10)]
        super().__init__(images[chosen, None], labels[chosen], names, transform, white=16)
