"""What modules need beside the ideas of chapter 03: calls, names, refusals, repr; and checks of layers' arguments."""

from __future__ import annotations

import collections
import functools
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinytorch.support.devices import check_device
from tinytorch.support.gradient_hooks import RemovableHandle
from tinytorch.support.hooks import Hooks
from tinytorch.support.tensor import TensorMethods, inferred_array
from tinytorch.support.torch_arguments import refuse_not_served

_Method = TypeVar("_Method", bound=Callable[..., Any])
_Named = Iterator[tuple[str, Any]]


def errors_name_module(method: _Method) -> _Method:
    """Decorate a method of a module: the innermost module puts its class name before the message of an error."""

    @functools.wraps(method)
    def named(self: Any, *inputs: Any, **keywords: Any) -> Any:
        try:
            return method(self, *inputs, **keywords)
        except (TypeError, ValueError) as error:
            name = type(self).__name__
            if not hasattr(error, "layer"):
                error.layer = name  # type: ignore[union-attr]  # outer modules see that one has put its name there
                if not str(error).startswith(name):
                    error.args = (f"{name}: {error}",)
            raise

    return named  # type: ignore[return-value]


class ParameterMethods:
    """Marks the tensors that are learned, and shows them."""

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class ModuleMethods:
    """What a module can do because of its attributes, and because of the methods that chapter 03 defines."""

    training = True
    buffer_names: tuple[str, ...] = ()  # the attributes that are buffers

    # Chapter 03's Module and its subclasses define these.
    named_modules: Callable[..., _Named]
    named_parameters: Callable[..., _Named]
    named_buffers: Callable[..., _Named]
    train: Callable[..., Any]

    _hooks: Hooks | None = None

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        """Return what the module computes: each class writes its own."""
        raise NotImplementedError(f"{type(self).__name__}: forward is missing; write def forward(self, x): ...")

    @errors_name_module
    def __call__(self, *inputs: Any, **keywords: Any) -> Any:
        if "input" in keywords and not inputs and "input" not in inspect.signature(self.forward).parameters:
            inputs = (keywords.pop("input"),)  # torch's name for what chapters call x
        if self._hooks is None:
            return self.forward(*inputs, **keywords)
        return self._hooks.call(self, inputs, keywords)

    def named_children(self) -> _Named:
        """Return (name, module) for the attributes that are modules, each module once."""
        first: dict[int, tuple[str, Any]] = {}
        for name, module in own_modules(self):
            first.setdefault(id(module), (name, module))
        return iter(first.values())

    def children(self) -> Iterator[Any]:
        """Return the modules that are attributes of this one, each once."""
        return (module for _, module in self.named_children())

    def modules(self) -> Iterator[Any]:
        """Return this module and all modules below it, each once."""
        return (module for _, module in self.named_modules())

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Return the tensors that are learned, each once; with `recurse=False` those of this module itself."""
        return (parameter for _, parameter in (self.named_parameters() if recurse else own_parameters(self)))

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Return the tensors that are kept but not learned, each once; with `recurse=False` this module's own."""
        return (buffer for _, buffer in (self.named_buffers() if recurse else own_buffers(self)))

    def eval(self) -> Any:
        """Set `training` of this module and of all below it to False. Return this module."""
        return self.train(False)

    def apply(self, fn: Callable[[Any], Any]) -> Any:
        """Call `fn` with each module below this one, parts first, and then with this one. Return this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set `requires_grad` of every parameter: False freezes them. Return this module."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self, *arguments: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Convert floating parameters and buffers, in place, to a dtype, or to that of a tensor. Return this module.

        The one device is "cpu". Raises ValueError for another, TypeError for a dtype that is not floating.
        """
        for value in (*arguments, device, dtype):
            if isinstance(value, TensorMethods):
                value = value.dtype
            kind = value if isinstance(value, str) else getattr(value, "type", None)
            if isinstance(kind, str):
                check_device(kind)
            elif value is not None:
                self._convert(value)
        return self

    def _convert(self, dtype: Any) -> None:
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"{type(self).__name__}: dtype: expected a floating dtype, got {dtype}")
        for tensor in (*self.parameters(), *self.buffers()):
            for part in (tensor, tensor.grad):
                if part is not None and part.dtype.kind == "f":
                    part.data = part.data.astype(dtype, copy=False)

    def half(self) -> Any:
        """Convert floating parameters and buffers to float16, in place. Return this module."""
        return self.to(np.float16)

    def float(self) -> Any:
        """Convert floating parameters and buffers to float32, in place. Return this module."""
        return self.to(np.float32)

    def double(self) -> Any:
        """Convert floating parameters and buffers to float64, in place. Return this module."""
        return self.to(np.float64)

    def cpu(self) -> Any:
        """Return this module, which is on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Any:
        """Raise ValueError: there is no other device than the CPU."""
        return self.to("cuda")

    def add_module(self, name: str, module: Any) -> None:
        """Set the attribute `name` to a module, or to None. Raises TypeError or ValueError for what is no part."""
        check_name(self, name)
        if not (module is None or isinstance(module, ModuleMethods)):
            raise TypeError(f"{type(self).__name__}: {name}: expected a module or None, got {type(module).__name__}")
        setattr(self, name, module)

    register_module = add_module

    def register_parameter(self, name: str, param: Any) -> None:
        """Set the attribute `name` to a parameter, or to None."""
        check_name(self, name)
        if not (param is None or isinstance(param, ParameterMethods)):
            raise TypeError(f"{type(self).__name__}: {name}: expected a Parameter or None, got {type(param).__name__}")
        setattr(self, name, param)

    def get_submodule(self, target: str) -> Any:
        """Return the module that stands at the path `target`, such as "body.0". Raises AttributeError without one."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = dict(own_modules(module)).get(name)
            if module is None:
                raise AttributeError(f"{type(self).__name__} has no module {target!r}: there is no {name!r}")
        return module

    def get_parameter(self, target: str) -> Any:
        """Return the parameter at the path `target`. Raises AttributeError where there is none."""
        return self._get(target, own_parameters, "parameter")

    def get_buffer(self, target: str) -> Any:
        """Return the buffer at the path `target`. Raises AttributeError where there is none."""
        return self._get(target, own_buffers, "buffer")

    def _get(self, target: str, list_of: Callable[[Any], list[tuple[str, Any]]], kind: str) -> Any:
        path, _, name = target.rpartition(".")
        found = dict(list_of(self.get_submodule(path)))
        if name not in found:
            raise AttributeError(f"{type(self).__name__} has no {kind} {target!r}")
        return found[name]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, inputs)` before each forward; what it returns, if not None, takes the inputs' place.

        With `with_kwargs` it is `hook(module, inputs, keywords)`, which returns None or both.
        """
        return Hooks.add(self._own_hooks().before, hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, inputs, output)` after each forward; what it returns, if not None, is the output instead.

        With `with_kwargs` it is `hook(module, inputs, keywords, output)`.
        """
        refuse_not_served("register_forward_hook", always_call=always_call)
        return Hooks.add(self._own_hooks().after, hook, prepend, with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)`, with tuples, when a backward has reached the module's inputs.

        What it returns, if not None, takes the place of `grad_input`. An input without `requires_grad` has None there.
        """
        return Hooks.add(self._own_hooks().backward, hook, prepend)

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Set the attribute `name` and make it a buffer: part of the state, not learned. None is left out there."""
        refuse_not_served("register_buffer", persistent=persistent)
        check_name(self, name)
        if not (tensor is None or isinstance(tensor, TensorMethods)):
            raise TypeError(f"register_buffer: {name}: expected a Tensor or None, got {type(tensor).__name__}")
        setattr(self, name, tensor)
        if name not in self.buffer_names:
            self.buffer_names = (*self.buffer_names, name)

    def __setattr__(self, name: str, value: Any) -> None:
        is_parameter = isinstance(vars(self).get(name), ParameterMethods)
        if is_parameter and not (value is None or isinstance(value, ParameterMethods)):
            raise TypeError(
                f"{type(self).__name__}.{name} is a parameter: expected a Parameter or None, got "
                f"{type(value).__name__}; to change its numbers write .{name}.data[...] = values"
            )
        super().__setattr__(name, value)

    def extra_repr(self) -> str:
        """Return the settings, as they stand between the parentheses of the repr."""
        return ""

    def __repr__(self) -> str:
        inner = [f"({name}): {module!r}" for name, module in own_modules(self)]
        if not inner:
            return f"{type(self).__name__}({self.extra_repr()})"
        lines = [self.extra_repr(), *inner] if self.extra_repr() else inner
        return f"{type(self).__name__}(\n  " + "\n".join(lines).replace("\n", "\n  ") + "\n)"


def own_modules(module: Any) -> list[tuple[str, Any]]:
    """Return (name, module) for the attributes of a module that are modules, in the order they were set in."""
    return _attributes(module, ModuleMethods)


def own_parameters(module: Any) -> list[tuple[str, Any]]:
    """Return (name, parameter) for the attributes of a module that are parameters, in the order they were set in."""
    return _attributes(module, ParameterMethods)


def own_buffers(module: Any) -> list[tuple[str, Any]]:
    """Return (name, tensor) for the registered buffers of a module that are not None."""
    return [(name, getattr(module, name)) for name in module.buffer_names if getattr(module, name) is not None]


def _attributes(module: Any, kind: type) -> list[tuple[str, Any]]:
    for name, value in vars(module).items():
        if isinstance(value, _CONTAINERS) and _hides_tensors(value, set()):
            raise TypeError(
                f"{type(module).__name__}.{name}: a {type(value).__name__} hides layers and parameters from the "
                f"network; use a Sequential, a ModuleList or a ModuleDict, or an attribute for each: "
                f"setattr(self, f'{name}{{i}}', item)"
            )
    return [(name, value) for name, value in vars(module).items() if isinstance(value, kind)]


_CONTAINERS = (dict, list, tuple, set, frozenset, collections.deque)


def _hides_tensors(container: Any, seen: set[int]) -> bool:
    """Return whether there are modules or parameters in a container, in its containers, and so on."""
    if id(container) in seen:  # a list may hold itself
        return False
    seen.add(id(container))
    items = (*container, *container.values()) if isinstance(container, dict) else container
    return any(
        isinstance(item, (ModuleMethods, ParameterMethods))
        or (isinstance(item, _CONTAINERS) and _hides_tensors(item, seen))
        for item in items
    )


def check_name(module: Any, name: Any) -> None:
    """Raise TypeError or ValueError for a name that a part of the module cannot have: every part has its own path."""
    owner = type(module).__name__
    if not isinstance(name, str):
        raise TypeError(f"{owner}: name: expected a str, got {type(name).__name__} {name!r:.40}")
    if not name or "." in name:
        raise ValueError(
            f"{owner}: name: expected a name without dots, which separate the names of a path, got {name!r}"
        )
    if name == "forward" or hasattr(type(module), name):
        raise ValueError(f"{owner}: name: {name!r} is an attribute of {owner} already; choose another name")


def dotted(prefix: str, name: str) -> str:
    """Return "prefix.name", or the name alone where the prefix is empty."""
    return f"{prefix}.{name}" if prefix else name


class LoadedKeys(NamedTuple):
    """What `load_state_dict` left alone: names that only the network has, and names that only the given state has."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def as_arrays(state_dict: Any, own: Mapping[str, Any] = {}) -> dict[str, np.ndarray]:
    """Return the entries of a state as arrays. Raises TypeError for what is no dict, or holds no numbers.

    States from before batch norms counted their batches lack `num_batches_tracked`: it is then that of `own`, as in
    torch.
    """
    if not isinstance(state_dict, dict):
        raise TypeError(f"state_dict: expected a dict of names and tensors, got {type(state_dict).__name__}")
    arrays = {}
    for name, value in state_dict.items():
        try:
            arrays[name] = inferred_array(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"state_dict: {name}: {error}") from None
    for name, tensor in own.items():
        if name.split(".")[-1] == "num_batches_tracked":
            arrays.setdefault(name, tensor.data)
    return arrays


