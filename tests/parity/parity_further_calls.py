"""Further calls of torch's beginner tutorials, of tensors and gradients; see `parity_tutorial_calls`."""

TENSORS = """
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
"""
