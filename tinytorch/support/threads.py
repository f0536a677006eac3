"""Large work shared among the processor's cores.

The work is split along the batch, and each core computes its share. NumPy lets go of Python's lock while it copies and
computes, so the threads run at the same time. Meanwhile the matrix product uses one thread for each call: otherwise
the cores would be shared out twice.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_Result = TypeVar("_Result")

SMALL_WORK = 2**23  # multiply-adds: below this, starting threads costs more than they save
CHUNK_BYTES = 2**21  # an array of this size stays in the cache, and is worth one NumPy call


def in_threads(work: Callable[[int, int], _Result], count: int, cost: int) -> list[_Result]:
    """Call `work(start, stop)` for parts that together make up range(count), one per core; return the results in order.

    `cost` is the total work in multiply-adds; small work is done in the caller's thread. Calls from within `work` run
    in the thread that makes them, so that no thread waits for itself. TINYTORCH_NUM_THREADS limits the number of
    threads; raises ValueError where it is not a whole number of at least 1.
    """
    if cost >= SMALL_WORK:
        keep_memory()
    parts = 1 if cost < SMALL_WORK or _share.running else max(1, min(thread_count(), count))
    edges = [count * i // parts for i in range(parts + 1)]
    with _one_blas_thread:
        if parts == 1:
            return [work(0, count)]
        from concurrent.futures import wait

        others = [_pool().submit(_share.run, work, begin, end) for begin, end in zip(edges[1:], edges[2:])]
        try:
            first = _share.run(work, 0, edges[1])  # the caller's own share
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]


def batchwise(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let `function`, which treats each entry of the first axis by itself, work on large arrays in parts, in threads.

    Its positional arguments are arrays of one length, which is the length of its result too.
    """

    @functools.wraps(function)
    def in_parts(*arrays: np.ndarray, **settings: Any) -> np.ndarray:
        largest = max(arrays, key=lambda array: array.nbytes)
        cost = 8 * largest.size  # a number that is read and written is counted as eight multiply-adds
        if cost < SMALL_WORK:
            return function(*arrays, **settings)
        size = max(1, CHUNK_BYTES // (2 * largest[0].nbytes))
        lock = threading.Lock()
        result: list[np.ndarray] = []  # the result, once the first part has told its shape

        def work(start: int, stop: int) -> None:
            for begin in range(start, stop, size):
                part = slice(begin, min(begin + size, stop))
                out = function(*(array[part] for array in arrays), **settings)
                with lock:
                    if not result:
                        result.append(np.empty((len(largest), *out.shape[1:]), out.dtype))
                result[0][part] = out

        in_threads(work, len(largest), cost)
        return result[0]

    return in_parts


@functools.cache
def thread_count() -> int:
    """Return TINYTORCH_NUM_THREADS, or the number of cores that this process may use."""
    text = os.environ.get("TINYTORCH_NUM_THREADS")
    if text is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"TINYTORCH_NUM_THREADS: expected a whole number >= 1, got {text!r}; unset it to use every core"
        )
    return int(text)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Return the pool, which starts its threads with the first large work."""
    from concurrent.futures import ThreadPoolExecutor  # a quarter of the time that `import tinytorch` takes

    return ThreadPoolExecutor(thread_count(), "tinytorch")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork: the child starts its own


@functools.cache
def keep_memory() -> None:
    """Ask the C library to keep the memory of freed arrays for the next ones, where it can be asked (glibc).

    Otherwise every training step gets the memory of its arrays from the system again, page by page.
    """
    import ctypes

    libc = ctypes.CDLL(None) if os.name == "posix" else None
    if libc is not None and hasattr(libc, "mallopt"):
        M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the largest that is accepted


class _Share(threading.local):
    """Whether this thread is computing its share of some work."""

    running = False

    def run(self, work: Callable[[int, int], _Result], start: int, stop: int) -> _Result:
        self.running, before = True, self.running
        try:
            return work(start, stop)
        finally:
            self.running = before


_share = _Share()


class _OneBlasThread:
    """A context in which each matrix product uses only the thread that calls it."""

    def __init__(self) -> None:
        self.lock, self.users = threading.Lock(), 0
        self.before: list[int] = []

    @functools.cached_property
    def libraries(self) -> list[Any]:
        import threadpoolctl  # finds the BLAS that NumPy was built with

        return threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers

    def __enter__(self) -> None:
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.before = [library.get_num_threads() for library in self.libraries]
                for library in self.libraries:
                    library.set_num_threads(1)

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0:
                for library, count in zip(self.libraries, self.before):
                    library.set_num_threads(count)


_one_blas_thread = _OneBlasThread()
