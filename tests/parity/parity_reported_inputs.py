"""Inputs that people met and reported, in our own words: what `parity_snippets` runs, each with the public report.

Many of the reports end in "works as intended": then torch's value of today is the expectation, as in all the others.
"""

REPORTED = """
# norm at zero <pytorch/pytorch#2421>
x = torch.zeros(1, requires_grad=True); x.norm().backward()
x.grad

# norm at zero along two axes <pytorch/pytorch#37323>
x = torch.zeros(3, 3, 3, requires_grad=True); x.norm(dim=(1, 2)).sum().backward()
x.grad

# norm of rows, some of them zero <pytorch/pytorch#2775>
x = torch.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True); x.norm(dim=1).sum().backward()
x.grad

# norm by square, sum and root at zero <pytorch/pytorch#2775>
x = torch.zeros(2, requires_grad=True); x.pow(2).sum().sqrt().backward()
x.grad

# normalize with zeros, p of 1 <pytorch/pytorch#3264>
x = torch.tensor([[0, 0, 0, 0, 0.1996]], requires_grad=True); F.normalize(x, p=1, dim=1).sum().backward()
x.grad

# normalize of a zero vector <pytorch/pytorch#184575>
F.normalize(torch.zeros(3), dim=0)

# square root of zero <HIPS/autograd#268>
x = torch.tensor([0.0, 4.0], requires_grad=True); x.sqrt().sum().backward()
x.grad

# where with the root of negatives <pytorch/pytorch#187297>
x = torch.tensor([-1.0, -4.0], requires_grad=True); torch.where(x > 0, torch.sqrt(x), x).sum().backward()
x.grad

# where with an overflow that is not chosen <pytorch/pytorch#156212>
x = torch.tensor([1.0, float("nan"), 1e10], requires_grad=True)
y = torch.where(x <= 10, torch.exp(x), torch.tensor(1)); y.sum().backward()
y, x.grad

# where with the logarithm of zero <pytorch/pytorch#108618>
x = torch.tensor([0.0, 2.0, 3.0], requires_grad=True); torch.where(x > 2, torch.log2(x), 2 * x).sum().backward()
x.grad

# where with a large exponent that is not chosen <pytorch/pytorch#68425>
a = torch.tensor(100.0, requires_grad=True); b = torch.where(a <= 0, torch.exp(a), 1 + a); b.backward()
b, a.grad

# where with a root at zero <pytorch/pytorch#23395>
x = torch.tensor([16.0, 0.0], requires_grad=True); torch.where(x == 0.0, x / 2, x.sqrt() + 1).sum().backward()
x.grad

# where with a division by zero <pytorch/pytorch#52248>
a = torch.tensor(0.5, requires_grad=True); y = torch.where(torch.tensor(False), a / 0, torch.ones(())); y.backward()
y, a.grad

# where with cosine of infinity <pytorch/pytorch#18287>
x = torch.tensor([0.0, math.inf], requires_grad=True); torch.where(x < 1.0, torch.cos(x), torch.zeros_like(x)).sum().backward()
x.grad

# where after zero over zero <pytorch/pytorch#36923>
x = torch.ones(()).requires_grad_(); y = 0 * (x / 0); z = torch.where(x >= 0, x, y); z.backward()
z, x.grad

# logsumexp of minus infinities <pytorch/pytorch#31829>
x = torch.full((3,), -math.inf, requires_grad=True); y = torch.logsumexp(x, 0); y.backward()
y, x.grad

# logsumexp of masked rows <tinygrad/tinygrad#17822>
torch.tensor([[1.0, 2.0], [-math.inf, -math.inf]]).logsumexp(1)

# logsumexp with an infinity <pytorch/pytorch#49724>
torch.logsumexp(torch.tensor([1.0, math.inf]), 0), torch.softmax(torch.tensor([1.0, math.inf]), 0)

# logsumexp of large numbers <tensorflow/tensorflow#10142>
torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0), torch.logsumexp(torch.tensor([-1000.0, -1001.0]), 0)

# softmax of a masked row <allenai/allennlp#890>
x = torch.tensor([[0.3, 0.5], [-math.inf, -math.inf]])
F.softmax(x, 1), F.log_softmax(x, 1)

# softmax of large numbers <uTensor/uTensor#175>
F.softmax(torch.tensor([-249.873, -424.1267, -460.2925, 378.0974, -292.6145]), 0)

# softmax of scores of 90 <dotnet/machinelearning#3648>
F.softmax(torch.tensor([90.0, 2.0, -2.0]), 0), F.log_softmax(torch.tensor([90.0, 2.0, -2.0]), 0)

# softmax of 1e30 <scipy/scipy#23225>
F.softmax(torch.tensor([1.0, 1.0, 1e30]), 0), F.log_softmax(torch.tensor([1.0, 1.0, 1e30]), 0)

# gradient of the softmax of large numbers <tenstorrent/tt-metal#10001>
x = torch.tensor([1e4, 0.0, -1e4], requires_grad=True); F.log_softmax(x, 0)[1].backward()
x.grad

# logsigmoid of minus infinity <pytorch/pytorch#20972>
x = torch.tensor(-math.inf, requires_grad=True); y = F.logsigmoid(x); y.backward()
y, x.grad

# max pooling of NaN <pytorch/pytorch#7645>
x = torch.full((1, 1, 2, 2), math.nan, requires_grad=True); y = F.max_pool2d(x, 2); y.sum().backward()
y, x.grad

# max pooling of one NaN among numbers <pytorch/pytorch#7645>
x = torch.tensor([[[[1.0, math.nan], [3.0, 2.0]]]], requires_grad=True); y = F.max_pool2d(x, 2); y.sum().backward()
y, x.grad

# max pooling of minus infinities <pytorch/pytorch#1466>
x = torch.full((1, 1, 2, 2), -math.inf, requires_grad=True); y = F.max_pool2d(x, 2); y.sum().backward()
y, x.grad

# max pooling of minus infinities in a border <pytorch/pytorch#40131>
x = torch.full((1, 1, 2, 2), -math.inf, requires_grad=True); y = F.max_pool2d(x, 2, 2, 1); y.sum().backward()
y, x.grad

# max pooling's border is not zero <pytorch/pytorch#33382>
F.max_pool2d(torch.full((1, 1, 2, 2), -5.0), 3, stride=1, padding=1)

# pooling with padding of more than half a window <CanReader/FastNN#5>
F.avg_pool2d(torch.ones(1, 1, 1, 1), 3, 3, 3)

# cross_entropy where all targets are ignored <pytorch/pytorch#116349>
x = numbers(5, 4); y = torch.full((5,), -100)
F.cross_entropy(x, y), F.cross_entropy(x, y, reduction="none"), F.cross_entropy(x, y, reduction="sum")

# gradient of cross_entropy where all targets are ignored <pytorch/pytorch#70348>
x = numbers(2, 4).requires_grad_(); F.cross_entropy(x, torch.tensor([-100, -100])).backward()
x.grad

# cross_entropy with ignore_index of -1 <pytorch/pytorch#75181>
nn.CrossEntropyLoss(ignore_index=-1)(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([-1]))

# cross_entropy with one ignored target <pytorch/pytorch#12670>
x = numbers(3, 5).requires_grad_(); y = nn.CrossEntropyLoss(ignore_index=-1, reduction="none")(x, torch.tensor([1, 4, -1])); y.mean().backward()
y, x.grad

# cross_entropy with a target out of range <pytorch/pytorch#12670>
F.cross_entropy(numbers(3, 5), torch.tensor([1, 4, 7]))

# cross_entropy with ignore_index of 255 <pytorch/pytorch#15508>
y = torch.tensor([0, 1, 255, 0, 1, 2])
F.cross_entropy(numbers(6, 3), y, ignore_index=255), F.cross_entropy(numbers(6, 3), y, ignore_index=255, reduction="none")

# cross_entropy with a class that is ignored <pytorch/pytorch#63004>
x = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], requires_grad=True); y = F.cross_entropy(x, torch.tensor([0, 2]), ignore_index=0); y.backward()
y, x.grad

# arange of 0.1 to 0.5 <pytorch/pytorch#5556>
torch.arange(0.1, 0.50, 0.05), torch.arange(0.6, 0.9, 0.1)

# arange of tenths <pytorch/pytorch#5704>
[len(torch.arange(0, end, 0.1)) for end in (1.1, 1.2, 1.3)], torch.arange(0, 1.3, 0.1)

# arange of hundredths <pytorch/pytorch#18363>
x = torch.arange(-4.0, 4.0, 0.01)
x.shape[0], x[-1], torch.arange(-4.0, 4.0, 0.1)

# arange rounds up its count <pytorch/pytorch#21579>
[len(torch.arange(1, 400, step)) for step in (0.5, 0.7, 0.3, 1.3)]

# arange with 49 steps <pytorch/pytorch#99853>
len(torch.arange(0, 1, 1 / 49)), len(torch.arange(0, 1, 1 / 16)), len(torch.arange(0, 0.99999, 1 / 16))

# arange of integers with half steps <pytorch/pytorch#176088>
torch.arange(0, 3, 0.5, dtype=torch.int64)

# arange with a step of the wrong sign <pytorch/pytorch#5600>
torch.arange(3, 0, 1)

# std of one number <pytorch/pytorch#29372>
torch.std(torch.tensor(4.0)), torch.std(torch.tensor([4.0]), unbiased=False), torch.var(torch.tensor([4.0]))

# var along an axis of one <pytorch/pytorch#51953>
numbers(2, 3, 1).var(dim=2), numbers(2, 3, 1).var(dim=2, unbiased=False)

# gradient of var of one number <pytorch/pytorch#94546>
x = torch.zeros(1, 1, 1, requires_grad=True); y = x.var(dim=-1, keepdim=True); y.backward()
y, x.grad

# gradient of std of equal numbers <pytorch/pytorch#4320>
x = torch.ones(4, 2, requires_grad=True); x.std(dim=0).mean().backward()
x.grad

# std with Bessel's correction <pytorch/pytorch#2436>
x = torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 10]])
x.std(), x.var(), x.std(unbiased=False), x.var(0, unbiased=False), x.std(correction=0)

# var of close numbers <pytorch/pytorch#2470>
torch.tensor([2281.5, 2281.25]).var(0), torch.tensor([2281.5, 2281.25]).var()

# mean and var near the largest float <pytorch/pytorch#44350>
torch.tensor([40000.0] * 3, dtype=torch.float16).mean(), torch.tensor([40000.0] * 3, dtype=torch.float16).var()

# var of numbers around 1e20 <pytorch/pytorch#180156>
torch.std(numbers(50) * 1e19 + 1e20)

# var of an empty axis <pytorch/pytorch#184510>
torch.empty(3, 0, 5).var(dim=1), torch.empty(0).mean(), torch.empty(0).sum(), torch.empty(2, 0).sum(1)

# gradient by two routes <karpathy/micrograd#68>
a = torch.tensor(2.0, requires_grad=True); b = torch.tensor(3.0, requires_grad=True)
c = a + b; d = a * b; e = c + d; f = c * d; (e + f).backward()
a.grad, b.grad

# a doubled sum of a doubled sum <karpathy/micrograd#64>
a = torch.tensor(1.0, requires_grad=True); b = a + a; c = b + b; c.backward()
a.grad

# a diamond of products <sebgao/cTensor#5>
x = torch.tensor([1.0], requires_grad=True); a = torch.tensor([1.0]); xa = x * a
(x * xa + x * x * a + x * xa).backward()
x.grad

# backward twice adds up <karpathy/micrograd#102>
x = torch.tensor(3.0, requires_grad=True); y = x * x; y.backward(retain_graph=True); y.backward()
x.grad

# equal constants are two tensors <tinygrad/tinygrad#9597>
a = torch.tensor(3.0, requires_grad=True); b = torch.tensor(3.0, requires_grad=True); (a + b).backward()
a.grad, b.grad

# floor division of negatives <pytorch/pytorch#43874>
torch.tensor([-3]) // 2, torch.floor_divide(torch.tensor([1, -1], dtype=torch.int32), torch.tensor([2, 2], dtype=torch.int32)), torch.tensor([-4.0]) // 3

# a number floor-divided by a tensor <pytorch/pytorch#42896>
2401 // torch.tensor(49), torch.tensor(2401) // torch.tensor(49)

# remainder has the divisor's sign <pytorch/pytorch#1164>
x = torch.tensor([-2, -1, 0, 1, 2])
x.remainder(3), x % 3, x.float() % 3, torch.fmod(x, 3), x % -3

# equal maxima share the gradient <pytorch/pytorch#56734>
a = torch.tensor([1.0, 2.0], requires_grad=True); b = torch.tensor([1.0, 3.0], requires_grad=True); torch.maximum(a, b).sum().backward()
a.grad, b.grad

# max of equal numbers <pytorch/pytorch#155048>
x = torch.tensor([[1.0, 3.0, 3.0]], requires_grad=True); x.max().backward(); a = x.grad.clone(); x.grad = None
x.max(dim=1)[0].sum().backward(); b = x.grad.clone(); x.grad = None; x.amax(1).sum().backward()
a, b, x.grad

# max of 70,000 equal halves <tinygrad/tinygrad#12296>
x = torch.ones(70000, dtype=torch.float16, requires_grad=True); x.max().backward()
x.grad[:5]

# argmax of equal numbers <pytorch/pytorch#41998>
torch.argmax(torch.stack([torch.tensor([1, 2, 3]), torch.tensor([5, 10, 3])], dim=1), dim=1), torch.zeros(1, 4).argmax(1)

# argmax and max along an axis of one <pytorch/pytorch#38922>
torch.zeros(4, 9, 1).argmax(dim=2).sum(), torch.zeros(2, 1).max(1)[1]

# max and min with NaN <pytorch/pytorch#1810>
x = torch.tensor([math.nan, 1.0, 2.0])
x.max(), x.min(), *x.max(0), x.argmax(), x.argmin(), x.sort()[0], x.topk(1)[0]

# cumsum of bool and of bytes <pytorch/pytorch#53358>
torch.tensor([False, True, True]).cumsum(0), torch.ones(300, dtype=torch.uint8).cumsum(0)[-1]

# sum of bytes and of bool <pytorch/pytorch#3304>
torch.ones(300, dtype=torch.uint8).sum(), torch.tensor([True, False, True]).sum(), torch.tensor([100, 100], dtype=torch.int8).sum(0)

# power zero of zero <pytorch/pytorch#8940>
x = torch.tensor([0.0, 1.0], requires_grad=True); loss = sum(x ** 0); loss.backward()
loss, x.grad

# gradient of an exponent at zero <pytorch/pytorch#27134>
a = torch.tensor([0.0, 2.0]); b = torch.ones(2, requires_grad=True); torch.sum(a ** b).backward()
b.grad

# zero to the zero, both with gradients <PaddlePaddle/Paddle#45054>
x = torch.tensor(0.0, requires_grad=True); y = torch.tensor(0.0, requires_grad=True); torch.pow(x, y).backward()
x.grad, y.grad

# gradient of a root as a power <pytorch/pytorch#78903>
x = torch.tensor([0.0], requires_grad=True); x.pow(1 / 2).sum().backward()
x.grad

# an array with negative strides <pytorch/pytorch#92680>
torch.tensor(np.flip(np.asarray([1, 34])).copy()), torch.tensor(np.asarray([[1, 2], [3, 4]])[:, ::-1].copy()) @ torch.tensor([1, 0])

# batch norm of one value <pytorch/pytorch#4534>
nn.BatchNorm2d(2)(numbers(1, 2, 1, 1))

# running variance is unbiased <ml-explore/mlx#3817>
m = nn.BatchNorm2d(2); m(numbers(2, 2, 1, 1)); m.eval()
m.running_var, m(numbers(2, 2, 1, 1))

# clamp at its border <pytorch/pytorch#7002>
x = torch.tensor([0.0, 0.5, 1.0, 2.0], requires_grad=True); torch.clamp(x, 0, 1).sum().backward()
x.grad

# clamp of NaN <pytorch/pytorch#76795>
x = torch.tensor([math.nan, 5.0])
x.clamp(0, 1), x.clamp(min=torch.tensor([0.0, math.nan])), torch.maximum(x, torch.tensor([0.0, math.nan]))

# clamp with crossed bounds <tenstorrent/tt-metal#53861>
torch.tensor([5.0, 2.0, 0.5]).clamp(3, 1)

# bytes plus a tensor without axes <pytorch/pytorch#58489>
a = torch.tensor([0], dtype=torch.uint8)
[(a + torch.tensor(0).to(dtype)).dtype for dtype in (torch.int16, torch.int32, torch.int64)]

# halves plus a double without axes <pytorch/pytorch#89565>
a = torch.tensor([1], dtype=torch.float16)
(a + torch.tensor([1], dtype=torch.float64)).dtype, (a + torch.tensor(1, dtype=torch.float64)).dtype, (a * 2.5).dtype

# bytes times a double without axes <pytorch/pytorch#65685>
x = torch.ones(3, dtype=torch.int8)
[(x * y).dtype for y in (torch.tensor(1, dtype=torch.float64), torch.tensor(1), torch.ones(3, dtype=torch.int64), 2, 2.0)]

# max of an empty tensor <pytorch/pytorch#71629>
torch.empty(0, 3).max()

# max along the full axis of an empty tensor <pytorch/pytorch#28380>
torch.zeros(2, 0).max(0)[0], torch.zeros(0, 4).argmax(1), torch.zeros(2, 0).amax(0)

# binary cross entropy of sure predictions <ml-explore/mlx#1280>
F.binary_cross_entropy(torch.tensor([0.0, 1e-38, 1.0, 1.0]), torch.tensor([0.0, 0.0, 1.0, 0.0]), reduction="none")

# binary cross entropy with logits of 1e7 <pytorch/pytorch#4867>
z = torch.tensor([8e7, -8e7, 0.0], requires_grad=True); y = F.binary_cross_entropy_with_logits(z, torch.tensor([0.0, 0.0, 1.0]), reduction="none"); y.sum().backward()
y, z.grad

# binary cross entropy with logits of -100 <pytorch/pytorch#2221>
nn.BCEWithLogitsLoss()(torch.tensor([-100.0]), torch.tensor([0.0])), nn.BCEWithLogitsLoss()(torch.tensor([100.0]), torch.tensor([1.0]))

# repeated places in += <pytorch/pytorch#42805>
a = torch.zeros(4); a[[1, 1, 2, 3]] += 1
a

# gradient of repeated places <pytorch/pytorch#3844>
x = torch.zeros(5, requires_grad=True); x[torch.tensor([4, 4, 3, 0])].sum().backward()
x.grad

# prod with zeros <tinygrad/tinygrad#17404>
x = torch.tensor([0.0, 2.0, 3.0], requires_grad=True); x.prod().backward(); a = x.grad
y = torch.tensor([0.0, 0.0, 3.0], requires_grad=True); y.prod().backward()
a, y.grad

# average pooling with a border and ceil_mode <apple/coremltools#2844>
nn.AvgPool2d(2, stride=3, ceil_mode=True)(torch.arange(49.0).reshape(1, 1, 7, 7))

# average pooling with ceil_mode over a padded border <microsoft/onnxruntime#16203>
F.avg_pool2d(numbers(1, 1, 4, 9), 3, 2, 1, True), F.avg_pool2d(numbers(1, 1, 4, 9), 3, 2, 1, True, False)

# average pooling with a divisor <pytorch/executorch#18616>
F.avg_pool2d(numbers(1, 1, 4, 4), 2, 2, 1, False, False, 3)

# a weight written between forward and backward <pytorch/pytorch#18523>
w = torch.tensor(2.0, requires_grad=True); v = torch.tensor(3.0, requires_grad=True); y = w * v
with torch.no_grad():
    w.add_(1)
y.backward()
"""

# Where TinyTorch gives an error and torch a number, and why.
REFUSED: dict[str, list[str]] = {
    "the mean over no target is undefined; torch gives NaN, and the next step makes every weight NaN": [
        "cross_entropy where all targets are ignored",
        "gradient of cross_entropy where all targets are ignored",
        "cross_entropy with ignore_index of -1",
    ],
}
