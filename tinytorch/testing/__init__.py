"""Checks that name the mistake: used by the inline tests of the dev files and by everything in `tests/`."""

from tinytorch.testing.case import Case
from tinytorch.testing.comparison import assert_close
from tinytorch.testing.drawn import drawn_convolutions, shared_among
from tinytorch.testing.expect import expect, expect_error, expect_recorded
from tinytorch.testing.gradients import check_gradients
from tinytorch.testing.inline import inline_test, report
from tinytorch.testing.seeding import generator, pytest_configure, pytest_report_header, seed

__all__ = [
    "Case",
    "assert_close",
    "check_gradients",
    "drawn_convolutions",
    "expect",
    "expect_error",
    "expect_recorded",
    "generator",
    "inline_test",
    "pytest_configure",
    "pytest_report_header",
    "report",
    "seed",
    "shared_among",
]
