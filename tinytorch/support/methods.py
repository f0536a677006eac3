"""Torch's usual methods of a tensor, beside those that chapter 01 needs."""

from __future__ import annotations

import builtins
import functools
import types
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinytorch.support.devices import device
from tinytorch.support.in_place import stand_ins
from tinytorch.support.package import package_function
from tinytorch.support.random import default_generator, takes_generator
from tinytorch.support.torch_arguments import torch_arguments

_Tensor = TypeVar("_Tensor", bound="TorchMethods")


class FromPackage:
    """A method that is the package's function of the same name, looked up when it is used.

    So its documentation is the function's: help(Tensor.topk). Where its chapter is not built, the ImportError says so.
    """

    def __init__(self, function: str | None = None) -> None:
        self.function = function

    def __set_name__(self, owner: type, name: str) -> None:
        self.function = self.function or name

    def __get__(self, tensor: Any, owner: type | None = None) -> Callable[..., Any]:
        function = package_function(str(self.function))
        return function if tensor is None else types.MethodType(function, tensor)


class InPlace:
    """A method `floor_` that writes what the package's function `floor` computes from the tensor to its memory."""

    function = ""

    def __set_name__(self, owner: type, name: str) -> None:
        if not name.startswith("__"):  # an operator is another name of a method
            self.function = name.removesuffix("_")

    def __get__(self, tensor: Any, owner: type | None = None) -> Callable[..., Any]:
        if tensor is None:
            return package_function(self.function)
        return functools.partial(tensor._become, self.function)


