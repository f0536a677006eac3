"""Compare what a function gave with what it should give, and show where the two part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinytorch.testing import seeding
from tinytorch.testing.case import Case, Mismatch
from tinytorch.testing.pictures import heat_map, side_by_side
from tinytorch.testing.text import is_tensor, kind, listed, show, to_array

# Relative tolerances by dtype; see assert_close for the reasons.
RTOL = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-9}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    case: Case | Mapping[str, Any] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Fail, with all that helps to find the mistake, unless `actual` equals `expected` up to rounding.

    actual: a Tensor where `expected` is one. Where `expected` is an array, a nested list or a number, a
        Tensor or an array (or a number, for a number).
    expected: a Tensor or an array fixes shape and dtype; a list or a number fixes the shape alone, and
        whether the values are truth values.
    case: what is shown as the input: a `Case`, or names with values, `{"x": x, "stride": 2}`. With a `Case`
        the catalogue of misconceptions is tried on its function, and the mistake is named first where it is
        known.
    rtol, atol: values may differ by atol + rtol * |expected|. By default rtol is 1e-5 for float32, 1e-9 for
        float64, 1e-2 for float16 and 0 for integers; atol is rtol times the largest |expected| (times 1 where
        all of them are 0).

    The defaults: a sum of n float32 terms in another order moves by about sqrt(n) * 6e-8 of the terms' size,
    so 1e-5 covers the few thousand terms of the longest sums here and no formula with a mistake in it; it is
    the size of the terms that counts, which cancel in a small sum, hence atol goes with the largest value.
    1e-9 is the agreement with torch that this course asks of itself in float64, where rounding alone moves a
    value by about 1e-14.

    NaN equals only NaN. Raises Mismatch, an AssertionError with the whole text as its message.
    """
    __tracebackhide__ = True  # pytest then points at the line of the check
    problem = _difference(actual, expected, rtol, atol)
    if problem is None:
        return
    found = None
    parts = []
    if isinstance(case, Case):
        from tinytorch.testing.misconceptions import diagnose  # read when something is wrong, not before

        found = diagnose(case, actual)
        if found:
            parts.append(found.text)
        elif problem.startswith("expected "):
            problem = f"{case.place}: {problem}"
    parts.append(problem)
    inputs = _inputs(case)
    if inputs:
        parts.append(listed(inputs))
    if seeding.used():
        parts.append(f"(repeat with {seeding.VARIABLE}={seeding.seed()})")
    raise Mismatch("\n".join(parts), found, case if isinstance(case, Case) else None)


def close(actual: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Element by element: within atol + rtol * |expected|? NaN and infinity equal themselves."""
    with np.errstate(invalid="ignore"):
        same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
        return same | (np.abs(actual - expected) <= atol + rtol * np.where(np.isfinite(expected), abs(expected), 0))


def tolerances(
    actual: np.ndarray, expected: np.ndarray, rtol: float | None = None, atol: float | None = None
) -> tuple[float, float]:
    """The rtol and atol of `assert_close` for these arrays; what is given stays."""
    if rtol is None:
        rtol = max((RTOL.get(array.dtype.name, 0.0) for array in (actual, expected)), default=0.0)
    if atol is None:
        finite = np.abs(expected[np.isfinite(expected)])
        atol = rtol * (float(finite.max(initial=0.0)) or 1.0)
    return rtol, atol


def _inputs(case: Case | Mapping[str, Any] | None) -> dict[str, Any]:
    if case is None:
        return {}
    return case.arguments if isinstance(case, Case) else dict(case)


def _difference(actual: Any, expected: Any, rtol: float | None, atol: float | None) -> str | None:
    """What differs first: the kind of thing, the dtype, the shape, the values; None where nothing does."""
    typed = is_tensor(expected) or isinstance(expected, np.ndarray)
    number = isinstance(expected, (bool, int, float, np.generic))
    allowed = is_tensor(actual) or (
        not is_tensor(expected)
        and (isinstance(actual, np.ndarray) or (number and isinstance(actual, (bool, int, float, np.generic))))
    )
    if not allowed:
        wanted = "a Tensor" if is_tensor(expected) else "a number" if number else "a Tensor or a NumPy array"
        hint = "; is a `return` missing?" if actual is None else ""
        return f"expected {wanted}, got {kind(actual)}{hint}"
    got, want = to_array(actual), to_array(expected)
    if typed and got.dtype != want.dtype:
        return f"expected dtype {want.dtype}, got {got.dtype}" + _also_shape(got, want)
    if (got.dtype.kind == "b") != (want.dtype.kind == "b"):
        return f"expected {_values(want)}, got {_values(got)} ({got.dtype})" + _also_shape(got, want)
    if got.shape != want.shape:
        return f"expected shape {want.shape}, got {got.shape}\n" + _small(want, got)
    if not typed:
        want = want.astype(np.result_type(got.dtype, want.dtype) if got.dtype.kind != "f" else got.dtype)
    rtol, atol = tolerances(got, want, rtol, atol)
    exact = got.dtype.kind in "biu" and want.dtype.kind in "biu" and rtol == atol == 0
    if not exact:
        got, want = got.astype(np.float64), want.astype(np.float64)
    right = got == want if exact else close(got, want, rtol, atol)
    return None if right.all() else _values_differ(got, want, ~np.asarray(right))


def _values(array: np.ndarray) -> str:
    return "truth values" if array.dtype.kind == "b" else "numbers"


def _also_shape(got: np.ndarray, want: np.ndarray) -> str:
    return f"; expected shape {want.shape}, got {got.shape}" if got.shape != want.shape else ""


def _exactly(value: np.generic) -> str:
    return f"{value:.8g}" if isinstance(value, np.floating) else str(value)


def _small(want: np.ndarray, got: np.ndarray) -> str:
    return f"  expected  {show(want)}\n  got       {show(got)}"


def _values_differ(got: np.ndarray, want: np.ndarray, wrong: np.ndarray) -> str:
    first = tuple(int(axis[0]) for axis in np.nonzero(wrong)) if wrong.ndim else ()
    lines = []
    count = int(wrong.sum())
    at = f" at {list(first)}" if first else ""
    if got.dtype.kind == "f":
        for name, test in (("nan", np.isnan), ("infinite", np.isinf)):
            strange = int((test(got) & ~test(want)).sum())
            if strange:
                lines.append(f"{strange} of {got.size} values {'is' if strange == 1 else 'are'} {name}")
        with np.errstate(invalid="ignore"):
            distance = np.abs(got - want)
    else:
        distance = np.abs(got.astype(np.float64) - want.astype(np.float64))
    summary = f"{count} of {got.size} values differ{'s' if count == 1 else ''}" if got.size > 1 else "the value differs"
    finite = np.where(wrong & np.isfinite(distance), distance, -1.0)
    if finite.max() >= 0:
        most = tuple(int(i) for i in np.unravel_index(int(finite.argmax()), finite.shape))
        summary += f", by at most {finite.max():.6g}" if count > 1 else f" by {finite.max():.6g}"
        summary += f" at {list(most)}" if count > 1 and most != first else ""
    lines.append(f"{summary}; first{at}: expected {_exactly(want[first])}, got {_exactly(got[first])}")
    lines.append(side_by_side(want, got, wrong, first))
    picture = heat_map(distance, first)
    return "\n".join(lines + ([picture] if picture else []))
