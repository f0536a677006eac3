"""Exported files: valid for onnx, and in onnxruntime the numbers that the network gives here."""

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.core.tensor import Tensor, amax, amin, concatenate, gather, primitive, stack, where
from tinytorch.testing import generator

onnx = pytest.importorskip("onnx", reason="the `onnx` extra")
runtime = pytest.importorskip("onnxruntime", reason="the `onnx` extra")

pytestmark = pytest.mark.extras

RNG = generator()
IMAGES = RNG.standard_normal((2, 4, 9, 8), np.float32)
A, B = RNG.standard_normal((2, 3, 4, 5), np.float32)
PLACES = RNG.integers(0, 5, (3, 4, 2))
TABLE = RNG.standard_normal((6, 2), np.float32)
MASK = np.array([True, False, True, True])


class Function(nn.Module):
    """A network that is one function."""

    def __init__(self, function):
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def as_tuple(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def exported(model, inputs, path):
    """Export, check by onnx with inference of all shapes, and return the session that runs it."""
    tinytorch.onnx.export(model, inputs, path)
    onnx.checker.check_model(path, full_check=True)
    return runtime.InferenceSession(path)


def answers(session, inputs):
    return session.run(None, {value.name: array for value, array in zip(session.get_inputs(), inputs)})


def check_equal(model, inputs, path):
    """The network answers in onnxruntime as here, on these inputs and on others. Returns the session."""
    session = exported(model, inputs, path)
    model.eval()
    for given in (inputs, [np.flip(array, 0).copy() for array in inputs]):
        expected = as_tuple(model(*map(Tensor, given)))
        for ours, theirs in zip(expected, answers(session, given), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(theirs, ours.data, rtol=1e-5, atol=1e-5)
    return session


def trained_batch_norm():
    layer = nn.BatchNorm2d(4)
    for tensor in layer.state_dict().values():
        if tensor.dtype == np.float32:
            tensor.data[...] = RNG.uniform(0.5, 2, tensor.shape)
    return layer


LAYERS = {
    "conv": lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1),
    "conv of a pair": lambda: nn.Conv2d(4, 6, (2, 3), stride=(1, 2), padding=(1, 0), dilation=(2, 1)),
    "conv same": lambda: nn.Conv2d(4, 6, (2, 3), padding="same", dilation=2),
    "conv in groups": lambda: nn.Conv2d(4, 8, 3, groups=4, bias=False),
    "max pool": lambda: nn.MaxPool2d(3, 2, 1),
    "max pool dilated": lambda: nn.MaxPool2d(2, dilation=2),
    "average pool": lambda: nn.AvgPool2d(3, 2, 1),
    "average pool without border": lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "global pool": lambda: nn.AdaptiveAvgPool2d(1),
    "adaptive pool": lambda: nn.AdaptiveAvgPool2d((3, 2)),
    "batch norm": trained_batch_norm,
    "dropout": lambda: nn.Dropout(0.5),
    "relu": nn.ReLU,
    "leaky relu": lambda: nn.LeakyReLU(0.2),
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "gelu tanh": lambda: nn.GELU("tanh"),
    "softmax": lambda: nn.Softmax(1),
    "log softmax": lambda: nn.LogSoftmax(-1),
    "identity": nn.Identity,
    "flatten": nn.Flatten,
    "linear": lambda: nn.Linear(8, 3),
    "linear without bias": lambda: nn.Linear(8, 3, bias=False),
}

FUNCTIONS = {
    "arithmetic": lambda a, b: (a + b) * a - b / (a * a + 1),
    "numbers": lambda a, b: 2 - a * 3 + 1 / (b * b + 1),
    "powers": lambda a, b: (a * a + 0.1) ** b,
    "elementary": lambda a, b: ((-a).exp() + (b * b + 1).log()).sqrt().abs(),
    "clip": lambda a, b: a.clip(-0.5, 0.5) + b.clip(max=0.5),
    "reshape": lambda a, b: a.reshape(-1, 20) + b.flatten(1),
    "views": lambda a, b: a.unsqueeze(1).squeeze().permute(2, 0, 1),
    "matmul": lambda a, b: a @ b.transpose(1, 2),
    "matrix and vector": lambda a, b: a @ b[0, 0],
    "concatenate": lambda a, b: concatenate([a, b], 1),
    "stack": lambda a, b: stack([a, b], -1),
    "pad": lambda a, b: F.pad(a, (1, 2, 0, 1), value=2.0),
    "where": lambda a, b: where(a > b, a, b * 2),
    "comparisons": lambda a, b: where(a != b, a, b) + where(a <= 0, a, b) + where(a >= b, 1.0, 0.0),
    "truth values": lambda a, b: ((a > 0) * (b > 0)).sum() + ((a > 0) == (b < 0)).sum(),
    "sum": lambda a, b: a.sum((0, 2), True) + b.sum(),
    "mean": lambda a, b: a.mean(1),
    "variance": lambda a, b: a.var(-1),
    "amax": lambda a, b: amax(a, dim=1) + amin(b, dim=(1, 2), keepdim=True).sum(),
    "max": lambda a, b: a.max(1),
    "argmax": lambda a, b: (a.argmax(1), b.argmin()),
    "gather": lambda a, b: gather(a, b.argmax(2).unsqueeze(2), dim=2),
    "row": lambda a, b: a[:, 1],
    "steps": lambda a, b: a[..., ::2] + a[:, :, -1:],
    "backwards": lambda a, b: a[:, 1:, None, ::-1],
    "places": lambda a, b: a[:, [0, 2]],
    "mask": lambda a, b: a[:, MASK],
    "pairs of places": lambda a, b: a[:, [0, 2], [1, -1]],
    "places apart": lambda a, b: a[[0, 1], :, [1, 2]],
    "place and number": lambda a, b: a[:, [0, 1], 2],
    "places that are computed": lambda a, b: Tensor(TABLE)[a.argmax(-1)],
    "mixed dtypes": lambda a, b: a * tinytorch.arange(5) + a.argmax(1, keepdim=True) / 3,
    "float64": lambda a, b: a * Tensor(np.linspace(0, 1, 5)),
    "detach": lambda a, b: a.detach() * 2,
    "an input itself": lambda a, b: (a, a + b, a + b),
    "a constant": lambda a, b: tinytorch.ones(2),
    "cross entropy": lambda a, b: F.cross_entropy(a[:, 0], Tensor(np.array([0, 1, 2]))),
    "binary cross entropy": lambda a, b: F.binary_cross_entropy_with_logits(a, tinytorch.zeros(3, 4, 5)),
    "squared error": F.mse_loss,
    "im2col": lambda a, b: F.im2col(a.unsqueeze(1), kernel_size=(2, 3), stride=2, padding=1),
    "col2im": lambda a, b: F.col2im(b.reshape(3, 4, 5).permute(0, 1, 2), output_size=(6, 2), kernel_size=2),
    "the rungs": lambda a, b: sum(
        conv(a.unsqueeze(1), Tensor(B[:2, None, :2, :2]))
        for conv in (F.conv2d_loops, F.conv2d_windows, F.conv2d_im2col)
    ),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_every_layer_answers_in_onnxruntime_as_here(make, tmp_path):
    session = check_equal(make(), [IMAGES], tmp_path / "layer.onnx")
    assert session.get_inputs()[0].shape == ["batch", 4, 9, 8]
    more = np.concatenate([IMAGES, IMAGES, IMAGES])
    once, thrice = answers(session, [IMAGES])[0], answers(session, [more])[0]
    np.testing.assert_allclose(thrice, np.concatenate([once] * 3), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_answers_in_onnxruntime_as_here(function, tmp_path):
    check_equal(Function(function), [A, B], tmp_path / "function.onnx")


def test_whole_numbers_are_inputs_too(tmp_path):
    check_equal(Function(lambda x, i: gather(x, i, dim=2)), [A, PLACES], tmp_path / "gather.onnx")
    check_equal(Function(lambda i: Tensor(TABLE)[i]), [PLACES], tmp_path / "embedding.onnx")


def test_a_network_has_the_operators_and_names_that_a_reader_expects(tmp_path):
    model = nn.Sequential({
        "conv": nn.Conv2d(4, 4, 3),
        "norm": trained_batch_norm(),
        "act": nn.LeakyReLU(),
        "flat": nn.Flatten(),
        "drop": nn.Dropout(),
        "fc": nn.Linear(168, 5),
        "soft": nn.Softmax(1),
    })  # fmt: skip
    path = tmp_path / "network.onnx"
    check_equal(model, [IMAGES], path)
    graph = onnx.load(path).graph
    assert [node.op_type for node in graph.node if node.op_type != "Constant"] == [
        "Conv", "BatchNormalization", "LeakyRelu", "Reshape", "Gemm", "Softmax",
    ]  # fmt: skip
    named = {weight.name: onnx.numpy_helper.to_array(weight) for weight in graph.initializer}
    state = {name: t.data for name, t in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    assert named.keys() == state.keys()
    for name, array in named.items():
        np.testing.assert_array_equal(array, state[name], strict=True)
    assert [value.name for value in (*graph.input, *graph.output)] == ["input", "output"]
    assert onnx.load(path).opset_import[0].version >= 17


def test_the_batch_is_fixed_where_the_forward_fixes_it(tmp_path):
    model = Function(lambda x: x + tinytorch.arange(x.shape[0]).reshape(-1, 1, 1))
    session = exported(model, [A], tmp_path / "fixed.onnx")
    assert session.get_inputs()[0].shape == [3, 4, 5]
    mean = exported(
        Function(lambda x: x.mean(0)), [A], tmp_path / "mean.onnx"
    )  # which divides by the size of the batch
    assert mean.get_inputs()[0].shape == [3, 4, 5]


def test_exporting_changes_nothing(tmp_path):
    model = nn.Sequential(trained_batch_norm(), nn.Dropout())
    model[1].eval()
    before = {name: t.data.copy() for name, t in model.state_dict().items()}
    tinytorch.onnx.export(model, IMAGES, tmp_path / "network.onnx")
    assert model[0].training and not model[1].training and tinytorch.is_grad_enabled()
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(tensor.data, before[name])
    x = Tensor([1.0, -1.0], requires_grad=True)
    assert not (x > 0).requires_grad and x.argmax().item() == 0  # the methods that were watched


def test_a_weight_in_two_places_is_one(tmp_path):
    layer = nn.Linear(8, 8)
    path = tmp_path / "tied.onnx"
    check_equal(nn.Sequential(layer, nn.ReLU(), layer), [IMAGES], path)
    assert [weight.name for weight in onnx.load(path).graph.initializer] == ["0.weight", "0.bias"]


# ---- what cannot be exported ------------------------------------------------------------------------


@primitive
def swish(x):
    return x / (1 + np.exp(-x))


def written(x):
    y = x * 1
    y.data[...] = 0
    return y + 1


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (swish, ValueError, r"export: .*swish: there are no ONNX operators for it"),
        (lambda x: x * Tensor(np.sin(x.data)), ValueError, "export: mul: it is given numbers that change"),
        (lambda x: F.dropout(x, 0.5), ValueError, "export: mul: it is given numbers that change"),
        (lambda x: x * (2 if x.argmax().item() == IMAGES.argmax() else 3), ValueError, "export: mul: .* change"),
        (lambda x: x.exp() if x.argmax().item() == IMAGES.argmax() else x, ValueError, "another path"),
        (written, RuntimeError, "the file would give other numbers than the model, so nothing was written"),
        (lambda x: None, TypeError, "export: model: expected a Tensor or a tuple of them to come back, got None"),
        (lambda x: x[:, [0, 1], None], ValueError, "export: getitem: index: expected no None beside arrays"),
    ],
)
def test_what_cannot_be_exported_is_an_error_that_says_why(function, error, message, tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(b"older")
    with pytest.raises(error, match=message):
        tinytorch.onnx.export(Function(function), IMAGES, path)
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"export: .*nowhere/network.onnx: not written"):
        tinytorch.onnx.export(nn.ReLU(), A, tmp_path / "nowhere" / "network.onnx")


def test_without_onnx_the_extra_is_named(monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "onnx" or name.startswith("tinytorch.onnx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"the extra `onnx`: pip install -e '.\[onnx\]'"):
        import tinytorch.onnx  # noqa: F401
