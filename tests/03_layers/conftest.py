"""What the tests of layers share."""

import pytest


@pytest.fixture
def leaves():
    """A function that returns the leaves from which a tensor was computed."""

    def found(tensor):
        return [tensor] if tensor.grad_fn is None else [leaf for x in tensor.grad_fn.inputs for leaf in found(x)]

    return found
