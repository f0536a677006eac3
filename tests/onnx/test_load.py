"""Loaded files: torch's and our own give here what they give there, and go on learning."""

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.core.tensor import Tensor
from tinytorch.data import DataLoader, TinyShapes
from tinytorch.testing import generator

onnx = pytest.importorskip("onnx", reason="the `onnx` extra")
runtime = pytest.importorskip("onnxruntime", reason="the `onnx` extra")

pytestmark = pytest.mark.extras


def small_network():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )


def test_a_learners_network_answers_in_onnxruntime_and_loaded_as_at_home(tmp_path):
    tinytorch.manual_seed(0)
    model = nn.SimpleCNN(num_classes=10)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for images, labels in DataLoader(TinyShapes(n=256), batch_size=32, shuffle=True, seed=0):
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    path = tmp_path / "cnn.onnx"
    tinytorch.onnx.export(model, tinytorch.zeros(1, 3, 32, 32), path)
    images, _ = next(iter(DataLoader(TinyShapes(n=50, train=False), batch_size=50)))
    at_home = model(images).data
    (there,) = runtime.InferenceSession(path).run(None, {"input": images.data})
    np.testing.assert_allclose(there, at_home, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(tinytorch.onnx.load(path)(images).data, at_home, rtol=1e-5, atol=1e-5)
    assert len(set(at_home.argmax(axis=1))) > 1  # it has learned to tell some apart


def test_a_loaded_network_has_the_state_of_the_exported_one(tmp_path):
    model, path = small_network(), tmp_path / "network.onnx"
    tinytorch.onnx.export(model, tinytorch.zeros(1, 2, 6, 6), path)
    loaded = tinytorch.onnx.load(path)
    assert dict(loaded.named_parameters()).keys() == dict(model.named_parameters()).keys()
    assert {"1.running_mean", "1.running_var"} <= dict(loaded.named_buffers()).keys()
    for name, tensor in loaded.state_dict().items():
        np.testing.assert_array_equal(tensor.data, model.state_dict()[name].data, strict=True)
    loaded.load_state_dict({name: np.ones_like(t.data) for name, t in loaded.state_dict().items()})
    x = tinytorch.ones(1, 2, 6, 6)
    changed = loaded(x).data
    model.load_state_dict(loaded.state_dict(), strict=False)
    np.testing.assert_allclose(changed, model.eval()(x).data, rtol=1e-5)


def test_gradients_go_through_a_loaded_network(tmp_path):
    model, path = small_network(), tmp_path / "network.onnx"
    x = Tensor(generator().standard_normal((3, 2, 6, 6), np.float32), requires_grad=True)
    tinytorch.onnx.export(model, x, path)
    loaded = tinytorch.onnx.load(path)
    F.cross_entropy(loaded(x), Tensor(np.array([0, 1, 2]))).backward()
    theirs, x.grad = x.grad, None
    F.cross_entropy(model.eval()(x), Tensor(np.array([0, 1, 2]))).backward()
    np.testing.assert_allclose(theirs.data, x.grad.data, rtol=1e-4, atol=1e-6)
    gradients = {name: p.grad.data for name, p in model.named_parameters()}
    for name, parameter in loaded.named_parameters():
        np.testing.assert_allclose(parameter.grad.data, gradients[name], rtol=1e-4, atol=1e-5)


def saved(path, inputs, opset=20, **node):
    """Write a file of one node whose inputs, such as "ab", are the inputs of the graph; return its path."""
    helper = onnx.helper
    shape = [None] * (3 if node["op_type"] == "Conv" else 2)
    x, y = ([helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n in names] for names in (inputs, "y"))
    graph = helper.make_graph([helper.make_node(inputs=list(inputs), outputs=["y"], **node)], "one", x, y)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def test_settings_that_no_case_has(tmp_path):
    """Gemm without a third input, and a convolution of signals whose border is on one side."""
    path = saved(tmp_path / "gemm.onnx", "ab", op_type="Gemm", alpha=0.5, transA=1)
    a, b = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[1.0], [2.0]])
    assert tinytorch.onnx.load(path)(a, b).data.tolist() == [[3.5], [5]]
    path = saved(tmp_path / "conv.onnx", "xw", op_type="Conv", pads=[1, 0])
    signal, kernel = Tensor([[[1.0, 2.0, 3.0]]]), Tensor([[[1.0, 10.0]]])
    assert tinytorch.onnx.load(path)(signal, kernel).data.tolist() == [[[10, 21, 32]]]


@pytest.mark.parametrize(
    ("node", "opset", "message"),
    [
        ("Sin", 20, "load: expected operators that tinytorch has, got Sin"),
        ("Softmax", 11, "operator set 11 has another meaning"),
    ],
)
def test_what_is_not_served_is_named(node, opset, message, tmp_path):
    path = saved(tmp_path / "network.onnx", "x", opset, op_type=node)
    with pytest.raises((ValueError, NotImplementedError), match=message):
        tinytorch.onnx.load(path)(Tensor([[1.0]]))


def test_another_file_is_refused_by_name(tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(ValueError, match=r"load: .*network.onnx: expected an ONNX file"):
        tinytorch.onnx.load(path)


def test_the_number_of_inputs_is_checked(tmp_path):
    path = saved(tmp_path / "add.onnx", "ab", op_type="Add")
    with pytest.raises(TypeError, match=r"expected 2 inputs \(a, b\), got 1"):
        tinytorch.onnx.load(path)(Tensor([1.0]))
