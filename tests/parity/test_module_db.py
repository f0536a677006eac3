"""Every module agrees with torch's on torch's own samples: forward, gradients and state, in float32 and float64."""

import inspect

import pytest
from module_db_case import NOT_SERVED, check, module_db, samples

from tinytorch import nn

pytestmark = pytest.mark.parity

LAYERS = [
    name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)
]
# Of these torch's table has no samples.
WITHOUT_SAMPLES = set(
    "Module Sequential Identity Dropout Flatten SimpleCNN ModuleDict ModuleList Dropout2d Unflatten Upsample Hardsigmoid".split()
)


@pytest.fixture(scope="module")
def table():
    return {name: list(samples(info)) for name, info in module_db().items()}


@pytest.mark.parametrize("name", sorted(set(LAYERS) - WITHOUT_SAMPLES))
def test_a_module_agrees_with_torch_on_its_samples(name, table):
    problems = []
    for sample in table[name]:
        try:
            check(sample)
        except AssertionError as error:
            problems.append(str(error))
    assert not problems, f"{len(problems)} samples\n" + "\n".join(problems)


def test_modules_without_samples_are_those_that_the_table_lacks(table):
    assert set(LAYERS) - set(table) == WITHOUT_SAMPLES


def test_each_reason_for_a_refusal_is_that_of_some_sample(table):
    for name, reasons in NOT_SERVED.items():
        described = [sample.description for sample in table[name]]
        for part in reasons:
            assert any(part in text for text in described), f"{name}: no sample is described by {part!r}"
