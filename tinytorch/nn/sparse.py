"""Rows looked up by number, and numbers as rows of zeros and a one: given, and composed from chapters 01 and 03."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor, where
from tinytorch.support.devices import check_device
from tinytorch.support.random import default_generator
from tinytorch.support.tensor import check_indices
from tinytorch.support.torch_arguments import refuse_not_served


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Return the rows of weight (num, dim) with the numbers `input` (…): shape (…, dim).

    The row `padding_idx` gets no gradient. Raises IndexError for a number without a row.
    """
    refuse_not_served("embedding", max_norm=max_norm, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
    indices = np.asarray(input)
    check_indices("embedding: input", indices, len(weight))
    rows = weight[indices]
    if padding_idx is None:
        return rows
    is_padding = Tensor(indices) == padding_idx % len(weight)
    return where(is_padding.unsqueeze(-1), rows.detach(), rows)


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """Return int64 rows of zeros with a one at the place that each number names: (…) → (…, num_classes).

    Without `num_classes` it is the largest number plus 1.
    """
    indices = np.asarray(tensor)
    if num_classes == -1:
        if indices.size == 0:
            raise ValueError("one_hot: num_classes: expected a number of classes for a tensor without elements")
        num_classes = int(indices.max()) + 1
    check_indices("one_hot: input", indices, num_classes)
    return Tensor((indices[..., None] == np.arange(num_classes)).astype(np.int64))


class Embedding(Module):
    """A table of `num_embeddings` learned rows of `embedding_dim` numbers; see `embedding`.

    `weight` is drawn from a normal distribution with variance 1; the row `padding_idx` is zero and stays so.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        refuse_not_served("Embedding", max_norm=max_norm, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
        check_device(device)
        for name, size in (("num_embeddings", num_embeddings), ("embedding_dim", embedding_dim)):
            if size < 1:
                raise ValueError(f"Embedding: {name}: expected a whole number of at least 1, got {size!r}")
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx: expected a row of {num_embeddings}, got {padding_idx}")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        if _weight is None:
            _weight = default_generator().standard_normal((num_embeddings, embedding_dim))
            if padding_idx is not None:
                _weight[padding_idx] = 0
            dtype = dtype or np.float32
        elif np.shape(_weight) != (num_embeddings, embedding_dim):
            expected = (num_embeddings, embedding_dim)
            raise ValueError(f"Embedding: _weight: expected shape {expected}, got {np.shape(_weight)}")
        self.weight = Parameter(_weight, requires_grad=not _freeze, dtype=dtype)

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """Return a table with these rows, which are not learned unless `freeze=False`."""
        rows, columns = np.shape(embeddings)
        return cls(rows, columns, padding_idx, _weight=embeddings, _freeze=freeze)

    def forward(self, x: Any) -> Tensor:
        return embedding(x, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
