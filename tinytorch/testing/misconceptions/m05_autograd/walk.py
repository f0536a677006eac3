"""The order, the walk back, and what backward leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m05_autograd.trying import Array

VISITS = 20_000  # a walk without a memory doubles with every y + y; it is stopped where a student would lose patience
Pairs = Iterator[tuple[Any, Array]]


def _graph(generator: np.random.Generator, home: Any) -> list[Any]:
    """Two leaves, a constant, and what was made from them; the last is made from all."""
    T = home.T
    x, w = (home.Tensor(generator.uniform(0.5, 1.5, 2), requires_grad=True) for _ in range(2))
    constant = home.Tensor(generator.uniform(0.5, 1.5, 2))
    u = T.exp(x)
    v = T.add(T.neg(u), x)
    y = T.mul(T.add(v, v), constant)
    z = T.mul(T.add(y, w), u)
    return [x, w, constant, u, v, y, z, T.add(z, T.mul(x, z))]


# --- the order ---


@draws("topological_order")
def _orders(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def orders() -> list[Any]:
        made = _graph(np.random.default_rng(seed), home)
        names = {id(tensor): name for name, tensor in enumerate(made)}
        found: list[Any] = []
        for roots in ([made[-1]], [made[5], made[3]]):
            order = home.topological_order(roots)
            found += [len(order), [names.get(id(tensor), -1) for tensor in order]]
        deep = made[0]
        for _ in range(1500):
            deep = home.T.neg(deep)
        try:
            found.append(len(home.topological_order([deep])))
        except RecursionError as error:
            found.append(type(error).__name__)
        return found

    return Case(orders)


def _wanted(here: Any, tensor: Any) -> list[Any]:
    """The inputs of a tensor that require a gradient."""
    return [] if tensor.is_leaf else [t for t in here._inputs(tensor) if t is not None and t.requires_grad]


def _right_order(here: Any, roots: Any) -> list[Any]:
    order, seen = [], set()
    stack = [(root, False) for root in roots]
    while stack:
        tensor, ready = stack.pop()
        if ready:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack.extend((t, False) for t in _wanted(here, tensor))
    return order


@misconception(
    "topological_order",
    name="a tensor is visited once for each of its uses",
    belief="Every input is walked to.",
    explanation="A tensor that is used twice would stand there twice, and a chain of such uses takes 2^n visits.",
    hints=("How many tensors are behind y = x + x? Two.", "Remember id(tensor) of those that were seen."),
)
def visited_each_time(roots: Any) -> list[Any]:
    here: Any = called_from()
    order: list[Any] = []
    stack = [(root, False) for root in roots]
    while stack:
        tensor, ready = stack.pop()
        if ready:
            order.append(tensor)
            continue
        if len(order) > VISITS:
            raise RuntimeError(f"topological_order: more than {VISITS:,} visits")
        stack.append((tensor, True))
        stack.extend((t, False) for t in _wanted(here, tensor))
    return order


@misconception(
    "topological_order",
    name="results stand before their inputs",
    belief="The walk starts at the root, so the root comes first.",
    explanation="Inputs stand before results; the walk takes tensors from the end.",
    hints=("What is the last in your order? It should be the root.", "Append a tensor after all its inputs."),
)
def results_first(roots: Any) -> list[Any]:
    return _right_order(called_from(), roots)[::-1]


@misconception(
    "topological_order",
    name="a tensor takes its place when it is first seen",
    belief="What is found first comes last.",
    explanation="An input that is found early may be the input of another that is found late: x before u = exp(x).",
    hints=("For z = -exp(x) + x: does x stand before exp(x)?", "Append when `ready`, after all inputs."),
)
def placed_when_seen(roots: Any) -> list[Any]:
    here: Any = called_from()
    order, seen, stack = [], set(), list(roots)
    while stack:
        tensor = stack.pop()
        if id(tensor) not in seen:
            seen.add(id(tensor))
            order.append(tensor)
            stack.extend(_wanted(here, tensor))
    return order[::-1]


@misconception(
    "topological_order",
    name="constants are in the order, too",
    belief="Every input belongs to the graph.",
    explanation="What does not require a gradient needs no visit: images, labels, masks.",
    hints=("Which inputs are skipped, by the docstring?", "if t is not None and t.requires_grad."),
)
def constants_included(roots: Any) -> list[Any]:
    here: Any = called_from()
    order, seen = [], set()
    stack = [(root, False) for root in roots]
    while stack:
        tensor, ready = stack.pop()
        if ready:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            if not tensor.is_leaf:
                stack.extend((t, False) for t in here._inputs(tensor) if t is not None)
    return order


@misconception(
    "topological_order",
    name="the order is found by recursion",
    belief="visit(tensor) calls visit for each input.",
    explanation="Python allows about 1,000 nested calls, and a network may be 10,000 functions deep.",
    hints=("What is sys.getrecursionlimit()?", "A list as a stack: pairs (tensor, ready)."),
)
def found_by_recursion(roots: Any) -> list[Any]:
    here: Any = called_from()
    order, seen = [], set()

    def visit(tensor: Any) -> None:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            for t in _wanted(here, tensor):
                visit(t)
            order.append(tensor)

    for root in roots:
        visit(root)
    return order


# --- the walk ---


@draws("walk")
def _walks(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def walks() -> list[Any]:
        found: list[Any] = []
        for retain_graph in (False, True):
            random = np.random.default_rng(seed)
            made = _graph(random, home)
            names = {id(tensor): name for name, tensor in enumerate(made)}
            for roots in ([made[-1]], [made[5], made[5], made[0]]):
                seeds = [random.standard_normal(2) for _ in roots]
                kept = [array.copy() for array in seeds]
                try:
                    steps = [(names.get(id(t), -1), grad) for t, grad in home.walk(roots, seeds, retain_graph)]
                except RuntimeError as error:
                    found.append(str(error))
                    continue
                found += [len(steps), *(part for step in steps for part in step)]
                found += [bool(np.array_equal(a, b)) for a, b in zip(seeds, kept, strict=True)]
            found += [tensor.grad_fn is None or tensor.grad_fn[1] is None for tensor in made]
        return found

    return Case(walks)


def _walk(
    roots: Any,
    seeds: Any,
    retain_graph: bool,
    *,
    overwrite: bool = False,
    in_place: bool = False,
    only_leaves: bool = False,
    last_seed: bool = False,
    ones: bool = False,
) -> Pairs:
    """walk, with one thing done otherwise. The module is looked up now: a generator may run from anywhere."""
    here: Any = called_from()

    def run() -> Pairs:
        order = here.topological_order(roots)
        pending: dict[int, Array] = {}

        def arrive(tensor: Any, grad: Array, overwrite: bool) -> None:
            if id(tensor) not in pending or overwrite:
                pending[id(tensor)] = grad
            elif in_place:
                np.add(pending[id(tensor)], grad, out=pending[id(tensor)])
            else:
                pending[id(tensor)] = pending[id(tensor)] + grad

        for root, seed in zip(roots, seeds, strict=True):
            arrive(root, np.ones_like(seed) if ones else seed, last_seed or overwrite)
        while order:
            tensor = order.pop()
            grad = pending.pop(id(tensor))
            if tensor.is_leaf or not only_leaves:
                yield tensor, grad
            if not tensor.is_leaf:
                for t, g in here._gradients_of_inputs(tensor, grad):
                    arrive(t, g, overwrite)
                if not retain_graph:
                    tensor.grad_fn = here.Node(tensor.grad_fn.function, None, {})

    return run()


@misconception(
    "walk",
    name="a second gradient replaces the first",
    belief="pending[id(t)] = g keeps what arrived.",
    explanation="A tensor that was used twice has two gradients, which add up.",
    hints=("What is the gradient of x * x? 2x, not x.", "pending[id(t)] + g, if something is there already."),
)
def gradient_replaced(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, retain_graph, overwrite=True)


@misconception(
    "walk",
    name="gradients are added in place",
    belief="a += b is a = a + b.",
    explanation="a += b writes into the array of a, which a rule may have given to two inputs, or the caller gave.",
    hints=("Which arrays does the rule of x + y return?", "pending[id(t)] = pending[id(t)] + g."),
)
def added_in_place(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, [seed.copy() for seed in seeds], retain_graph, in_place=True)


@misconception(
    "walk",
    name="each gradient is passed on as soon as it arrives",
    belief="Every arrival is a visit.",
    explanation="A rule must wait for all gradients of its output: else a chain of y + y takes 2^n visits.",
    hints=("How often is x visited in x * x? Once.", "Pop tensors from the end of `order`, each once."),
)
def passed_on_at_once(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    here: Any = called_from()

    def run() -> Pairs:
        stack = list(zip(roots, seeds, strict=True))
        done = []
        while stack:
            tensor, grad = stack.pop()
            yield tensor, grad
            done.append(tensor)
            if len(done) > VISITS:
                raise RuntimeError(f"walk: more than {VISITS:,} visits")
            if not tensor.is_leaf:
                stack.extend(here._gradients_of_inputs(tensor, grad))
        for tensor in done:
            if not (tensor.is_leaf or retain_graph):
                tensor.grad_fn = here.Node(tensor.grad_fn.function, None, {})

    return run()


@misconception(
    "walk",
    name="the recipes are kept",
    belief="What is not needed any more is collected by itself.",
    explanation="The result still holds its recipe, and with it every activation, until it is forgotten here.",
    hints=(
        "What is y.grad_fn.inputs after the walk? None.",
        "tensor.grad_fn = Node(tensor.grad_fn.function, None, {}).",
    ),
)
def recipes_kept(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, True)


@misconception(
    "walk",
    name="the recipes are forgotten although retain_graph was asked for",
    belief="A graph is walked once.",
    explanation="With retain_graph=True it is kept, for a second walk.",
    hints=("Where do you use retain_graph?", "if not retain_graph: ..."),
)
def recipes_forgotten(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, False)


@misconception(
    "walk",
    name="only leaves are given out",
    belief="Gradients are for parameters.",
    explanation="grad() asks for tensors in the middle, too: every tensor of the order is yielded once.",
    hints=("How many pairs should z = exp(x) give? Two: z and x.", "yield before you ask whether it is a leaf."),
)
def only_leaves_yielded(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, retain_graph, only_leaves=True)


@misconception(
    "walk",
    name="the walk starts from ones, whatever the seeds",
    belief="The gradient of the root is 1.",
    explanation="Of a loss it is; the caller may start from any gradient: that is what seeds are.",
    hints=("Where do you use seeds?", "for root, seed in zip(roots, seeds)."),
)
def starts_from_ones(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, retain_graph, ones=True)


@misconception(
    "walk",
    name="of two seeds for one root the last counts",
    belief="A dict of the seeds is the beginning.",
    explanation="The same tensor may be given twice as a root: its seeds add up, as all gradients do.",
    hints=("What is {id(x): 1, id(x): 2}?", "Let the seeds arrive as every other gradient."),
)
def last_seed_counts(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, retain_graph, last_seed=True)


# --- backward ---


@draws("backward")
def _backwards(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def backwards() -> list[Any]:
        random = np.random.default_rng(seed)
        made = _graph(random, home)
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
    explanation="backward adds, so that gradients of several batches can be collected; zero_grad starts anew.",
    hints=("What is a.grad after two backward passes? Twice that of one.", "Tensor(t.grad.data + grad)."),
)
def grad_replaced(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here._seed(tensor, gradient)], retain_graph):
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
    for t, grad in here.walk([tensor], [here._seed(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = here.Tensor(grad if t.grad is None else t.grad.data + grad)


@misconception(
    "backward",
    name="every tensor on the way keeps its gradient",
    belief="grad is for all that the walk passes.",
    explanation="As in torch only leaves get one: those in the middle would fill the memory.",
    hints=("What should (a * b).grad be after backward? None.", "if t.is_leaf."),
)
def all_keep_their_gradient(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here._seed(tensor, gradient)], retain_graph):
        t.grad = here.Tensor(grad.copy() if t.grad is None else t.grad.data + grad)


@misconception(
    "backward",
    name="grad is an array",
    belief="The walk speaks arrays, so grad is one.",
    explanation="grad is a Tensor of the leaf's shape; optimizers read its .data.",
    hints=("What is type(a.grad)?", "t.grad = Tensor(...)."),
)
def grad_is_an_array(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here._seed(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = grad.copy() if t.grad is None else t.grad + grad


@misconception(
    "backward",
    name="retain_graph is not passed on",
    belief="walk knows it.",
    explanation="It has to be told, or the graph is freed although it was asked for: walk(..., retain_graph).",
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
    hints=("What is `seed`?", "walk([tensor], [seed], retain_graph)."),
)
def given_gradient_ignored(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    here._seed(tensor, gradient)
    _backward(here, tensor, np.ones_like(tensor.data), retain_graph)


@misconception(
    "backward",
    name="the sum is written into the array of the first gradient",
    belief="t.grad.data += grad adds.",
    explanation="Whoever kept the first gradient would see it change: make a new tensor of the sum.",
    hints=("Keep first = a.grad, go back again: has first changed?", "t.grad = Tensor(t.grad.data + grad)."),
)
def first_gradient_written_into(tensor: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    here: Any = called_from()
    for t, grad in here.walk([tensor], [here._seed(tensor, gradient)], retain_graph):
        if t.is_leaf and t.grad is None:
            t.grad = here.Tensor(grad.copy())
        elif t.is_leaf:
            t.grad.data += grad


def _backward(here: Any, tensor: Any, gradient: Any, retain_graph: bool) -> None:
    for t, grad in here.walk([tensor], [here._seed(tensor, gradient)], retain_graph):
        if t.is_leaf:
            t.grad = here.Tensor(grad.copy() if t.grad is None else t.grad.data + grad)
