"""Neighbours of the inputs that were wrong once, by their kind: what `parity_snippets` runs."""

MEMORY = """
# an array in data, computed from a gradient
w = numbers(3).requires_grad_(); x = numbers(5, 3)
for _ in range(4):
    ((x @ w - 1) ** 2).mean().backward()
    w.data = w.data - 0.1 * w.grad
    w.grad = None
w, w.shape, w.t()

# a tensor in the data of a layer's weight
m = fill(nn.Linear(3, 2)); m.weight.data = numbers(2, 3) * 2; y = m(numbers(4, 3)); y.sum().backward()
optim.SGD(m.parameters(), 0.1).step()
y, m.weight.grad, m.weight, m.state_dict()

# detach_ keeps the gradient of what was computed before
x = numbers(3).requires_grad_(); y = x * 2; z = y * 3; y.detach_(); z.sum().backward()
x.grad, y.requires_grad, y.is_leaf

# a write to the diagonal
x = numbers(4, 3); x.diagonal().fill_(5); x.diagonal(1)[0] = 9
x

# gradients through written diagonals
x = numbers(2, 4, 3).requires_grad_(); y = x * 2; y.diagonal(-1, 2, 1).mul_(3); (y * y).sum().backward()
x.grad

# what torch copies does not share memory
x = numbers(2, 3)
for y in (x.flip(0), x.repeat(1, 1), torch.rot90(x, 0), torch.tile(x, (1, 1)), x.roll(0)):
    y += 1
x

# of a tensor without axes neither
x = torch.tensor(5.0)
for y in (x.prod(0), x.cumsum(0), x.cumprod(0), x.sort()[0], x.topk(1)[0], x.median(0)[0]):
    y += 1
x

# expand to the same shape is a view
x = numbers(2, 3); y = x.expand(-1, 3); y += 1; z = torch.broadcast_to(x, (2, 3)); z *= 2
x

# a tensor as an index of one place gives a view
x = numbers(2, 3); y = x[torch.tensor(1)]; y += 1; x[torch.tensor(0)][1] = 7
x

# one element fits every place
x = numbers(2, 3); x[0, 0] = torch.tensor([5.0]); x[1, 1] = torch.tensor([[6.0]])
x

# and its gradient has its shape
x = numbers(2, 3).requires_grad_(); y = x * 2; v = torch.tensor([5.0], requires_grad=True); y[0, 0] = v; (y * y).sum().backward()
x.grad, v.grad

# nothing to write
x = numbers(2, 3); x[0] = None

# integers of another width are added in place
x = torch.ones(3, dtype=torch.uint8); x.add_(torch.ones(3, dtype=torch.int64) * 300)
x
"""

INDICES = """
# an integer and a list with a slice between them
x = numbers(2, 3, 4).requires_grad_(); y = x[0, :, torch.tensor([0, 1])]; (y * numbers(3, 2)).sum().backward()
y, x.grad

# a list, a slice and an integer
x = numbers(2, 3, 4).requires_grad_(); y = x[[0, 1, 1], :, 0]; (y * numbers(3, 3)).sum().backward()
y, x.grad

# an integer, None and a list
numbers(2, 3, 4)[0, None, [1, 2]], numbers(2, 3, 4)[0, ..., [1, 2]], numbers(2, 3, 4)[None, 0, :, [1, 0]]

# lists around an integer
x = numbers(2, 3, 4, 5)
x[[0, 1], 1, :, [0, 1]], x[[0, 1], :, 2, [0, 1]], x[1, :, torch.tensor([[0], [1]]), torch.tensor([0, 1])]

# a mask and an integer
x = numbers(2, 3, 4)
x[1, :, x[0, 0] > 0], x[x[:, :, 0] > 0, None, 1]

# writes to them
x = numbers(2, 3, 4); x[0, :, [0, 1]] += torch.arange(6.0).reshape(3, 2); x[1, :, x[0, 0] > 0] = 0
x

# gradients of writes to them
x = numbers(2, 3, 4).requires_grad_(); y = x * 2; y[0, :, [0, 1]] = y[1, :, [2, 3]] * 3; (y * y).sum().backward()
x.grad

# out of range
numbers(2, 3, 4)[0, :, [5]]

# a truth value as dim
numbers(2, 3).sum(True)

# a fraction as dim
numbers(2, 3).mean(1.0)

# a truth value among several dims
numbers(2, 3).amax((True,))

# rot90 in one axis
torch.rot90(numbers(3, 3), 1, (0, 0))

# meshgrid of a matrix
torch.meshgrid(numbers(2, 2))
"""

