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
    "bernoulli", "empty", "empty_like", "multinomial", "new_empty", "nn.functional.dropout", "nn.functional.dropout2d", "normal", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "uniform",
}  # fmt: skip

# Operators that do not agree yet, and where the work stands.
_OF_NN = "the functions of nn.functional do not take all of torch's arguments yet"
UNFINISHED: dict[tuple[str, str], str] = {
    ("softmax", ""): _OF_NN,
    ("softmax", "with_dtype"): _OF_NN,
    ("nn.functional.softmin", ""): _OF_NN,
    ("nn.functional.softmin", "with_dtype"): _OF_NN,
    ("nn.functional.cross_entropy", ""): _OF_NN,
    ("nn.functional.normalize", ""): _OF_NN,
    ("nn.functional.adaptive_avg_pool2d", ""): _OF_NN,
    ("nn.functional.avg_pool1d", ""): _OF_NN,
    ("nn.functional.conv1d", ""): _OF_NN,
    ("nn.functional.conv2d", ""): _OF_NN,
    ("nn.functional.group_norm", ""): _OF_NN,
    ("nn.functional.layer_norm", ""): _OF_NN,
    ("nn.functional.rms_norm", ""): _OF_NN,
    ("nn.functional.pad", "constant"): _OF_NN,
    ("nn.functional.pad", "reflect"): _OF_NN,
    ("nn.functional.pad", "replicate"): _OF_NN,
    ("nn.functional.pad", "replicate_negative"): _OF_NN,
    ("nn.functional.pad", "circular"): _OF_NN,
    ("nn.functional.interpolate", "nearest"): _OF_NN,
    ("nn.functional.interpolate", "nearest-exact"): _OF_NN,
    ("nn.functional.interpolate", "bilinear"): _OF_NN,
    ("nn.functional.interpolate", "bicubic"): _OF_NN,
    ("nn.functional.interpolate", "trilinear"): _OF_NN,
    ("nn.functional.interpolate", "area"): _OF_NN,
    ("nn.functional.avg_pool2d", ""): _OF_NN,
    ("nn.functional.max_pool2d", ""): _OF_NN,
    ("nn.functional.prelu", ""): _OF_NN,
    ("nn.functional.batch_norm", ""): _OF_NN,
    ("nn.functional.binary_cross_entropy", ""): _OF_NN,
    ("nn.functional.hardtanh", ""): _OF_NN,
    ("nn.functional.relu6", ""): _OF_NN,
    ("__rpow__", ""): "a whole number to a negative power is 0, 1 or -1 in torch",
    ("nn.functional.smooth_l1_loss", ""): _OF_NN,
    ("nn.functional.l1_loss", ""): _OF_NN,
    ("log_softmax", ""): _OF_NN,
    ("log_softmax", "with_dtype"): _OF_NN,
    ("nn.functional.huber_loss", ""): _OF_NN,
    ("nn.functional.kl_div", ""): _OF_NN,
}
