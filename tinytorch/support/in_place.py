"""Writes to a tensor in place, and the check in `backward` that no rule reads numbers which were overwritten.

A function of the graph remembers tensors, not copies of their numbers. So a write between the forward pass and
`backward` has two consequences. **What was computed before it** belongs to the old numbers: a recorded
write gives the tensor a new `grad_fn`, and earlier users of the tensor get a stand-in that has the old one. **What a
rule reads** must be what its function read: each recorded function notes its inputs and its output with `mark`, and
`check_marks` compares before the gradient is used.
"""

from __future__ import annotations

import dis
import functools
import inspect
import types
import weakref
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinytorch.support.dtypes import dtype_kind, in_dtype
from tinytorch.support.package import package_function

_Tensor = TypeVar("_Tensor", bound="InPlaceMethods")


# What a rule reads


@functools.cache
def variables_read(code: types.CodeType, without: frozenset[types.CodeType] = frozenset()) -> frozenset[str]:
    """Return the variables that a function's code, or code within it, uses for more than their shape and dtype.

    Functions within it whose code is in `without` are left out.
    """
    found: set[str] = set()
    instructions = list(dis.get_instructions(code))
    for instruction, following in zip(instructions, [*instructions[1:], None]):
        if not instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF")):
            continue
        names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
        if instruction.opname.startswith("LOAD_FAST"):
            names = tuple(name for name in names if name not in code.co_cellvars)  # these make a closure
        if following is not None and following.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if following.argval in ("shape", "ndim", "dtype", "size"):
                names = names[:-1]
        found.update(names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType) and constant not in without:
            found |= variables_read(constant)
    return frozenset(found)


class RuleReads:
    """Which arrays a rule may read for more than their shape."""

    def __init__(self, rule: Callable[..., Any]) -> None:
        code = getattr(inspect.unwrap(rule), "__code__", None)
        if code is None:  # a function of NumPy's, say: it may read all that it gets
            code = _reads_all.__code__
        self.code = code
        names = code.co_varnames[1 : code.co_argcount]  # the first parameter is the gradient
        read = variables_read(code)
        self.positions = {name: i for i, name in enumerate(names) if name in read}  # 0 is the result, 1 an input, ...

    @functools.lru_cache  # noqa: B019  # rules live as long as their functions
    def wanted(self, entries: tuple[types.CodeType, ...], called: tuple[types.CodeType, ...]) -> tuple[int, ...]:
        """Return the positions that are read where the rule returned functions of this code, and `called` run."""
        read = variables_read(self.code, frozenset(entries)).union(*(variables_read(code) for code in called))
        return tuple(position for name, position in self.positions.items() if name in read)


def _reads_all(grad: Any, out: Any, first: Any, second: Any, third: Any) -> Any:
    return out, first, second, third


_WHOLE = 2**18  # up to so many elements every one of them is compared


