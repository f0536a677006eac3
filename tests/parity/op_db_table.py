"""What of torch's operator samples is left out, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Rule = tuple[Callable[[Any], bool], str]  # whether a sample is left out, and why


def gives(name: str, *values: Any) -> Callable[[Any], bool]:
    """Whether a sample has the keyword `name`, with one of these values if any are named."""
    return lambda sample: name in sample.kwargs and (not values or sample.kwargs[name] in values)


def has_ties(sample: Any) -> bool:
    return sample.input.numel() > sample.input.unique().numel()


ANY_INDEX: Rule = (has_ties, "which of several equal values is named is left open by torch")

# Samples of all operators that need an argument which we do not serve, and refuse by its name.
NEVER_SERVED: list[Rule] = [
    (gives("memory_format", torch.channels_last), "every tensor is in the order of NumPy"),
    (gives("pin_memory", True), "there is no other device to copy to"),
]

# Samples of one operator that need an argument or a kind of input that we do not serve.
NOT_SERVED: dict[str, list[Rule]] = {
    "einsum": [
        (
            lambda sample: sample.input[0].dtype is torch.uint8 and "..." in str(sample.args),
            "the dtype of a sum of uint8 depends on the way that torch takes",
        )
    ],
    "kthvalue": [ANY_INDEX],
    "topk": [ANY_INDEX],
    "mode": [ANY_INDEX],
    "median": [ANY_INDEX],
    "norm": [
        (lambda sample: "nuc" in (*sample.args, sample.kwargs.get("p")), "the nuclear norm needs singular values")
    ],
    "scatter": [(gives("reduce", "multiply"), "torch itself advises scatter_reduce in its place")],
}

# Operators whose numbers are drawn or left as they are in memory: shape and dtype are compared.
WITHOUT_NUMBERS = {
    "bernoulli", "empty", "empty_like", "multinomial", "new_empty", "nn.functional.dropout", "normal", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "uniform",
}  # fmt: skip

# Operators that do not agree yet, and where the work stands.
UNFINISHED: dict[tuple[str, str], str] = {}
