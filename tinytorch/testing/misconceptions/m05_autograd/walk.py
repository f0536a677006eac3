"""The order, the gradients of inputs, and the walk back."""

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


def graph(generator: np.random.Generator, home: Any) -> list[Any]:
    """Two leaves, a constant, and what was made from them; the last is made from all. One function got None."""
    T = home.T
    x, w = (home.Tensor(generator.uniform(0.5, 1.5, 2), requires_grad=True) for _ in range(2))
    constant = home.Tensor(generator.uniform(0.5, 1.5, 2))
    u = T.exp(x)
    v = T.add(T.neg(u), x)
    y = _scaled(home)(T.add(v, v), None, by=2.0)
    y = T.mul(y, constant)
    z = T.mul(T.add(y, w), u)
    return [x, w, constant, u, v, y, z, T.add(z, T.mul(x, z))]


def _scaled(home: Any) -> Any:
    """A function of x, and of y that may be None, with a setting; it has a rule and is in no list of functions."""

    def scaled(x: Array, y: Any = None, *, by: float) -> Array:
        return x * by

    lifted = home.T.primitive(scaled)
    home.T.primitives.remove(lifted)
    home.rules[lifted] = lambda grad, out, x, y, *, by: (lambda: grad * by, None)
    return lifted


# --- the order ---


