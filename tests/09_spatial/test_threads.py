"""Several cores: the same results for any number of threads, wherever they are started from."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tinytorch.core import tensor as T
from tinytorch.core.activations import relu
from tinytorch.core.spatial import avg_pool2d, batch_norm, conv2d, max_pool2d
from tinytorch.core.tensor import Tensor, elementwise, in_threads
from tinytorch.testing import assert_close, generator


@pytest.fixture
def threads(monkeypatch):
    """Make a machine of so many cores, on which even small work is cut up."""

    def use(count):
        forget()
        monkeypatch.setenv("TINYTORCH_NUM_THREADS", str(count))

    def forget():
        if T._pool.cache_info().currsize:
            T._pool().shutdown()
        T._pool.cache_clear()
        T._machine_threads.cache_clear()

    monkeypatch.setattr(T, "SMALL_WORK", 0)
    monkeypatch.setattr(T, "CHUNK_BYTES", 1024)
    yield use
    forget()


def everything(inputs):
    """Outputs and gradients of all that is shared out."""
    x, weight, bias = (Tensor(array, requires_grad=True) for array in inputs)
    running = Tensor(np.zeros(4, np.float32)), Tensor(np.ones(4, np.float32))
    y = relu(conv2d(x, weight, bias, stride=(1, 2), padding=1))
    z = avg_pool2d(max_pool2d(y, 2, padding=1), 2)
    normal = batch_norm(z, *running, training=True)
    ((normal + z) * z).sum().backward()
    return {"output": normal.detach(), "x": x.grad, "weight": weight.grad, "bias": bias.grad, "running": running[1]}


def drawn_inputs():
    draw = generator()
    return [draw.normal(size=shape).astype(np.float32) for shape in ((7, 12, 8, 9), (4, 12, 3, 3), (4,))]


def test_the_result_does_not_depend_on_the_number_of_threads(threads):
    inputs = drawn_inputs()
    threads(1)
    expected = everything(inputs)
    for count in (2, 3):
        threads(count)
        for name, value in everything(inputs).items():
            # Sums over the batch are taken in another order: rounding in float32, through several steps.
            assert_close(value, expected[name], rtol=1e-4, case={"threads": count, "of": name})


@pytest.mark.not_in_catalogue("the threads are given code")
def test_the_work_is_shared_out_among_the_threads_and_nothing_is_left_out(threads):
    for count in (1, 2, 3):
        threads(count)
        for size in (1, 2, 7):
            parts = in_threads(lambda start, stop: (start, stop, threading.current_thread().name), size, 10**9)
            assert len(parts) == min(count, size)
            assert [i for start, stop, _ in parts for i in range(start, stop)] == list(range(size))
            in_pool = [name.startswith("tinytorch") for _, _, name in parts]
            assert in_pool == [False] + [True] * (len(parts) - 1)  # the caller does its own share


@pytest.mark.not_in_catalogue("the threads are given code")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_elementwise_function_gives_the_same_in_pieces(threads, dtype):
    threads(2)
    a, b = (generator().normal(size=shape).astype(dtype) for shape in ((60, 7, 3), (60, 3, 7)))
    seen = []

    def weigh(a, b):
        seen.append(a.size)
        return a * (b > 0)

    together = elementwise(weigh)(a, b.swapaxes(1, 2))
    assert len(seen) > 2 and sum(seen) == a.size
    assert_close(Tensor(together), Tensor(weigh(a, b.swapaxes(1, 2))), rtol=0, atol=0, case={"dtype": dtype})


@pytest.mark.not_in_catalogue("the threads are given code")
def test_small_work_stays_in_the_thread_that_asks(threads, monkeypatch):
    threads(2)
    monkeypatch.setattr(T, "SMALL_WORK", 1000)
    here = threading.current_thread().name
    assert in_threads(lambda start, stop: threading.current_thread().name, 8, 999) == [here]
    caller, other = in_threads(lambda start, stop: threading.current_thread().name, 8, 1000)
    assert caller == here != other


@pytest.mark.not_in_catalogue("the threads are given code")
def test_an_error_in_a_thread_reaches_the_caller_and_the_pool_lives_on(threads):
    def work(start, stop):
        if start > 0:
            raise ValueError("in the second part")
        return stop

    threads(2)
    with pytest.raises(ValueError, match="in the second part"):
        in_threads(work, 2, 10**9)
    assert in_threads(lambda start, stop: stop, 2, 10**9) == [1, 2]


@pytest.mark.not_in_catalogue("the threads are given code")
def test_the_matrix_product_has_its_own_threads_back_afterwards(threads):
    def blas_threads():
        return [library.get_num_threads() for library in T._one_blas_thread.libraries]

    threads(2)
    before = blas_threads()
    assert before, "no BLAS library was found, so the cores would be shared out twice"
    inside = in_threads(lambda start, stop: blas_threads(), 2, 10**9)
    assert all(count == 1 for counts in inside for count in counts)
    assert blas_threads() == before


def test_several_python_threads_may_convolve_at_once(threads):
    inputs = [drawn_inputs() for _ in range(4)]
    threads(2)
    expected = [everything(arrays) for arrays in inputs]
    found = {}

    def run(index):
        found[index] = [everything(inputs[index]) for _ in range(3)]

    callers = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for index, want in enumerate(expected):
        for got in found[index]:
            for name in want:
                assert_close(got[name], want[name], rtol=1e-4, case={"caller": index, "of": name})


IN_A_CHILD = """
import os
import time
import numpy as np
from tinytorch.core import tensor as T
from tinytorch.core.spatial import conv2d

T.SMALL_WORK = 0
x, weight = np.ones((4, 2, 5, 5), np.float32), np.ones((3, 2, 3, 3), np.float32)


def right():
    return np.array_equal(conv2d(x, weight).data, np.full((4, 3, 3, 3), 18, np.float32))


def convolve_inside(start, stop):
    return right()
"""


@pytest.mark.parametrize(
    "code",
    [
        # Every worker waits for work of its own: nothing would be left to do it.
        pytest.param("assert T.in_threads(convolve_inside, 2, 10**9) == [True, True]", id="from within the work"),
        # The threads do not live on in the child; the parent's pool is of no use to it.
        pytest.param(
            "assert right()\n"
            "time.sleep(0.05)  # until the threads wait for work: only then is the next given to one of them\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    os._exit(0 if right() else 1)\n"
            "assert os.waitpid(child, 0)[1] == 0 and right()",
            id="after a fork",
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
        ),
    ],
)
def test_it_works_and_does_not_wait_for_ever(code):
    run = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", IN_A_CHILD + code],
        env={**os.environ, "TINYTORCH_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.not_in_catalogue("the threads are given code")
@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5", ""])
def test_a_number_of_threads_that_is_none_is_refused(threads, text):
    threads(text)
    with pytest.raises(ValueError, match="TINYTORCH_NUM_THREADS: expected a whole number >= 1, got") as caught:
        in_threads(lambda start, stop: None, 2, 10**9)
    assert repr(text) in str(caught.value) and "unset it to use every core" in str(caught.value)
