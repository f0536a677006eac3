"""Many arrays as one text that fits into a page."""

import base64
import zlib
from typing import Any

import numpy as np


class Numbers:
    """Arrays of float32, kept end to end. `add` gives the place at which the page finds one again."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._size = 0

    def add(self, array: Any) -> dict[str, Any]:
        """{"at": index of the first number, "shape": [...]}."""
        values = np.asarray(array, dtype="<f4")
        place = {"at": self._size, "shape": list(values.shape)}
        self._parts.append(values.reshape(-1))
        self._size += values.size
        return place

    def text(self) -> str:
        """All of it: first every number's lowest byte, …, last every number's highest; deflated (zlib); base64.

        The highest bytes, sign and exponent, are alike in most numbers; side by side they take little room.
        """
        whole = np.concatenate([np.empty(0, "<f4"), *self._parts])
        planes = whole.view(np.uint8).reshape(-1, 4).T
        return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")
