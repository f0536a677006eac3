"""What a network does, as data: its calls, costs, receptive fields, single numbers, maps of attention.

    summary(model, (1, 3, 32, 32))                      parameters, multiply-adds, memory, receptive field per layer
    receptive_field(model, (1, 3, 32, 32), "conv2")     what a place of a map sees of the image
    explain(conv, x, at=(n, o, i, j))                   how one number came about
    trace(model, x), feature_maps(model, x)             what each layer was given, and what it made of it
    grad_cam(model, x)                                  where the network looked

Everything is computed by the framework of the chapters, and nothing here draws.
"""

from tinytorch.analysis.arithmetic import Explanation, explain
from tinytorch.analysis.attention import feature_maps, grad_cam, resize
from tinytorch.analysis.costs import Row, Summary, summary
from tinytorch.analysis.receptive import ReceptiveField, receptive_field
from tinytorch.analysis.trace import Call, layer_named, trace

__all__ = [
    "Call",
    "Explanation",
    "ReceptiveField",
    "Row",
    "Summary",
    "explain",
    "feature_maps",
    "grad_cam",
    "layer_named",
    "receptive_field",
    "resize",
    "summary",
    "trace",
]
