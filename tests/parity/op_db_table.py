"""What of torch's operator samples is left out, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rule = tuple[Callable[[Any, Any], bool], str]  # whether (sample, dtype) is left out, and why

# Samples that need an argument or a kind of input outside what we serve. Ours refuses it by its name.
NOT_SERVED: dict[str, list[Rule]] = {}

# Operators that do not agree yet, and where the work stands.
UNFINISHED: dict[tuple[str, str], str] = {
    ("add", ""): "functions",
    ("arange", ""): "functions",
    ("sub", ""): "functions",
    ("clamp", ""): "functions",
    ("div", "trunc_rounding"): "functions",
    ("div", "floor_rounding"): "functions",
    ("exp", ""): "lead",
    ("log", ""): "lead",
    ("max", "reduction_with_dim"): "functions",
    ("min", "reduction_with_dim"): "functions",
    ("max", "binary"): "functions",
    ("min", "binary"): "functions",
    ("softmax", ""): "functions",
    ("softmax", "with_dtype"): "functions",
    ("nn.functional.cross_entropy", ""): "nn",
    ("nn.functional.adaptive_avg_pool2d", ""): "nn",
    ("nn.functional.conv2d", ""): "nn",
    ("nn.functional.pad", "constant"): "nn",
    ("nn.functional.pad", "reflect"): "nn",
    ("nn.functional.pad", "replicate"): "nn",
    ("nn.functional.pad", "replicate_negative"): "nn",
    ("nn.functional.pad", "circular"): "nn",
    ("nn.functional.avg_pool2d", ""): "nn",
    ("nn.functional.max_pool2d", ""): "nn",
    ("nn.functional.batch_norm", ""): "nn",
    ("__ror__", ""): "lead",
    ("__rpow__", ""): "lead",
    ("tanh", ""): "lead",
    ("sqrt", ""): "lead",
    ("gather", ""): "functions",
    ("randn", ""): "functions",
    ("ones", ""): "functions",
    ("zeros", ""): "functions",
    ("full", ""): "functions",
    ("eye", ""): "functions",
    ("cat", ""): "functions",
    ("squeeze", "multiple"): "functions",
    ("transpose", ""): "functions",
    ("sigmoid", ""): "lead",
    ("log_softmax", ""): "functions",
    ("log_softmax", "with_dtype"): "functions",
    ("nn.functional.dropout", ""): "nn",
    ("nn.functional.softplus", ""): "nn",
    ("var", ""): "functions",
    ("var", "unbiased"): "functions",
    ("sum", ""): "functions",
}
