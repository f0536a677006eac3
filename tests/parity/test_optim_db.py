"""torch's own samples of optimizers and schedules, run in both libraries: equal weights, states and rates."""

import copy
import math
import types
from collections import Counter

import numpy as np
import pytest

import tinytorch
from tinytorch.testing import assert_close, generator

pytestmark = pytest.mark.parity

torch = pytest.importorskip("torch", reason="the samples are torch's: the `parity` extra")
pytest.importorskip("expecttest", reason="torch's samples import it: the `parity` extra")
common = pytest.importorskip("torch.testing._internal.common_optimizers", reason="the samples are in torch's wheel")

SERVED = ["SGD", "Adam", "AdamW", "RMSprop", "Adadelta", "Adagrad"]
INFOS = {info.name: info for info in common.optim_db}
OUTSIDE = {
    "another optimizer": [name for name in INFOS if name not in SERVED],
    "foreach and fused: how torch computes the same numbers, refused by name": ["foreach", "fused"],
    "differentiable: a step is not recorded, refused by name": ["differentiable"],
}
STEPS = 6
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 1e-6}, np.float64: {"rtol": 1e-10, "atol": 1e-12}}
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def as_ours(value):
    """A setting of a sample: torch's tensors become ours."""
    if isinstance(value, torch.Tensor):
        return tinytorch.tensor(value.numpy())
    if isinstance(value, (tuple, list)):
        return tuple(as_ours(entry) for entry in value)
    return value


def samples():
    for name in SERVED:
        for sample in INFOS[name].optim_inputs_func("cpu"):
            yield pytest.param(name, sample.kwargs, id=f"{name}-{sample.desc}")


# what torch's samples leave out of the arguments that it serves on a CPU
MORE = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("SGD", {"lr": np.float64(0.1), "momentum": np.float64(0.9)}),
    ("SGD", {"lr": 0.1, "foreach": None, "fused": None, "differentiable": False}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.0, "capturable": False}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.5, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.9, "momentum": 0.9, "weight_decay": 0.1}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {"lr": 0.1, "eps": 1e-3, "initial_accumulator_value": 0.5, "lr_decay": 0.1, "maximize": True}),
]


class Pair:
    """The same parameters, gradients and optimizer in both libraries."""

    def __init__(self, name, settings, dtype=np.float64, groups=lambda p: p, seed=None):
        draw = generator() if seed is None else np.random.default_rng(seed)
        self.dtype, self.arrays = dtype, [draw.standard_normal(shape).astype(dtype) for shape in ((4, 3), (5,), ())]
        self.gradients = [[draw.standard_normal(a.shape).astype(dtype) for a in self.arrays] for _ in range(30)]
        self.ours = [tinytorch.tensor(a.copy(), requires_grad=True) for a in self.arrays]
        self.theirs = [torch.tensor(a.copy(), requires_grad=True) for a in self.arrays]
        mine = {setting: as_ours(value) for setting, value in settings.items()}
        self.ours_optimizer = getattr(tinytorch.optim, name)(groups(self.ours), **mine)
        self.theirs_optimizer = getattr(torch.optim, name)(groups(self.theirs), **copy.deepcopy(settings))
        self.done = 0

    @property
    def optimizers(self):
        return self.ours_optimizer, self.theirs_optimizer

    def step(self, without=()):
        for i, gradient in enumerate(self.gradients[self.done]):
            self.ours[i].grad = None if i in without else tinytorch.tensor(gradient)
            self.theirs[i].grad = None if i in without else torch.tensor(gradient)
        for optimizer in self.optimizers:
            optimizer.step()
        self.done += 1

    def check(self):
        for mine, their in zip(self.ours, self.theirs):
            assert mine.dtype == self.dtype
            assert_close(mine, their.detach().numpy(), **TOLERANCE[self.dtype])
        state, expected = (optimizer.state_dict()["state"] for optimizer in self.optimizers)
        for position, kept in expected.items():
            kept = {entry: value for entry, value in kept.items() if value is not None}
            if kept and kept.get("step", 1) > 0:  # torch's Adagrad has states before the first step
                assert set(state[position]) == set(kept)
                for entry, value in kept.items():
                    assert entry == "step" or np.asarray(state[position][entry]).dtype == self.dtype
                    assert_close(
                        np.asarray(state[position][entry], self.dtype),
                        value.numpy().astype(self.dtype),
                        **TOLERANCE[self.dtype],
                    )


