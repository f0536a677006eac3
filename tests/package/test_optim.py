"""`tinytorch.optim`: the chapter's optimizers with torch's other arguments, and what they say of bad ones."""

import numpy as np
import pytest

import tinytorch
import tinytorch.core.optimizers
from tinytorch import nn, optim
from tinytorch.optim import lr_scheduler


def parameter(*values):
    return tinytorch.tensor(np.array(values), requires_grad=True)


def with_gradient(*gradient):
    w = parameter(*np.ones(len(gradient)))
    w.grad = tinytorch.tensor(np.array(gradient))
    return w


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_an_optimizer_is_the_chapters_with_more_arguments(name):
    assert issubclass(getattr(optim, name), getattr(tinytorch.core.optimizers, name))
    assert issubclass(getattr(optim, name), optim.Optimizer)
    assert issubclass(optim.AdamW, optim.Adam)


# ---- the formulas, by hand ----


def test_maximize_climbs():
    w = with_gradient(2.0)
    optim.SGD([w], lr=0.1, maximize=True).step()
    assert w.data == pytest.approx([1.2])


def test_rmsprop_divides_by_the_root_of_the_average_square():
    w = with_gradient(3.0)
    optim.RMSprop([w], lr=0.1, alpha=0.75, eps=0).step()  # v = 0.25 · 9, so g / √v = 2 for any g
    assert w.data == pytest.approx([1 - 0.1 * 2])


def test_centered_rmsprop_takes_the_variance():
    w = with_gradient(2.0)
    optim.RMSprop([w], lr=0.1, alpha=0.5, eps=0, centered=True).step()  # v = 2, m = 1: √(2 − 1) = 1
    assert w.data == pytest.approx([1 - 0.1 * 2])


def test_adagrad_divides_by_the_root_of_all_squares_so_far():
    w = with_gradient(3.0)
    optimizer = optim.Adagrad([w], lr=0.1, eps=0, initial_accumulator_value=7.0, lr_decay=1.0)
    optimizer.step()  # √(7 + 9) = 4
    assert w.data == pytest.approx([1 - 0.1 * 3 / 4])
    optimizer.step()  # √(16 + 9) = 5, and half the rate
    assert w.data == pytest.approx([1 - 0.1 * 3 / 4 - 0.05 * 3 / 5])


def test_amsgrad_keeps_the_largest_average():
    w = with_gradient(10.0)
    optimizer = optim.Adam([w], lr=0.1, betas=(0.0, 0.5), eps=0, amsgrad=True)
    optimizer.step()
    assert w.data == pytest.approx([0.9])
    w.grad = tinytorch.tensor(np.array([1.0]))
    optimizer.step()  # v would be 25.5; the largest is 50
    assert w.data == pytest.approx([0.9 - 0.1 / (50 / 0.75) ** 0.5])
    assert optimizer.state[w]["max_exp_avg_sq"] == pytest.approx([50.0])


def test_adamw_with_amsgrad_decays_the_weight_once():
    w = with_gradient(10.0)
    optim.AdamW([w], lr=0.1, eps=0, weight_decay=0.5, amsgrad=True).step()
    assert w.data == pytest.approx([0.95 - 0.1])


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_numbers_of_numpy_and_tensors_decide_no_dtype(name):
    w = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = getattr(optim, name)([w], lr=tinytorch.tensor(0.1), weight_decay=np.float64(0.1))
    for _ in range(2):
        w.grad = tinytorch.tensor([1.0, -1.0])
        optimizer.step()
    kept = [value for value in optimizer.state[w].values() if isinstance(value, np.ndarray)]
    assert w.dtype == np.float32 and all(array.dtype == np.float32 for array in kept)
    assert type(optimizer.param_groups[0]["lr"]) is float


# ---- bad arguments ----


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("SGD", {"lr": -1}, "lr: expected a number of at least 0, got -1"),
        ("SGD", {"lr": np.ones(2)}, "lr: expected a number of at least 0, got array"),
        ("SGD", {"weight_decay": None}, "weight_decay: expected a number of at least 0, got None"),
        ("SGD", {"nesterov": True}, "nesterov: expected momentum above 0 and dampening 0"),
        ("SGD", {"momentum": 0.9, "dampening": "x"}, "dampening: expected a number, got 'x'"),
        ("Adam", {"betas": (0.9, 1.0)}, "betas: expected two numbers of at least 0 and below 1"),
        ("Adam", {"betas": (0.9, "x")}, "betas: expected two numbers of at least 0 and below 1"),
        ("Adam", {"decoupled_weight_decay": True}, "decoupled_weight_decay: this is AdamW"),
        ("RMSprop", {"alpha": -0.1}, "alpha: expected a number of at least 0, got -0.1"),
        ("RMSprop", {"momentum": -0.1}, "momentum: expected a number of at least 0, got -0.1"),
        ("Adagrad", {"lr_decay": -1}, "lr_decay: expected a number of at least 0, got -1"),
        ("Adagrad", {"initial_accumulator_value": float("nan")}, "initial_accumulator_value: .* got nan"),
        ("Adam", {"fused": True}, "fused: not served, got True; there are no fused kernels; leave it out"),
        ("AdamW", {"capturable": True}, "capturable: not served, got True"),
        ("SGD", {"foreach": True}, "foreach: not served, got True"),
        ("RMSprop", {"differentiable": True}, "differentiable: not served, got True"),
    ],
)
def test_a_bad_setting_is_named(name, settings, message):
    with pytest.raises(ValueError, match=f"^{name}: {message}"):
        getattr(optim, name)([parameter(1.0)], **settings)