def misfit_error(own: dict[str, Any], given: dict[str, Any], names: Iterable[str]) -> ValueError:
    """Return the error that lists the entries `names`: each is missing, unexpected, or of another shape."""
    names = set(names)
    misshapen = [name for name in own if name in names and name in given]
    lines = [f"  missing     {name}, of shape {own[name].shape}" for name in own if name in names - set(given)]
    lines += [f"  unexpected  {name}" for name in given if name in names - set(own)]
    lines += [f"  shape       {name}: expected {own[name].shape}, got {given[name].shape}" for name in misshapen]
    fix = "" if misshapen else "\nto load what fits: load_state_dict(state_dict, strict=False)"
    return ValueError("state_dict does not fit, and nothing was loaded\n" + "\n".join(lines) + fix)


def check_linear(x: Any, weight: Any, bias: Any = None) -> None:
    """Raise ValueError where the shapes of input, weight and bias do not fit each other."""
    if weight.ndim != 2:
        raise ValueError(f"Linear: weight: expected shape (out_features, in_features), got {weight.shape}")
    out_features, in_features = weight.shape
    if x.ndim == 0 or x.shape[-1] != in_features:
        fix = f"; use Linear({x.shape[-1]}, {out_features}), or change the layers before it" if x.ndim else ""
        if x.ndim > 2 and math.prod(x.shape[1:]) == in_features:
            fix = "; flatten each sample first: x.flatten(1)"
        raise ValueError(f"Linear: input: expected {in_features} features in the last axis, got shape {x.shape}{fix}")
    if bias is not None and bias.shape != (out_features,):
        raise ValueError(f"Linear: bias: expected shape ({out_features},), got {bias.shape}")


