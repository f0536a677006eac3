"""How the numbers of a tensor are printed."""

from __future__ import annotations

from typing import Any

import numpy as np

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 75},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 75},
    "full": {"precision": 4, "threshold": 2**62, "edgeitems": 3, "linewidth": 75},
}
_options = {**_PROFILES["default"], "sci_mode": None}


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors are printed: digits behind the point, and from how many numbers on only the edges are shown.

    `profile` is "default", "short" or "full"; `sci_mode=False` writes no exponents.
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: profile: expected one of {', '.join(_PROFILES)}, got {profile!r}")
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update(_PROFILES[profile] if profile is not None else {})
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def numbers_as_text(array: np.ndarray, prefix: str) -> str:
    """Return the numbers as nested lists, whose further lines are indented as far as `prefix` is long."""
    text = np.array2string(
        array,
        _options["linewidth"],
        _options["precision"],
        None if _options["sci_mode"] is None else not _options["sci_mode"],
        ", ",
        prefix,
        threshold=_options["threshold"],
        edgeitems=_options["edgeitems"],
        formatter={"float_kind": lambda x: f"{x:.{_options['precision']}e}"} if _options["sci_mode"] else None,
    )
    return text + (f", size={array.shape}" if array.size == 0 and array.ndim > 1 else "")