@pytest.mark.parametrize(
    "params",
    [[("a", parameter(1.0)), parameter(2.0)], [{"params": [parameter(1.0)]}, {"params": [("a", parameter(2.0))]}]],
)
def test_names_for_some_of_the_parameters_only_are_refused(params):
    with pytest.raises(ValueError, match="^SGD: params: expected a name for all parameters or for none"):
        optim.SGD(params)


# ---- steps, groups and states ----


def test_an_optimizer_written_as_in_torch_works():
    class Descent(optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state[p]
                        state["count"] = state.get("count", 0) + 1
                        p.data -= group["lr"] * p.grad.data

    w = with_gradient(2.0)
    optimizer = Descent([w])
    schedule = lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step()
    schedule.step()
    optimizer.step()
    assert w.data == pytest.approx([1 - 0.2 - 0.1]) and optimizer.state[w]["count"] == 2


def test_an_optimizer_with_an_update_of_its_own_goes_with_a_schedule():
    class Descent(optim.Optimizer):
        def update(self, data, grad, state, lr):
            data -= lr * grad

    w = with_gradient(2.0)
    optimizer = Descent([w], {"lr": 0.1})
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    optimizer.step()
    assert w.data == pytest.approx([1 - 0.2 - 0.1])
    assert optimizer.param_groups[0]["initial_lr"] == 0.1


def test_what_is_kept_in_a_group_beside_the_settings_is_there_after_a_step_that_fails():
    w = with_gradient(2.0)
    optimizer = optim.SGD([w], lr=0.1)
    optimizer.param_groups[0]["initial_lr"] = 7.0
    w.grad = tinytorch.tensor(np.ones(3))
    with pytest.raises(ValueError, match="broadcast"):
        optimizer.step()
    assert optimizer.param_groups[0]["initial_lr"] == 7.0


def test_a_state_dict_of_the_chapters_own_optimizer_goes_on():
    w = with_gradient(2.0)
    chapter = tinytorch.core.optimizers.SGD([w], lr=0.1, momentum=0.9)
    chapter.step()
    optimizer = optim.SGD([w], lr=0.5, momentum=0.9)
    optimizer.load_state_dict(chapter.state_dict())
    optimizer.step()
    assert w.data == pytest.approx([1 - 0.2 - 0.1 * (0.9 * 2 + 2)])
    assert optimizer.param_groups[0]["maximize"] is False


@pytest.mark.parametrize("settings", [{"momentum": 0.9}, {"weight_decay": 0.1, "maximize": True}])
def test_a_run_goes_on_from_a_checkpoint_with_the_settings_of_torch(tmp_path, settings):
    path = tmp_path / "run.safetensors"
    batches = [(tinytorch.ones(4, 3), tinytorch.tensor([0, 1, 0, 1]))] * 3

    def run():
        tinytorch.manual_seed(0)
        model = nn.Linear(3, 2)
        return model, tinytorch.Trainer(model, optim.SGD(model.parameters(), lr=0.1, **settings))

    whole, trainer = run()
    trainer.fit(batches, 4, verbose=False)
    run()[1].fit(batches, 2, checkpoint=path, verbose=False)
    model, trainer = run()
    trainer.fit(batches, 4, checkpoint=path, resume=True, verbose=False)
    assert (model.weight.data == whole.weight.data).all()


# ---- schedules ----


def sgd(count=1):
    return optim.SGD([{"params": [parameter(1.0)]} for _ in range(count)], lr=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: lr_scheduler.StepLR(o, 0), "StepLR: step_size: expected a whole number from 1, got 0"),
        (
            lambda o: lr_scheduler.StepLR(o, 3, last_epoch=2),
            "StepLR: last_epoch=2: a parameter group has no initial_lr",
        ),
        (lambda o: lr_scheduler.LambdaLR(o, [abs] * 3), "LambdaLR: lr_lambda: expected one for each of the 1 .* got 3"),
        (
            lambda o: lr_scheduler.LinearLR(o, 0),
            "LinearLR: start_factor: expected a number above 0 and at most 1, got 0",
        ),
        (lambda o: lr_scheduler.LinearLR(o, 0.5, 2), "LinearLR: end_factor: expected a number from 0 to 1, got 2"),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max: expected a whole number from 1"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1), "OneCycleLR: epochs: expected a whole number from 1, got None"),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 0.1, 0),
            "OneCycleLR: total_steps: expected a whole number from 1, got 0",
        ),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, 5, pct_start=2.0), "OneCycleLR: pct_start: expected .* got 2.0"),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 0.1, 5, anneal_strategy="up"),
            r"OneCycleLR: anneal_strategy: expected one of \('cos', 'linear'\), got 'up'",
        ),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, "low"), r"ReduceLROnPlateau: mode: expected one of .* got 'low'"),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0),
            "ReduceLROnPlateau: factor: expected a number below 1",
        ),
        (
            lambda o: lr_scheduler.StepLR(o, 3).step(4),
            r"StepLR: step: epoch: expected nothing, got 4; call step\(\) alone",
        ),
        (
            lambda o: lr_scheduler.StepLR(o, 3).load_state_dict(lr_scheduler.ExponentialLR(o, 0.9).state_dict()),
            r"StepLR: state: expected the entries \['step_size'\], which are missing",
        ),
    ],
)
def test_a_schedule_refuses_bad_settings_by_name(make, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make(sgd())


def test_lambda_lr_refuses_what_is_no_function():
    with pytest.raises(
        TypeError, match="LambdaLR: lr_lambda: expected a function of the step, got 0.9; pass lr_lambda="
    ):
        lr_scheduler.LambdaLR(sgd(), 0.9)


def test_one_cycle_needs_a_momentum_to_cycle():
    optimizer = optim.Adagrad([parameter(1.0)])
    with pytest.raises(ValueError, match="cycle_momentum: Adagrad has no momentum; pass cycle_momentum=False"):
        lr_scheduler.OneCycleLR(optimizer, 0.1, 5)
    lr_scheduler.OneCycleLR(optimizer, 0.1, 5, cycle_momentum=False)


def test_one_cycle_refuses_a_step_too_many():
    schedule = lr_scheduler.OneCycleLR(sgd(), 0.1, total_steps=2)
    schedule.step(), schedule.step()
    with pytest.raises(ValueError, match="OneCycleLR: all 2 steps are done; pass total_steps"):
        schedule.step()


@pytest.mark.parametrize("optimizer", [tinytorch.core.optimizers.SGD([parameter(1.0)]), None, "SGD"])
def test_a_schedule_refuses_what_is_not_an_optimizer_of_this_package(optimizer):
    with pytest.raises(TypeError, match="^StepLR: optimizer: expected an optimizer of tinytorch.optim, got"):
        lr_scheduler.StepLR(optimizer, 3)


def test_the_trainer_names_the_schedules_that_it_steps():
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match="Trainer: schedule: expected one of OneCycle and CosineSchedule, got StepLR"):
        tinytorch.Trainer(model, optimizer, schedule=lr_scheduler.StepLR(optimizer, 3))


