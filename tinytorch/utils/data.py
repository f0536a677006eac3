"""torch's name for `tinytorch.data`, one module under both: `from tinytorch.utils.data import DataLoader` works."""

import sys
from typing import TYPE_CHECKING

from tinytorch import data

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.data import *  # noqa: F403

sys.modules[__name__] = data
