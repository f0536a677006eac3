"""Products of matrices and vectors, with torch's names: expressions of chapter 01's `matmul`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.functions.reductions import sum
from tinytorch.functions.shapes import broadcast_to, diagonal
from tinytorch.support.tensor import positive_axis
from tinytorch.support.torch_arguments import torch_arguments


def _expect_axes(name: str, axes: tuple[int, ...], **tensors: Tensor) -> None:
    for (argument, tensor), n in zip(tensors.items(), axes):
        if tensor.ndim != n:
            raise ValueError(
                f"{name}: {argument}: expected {n} axes, got shape {tensor.shape}; matmul takes any number"
            )
    dtypes = {tensor.dtype for tensor in tensors.values()}
    if len(dtypes) > 1:
        raise TypeError(f"{name}: expected equal dtypes, got {', '.join(sorted(map(str, dtypes)))}; use .to(dtype)")


@torch_arguments
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices: (n, k) @ (k, m) → (n, m)."""
    _expect_axes("mm", (2, 2), input=input, mat2=mat2)
    return T.matmul(input, mat2)


@torch_arguments
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices: (b, n, k) @ (b, k, m) → (b, n, m)."""
    _expect_axes("bmm", (3, 3), input=input, mat2=mat2)
    if len(input) != len(mat2):
        raise ValueError(f"bmm: expected batches of equal size, got shapes {input.shape} and {mat2.shape}")
    return T.matmul(input, mat2)


@torch_arguments
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector: (n, k) @ (k,) → (n,)."""
    _expect_axes("mv", (2, 1), input=input, vec=vec)
    return T.matmul(input, vec)


@torch_arguments
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product Σ a[i] · b[i] of two vectors."""
    _expect_axes("dot", (1, 1), input=input, tensor=tensor)
    return T.matmul(input, tensor)


@torch_arguments
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Σ over the last axis of both: shapes (…a, k) and (…b, k) give (…a, …b). A number multiplies."""
    if not input.ndim or not other.ndim:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


@torch_arguments
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The outer product y[i, j] = a[i] · b[j] of two vectors."""
    if input.ndim != 1 or vec2.ndim != 1:
        raise ValueError(f"outer: expected two vectors, got shapes {input.shape} and {vec2.shape}")
    return T.unsqueeze(input, 1) * vec2


def _plus(input: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    if product.dtype.kind in "iu":
        beta, alpha = int(beta), int(alpha)  # as torch does
    if product.dtype == np.bool_:
        return (product & bool(alpha)) | (broadcast_to(input, product.shape) & bool(beta))
    product = product if alpha == 1 else product * alpha
    return product + (broadcast_to(input, product.shape) * beta if beta != 0 else 0)


@torch_arguments
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta · input + alpha · (mat1 @ mat2)."""
    return _plus(input, mm(mat1, mat2), beta, alpha)


@torch_arguments
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta · input + alpha · (mat @ vec)."""
    return _plus(input, mv(mat, vec), beta, alpha)


@torch_arguments
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta · input + alpha · outer(vec1, vec2)."""
    return _plus(input, outer(vec1, vec2), beta, alpha)


@torch_arguments
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta · input + alpha · (batch1 @ batch2), a product for each of the batch."""
    return _plus(input, bmm(batch1, batch2), beta, alpha)


@torch_arguments
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta · input + alpha · Σ (batch1 @ batch2) over the batch."""
    return _plus(input, sum(bmm(batch1, batch2), 0).to(input.dtype), beta, alpha)


