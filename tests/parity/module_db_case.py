"""torch's own samples of each module, run through torch's module and through ours: what comes out, and how it agrees."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from parity_case import upstream

from tinytorch import nn, tensor
from tinytorch.testing import seed

# Samples of modules we have that are not served: part of the sample's description → (what our refusal says, reason).
# A refusal is a ValueError or TypeError; a sample in this table that is served after all is a failure, too.
UNBATCHED = ("add the batch axis", "images come in a batch")
EMPTY = ("at least one", "an empty batch is nearly always a mistake")
NOT_SERVED: dict[str, dict[str, tuple[str, str]]] = {
    **dict.fromkeys(["Conv2d", "AvgPool2d", "AdaptiveAvgPool2d"], {"no_batch_dim": UNBATCHED}),
    "MaxPool2d": {"3d_input": UNBATCHED},
    **dict.fromkeys(["BatchNorm1d", "BatchNorm2d"], {"zero_batch": EMPTY}),
    **dict.fromkeys(["LayerNorm", "RMSNorm"], {"1d_empty_elementwise_affine": EMPTY}),
}


class Sample(NamedTuple):
    """One sample: the arguments of the constructor, and those of the call."""

    module: str
    description: str
    dtype: str
    training: bool
    constructor: Any
    forward: Any

    def __str__(self) -> str:
        mode = "train" if self.training else "eval"
        settings = [*map(_shown, self.constructor.args)]
        settings += [f"{name}={_shown(value)}" for name, value in self.constructor.kwargs.items()]
        return f"{self.module}({', '.join(settings)}) {self.description or '-'} {self.dtype} {mode}"

    @property
    def refusal(self) -> str | None:
        """What our refusal says, where this sample is not served."""
        if self.module == "CrossEntropyLoss" and self._is_a_mean_of_nothing():
            return "at least one label"
        for part, (message, _) in NOT_SERVED.get(self.module, {}).items():
            if part in self.description:
                return message
        return None

    def _is_a_mean_of_nothing(self) -> bool:
        """Whether a mean is asked for and each of the labels, which are drawn, happens to be the ignored one."""
        settings, target = self.constructor.kwargs, self.forward.args[1]
        labels_are_ignored = (target == settings.get("ignore_index", -100)).all()
        return settings.get("reduction", "mean") == "mean" and bool(labels_are_ignored)


def _shown(value: Any) -> str:
    return f"tensor{tuple(value.shape)}" if hasattr(value, "shape") else repr(value)


def module_db() -> dict[str, Any]:
    """Return torch's table of modules by class name, of those that we have."""
    from torch.testing._internal.common_modules import module_db as table

    return {info.module_cls.__name__: info for info in table if info.module_cls.__name__ in nn.__all__}


def samples(info: Any) -> Iterator[Sample]:
    """Yield the samples of a module in float32 and float64, in training and in evaluation."""
    import torch

    name = info.module_cls.__name__
    for dtype in ("float32", "float64"):
        for training in (True, False):
            torch.manual_seed(seed())
            made = info.module_inputs_func(
                info, device="cpu", dtype=getattr(torch, dtype), requires_grad=True, training=training
            )
            for sample in made:
                yield Sample(name, sample.desc, dtype, training, sample.constructor_input, sample.forward_input)


def check(sample: Sample) -> None:
    """Run both modules on the sample, with the same state. Raises AssertionError where anything differs."""
    with np.errstate(all="ignore"), warnings.catch_warnings():  # some samples are logarithms of negative numbers
        warnings.simplefilter("ignore")
        _check(sample)


def _check(sample: Sample) -> None:
    import torch

    theirs = getattr(torch.nn, sample.module)(*sample.constructor.args, **sample.constructor.kwargs)
    theirs = theirs.to(getattr(torch, sample.dtype)).train(sample.training)
    state = {name: value.detach().clone() for name, value in theirs.state_dict().items()}
    inputs = sample.forward.args, sample.forward.kwargs
    expected = _measure(theirs, _mapped(inputs, lambda t: t.detach().clone().requires_grad_(t.requires_grad)))
    try:
        ours = getattr(nn, sample.module)(*_mapped(sample.constructor.args), **_mapped(sample.constructor.kwargs))
        ours.to(np.dtype(sample.dtype)).train(sample.training)
        ours.load_state_dict(state)
        found = _measure(ours, _mapped(inputs))
    except (TypeError, ValueError) as error:
        if sample.refusal is not None and sample.refusal in str(error):
            return
        raise AssertionError(f"{sample}: refused: {type(error).__name__}: {error}") from error
    assert sample.refusal is None, f"{sample}: served; take it out of NOT_SERVED"
    assert list(found) == list(expected), f"{sample}: expected {list(expected)}, got {list(found)}"
    # float32: torch's own tolerance for sums that are taken in another order
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if sample.dtype == "float32" else {"rtol": 1e-7, "atol": 1e-9}
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, f"{sample}: {name}: expected {array.dtype}, got {found[name].dtype}"
        try:
            assert found[name].shape == array.shape, f"expected shape {array.shape}, got {found[name].shape}"
            np.testing.assert_allclose(found[name], array, **tolerance)
        except AssertionError as error:
            raise AssertionError(f"{sample}: {name}\n{error}") from None


def _mapped(values: Any, change: Any = None) -> Any:
    """Return nested arguments with each of torch's tensors replaced: by a tensor of ours, or as `change` says."""
    if isinstance(values, (tuple, list)):
        return type(values)(_mapped(value, change) for value in values)
    if isinstance(values, dict):
        return {name: _mapped(value, change) for name, value in values.items()}
    if not hasattr(values, "requires_grad"):
        return values
    if change is not None:
        return change(values)
    return tensor(values.detach().numpy().copy(), requires_grad=values.requires_grad)


def _measure(module: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Return outputs, gradients of inputs and parameters, and the state afterwards, by name."""
    arguments, keywords = inputs
    outputs = module(*arguments, **keywords)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found = {f"output {i}": _array(output) for i, output in enumerate(outputs)}
    if outputs[0].requires_grad:
        # never 0: beside the logarithm of a negative number, torch makes of 0 · NaN now 0, now NaN
        outputs[0].backward(_like(outputs[0], np.asarray(upstream(found["output 0"]) + 1 / 32)))
        for name, value in [*enumerate(arguments), *keywords.items()]:
            if getattr(value, "grad", None) is not None:
                found[f"gradient of input {name}"] = _array(value.grad)
        for name, parameter in module.named_parameters():
            if parameter.grad is not None:
                found[f"gradient of {name}"] = _array(parameter.grad)
    for name, value in module.state_dict().items():
        found[f"state {name}"] = _array(value)
    return found


def _array(value: Any) -> np.ndarray:
    return np.array(value.detach().numpy())


def _like(output: Any, array: np.ndarray) -> Any:
    if type(output).__module__.startswith("tinytorch"):
        return tensor(array)
    import torch

    return torch.from_numpy(array)
