"""A tour of tensors: how they are made, what they know of themselves, and what can be done with them."""

import numpy as np
import torch

from tinytorch.data import Digits

# Tensors from lists, arrays and other tensors
rows = [[1, 2, 3], [4, 5, 6]]
table = torch.tensor(rows)
array = np.array(rows, dtype=np.float32)
shared = torch.from_numpy(array)
array[0, 0] = 10
print("an array and its tensor share memory:", shared[0, 0].item(), table[0, 0].item())
print(
    "like another:", torch.ones_like(table).sum().item(), torch.zeros_like(shared).dtype, torch.rand_like(shared).shape
)
shape = (2, 4)
print("from a shape:", torch.rand(shape).shape, torch.ones(shape).sum().item(), torch.zeros(shape).sum().item())
print("from a range:", torch.arange(0, 10, 3).tolist(), torch.linspace(0, 1, 5).tolist(), torch.eye(2).tolist())

# What a tensor knows
print("shape", tuple(shared.shape), "size", tuple(shared.size()), "dims", shared.dim(), "count", shared.numel())
print("dtype", shared.dtype, table.dtype, "device", shared.device)
if torch.cuda.is_available():
    print("there is a GPU, and we stay on the CPU")

# Indexing, and writing in place
square = torch.ones(4, 4)
square[:, 1] = 0
square[2] = torch.arange(4.0)
print("first row", square[0].tolist(), "first column", square[:, 0].tolist(), "last column", square[..., -1].tolist())
print("positive:", square[square > 0].tolist())

# Joining and splitting
joined = torch.cat([square, square, square], dim=1)
stacked = torch.stack([square, square])
print("cat", tuple(joined.shape), "stack", tuple(stacked.shape), "chunk", [tuple(c.shape) for c in joined.chunk(3, 1)])

# Arithmetic: three ways to write a product of matrices, three for one by elements
y1 = square @ square.T
y2 = square.matmul(square.T)
y3 = torch.zeros_like(y1)
torch.matmul(square, square.T, out=y3)
print("matrix products", y1.tolist(), bool((y1 == y2).all()), torch.equal(y2, y3))
z1 = square * square
z2 = square.mul(square)
z3 = torch.empty_like(square)
torch.mul(square, square, out=z3)
print("products", z1.sum().item(), torch.allclose(z1, z2), torch.allclose(z2, z3))
total = square.sum()
print("a sum", total, total.item(), type(total.item()).__name__)
square.add_(5)
square.mul_(2).sub_(1)
print("in place", square.tolist())

# Broadcasting, reductions and order
column, row = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([10.0, 20.0])
print("broadcast", (column + row).tolist(), (column * row).sum(dim=0).tolist())
x = torch.tensor([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])
print("reductions", x.mean().item(), x.std().item(), x.sum(1).tolist(), x.max(dim=0)[0].tolist(), x.argmax(1).tolist())
print("sorted", x.sort(dim=1).values.tolist(), x.topk(2).indices.tolist(), x.abs().sqrt().sum().item())
print("chosen", torch.where(x > 0, x, torch.zeros_like(x)).tolist(), x.clamp(-1, 1).tolist(), (x > 0).sum().item())

# Shapes
print("view", torch.arange(6).view(2, 3).tolist(), torch.arange(6).reshape(3, -1).t().tolist())
print("axes", tuple(torch.zeros(2, 3, 4).permute(2, 0, 1).shape), tuple(torch.zeros(3).unsqueeze(0).shape))
print("squeeze", tuple(torch.zeros(1, 3, 1).squeeze().shape), tuple(torch.zeros(2, 3, 4).flatten(1).shape))

# Dtypes
whole = torch.tensor([1, 2, 3])
print("dtypes", (whole / 2).dtype, (whole * 2).dtype, (whole + 0.5).dtype, whole.float().dtype, (whole > 1).dtype)
print("rounding", (whole / 2).tolist(), (whole // 2).tolist(), torch.tensor([1.7, -1.7]).long().tolist())

# The way to NumPy, and shared memory again
t = torch.ones(5)
n = t.numpy()
t.add_(1)
np.add(n, 1, out=n)
print("both are", t.tolist(), n.tolist())

# Real pictures: means of classes as a classifier
digits, held_out = Digits(train=True), Digits(train=False)
images = torch.from_numpy(digits.images).float().div(16).flatten(1)
labels = torch.from_numpy(digits.labels)
means = torch.stack([images[labels == k].mean(dim=0) for k in range(10)])
tests = torch.from_numpy(held_out.images).float().div(16).flatten(1)
distances = ((tests.unsqueeze(1) - means) ** 2).sum(-1)
correct = distances.argmin(dim=1) == torch.from_numpy(held_out.labels)
print("accuracy of the nearest mean", correct.float().mean().item())

losses: list[float] = [distances.min(1)[0].mean().item()]
weights = {"means": means}
