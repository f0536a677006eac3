"""What `tito module solution` measures exercises on whose inline tests have small inputs, which say little of speed."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case

_Draw = Callable[..., np.ndarray]  # draw(2, 3): float32 numbers of that shape


def _ten_steps(optimizer: str) -> Callable[[types.ModuleType, _Draw], Case]:
    def case(home: types.ModuleType, draw: _Draw) -> Case:
        def ten_steps(weight: np.ndarray, gradient: np.ndarray) -> Any:
            w = home.Tensor(weight.copy(), requires_grad=True)
            w.grad = home.Tensor(gradient)
            made = getattr(home, optimizer)([w], lr=0.01)
            for _ in range(10):
                made.step()
            return w

        return Case(ten_steps, draw(256, 256), draw(256, 256))

    return case


def _labels(count: int, classes: int) -> np.ndarray:
    return np.arange(count) % classes


# inline test -> its case; `home` is the chapter
MEASURED_ON: dict[str, Callable[[types.ModuleType, _Draw], Case]] = {
    "test_matmul": lambda home, draw: Case(home.matmul, draw(256, 256), draw(256, 256)),
    "test_reductions": lambda home, draw: Case(home.var, home.Tensor(draw(128, 1024)), 1),
    "test_relu": lambda home, draw: Case(home.relu, draw(128, 1024)),
    "test_sigmoid": lambda home, draw: Case(home.sigmoid, draw(128, 1024)),
    "test_gelu": lambda home, draw: Case(home.gelu, draw(128, 1024), approximate="tanh"),
    "test_softmax": lambda home, draw: Case(home.softmax, draw(256, 1000)),
    "test_log_softmax": lambda home, draw: Case(home.log_softmax, draw(256, 1000)),
    "test_linear": lambda home, draw: Case(home.linear, draw(128, 784), draw(128, 784), draw(128)),
    "test_dropout": lambda home, draw: Case(home.dropout, home.Tensor(draw(128, 1024))),
    "test_mse_loss": lambda home, draw: Case(home.mse_loss, home.Tensor(draw(256, 100)), home.Tensor(draw(256, 100))),
    "test_target_distribution": lambda home, draw: Case(
        home.target_distribution, home.Tensor(draw(256, 100)), home.Tensor(_labels(256, 100)), label_smoothing=0.1
    ),
    "test_cross_entropy": lambda home, draw: Case(home.cross_entropy, draw(256, 100), _labels(256, 100)),
    "test_bce": lambda home, draw: Case(
        home.binary_cross_entropy_with_logits, draw(256, 100), (draw(256, 100) > 0).astype(np.float32)
    ),
    "test_unbroadcast": lambda home, draw: Case(home.unbroadcast, draw(64, 128, 32), (1, 32)),
    "test_sgd": _ten_steps("SGD"),
    "test_adam": _ten_steps("Adam"),
    "test_adamw": _ten_steps("AdamW"),
    "test_accuracy": lambda home, draw: Case(home.accuracy, draw(1000, 10), _labels(1000, 10)),
    "test_normalize": lambda home, draw: Case(home.Normalize([0.4] * 3, [0.2] * 3), draw(64, 3, 32, 32)),
    "test_horizontal_flip": lambda home, draw: Case(home.RandomHorizontalFlip(), draw(64, 3, 32, 32)),
    "test_random_crop": lambda home, draw: Case(home.RandomCrop(32, padding=4), draw(64, 3, 32, 32)),
    "test_conv2d_loops": lambda home, draw: Case(home.conv2d_loops, draw(1, 2, 12, 12), draw(4, 2, 3, 3), padding=1),
    "test_conv2d_windows": lambda home, draw: Case(
        home.conv2d_windows, draw(2, 8, 16, 16), draw(16, 8, 3, 3), padding=1
    ),
    "test_im2col": lambda home, draw: Case(home.conv2d_im2col, draw(8, 16, 32, 32), draw(32, 16, 3, 3), padding=1),
    "test_conv2d": lambda home, draw: Case(home.conv2d, draw(8, 16, 32, 32), draw(32, 16, 3, 3), padding=1),
    "test_pooling": lambda home, draw: Case(home.max_pool2d, draw(16, 16, 32, 32), kernel_size=2),
    "test_simple_cnn": lambda home, draw: Case(home.SimpleCNN(), home.Tensor(draw(2, 3, 32, 32))),
    "test_batch_norm": lambda home, draw: Case(
        home.batch_norm,
        *map(home.Tensor, (draw(16, 16, 32, 32), np.zeros(16, np.float32), np.ones(16, np.float32))),
        training=True,
    ),
}