class TorchMethods:
    """The methods by torch's names. Most are `tinytorch`'s functions: `x.topk(3)` is `topk(x, 3)`."""

    data: np.ndarray
    requires_grad: builtins.bool
    clone: Callable[..., Any]
    copy_: Callable[..., Any]
    item: Callable[..., Any]
    grad_fn: Any
    _chapter: types.ModuleType

    @property
    def shape(self) -> tuple[builtins.int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    # Shape, dtype and device
    def dim(self) -> int:
        """Return the number of axes."""
        return self.data.ndim

    ndimension = dim

    def nelement(self) -> int:
        """Return how many numbers there are: another name of `numel`."""
        return self.data.size

    def element_size(self) -> int:
        """Return the bytes of one number."""
        return self.data.itemsize

    @property
    def itemsize(self) -> int:
        return self.data.itemsize

    @property
    def nbytes(self) -> int:
        return self.data.nbytes

    @property
    def device(self) -> Any:
        """The CPU, where every tensor is."""
        return device("cpu")

    is_cuda = False

    def is_contiguous(self) -> bool:
        """Return whether the numbers stand in memory in row-major order without gaps."""
        return self.data.flags.c_contiguous

    def stride(self, dim: int | None = None) -> Any:
        """Return how many numbers further in memory the next one along each axis (or along `dim`) is."""
        strides = tuple(step // self.data.itemsize for step in self.data.strides)
        return strides if dim is None else strides[dim]

    def tolist(self) -> Any:
        """Return the numbers as nested lists of Python numbers; of a tensor without axes the number itself."""
        return self.data.tolist()

    @torch_arguments
    def to(self: _Tensor, *target: Any, dtype: Any = None, copy: Any = False) -> _Tensor:
        """Return the tensor in another dtype, or in that of another tensor; itself where nothing changes.

        `target` is what torch takes there: a tensor, a dtype, a device, which is "cpu" (ValueError for any other), and
        the flags non_blocking and copy.
        """
        flags = [value for value in target if isinstance(value, builtins.bool)]
        copy = flags[1] if len(flags) > 1 else copy
        for value in target:
            if isinstance(value, TorchMethods):
                dtype = value.dtype
            elif isinstance(value, (str, device)) and value not in np.sctypeDict:
                device(value)
            elif value is not None and not isinstance(value, builtins.bool):
                dtype = value
        if dtype is None or self.dtype == dtype:
            return self.clone() if copy else self
        return package_function("convert", "tinytorch.functions.reductions")(self, np.dtype(dtype))

    def type_as(self: _Tensor, other: Any) -> _Tensor:
        """Return the tensor in the dtype of another."""
        return self.to(other)

    def type(self: _Tensor, dtype: Any = None) -> Any:
        """Return the tensor in another dtype; without one, the name of its own."""
        return f"tinytorch.{self.dtype}" if dtype is None else self.to(dtype)

    @torch_arguments
    def cpu(self: _Tensor) -> _Tensor:
        """Return the tensor itself: it is on the CPU."""
        return self

    def cuda(self: _Tensor, device: Any = None) -> _Tensor:
        """Raise ValueError: there is no other device."""
        return self.to("cuda")

    @torch_arguments
    def float(self: _Tensor) -> _Tensor:
        """Return the tensor in float32."""
        return self.to(np.float32)

    @torch_arguments
    def double(self: _Tensor) -> _Tensor:
        """Return the tensor in float64."""
        return self.to(np.float64)

    @torch_arguments
    def half(self: _Tensor) -> _Tensor:
        """Return the tensor in float16."""
        return self.to(np.float16)

    @torch_arguments
    def long(self: _Tensor) -> _Tensor:
        """Return the tensor in int64."""
        return self.to(np.int64)

    @torch_arguments
    def int(self: _Tensor) -> _Tensor:
        """Return the tensor in int32."""
        return self.to(np.int32)

    @torch_arguments
    def short(self: _Tensor) -> _Tensor:
        """Return the tensor in int16."""
        return self.to(np.int16)

    @torch_arguments
    def char(self: _Tensor) -> _Tensor:
        """Return the tensor in int8."""
        return self.to(np.int8)

    @torch_arguments
    def byte(self: _Tensor) -> _Tensor:
        """Return the tensor in uint8."""
        return self.to(np.uint8)

    @torch_arguments
    def bool(self: _Tensor) -> _Tensor:
        """Return whether each number is not 0."""
        return self.to(np.bool_)

    # The graph
    def requires_grad_(self: _Tensor, requires_grad: Any = True) -> _Tensor:
        """Set `requires_grad` of a leaf, and return the tensor. Raises RuntimeError for what was computed."""
        if self.grad_fn is not None and not requires_grad:
            raise RuntimeError("requires_grad_: only a leaf's requires_grad can be changed; use x.detach()")
        if requires_grad and self.dtype.kind != "f":
            raise TypeError(f"requires_grad_: expected a floating dtype, got {self.dtype}; use x.float()")
        self.requires_grad = bool(requires_grad)
        return self

    def detach_(self: _Tensor) -> _Tensor:
        """Make the tensor a leaf that does not require a gradient, and return it."""
        if self.grad_fn is not None:
            stand_ins([self])  # so that the gradient still goes through it in what was computed before
        self.requires_grad, self.grad_fn = False, None
        return self

    # Shape
    def contiguous(self: _Tensor) -> _Tensor:
        """Return the tensor in row-major order in memory: itself where it is so."""
        return self if self.is_contiguous() else self.clone()

    def reshape_as(self: _Tensor, other: Any) -> _Tensor:
        """Return the tensor in the shape of another."""
        return self._chapter.reshape(self, shape=other.shape)

    view_as = reshape_as

    def expand_as(self, other: Any) -> Any:
        """Return the tensor repeated to the shape of another."""
        return self.expand(other.shape)

    def repeat(self, *repeats: Any) -> Any:
        """Return the tensor repeated as a whole, so many times along each axis: `tile` with an entry for each axis."""
        counts = tuple(repeats[0]) if len(repeats) == 1 and isinstance(repeats[0], (tuple, list)) else repeats
        if len(counts) < self.data.ndim:
            raise ValueError(f"repeat: repeats: expected at least {self.data.ndim} numbers, got {counts}")
        return self.tile(counts)

    def flip(self, dims: Any, *more: Any) -> Any:
        """Return the tensor with the order along these axes reversed."""
        return package_function("flip")(self, (dims, *more) if more else dims)

    def tile(self, dims: Any, *more: Any) -> Any:
        """Return the whole tensor so many times along each axis, counted from the last."""
        return package_function("tile")(self, (dims, *more) if more else dims)

    def sum_to_size(self, *size: Any) -> Any:
        """Return the sums over the axes along which a tensor of this size would be repeated to the tensor's shape."""
        shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
        lead = self.data.ndim - len(shape)
        if lead < 0 or np.broadcast_shapes(self.shape, shape) != self.shape:
            raise ValueError(f"sum_to_size: size: {shape} cannot be repeated to {self.shape}")
        dims = (*range(lead), *(lead + i for i, n in enumerate(shape) if n != self.shape[lead + i]))
        out = self._chapter.sum(self, dim=dims, keepdim=True) if dims or not lead + len(shape) else self
        return self._chapter.reshape(out, shape=shape)

    @property
    def mT(self) -> Any:
        """The tensor with its last two axes swapped."""
        return self._chapter.transpose(self, -2, -1)

    _squeeze_several = FromPackage("squeeze")

    # Tensors like this one
    @torch_arguments
    def new_zeros(self, *size: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Return zeros in this tensor's dtype."""
        return self._new("zeros", *size, dtype=dtype, requires_grad=requires_grad)

    @torch_arguments
    def new_ones(self, *size: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Return ones in this tensor's dtype."""
        return self._new("ones", *size, dtype=dtype, requires_grad=requires_grad)

    @torch_arguments
    def new_empty(self, *size: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Return a tensor of whatever is in memory in this tensor's dtype."""
        return self._new("empty", *size, dtype=dtype, requires_grad=requires_grad)

    @torch_arguments
    def new_full(self, size: Any, fill_value: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Return one repeated value in this tensor's dtype."""
        return self._new("full", size, fill_value, dtype=dtype, requires_grad=requires_grad)

    @torch_arguments
    def new_tensor(self, data: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Return the data as a tensor in this tensor's dtype."""
        return self._new("tensor", data, dtype=dtype, requires_grad=requires_grad)

    def _new(self, function: str, *arguments: Any, dtype: Any, requires_grad: Any) -> Any:
        make = package_function(function)
        return make(*arguments, dtype=self.dtype if dtype is None else dtype, requires_grad=requires_grad)

    # Writes in place
    @takes_generator
    def normal_(self, mean: builtins.float = 0, std: builtins.float = 1) -> Any:
        """Write draws from the normal distribution with this mean and deviation."""
        draws = default_generator().standard_normal(self.shape)
        return self.copy_(draws * std + mean)

    @takes_generator
    def uniform_(self, a: builtins.float = 0, b: builtins.float = 1) -> Any:
        """Write draws from the uniform distribution on [a, b)."""
        return self.copy_(default_generator().uniform(a, b, self.shape))

    @takes_generator
    def random_(self, low: builtins.int = 0, high: Any = None) -> Any:
        """Write whole numbers drawn from low (0 if only one is given) up to, without, high."""
        return self.copy_(package_function("randint")(low, high, self.shape))

    def fill_diagonal_(self, fill_value: Any) -> Any:
        """Write one number to the diagonal of a matrix."""
        self.diagonal().fill_(fill_value)
        return self

    bernoulli_ = InPlace()
    masked_fill_ = InPlace()
    scatter_ = InPlace()
    scatter_add_ = InPlace()
    relu_ = InPlace()
    sigmoid_ = InPlace()
    tanh_ = InPlace()
    floor_ = InPlace()
    ceil_ = InPlace()
    round_ = InPlace()
    trunc_ = InPlace()
    frac_ = InPlace()
    sign_ = InPlace()
    reciprocal_ = InPlace()
    square_ = InPlace()
    rsqrt_ = InPlace()
    sin_ = InPlace()
    cos_ = InPlace()
    tan_ = InPlace()
    expm1_ = InPlace()
    log1p_ = InPlace()
    log2_ = InPlace()
    log10_ = InPlace()
    erf_ = InPlace()
    clamp_min_ = InPlace()
    clamp_max_ = InPlace()
    lerp_ = InPlace()
    addcmul_ = InPlace()
    addcdiv_ = InPlace()
    addmm_ = InPlace()
    cumsum_ = InPlace()
    cumprod_ = InPlace()
    triu_ = InPlace()
    tril_ = InPlace()
    nan_to_num_ = InPlace()
    logical_not_ = InPlace()
    __ifloordiv__ = floor_divide_ = InPlace()
    __imod__ = remainder_ = InPlace()
    __iand__ = bitwise_and_ = InPlace()
    __ior__ = bitwise_or_ = InPlace()
    __ixor__ = bitwise_xor_ = InPlace()

    def t_(self) -> Any:
        """Transpose this tensor itself."""
        return self._reshaped("t")

    def squeeze_(self, dim: Any = None) -> Any:
        """Take axes of length 1 from this tensor itself."""
        return self._reshaped("squeeze", dim)

    def transpose_(self, dim0: builtins.int, dim1: builtins.int) -> Any:
        """Swap two axes of this tensor itself."""
        return self._reshaped("transpose", dim0, dim1)

    def unsqueeze_(self, dim: builtins.int) -> Any:
        """Give this tensor itself an axis of length 1."""
        return self._reshaped("unsqueeze", dim)

    def _reshaped(self, method: str, *arguments: Any) -> Any:
        if self.requires_grad:
            raise RuntimeError(f"{method}_: a tensor that requires a gradient keeps its shape; use x = x.{method}(...)")
        self.data = getattr(self, method)(*arguments).data
        return self

    def where(self, condition: Any, other: Any) -> Any:
        """Return the tensor where the condition holds, `other` elsewhere."""
        return package_function("where")(condition, self, other)

    # Operators that chapter 01 does not write
    def __and__(self, other: Any) -> Any:
        return self.bitwise_and(other)

    def __or__(self, other: Any) -> Any:
        return self.bitwise_or(other)

    def __xor__(self, other: Any) -> Any:
        return self.bitwise_xor(other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Any:
        return self.bitwise_not()

    def __mod__(self, other: Any) -> Any:
        return self.remainder(other)

    def __rmod__(self, other: Any) -> Any:
        return package_function("remainder")(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self.floor_divide(other)

    def __rfloordiv__(self, other: Any) -> Any:
        return package_function("floor_divide")(other, self)

    def __pos__(self: _Tensor) -> _Tensor:
        return self

    def __abs__(self: _Tensor) -> _Tensor:
        return self._chapter.abs(self)

    def __index__(self) -> Any:
        if self.dtype.kind == "f":
            raise TypeError(f"index: expected a whole number, got a tensor of {self.dtype}")
        return self.item()

    def __format__(self, specification: str) -> str:
        if self.data.ndim == 0:
            return format(self.data.item(), specification)  # f"{loss:.4f}"
        return object.__format__(self, specification)

    def __contains__(self, element: Any) -> Any:
        return bool((self == element).data.any())

    # Arithmetic and products
    add = FromPackage()
    sub = subtract = FromPackage()
    mul = multiply = FromPackage()
    clamp_min = FromPackage()
    clamp_max = FromPackage()
    div = divide = FromPackage()
    true_divide = FromPackage()
    floor_divide = FromPackage()
    pow = FromPackage()
    remainder = FromPackage()
    fmod = FromPackage()
    neg = negative = FromPackage()
    matmul = FromPackage()
    mm = FromPackage()
    bmm = FromPackage()
    mv = FromPackage()
    dot = FromPackage()
    inner = FromPackage()
    outer = FromPackage()
    addmm = FromPackage()
    addmv = FromPackage()
    addr = FromPackage()
    baddbmm = FromPackage()
    addbmm = FromPackage()
    addcmul = FromPackage()
    addcdiv = FromPackage()
    lerp = FromPackage()
    # Element by element
    maximum = FromPackage()
    minimum = FromPackage()
    clamp = FromPackage()
    nan_to_num = FromPackage()
    atan2 = FromPackage()
    square = FromPackage()
    absolute = FromPackage()
    rsqrt = FromPackage()
    reciprocal = FromPackage()
    exp2 = FromPackage()
    expm1 = FromPackage()
    log2 = FromPackage()
    log10 = FromPackage()
    log1p = FromPackage()
    sin = FromPackage()
    cos = FromPackage()
    tan = FromPackage()
    asin = FromPackage()
    acos = FromPackage()
    atan = FromPackage()
    sinh = FromPackage()
    cosh = FromPackage()
    asinh = FromPackage()
    acosh = FromPackage()
    atanh = FromPackage()
    erf = FromPackage()
    erfc = FromPackage()
    sign = FromPackage()
    floor = FromPackage()
    ceil = FromPackage()
    round = FromPackage()
    trunc = FromPackage()
    frac = FromPackage()
    relu = FromPackage()
    sigmoid = FromPackage()
    tanh = FromPackage()
    softmax = FromPackage()
    log_softmax = FromPackage()
    logsumexp = FromPackage()
    # Truth values
    eq = FromPackage()
    ne = FromPackage()
    lt = FromPackage()
    le = FromPackage()
    gt = FromPackage()
    ge = FromPackage()
    isnan = FromPackage()
    isinf = FromPackage()
    isfinite = FromPackage()
    isclose = FromPackage()
    allclose = FromPackage()
    equal = FromPackage()
    logical_and = FromPackage()
    logical_or = FromPackage()
    logical_xor = FromPackage()
    logical_not = FromPackage()
    bitwise_and = FromPackage()
    bitwise_or = FromPackage()
    bitwise_xor = FromPackage()
    bitwise_not = FromPackage()
    is_floating_point = FromPackage()
    is_nonzero = FromPackage()
    # Reductions and running sums
    std = FromPackage()
    prod = FromPackage()
    amax = FromPackage()
    amin = FromPackage()
    aminmax = FromPackage()
    norm = FromPackage()
    nansum = FromPackage()
    median = FromPackage()
    mode = FromPackage()
    all = FromPackage()
    any = FromPackage()
    count_nonzero = FromPackage()
    cumsum = FromPackage()
    cumprod = FromPackage()
    # Moving, repeating, splitting
    t = FromPackage()
    swapaxes = FromPackage()
    swapdims = FromPackage()
    movedim = FromPackage()
    moveaxis = FromPackage()
    unflatten = FromPackage()
    ravel = FromPackage()
    expand = FromPackage()
    broadcast_to = FromPackage()
    repeat_interleave = FromPackage()
    fliplr = FromPackage()
    flipud = FromPackage()
    roll = FromPackage()
    rot90 = FromPackage()
    split = FromPackage()
    chunk = FromPackage()
    tensor_split = FromPackage()
    hsplit = FromPackage()
    vsplit = FromPackage()
    unbind = FromPackage()
    select = FromPackage()
    narrow = FromPackage()
    tril = FromPackage()
    triu = FromPackage()
    diagonal = FromPackage()
    diag = FromPackage()
    trace = FromPackage()
    # Picking, ordering, counting
    sort = FromPackage()
    argsort = FromPackage()
    msort = FromPackage()
    topk = FromPackage()
    kthvalue = FromPackage()
    unique = FromPackage()
    bincount = FromPackage()
    bernoulli = FromPackage()
    multinomial = FromPackage()
    histc = FromPackage()
    nonzero = FromPackage()
    argwhere = FromPackage()
    masked_select = FromPackage()
    masked_fill = FromPackage()
    index_select = FromPackage()
    gather = FromPackage()
    take_along_dim = FromPackage()
    take = FromPackage()
    scatter = FromPackage()
    scatter_add = FromPackage()