@DTYPES
@pytest.mark.parametrize(("name", "settings"), [*samples(), *MORE])
def test_the_same_steps_give_the_same_weights_and_states(name, settings, dtype):
    pair = Pair(name, settings, dtype)
    for number in range(STEPS):
        pair.step(without=[1] if number in (0, 3) else [])  # a parameter that has no gradient now and then
        pair.check()


@pytest.mark.parametrize("impl", ["foreach", "fused", "differentiable"])
@pytest.mark.parametrize("name", SERVED)
def test_how_torch_computes_is_refused_by_name_and_accepted_as_the_default(name, impl):
    if impl not in INFOS[name].supported_impls:
        with pytest.raises(TypeError):
            getattr(torch.optim, name)([torch.zeros(1)], **{impl: True})
        return
    p = tinytorch.zeros(1, requires_grad=True)
    with pytest.raises(ValueError, match=f"^{name}: {impl}: not served, got True; .*leave it out"):
        getattr(tinytorch.optim, name)([p], **{impl: True})
    getattr(tinytorch.optim, name)([p], **{impl: False})


def wrong():
    for name in SERVED:
        for error in INFOS[name].optim_error_inputs_func("cpu", torch.float64):
            yield pytest.param(name, error.optimizer_error_input, id=f"{name}-{error.optimizer_error_input.desc}")


def parameters_of(given):
    """The parameters of a sample as ours, the same one where torch has the same one."""
    made = {}

    def ours(value):
        if isinstance(value, torch.Tensor):
            return made.setdefault(id(value), tinytorch.tensor(value.detach().numpy(), requires_grad=True))
        if isinstance(value, dict):
            return {key: ours(entry) for key, entry in value.items()}
        return type(value)(ours(entry) for entry in value) if isinstance(value, (list, tuple)) else value

    return ours([torch.zeros(2, 2)] if given is None else given)


@pytest.mark.parametrize(("name", "sample"), list(wrong()))
def test_what_torch_refuses_is_refused(name, sample):
    settings = {setting: as_ours(value) for setting, value in sample.kwargs.items()}
    make = getattr(tinytorch.optim, name)
    if "both floats or both Tensors" in sample.desc:  # a number is a number here, whatever it comes in
        made = make(parameters_of(sample.params), **settings)
        assert [type(beta) for beta in made.param_groups[0]["betas"]] == [float, float]
        return
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        make(parameters_of(sample.params), **settings)


def test_the_samples_that_are_outside_are_counted_by_reason():
    counts = Counter()
    for info in INFOS.values():
        number = len(info.optim_inputs_func("cpu"))
        if info.name not in SERVED:
            counts["another optimizer"] += number
            continue
        counts["served"] += number
        for reason, flags in list(OUTSIDE.items())[1:]:
            counts[reason] += number * len(set(flags) & set(info.supported_impls))
    assert counts["served"] == len(list(samples()))
    assert set(counts) == {"served", *OUTSIDE} and min(counts.values()) > 0
    print(dict(counts))


# ---- groups, saved states, closures ----

GROUPS = {
    "SGD": [{"lr": 0.5}, {"momentum": 0.5, "weight_decay": 0.1}],
    "Adam": [{"lr": 0.5}, {"betas": (0.5, 0.6), "amsgrad": True}],
    "AdamW": [{"lr": 0.5}, {"betas": (0.5, 0.6), "weight_decay": 0.3}],
    "RMSprop": [{"lr": 0.5}, {"alpha": 0.5, "centered": True}],
    "Adadelta": [{"lr": 0.5}, {"rho": 0.5}],
    "Adagrad": [{"lr": 0.5}, {"lr_decay": 0.5}],
}


