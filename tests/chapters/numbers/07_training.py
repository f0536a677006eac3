"""Where the numbers of module 07 come from. See tests/chapters/prose.py."""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.core.training import OneCycle
from tinytorch.nn import functional as F

logits = tt.tensor([[2.0, 0.1, -1.0], [0.3, 0.2, 1.5]])
labels = tt.tensor([0, 1])
a, b = logits.data
largest = logits.argmax(dim=1).data
correct = round(tt.accuracy(logits, labels) * len(labels))
assert list(largest == labels.data) == [True, False]

classes = 10
untrained = F.cross_entropy(tt.zeros(1, classes), tt.tensor([0])).item()
share = F.softmax(tt.zeros(1, classes), dim=1).data[0, 0]

gradient, max_norm = (3, 4), 1
parameter = nn.Linear(2, 1, bias=False).weight
parameter.grad = tt.tensor([[*map(float, gradient)]])
length = tt.clip_grad_norm([parameter], float(max_norm))
clipped = tuple(float(f"{g:.6g}") for g in parameter.grad.data[0])

total = 1000
rates = []
optimizer = optim.SGD([parameter], lr=0.1)
schedule = OneCycle(optimizer, max_lr=1.0, total_steps=total)
for step in range(total):
    rates.append(schedule.lr(step, 1.0))
rise = round(total / (np.argmax(rates) + 1))
lowest = round(rates[-1], 1)

vectors = (3, 0), (0, 4)
batches = 64, 36

SENTENCES = {
    "modules/07_training/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "{in_words(exercises).capitalize()} exercises, in the order",
        "of two layers are ({vectors[0][0]}, {vectors[0][1]}) and ({vectors[1][0]}, {vectors[1][1]}).",
        "A validation set of {sum(batches)} images comes in batches of {batches[0]} and {batches[1]}.",
    ],
    "modules/07_training/training_dev.py": [
        "{a[0]:.1f}  {a[1]:.1f}  {a[2]:.1f}      {labels.data[0]}      largest is class {largest[0]}     correct",
        "{b[0]:.1f}  {b[1]:.1f}   {b[2]:.1f}      {labels.data[1]}      largest is class {largest[1]}     wrong        "
        "accuracy {correct}/{len(labels.data)}",
        "its accuracy is {about('a tenth', share)}, and its\nloss is log {classes} = {untrained:.3f}, because it gives each "
        "class a probability of {about('a tenth', share)}.",
        "gradient {gradient}, length {length:.0f}          max_norm {max_norm}  →  {clipped}",
        "{lowest:.0f} ┼─────────────╲─► step                       {lowest:.0f} ┼────────────╰─► step",
        "1/{rise}        total",
    ],
}