@torch_arguments
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Σ over several axes of both: the last `dims` of a and the first of b, or the two lists of axes in `dims`."""
    if isinstance(dims, Tensor):
        dims = dims.data.tolist()
    if isinstance(dims, int):
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    axes_a, axes_b = ([positive_axis(d, x.ndim) for d in axes] for axes, x in zip(dims, (a, b)))
    for d, e in zip(axes_a, axes_b):  # an axis of length 1 is repeated, so the other one is summed
        if a.shape[d] == 1 < b.shape[e]:
            b = sum(b, e, True).to(b.dtype)
        elif b.shape[e] == 1 < a.shape[d]:
            a = sum(a, d, True).to(a.dtype)
    if [a.shape[d] for d in axes_a] != [b.shape[d] for d in axes_b]:
        raise ValueError(f"tensordot: dims: {dims} are axes of different lengths in {a.shape} and {b.shape}")
    rest_a, rest_b = ([d for d in range(x.ndim) if d not in axes] for x, axes in ((a, axes_a), (b, axes_b)))
    length = math.prod(a.shape[d] for d in axes_a)
    rows = T.reshape(T.permute(a, dims=(*rest_a, *axes_a)), shape=(math.prod(a.shape[d] for d in rest_a), length))
    columns = T.reshape(T.permute(b, dims=(*axes_b, *rest_b)), shape=(length, math.prod(b.shape[d] for d in rest_b)))
    shape = (*(a.shape[d] for d in rest_a), *(b.shape[d] for d in rest_b))
    return T.reshape(T.matmul(rows, columns), shape=shape)


# Einstein's summation


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Products summed over the letters that the result does not have: "bij,bjk->bik" multiplies matrices.

    "..." stands for any number of axes, which broadcast. Without "->" the result has the letters that occur once, in
    alphabetical order. Operands are multiplied from left to right, two at a time, as matrices.
    """
    if not isinstance(equation, str):
        if any(isinstance(part, str) for part in operands):
            raise TypeError('einsum: equation: expected it first, as in einsum("ij,jk->ik", a, b)')
        equation, operands = _from_lists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    terms, result = _letters(equation, operands)
    lengths: dict[str, int] = {}
    for term, x in zip(terms, operands):
        for letter, n in zip(term, x.shape):
            if lengths.setdefault(letter, n) != n and 1 not in (n, lengths[letter]):
                raise ValueError(f"einsum: {equation!r}: {letter!r} has lengths {lengths[letter]} and {n}")
            lengths[letter] = n if lengths[letter] == 1 else lengths[letter]
    parts = [_without_repeats(x, term) for x, term in zip(operands, terms)]
    x, term = parts[0]
    for position, (other, other_term) in enumerate(parts[1:], start=1):
        kept = set(result).union(*(later for _, later in parts[position + 1 :]))
        x, term = _multiply(x, term, other, other_term, kept, lengths)
    if len(parts) == 1:
        dims = tuple(i for i, letter in enumerate(term) if letter not in result)
        x, term = (sum(x, dims) if dims else x), "".join(letter for letter in term if letter in result)
    return T.permute(x, dims=tuple(term.index(letter) for letter in result))


def _from_lists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Return the equation and the operands of einsum(a, [0, 1], b, [1, 2], [0, 2])."""

    def text(axes: Any) -> str:
        return "".join("..." if axis is Ellipsis else chr(ord("A" if axis < 26 else "a") + axis % 26) for axis in axes)

    terms = ",".join(text(axes) for axes in arguments[1::2])
    if len(arguments) % 2:
        terms += "->" + text(arguments[-1])
    return terms, arguments[: len(arguments) // 2 * 2 : 2]


def _letters(equation: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """Return the letters of each operand's axes, and of the result's; the axes of "..." are "0", "1", ..."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"einsum: {equation!r} has {len(terms)} terms, got {len(operands)} operands")
    widest, full = 0, []
    for term, x in zip(terms, operands):
        extra = x.ndim - len(term.replace("...", ""))
        if extra < 0 or (extra and "..." not in term):
            raise ValueError(f"einsum: {equation!r}: {term!r} does not fit a tensor of shape {x.shape}")
        if "..." in term:
            widest = max(widest, extra)
            term = term.replace("...", "".join(_EXTRA[-extra:] if extra else ""))
        full.append(term)
    dots = _EXTRA[len(_EXTRA) - widest :]
    if not arrow:
        once = "".join(full)
        return full, dots + "".join(sorted(c for c in set(once) if once.count(c) == 1 and c not in dots))
    result = result.replace("...", dots)
    if len(set(result)) < len(result) or not set(result) <= set("".join(full)):
        raise ValueError(f"einsum: {equation!r}: the result repeats a letter, or has one that no operand has")
    return full, result


_EXTRA = "0123456789"


def _without_repeats(x: Tensor, term: str) -> tuple[Tensor, str]:
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = diagonal(x, 0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return x, term


def _sum_out(x: Tensor, term: str, kept: set[str]) -> tuple[Tensor, str]:
    dims = tuple(i for i, letter in enumerate(term) if letter not in kept)
    return (sum(x, dims).to(x.dtype) if dims else x), "".join(letter for letter in term if letter in kept)


def _multiply(
    a: Tensor, term_a: str, b: Tensor, term_b: str, kept: set[str], lengths: dict[str, int]
) -> tuple[Tensor, str]:
    """Return the product of two operands as one matrix product for each entry of the axes that both keep."""
    a, term_a = _sum_out(a, term_a, kept | set(term_b))
    b, term_b = _sum_out(b, term_b, kept | set(term_a))
    both = [c for c in term_a if c in term_b]
    batch, summed = [c for c in both if c in kept], [c for c in both if c not in kept]
    rows, columns = [c for c in term_a if c not in both], [c for c in term_b if c not in both]

    def matrix(x: Tensor, term: str, *groups: list[str]) -> Tensor:
        x = T.permute(x, dims=tuple(term.index(c) for group in groups for c in group))
        wide = broadcast_to(x, [lengths[c] for group in groups for c in group])
        return T.reshape(wide, shape=tuple(math.prod(lengths[c] for c in group) for group in groups))

    product = T.matmul(matrix(a, term_a, batch, rows, summed), matrix(b, term_b, batch, summed, columns))
    letters = [*batch, *rows, *columns]
    return T.reshape(product, shape=tuple(lengths[c] for c in letters)), "".join(letters)