DTYPES = """
# bytes divided by 256
x = torch.tensor([0, 128, 255], dtype=torch.uint8)
x / 256, x / -3, 300 / x.clamp(min=1), torch.div(x, 2**40), torch.tensor(7, dtype=torch.uint8) / 300

# an angle between bytes and a number
torch.atan2(torch.tensor([1, 2], dtype=torch.int8), torch.tensor(3))

# whole numbers joined with halves
a, h = torch.arange(2), numbers(2).half()
torch.cat([a.to(torch.int16), h]), torch.hstack([a, h]), torch.vstack([a > 0, a.to(torch.uint8)])

# the dtype of a sum
x = torch.ones(300, dtype=torch.uint8)
x.sum(dtype=torch.uint8), x.sum(dtype=torch.int16), torch.sum(x, dtype=torch.float16), torch.sum(x, 0, dtype=torch.int32)

# 300 in bytes
torch.full((2,), 300, dtype=torch.uint8)

# 300 in a list of bytes
torch.tensor([1, 300], dtype=torch.uint8)

# NaN in whole numbers
torch.zeros(2, dtype=torch.int64).fill_(math.nan)

# minus infinity in whole numbers
x = torch.zeros(2, dtype=torch.int64); x.masked_fill(x == 0, -math.inf)

# 300 written to a byte
x = torch.zeros(2, dtype=torch.uint8); x[0] = 300

# what bytes can hold
x = torch.zeros(2, dtype=torch.uint8); x[0] = -1; x[1] = 2.7
x, torch.tensor([1, -1], dtype=torch.uint8), torch.full((2,), 2.7, dtype=torch.int32), torch.zeros(2).fill_(math.nan)

# random bytes up to 300
torch.randint(0, 300, (2,), dtype=torch.uint8)

# NumPy's numbers in full
torch.full((2,), np.float64(2.5)), torch.full((2,), np.int8(3))

# a list of tensors with one element
torch.tensor([torch.tensor([1.0]), torch.tensor([2.0])]), torch.tensor([torch.tensor([1.0], dtype=torch.float64), 2])
"""

EDGES = """
# std of numbers whose squares overflow
x = torch.tensor([1e38, 1e38, -1e38], requires_grad=True); y = x.std(); y.backward()
y, x.grad, x.std(0, correction=0), torch.std_mean(x)

# means of axes without numbers
x = torch.zeros(0, 3)
x.mean(1), x.mean(-1, True), x.std(1), x.var(1), *torch.var_mean(x, 1), x.mean(0), x.mean(), torch.mean(x.t(), 0)

# the sign of NaN
torch.tensor([1.0, math.inf, -math.inf, math.nan]).sign()

# gradients of norms of NaN
x = torch.tensor([math.nan, 1.0, -2.0], requires_grad=True); x.norm(1).backward(); a = x.grad; x.grad = None; x.norm(math.inf).backward()
a, x.grad

# huber_loss of an outlier whose square overflows
x = torch.tensor([math.inf, 1e30, 0.5, math.nan], requires_grad=True); F.huber_loss(x, torch.zeros(4)).backward()
x.grad

# smooth_l1_loss of an infinity
x = torch.tensor([math.inf, -1e38, 0.2], requires_grad=True); F.smooth_l1_loss(x, torch.zeros(3), beta=0.5).backward()
x.grad

# softshrink of NaN
x = torch.tensor([math.nan, 1.0, -2.0, 0.2, 0.5, -0.5, math.inf], requires_grad=True); y = F.softshrink(x); y.nansum().backward()
y

# lengths by name
torch.zeros(size=(2, 3)), torch.rand(size=(2,)).shape, torch.arange(end=3), torch.randint(high=3, size=(2,)).shape

# arange of nothing
torch.arange()

# a negative deviation
torch.normal(0.0, -1.0, (2,))

# one probability for all
torch.bernoulli(torch.zeros(3), 1.0)

# an array in another byte order
torch.from_numpy(np.ones(2, ">f4"))
"""

