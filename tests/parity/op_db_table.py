"""What of torch's operator samples is left out, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch


class Rule(NamedTuple):
    """Samples that are not served."""

    applies: Callable[[Any], bool]
    reason: str
    refusal: str | None  # what our error says; None where torch leaves open what the result is


def gives(name: str, *values: Any) -> Callable[[Any], bool]:
    """Whether a sample has the keyword `name`, with one of these values if any are named."""
    return lambda sample: name in sample.kwargs and (not values or sample.kwargs[name] in values)


def has_ties(sample: Any) -> bool:
    return sample.input.numel() > sample.input.unique().numel()


def is_empty(sample: Any) -> bool:
    return sample.input.numel() == 0


def of_integers(sample: Any) -> bool:
    return not sample.input.dtype.is_floating_point


def without_a_batch(sample: Any) -> bool:
    return sample.input.ndim == 3


def asks_a_gradient(sample: Any) -> bool:
    return sample.input.requires_grad


def normalizes_one_float32(sample: Any) -> bool:
    dim = sample.kwargs.get("dim", 1)
    return sample.input.dtype is torch.float32 and sample.input.ndim > 0 and sample.input.shape[dim] == 1


ANY_INDEX = Rule(has_ties, "which of several equal values is named is left open by torch", None)
ANY_ORDER = Rule(
    lambda sample: has_ties(sample) and not sample.kwargs.get("stable"),
    "the order of equal values is left open by torch unless it is asked for a stable one",
    None,
)
NO_SAMPLE = Rule(is_empty, "an empty batch is a mistake of the caller", "got an empty batch")
NOT_FLOATS = Rule(of_integers, "the pixels of a picture are floats", "pixels become floats by x / 255.0")
NO_BATCH = Rule(without_a_batch, "a picture has a batch axis", "add the batch axis with x.unsqueeze(0)")
KEEPS_SHAPE = Rule(
    asks_a_gradient, "a tensor in a graph has the shape that was recorded", "keeps its shape; use x = x."
)

# Samples of all operators that need an argument which we do not serve.
NEVER_SERVED = [
    Rule(gives("memory_format", torch.channels_last), "every tensor is in the order of NumPy", "memory_format"),
    Rule(gives("pin_memory", True), "there is no other device to copy to", "pin_memory"),
]

# Samples of one operator, or of one of its forms, that need an argument or a kind of input that we do not serve.
NOT_SERVED: dict[str, list[Rule]] = {
    "einsum": [
        Rule(
            lambda sample: sample.input[0].dtype is torch.uint8 and "..." in str(sample.args),
            "the dtype of a sum of uint8 depends on the way that torch takes",
            None,
        )
    ],
    **dict.fromkeys(("sort", "argsort"), [ANY_ORDER]),
    "kthvalue": [ANY_INDEX],
    "topk": [ANY_INDEX],
    "mode": [ANY_INDEX],
    "median": [ANY_INDEX],
    "norm": [
        Rule(
            lambda sample: "nuc" in (*sample.args, sample.kwargs.get("p")),
            "the nuclear norm needs singular values",
            '"nuc" is not served',
        )
    ],
    "scatter": [
        Rule(gives("reduce", "multiply"), "torch itself advises scatter_reduce in its place", "scatter_reduce")
    ],
    "nn.functional.normalize": [
        Rule(
            normalizes_one_float32,
            "x / |x| of one number has the gradient 0, of which float32 has what rounding leaves of two equal terms",
            None,
        )
    ],
    "__rpow__": [
        Rule(
            lambda sample: of_integers(sample) and bool((sample.input < 0).any()),
            "a fraction that torch rounds to 0 is refused, as it is by NumPy",
            "Integers to negative integer powers",
        )
    ],
    "Tensor.squeeze_": [KEEPS_SHAPE],
    "Tensor.unsqueeze_": [KEEPS_SHAPE],
    "Tensor.t_": [KEEPS_SHAPE],
    "Tensor.transpose_": [KEEPS_SHAPE],
    "nn.functional.interpolate": [
        Rule(
            lambda sample: of_integers(sample) and "nearest" not in str(sample.kwargs["mode"]),
            *NOT_FLOATS[1:],
        )
    ],
    **dict.fromkeys(("nn.functional.avg_pool1d", "nn.functional.conv1d"), [NO_SAMPLE, NOT_FLOATS]),
    **dict.fromkeys(
        (
            "nn.functional.adaptive_avg_pool2d",
            "nn.functional.avg_pool2d",
            "nn.functional.conv2d",
            "nn.functional.max_pool2d",
        ),
        [NO_BATCH, NO_SAMPLE, NOT_FLOATS],
    ),
    **dict.fromkeys(
        (
            "nn.functional.batch_norm",
            "nn.functional.group_norm",
            "nn.functional.layer_norm",
            "nn.functional.rms_norm",
        ),
        [NO_SAMPLE],
    ),
}

# Operators whose numbers are drawn or left as they are in memory: shape and dtype are compared.
WITHOUT_NUMBERS = {
    "bernoulli", "empty", "empty_like", "multinomial", "new_empty", "nn.functional.dropout", "nn.functional.dropout2d", "normal", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "uniform",
}  # fmt: skip

# What torch itself rounds in float64: how far a value of this operator may be from it.
EPS = torch.finfo(torch.float32).eps
ROUNDED_WITHIN = {
    # 1/6 is a float32; the gradients sent in are at most 7/4
    ("nn.functional.hardsigmoid", torch.float64): EPS / 2 / 6 * 7 / 4,
}