def mark(tensor: Any) -> tuple[Any, ...]:
    """Return what changes with a tensor's numbers. Of a large array it is 4,096 numbers and the count of our writes."""
    array = tensor.data
    if array.size <= 4096:
        return array.shape, zlib.crc32(array if array.flags.c_contiguous else array.tobytes())
    quick = array.flags.c_contiguous or array.size <= _WHOLE  # else to make it flat would copy much
    flat = np.ascontiguousarray(array).reshape(-1) if quick else array.flat
    some = zlib.crc32(flat[:: array.size // 4096].tobytes())
    if array.size > _WHOLE:
        return array.shape, some, 0 if tensor.memory is None else tensor.memory.writes
    numbers = flat.view(np.uint8)
    eights = numbers[: numbers.size // 8 * 8].view(np.uint64)  # integers of 8 bytes are the quickest to add
    return array.shape, some, int(np.add.reduce(eights)), numbers[eights.nbytes :].tobytes()


def check_marks(tensor: Any, entries: tuple[Any, ...]) -> None:
    """Raise RuntimeError where numbers that a rule reads were changed after its function had used them.

    `entries` is what the rule returned: of the functions among them, only those count whose gradient is wanted.
    """
    if not tensor.marks:
        return
    function, inputs, _ = tensor.grad_fn
    arrays, marks = (tensor, *inputs), dict(tensor.marks)
    later = [(t, entry.__code__) for t, entry in zip(inputs, entries) if isinstance(entry, types.FunctionType)]
    called = tuple(code for t, code in later if t is not None and t.requires_grad)
    for position in function.rule_reads.wanted(tuple(code for _, code in later), called):
        if position in marks and mark(arrays[position]) != marks[position]:
            which = f"input {position - 1}" if position else "result"
            raise RuntimeError(
                f"backward: the gradient of {function.__name__} needs its {which} as it was, but its numbers were "
                "written to after that (by an optimizer step, load_state_dict, an in-place method, .data[...] = ...); "
                "call backward first, compute the result again, or write to a copy: x.clone()"
            )


# What was computed before a write


class Memory:
    """What tensors that share memory have in common: the count of our writes, and which tensors they are."""

    def __init__(self, tensor: Any) -> None:
        self.writes = 0
        self.tensors = [weakref.ref(tensor)]


def tracked(out: Any, function: Callable[..., Any], tensors: list[Any], settings: dict[str, Any]) -> Any:
    """Note on `out`, just computed as `function(*tensors, **settings)`, what later writes need to know; return it."""
    if len(tensors) == 1 and out.data.base is not None and tensors[0] is not None:
        _note_view(out, function, tensors[0], settings)
    if out.grad_fn is not None:
        _note_use(out)
        reads, arrays = getattr(function, "rule_reads", None), (out, *tensors)
        if reads is not None:
            positions = reads.positions.values()
            out.marks = [(i, mark(arrays[i])) for i in positions if i < len(arrays) and arrays[i] is not None]
    return out


def _note_view(out: Any, function: Callable[..., Any], tensor: Any, settings: dict[str, Any]) -> None:
    if out.data.base is tensor.data or out.data.base is tensor.data.base:
        if tensor.memory is None:
            tensor.memory = Memory(tensor)
        out.memory, out.view_of = tensor.memory, (tensor, function, settings)
        _append(out.memory.tensors, out)


def _note_use(out: Any) -> None:
    for tensor in out.grad_fn.inputs:
        if tensor is not None:
            if tensor.uses is None:
                tensor.uses = []
            _append(tensor.uses, out)


def _append(references: list[weakref.ref[Any]], tensor: Any) -> None:
    count = len(references)
    if count >= 16 and count & (count - 1) == 0:  # at each power of two, drop the tensors that were deleted
        references[:] = [reference for reference in references if reference() is not None]
    references.append(weakref.ref(tensor))


def setitem(x: Any, value: Any, *, path: Any, index: Any) -> Any:
    """The function in the graph of `x[index] = value`, where `path` holds the views that lead from x to the place."""
    return x


def _setitem_rule(
    grad: np.ndarray, out: np.ndarray, x: np.ndarray, value: np.ndarray, *, path: Any, index: Any
) -> tuple[np.ndarray, np.ndarray]:
    to_x = np.empty_like(x)  # in the layout of x, so that the views below share its memory as they do with x
    to_x[...] = grad
    place = to_x
    for function, settings in path:
        place = function.__wrapped__(place, **settings)
    to_value = place[index].copy()
    place[index] = 0
    return to_x, to_value


def clone(x: Any) -> Any:
    """The function in the graph of `x.clone()`."""
    return x


setitem.rule = _setitem_rule  # type: ignore[attr-defined]
clone.rule = lambda grad, out, x: grad  # type: ignore[attr-defined]


def write(tensor: Any, value: Any, index: Any = (...,)) -> None:
    """Do `tensor[index] = value` in the tensor's memory, and record it where a gradient goes through.

    Raises RuntimeError for a leaf that requires a gradient, and for its views, while functions are recorded.
    """
    chapter = tensor._chapter
    if not tensor.data.flags.writeable:
        raise RuntimeError("a tensor whose memory is read-only or repeated (expand) cannot be written; x.clone() can")
    if tensor.memory is None:
        tensor.memory = Memory(tensor)
    if value is None:
        raise TypeError("value: expected a number or a tensor to write, got None")
    if isinstance(value, (bool, int, float, np.generic)):
        value = in_dtype(value, tensor.dtype)
    (value, _) = chapter.as_tensors([value, tensor])
    if value.ndim and value.data.size == 1:
        value = chapter.reshape(value, shape=())  # fits every place, as in torch: x[0, 0] = tensor([5.0])
    recorded = chapter.recording.enabled and (tensor.requires_grad or value.requires_grad)
    if recorded and tensor.dtype.kind == "f":
        place = tensor.data[index]
        if value.shape != place.shape:
            value = chapter.add(value, np.zeros_like(place)).reshape(place.shape)  # its rule undoes the broadcast
        _record_write(tensor, value, index)
    tensor.data[index] = value.data
    tensor.memory.writes += 1


def _record_write(tensor: Any, value: Any, index: Any) -> None:
    root = tensor
    path: list[Any] = []
    while True:
        if root.is_leaf and root.requires_grad:
            raise RuntimeError(
                "a leaf that requires a gradient cannot be written in place while functions are recorded: its gradient "
                "would be lost. Write `with no_grad(): ...`, or to a copy: x.clone()"
            )
        if root.view_of is None:
            break
        root, *function_and_settings = root.view_of
        path.insert(0, tuple(function_and_settings))
    relatives = [t for reference in root.memory.tensors if (t := reference()) is not None]
    relatives = [t for t in relatives if not (t.is_leaf and t.requires_grad)]
    Node = tensor._chapter.Node
    before = stand_ins(relatives)
    for t in relatives:
        if t is root:
            inputs = before[id(root)], before.get(id(value), value)
            t.grad_fn = Node(setitem, inputs, {"path": path, "index": index})
        else:
            base, function, settings = t.view_of
            t.grad_fn = Node(function, (base,), settings)
        t.requires_grad, t.uses, t.marks = True, None, []
    for t in relatives:
        _note_use(t)


def stand_ins(relatives: list[Any]) -> dict[int, Any]:
    """Put a tensor with the same numbers and graph in the place of each of these in what was computed from it.

    Return the new tensors by the id of the old ones, whose part of the graph can then be changed.
    """
    before = {id(t): t._chapter.Tensor(t.data) for t in relatives}
    for t in relatives:
        for user in [user for reference in t.uses or () if (user := reference()) is not None]:
            node = user.grad_fn
            if isinstance(node, t._chapter.Node) and any(x is t for x in node.inputs):
                user.grad_fn = node._replace(inputs=tuple(before.get(id(x), x) for x in node.inputs))
    for t in relatives:
        stand_in = before[id(t)]
        stand_in.requires_grad, stand_in.grad_fn = t.requires_grad, t.grad_fn
        stand_in.memory, stand_in.uses, stand_in.marks = t.memory, t.uses, t.marks
        if stand_in.grad_fn is not None:
            _note_use(stand_in)
    return before


def may_write_input(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function of `input` with the argument `inplace`: where that is True, the result is written to `input`.

    Raises RuntimeError for a leaf that requires a gradient, as `write` does.
    """
    place = list(inspect.signature(function).parameters).index("inplace") - 1  # among what follows the input

    @functools.wraps(function)
    def called(input: Any, *others: Any, **settings: Any) -> Any:
        if not (others[place] if len(others) > place else settings.get("inplace", False)):
            return function(input, *others, **settings)
        before = input.clone()  # the gradient rule may need its numbers
        result = function(before, *others, **settings)
        return input if result is before else input.copy_(result)

    return called


class InPlaceMethods:
    """The methods of a tensor that write to its memory, with torch's names: the function's, and an underscore."""

    memory: Memory | None = None
    view_of: tuple[Any, Callable[..., Any], dict[str, Any]] | None = None
    uses: list[weakref.ref[Any]] | None = None
    marks: Any = ()

    data: np.ndarray
    requires_grad: bool
    grad_fn: Any
    _chapter: types.ModuleType

    def __setitem__(self, index: Any, value: Any) -> None:
        index = as_index(index)
        split = integers_and_rest(index)
        if split is not None:
            self[split[0]][split[1]] = value  # type: ignore[index]
        else:
            write(self, value, index)

    def clone(self: _Tensor) -> _Tensor:
        """Return a copy in memory of its own; the gradient goes through it."""
        out = self._chapter.Tensor(self.data.copy())
        if self._chapter.recording.enabled and self.requires_grad:
            out.requires_grad, out.grad_fn = True, self._chapter.Node(clone, (self,), {})
            _note_use(out)
        return out

    def _become(self: _Tensor, function: str, *arguments: Any, **settings: Any) -> _Tensor:
        """Write what the function of this name computes from this tensor to its memory, and return the tensor."""
        before = self.clone() if self._chapter.recording.enabled else self  # its gradient rule may need these numbers
        compute = getattr(self._chapter, function, None) or package_function(function)
        value, own = compute(before, *arguments, **settings), self.data
        if value.shape != own.shape:
            raise ValueError(f"{function}_: expected a result of this tensor's shape {own.shape}, got {value.shape}")
        if dtype_kind(value.data.dtype) > dtype_kind(own.dtype):
            raise TypeError(
                f"{function}_: a result of dtype {value.data.dtype} does not fit in a tensor of {own.dtype}"
            )
        write(self, value)
        return self

    def add_(self: _Tensor, other: Any, *, alpha: Any = 1) -> _Tensor:
        return self._become("add", other if alpha == 1 else self._chapter.mul(other, alpha))

    def sub_(self: _Tensor, other: Any, *, alpha: Any = 1) -> _Tensor:
        return self._become("sub", other if alpha == 1 else self._chapter.mul(other, alpha))

    def mul_(self: _Tensor, other: Any) -> _Tensor:
        return self._become("mul", other)

    def div_(self: _Tensor, other: Any, *, rounding_mode: str | None = None) -> _Tensor:
        if rounding_mode is not None:
            return self.copy_(self.clone().div(other, rounding_mode=rounding_mode))  # type: ignore[attr-defined]
        return self._become("div", other)

    def pow_(self: _Tensor, exponent: Any) -> _Tensor:
        return self._become("pow", exponent)

    def neg_(self: _Tensor) -> _Tensor:
        return self._become("neg")

    def abs_(self: _Tensor) -> _Tensor:
        return self._become("abs")

    def exp_(self: _Tensor) -> _Tensor:
        return self._become("exp")

    def log_(self: _Tensor) -> _Tensor:
        return self._become("log")

    def sqrt_(self: _Tensor) -> _Tensor:
        return self._become("sqrt")

    def clamp_(self: _Tensor, min: Any = None, max: Any = None) -> _Tensor:
        if isinstance(min, InPlaceMethods) or isinstance(max, InPlaceMethods):
            return self.copy_(self.clone().clamp(min, max))  # type: ignore[attr-defined]
        return self._become("clip", min=min, max=max)

    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = add_, sub_, mul_, div_, pow_

    def zero_(self: _Tensor) -> _Tensor:
        return self.fill_(0)

    def fill_(self: _Tensor, value: Any) -> _Tensor:
        """Write one number to every place."""
        if np.ndim(value):
            raise ValueError(f"fill_: expected one number, got shape {np.shape(value)}; copy_ takes a tensor")
        write(self, value)
        return self

    def copy_(self: _Tensor, src: Any) -> _Tensor:
        """Write the numbers of `src`, which may be broadcast, in this tensor's dtype."""
        write(self, src)
        return self


def as_index(index: Any) -> tuple[Any, ...]:
    """Return an index as a tuple of integers, slices, None, Ellipsis and arrays.

    Raises IndexError for a list of lists, which has had two meanings in torch, and for bytes, which are a mask there.
    """
    if isinstance(index, list) and any(not isinstance(part, (int, np.generic)) and np.ndim(part) for part in index):
        raise IndexError("index: a list of lists has two meanings; write x[rows, columns], or x[tensor(lists)]")
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(map(_as_index_part, parts))


def _as_index_part(part: Any) -> Any:
    part = part.data if isinstance(part, InPlaceMethods) else part
    if isinstance(part, np.ndarray):
        if part.dtype == np.uint8:
            raise IndexError("index: a tensor of uint8 is a mask in torch; write mask.bool(), or places.long()")
        if part.ndim == 0 and part.dtype.kind in "iu":
            return int(part)  # as torch does: so x[i] shares the memory of x
    return part


def integers_and_rest(index: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """Return an index as two, to be used one after the other: its integers, and then the others.

    Return None where NumPy does the same at once. Where arrays and integers are separated, it moves their axis to the
    front: `x[0, :, [1, 2]]` of (2, 3, 4) is (2, 3), and in torch (3, 2), because there integers are used first.
    """
    kinds = [_kind_of_index(part) for part in index]
    if "array" not in kinds or "integer" not in kinds or "slice" not in kinds:
        return None
    first = []
    for part, kind in zip(index, kinds):
        if kind == "array":
            mask = np.asarray(part)
            first += [slice(None)] * (mask.ndim if mask.dtype == np.bool_ else 1)
        elif part is not None:
            first.append(part if kind == "integer" or part is ... else slice(None))
    return tuple(first), tuple(part for part, kind in zip(index, kinds) if kind != "integer")


def _kind_of_index(part: Any) -> str:
    if part is None or part is ... or isinstance(part, slice):
        return "slice"
    whole = isinstance(part, (int, np.integer)) and not isinstance(part, (bool, np.bool_))
    return "integer" if whole else "array"
