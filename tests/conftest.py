"""What all checks share: the printed seed of everything random; draw from `tinytorch.testing.generator()`."""

from tinytorch.testing import pytest_report_header

__all__ = ["pytest_report_header"]
