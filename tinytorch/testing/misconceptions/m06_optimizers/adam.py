"""Adam, and AdamW with its own weight decay."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m06_optimizers.descent import Array, Settings, State, descent


@draws("Adam.update")
def _adam_descents(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return descent(home, "Adam", generator, _adam_settings(generator))


def _adam_settings(generator: np.random.Generator) -> State:
    return {
        "betas": (float(generator.uniform(0.3, 0.9)), float(generator.uniform(0.9, 0.99))),
        "eps": float(generator.choice([1e-8, 0.1])),
        "weight_decay": float(generator.choice([0.0, 0.3])),
    }


def _corrected(s: Settings, t: int, m: Array, v: Array) -> Array:
    return m / (1 - s.betas[0] ** t) / (np.sqrt(v / (1 - s.betas[1] ** t)) + s.eps)


def _adam(
    data: Array,
    grad: Array,
    state: State,
    settings: State,
    mean: Callable[[Settings, Array, Array], Array] = lambda s, m, g: s.betas[0] * m + (1 - s.betas[0]) * g,
    square: Callable[[Settings, Array, Array], Array] = lambda s, v, g: s.betas[1] * v + (1 - s.betas[1]) * g * g,
    direction: Callable[[Settings, int, Array, Array], Array] = _corrected,
) -> None:
    """Adam.update with one thing changed: an average, or what is stepped along."""
    s = Settings(**settings)
    g = grad + s.weight_decay * data
    if not state:
        state.update(step=0, exp_avg=np.zeros_like(data), exp_avg_sq=np.zeros_like(data))
    state["step"] += 1
    m, v = state["exp_avg"], state["exp_avg_sq"]
    m[...], v[...] = mean(s, m, g), square(s, v, g)
    data -= s.lr * direction(s, state["step"], m, v)


@misconception(
    "Adam.update",
    name="the weight goes uphill",
    belief="The gradient shows where to go.",
    explanation="The gradient points where the loss grows: the step is subtracted.",
    hints=("The gradient is positive. Should the weight grow or shrink?", "data -= lr * ..."),
)
def adam_uphill(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    before = data.copy()
    _adam(data, grad, state, settings)
    data[...] = 2 * before - data


@misconception(
    "Adam.update",
    name="the averages are not corrected for their start at 0",
    belief="m and v are averages of the gradients, so the step is m / sqrt(v).",
    explanation="They start at 0, too small at first; m / (1 - beta1^t) and v / (1 - beta2^t) are true averages.",
    hints=(
        "After one step m is 0.1 g and v is 0.001 g^2. How long is the step, in units of lr?",
        "Divide m by 1 - beta1**t and v by 1 - beta2**t, with t = 1 at the first step.",
    ),
)
def not_corrected(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, direction=lambda s, t, m, v: m / (np.sqrt(v) + s.eps))


@misconception(
    "Adam.update",
    name="only m is corrected for its start at 0",
    belief="The average of the gradients is what starts too small.",
    explanation="v starts at 0 as well, and takes far longer to fill: it is divided by 1 - beta2^t.",
    hints=("After one step v is 0.001 g^2. What is it an average of?", "v_hat = v / (1 - beta2**t)."),
)
def square_not_corrected(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (1 - s.betas[0] ** t) / (np.sqrt(v) + s.eps),
    )


@misconception(
    "Adam.update",
    name="only v is corrected for its start at 0",
    belief="The running square is what starts too small.",
    explanation="m starts at 0 as well: it is divided by 1 - beta1^t.",
    hints=("After one step m is 0.1 g. What is it an average of?", "m_hat = m / (1 - beta1**t)."),
)
def mean_not_corrected(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (np.sqrt(v / (1 - s.betas[1] ** t)) + s.eps),
    )


@misconception(
    "Adam.update",
    name="the correction of v is applied after the root without a root of its own",
    belief="The square root of v, divided by 1 - beta2^t, is the corrected root.",
    explanation="It is v that is divided by 1 - beta2^t; its root is divided by the root of that.",
    hints=("sqrt(v / c) is sqrt(v) over what?", "np.sqrt(v / (1 - beta2**t))."),
)
def correction_without_root(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (1 - s.betas[0] ** t) / (np.sqrt(v) / (1 - s.betas[1] ** t) + s.eps),
    )


@misconception(
    "Adam.update",
    name="the averages are multiplied by the correction",
    belief="1 - beta^t is a factor that grows to 1, so it is multiplied in.",
    explanation="An average that starts at 0 is too small: dividing by 1 - beta^t, which is below 1, makes it larger.",
    hints=("m is 0.1 g after the first step. Times or divided by 0.1?", "m / (1 - beta1**t), v / (1 - beta2**t)."),
)
def correction_multiplied(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m * (1 - s.betas[0] ** t) / (np.sqrt(v * (1 - s.betas[1] ** t)) + s.eps),
    )


@misconception(
    "Adam.update",
    name="the steps are counted from 0",
    belief="The first step is step 0.",
    explanation="With t = 0 the correction 1 - beta^0 is 0, and dividing by it gives nan: the first step has t = 1.",
    hints=("What is 1 - 0.9**0?", 'Count first: state["step"] += 1, then t = state["step"].'),
)
def counted_from_zero(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, direction=lambda s, t, m, v: _corrected(s, t - 1, m, v))


@misconception(
    "Adam.update",
    name="beta1 and beta2 are swapped",
    belief="The first beta belongs to the square.",
    explanation="beta1, 0.9, is for m, the average of g; beta2, 0.999, for v, the average of g squared.",
    hints=("Which of the two averages looks further back?", "m *= beta1, v *= beta2."),
)
def betas_swapped(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings | {"betas": settings["betas"][::-1]})


@misconception(
    "Adam.update",
    name="eps is added inside the root",
    belief="eps keeps the root away from 0.",
    explanation="eps is added to the root: sqrt(v) + eps. Inside, 1e-8 would be worth 1e-4.",
    hints=("What is the root of 1e-8?", "np.sqrt(v_hat) + eps."),
)
def eps_inside_root(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (1 - s.betas[0] ** t) / np.sqrt(v / (1 - s.betas[1] ** t) + s.eps),
    )


@misconception(
    "Adam.update",
    name="eps is added before the correction",
    belief="sqrt(v) + eps first, the correction of v on top.",
    explanation="eps is added to the corrected root; before the correction it would be enlarged with it.",
    hints=("In which order: correction, root, eps?", "np.sqrt(v_hat) + eps."),
)
def eps_before_correction(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (1 - s.betas[0] ** t) / ((np.sqrt(v) + s.eps) / (1 - s.betas[1] ** t) ** 0.5),
    )


@misconception(
    "Adam.update",
    name="eps is left out",
    belief="eps is too small to matter.",
    explanation="Where all gradients are 0 so is v, and 0 / 0 is nan: sqrt(v) + eps is never 0.",
    hints=("What is m / sqrt(v) for a weight whose gradients are all 0?", "np.sqrt(v_hat) + eps."),
)
def eps_left_out(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    with np.errstate(all="ignore"):
        _adam(data, grad, state, settings | {"eps": 0.0})


@misconception(
    "Adam.update",
    name="the root is forgotten",
    belief="m is divided by the average square.",
    explanation="m over the *root* of v is free of the gradients' scale; m over v shrinks as gradients grow.",
    hints=("Gradients a thousand times larger: how much longer is the step? Not at all.", "np.sqrt(v_hat)."),
)
def root_forgotten(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (1 - s.betas[0] ** t) / (v / (1 - s.betas[1] ** t) + s.eps),
    )


@misconception(
    "Adam.update",
    name="the step is made along the gradient, not along its average",
    belief="v scales the gradient.",
    explanation="It is m, the average of the gradients, that is divided by the root of v.",
    hints=("Where do you use m?", "lr * m_hat / ..., not lr * g / ..."),
)
def along_the_gradient(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    g = grad + settings["weight_decay"] * data
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: g / (np.sqrt(v / (1 - s.betas[1] ** t)) + s.eps),
    )


@misconception(
    "Adam.update",
    name="the gradient is added to m in full",
    belief="m is a velocity, as in SGD: beta1 * m + g.",
    explanation="m is an average: beta1 * m + (1 - beta1) * g.",
    hints=("Gradients that stay at 1: where should m go? To 1.", "The factor of g is 1 - beta1."),
)
def mean_is_a_sum(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, mean=lambda s, m, g: s.betas[0] * m + g)


@misconception(
    "Adam.update",
    name="v is not an average of squares but the last square",
    belief="Each gradient is divided by its own size.",
    explanation="v remembers: beta2 * v + (1 - beta2) * g squared, far back with beta2 = 0.999.",
    hints=("What is v after a large gradient and then a small one?", "v *= beta2, before the new square is added."),
)
def square_of_the_last(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, square=lambda s, v, g: (1 - s.betas[1]) * g * g)


@misconception(
    "Adam.update",
    name="the averages are not kept from step to step",
    belief="m = beta1 * m + ... changes what the state holds.",
    explanation="Assigning makes a new array; the state keeps its zeros. Change m and v in place.",
    hints=('What is state["exp_avg"] after your step?', "m *= beta1 and m += ... write into the state's array."),
)
def averages_forgotten(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings)
    state["exp_avg"][...] = 0
    state["exp_avg_sq"][...] = 0


@misconception(
    "Adam.update",
    name="the corrected averages are kept in place of the running ones",
    belief="m /= 1 - beta1**t makes m right.",
    explanation="The correction is for this step only: kept, it would be applied again and again.",
    hints=("What is m at the beginning of the next step?", "m_hat = m / ... is a new array; m /= ... is not."),
)
def corrections_kept(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings)
    t, (beta1, beta2) = state["step"], settings["betas"]
    state["exp_avg"] /= 1 - beta1**t
    state["exp_avg_sq"] /= 1 - beta2**t


@misconception(
    "Adam.update",
    name="the averages start again at each step",
    belief="The state is set up at the beginning of update.",
    explanation="It is set up once, where it is empty; later steps go on from it.",
    hints=('What is state["step"] after two steps?', "if not state: ..."),
)
def starts_again(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    state.clear()
    _adam(data, grad, state, settings)


@misconception(
    "Adam.update",
    name="every step is taken for the first",
    belief="t is 1.",
    explanation="t counts the steps of this parameter: with t = 1 for ever the correction never fades.",
    hints=('What is state["step"] after two steps?', 'state["step"] += 1.'),
)
def not_counted(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings)
    state["step"] = 0


@misconception(
    "Adam.update",
    name="the averages are float64 beside float32 weights",
    belief="np.zeros makes zeros.",
    explanation="np.zeros makes float64, twice the memory. np.zeros_like(data) takes shape and dtype from data.",
    hints=('What is the dtype of state["exp_avg"]?', "np.zeros_like(data)."),
)
def averages_in_float64(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    if not state:
        state.update(step=0, exp_avg=np.zeros(data.shape), exp_avg_sq=np.zeros(data.shape))
    _adam(data, grad, state, settings)


@misconception(
    "Adam.update",
    name="both averages are one array",
    belief="m = v = np.zeros_like(data) makes two arrays of zeros.",
    explanation="It makes one array with two names: what is added to m is added to v, too.",
    hints=('Is state["exp_avg"] the same array as state["exp_avg_sq"]?', "Call np.zeros_like twice."),
)
def one_array(self: Any, data: Array, grad: Array, state: State, *, lr: float, betas: Any, **settings: Any) -> None:
    if not state:
        zeros = np.zeros_like(data)
        state.update(step=0, exp_avg=zeros, exp_avg_sq=zeros)
    state["step"] += 1
    t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
    g = grad + settings["weight_decay"] * data
    m *= betas[0]
    m += (1 - betas[0]) * g
    v *= betas[1]
    v += (1 - betas[1]) * g * g
    data -= lr * (m / (1 - betas[0] ** t)) / (np.sqrt(np.abs(v) / (1 - betas[1] ** t)) + settings["eps"])


@misconception(
    "Adam.update",
    name="the factor of the new square is that of the new gradient",
    belief="1 - beta1 is the weight of what is new.",
    explanation="v has its own factor: beta2 * v + (1 - beta2) * g squared.",
    hints=("Which beta stands before g * g?", "v += (1 - beta2) * g * g."),
)
def square_with_beta1(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, square=lambda s, v, g: s.betas[1] * v + (1 - s.betas[0]) * g * g)


@misconception(
    "Adam.update",
    name="the factor 1 - beta2 is squared along with the gradient",
    belief="((1 - beta2) * g) ** 2 is the new part.",
    explanation="Only the gradient is squared: (1 - beta2) * g squared.",
    hints=("With beta2 = 0.999 and g = 1: how much is added to v? 0.001.", "v += (1 - beta2) * g * g."),
)
def factor_squared(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, square=lambda s, v, g: s.betas[1] * v + ((1 - s.betas[1]) * g) ** 2)


@misconception(
    "Adam.update",
    name="v averages the gradients, not their squares",
    belief="v is a second average of the gradient.",
    explanation="v is the average of the squares g * g, so that its root is the usual size of the gradient.",
    hints=("Can v be negative?", "v += (1 - beta2) * g * g."),
)
def gradient_not_squared(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings, square=lambda s, v, g: s.betas[1] * v + (1 - s.betas[1]) * g)


@misconception(
    "Adam.update",
    name="the difference 1 - beta is raised to the power, not beta",
    belief="(1 - beta)^t is the correction.",
    explanation="beta^t is what is left of the start at 0 after t steps: the correction is 1 - beta^t.",
    hints=("After 1,000 steps hardly anything should be corrected. What is (1 - 0.9)**1000?", "1 - beta1**t."),
)
def difference_to_the_power(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(
        data,
        grad,
        state,
        settings,
        direction=lambda s, t, m, v: m / (1 - s.betas[0]) ** t / (np.sqrt(v / (1 - s.betas[1]) ** t) + s.eps),
    )


@misconception(
    "Adam.update",
    name="weight decay is left out",
    belief="`grad` is the gradient.",
    explanation="g is grad + weight_decay * w, and both averages are of g.",
    hints=("The gradient is 0 and weight_decay is not. Does the weight move?", "g = grad + weight_decay * data."),
)
def adam_without_decay(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data, grad, state, settings | {"weight_decay": 0.0})


@misconception(
    "Adam.update",
    name="weight decay is added to the gradient's own array",
    belief="grad += weight_decay * data makes g.",
    explanation="It changes the gradient, which is the caller's. grad + ... is a new array.",
    hints=("What is w.grad after your step?", "g = grad + weight_decay * data."),
)
def gradient_decayed(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    grad += settings["weight_decay"] * data
    _adam(data, grad, state, settings | {"weight_decay": 0.0})


@misconception(
    "Adam.update",
    name="the parameter keeps its old array",
    belief="data = data - ... changes the parameter.",
    explanation="Assigning gives the name `data` to a new array; the parameter keeps the old one. Use data -= ...",
    hints=("Which array does p.data mean after your line?", "data -= lr * m_hat / ..."),
)
def adam_not_in_place(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam(data.copy(), grad, state, settings)


# --- AdamW ---


@draws("AdamW.update")
def _adamw_descents(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return descent(home, "AdamW", generator, _adam_settings(generator) | {"weight_decay": 0.3})


def _adam_update(self: Any, data: Array, grad: Array, state: State, settings: State, decay: float = 0) -> None:
    """The student's own Adam."""
    adam: Any = next(kind for kind in type(self).__mro__ if kind.__name__ == "Adam")
    adam.update(self, data, grad, state, **settings | {"weight_decay": decay})