def in_groups(name):
    first, second = GROUPS[name]
    return lambda p: [{"params": [p[0]], **first}, {"params": p[1:], **second, "maximize": True}]


@DTYPES
@pytest.mark.parametrize("name", SERVED)
def test_groups_with_settings_of_their_own(name, dtype):
    pair = Pair(name, {"lr": 0.1}, dtype, in_groups(name))
    for _ in range(STEPS):
        pair.step()
        pair.check()


@pytest.mark.parametrize(
    "name", ["SGD", "Adam", "AdamW", "RMSprop", "Adadelta"]
)  # torch's own Adagrad has no state for a new group
def test_a_group_that_is_added_later(name):
    pair = Pair(name, {"lr": 0.1}, groups=lambda p: p[:2])
    pair.step()
    for optimizer, p in zip(pair.optimizers, (pair.ours[2], pair.theirs[2])):
        optimizer.add_param_group({"params": p, "lr": 0.5})
    for _ in range(STEPS):
        pair.step()
    pair.check()


@pytest.mark.parametrize("name", SERVED)
def test_parameters_with_names(name):
    pair = Pair(name, {"lr": 0.1}, groups=lambda p: [(f"w{i}", entry) for i, entry in enumerate(p)])
    pair.step()
    pair.check()
    assert pair.ours_optimizer.param_groups[0]["param_names"] == ["w0", "w1", "w2"]
    saved = pair.ours_optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["w0", "w1", "w2"]
    pair.ours_optimizer.load_state_dict(saved)


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"amsgrad": True}, {"centered": True}])
@pytest.mark.parametrize("name", SERVED)
def test_a_state_dict_of_torchs_optimizer_goes_on_in_ours(name, settings):
    if not set(settings) <= set(getattr(torch.optim, name)([torch.zeros(1)]).defaults):
        return
    pair = Pair(name, {"lr": 0.1, **settings}, groups=in_groups(name))
    torch.optim.lr_scheduler.StepLR(pair.theirs_optimizer, 5)  # adds initial_lr to the groups
    for _ in range(3):
        pair.step()
    fresh = getattr(tinytorch.optim, name)(in_groups(name)(pair.ours), lr=7.0, **settings)
    fresh.load_state_dict(pair.theirs_optimizer.state_dict())
    assert [group["initial_lr"] for group in fresh.param_groups] == [0.5, 0.1]
    pair.ours_optimizer = fresh
    for _ in range(3):
        pair.step()
    pair.check()


@pytest.mark.parametrize(
    ("theirs", "ours", "message"),
    [
        ("SGD", "Adam", "expected the settings .* got .*: it was saved by another kind of optimizer"),
        ("AdamW", "Adam", "its weight decay is decoupled from the gradient, as that of AdamW; load it there"),
        ("Adam", "AdamW", "its weight decay is not decoupled from the gradient, as that of Adam; load it there"),
        ("Rprop", "RMSprop", ".*it was saved by another kind of optimizer"),
    ],
)
def test_a_state_dict_of_another_optimizer_of_torchs_is_refused(theirs, ours, message):
    saved = getattr(torch.optim, theirs)([torch.zeros(2, requires_grad=True)]).state_dict()
    optimizer = getattr(tinytorch.optim, ours)([tinytorch.zeros(2, requires_grad=True)])
    with pytest.raises(ValueError, match=f"^{ours}: state: {message}"):
        optimizer.load_state_dict(saved)


