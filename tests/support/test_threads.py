"""Work that several cores share: all of it is done, the results are in order, and nobody waits for ever."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tinytorch.support import threads as T
from tinytorch.support.threads import batchwise, in_threads
from tinytorch.testing import assert_close, generator

LARGE = 10**9  # multiply-adds


@pytest.fixture
def threads(monkeypatch):
    """Make a machine of so many cores."""

    def use(count):
        forget()
        monkeypatch.setenv("TINYTORCH_NUM_THREADS", str(count))

    def forget():
        if T._pool.cache_info().currsize:
            T._pool().shutdown()
        T._pool.cache_clear()
        T.thread_count.cache_clear()

    yield use
    forget()


def thread_name(start, stop):
    return threading.current_thread().name


def test_the_work_is_shared_among_the_threads_and_nothing_is_left_out(threads):
    for count in (1, 2, 3):
        threads(count)
        for size in (1, 2, 7):
            parts = in_threads(lambda start, stop: (start, stop, threading.current_thread().name), size, LARGE)
            assert len(parts) == min(count, size)
            assert [i for start, stop, _ in parts for i in range(start, stop)] == list(range(size))
            in_pool = [name.startswith("tinytorch") for _, _, name in parts]
            assert in_pool == [False] + [True] * (len(parts) - 1)  # the caller does its own share


def test_small_work_stays_in_the_thread_that_asks(threads, monkeypatch):
    threads(2)
    monkeypatch.setattr(T, "SMALL_WORK", 1000)
    here = threading.current_thread().name
    assert in_threads(thread_name, 8, 999) == [here]
    caller, other = in_threads(thread_name, 8, 1000)
    assert caller == here != other


def test_an_error_in_a_thread_reaches_the_caller_and_the_pool_lives_on(threads):
    def work(start, stop):
        if start > 0:
            raise ValueError("in the second part")
        return stop

    threads(2)
    with pytest.raises(ValueError, match="in the second part"):
        in_threads(work, 2, LARGE)
    assert in_threads(lambda start, stop: stop, 2, LARGE) == [1, 2]


def test_the_matrix_product_has_its_own_threads_back_afterwards(threads):
    def blas_threads(*part):
        return [library.get_num_threads() for library in T._one_blas_thread.libraries]

    threads(2)
    before = blas_threads()
    assert before, "no BLAS library was found, so the cores would be shared twice"
    inside = in_threads(blas_threads, 2, LARGE)
    assert all(count == 1 for counts in inside for count in counts)
    assert blas_threads() == before


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5", ""])
def test_a_number_of_threads_that_is_none_is_refused(threads, text):
    threads(text)
    with pytest.raises(ValueError, match="TINYTORCH_NUM_THREADS: expected a whole number >= 1, got") as caught:
        in_threads(thread_name, 2, LARGE)
    assert repr(text) in str(caught.value) and "unset it to use every core" in str(caught.value)


IN_A_CHILD = """
import os, time
import numpy as np
from tinytorch.support.threads import in_threads

def multiply(start, stop):
    return (np.ones((start + 8, 8)) @ np.ones((8, 8))).max() == 8

def share(*part):
    return in_threads(multiply, 4, 10**9)

"""


@pytest.mark.parametrize(
    "code",
    [
        # Every worker waits for work of its own: nothing would be left to do it.
        pytest.param("assert in_threads(share, 2, 10**9) == [[True], [True]]", id="from within the work"),
        # The threads do not live on in the child, where the parent's pool has none.
        pytest.param(
            "assert all(share())\n"
            "time.sleep(0.05)  # until the threads wait for work: only then is the next given to one of them\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    os._exit(0 if all(share()) else 1)\n"
            "assert os.waitpid(child, 0)[1] == 0 and all(share())",
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_batchwise_function_gives_the_same_in_parts(threads, monkeypatch, dtype):
    threads(2)
    monkeypatch.setattr(T, "SMALL_WORK", 0)
    monkeypatch.setattr(T, "CHUNK_BYTES", 1024)
    a, b = (generator().normal(size=shape).astype(dtype) for shape in ((64, 7, 3), (64, 3, 7)))
    seen = []

    def weigh(a, b, *, factor):
        """Weigh a by b."""
        seen.append(len(a))
        return (factor * a * (b > 0)).sum(axis=2)

    b = b.swapaxes(1, 2)  # it lies across in memory
    shared = batchwise(weigh)
    together = shared(a, b, factor=dtype(3))
    assert len(seen) > 2 and sum(seen) == 64
    assert_close(together, weigh(a, b, factor=dtype(3)), rtol=0, atol=0)
    assert (shared.__name__, shared.__doc__) == ("weigh", "Weigh a by b.")


def test_a_batchwise_function_gets_a_small_array_in_one_part():
    seen = []

    @batchwise
    def copy(x):
        seen.append(x.shape)
        return x.copy()

    copy(np.ones((3, 2)))
    assert seen == [(3, 2)]
