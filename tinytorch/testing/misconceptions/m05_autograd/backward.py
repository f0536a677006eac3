"""What backward leaves behind, what grad returns, and what no_grad records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m05_autograd.trying import Array
from tinytorch.testing.misconceptions.m05_autograd.walk import graph

# --- backward ---


@draws("backward")
def _backwards(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def backwards() -> list[Any]:
        random = np.random.default_rng(seed)
        made = graph(random, home)
        x, w, root = made[0], made[1], made[-1]
        found: list[Any] = []
        for retain_graph in (True, False, False):
            before = None if x.grad is None else np.array(x.grad)
            held = x.grad
            try:
                home.backward(root, random.standard_normal(2), retain_graph)
            except RuntimeError as error:
                found.append(type(error).__name__)
            found += [np.array(x.grad), np.array(w.grad), type(x.grad).__name__]
            found += [made[3].grad is None, before is None or bool(np.array_equal(before, np.array(held)))]
        a, b = (home.Tensor(random.standard_normal(2), requires_grad=True) for _ in range(2))
        home.backward(home.T.add(a, b), random.standard_normal(2))
        return [*found, bool(np.shares_memory(np.asarray(a.grad), np.asarray(b.grad)))]

    return Case(backwards)


@misconception(
    "backward",
    name="the gradient that is there is replaced",
    belief="t.grad = the new gradient.",
    explanation="backward adds, so that gradients of several batches can be collected; zero_grad starts again.",
    hints=("What is a.grad after two backward passes? Twice that of one.", "Tensor(t.grad.data + grad)."),
)
def grad_replaced(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here.starting_gradient(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = here.Tensor(grad.copy())


@misconception(
    "backward",
    name="two leaves may share one array",
    belief="What the walk gives can be kept as it is.",
    explanation="The rule of a + b gives one array to both: a change of a.grad in place would change b.grad.",
    hints=("Is a.grad.data the same array as b.grad.data after (a + b).sum()?", "Copy what was handed out before."),
)
def arrays_shared(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here.starting_gradient(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = here.Tensor(grad if t.grad is None else t.grad.data + grad)


@misconception(
    "backward",
    name="every tensor on the way keeps its gradient",
    belief="grad is for every tensor of the walk.",
    explanation="As in torch only leaves get one: those in the middle would fill the memory.",
    hints=("What should (a * b).grad be after backward? None.", "if t.is_leaf."),
)
def all_keep_their_gradient(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here.starting_gradient(tensor, gradient)], retain_graph):
        t.grad = here.Tensor(grad.copy() if t.grad is None else t.grad.data + grad)


@misconception(
    "backward",
    name="grad is an array",
    belief="The walk yields arrays, so grad is one.",
    explanation="grad is a Tensor of the leaf's shape; optimizers read its .data.",
    hints=("What is type(a.grad)?", "t.grad = Tensor(...)."),
)
def grad_is_an_array(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here.starting_gradient(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = grad.copy() if t.grad is None else t.grad + grad


@misconception(
    "backward",
    name="retain_graph is not passed on",
    belief="walk knows it.",
    explanation="It frees the graph unless it is given retain_graph: walk(..., retain_graph).",
    hints=("Where do you use retain_graph?", "walk([tensor], [seed], retain_graph)."),
)
def retain_graph_not_passed(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    _backward(called_from(), tensor, gradient, False)


@misconception(
    "backward",
    name="the graph is always retained",
    belief="A graph that is kept does no harm.",
    explanation="Every activation of every step would stay in memory; a second backward must be asked for.",
    hints=("What does a second backward through the same loss do? It raises.", "walk([tensor], [seed], retain_graph)."),
)
def graph_always_retained(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    _backward(called_from(), tensor, gradient, True)


@misconception(
    "backward",
    name="the gradient that was given is ignored",
    belief="backward starts from ones.",
    explanation="From 1 for a single number, unless the caller gives a gradient to start from.",
    hints=("Where do you use gradient?", "starting_gradient(tensor, gradient)."),
)
def given_gradient_ignored(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    here.starting_gradient(tensor, gradient)
    _backward(here, tensor, np.ones_like(tensor.data), retain_graph)


@misconception(
    "backward",
    name="the sum is written into the array of the first gradient",
    belief="t.grad.data += grad adds.",
    explanation="A gradient that was kept from before would change: make a new tensor of the sum.",
    hints=("Keep first = a.grad, go back again: has first changed?", "t.grad = Tensor(t.grad.data + grad)."),
)
def first_gradient_written_into(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here.starting_gradient(tensor, gradient)], retain_graph):
        if t.is_leaf and t.grad is None:
            t.grad = here.Tensor(grad.copy())
        elif t.is_leaf:
            t.grad.data += grad


def _backward(here: Any, tensor: Any, gradient: Any, retain_graph: bool) -> None:
    for t, grad in here.walk([tensor], [here.starting_gradient(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = here.Tensor(grad.copy() if t.grad is None else t.grad.data + grad)


# --- grad ---


@draws("grad")
def _grads(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def grads() -> list[Any]:
        random = np.random.default_rng(seed)
        made = graph(random, home)
        x, w, u, y, z = made[0], made[1], made[3], made[-3], made[-1]
        starts = [home.Tensor(random.standard_normal(2)) for _ in range(2)]
        calls: list[Any] = [(z, [u, x, w], starts[0]), ([z, y], [x, u], starts), ([y, z], x, starts)]
        found: list[Any] = []
        for outputs, inputs, start in [*calls, (x, [w], starts[0])]:
            try:
                gradients = home.grad(outputs, inputs, start, retain_graph=True)
                found += [type(gradients).__name__, *gradients, *(type(g).__name__ for g in gradients)]
            except (RuntimeError, TypeError, KeyError, AttributeError) as error:
                found.append(type(error).__name__)
            found.append([t.grad is None for t in (x, w, u)])
        a, b = (home.Tensor(random.standard_normal(2), requires_grad=True) for _ in range(2))
        try:
            first, second = home.grad(a + b, [a, b], starts[0])
            found.append(bool(np.shares_memory(np.asarray(first), np.asarray(second))))
            found.append(isinstance((loss := (a * b).sum()).grad_fn, home.FreedNode))
            home.grad(loss, a)
            found.append(isinstance(loss.grad_fn, home.FreedNode))
        except (RuntimeError, TypeError, ValueError) as error:
            found.append(type(error).__name__)
        return found

    return Case(grads)


def _found(here: Any, outputs: Any, inputs: Any, grad_outputs: Any, retain_graph: bool) -> tuple[Any, dict[int, Array]]:
    """The inputs as a list, and the gradients that the walk yields for them."""
    outputs, inputs = here.as_tensor_list(outputs), here.as_tensor_list(inputs)
    seeds = here.starting_gradients(outputs, grad_outputs)
    wanted = {id(t) for t in inputs}
    return inputs, {id(t): g for t, g in here.walk(outputs, seeds, retain_graph) if id(t) in wanted}


def _checked(inputs: Any, found: dict[int, Array]) -> None:
    for position, t in enumerate(inputs):
        if id(t) not in found:
            raise RuntimeError(f"grad: the outputs do not depend on input {position}, or it has no requires_grad")


@misconception(
    "grad",
    name="the gradients come in the order of the walk",
    belief="The walk yields them, so that is their order.",
    explanation="They come in the order of `inputs`, whatever the walk meets first.",
    hints=("For grad(loss, [a, c]): which gradient is the first?", "for t in inputs: found[id(t)]."),
)
def in_order_of_walk(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    inputs, found = _found(here, outputs, inputs, grad_outputs, retain_graph)
    _checked(inputs, found)
    return tuple(here.Tensor(g.copy()) for g in found.values())


@misconception(
    "grad",
    name="arrays are returned",
    belief="The walk yields arrays.",
    explanation="grad returns tensors, as torch does.",
    hints=("What is type(grad(loss, x)[0])?", "Tensor(found[id(t)].copy())."),
)
def arrays_returned(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    inputs, found = _found(here, outputs, inputs, grad_outputs, retain_graph)
    _checked(inputs, found)
    return tuple(found[id(t)].copy() for t in inputs)


@misconception(
    "grad",
    name="two of the returned tensors may share one array",
    belief="What the walk yields can be kept as it is.",
    explanation="The rule of a + b gives one array to both: a change of one would change the other.",
    hints=("Does grad(a + b, [a, b]) return two arrays?", "found[id(t)].copy()."),
)
def returned_arrays_shared(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    inputs, found = _found(here, outputs, inputs, grad_outputs, retain_graph)
    _checked(inputs, found)
    return tuple(here.Tensor(found[id(t)]) for t in inputs)


@misconception(
    "grad",
    name="backward is called and .grad is returned",
    belief="grad is backward with a result.",
    explanation="grad touches no .grad: what was collected there must stay, and tensors in the middle have none.",
    hints=("What is a.grad after grad(loss, a)? None.", "Keep what `walk` yields."),
)
def grad_by_backward(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    outputs, inputs = here.as_tensor_list(outputs), here.as_tensor_list(inputs)
    for output, seed in zip(outputs, here.starting_gradients(outputs, grad_outputs), strict=True):
        _backward(here, output, seed, True)
    return tuple(t.grad for t in inputs)


@misconception(
    "grad",
    name="an input that the outputs do not depend on gets None",
    belief="found.get(id(t)) is None there.",
    explanation="A gradient is never silently None: it is a RuntimeError that names the position.",
    hints=("What does the docstring say about it?", 'raise RuntimeError(f"... input {position} ...").'),
)
def unused_is_none(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    inputs, found = _found(here, outputs, inputs, grad_outputs, retain_graph)
    return tuple(here.Tensor(found[id(t)].copy()) if id(t) in found else None for t in inputs)


@misconception(
    "grad",
    name="the gradients to start from are ignored",
    belief="Outputs start from ones.",
    explanation="A single number does, unless the caller gives another gradient: grad_outputs.",
    hints=("Where do you use grad_outputs?", "starting_gradients(outputs, grad_outputs)."),
)
def given_starts_ignored(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    ones = [np.ones_like(output.data) for output in here.as_tensor_list(outputs)]
    inputs, found = _found(here, outputs, inputs, ones, retain_graph)
    _checked(inputs, found)
    return tuple(here.Tensor(found[id(t)].copy()) for t in inputs)


@misconception(
    "grad",
    name="only the first output is walked from",
    belief="There is one output, the loss.",
    explanation="There may be several, each with its own gradient to start from; their influences add up.",
    hints=("What are `outputs`? A list.", "walk(outputs, seeds, retain_graph)."),
)
def first_output_only(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    outputs = here.as_tensor_list(outputs)
    start = here.starting_gradients(outputs, grad_outputs)[:1]
    inputs, found = _found(here, outputs[:1], inputs, start, retain_graph)
    _checked(inputs, found)
    return tuple(here.Tensor(found[id(t)].copy()) for t in inputs)


@misconception(
    "grad",
    name="retain_graph is not passed on",
    belief="walk knows it.",
    explanation="It frees the graph unless it is given retain_graph: walk(..., retain_graph).",
    hints=("Where do you use retain_graph?", "walk(outputs, seeds, retain_graph)."),
)
def grad_frees_always(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool = False) -> Any:
    here: Any = called_from()
    inputs, found = _found(here, outputs, inputs, grad_outputs, False)
    _checked(inputs, found)
    return tuple(here.Tensor(found[id(t)].copy()) for t in inputs)


# --- no_grad ---


@draws("no_grad")
@draws("is_grad_enabled")
def _recordings(generator: np.random.Generator, home: Any) -> Case:
    number = float(generator.uniform(1.0, 2.0))

    def recordings() -> list[Any]:
        x = home.Tensor([number], requires_grad=True)
        found: list[Any] = [home.is_grad_enabled()]
        try:
            with contextlib.suppress(ZeroDivisionError), home.no_grad():
                found += [home.is_grad_enabled(), (x * x).grad_fn is None]
                with home.no_grad():
                    found.append((x * x).grad_fn is None)
                found.append(home.is_grad_enabled())
                raise ZeroDivisionError
            found += [home.is_grad_enabled(), (x * x).grad_fn is None]
        finally:
            home.recording.enabled = True
        return found

    return Case(recordings)


@misconception(
    "no_grad",
    name="recording stays disabled after an error",
    belief="What stands after yield runs when the block ends.",
    explanation="Not if it ends by an error: only what is in `finally` does. Else nothing is recorded any more.",
    hints=("What does the block after an error leave behind?", "try: yield, finally: restore."),
)
def disabled_after_error() -> Iterator[None]:
    here: Any = called_from()
    return _disabled(here, restore=lambda before: before, after_error=False)


@misconception(
    "no_grad",
    name="recording is enabled in the end, whatever it was before",
    belief="In the end recording goes on.",
    explanation="Within another no_grad() it was disabled before, and must stay so.",
    hints=("What if a function with @no_grad() is called inside of no_grad()?", "recording.enabled = before."),
)
def enabled_in_the_end() -> Iterator[None]:
    return _disabled(called_from(), restore=lambda before: True)


@misconception(
    "no_grad",
    name="nothing is disabled",
    belief="yield is enough.",
    explanation="recording.enabled says whether functions are recorded: set it to False before yield.",
    hints=("What does is_grad_enabled() say inside the block?", "recording.enabled = False."),
)
def nothing_disabled() -> Iterator[None]:
    yield


@misconception(
    "no_grad",
    name="recording stays disabled for good",
    belief="no_grad switches recording off.",
    explanation="Only within the block: afterwards recording.enabled is what it was before.",
    hints=("What does is_grad_enabled() say after the block?", "Remember it before, restore it in finally."),
)
def disabled_for_good() -> Iterator[None]:
    return _disabled(called_from(), restore=lambda before: False)


def _disabled(here: Any, restore: Any, after_error: bool = True) -> Iterator[None]:
    before = here.recording.enabled
    here.recording.enabled = False
    try:
        yield
    except BaseException:
        if after_error:
            here.recording.enabled = restore(before)
        raise
    here.recording.enabled = restore(before)


@misconception(
    "is_grad_enabled",
    name="the answer is always yes",
    belief="Functions are recorded.",
    explanation="Not inside of no_grad(): recording.enabled says it.",
    hints=("What does it say inside of no_grad()?", "return recording.enabled."),
)
def always_enabled() -> bool:
    return True


@misconception(
    "is_grad_enabled",
    name="the answer is turned around",
    belief="It says whether no_grad() is on.",
    explanation="It says whether functions are recorded.",
    hints=("What does it say outside of any block? True.", "return recording.enabled."),
)
def turned_around() -> bool:
    return not called_from().recording.enabled
