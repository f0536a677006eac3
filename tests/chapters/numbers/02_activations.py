"""Where the numbers of module 02 come from. See tests/chapters/prose.py."""

from math import pi

import numpy as np

from tinytorch import tensor
from tinytorch.core.activations import normal_cdf
from tinytorch.nn import functional as F


def at(function, *values, **settings):
    return [float(y) for y in function(tensor([*map(float, values)]), **settings).data]


zero, one = at(F.sigmoid, -200, 200)  # its bounds, which float32 reaches
top, middle, bottom = one, at(F.sigmoid, 0)[0], zero
slope = 0.1
assert at(F.leaky_relu, -1, negative_slope=slope) == [-np.float32(slope)]
low, high = at(F.tanh, -200, 200)
points = np.linspace(-5, 5, 41)
assert np.allclose(at(F.tanh, *points), 2 * np.array(at(F.sigmoid, *(2 * points))) - 1, atol=1e-6)

with np.errstate(over="ignore"):
    finite = next(n for n in range(200) if np.isinf(np.exp(np.float32(n + 1))))
with np.errstate(under="ignore"):
    assert np.exp(np.float32(-200)) == 0
infinite = finite + 1
at_most = 1.0  # of an exponential of something that is not positive
assert np.exp(-abs(points)).max() == at_most

rounded = 20
assert np.float32(1) + np.exp(np.float32(-rounded)) == 1
small = at(F.softplus, -rounded)[0]

phi0, phi1 = normal_cdf(tensor([0.0, 1.0])).data
gelu1, gelu_1 = at(F.gelu, 1, -1)

half, cubic = 0.5, 0.044715
wide = np.linspace(-10, 10, 4001)
tanh_form = wide * half * (1 + np.tanh(np.sqrt(2 / pi) * (wide + cubic * wide**3)))
assert np.allclose(F.gelu(tensor(wide), approximate="tanh").data, tanh_form)
missed = abs(F.gelu(tensor(wide)).data - tanh_form).max()
bound = 0.0005
assert bound / 1.2 < missed < bound

scores = [1, 2, 3]
powers = np.exp(np.array(scores, float))
p = at(F.softmax, *scores)
total = round(sum(p), 6)

far = 200
log_p = at(F.log_softmax, 0, -far)[1]
assert np.log(np.float32(sum(np.exp([0.0, -far])))) == 0

sample = 100.0
assert at(F.relu, sample, -sample, 0) == [sample, 0, 0]

SENTENCES = {
    "modules/02_activations/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "e{raised(infinite)} is infinite and e{raised(-far)} is zero",
        "on {sample:.0f}, -{sample:.0f}, {zero:.0f} and `float",
    ],
    "modules/02_activations/activations_dev.py": [
        "leaky_relu,           /\n / negative_slope {slope} /",
        "{bottom:.0f} ‾‾‾‾‾ {bottom:.0f}\n",
        "{top:.0f} ┤            ________          sigmoid(x) =",
        "{middle} ┤        .─'                   sigmoid({bottom:.0f}) = {middle}",
        "{bottom:.0f} ┤_____.-'                      tanh(x) = {1 + one:.0f} sigmoid(2x) - 1   the same step from "
        "{low:.0f} to {high:.0f}",
        "`e^{finite}` is a number and `e^{infinite}` is infinite, so the textbook's form of sigmoid overflows at "
        "-{infinite}, and the\nform `e^x / (1 + e^x)` at {infinite}.",
        "It\noverflows at {infinite}; at -{rounded} the sum 1 + e{raised(-rounded)} rounds to 1",
        "e = e^-|x| ≤ {at_most:.0f}, helps both",
        "| x ≥ {zero:.0f} | 1 / (1 + e) | x + log(1 + e) |",
        "| x < {zero:.0f} | e / (1 + e) | {zero:.0f} + log(1 + e) |",
        "softplus(-{rounded}) is then {small:.2e}",
        "Φ({zero:.0f}) = {phi0}   Φ({one:.0f}) = {phi1:.4f}   so gelu({one:.0f}) = {gelu1:.4f}, gelu(-{one:.0f}) = "
        "{gelu_1:.4f}",
        "by less than {bound} everywhere",
        "Φ(x) ≈ {fraction(half)} (1 + tanh(√(2/π) (x + {cubic} x³)))",
        "scores {scores} ──exp──► [{powers[0]:.3f}, {powers[1]:.3f}, {powers[2]:.3f}] ──÷ {powers.sum():.3f}──► "
        "[{p[0]:.3f}, {p[1]:.3f}, {p[2]:.3f}]    sum {total:.0f}",
        "a score of {infinite} gives ∞",
        "the largest exponential is\nthen e⁰ = {at_most:.0f}, and the sum is at least {at_most:.0f}",
        "Take the scores 0 and -{far}: the second probability is about\ne{raised(-far)}, which float32",
        "the answer is nearly {log_p:.0f}. So",
        "the sum is at least {at_most:.0f}\n",
        "the two scores (x, {zero:.0f})",
    ],
}
