"""Every case that ships with onnx for the operators we have: their models, inputs and outputs are onnx's own."""

import warnings

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor

onnx = pytest.importorskip("onnx", reason="the `onnx` extra")
loader = pytest.importorskip("onnx.backend.test.loader", reason="the `onnx` extra")
loading = pytest.importorskip("tinytorch.onnx.loading", reason="the `onnx` extra", exc_type=ImportError)

pytestmark = pytest.mark.extras

NUMBERS = set("FLOAT FLOAT16 DOUBLE BOOL INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64".split())

NOT_SERVED = {
    "test_col2im_5d": "three axes of windows: convolutions here have two",
    "test_training_dropout_default": "draws of the random numbers of the program that made the case",
    "test_training_dropout_default_mask": "draws of the random numbers of the program that made the case",
    "test_training_dropout": "draws of the random numbers of the program that made the case",
    "test_training_dropout_mask": "draws of the random numbers of the program that made the case",
}


def values(model):
    return [*model.graph.input, *model.graph.output]


def holds_numbers_of_ours(model):
    """Whether all inputs and outputs are arrays of a dtype that NumPy has: no text, no lists, no 8-bit floats."""
    kinds = [value.type for value in values(model)]
    names = {onnx.TensorProto.DataType.Name(kind.tensor_type.elem_type) for kind in kinds}
    inner = {
        onnx.TensorProto.DataType.Name(attribute.i)
        for node in model.graph.node
        for attribute in node.attribute
        if attribute.name == "to"
    }
    return all(kind.HasField("tensor_type") for kind in kinds) and names | inner <= NUMBERS


@pytest.fixture(scope="module")
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # onnx divides by zero for some of its expected outputs
        found = loader.load_model_tests(kind="node")
    ours = [c for c in found if all(n.op_type in loading.OPERATORS and not n.domain for n in c.model.graph.node)]
    return [c for c in ours if holds_numbers_of_ours(c.model)]


def array(value):
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def problem(case):
    """What is wrong with our outputs of a case; None where they are right."""
    try:
        network = loading.Network(case.model)
        for inputs, expected in case.data_sets:
            outputs = network(*(Tensor(array(value)) for value in inputs))
            for ours, theirs in zip(outputs if isinstance(outputs, tuple) else (outputs,), expected, strict=True):
                theirs = array(theirs)
                assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
                np.testing.assert_allclose(ours.data, theirs, rtol=case.rtol, atol=case.atol)
    except Exception as error:  # the list of all of them is worth more than the first
        return f"{case.name}: {type(error).__name__}: {error}"
    return None


def test_every_case_of_our_operators_is_right(cases):
    problems = {case.name: problem(case) for case in cases if case.name not in NOT_SERVED}
    wrong = [text for text in problems.values() if text]
    assert not wrong, "\n".join(wrong)
    assert len(problems) >= 850  # of onnx 1.23; a newer one has more


def test_what_is_not_served_says_so(cases):
    refused = {case.name: problem(case) for case in cases if case.name in NOT_SERVED}
    assert refused.keys() == NOT_SERVED.keys()
    assert all("NotImplementedError" in text for text in refused.values())


def test_every_operator_has_a_case(cases):
    tried = {node.op_type for case in cases for node in case.model.graph.node}
    assert set(loading.OPERATORS) - tried == set()
