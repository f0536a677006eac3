"""Where the numbers of module 01 come from. See tests/chapters/prose.py."""

from math import log10

import numpy as np

import tinytorch as tt
from tinytorch import tensor
from tinytorch.support.tensor import positive_axis

# lists that the table of dtypes gives as examples
a_float, lists = 3.5, ([1.0, 2.0], [1, 2], [True, False])
assert all(tt.Tensor(data).dtype == np.float32 for data in (a_float, *lists))

digits = np.finfo(np.float64).nmant * log10(2)

images, mean = tt.zeros(8, 3, 32, 32), tt.zeros(3, 1, 1)
n, c, h, w = (images - mean).shape

m = tensor([[1, 2, 3], [4, 5, 6]])
rows, columns = m.shape
(a, b, d), (e, f, g) = m.data
down, across = m.sum(dim=0).data, m.sum(dim=1).data
reshaped, permuted = m.reshape(3, 2).data, m.permute(1, 0).data
kept = m.sum(dim=1, keepdim=True).shape[1]
first, second, last = 0, 1, -1
last_of_four = positive_axis(last, 4)

cube = tt.zeros(2, 3, 4)

SENTENCES = {
    "modules/01_tensor/ABOUT.md": [
        "{in_words(exercises).capitalize()} exercises, in the order",
        "**Time** {front['time_estimate']}\n",
        "turn a {rows} × {columns} tensor into a {columns} × {rows} one",
        "`(n,) → ({kept}, n)` and back",
        "left of shape {cube.shape} after",
    ],
    "modules/01_tensor/tensor_dev.py": [
        "does not need its {digits:.0f} digits",
        "| `{a_float}`, `{lists[0]}`, `{lists[1]}`, `{lists[2]}` | `float32` |",
        "an axis of length {mean.shape[1]} (or a",
        "images     {n} × {c} × {h} × {w}\n mean           {mean.shape[0]} ×  {mean.shape[1]} ×  {mean.shape[2]}        "
        "one number per channel\n  result     {n} × {c} × {h} × {w}",
        "counts an axis from the front: −{-last} of four axes is {last_of_four}.",
        "For a {rows} × {columns} tensor:",
        "[[{a}, {b}, {d}],     sum(dim={first}) → [{down[0]}, {down[1]}, {down[2]}]        "
        "the rows are added up: {len(down)} numbers\n"
        "[{e}, {f}, {g}]]     sum(dim={second}) → [{across[0]}, {across[1]}]          "
        "each row is added up:  {len(across)} numbers\n sum()      → {m.sum().item()}",
        "the axis stays, with length {kept}: `x",
        "both can turn {rows} × {columns} into {columns} × {rows}:",
        "[[{a}, {b}, {d}],    reshape({columns}, {rows}) → [[{reshaped[0][0]}, {reshaped[0][1]}],     "
        "permute({second}, {first}) → [[{permuted[0][0]}, {permuted[0][1]}],\n"
        "[{e}, {f}, {g}]]   [{reshaped[1][0]}, {reshaped[1][1]}],   [{permuted[1][0]}, {permuted[1][1]}],\n"
        "[{reshaped[2][0]}, {reshaped[2][1]}]]   [{permuted[2][0]}, {permuted[2][1]}]]",
    ],
}
