"""The calls that occur most in torch's beginner tutorials, in our own words: what `parity_snippets` runs.

These are the 120 that nearly every tutorial needs; the 218 after them are in `parity_further_calls` and
`parity_training_calls`. `numbers(2, 3)` is a tensor of numbers without order, `fill(layer)` a layer with such weights,
`folder` an empty folder.
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