PRECISION = """
# the gradient of a row of halves that is repeated 300,000 times
w = torch.zeros(4, dtype=torch.float16, requires_grad=True); x = torch.full((300000, 4), 0.1, dtype=torch.float16)
(x + w).mean().backward()
w.grad

# the gradient of a bias of halves
m = fill(nn.Linear(4, 2)).half(); m(torch.full((60000, 4), 0.1, dtype=torch.float16)).mean().backward()
m.bias.grad, m.weight.grad

# statistics of 200,000 halves in a channel
m = nn.BatchNorm2d(4).half(); x = torch.full((20, 4, 100, 100), 0.1); x[::2] += 1; m(x.half())
m.running_var, m.eval()(x.half())[:2, 0, 0, 0]

# losses of 100,000 halves
x = torch.full((100000,), 0.1, dtype=torch.float16)
[loss(x, x * 0) for loss in (F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.mse_loss)]

# losses of halves and floats
[F.mse_loss(numbers(3).half(), numbers(3) + 1).dtype, F.l1_loss(numbers(3).half(), numbers(3).double()).dtype]

# softmax of 200,000 rows of halves
x = torch.full((200000, 2), 0.1).half()
torch.softmax(x, 0)[0], torch.log_softmax(x, 0)[0], x.softmax(0)[0], nn.LogSoftmax(0)(x)[0]

# softmax of halves in another dtype
x = numbers(3).half()
torch.softmax(x, 0, dtype=torch.float64), F.softmax(x, 0, dtype=torch.float32)

# halves whose squares overflow
x = torch.tensor([[300.0, -300.0, 100.0]]).half()
F.layer_norm(x, (3,)), F.rms_norm(x, (3,)), F.group_norm(x[..., None], 1)

# running sums of 20 million ones
torch.ones(20_000_000).cumsum(0)[-1]

# logsumexp of 200,000 rows
torch.logsumexp((torch.arange(800000.0) % 7).reshape(200000, 4), 0)
"""

NAMES = """
# constants and limits
[torch.pi, torch.e, torch.inf, torch.newaxis, torch.iinfo(torch.int8).max, float(torch.finfo(torch.float32).eps)]

# other names of arithmetic
x = numbers(3)
torch.clone(x), torch.multiply(x, 2), torch.subtract(x, 1), torch.divide(x, 2), torch.negative(x), torch.absolute(x)

# nan_to_num
x = torch.tensor([math.nan, math.inf, -math.inf, 1.0], requires_grad=True); y = torch.nan_to_num(x, 2.0, 3.0); y.sum().backward()
y, x.grad, x.detach().nan_to_num(), torch.nan_to_num(torch.arange(3))

# several axes to flip, and to repeat
x = numbers(2, 3)
x.flip(0, 1), x.flip([0, 1]), x.flip(dims=(1,)), x.tile(2), x.tile(2, 3), x.tile((2, 1))

# view of a transpose
numbers(2, 3).t().view(6)

# view of slices
x = numbers(2, 3, 4); y = x[:, :2].view(2, 8); y += 1; x[1].view(-1)[0] = 9
x

# no_grad without brackets
x = numbers(2).requires_grad_()
@torch.no_grad
def doubled(x):
    return x * 2
with torch.autograd.no_grad():
    y = x * 3
doubled(x).requires_grad, doubled.__name__, y.requires_grad, (x * 2).requires_grad

# autograd.backward of several
x = numbers(2).requires_grad_(); y = x * 2; torch.autograd.backward([(y * y).sum(), y], [torch.tensor(1.0), torch.ones(2)])
x.grad

# a Function with setup_context
class Clipped(torch.autograd.Function):
    @staticmethod
    def forward(x, factor):
        return x.clamp(min=0) * factor
    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.factor = inputs
        ctx.save_for_backward(x)
    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, gradient * ctx.factor, 0), None
x = numbers(4).requires_grad_(); y = Clipped.apply(x, 3); y.sum().backward()
y, x.grad

# operators in place
x = torch.arange(6); y = x; y //= 2; y %= 2; mask = x > 0; other = mask; other &= torch.tensor([True, False] * 3)
x, mask

# functions in place, with gradients
x = numbers(4, 4).requires_grad_(); y = x * 1; y.triu_().lerp_(torch.ones(4, 4), 0.5).square_().sin_().cumsum_(0); y.sum().backward()
y, x.grad

# further functions in place
x = numbers(4, 4); x.fill_diagonal_(3.0).clamp_min_(-1).round_().masked_fill_(x > 2, 0.5); x.scatter_add_(1, torch.zeros(4, 1, dtype=torch.int64), torch.ones(4, 1)); x.transpose_(0, 1)
x

# a fraction in whole numbers in place
torch.arange(3).sin_()

# a leaf in place
numbers(3).requires_grad_().floor_()

# a power with exponent 0 is level everywhere
x = torch.tensor([float("inf"), -float("inf"), float("nan"), 0.0, 2.0]).requires_grad_()
(x ** torch.zeros(5)).sum().backward()
x.grad
"""
