"""The calls that occur most in torch's beginner tutorials, in our own words: what `parity_snippets` runs.

FIRST are the 120 that nearly every tutorial needs, NEXT the 218 after them. `numbers(2, 3)` is a tensor of numbers without
order, `fill(layer)` a layer with such weights, `folder` an empty folder.
"""

FIRST = """
# tensor of nested lists
torch.tensor([[1, 2], [3, 4]])

# tensor of floats
torch.tensor([5.5, 3])

# tensor with dtype
torch.tensor([1, 2, 3], dtype=torch.float32)

# tensor that requires a gradient
x = torch.tensor([1.0, 2.0], requires_grad=True)
x, x.requires_grad, x.is_leaf

# from_numpy
torch.from_numpy(np.array([[1.0, 2.0], [3.0, 4.0]]))

# from_numpy shares memory
array = np.ones(3); x = torch.from_numpy(array)
np.add(array, 1, out=array)
x

# ones
torch.ones(2, 3)

# zeros of a shape
shape = (2, 3)
torch.zeros(shape)

# zeros with an integer dtype
torch.zeros(5, 3, dtype=torch.long)

# ones_like
torch.ones_like(torch.tensor([[1, 2], [3, 4]]))

# zeros_like
torch.zeros_like(numbers(2, 2))

# rand of a shape
x = torch.rand((2, 3))
x.shape, x.dtype, bool(((x >= 0) & (x < 1)).all())

# rand_like with another dtype
x = torch.rand_like(torch.tensor([[1, 2], [3, 4]]), dtype=torch.float)
x.shape, x.dtype

# randn
x = torch.randn(2000)
x.dtype, abs(x.mean().item()) < 0.2, abs(x.std().item() - 1) < 0.2

# randn_like
torch.randn_like(numbers(3, 4), dtype=torch.float).shape

# randint
x = torch.randint(0, 10, (50,))
x.dtype, x.shape, x.min().item() >= 0, x.max().item() < 10

# empty
torch.empty(5, 3).shape

# eye
torch.eye(3)

# arange
torch.arange(5), torch.arange(1.0, 2.0, 0.25)

# linspace
torch.linspace(-math.pi, math.pi, 2000)

# full
torch.full((2, 2), 7.0)

# randperm
torch.randperm(6).sort()[0]

# manual_seed
torch.manual_seed(0); a = torch.rand(3)
torch.manual_seed(0); b = torch.rand(3)
torch.equal(a, b)

# shape
tuple(numbers(3, 4).shape), numbers(3, 4).shape[0]

# size
tuple(numbers(3, 4).size()), numbers(3, 4).size(0)

# dtype
numbers(3).dtype, torch.tensor([1]).dtype, torch.tensor([True]).dtype

# device
str(numbers(3).device)

# item
numbers(3, 4).sum().item()

# tolist
torch.tensor([[1, 2], [3, 4]]).tolist()

# numpy
numbers(3).numpy()

# numpy shares memory
x = torch.ones(5); array = x.numpy(); x.add_(1)
array

# numel
numbers(3, 4).numel()

# dim
numbers(3, 4).dim(), numbers(3, 4).ndim

# len
len(numbers(3, 4))

# T
numbers(2, 3).T

# t
numbers(2, 3).t()

# a row, a column, the last column
x = numbers(3, 4)
x[0], x[:, 0], x[..., -1]

# write a column
x = torch.ones(4, 4); x[:, 1] = 0
x

# cat
x = numbers(2, 3)
torch.cat([x, x, x], dim=1)

# stack
x = numbers(2, 3)
torch.stack([x, x], dim=0)

# operator @
x = numbers(2, 3)
x @ x.T

# matmul as a method
x = numbers(2, 3)
x.matmul(x.T)

# torch.matmul with out
x = numbers(2, 3); y = torch.zeros(2, 2)
torch.matmul(x, x.T, out=y)
y

# mm
torch.mm(numbers(2, 3), numbers(3, 2)), numbers(2, 3).mm(numbers(3, 2))

# elementwise product
x = numbers(2, 3)
x * x, x.mul(x), torch.mul(x, x)

# operator +, torch.add
x = numbers(2, 3); y = torch.ones(2, 3)
x + y, torch.add(x, y), x.add(y)

# add_
x = numbers(2, 3); x.add_(5)
x

# add_ of a tensor
y = numbers(2, 3); y.add_(torch.ones(2, 3))
y

# copy_ and t_
x = torch.zeros(2, 3); x.copy_(numbers(2, 3)); x.t_()
x

# zero_
x = numbers(3); x.zero_()
x

# sum, mean
x = numbers(3, 4)
x.sum(), x.mean(), x.sum(0), x.mean(dim=1), x.sum(dim=1, keepdim=True)

# max of all, max along an axis
x = numbers(3, 4)
x.max(), *torch.max(x, 1), *x.max(1, keepdim=True)

# argmax
x = numbers(3, 4)
x.argmax(1), x.argmax(dim=1, keepdim=True), torch.argmax(x, dim=1), x[0].argmax(0)

# view
x = numbers(4, 4)
x.view(16), x.view(-1, 8), tuple(x.view(-1, 8).size())

# reshape
numbers(2, 6).reshape(3, -1)

# unsqueeze, squeeze
x = numbers(3)
x.unsqueeze(-1).shape, x.unsqueeze(0).squeeze(0), torch.unsqueeze(x, 1)

# permute, transpose
x = numbers(2, 3, 4)
x.permute(2, 0, 1), x.transpose(0, 1), torch.transpose(x, 1, 2)

# flatten
torch.flatten(numbers(2, 3, 4), 1), numbers(2, 3).flatten()

# exp, log, sqrt, abs
x = numbers(3, 4).abs() + 1
x.exp(), x.log(), x.sqrt(), torch.exp(x), torch.abs(-x)

# sin, cos
x = torch.linspace(0, 3, 7)
torch.sin(x), x.cos()

# pow
x = numbers(5)
x.pow(2), x ** 3, torch.pow(x, 2)

# square of a difference
((numbers(4) - torch.ones(4)) ** 2).mean(), (numbers(4) - 1).pow(2).sum().item()

# comparison
x = torch.tensor([1, 2, 3])
x == torch.tensor([1, 0, 3]), x > 1, (x == 2).sum().item()

# accuracy of predictions
pred = numbers(6, 3); y = torch.tensor([0, 1, 2, 0, 1, 2])
(pred.argmax(1) == y).type(torch.float).sum().item(), (pred.argmax(1) == y).float().mean()

# float, long, int
x = torch.tensor([1.7, -1.7])
x.long(), x.int(), x.long().float()

# to with a dtype
torch.tensor([1, 2]).to(torch.float64)

# to with a device
device = torch.device("cpu")
numbers(3).to(device), numbers(3).to("cpu").device.type

# cuda.is_available decides the device
device = torch.device("cuda" if torch.cuda.is_available() and False else "cpu")
str(device), device.type

# accelerator
device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
isinstance(device, str)

# clamp
x = numbers(3, 4)
x.clamp(min=0), torch.clamp(x, -1, 1), x.clamp(max=0.5)

# clone, detach
x = numbers(3).requires_grad_(); y = x.clone().detach()
y, y.requires_grad

# eq with view_as
pred = torch.tensor([[0], [1], [2]]); target = torch.tensor([0, 1, 1])
pred.eq(target.view_as(pred)).sum().item()

# backward of a scalar
x = torch.ones(2, 2, requires_grad=True); out = ((x + 2) * (x + 2) * 3).mean(); out.backward()
x.grad, out

# backward with a vector
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True); y = x * 2
y.backward(torch.tensor([0.1, 1.0, 0.0001]))
x.grad

# backward with the keyword gradient
a = torch.tensor([2.0, 3.0], requires_grad=True); b = torch.tensor([6.0, 4.0], requires_grad=True)
q = 3 * a**3 - b**2; q.backward(gradient=torch.tensor([1.0, 1.0]))
9 * a**2 == a.grad, -2 * b == b.grad

# requires_grad_
a = numbers(2, 2); before = a.requires_grad; a.requires_grad_(True)
before, a.requires_grad

# grad_fn
x = torch.ones(2, requires_grad=True); y = x + 2
x.grad_fn is None, y.grad_fn is not None

# no_grad
x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    y = x * 2
y.requires_grad

# gradient descent by hand
w = numbers(3).requires_grad_(); (w ** 2).sum().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
    w.grad.zero_()
w, w.grad

# gradient set to None
w = numbers(3).requires_grad_(); (w ** 2).sum().backward(); w.grad = None
w.grad

# the graph twice
x = torch.eye(4, 5, requires_grad=True); out = (x + 1).pow(2).t()
out.backward(torch.ones_like(out), retain_graph=True); out.backward(torch.ones_like(out))
x.grad

# Linear
fill(nn.Linear(3, 2))(numbers(4, 3))

# a module with a forward
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 3); self.fc2 = nn.Linear(3, 2)
    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
fill(Net())(numbers(2, 4))

# super with arguments
class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc = nn.Linear(2, 1)
    def forward(self, x):
        return self.fc(x)
fill(Net())(numbers(3, 2))

# Sequential
fill(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))(numbers(2, 4))

# Sequential by index
model = fill(nn.Sequential(nn.Linear(3, 1), nn.Flatten(0, 1)))
model[0].weight, model[0].bias, model(numbers(2, 3))

# Flatten
nn.Flatten()(numbers(3, 2, 2))

# ReLU
nn.ReLU()(numbers(6)), F.relu(numbers(6))

# Conv2d
fill(nn.Conv2d(1, 6, 5))(numbers(2, 1, 8, 8))

# Conv2d with stride and padding
fill(nn.Conv2d(1, 4, kernel_size=3, stride=2, padding=1))(numbers(2, 1, 8, 8))

# MaxPool2d
nn.MaxPool2d(2, 2)(numbers(1, 2, 6, 6))

# max_pool2d
F.max_pool2d(numbers(1, 2, 6, 6), 2), F.max_pool2d(numbers(1, 2, 6, 6), (2, 2))

# avg_pool2d
F.avg_pool2d(numbers(1, 2, 8, 8), 4)

# Dropout that is switched off
layer = nn.Dropout(0.25).eval()
layer(numbers(4))

# Dropout that is on
x = nn.Dropout(0.5)(torch.ones(1000))
sorted(set(x.tolist()))

# Softmax, softmax
nn.Softmax(dim=1)(numbers(2, 3)), F.softmax(numbers(2, 3), dim=1), torch.softmax(numbers(3), 0)

# log_softmax
F.log_softmax(numbers(2, 3), dim=1), numbers(2, 3).log_softmax(-1)

# sigmoid, tanh
torch.sigmoid(numbers(4)), torch.tanh(numbers(4)), numbers(4).sigmoid()

# CrossEntropyLoss
nn.CrossEntropyLoss()(numbers(3, 5), torch.tensor([1, 0, 4]))

# cross_entropy
F.cross_entropy(numbers(3, 5), torch.tensor([1, 0, 4]))

# MSELoss
nn.MSELoss()(numbers(3, 5), torch.zeros(3, 5)), nn.MSELoss(reduction="sum")(numbers(3), torch.zeros(3))

# nll_loss
F.nll_loss(F.log_softmax(numbers(3, 5), 1), torch.tensor([1, 0, 4]), reduction="sum").item()

# NLLLoss
nn.NLLLoss()(F.log_softmax(numbers(3, 5), 1), torch.tensor([1, 0, 4]))

# binary_cross_entropy_with_logits
z = numbers(5, 3); y = torch.zeros(5, 3)
torch.nn.functional.binary_cross_entropy_with_logits(z, y)

# parameters
net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.Linear(4, 2)); params = list(net.parameters())
len(params), tuple(params[0].size())

# named_parameters
[(name, tuple(p.shape)) for name, p in nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)).named_parameters()]

# Parameter
class Lin(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(numbers(4, 2) / math.sqrt(4)); self.bias = nn.Parameter(torch.zeros(2))
    def forward(self, xb):
        return xb @ self.weights + self.bias
m = Lin(); m(numbers(3, 4)).sum().backward()
m.weights.grad, m.bias.grad, len(list(m.parameters()))

# train, eval
m = nn.Sequential(nn.Dropout(0.5)); a = m.training; m.eval(); b = m[0].training; m.train()
a, b, m.training

# zero_grad of a module
m = fill(nn.Linear(2, 1)); m(numbers(3, 2)).sum().backward(); a = m.weight.grad; m.zero_grad()
a, m.weight.grad

# to of a module
m = nn.Linear(2, 1).to("cpu")
isinstance(m, nn.Linear)

# state_dict
{name: tuple(t.size()) for name, t in nn.Sequential(nn.Linear(3, 2), nn.BatchNorm2d(2)).state_dict().items()}

# load_state_dict
a = fill(nn.Linear(3, 2)); b = nn.Linear(3, 2); b.load_state_dict(a.state_dict())
b(numbers(2, 3))

# SGD
m = fill(nn.Linear(3, 2)); opt = optim.SGD(m.parameters(), lr=0.01); F.mse_loss(m(numbers(4, 3)), torch.zeros(4, 2)).backward()
opt.step(); opt.zero_grad()
m.weight, m.bias, m.weight.grad

# SGD with momentum
m = fill(nn.Linear(3, 2)); opt = torch.optim.SGD(m.parameters(), lr=0.01, momentum=0.9)
for _ in range(3):
    opt.zero_grad(); m(numbers(4, 3)).pow(2).mean().backward(); opt.step()
m.weight

# Adam
m = fill(nn.Linear(3, 2)); opt = torch.optim.Adam(m.parameters(), lr=1e-2)
for _ in range(3):
    opt.zero_grad(); m(numbers(4, 3)).pow(2).mean().backward(); opt.step()
m.weight

# TensorDataset, DataLoader
ds = TensorDataset(numbers(5, 2), torch.arange(5)); dl = DataLoader(ds, batch_size=2)
[(x, y) for x, y in dl], len(dl), len(ds), ds[1:3]

# DataLoader that shuffles
dl = DataLoader(TensorDataset(torch.arange(10)), batch_size=4, shuffle=True)
sorted(n for (x,) in dl for n in x.tolist()), [len(x) for (x,) in dl]

# a data set of one's own
class Squares(Dataset):
    def __len__(self):
        return 5
    def __getitem__(self, i):
        return torch.tensor([float(i)]), i * i
next(iter(DataLoader(Squares(), batch_size=3)))

# save and load a state
a = fill(nn.Linear(3, 2)); torch.save(a.state_dict(), folder / "weights.pt")
b = nn.Linear(3, 2); b.load_state_dict(torch.load(folder / "weights.pt", weights_only=True)); b.eval()
b(numbers(2, 3))

# StepLR
opt = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0); s = optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5); rates = []
for _ in range(5):
    opt.step(); s.step(); rates.append(opt.param_groups[0]["lr"])
rates
"""