def with_device_and_dtype(init: _Method) -> _Method:
    """Decorate an `__init__` that makes float32 parameters: it takes torch's `device` and `dtype`, too."""

    @functools.wraps(init)
    def taking(self: Any, *arguments: Any, device: Any = None, dtype: Any = None, **settings: Any) -> None:
        init(self, *arguments, **settings)
        self.to(device=device, dtype=dtype)

    signature = inspect.signature(init)
    more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in ("device", "dtype")]
    taking.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])  # type: ignore[attr-defined]
    return taking  # type: ignore[return-value]


def check_sizes(layer: Any, in_features: Any, out_features: Any, bias: bool = True) -> None:
    """Raise ValueError for sizes of a linear layer that are no whole numbers of at least 1."""
    for name, size in (("in_features", in_features), ("out_features", out_features)):
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"Linear: {name}: expected a whole number of at least 1, got {size!r}")


def check_input(layer: Any, x: Any) -> None:
    """Raise TypeError for an input of a layer that is not a tensor."""
    if not isinstance(x, TensorMethods):
        raise TypeError(f"{type(layer).__name__}: input: expected a Tensor, got {type(x).__name__}; wrap it: Tensor(x)")


def check_dropout(x: Any, p: Any = 0.5, training: bool = True) -> None:
    """Raise ValueError for a p that is no probability, TypeError for an input that is not a tensor of floats."""
    if not isinstance(x, TensorMethods):
        raise TypeError(f"Dropout: input: expected a Tensor, got {type(x).__name__}; wrap it: Tensor(x)")
    check_probability(None, p)
    if x.dtype.kind != "f":
        raise TypeError(f"Dropout: input: expected floats, got {x.dtype}; convert: Tensor(x, dtype=np.float32)")


