"""What a wrong function takes from the module that it stands in."""

from __future__ import annotations

import sys
import types


def called_from() -> types.ModuleType:
    """The module of the function that a wrong one stands in for, from which it takes classes and functions.

    For functions that get nothing whose class would tell, as `home(self)` does for methods.
    """
    frame = sys._getframe(1)
    while str(frame.f_globals["__name__"]).startswith("tinytorch.testing"):
        assert frame.f_back is not None
        frame = frame.f_back
    return sys.modules[frame.f_globals["__name__"]]
