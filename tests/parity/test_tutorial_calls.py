"""The calls of torch's beginner tutorials give torch's numbers, shapes, dtypes and errors."""

import pytest
from parity_further_calls import TENSORS
from parity_snippets import outcome, read, same
from parity_training_calls import NOT_SERVED, TRAINING
from parity_tutorial_calls import FIRST

pytestmark = pytest.mark.parity

UNSERVED = {title for titles in NOT_SERVED.values() for title in titles}
NEXT = [*read(TENSORS), *read(TRAINING)]
CALLS = [*read(FIRST), *NEXT]
SERVED = [call for call in CALLS if call.title not in UNSERVED]


@pytest.mark.parametrize("call", SERVED, ids=[call.title for call in SERVED])
def test_a_call_gives_what_torch_gives(call):
    found, expected = outcome(call, "tinytorch"), outcome(call, "torch")
    assert same(found, expected), f"\n{call.code}\n\ngives {found}\ntorch {expected}"


def test_120_calls_and_the_next_218_are_tried():
    assert (len(read(FIRST)), len(NEXT)) == (120, 218)
    assert len({call.title for call in CALLS}) == 338
    assert {call.title for call in read(FIRST)} & UNSERVED == set()
    assert len(UNSERVED) <= 38
    assert UNSERVED <= {call.title for call in NEXT}


@pytest.mark.parametrize("call", [call for call in CALLS if call.title in UNSERVED], ids=lambda call: call.title)
def test_what_is_listed_as_not_served_differs(call):
    """Where it does not by now, it is served: take it off the list."""
    try:
        found = outcome(call, "tinytorch")
    except (AttributeError, ImportError):
        found = "no such name"
    assert not same(found, outcome(call, "torch"))