def check_probability(layer: Any, p: Any = 0.5, inplace: bool = False) -> None:
    """Raise ValueError for a p that is no number from 0 to 1."""
    if not isinstance(p, (int, float, np.number)) or not 0 <= p <= 1:
        raise ValueError(f"Dropout: p: expected a probability from 0 to 1, got {p!r}; p is the part that is dropped")


def check_sequential(chain: Any, *layers: Any) -> None:
    """Raise TypeError for an argument of a Sequential that is not a module, ValueError for a name no part can have."""
    named = layers[0] if len(layers) == 1 and isinstance(layers[0], dict) else dict(enumerate(layers))
    for name, layer in named.items():
        if named is layers[0]:
            check_name(chain, name)
        if not isinstance(layer, ModuleMethods):
            is_list = isinstance(layer, (list, tuple))
            fix = "unpack it: Sequential(*layers)" if is_list else "make one first, such as ReLU()"
            raise TypeError(f"Sequential: layer {name}: expected a layer, got {layer!r:.60}; {fix}")


def as_normalized_shape(shape: Any) -> tuple[int, ...]:
    """Return the shape of the last axes, given as a number or several. Raises ValueError where there are none."""
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if not sizes or not all(isinstance(n, (int, np.integer)) and n > 0 for n in sizes):
        raise ValueError(f"normalized_shape: expected sizes of at least 1, got {shape!r}")
    return tuple(int(n) for n in sizes)


def check_last_axes(name: str, x: Any, shape: tuple[int, ...], weight: Any, bias: Any) -> None:
    """Raise ValueError where the last axes of x, or weight or bias, have another shape."""
    if 0 in x.shape:
        raise ValueError(f"{name}: input: expected at least one sample, got an empty batch {x.shape}")
    if x.shape[-len(shape) :] != shape:
        raise ValueError(f"{name}: input: expected {shape} as its last axes, got shape {x.shape}")
    for argument, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.shape != shape:
            raise ValueError(f"{name}: {argument}: expected shape {shape}, got {given.shape}")


def check_groups(x: Any, num_groups: int, weight: Any, bias: Any) -> None:
    """Raise ValueError where x has no channels that make so many groups, or weight or bias do not fit them."""
    if x.ndim < 2 or num_groups < 1 or x.shape[1] % num_groups:
        raise ValueError(f"group_norm: input: expected (N, C, …) with C a multiple of {num_groups}, got {x.shape}")
    if math.prod(x.shape) == 0:
        raise ValueError(f"group_norm: input: expected at least one sample, got an empty batch {x.shape}")
    for argument, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.shape != x.shape[1:2]:
            raise ValueError(f"group_norm: {argument}: expected shape {x.shape[1:2]}, got {given.shape}")