NEXT = """
# tensor of a number
x = torch.tensor(3.14)
x, x.shape, x.item()

# Tensor of sizes
torch.Tensor(2, 3).shape

# FloatTensor, LongTensor
torch.FloatTensor([1, 2]), torch.LongTensor([1, 2])

# as_tensor
torch.as_tensor([1, 2, 3]), torch.as_tensor(np.ones(2, np.float32))

# new_ones, new_zeros
x = numbers(2)
x.new_ones(5, 3, dtype=torch.double), x.new_zeros((2, 2))

# full_like
torch.full_like(numbers(2, 2), 7)

# empty_like
torch.empty_like(numbers(2, 2)).shape

# normal
torch.normal(0.0, 1.0, (3, 4)).shape, torch.normal(torch.zeros(3), torch.ones(3)).shape

# randint without a low end
x = torch.randint(5, (3, 2))
x.shape, x.dtype, bool((x < 5).all())

# bernoulli
torch.bernoulli(torch.tensor([0.0, 1.0, 1.0])), torch.bernoulli(torch.full((5,), 0.5)).shape

# arange with dtype
torch.arange(0, 10, 3, dtype=torch.float32), torch.arange(3).to(torch.float32)

# zeros with requires_grad
x = torch.zeros(3, requires_grad=True)
x.requires_grad, x.is_leaf

# ones with a dtype by keyword
torch.ones(2, dtype=torch.int16), torch.ones((2,), dtype=torch.float64)

# rand with a device
torch.rand(2, 3, device="cpu").shape, torch.randn((), device=torch.device("cpu"), dtype=torch.float).shape

# Generator
g = torch.Generator().manual_seed(3); a = torch.rand(3, generator=g)
g.manual_seed(3)
torch.equal(a, torch.rand(3, generator=g))

# dtypes as attributes
[torch.float32, torch.float, torch.float64, torch.double, torch.float16, torch.half, torch.int64, torch.long, torch.int32, torch.int, torch.int16, torch.short, torch.int8, torch.uint8, torch.bool]

# is_floating_point
torch.tensor([1.0]).is_floating_point(), torch.is_floating_point(torch.tensor([1]))

# is_tensor
torch.is_tensor(numbers(2)), torch.is_tensor([1])

# nelement, element_size
numbers(3, 4).nelement(), numbers(2).element_size()

# stride, is_contiguous, contiguous
x = numbers(2, 3)
x.stride(), x.t().is_contiguous(), x.t().contiguous().view(6)

# Size arithmetic
x = numbers(2, 3, 4)
list(x.size()), x.size()[1:].numel(), x.shape[-1]

# rows of a batch, a slice with a step
x = numbers(6, 4)
x[1:3], x[::2, 1:], x[-1], x[0, 1].item()

# a new axis by None
x = numbers(3)
x[:, None].shape, x[None].shape, x[..., None] * x

# indices of a list and of a tensor
x = numbers(4, 3)
x[[0, 2]], x[torch.tensor([3, 1])], x[torch.arange(3), torch.tensor([0, 2, 1])]

# range indexing of log probabilities
x = numbers(3, 4).log_softmax(-1); target = torch.tensor([1, 0, 3])
-x[range(target.shape[0]), target].mean()

# a mask
x = numbers(3, 4)
x[x > 0], x[torch.tensor([True, False, True])]

# write by a mask
x = numbers(3, 4); x[x < 0] = 0
x

# write a slice, a row and an element
x = torch.zeros(3, 4); x[1] = torch.arange(4.0); x[:, 0] = 5; x[2, 3] = -1
x

# write by +=
x = torch.zeros(3); x += 2; x *= 3; x -= 1; x /= 2
x

# write into one place of a slice
x = torch.zeros(2, 3); x[0] += 1
x

# masked_fill
x = numbers(2, 3)
x.masked_fill(x < 0, float("-inf"))

# masked_select
x = numbers(2, 3)
torch.masked_select(x, x > 0)

# where
x = numbers(2, 3)
torch.where(x > 0, x, torch.zeros_like(x)), torch.where(x > 0, x, 0.0), torch.where(x > 0, 1, 0)

# nonzero
torch.nonzero(torch.tensor([0, 3, 1])), torch.tensor([[0, 1], [1, 0]]).nonzero(as_tuple=True)

# gather
x = numbers(3, 4)
torch.gather(x, 1, torch.tensor([[0], [3], [1]])), x.gather(1, torch.tensor([[1], [0], [2]])).squeeze()

# scatter_
torch.zeros(3, 5).scatter_(0, torch.tensor([[0, 1, 2, 0, 0]]), value=1)

# one hot by scatter_
y = 3
torch.zeros(10, dtype=torch.float).scatter_(0, torch.tensor(y), value=1)

# one_hot
F.one_hot(torch.tensor([0, 2, 1])), F.one_hot(torch.tensor([1, 0]), num_classes=4)

# index_select
torch.index_select(numbers(3, 4), 0, torch.tensor([2, 0])), numbers(3, 4).index_select(1, torch.tensor([1]))

# concatenate, hstack, vstack
x = numbers(2, 3)
torch.concat([x, x]), torch.hstack((x, x)), torch.vstack((x, x)), torch.concatenate([x, x], 1)

# split
[*torch.split(torch.arange(10), 4)], torch.split(numbers(6, 2), [1, 5]), torch.arange(6).split(2)

# chunk
torch.chunk(torch.arange(10), 3), numbers(2, 4).chunk(2, dim=1)

# unbind
torch.unbind(numbers(2, 3)), numbers(2, 3).unbind(1)

# iterate over a tensor
[row for row in numbers(2, 3)], [int(n) for n in torch.arange(3)]

# repeat, expand
x = numbers(1, 3)
x.repeat(2, 2), x.expand(4, 3), x.expand(-1, 3), x.expand_as(torch.zeros(2, 3))

# squeeze of an axis
x = torch.zeros(2, 1, 2, 1)
x.squeeze().shape, x.squeeze(1).shape, torch.squeeze(x, -1).shape, x.squeeze(0).shape

# squeeze_, unsqueeze_
x = numbers(3); x.unsqueeze_(0); a = tuple(x.shape); x.squeeze_(0)
a, x

# movedim, swapaxes
x = numbers(2, 3, 4)
x.movedim(0, -1), torch.movedim(x, 2, 0), x.swapaxes(0, 1)

# flip, roll
x = numbers(2, 3)
torch.flip(x, [0, 1]), x.flip(1), torch.roll(x, 1), x.roll(1, 0)

# ravel
numbers(2, 3).ravel()

# reshape_as, view_as
numbers(6).reshape_as(numbers(2, 3)), numbers(6).view_as(numbers(3, 2))

# tril, triu
torch.tril(torch.ones(3, 3)), torch.triu(torch.ones(3, 3), diagonal=1), numbers(3, 3).tril(-1)

# diag, diagonal, trace
torch.diag(torch.tensor([1.0, 2.0])), numbers(3, 3).diag(), numbers(3, 3).diagonal(), torch.trace(numbers(3, 3))

# meshgrid
torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")

# operators with numbers
x = torch.tensor([1, 2, 3])
x + 1, x * 2.5, 2 - x, x / 2, x // 2, x % 2, -x, 2 ** x

# sub, div, neg
x = numbers(3)
x.sub(1), torch.sub(x, x), x.div(2), torch.div(x, 4), torch.neg(x), torch.true_divide(x, 2)

# div with rounding
x = torch.tensor([-7, 7])
torch.div(x, 2, rounding_mode="floor"), torch.div(x, 2, rounding_mode="trunc"), torch.floor_divide(x, 2)

# add with alpha
torch.add(numbers(3), torch.ones(3), alpha=10), numbers(3).sub(torch.ones(3), alpha=2)

# mul_, sub_, div_
x = numbers(3); x.mul_(2).sub_(1).div_(4)
x

# fill_, add_ with alpha
x = torch.zeros(3); x.fill_(2); x.add_(torch.ones(3), alpha=-0.5)
x

# clamp_, exp_, sqrt_
x = numbers(4); x.clamp_(min=0.25); x.sqrt_()
x

# rsqrt, reciprocal, square
x = numbers(4).abs() + 1
x.rsqrt(), x.reciprocal(), torch.square(x), x.square()

# floor, ceil, round, trunc
x = torch.tensor([-1.5, 0.5, 1.5, 2.7])
torch.floor(x), x.ceil(), torch.round(x), x.round(), torch.trunc(x)

# round to decimals
torch.round(torch.tensor([1.2345]), decimals=2)

# sign
torch.sign(numbers(4)), numbers(4).sign()

# tan, asin, acos, atan
x = torch.tensor([0.1, 0.5])
torch.tan(x), torch.asin(x), torch.acos(x), torch.atan(x), torch.atan2(x, torch.ones(2))

# erf
torch.erf(torch.tensor([0.1, 0.5]))

# log2, log10, log1p, expm1
x = torch.tensor([0.5, 2.0])
torch.log2(x), torch.log10(x), torch.log1p(x), torch.expm1(x)

# fmod, remainder
x = torch.tensor([-3.0, 5.0])
torch.fmod(x, 2), torch.remainder(x, 2)

# maximum, minimum
a = numbers(4); b = torch.zeros(4)
torch.maximum(a, b), torch.minimum(a, b), torch.max(a, b)

# relu as a method, in place
x = numbers(4); y = x.relu(); x.relu_()
x, y

# clip, clamp_min
numbers(4).clip(-1, 1), numbers(4).clamp_min(0), torch.clamp_max(numbers(4), 0)

# isnan, isinf, isfinite
x = torch.tensor([1.0, float("nan"), float("inf")])
torch.isnan(x), x.isinf(), torch.isfinite(x), torch.isnan(x).any().item()

# allclose, isclose, equal
a = numbers(3)
torch.allclose(a, a + 1e-9), torch.isclose(a, a), torch.equal(a, a.clone()), a.allclose(a)

# eq, ne, gt, ge, lt, le
x = torch.tensor([1, 2, 3]); y = torch.tensor([2, 2, 2])
torch.eq(x, y), x.ne(y), torch.gt(x, y), x.ge(2), torch.lt(x, y), x.le(y)

# logical_and, logical_not, operators of bool
a = torch.tensor([True, False]); b = torch.tensor([True, True])
torch.logical_and(a, b), torch.logical_not(a), torch.logical_or(a, b), ~a, a & b, a | b, a ^ b

# all, any
x = torch.tensor([[True, False], [True, True]])
x.all(), x.any(), torch.all(x, dim=0), torch.any(x, 1), (numbers(3) < 5).all().item()

# sum of a list of axes
x = numbers(2, 3, 4)
x.sum(dim=(0, 2)), torch.sum(x, dim=[1, 2]), x.mean((1, 2)), torch.mean(x, dim=0, keepdim=True)

# sum with dtype
torch.tensor([True, True]).sum(), numbers(3).sum(dtype=torch.float64), torch.ones(2, dtype=torch.int32).sum().dtype

# std, var
x = numbers(4, 3)
x.std(), x.std(dim=0), torch.std(x, 1), x.var(), torch.var(x, dim=0, unbiased=False), x.std(0, keepdim=True)

# prod
torch.prod(torch.tensor([1, 2, 3])), numbers(2, 3).prod(dim=1)

# median
torch.median(numbers(5)), *numbers(3, 5).median(dim=1)

# unique
torch.unique(torch.tensor([3, 1, 3])), torch.tensor([3, 1, 3]).unique(return_counts=True)

# bincount
torch.bincount(torch.tensor([0, 2, 2]))

# min, argmin
x = numbers(3, 4)
x.min(), *torch.min(x, dim=1), x.argmin(), torch.argmin(x, 0)

# amax, amin
x = numbers(3, 4)
x.amax(dim=1), torch.amin(x, 0)

# names of the results of max
result = numbers(3, 4).max(dim=1)
result.values, result.indices

# topk
values, indices = numbers(3, 5).topk(2, dim=1)
values, indices, torch.topk(numbers(6), 3).values, numbers(6).topk(1)[1][0].item()

# sort, argsort
x = numbers(5)
*torch.sort(x), x.sort(descending=True)[0], torch.argsort(x), x.argsort(descending=True)

# cumsum, cumprod
torch.cumsum(numbers(2, 3), 1), numbers(2, 3).cumsum(dim=0), torch.cumprod(torch.arange(1, 5), 0)

# norm
x = numbers(3, 4)
x.norm(), torch.norm(x), x.norm(dim=1), x.norm().item(), torch.norm(x, p=1), x.norm(p=2, dim=0, keepdim=True)

# linalg.norm, vector_norm
torch.linalg.norm(numbers(3, 4)), torch.linalg.vector_norm(numbers(4))

# cosine_similarity
F.cosine_similarity(numbers(2, 3), torch.ones(2, 3))

# normalize
F.normalize(numbers(2, 3)), F.normalize(numbers(2, 3), p=1, dim=0)

# logsumexp
torch.logsumexp(numbers(2, 3), dim=1), numbers(2, 3).logsumexp(-1, keepdim=True)

# logsumexp by hand
x = numbers(2, 3)
x - x.exp().sum(-1).log().unsqueeze(-1)

# dot
torch.dot(torch.tensor([2.0, 3.0]), torch.tensor([2.0, 1.0])), numbers(3).dot(numbers(3))

# mv, bmm
torch.mv(numbers(2, 3), numbers(3)), torch.bmm(numbers(2, 3, 4), numbers(2, 4, 5)), numbers(2, 3, 4).bmm(numbers(2, 4, 1))

# outer
torch.outer(numbers(3), numbers(2))

# einsum
torch.einsum("ij,jk->ik", numbers(2, 3), numbers(3, 4)), torch.einsum("bij,bij->b", numbers(2, 3, 4), numbers(2, 3, 4))

# addmm, baddbmm
torch.addmm(numbers(2), numbers(3, 4), numbers(4, 2))

# double, half, byte, bool
x = torch.tensor([0.0, 1.0])
x.double(), x.half(), x.byte(), x.bool(), x.short()

# type by name, type_as
torch.tensor([1.5]).type(torch.int64), torch.tensor([1]).type_as(numbers(2))

# to of another tensor
torch.tensor([1, 2]).to(numbers(2))

# to with device and dtype
numbers(2).to("cpu", torch.double), numbers(2).to(device="cpu", dtype=torch.int32), numbers(2).to("cpu", non_blocking=True)

# cpu, is_cuda
numbers(3).cpu(), numbers(3).is_cuda

# set_default_dtype
torch.get_default_dtype()

# get_default_device, set_default_device
torch.set_default_device("cpu")
str(torch.get_default_device())

# set_printoptions
torch.set_printoptions(precision=4)

# printing of a tensor
str(torch.tensor([[1, 2], [3, 4]])), repr(torch.tensor([1.5, -2.0]))

# printing of a size
str(numbers(2, 3).shape), str(numbers(2, 3).size())

# format of a number
f"{torch.tensor(1.23456):.3f}", f"{torch.tensor(2).item():>3d}"

# numpy of a result
numbers(2, 3).detach().cpu().numpy(), numbers(2, 2).sum().numpy()

# numpy of what requires a gradient
torch.ones(2, requires_grad=True).numpy()

# numpy functions take a tensor
np.asarray(numbers(3)), np.transpose(numbers(2, 3).numpy(), (1, 0)), np.mean(numbers(3).numpy())

# in place while recording
x = torch.ones(2, requires_grad=True); x.add_(1)

# backward of what has several elements
(torch.ones(2, requires_grad=True) * 2).backward()

# backward twice
x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()

# gradients add up
x = torch.tensor([2.0], requires_grad=True); (x ** 2).backward(); (x ** 2).backward()
x.grad

# retain_grad
x = torch.ones(2, requires_grad=True); y = x * 3; y.retain_grad(); (y ** 2).sum().backward()
y.grad, x.grad

# detach shares memory
x = torch.ones(2, requires_grad=True); y = x.detach(); y.zero_()
x

# detach_
y = torch.ones(2, requires_grad=True) * 2; y.detach_()
y.requires_grad

# data
x = torch.ones(2, requires_grad=True); x.data.mul_(100)
x, x.is_leaf

# gradient through data
w = numbers(3).requires_grad_(); (w * w).sum().backward(); w.data -= 0.5 * w.grad.data; w.grad.zero_()
w

# gradient control flow
x = torch.tensor([1.0, 2.0], requires_grad=True); y = x * 2
while y.detach().norm() < 1000:
    y = y * 2
y.sum().backward()
y, x.grad

# autograd.grad
x = torch.tensor(3.0, requires_grad=True); y = x ** 3
torch.autograd.grad(y, x), torch.autograd.grad((x ** 2).sum(), [x])[0]

# second derivative
x = torch.tensor(3.0, requires_grad=True); (g,) = torch.autograd.grad(x ** 3, x, create_graph=True)
torch.autograd.grad(g, x)[0]

# a function of one's own with a backward
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 0.5 * (5 * x ** 3 - 3 * x)
    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * 1.5 * (5 * x ** 2 - 1)
x = numbers(4).requires_grad_(); y = Cube.apply(x); y.sum().backward()
y, x.grad

# no_grad as a decorator
@torch.no_grad()
def double(x):
    return x * 2
double(torch.ones(2, requires_grad=True)).requires_grad

# enable_grad, set_grad_enabled
x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    with torch.enable_grad():
        a = (x * 2).requires_grad
with torch.set_grad_enabled(False):
    b = (x * 2).requires_grad
a, b, torch.is_grad_enabled()

# inference_mode
with torch.inference_mode():
    y = torch.ones(2, requires_grad=True) * 2
y.requires_grad

# freezing
m = fill(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)))
for p in m[0].parameters():
    p.requires_grad = False
m(numbers(3, 2)).sum().backward()
m[0].weight.grad, m[1].weight.grad

# a tensor hook
x = torch.ones(2, requires_grad=True); y = x * 2; y.register_hook(lambda g: g * 10); y.sum().backward()
x.grad

# next_functions
x = torch.ones(2, requires_grad=True); y = (x + 2).mean()
y.grad_fn is not None, type(y.grad_fn).__name__ != ""

# Linear without bias
m = nn.Linear(3, 2, bias=False)
m.bias, fill(m)(numbers(2, 3)), m.in_features, m.out_features

# F.linear
F.linear(numbers(2, 3), numbers(4, 3), numbers(4))

# Sequential of an OrderedDict
m = fill(nn.Sequential(OrderedDict([("a", nn.Linear(3, 2)), ("act", nn.ReLU())])))
m.a.weight, m(numbers(2, 3)), [name for name, _ in m.named_children()]

# Sequential appended
m = nn.Sequential(nn.Linear(3, 2)); m.append(nn.ReLU())
len(m), fill(m)(numbers(1, 3)), m[-1](numbers(2)), [type(layer).__name__ for layer in m], m[:1](numbers(1, 3)).shape

# add_module
m = nn.Sequential(); m.add_module("fc", nn.Linear(3, 2)); fill(m)
m(numbers(2, 3)), list(m.state_dict())

# ModuleList
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(2)])
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
m = fill(Net())
m(numbers(2, 3)), list(m.state_dict()), len(m.layers)

# ModuleDict
m = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.ReLU()})
fill(m)["a"](numbers(1, 2)), list(m.keys()), "b" in m

# children, modules
m = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
len(list(m.children())), len(list(m.modules())), [name for name, _ in m.named_modules()]

# apply of an initialisation
def ones(layer):
    if isinstance(layer, nn.Linear):
        layer.weight.data.fill_(1.0); layer.bias.data.zero_()
m = nn.Sequential(nn.Linear(2, 2), nn.ReLU()); m.apply(ones)
m(numbers(2, 2))

# register_buffer
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.ones(2))
    def forward(self, x):
        return x - self.mean
m = Net()
m(numbers(3, 2)), list(m.state_dict()), [name for name, _ in m.named_buffers()], len(list(m.parameters()))

# register_parameter
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("w", nn.Parameter(torch.ones(2)))
m = Net()
list(m.state_dict()), m.w

# a forward hook
m = fill(nn.Linear(2, 1)); seen = []
handle = m.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[0])); m(numbers(3, 2)); handle.remove(); m(numbers(4, 2))
seen

# a forward pre-hook
m = fill(nn.Linear(2, 1)); handle = m.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
m(numbers(3, 2))

# requires_grad_ of a module
m = nn.Linear(2, 1).requires_grad_(False)
[p.requires_grad for p in m.parameters()]

# double of a module
fill(nn.Linear(2, 1)).double()(numbers(3, 2).double())

# load_state_dict that is not strict
a = nn.Sequential(nn.Linear(2, 1)); result = a.load_state_dict({"0.weight": torch.ones(1, 2), "other": torch.ones(1)}, strict=False)
list(result.missing_keys), list(result.unexpected_keys), a[0].weight

# load_state_dict with a missing name
nn.Linear(2, 1).load_state_dict({"weight": torch.ones(1, 2)})

# printing of a model
print(nn.Sequential(nn.Linear(2, 1), nn.ReLU()))

# repr of a model
repr(nn.Sequential(nn.Linear(2, 1), nn.ReLU()))

# extra keyword of ReLU
nn.ReLU(inplace=True)(numbers(4)), F.relu(numbers(4), inplace=True)

# LeakyReLU, ELU, GELU
x = numbers(6)
nn.LeakyReLU(0.1)(x), nn.ELU()(x), nn.GELU()(x), F.leaky_relu(x, 0.2), F.gelu(x), F.elu(x)

# SiLU, Softplus
x = numbers(6)
nn.SiLU()(x), nn.Softplus()(x), F.silu(x), F.softplus(x)

# Sigmoid, Tanh, LogSoftmax, Identity
x = numbers(2, 3)
nn.Sigmoid()(x), nn.Tanh()(x), nn.LogSoftmax(dim=1)(x), nn.Identity()(x), nn.Softmax(dim=-1)(x)

# BatchNorm2d in training and evaluation
m = nn.BatchNorm2d(2); a = m(numbers(3, 2, 4, 4)); m.eval()
a, m(numbers(3, 2, 4, 4)), m.running_mean, m.running_var, m.num_batches_tracked

# BatchNorm1d
m = nn.BatchNorm1d(3)
m(numbers(4, 3)), m.running_mean

# LayerNorm
nn.LayerNorm(4)(numbers(2, 4)), F.layer_norm(numbers(2, 4), (4,))

# Conv1d
fill(nn.Conv1d(2, 3, 3, padding=1))(numbers(1, 2, 6))

# Conv2d with groups, dilation, no bias
fill(nn.Conv2d(2, 4, 3, groups=2, bias=False))(numbers(1, 2, 5, 5)), fill(nn.Conv2d(1, 1, 3, dilation=2))(numbers(1, 1, 6, 6))

# Conv2d with padding same
fill(nn.Conv2d(1, 2, 3, padding="same"))(numbers(1, 1, 4, 4))

# F.conv2d
F.conv2d(numbers(1, 1, 5, 5), numbers(2, 1, 3, 3), numbers(2), stride=2, padding=1)

# AvgPool2d, AdaptiveAvgPool2d
nn.AvgPool2d(2)(numbers(1, 2, 4, 4)), nn.AdaptiveAvgPool2d(1)(numbers(1, 2, 4, 4)), nn.AdaptiveAvgPool2d((2, 2))(numbers(1, 2, 5, 5))

# MaxPool2d with stride and padding
nn.MaxPool2d(kernel_size=3, stride=2, padding=1)(numbers(1, 2, 7, 7)), nn.MaxPool2d((3, 2))(numbers(1, 1, 6, 6))

# Upsample, interpolate
nn.Upsample(scale_factor=2)(numbers(1, 1, 2, 2)), F.interpolate(numbers(1, 1, 2, 2), scale_factor=2, mode="nearest")

# pad
F.pad(numbers(1, 2, 2), (1, 1)), F.pad(numbers(2, 2), (0, 1, 1, 0), value=3.0), F.pad(numbers(2, 2), (1, 1), "constant", 0)

# Dropout2d that is switched off
nn.Dropout2d(0.5).eval()(numbers(1, 2, 2, 2)), F.dropout(numbers(3), training=False), F.dropout(numbers(3), p=0.5, training=False)

# Embedding
fill(nn.Embedding(5, 3))(torch.tensor([[0, 4], [2, 2]]))

# RNN
fill(nn.RNN(2, 3, batch_first=True))(numbers(1, 4, 2))[0]

# LSTM
fill(nn.LSTM(2, 3, batch_first=True))(numbers(1, 4, 2))[0]

# L1Loss, SmoothL1Loss, HuberLoss
a = numbers(4); b = torch.zeros(4)
nn.L1Loss()(a, b), nn.SmoothL1Loss()(a, b), nn.HuberLoss()(a, b), F.l1_loss(a, b), F.smooth_l1_loss(a, b)

# BCELoss, BCEWithLogitsLoss
p = torch.tensor([0.1, 0.9]); y = torch.tensor([0.0, 1.0])
nn.BCELoss()(p, y), nn.BCEWithLogitsLoss()(p, y), F.binary_cross_entropy(p, y)

# cross_entropy with options
x = numbers(3, 5); y = torch.tensor([1, 0, 4])
F.cross_entropy(x, y, reduction="none"), F.cross_entropy(x, y, label_smoothing=0.1), F.cross_entropy(x, y, weight=torch.ones(5)), nn.CrossEntropyLoss(ignore_index=0)(x, y)

# cross_entropy of class probabilities
F.cross_entropy(numbers(3, 5), F.softmax(torch.ones(3, 5), 1))

# F.mse_loss
F.mse_loss(numbers(4), torch.zeros(4)), F.mse_loss(numbers(4), torch.zeros(4), reduction="none"), F.mse_loss(numbers(4), torch.zeros(4), reduction="sum").item()

# init
m = nn.Linear(3, 2); nn.init.constant_(m.weight, 0.5); nn.init.zeros_(m.bias)
m.weight, m.bias, nn.init.ones_(torch.empty(2))

# init of random weights
w = torch.empty(300, 200)
[abs(init(w).std().item() - std) < 0.1 * std for init, std in ((nn.init.xavier_uniform_, math.sqrt(2 / 500)), (nn.init.kaiming_normal_, math.sqrt(2 / 200)), (nn.init.normal_, 1.0), (nn.init.uniform_, math.sqrt(1 / 12)))]

# clip_grad_norm_
m = fill(nn.Linear(2, 1)); m(numbers(3, 2)).sum().backward(); total = torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
total, m.weight.grad

# SGD with nesterov and weight decay
m = fill(nn.Linear(3, 2)); opt = optim.SGD(m.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-2)
for _ in range(3):
    opt.zero_grad(); m(numbers(4, 3)).pow(2).mean().backward(); opt.step()
m.weight

# AdamW, RMSprop, Adagrad
results = []
for make in (optim.AdamW, optim.RMSprop, optim.Adagrad):
    m = fill(nn.Linear(3, 2)); opt = make(m.parameters(), lr=0.01)
    for _ in range(3):
        opt.zero_grad(); m(numbers(4, 3)).pow(2).mean().backward(); opt.step()
    results.append(m.weight)
results

# Adadelta
m = fill(nn.Linear(3, 2)); opt = optim.Adadelta(m.parameters(), lr=1.0)
for _ in range(3):
    opt.zero_grad(); m(numbers(4, 3)).pow(2).mean().backward(); opt.step()
m.weight

# parameter groups
m = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)); opt = optim.SGD([{"params": m[0].parameters()}, {"params": m[1].parameters(), "lr": 1e-3}], lr=1e-2, momentum=0.9)
[g["lr"] for g in opt.param_groups], len(opt.param_groups[0]["params"]), opt.param_groups[1]["momentum"]

# zero_grad without set_to_none
m = fill(nn.Linear(2, 1)); opt = optim.SGD(m.parameters(), lr=0.1); m(numbers(3, 2)).sum().backward(); opt.zero_grad(set_to_none=False)
m.weight.grad

# state_dict of an optimizer
m = fill(nn.Linear(2, 1)); opt = optim.SGD(m.parameters(), lr=0.1, momentum=0.9); m(numbers(3, 2)).sum().backward(); opt.step()
state = opt.state_dict(); other = optim.SGD(m.parameters(), lr=0.5); other.load_state_dict(state)
sorted(state), other.param_groups[0]["lr"], other.param_groups[0]["momentum"], state["param_groups"][0]["params"]

# learning rates of schedules
def rates(make):
    opt = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0); s = make(opt); found = []
    for _ in range(6):
        opt.step(); s.step(); found.append(opt.param_groups[0]["lr"])
    return found
l = optim.lr_scheduler
[rates(lambda o: l.ExponentialLR(o, 0.9)), rates(lambda o: l.MultiStepLR(o, [2, 4], 0.1)), rates(lambda o: l.LambdaLR(o, lambda n: 0.9 ** n)), rates(lambda o: l.CosineAnnealingLR(o, 6))]

# ReduceLROnPlateau
opt = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0); s = optim.lr_scheduler.ReduceLROnPlateau(opt, "min", patience=1, factor=0.1); rates = []
for loss in (1.0, 0.9, 0.9, 0.9, 0.9):
    s.step(loss); rates.append(opt.param_groups[0]["lr"])
rates

# get_last_lr
opt = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0); s = optim.lr_scheduler.StepLR(opt, 1, 0.5); opt.step(); s.step()
s.get_last_lr()

# OneCycleLR
opt = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0, momentum=0.9); s = optim.lr_scheduler.OneCycleLR(opt, max_lr=1.0, total_steps=6); rates = []
for _ in range(5):
    opt.step(); s.step(); rates.append(opt.param_groups[0]["lr"])
rates

# DataLoader with drop_last
[x for (x,) in DataLoader(TensorDataset(torch.arange(5)), batch_size=2, drop_last=True)]

# DataLoader with workers
[x for (x,) in DataLoader(TensorDataset(torch.arange(5)), batch_size=2, num_workers=0, pin_memory=False)]

# DataLoader without a batch size
[x for (x,) in DataLoader(TensorDataset(torch.arange(2)))], next(iter(DataLoader([1, 2, 3], batch_size=3)))

# DataLoader with collate_fn
list(DataLoader([1, 2, 3], batch_size=2, collate_fn=lambda items: sum(items)))

# DataLoader of dictionaries
next(iter(DataLoader([{"image": np.ones(2, np.float32), "label": 1}, {"image": np.zeros(2, np.float32), "label": 0}], batch_size=2)))

# enumerate a loader
[(i, len(x)) for i, (x, y) in enumerate(DataLoader(TensorDataset(numbers(5, 2), torch.arange(5)), batch_size=2), 0)]

# size of a loader's data set
dl = DataLoader(TensorDataset(numbers(5, 2), torch.arange(5)), batch_size=2)
len(dl.dataset), dl.batch_size

# Subset, random_split
ds = TensorDataset(torch.arange(10)); a, b = random_split(ds, [7, 3])
len(a), len(b), [x for x in Subset(ds, [1, 2])], sorted(int(x) for part in (a, b) for (x,) in part)

# ConcatDataset
ds = torch.utils.data.ConcatDataset([TensorDataset(torch.arange(2)), TensorDataset(torch.arange(3))])
len(ds), ds[2]

# samplers
from torch.utils.data import SequentialSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler
list(SequentialSampler([7, 8])), sorted(RandomSampler([7, 8, 9])), sorted(SubsetRandomSampler([4, 5])), list(WeightedRandomSampler([0.0, 1.0], 3))

# IterableDataset
class Count(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(3))
list(DataLoader(Count(), batch_size=2))

# default_collate
torch.utils.data.default_collate([(1, 2.0), (3, 4.0)])

# a function around a loader
class Wrapped:
    def __init__(self, dl, func):
        self.dl, self.func = dl, func
    def __len__(self):
        return len(self.dl)
    def __iter__(self):
        for b in self.dl:
            yield self.func(*b)
[x.shape[1:] for x, _ in Wrapped(DataLoader(TensorDataset(numbers(4, 16), torch.arange(4)), batch_size=2), lambda x, y: (x.view(-1, 1, 4, 4), y))][0][0]

# a layer made of a function
class Lambda(nn.Module):
    def __init__(self, func):
        super().__init__()
        self.func = func
    def forward(self, x):
        return self.func(x)
nn.Sequential(Lambda(lambda x: x.view(-1, 1, 2, 2)), nn.AvgPool2d(2), Lambda(lambda x: x.view(x.size(0), -1)))(numbers(3, 4))

# save and load a checkpoint
m = fill(nn.Linear(2, 1)); opt = optim.Adam(m.parameters()); m(numbers(3, 2)).sum().backward(); opt.step()
torch.save({"epoch": 5, "model": m.state_dict(), "optimizer": opt.state_dict(), "loss": 0.4}, folder / "c.pt"); c = torch.load(folder / "c.pt", weights_only=True)
c["epoch"], c["loss"], c["model"], c["optimizer"]["param_groups"][0]["lr"]

# save and load a tensor
torch.save(numbers(2, 3), str(folder / "t.pt"))
torch.load(str(folder / "t.pt"))

# save into a buffer
buffer = io.BytesIO(); torch.save({"a": numbers(2)}, buffer); buffer.seek(0)
torch.load(buffer)

# load with map_location
torch.save(numbers(2), folder / "t.pt")
torch.load(folder / "t.pt", map_location=torch.device("cpu")), torch.load(folder / "t.pt", map_location="cpu")

# deepcopy of a model
import copy
m = fill(nn.Linear(2, 1)); other = copy.deepcopy(m)
with torch.no_grad():
    other.weight.fill_(0)
m.weight, other.weight

# deepcopy of a state
import copy
m = fill(nn.Linear(2, 1)); best = copy.deepcopy(m.state_dict())
with torch.no_grad():
    m.weight.fill_(0)
m.load_state_dict(best)
m.weight

# polynomial by features
x = torch.linspace(-1, 1, 5)
x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]))

# number of parameters
sum(p.numel() for p in nn.Linear(3, 2).parameters() if p.requires_grad), sum(p.nelement() for p in nn.Linear(3, 2).parameters())

# standardise pictures
x = numbers(2, 1, 4, 4)
x.sub(0.1307).div(0.3081), (x - x.mean()) / x.std()

# a checker of version
isinstance(torch.__version__, str)

# compile
torch.compile(nn.Linear(2, 1))(numbers(3, 2)).shape

# jit.script
torch.jit.script(nn.Linear(2, 1))(numbers(3, 2)).shape

# cuda.device_count
torch.cuda.device_count() >= 0

# backends
torch.backends.mps.is_available() in (True, False)
"""

# Of NEXT, what TinyTorch does not have or does in its own way, and why.
NOT_SERVED: dict[str, list[str]] = {
    "a compiler of Python is another project": ["compile", "jit.script"],
    "networks of sequences: the course is about images": ["RNN", "LSTM"],
    "gradient rules are functions of arrays, so a gradient has no gradient": ["second derivative"],
    "`.data` is the NumPy array of chapter 01; `detach()` and `no_grad` do what torch's is for": [
        "data",
        "apply of an initialisation",
    ],
    "torch's own documentation advises `tensor` in their place": ["Tensor of sizes", "FloatTensor, LongTensor"],
    "what is printed is for people: NumPy's way, under our name": [
        "printing of a tensor",
        "printing of a size",
        "Size arithmetic",
    ],
    "one seed for everything: `manual_seed`": ["Generator"],
    "`norm` is there": ["linalg.norm, vector_norm"],
    "Python's floats are float32 in a batch, as everywhere else": ["default_collate"],
    "the array of a tensor that requires a gradient is asked for to look at it": ["numpy of what requires a gradient"],
}
