"""Where the numbers of module 03 come from. See tests/chapters/prose.py."""

import numpy as np

import tinytorch as tt
from tinytorch import nn

network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
named = dict(network.named_parameters())
assert list(named) == ["0.weight", "0.bias", "2.weight", "2.bias"]
(w0, b0, w2, b2), (first, second, third) = named.values(), (0, 1, 2)
pixels, units, classes = w0.shape[1], w0.shape[0], w2.shape[0]
total = sum(p.numel() for p in network.parameters())
assert isinstance(network[second], nn.ReLU)

small = nn.Linear(3, 2)
ins, outs = small.weight.shape[1], small.weight.shape[0]
assert small(tt.zeros(5, 7, ins)).shape == (5, 7, outs)

# a uniform draw from ±b has variance b²/3
tt.manual_seed(0)
part = round(1 / np.var(tt.rand(200_000, dtype=np.float64).data * 2 - 1))
unit = round(float(np.var(tt.randn(200_000).data)))

deep, steps, smallest = 20, 100, 1
for bad in (smallest - 1, -1):
    try:
        nn.Linear(bad, 1)
    except ValueError:
        continue
    raise AssertionError("Linear takes a size below 1")
p_min, p_max = 0, 1
for p in (p_min - 0.1, p_max + 0.1):
    try:
        nn.Dropout(p)
    except ValueError:
        continue
    raise AssertionError("Dropout takes a p outside [0, 1]")

half = 1 - 1 / 2  # of which dropout's factor is two
tt.manual_seed(0)
assert nn.Dropout(half)(tt.ones(100)).data.max() == 2

SENTENCES = {
    "modules/03_layers/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "its parts are called `{first}`, not `.{first}`",
        "noise through {in_words(deep)} layers",
        "from ±b has variance b²/{part}. So √({part}/n) keeps",
        "lets it shrink by √{part} a layer",
        "after {about('a hundred', steps)} steps?",
        "`Linear` of sizes below {smallest}, a p outside `[{p_min}, {p_max}]` and",
    ],
    "modules/03_layers/layers_dev.py": [
        "├── {first}: Linear({pixels}, {units})            {first}.weight      ({units}, {pixels})   {w0.numel():,}",
        "├── weight                  {first}.bias        ({units},)           {b0.numel()}",
        "└── bias                    {third}.weight      ({classes}, {units})      {w2.numel():,}",
        "├── {second}: ReLU                        {third}.bias        ({classes},)             {b2.numel()}",
        "└── {third}: Linear({units}, {classes})",
        "├── weight                                             {total:,}",
        "in = {ins}\n",
        "x  (…, {ins})   │ w w w    │  out = {outs}         y[…, o]",
        "y  (…, {outs})\n",
        "inputs of variance {unit} and weights with variance b²/{part}, which is that\nof a uniform draw from ±b",
        "n · (1/√n)² / {part} = 1/{part}, for every n",
        "twice as large for p = {fraction(half)}",
    ],
}