def test_a_callable_object_of_lambda_lr_is_saved_with_its_attributes():
    class Halving:
        def __init__(self, every):
            self.every = every

        def __call__(self, step):
            return 0.5 ** (step // self.every)

    saved = lr_scheduler.LambdaLR(sgd(2), [Halving(3), abs]).state_dict()
    assert saved["lr_lambdas"] == [{"every": 3}, {}]
    schedule = lr_scheduler.LambdaLR(sgd(2), [Halving(1), abs])
    schedule.load_state_dict(saved)
    assert schedule.lr_lambdas[0].every == 3 and saved["lr_lambdas"] == [{"every": 3}, {}]


# ---- a part that is frozen ----


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.ReLU(), nn.Dropout(0.5)), nn.Flatten())


def modes(model):
    return [module.training for module in model.modules()]


BATCHES = [(tinytorch.tensor(np.arange(75.0).reshape(3, 1, 5, 5)), tinytorch.tensor([0, 1, 2]))] * 2


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("frozen", [[], [1], [1, 2], [0, 1, 2, 3]])
def test_evaluate_gives_each_part_its_mode_back(frozen, fails):
    model = network()
    for place in frozen:
        model[place].eval()
    trainer = tinytorch.Trainer(model, optim.SGD(model.parameters(), lr=0.01))
    before = modes(model)
    if fails:
        with pytest.raises(TypeError):
            trainer.evaluate([*BATCHES, None])
    else:
        trainer.evaluate(BATCHES)
    assert modes(model) == before


def test_evaluate_gives_a_part_in_train_mode_its_mode_back_too():
    model = network().eval()
    model[2].train()
    before = modes(model)
    tinytorch.Trainer(model, optim.SGD(model.parameters(), lr=0.01)).evaluate(BATCHES)
    assert modes(model) == before


def test_fit_leaves_a_frozen_batch_norm_as_it_is():
    model = network()
    model[1].eval()
    before, mean = modes(model), model[1].running_mean.data.copy()
    tinytorch.Trainer(model, optim.SGD(model.parameters(), lr=0.01)).fit(BATCHES, 2, validation=BATCHES, verbose=False)
    assert modes(model) == before
    assert (model[1].running_mean.data == mean).all()


def test_fit_trains_a_model_that_is_in_eval_mode_as_a_whole():
    model = network().eval()
    tinytorch.Trainer(model, optim.SGD(model.parameters(), lr=0.01)).fit(BATCHES, 1, verbose=False)
    assert all(modes(model))