@draws("topological_order")
def _orders(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def orders() -> list[Any]:
        made = graph(np.random.default_rng(seed), home)
        names = {id(tensor): name for name, tensor in enumerate(made)}
        found: list[Any] = []
        for roots in ([made[-1]], [made[5], made[3]], [made[3], made[5]]):
            try:
                order = home.topological_order(roots)
            except AttributeError as error:
                found.append(str(error))
                continue
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


def wanted(tensor: Any) -> list[Any]:
    """The inputs of a tensor that require a gradient."""
    return [] if tensor.is_leaf else [t for t in tensor.grad_fn.inputs if t is not None and t.requires_grad]


def _right_order(roots: Any) -> list[Any]:
    order, seen = [], set()
    stack = [(root, False) for root in roots]
    while stack:
        tensor, ready = stack.pop()
        if ready:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack.extend((t, False) for t in wanted(tensor))
    return order


@misconception(
    "topological_order",
    name="a tensor is visited once for each of its uses",
    belief="Every input is walked to.",
    explanation="A tensor that is used twice would stand there twice, and a chain of such uses takes 2^n visits.",
    hints=("How many tensors are behind y = x + x? Two.", "Remember id(tensor) of those that were seen."),
)
def visited_each_time(roots: Any) -> list[Any]:
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
        stack.extend((t, False) for t in wanted(tensor))
    return order


@misconception(
    "topological_order",
    name="results stand before their inputs",
    belief="The walk starts at the root, so the root comes first.",
    explanation="Inputs stand before results; the walk takes tensors from the end.",
    hints=("What is the last in your order? It should be the root.", "Append a tensor after all its inputs."),
)
def results_first(roots: Any) -> list[Any]:
    return _right_order(roots)[::-1]


@misconception(
    "topological_order",
    name="a tensor takes its place when it is first seen",
    belief="What is found first comes last.",
    explanation="An input that is found early may be the input of another that is found late: x before u = exp(x).",
    hints=("For z = -exp(x) + x: does x stand before exp(x)?", "Append when `ready`, after all inputs."),
)
def placed_when_seen(roots: Any) -> list[Any]:
    order, seen, stack = [], set(), list(roots)
    while stack:
        tensor = stack.pop()
        if id(tensor) not in seen:
            seen.add(id(tensor))
            order.append(tensor)
            stack.extend(wanted(tensor))
    return order[::-1]


@misconception(
    "topological_order",
    name="constants are in the order, too",
    belief="Every input belongs to the graph.",
    explanation="What does not require a gradient needs no visit: images, labels, masks.",
    hints=("Which inputs are skipped, by the docstring?", "if t is not None and t.requires_grad."),
)
def constants_included(roots: Any) -> list[Any]:
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
                stack.extend((t, False) for t in tensor.grad_fn.inputs if t is not None)
    return order


@misconception(
    "topological_order",
    name="the order is found by recursion",
    belief="visit(tensor) calls visit for each input.",
    explanation="Python allows about 1,000 nested calls, and a network may be 10,000 functions deep.",
    hints=("What is sys.getrecursionlimit()?", "A list as a stack: pairs (tensor, ready)."),
)
def found_by_recursion(roots: Any) -> list[Any]:
    order, seen = [], set()

    def visit(tensor: Any) -> None:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            for t in wanted(tensor):
                visit(t)
            order.append(tensor)

    for root in roots:
        visit(root)
    return order


@misconception(
    "topological_order",
    name="inputs that are None are not skipped",
    belief="Every input is a tensor.",
    explanation="An optional input that was not given is None: it has no requires_grad.",
    hints=("Which inputs are skipped, by the docstring?", "if t is not None and t.requires_grad."),
)
def none_not_skipped(roots: Any) -> list[Any]:
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
                stack.extend((t, False) for t in tensor.grad_fn.inputs if t.requires_grad)
    return order


@misconception(
    "topological_order",
    name="only what the first root was computed from is in the order",
    belief="There is one root, the loss.",
    explanation="grad() starts from several outputs: all roots are walked to.",
    hints=("What is `roots`? A list.", "[(root, False) for root in roots]."),
)
def first_root_only(roots: Any) -> list[Any]:
    return _right_order(roots[:1])


# --- the gradients of inputs ---


@draws("input_gradients")
def _of_inputs(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def gradients() -> list[Any]:
        random = np.random.default_rng(seed)
        x = home.Tensor(random.uniform(0.5, 1.5, 2), requires_grad=True)
        w = home.Tensor(random.uniform(0.5, 1.5, 2).astype(np.float32), requires_grad=True)
        constant = home.Tensor(random.uniform(0.5, 1.5, 2))
        called: list[Array] = []
        received: list[str] = []
        watched = home.T.primitive(lambda a, b: a * b)
        home.T.primitives.remove(watched)

        @home.vjp(watched)
        def _(*values: Any) -> Any:
            received.extend(type(value).__name__ for value in values)
            return lambda: called.append(values[3]), lambda: values[0] * values[2]

        names = {id(x): "x", id(w): "w", id(constant): "constant"}
        made = [x * w, x * x, x * constant, x - w, -w, home.T.exp(x), _scaled(home)(x, None, by=3.0)]
        found: list[Any] = []
        for tensor in [*made, watched(constant, x)]:
            try:
                pairs = [(names.get(id(t), "?"), g) for t, g in home.input_gradients(tensor, random.standard_normal(2))]
                found += [len(pairs), *(part for name, g in pairs for part in (name, g, str(g.dtype)))]
            except Exception as error:
                found.append(str(error))
        return [*found, *received, len(called)]

    return Case(gradients)


def _arrays(inputs: Any) -> list[Any]:
    return [None if t is None else t.data for t in inputs]


def _pairs(
    tensor: Any,
    grad: Array,
    *,
    arrays: Any = _arrays,
    keeps: Any = lambda t: t is not None and t.requires_grad,
    settings: bool = True,
    call_all: bool = False,
    fit: bool = True,
) -> list[Any]:
    """input_gradients, with one thing done otherwise."""
    here: Any = called_from()
    function, inputs, kept = tensor.grad_fn
    found = here.rules[function](grad, tensor.data, *arrays(inputs), **(kept if settings else {}))
    entries = here.one_per_input(found, tensor)
    if call_all:
        entries = [entry() if callable(entry) else entry for entry in entries]
    pairs = []
    for position, (t, entry) in enumerate(zip(inputs, entries, strict=True)):
        if keeps(t):
            gradient = entry() if callable(entry) else entry
            pairs.append((t, here.fitting(gradient, tensor, position) if fit else gradient))
    return pairs


@misconception(
    "input_gradients",
    name="the rule gets tensors and not their arrays",
    belief="A rule takes what the function took.",
    explanation="Rules compute with arrays: grad, tensor.data, and the .data of each input.",
    hints=("What does a rule receive, by section 2?", "t.data for each input that is not None."),
)
def rule_gets_tensors(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad, arrays=lambda inputs: inputs)


@misconception(
    "input_gradients",
    name="an input that is None is asked for its numbers",
    belief="Every input is a tensor.",
    explanation="An optional input that was not given is None, and the rule gets None for it.",
    hints=("What is None.data?", "None if t is None else t.data."),
)
def none_has_numbers(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad, arrays=lambda inputs: [t.data for t in inputs])


@misconception(
    "input_gradients",
    name="the settings are not passed to the rule",
    belief="A rule needs the inputs.",
    explanation="And the settings: the rule of sum cannot know over which axes was summed.",
    hints=("What does a node hold beside function and inputs?", "**settings."),
)
def rule_without_settings(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad, settings=False)


@misconception(
    "input_gradients",
    name="constants get a gradient, too",
    belief="Every input has a gradient.",
    explanation="What does not require one is skipped, and its gradient is not even computed.",
    hints=("How many pairs has x * constant? One.", "if t is not None and t.requires_grad."),
)
def constants_get_one(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad, keeps=lambda t: t is not None)


@misconception(
    "input_gradients",
    name="gradients that nobody wants are computed as well",
    belief="First all entries are called, then the wanted ones are kept.",
    explanation="A rule returns functions so that work is saved: call only what is wanted.",
    hints=("Which entries of the rule do you call?", "Ask for requires_grad before you call."),
)
def unwanted_computed(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad, call_all=True)


@misconception(
    "input_gradients",
    name="the gradients keep the dtype in which they come",
    belief="NumPy chooses the dtype.",
    explanation="A gradient has the dtype of its input: float64 would spread through a float32 network.",
    hints=("What does `fitting` do, by the docstring?", "fitting(gradient, tensor, position)."),
)
def not_fitted(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad, fit=False)


@misconception(
    "input_gradients",
    name="what the rule returned is not called, though it may be a function",
    belief="A rule returns arrays.",
    explanation="Or functions that compute them, which are called where the gradient is wanted.",
    hints=("What does the rule of mul return?", "if callable(entry): entry = entry()."),
)
def functions_not_called(tensor: Any, grad: Array) -> Any:
    here: Any = called_from()
    function, inputs, settings = tensor.grad_fn
    entries = here.one_per_input(here.rules[function](grad, tensor.data, *_arrays(inputs), **settings), tensor)
    return [
        (t, here.fitting(entry, tensor, position))
        for position, (t, entry) in enumerate(zip(inputs, entries, strict=True))
        if t is not None and t.requires_grad
    ]


@misconception(
    "input_gradients",
    name="only the first input gets its gradient",
    belief="A function has one input.",
    explanation="Both factors of a product may require a gradient: a pair for each.",
    hints=("How many pairs has a * b of two leaves? Two.", "Collect the pairs, and return after the loop."),
)
def first_input_only(tensor: Any, grad: Array) -> Any:
    return _pairs(tensor, grad)[:1]


# --- the walk ---


@draws("walk")
def _walks(generator: np.random.Generator, home: Any) -> Case:
    seed = int(generator.integers(1000))

    def walks() -> list[Any]:
        found: list[Any] = []
        for retain_graph in (False, True):
            random = np.random.default_rng(seed)
            made = graph(random, home)
            names = {id(tensor): name for name, tensor in enumerate(made)}
            for roots in ([made[-1]], [made[5], made[5], made[0]]):
                seeds = [random.standard_normal(2) for _ in roots]
                kept = [array.copy() for array in seeds]
                try:
                    steps = [(names.get(id(t), -1), grad) for t, grad in home.walk(roots, seeds, retain_graph)]
                except (RuntimeError, ValueError, TypeError) as error:
                    found.append(str(error))
                    continue
                found += [len(steps), *(part for step in steps for part in step)]
                found += [bool(np.array_equal(a, b)) for a, b in zip(seeds, kept, strict=True)]
            found += [isinstance(tensor.grad_fn, home.FreedNode) for tensor in made]
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
                for t, g in here.input_gradients(tensor, grad):
                    arrive(t, g, overwrite)
                if not retain_graph:
                    tensor.grad_fn = here.FreedNode(tensor.grad_fn.function)

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
                stack.extend(here.input_gradients(tensor, grad))
        for tensor in done:
            if not (tensor.is_leaf or retain_graph):
                tensor.grad_fn = here.FreedNode(tensor.grad_fn.function)

    return run()


@misconception(
    "walk",
    name="the graph is kept",
    belief="What is not needed any more is collected by itself.",
    explanation="The result still holds its grad_fn, and with it every activation, until it is replaced here.",
    hints=("What is y.grad_fn after the walk? A FreedNode.", "tensor.grad_fn = FreedNode(tensor.grad_fn.function)."),
)
def graph_kept(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    return _walk(roots, seeds, True)


@misconception(
    "walk",
    name="the graph is freed although retain_graph was asked for",
    belief="A graph is walked once.",
    explanation="With retain_graph=True it is kept, for a second walk.",
    hints=("Where do you use retain_graph?", "if not retain_graph: ..."),
)
def graph_freed(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
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


@misconception(
    "walk",
    name="the grad_fn is replaced before its rule has run",
    belief="First clear up, then go on.",
    explanation="The rule needs the inputs that the grad_fn holds: replace it afterwards.",
    hints=("In which order do you call input_gradients and FreedNode?", "Free what was USED."),
)
def freed_too_early(roots: Any, seeds: Any, retain_graph: bool = False) -> Pairs:
    here: Any = called_from()

    def run() -> Pairs:
        order = here.topological_order(roots)
        pending: dict[int, Array] = {}
        arriving = list(zip(roots, seeds, strict=True))
        while order:
            for t, g in arriving:
                pending[id(t)] = pending[id(t)] + g if id(t) in pending else g
            tensor = order.pop()
            grad = pending.pop(id(tensor))
            yield tensor, grad
            if not (tensor.is_leaf or retain_graph):
                tensor.grad_fn = here.FreedNode(tensor.grad_fn.function)
            arriving = [] if tensor.is_leaf else here.input_gradients(tensor, grad)

    return run()
