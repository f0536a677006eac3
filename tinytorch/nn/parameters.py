"""What `torch.nn.utils` does with all parameters of a network together: clipping, and one vector of them all."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tinytorch.core.tensor import Tensor, concatenate
from tinytorch.core.training import clip_grad_norm
from tinytorch.support.training import check_clip_value, check_vector, not_finite_error


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Shorten the gradients of all parameters together to a norm of at most `max_norm`; return the norm before.

    With norm_type 2 this is chapter 07's `clip_grad_norm`; p gives (Σ |g|^p)^(1/p), infinity the largest |g|. Raises
    RuntimeError with error_if_nonfinite for a norm that is not finite; otherwise it makes the gradients nan or 0, as in
    torch. `foreach`, which concerns how torch computes, changes nothing.
    """
    with_gradient = _with_gradient(parameters)
    if norm_type == 2:
        norm = clip_grad_norm(with_gradient, math.inf)
    else:
        norms = [float(np.linalg.norm(p.grad.data.ravel(), norm_type)) for p in with_gradient]
        norm = float(np.linalg.norm(norms, norm_type)) if norms else 0.0
    if error_if_nonfinite and not math.isfinite(norm):
        raise not_finite_error(norm, norm_type)
    if norm_type == 2 and math.isfinite(norm):
        clip_grad_norm(with_gradient, max_norm)
        return Tensor(norm)
    scale = float(np.minimum(max_norm / (norm + 1e-6), 1.0))
    with np.errstate(invalid="ignore"):  # infinity times 0
        for p in with_gradient:
            p.grad = Tensor(p.grad.data * scale)
    return Tensor(norm)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Limit each entry of each gradient to [−clip_value, clip_value]. Raises ValueError for a negative clip_value."""
    check_clip_value(clip_value)
    for p in _with_gradient(parameters):
        p.grad = Tensor(np.clip(p.grad.data, -clip_value, clip_value))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all parameters, one behind the other, as one vector."""
    return concatenate([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy the entries of a vector into the parameters, in their order. Raises ValueError for another length."""
    parameters = list(parameters)
    check_vector(vec, [p.data for p in parameters])
    ends = np.cumsum([p.data.size for p in parameters])
    for p, part in zip(parameters, np.split(vec.data, ends[:-1])):
        p.data[...] = part.reshape(p.shape)


def _with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p for p in parameters if p.grad is not None]