@misconception(
    "AdamW.update",
    name="the decay goes through Adam's averages",
    belief="Adam has weight decay already.",
    explanation="Adam divides the decay by sqrt(v) like the gradient. In AdamW every weight shrinks by the same share.",
    hints=(
        "Gradient 1000, decay 0.5: what is left of the decay after dividing by sqrt(v)?",
        "data *= 1 - lr * weight_decay, and weight_decay=0 for Adam.",
    ),
)
def decay_coupled(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam_update(self, data, grad, state, settings, settings["weight_decay"])


@misconception(
    "AdamW.update",
    name="the decay is applied twice, also through Adam",
    belief="Adam takes all the settings.",
    explanation="Once the weight has shrunk, Adam must step without decay: weight_decay=0.",
    hints=("Which weight_decay does super().update get?", "super().update(..., weight_decay=0)."),
)
def decay_twice(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    data *= 1 - settings["lr"] * settings["weight_decay"]
    _adam_update(self, data, grad, state, settings, settings["weight_decay"])


@misconception(
    "AdamW.update",
    name="the weight does not decay",
    belief="weight_decay=0 is all that AdamW changes.",
    explanation="Adam gets weight_decay=0 because AdamW shrinks the weight itself, by lr * weight_decay * w.",
    hints=("The gradient is 0: does the weight shrink?", "data *= 1 - lr * weight_decay."),
)
def no_decay(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam_update(self, data, grad, state, settings)


@misconception(
    "AdamW.update",
    name="the decay is not multiplied by the learning rate",
    belief="A decay of 0.01 takes one hundredth of the weight.",
    explanation="The share is lr * weight_decay, so that a schedule that ends the steps ends the decay, too.",
    hints=("w is 2, lr 0.1, weight_decay 0.5: how much is left? 1.9.", "The factor is 1 - lr * weight_decay."),
)
def decay_without_lr(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    data *= 1 - settings["weight_decay"]
    _adam_update(self, data, grad, state, settings)


@misconception(
    "AdamW.update",
    name="the weight grows by its decay",
    belief="The factor is 1 + lr * weight_decay.",
    explanation="Decay makes the weight smaller: the factor is below 1.",
    hints=("Is |w| smaller after a step with gradient 0?", "1 - lr * weight_decay."),
)
def decay_grows(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    data *= 1 + settings["lr"] * settings["weight_decay"]
    _adam_update(self, data, grad, state, settings)


@misconception(
    "AdamW.update",
    name="every weight loses the same amount, not the same share",
    belief="lr * weight_decay is subtracted.",
    explanation="A share of the weight itself is taken: a large weight loses more, a negative one moves up.",
    hints=("Where should a weight of -2 go?", "Multiply by 1 - lr * weight_decay."),
)
def decay_constant(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    data -= settings["lr"] * settings["weight_decay"]
    _adam_update(self, data, grad, state, settings)


@misconception(
    "AdamW.update",
    name="the decay comes after the step",
    belief="The order makes no difference.",
    explanation="The weight of before the step decays; otherwise a share of the step itself is taken back.",
    hints=("Which weight does lr * weight_decay multiply?", "Shrink first, then super().update(...)."),
)
def decay_after_step(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam_update(self, data, grad, state, settings)
    data *= 1 - settings["lr"] * settings["weight_decay"]


@misconception(
    "AdamW.update",
    name="the shrunk weight is a new array",
    belief="data = data * (1 - lr * weight_decay) shrinks the weight.",
    explanation="It makes a new array, which Adam then changes; the parameter keeps the old one. Use data *= ...",
    hints=("Which array does p.data mean after your line?", "data *= 1 - lr * weight_decay."),
)
def adamw_not_in_place(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _adam_update(self, data * (1 - settings["lr"] * settings["weight_decay"]), grad, state, settings)


@misconception(
    "AdamW.update",
    name="Adam steps with its default settings",
    belief="super().update needs data, grad and state.",
    explanation="lr, betas and eps are those of the group: pass them on.",
    hints=("Which lr does Adam's step use?", "super().update(data, grad, state, lr=lr, betas=betas, eps=eps, ...)."),
)
def adam_with_defaults(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    data *= 1 - settings["lr"] * settings["weight_decay"]
    _adam_update(self, data, grad, state, settings | {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8})
