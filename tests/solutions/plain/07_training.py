"""Chapter 07, written by another student: loops and counters in place of comprehensions and library functions."""

# %% accuracy
import time

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.tensor import Tensor, to_array
from tinytorch.support.arguments import checked_by
from tinytorch.support.training import check_accuracy, check_max_norm, check_measured, parts_keep_modes


@checked_by(check_accuracy)
def accuracy(logits, labels) -> float:
    scores = np.moveaxis(to_array(logits), 1, -1)
    flat = scores.reshape(-1, scores.shape[-1])
    correct = 0
    for row, label in zip(flat, to_array(labels).ravel()):
        if np.argmax(row) == label:
            correct += 1
    return correct / len(flat)


# %% meter


def measures(loss, outputs, targets) -> dict:
    number = loss.item() if isinstance(loss, Tensor) else loss
    is_integer = np.issubdtype(targets.dtype, np.integer)
    if not is_integer or len(targets.shape) + 1 != len(outputs.shape):
        return {"loss": number}
    return {"accuracy": accuracy(outputs, targets), "loss": number}


class Meter:
    def add(self, examples, values):
        for name in values:
            if name not in self.sums:
                self.sums[name] = 0
            self.sums[name] += examples * values[name]
        self.examples = self.examples + examples

    @checked_by(check_measured)
    def means(self):
        result = {}
        for name in sorted(self.sums):
            result[name] = self.sums[name] / self.examples
        return result


# %% clip-grad-norm


@checked_by(check_max_norm)
def clip_grad_norm(parameters, max_norm) -> float:
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)  # one tensor is also accepted
    total = 0.0
    for p in parameters:
        if p.grad is None:
            continue
        total += float((p.grad.data.astype(np.float64) ** 2).sum())
    norm = total**0.5
    if norm + 1e-6 > max_norm:
        factor = float(max_norm / (norm + 1e-6))
        for p in parameters:
            if p.grad is not None:
                p.grad = Tensor(factor * p.grad.data)
    return norm


# %% schedules


class Schedule:
    def go_to(self, step):
        groups = self.optimizer.param_groups
        for i in range(len(groups)):
            groups[i]["lr"] = self.lr(step, self.peaks[i])
        self.steps = step


class OneCycle:
    def lr(self, step, peak):
        return float(np.interp(step + 1, [0, self.pct_start * self.total_steps, self.total_steps + 1], [0, peak, 0]))


class CosineSchedule:
    def lr(self, step, peak):
        if step >= self.warmup:
            left = (self.total_steps - step) / (self.total_steps - self.warmup)
            half_cosine = 0.5 - 0.5 * np.cos(np.pi * left)
            return float(self.min_lr * (1 - half_cosine) + peak * half_cosine)
        part = peak / (self.warmup + 1)
        return part * (step + 1)


# %% learner


class Learner:
    def training_step(self, inputs, targets):
        self.optimizer.zero_grad()
        predictions = self.model(inputs)
        error = self.loss(predictions, targets)
        self.check_finite(error, inputs)
        error.backward()
        if self.clip_norm:
            clip_grad_norm([p for _, p in self.model.named_parameters()], self.clip_norm)
        self.optimizer.step()
        self.steps = self.steps + 1
        if self.schedule:
            self.schedule.step()
        return float(error), predictions

    @parts_keep_modes
    def evaluate(self, loader):
        was_training = self.model.training
        self.model.train(False)
        meter = Meter()
        try:
            for batch in loader:
                x, y = batch
                with no_grad():
                    predictions = self.model(x)
                    error = self.loss(predictions, y)
                meter.add(x.shape[0], measures(error.item(), predictions, y))
        except BaseException:
            self.model.train(was_training)
            raise
        self.model.train(was_training)
        return meter.means()


# %% trainer


class Trainer:
    def train_epoch(self, loader):
        meter = Meter()
        self.model.train(True)
        for batch in self.batches(loader, meter):
            loss, outputs = self.training_step(*batch)
            values = measures(loss, outputs, batch[1])
            meter.add(batch[0].shape[0], values)
        return meter.means()

    def fit(self, loader, epochs, validation=None, checkpoint=None, resume=False, verbose=True):
        with self.running(loader, epochs, checkpoint, resume, verbose) as last:
            for number in range(len(self.history) + 1, last + 1):
                start = time.time()
                row = self.train_epoch(loader)
                row["epoch"] = number
                if validation:
                    found = self.evaluate(validation)
                    row.update({f"val_{name}": found[name] for name in found})
                row["seconds"] = time.time() - start
                self.history += [row]
                self.finish_epoch()
            return self.history