@pytest.mark.parametrize("name", SERVED)
def test_a_closure_computes_the_loss_before_the_step(name):
    found = []
    for t in (tinytorch, torch):
        w = t.tensor(np.array([1.0, -2.0]), requires_grad=True)
        optimizer = getattr(t.optim, name)([w], lr=0.1)

        def closure(w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            return loss

        found.append([optimizer.step(closure).item() for _ in range(5)])
        assert optimizer.step() is None
    assert_close(np.array(found[0]), np.array(found[1]))
    assert found[0][-1] < found[0][0]


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    pair = Pair("SGD", {"lr": 0.1})
    pair.step(without=[1])
    for optimizer in pair.optimizers:
        optimizer.zero_grad(set_to_none=set_to_none)
    for mine, their in zip(pair.ours, pair.theirs):
        assert (mine.grad is None) == (their.grad is None)
        assert their.grad is None or (mine.grad.data == their.grad.numpy()).all()


# ---- schedules ----

SCHEDULES = {
    "StepLR": [{"step_size": 7}, {"step_size": 1, "gamma": 0.9}],
    "MultiStepLR": [{"milestones": [3, 3, 20], "gamma": 0.5}],
    "ExponentialLR": [{"gamma": 0.9}],
    "LambdaLR": [
        {"lr_lambda": lambda step: 1 / (1 + step)},
        {"lr_lambda": [lambda step: 0.9**step, lambda step: 1 + step]},
    ],
    "CosineAnnealingLR": [{"T_max": 50}, {"T_max": 8, "eta_min": 0.01}, {"T_max": 1}],
    "OneCycleLR": [
        {"max_lr": 0.5, "total_steps": 50},
        {"max_lr": [0.5, 0.1], "epochs": 5, "steps_per_epoch": 11, "anneal_strategy": "linear", "pct_start": 0.5},
        {"max_lr": 0.5, "total_steps": 50, "three_phase": True, "base_momentum": [0.5, 0.6], "div_factor": 5.0},
        {"max_lr": 0.5, "total_steps": 60, "cycle_momentum": False, "final_div_factor": 10.0},
    ],
    "LinearLR": [{}, {"start_factor": 0.2, "end_factor": 0.6, "total_iters": 30}],
    "ConstantLR": [{}, {"factor": 0.5, "total_iters": 9}],
    "PolynomialLR": [{}, {"total_iters": 30, "power": 2.0}],
    "ReduceLROnPlateau": [
        {},
        {"mode": "max", "factor": 0.5, "patience": 2, "cooldown": 3, "min_lr": [0.01, 0.002]},
        {"threshold_mode": "abs", "threshold": 0.3, "patience": 1, "eps": 0.01},
        {"mode": "max", "threshold_mode": "abs", "threshold": 0.5, "patience": 0},
        {"mode": "max", "threshold": 0.5, "patience": 0, "factor": 0.9},
    ],
}
ALONE = [(name, settings) for name, choices in SCHEDULES.items() for settings in choices]


def scheduled(name="SGD", **settings):
    return Pair(name, {"lr": 0.1, **settings}, groups=lambda p: [{"params": [p[0]], "lr": 0.5}, {"params": p[1:]}])


def same(mine, their):
    """Whether two numbers, or the numbers of two lists, are the same but for rounding."""
    if isinstance(mine, (tuple, list)):
        return all(map(same, mine, their))
    return math.isclose(mine, their, rel_tol=1e-9, abs_tol=1e-15)


def follow(pair, schedules, steps=50, measured=None):
    """Both schedules go on side by side, and give the same rates and momenta after every step; weights are the same."""
    measured = generator().standard_normal(steps).cumsum() if measured is None else measured
    for number in range(steps):
        if number % 10 == 0:
            pair.step()
        for side in schedules:
            for schedule in side:
                plateau = type(schedule).__name__ == "ReduceLROnPlateau"
                schedule.step(measured[number]) if plateau else schedule.step()
        for mine, their in zip(pair.ours_optimizer.param_groups, pair.theirs_optimizer.param_groups):
            for setting in {"lr", "momentum", "betas"} & set(their):
                assert same(mine[setting], their[setting]), (number, setting, mine[setting], their[setting])
        for mine, their in zip(*schedules):
            assert same(mine.get_last_lr(), their.get_last_lr())
    pair.check()


def both(pair, name, settings):
    return [
        getattr(t.optim.lr_scheduler, name)(optimizer, **settings)
        for t, optimizer in zip((tinytorch, torch), pair.optimizers)
    ]


@pytest.mark.parametrize(
    ("name", "settings"), ALONE, ids=[f"{name}-{number}" for number, (name, _) in enumerate(ALONE)]
)
@pytest.mark.parametrize("optimizer", [("SGD", {"momentum": 0.8}), ("Adam", {})], ids=["SGD", "Adam"])
def test_a_schedule_has_torchs_rates_over_50_steps(name, settings, optimizer):
    pair = scheduled(optimizer[0], **optimizer[1])
    follow(pair, [[schedule] for schedule in both(pair, name, settings)])


@pytest.mark.parametrize("second", [name for name in SCHEDULES if name != "OneCycleLR"])
@pytest.mark.parametrize("first", SCHEDULES)
def test_two_schedules_act_together(first, second):
    pair = scheduled(momentum=0.8)
    pairs = [both(pair, name, SCHEDULES[name][-1]) for name in (first, second)]
    follow(pair, list(zip(*pairs)), steps=25)


def samples_of_schedules():
    for name in SERVED:
        for number, constructors in enumerate(INFOS[name].scheduler_inputs):
            yield pytest.param(name, constructors, id=f"{name}-{number}")


@pytest.mark.parametrize(("name", "constructors"), list(samples_of_schedules()))
def test_torchs_own_samples_of_schedules(name, constructors):
    pair = scheduled(name)
    ours = vars(tinytorch.optim.lr_scheduler)
    with_ours = [types.FunctionType(make.__code__, {**make.__globals__, **ours}) for make in constructors]
    schedules = [
        [make(optimizer) for make in side] for side, optimizer in zip((with_ours, constructors), pair.optimizers)
    ]
    assert all(type(schedule).__module__.startswith("tinytorch") for schedule in schedules[0])
    follow(pair, schedules)


@pytest.mark.parametrize(
    ("name", "settings"), ALONE, ids=[f"{name}-{number}" for number, (name, _) in enumerate(ALONE)]
)
def test_a_schedule_goes_on_from_its_state_dict(name, settings):
    pair = scheduled(momentum=0.8)
    ours, theirs = both(pair, name, settings)
    follow(pair, [[ours], [theirs]], steps=20, measured=np.zeros(20))
    fresh = tinytorch.optim.SGD(
        [{"params": [p]} for p in (pair.ours[0],)] + [{"params": pair.ours[1:]}], lr=9.0, momentum=0.8
    )
    again = getattr(tinytorch.optim.lr_scheduler, name)(fresh, **settings)
    fresh.load_state_dict(pair.ours_optimizer.state_dict())
    again.load_state_dict(ours.state_dict())
    pair.ours_optimizer = fresh
    follow(pair, [[again], [theirs]], steps=29, measured=np.zeros(29))


@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "MultiStepLR", "CosineAnnealingLR", "ReduceLROnPlateau"])
def test_a_state_dict_of_torchs_schedule_goes_on_in_ours(name):
    settings = SCHEDULES[name][0]
    pair = scheduled()
    ours, theirs = both(pair, name, settings)
    follow(pair, [[ours], [theirs]], steps=10)
    fresh = getattr(tinytorch.optim.lr_scheduler, name)(pair.ours_optimizer, **settings)
    pair.ours_optimizer.load_state_dict(pair.theirs_optimizer.state_dict())
    fresh.load_state_dict(theirs.state_dict())
    follow(pair, [[fresh], [theirs]], steps=30)


def test_a_schedule_goes_on_from_last_epoch():
    pair = scheduled()
    for _ in both(pair, "ExponentialLR", {"gamma": 0.9}):
        pass
    resumed = both(pair, "ExponentialLR", {"gamma": 0.9, "last_epoch": 4})
    follow(pair, [[schedule] for schedule in resumed], steps=10)


def test_the_cosine_of_chapter_07_without_warm_up_is_torchs():
    optimizer = tinytorch.optim.SGD([tinytorch.zeros(1, requires_grad=True)], lr=0.3)
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    ours = tinytorch.optim.CosineSchedule(optimizer, 10, min_lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 10, eta_min=0.01)
    for _ in range(10):
        theirs.step()
        ours.step(), schedule.step()
        assert np.isclose(optimizer.param_groups[0]["lr"], theirs.param_groups[0]["lr"])
