"""Further calls of torch's beginner tutorials: layers, training and data. What is not served, with the reason."""

TRAINING = """
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
    "`norm` is there": ["linalg.norm, vector_norm"],
    "Python's floats are float32 in a batch, as everywhere else": ["default_collate"],
    "the array of a tensor that requires a gradient is asked for to look at it": ["numpy of what requires a gradient"],
}
