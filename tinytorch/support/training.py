"""What training needs beside the loop of chapter 07: checks of arguments, progress, Ctrl-C, saving and resuming."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.support.checkpoints import read_checkpoint, write_checkpoint
from tinytorch.support.random import default_generator


def check_accuracy(logits: Any, labels: Any) -> None:
    """Raise ValueError where logits are not (N, C, …), labels not (N, …), or N is 0."""
    scores, classes = np.shape(logits), np.shape(labels)
    if len(scores) < 2 or classes != scores[:1] + scores[2:] or 0 in classes:
        raise ValueError(
            f"accuracy: expected logits (N, C) and labels (N,) with N at least 1, got {scores} and {classes}"
        )


def check_measured(meter: Any) -> None:
    """Raise ValueError where a meter has counted no example."""
    if meter.examples == 0:
        raise ValueError("loader: expected at least one batch, got none; a generator gives its batches only once")


def check_max_norm(parameters: Any, max_norm: float) -> None:
    """Raise ValueError where max_norm is not above 0."""
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm: expected a number above 0, got {max_norm!r}")


def check_clip_value(clip_value: float) -> None:
    """Raise ValueError where clip_value is not a number of at least 0."""
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value: expected a number of at least 0, got {clip_value!r}")


def check_vector(vec: Any, arrays: list[np.ndarray]) -> None:
    """Raise ValueError unless `vec` is a vector with as many entries as all arrays together."""
    expected = (sum(array.size for array in arrays),)
    if np.shape(vec) != expected:
        raise ValueError(f"vector_to_parameters: vec: expected shape {expected}, got {np.shape(vec)}")


def not_finite_error(norm: float, norm_type: float) -> RuntimeError:
    """Return the error for gradients whose norm is infinite or nan."""
    return RuntimeError(
        f"clip_grad_norm_: the norm of order {norm_type} of the gradients is {norm}, so they were not clipped; "
        "look for the parameter whose gradient is not finite"
    )


def check_schedule(schedule: Any, optimizer: Any, total_steps: int, peaks: list[float]) -> None:
    """Raise ValueError where there is no step, or not a learning rate above 0 for each parameter group."""
    name = type(schedule).__name__
    if not (isinstance(total_steps, (int, np.integer)) and total_steps >= 1):
        raise ValueError(
            f"{name}: total_steps: expected a whole number of at least 1, got {total_steps!r}; "
            "pass total_steps=epochs * len(loader)"
        )
    groups = len(optimizer.param_groups)
    if len(peaks) != groups or not all(peak > 0 for peak in peaks):
        raise ValueError(
            f"{name}: expected a learning rate above 0 for each of the {groups} parameter groups, got {peaks}"
        )


def check_steps_left(schedule: Any) -> None:
    """Raise ValueError where all steps of a schedule are done."""
    if schedule.steps >= schedule.total_steps:
        raise ValueError(
            f"{type(schedule).__name__}: all {schedule.total_steps} steps are done; "
            "pass total_steps=epochs * len(loader)"
        )


def check_one_cycle(
    schedule: Any, optimizer: Any, max_lr: float | list[float], total_steps: int, pct_start: float = 0.2
) -> None:
    """Raise ValueError where pct_start is not a share between 0 and 1."""
    if not 0 < pct_start < 1:
        raise ValueError(f"OneCycle: pct_start: expected a share above 0 and below 1, got {pct_start!r}")


def check_cosine(schedule: Any, optimizer: Any, total_steps: int, warmup: int = 0, min_lr: float = 0.0) -> None:
    """Raise ValueError where the warm-up is negative or as long as the schedule."""
    if not 0 <= warmup < total_steps:
        raise ValueError(f"CosineSchedule: warmup: expected 0 to below total_steps={total_steps}, got {warmup!r}")


def frozen_parts(model: Any) -> list[Any]:
    """Return the modules that were put into eval mode by themselves: they have it while the model is in train mode."""
    return [module for module in model.modules() if model.training and not module.training]


def parts_keep_modes(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate `evaluate`: where it gives the model its mode back, each of the parts has its own mode again, too."""

    @functools.wraps(evaluate)
    def keeping(self: Any, *arguments: Any, **keywords: Any) -> Any:
        modes = [(module, module.training) for module in self.model.modules()]
        try:
            return evaluate(self, *arguments, **keywords)
        finally:
            if self.model.training == modes[0][1]:
                for module, mode in modes:
                    module.training = mode

    return keeping


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Within the block the first Ctrl-C only sets the event that is yielded; a second one interrupts.

    A step that stops in the middle would leave half of the weights changed. Outside of the main thread, where Python
    delivers no signals, this does nothing.
    """
    requested = threading.Event()

    def note(*signal_and_frame: object) -> None:
        if requested.is_set():
            raise KeyboardInterrupt
        requested.set()

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, note) if in_main else None
    try:
        yield requested
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)


@dataclass
class _Fit:
    """What `fit` was called with, while it runs."""

    loader: Any
    last: int  # the number of the last epoch
    checkpoint: str | Path | None
    verbose: bool
    interrupt: threading.Event
    frozen: list[Any]  # modules that stay in eval mode
    speed: float = 0.0  # of the present epoch, in examples per second


class TrainingRun:
    """What `Trainer` inherits: its parts, what is kept of a run, and what its loop calls.

    `history` holds a dict for each finished epoch, `steps` counts training steps, `last_loss` is the last finite loss.
    """

    def __init__(self, model: Any, optimizer: Any, loss: Callable[..., Any], schedule: Any, clip_norm: float | None):
        in_optimizer = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if not any(id(p) in in_optimizer for p in model.parameters()):
            raise ValueError(
                "Trainer: optimizer: it holds none of the model's parameters, so nothing would be learned; "
                f"pass {type(optimizer).__name__}(model.parameters(), ...)"
            )
        if schedule is not None and not hasattr(schedule, "go_to"):
            raise TypeError(
                f"Trainer: schedule: expected one of OneCycle and CosineSchedule, got {type(schedule).__name__}; "
                "call the step() of another kind yourself, after each epoch of fit(loader, epochs=1)"
            )
        if schedule is not None and schedule.optimizer is not optimizer:
            raise ValueError("Trainer: schedule: it belongs to another optimizer; make it with this one")
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"Trainer: clip_norm: expected a number above 0 or None, got {clip_norm!r}")
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.history: list[dict[str, Any]] = []
        self.steps = 0
        self.last_loss: float | None = None
        self._fit: _Fit | None = None
        self._written: Path | None = None  # the checkpoint that this run may overwrite
        self._place = _epoch_start(None)

    @contextlib.contextmanager
    def running(
        self, loader: Any, epochs: int, checkpoint: str | Path | None, resume: bool, verbose: bool
    ) -> Iterator[int]:
        """Check the arguments of `fit`, resume, and yield the number of the last epoch.

        Within the block Ctrl-C does not interrupt a training step: `batches` and `finish_epoch` stop after it.
        """
        if resume and checkpoint is None:
            raise ValueError('fit: resume=True needs the path to go on from; pass checkpoint="run.safetensors"')
        self._place = _epoch_start(loader)
        if checkpoint is not None and Path(checkpoint).exists():
            if resume:
                self.load(checkpoint, loader)
            elif self._written != Path(checkpoint):
                raise FileExistsError(
                    f"checkpoint {checkpoint}: there is one already, and training would overwrite it; "
                    "pass resume=True to go on from it, or another name"
                )
        last = epochs if resume else len(self.history) + epochs
        self._check_schedule_length(loader, last)
        if checkpoint is not None:
            self.save(checkpoint)  # a folder that cannot be written to is found now, not after an hour
        with interruptible() as interrupt:
            self._fit = _Fit(loader, last, checkpoint, verbose, interrupt, frozen_parts(self.model))
            try:
                yield last
            finally:
                self._fit = None

    def batches(self, loader: Any, meter: Any) -> Iterator[Any]:
        """Yield the batches of one epoch. After each, show what `meter` has measured.

        Where a run is resumed in the middle of an epoch, `meter` gets what was measured before, and the batches that
        are done are skipped. After Ctrl-C the run is saved and stops, with KeyboardInterrupt.
        """
        fit = self._fit or _Fit(loader, len(self.history) + 1, None, False, threading.Event(), [])
        for module in fit.frozen:  # `train_epoch` has put all of them into train mode
            module.training = False
        if self._fit is None or self._place["batches"] == 0:
            self._place = _epoch_start(loader)
        place = self._place
        batches = iter(loader) if place["batches"] == 0 else _remaining(loader, place)
        meter.examples, meter.sums = place["examples"], dict(place["sums"])
        began, before = time.perf_counter(), meter.examples
        with _progress_bar(f"epoch {len(self.history) + 1}/{fit.last}", loader, fit.verbose) as bar:
            for batch in batches:
                yield batch
                place.update(batches=place["batches"] + 1, examples=meter.examples, sums=dict(meter.sums))
                fit.speed = (meter.examples - before) / (time.perf_counter() - began)
                if not bar.disable:
                    bar.set_postfix_str(f"{_format(meter.means())}  {fit.speed:,.0f} images/s", refresh=False)
                    bar.update(place["batches"] - bar.n)
                if fit.interrupt.is_set() and place["batches"] != bar.total:  # after the last batch: `finish_epoch`
                    bar.close()
                    self._stop(fit.checkpoint)

    def finish_epoch(self) -> None:
        """Save a checkpoint and print the last row of the history, as `fit` was asked to; after Ctrl-C, stop."""
        assert self._fit is not None, "finish_epoch belongs into the block of `with self.running(...)`"
        fit = self._fit
        self._place = _epoch_start(fit.loader)
        if fit.checkpoint is not None:
            self.save(fit.checkpoint)
        if fit.verbose:
            row = self.history[-1]
            means = _format({name: value for name, value in row.items() if name not in ("epoch", "seconds")})
            print(f"epoch {row['epoch']}/{fit.last}  {means}  {row['seconds']:.1f} s  {fit.speed:,.0f} images/s")
        if fit.interrupt.is_set():
            self._stop(fit.checkpoint)

    def _stop(self, checkpoint: str | Path | None) -> None:
        if checkpoint is None:
            print('\nstopped; nothing was saved, for that pass checkpoint="run.safetensors"')
        else:
            self.save(checkpoint)
            print(f"\nstopped after {self.steps:,} steps; saved in {checkpoint}, go on with resume=True")
        raise KeyboardInterrupt

    def _check_schedule_length(self, loader: Any, last: int) -> None:
        if self.schedule is not None and hasattr(loader, "__len__"):
            wanted = self.schedule.steps + (last - len(self.history)) * len(loader) - self._place["batches"]
            if wanted > self.schedule.total_steps:
                raise ValueError(
                    f"fit: these epochs end at step {wanted:,}, but the schedule has {self.schedule.total_steps:,} "
                    f"steps; make it with total_steps={wanted}"
                )

    def check_finite(self, loss: Any, inputs: Any) -> None:
        """Raise FloatingPointError, with the likely cause, if the loss is not finite."""
        if np.isfinite(loss.data).all():
            self.last_loss = loss.item()
            return
        lr = self.optimizer.param_groups[0]["lr"]
        too_high = f"a learning rate too high ({lr:g}; try {lr / 10:g}, or clip_norm=1.0)"
        broken = [name for name, p in self.model.named_parameters() if not np.isfinite(p.data).all()]
        cause = f"{too_high}, inputs that are not normalised, or the log or root of 0 in a loss of your own"
        if not np.isfinite(np.asarray(inputs)).all():
            cause = "the batch itself holds nan or infinity; look at the data and at how it is normalised"
        elif broken:
            cause = f"{too_high}: the step before made {broken[0]} infinite"
        raise FloatingPointError(
            f"training stopped: the loss is {loss.item()} at step {self.steps + 1} (epoch {len(self.history) + 1}); "
            f"the last finite one was {self.last_loss}. This step changed no weight. Likely cause: {cause}."
        )

    def save(self, path: str | Path) -> None:
        """Write everything that decides how training goes on into one safetensors file."""
        state = self.optimizer.state_dict()
        arrays = {f"model.{name}": np.asarray(value) for name, value in self.model.state_dict().items()}
        plain: dict[str, Any] = {}
        for position, kept in state["state"].items():
            for name, value in kept.items():
                if isinstance(value, (np.ndarray, np.generic)):
                    arrays[f"optimizer.{position}.{name}"] = np.asarray(value)
                else:
                    plain[f"{position}.{name}"] = value
        info = {
            "kinds": self._kinds(),
            "param_groups": state["param_groups"],
            "optimizer_state": plain,
            "schedule": self.schedule and {"steps": self.schedule.steps},
            "history": self.history,
            "steps": self.steps,
            "last_loss": self.last_loss,
            "place": self._place,
            "generator": default_generator().bit_generator.state,
        }
        write_checkpoint(path, arrays, info)
        self._written = Path(path)

    def load(self, path: str | Path, loader: Any = None) -> None:
        """Go back to what `save` wrote. Raises ValueError that names what does not fit; then nothing has changed."""
        arrays, info = read_checkpoint(path)
        model, flat = (
            {name[len(part) :]: array for name, array in arrays.items() if name.startswith(part)}
            for part in ("model.", "optimizer.")
        )
        self._check_fits(path, model, info, loader)
        state: dict[int, dict[str, Any]] = {}
        for key, value in {**flat, **info["optimizer_state"]}.items():
            position, name = key.split(".", 1)
            state.setdefault(int(position), {})[name] = value
        self.optimizer.load_state_dict({"state": state, "param_groups": info["param_groups"]})
        self.model.load_state_dict(model)
        if self.schedule is not None:
            self.schedule.go_to(info["schedule"]["steps"])
        self.history, self.steps, self.last_loss = info["history"], info["steps"], info["last_loss"]
        self._place, self._written = info["place"], Path(path)
        default_generator().bit_generator.state = info["generator"]
        if loader is not None and self._place["epoch"] is not None:
            loader.epoch = self._place["epoch"]

    def _check_fits(self, path: str | Path, model: dict[str, np.ndarray], info: dict[str, Any], loader: Any) -> None:
        """Raise ValueError where a checkpoint is of another model, optimizer, schedule or loader."""
        own = {name: np.asarray(value) for name, value in self.model.state_dict().items()}
        problems = [f"{name} is missing in the file" for name in own if name not in model]
        problems += [f"{name} is not in this model" for name in model if name not in own]
        for name in own.keys() & model.keys():
            here, there = (f"{a.dtype} {a.shape}" for a in (own[name], model[name]))
            if here != there:
                problems.append(f"{name} is {here} here and {there} in the file")
        for part, kind in self._kinds().items():
            if info["kinds"][part] != kind:
                problems.append(f"the {part} is {kind} here and was {info['kinds'][part]}")
        seed = getattr(loader, "seed", None)
        if loader is not None and info["place"]["seed"] != seed:
            problems.append(f"the loader has seed={seed} here and had seed={info['place']['seed']}")
        if problems:
            more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
            raise ValueError(f"checkpoint {path}: another run made it: {'; '.join(sorted(problems)[:3])}{more}")

    def _kinds(self) -> dict[str, str | None]:
        kinds: dict[str, str | None] = {"optimizer": type(self.optimizer).__name__, "schedule": None}
        if self.schedule is not None:
            kinds["schedule"] = f"{type(self.schedule).__name__} of {self.schedule.total_steps} steps"
        return kinds


def _epoch_start(loader: Any) -> dict[str, Any]:
    """Return the place at the beginning of an epoch: nothing done, and what decides the order of the batches."""
    state = default_generator().bit_generator.state
    order = {"generator": state, **{name: getattr(loader, name, None) for name in ("epoch", "seed")}}
    return {"batches": 0, "examples": 0, "sums": {}, **order}


def _remaining(loader: Any, place: dict[str, Any]) -> Iterator[Any]:
    """Return the batches of an epoch that was begun before which are left, in the order of that epoch.

    The order is drawn again from the generator's state at the beginning of the epoch; then the generator goes back to
    its present state.
    """
    present = default_generator().bit_generator.state
    default_generator().bit_generator.state = place["generator"]
    batches = iter(loader)
    for _ in range(place["batches"]):
        next(batches)
    default_generator().bit_generator.state = present
    return batches


def _progress_bar(title: str, loader: Any, verbose: bool) -> Any:
    from tqdm import tqdm

    layout = "{desc} |{bar:20}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
    total = len(loader) if hasattr(loader, "__len__") else None
    disable = None if verbose else True  # None: shown on a terminal only
    return tqdm(desc=title, total=total, leave=False, bar_format=layout, disable=disable)


def _format(means: dict[str, float]) -> str:
    return "  ".join(
        f"{name} {value:.1%}" if name.endswith("accuracy") else f"{name} {value:.4f}" for name, value in means.items()
    )
