"""Where the numbers of module 04 come from. See tests/chapters/prose.py."""

import math

import numpy as np

from tinytorch import tensor
from tinytorch.core.losses import target_distribution
from tinytorch.nn import functional as F

given = [0.9, 0.5, 0.1, 0.01]
told = [F.nll_loss(tensor([[math.log(p), 0.0]]), tensor([0])).item() for p in given]

classes = 10
blind = F.cross_entropy(tensor(np.zeros((1, classes), np.float32)), tensor([0])).item()

batch = 64
column, flat = np.zeros((batch, 1)), np.zeros(batch)
wide = (column - flat).shape

scores = tensor(np.zeros((1, 3), np.float32))
weights = tensor(np.array([1.0, 2.0, 5.0], np.float32))
label, smoothing, ignored = 1, 0.3, -100


def table(weight=None, epsilon=0.0, target=label):
    q, _ = target_distribution(scores, tensor([target]), weight, ignored, epsilon)
    return q.data[0]


plain, smooth, weighted, nothing = (
    table(),
    table(epsilon=smoothing),
    table(weights, smoothing),
    table(target=ignored),
)
names = range(3)
heavy = weights.data[2]

far = 200
from_scores = F.cross_entropy(tensor([[0.0, -float(far)]]), tensor([1])).item()
log_p = F.log_softmax(tensor([[0.0, -float(far)]])).data[0, 1]
with np.errstate(under="ignore"):
    rounded = float(np.exp(np.float32(-far)))

sure = 20
assert F.sigmoid(tensor([float(sure)])).item() == 1
right = F.binary_cross_entropy_with_logits(tensor([float(sure)]), tensor([0.0])).item()


last = classes - 1
yes, no = 1, 0
near, near_too = 1, 2

some_scores = tensor([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]])
p_true = F.softmax(some_scores, dim=1).data[0, 0]
assert abs(F.cross_entropy(some_scores, tensor([0, 2]), reduction="none").data[0] + math.log(p_true)) < 1e-6
third = some_scores.shape[1]
pair, truth = 2, 0

SENTENCES = {
    "modules/04_losses/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "gives each 1/{classes}, so its loss is ln {classes} = {blind:.4f}",
        "`{column.shape}` against `{flat.shape}` has an answer",
        "Watch for ignored labels: `{ignored}` is no class",
        "The true class of the first sample got {p_true:.4f}, and −ln {p_true:.4f} is its loss. About the second sample the "
        "network knows\nnothing: ln {third}.",
        "# probability one for class {truth}",
        "**Predictions have shape {column.shape}, targets {flat.shape}.",
        "with weight {heavy:.0f}, and nine of",
        "counts {about('five times', heavy)} in the sum and {about('five times', heavy)} in the divisor",
        "the same loss, ln {pair}",
    ],
    "modules/04_losses/losses_dev.py": [
        "| probability of the true class | {given[0]} | {given[1]} | {given[2]} | {given[3]} |",
        "| loss | {told[0]:.3f} | {told[1]:.3f} | {told[2]:.3f} | {told[3]:.3f} |",
        "gives each of them 1/{classes}: its loss is ln {classes} = {blind:.3f}.",
        "If predictions have shape {column.shape} and targets have shape {flat.shape}, their difference\nbroadcasts to "
        "{wide}: every",
        "class   {names[0]}     {names[1]}     {names[2]}\n",
        "label {label}                              q =       [ {plain[0]:g}     {plain[1]:g}     {plain[2]:g}  ]",
        "label smoothing ε = {smoothing}              q =       [ {smooth[0]:.1f}   {smooth[1]:.1f}   {smooth[2]:.1f}]     "
        "1 - ε on the label, then ε/{len(plain)} on every class",
        "class weights ({weights.data[0]:g}, {weights.data[1]:g}, {weights.data[2]:g}) as well      "
        "q =       [ {weighted[0]:.1f}   {weighted[1]:.1f}   {weighted[2]:.1f}]",
        "label = ignore_index                 q =       [ {nothing[0]:g}     {nothing[1]:g}     {nothing[2]:g}  ]",
        "a sample that counts\n{about('five times', heavy)} must also count {about('five times', heavy)} in the divisor",
        "Take the scores 0 and -{far}, and label 1.",
        "From the scores the loss is {from_scores:.0f}: large",
        "e{raised(-far)} → {rounded:.0f} → -∞",
        "──► pick                  {log_p:.0f}          never rounded to {rounded:.0f}",
        "With y = {yes}\nfor yes, {no} for no",
        "In float32, σ({sure}) is exactly",
        "the correct loss is {right:.0f}. Both",
        "which rounds nothing to {no}:",
        "indices 0 to {last} would run. What would it say about confusing a {near} with a {near_too}, "
        "and a {near} with a {last}?",
    ],
}
