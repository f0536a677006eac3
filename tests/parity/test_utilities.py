"""Live against torch: clipping and vectors of parameters, samplers, collating and loaders."""

import math
from collections import namedtuple

import numpy as np
import pytest

import tinytorch
import tinytorch.utils.data
from tinytorch.testing import assert_close, generator

pytestmark = pytest.mark.parity

torch = pytest.importorskip("torch", reason="compared with torch: the `parity` extra")
BOTH = (tinytorch, torch)


def gradients_after(t, arrays, clip):
    """What `clip` returns for parameters with these gradients, and the gradients after it."""
    parameters = [t.tensor(np.zeros_like(array), requires_grad=True) for array in arrays]
    for p, array in zip(parameters, arrays):
        p.grad = t.tensor(array.copy())
    parameters.append(t.tensor(np.zeros(2), requires_grad=True))  # without a gradient
    result = clip(t.nn.utils, parameters)
    return result, [np.asarray(p.grad.detach()) for p in parameters[:-1]]


def clipped(t, *arrays, **settings):
    return gradients_after(t, arrays, lambda utils, parameters: utils.clip_grad_norm_(parameters, **settings))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("norm_type", [1, 2, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6, math.inf])
def test_clip_grad_norm(max_norm, norm_type, dtype):
    arrays = [generator().standard_normal(shape).astype(dtype) for shape in ((3, 4), (5,), ())]
    found, expected = (clipped(t, *arrays, max_norm=max_norm, norm_type=norm_type) for t in BOTH)
    assert np.isclose(found[0].item(), expected[0].item(), rtol=1e-5)
    for ours, theirs in zip(found[1], expected[1]):
        assert_close(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_norm_that_is_not_finite(bad):
    arrays = [np.array([1.0, bad]), np.array([2.0])]
    found, expected = (clipped(t, *arrays, max_norm=1.0)[1] for t in BOTH)
    for ours, theirs in zip(found, expected):
        assert np.array_equal(ours, theirs, equal_nan=True)
    for t in BOTH:
        with pytest.raises(RuntimeError):
            clipped(t, *arrays, max_norm=1.0, error_if_nonfinite=True)


def test_no_gradient_at_all():
    for t in BOTH:
        assert t.nn.utils.clip_grad_norm_([t.tensor(np.ones(2), requires_grad=True)], 1.0).item() == 0


@pytest.mark.parametrize("value", [0.5, 10.0, 0.0])
def test_clip_grad_value(value):
    arrays = [generator().standard_normal((3, 4)), np.array([-7.0, 7.0])]
    found, expected = (
        gradients_after(t, arrays, lambda utils, parameters: utils.clip_grad_value_(parameters, value))[1] for t in BOTH
    )
    for ours, theirs in zip(found, expected):
        assert_close(ours, theirs)


def test_parameters_as_one_vector_and_back():
    arrays = [generator().standard_normal(shape) for shape in ((3, 4), (5,), ())]
    new = generator().standard_normal(18)
    vectors, after, gradients = [], [], []
    for t in BOTH:
        parameters = [t.tensor(array.copy(), requires_grad=True) for array in arrays]
        vector = t.nn.utils.parameters_to_vector(parameters)
        (vector * t.tensor(new)).sum().backward()
        vectors.append(np.asarray(vector.detach()))
        gradients.append([np.asarray(p.grad) for p in parameters])
        t.nn.utils.vector_to_parameters(t.tensor(new), parameters)
        after.append([np.asarray(p.detach()) for p in parameters])
    assert_close(vectors[0], vectors[1])
    for ours, theirs in zip(after[0] + gradients[0], after[1] + gradients[1]):
        assert_close(ours, theirs)
    with pytest.raises(ValueError, match=r"vector_to_parameters: vec: expected shape \(18,\), got \(3,\)"):
        tinytorch.nn.utils.vector_to_parameters(tinytorch.ones(3), [tinytorch.ones(18, requires_grad=True)])
    with pytest.raises(ValueError, match="clip_grad_value_: clip_value: expected a number of at least 0, got -1"):
        tinytorch.nn.utils.clip_grad_value_([], -1)


# ---- data ----

Pair = namedtuple("Pair", "x y")


def plain(batch):
    """A batch of either library as lists, dicts and numbers; torch makes lists of tuples, and chapter 08 tuples."""
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        entries = [plain(value) for value in batch]
        return type(batch).__name__ if isinstance(batch, Pair) else "entries", entries
    return (str(np.asarray(batch).dtype), np.asarray(batch).tolist()) if hasattr(batch, "shape") else batch


@pytest.mark.parametrize(
    "make",
    [
        lambda t: [1, 2],
        lambda t: [True, False],
        lambda t: [np.float64(1), np.float64(2)],
        lambda t: [np.int32(1), np.int32(2)],
        lambda t: [np.ones(2, np.float32), np.zeros(2, np.float32)],
        lambda t: [t.tensor(np.ones((2, 1))), t.tensor(np.zeros((2, 1)))],
        lambda t: ["a", "b"],
        lambda t: [b"a", b"b"],
        lambda t: [(t.tensor(np.ones(1)), 3, "a"), (t.tensor(np.zeros(1)), 4, "b")],
        lambda t: [{"x": 1, "y": ("a", np.ones(1))}, {"x": 2, "y": ("b", np.ones(1))}],
        lambda t: [Pair(1, {"z": np.int8(2)}), Pair(3, {"z": np.int8(4)})],
        lambda t: [[1, 2], [3, 4]],
        lambda t: [(), ()],
    ],
)
def test_collating(make):
    found, expected = (plain(t.utils.data.default_collate(make(t))) for t in BOTH)
    assert found == expected


@pytest.mark.parametrize(
    "make", [lambda t: [None], lambda t: [(1, 2), (1, 2, 3)], lambda t: [object()], lambda t: [np.array(["a"])]]
)
def test_what_torch_does_not_collate(make):
    for t, errors in ((tinytorch, (TypeError, ValueError)), (torch, (TypeError, RuntimeError))):
        with pytest.raises(errors):
            t.utils.data.default_collate(make(t))


LOADERS = [
    {"batch_size": 4},
    {"batch_size": 4, "drop_last": True},
    {"batch_size": 3, "sampler": [5, 5, 1, 0]},
    {"batch_size": 3, "sampler": range(9, 0, -2), "drop_last": True},
    {"batch_sampler": [[1], [2, 3, 4], [0, 9]]},
    {"batch_size": None},
    {"batch_size": None, "sampler": [3, 1]},
    {"batch_size": 5, "collate_fn": len},
]


@pytest.mark.parametrize("settings", LOADERS, ids=str)
def test_loaders(settings):
    found = []
    for t in BOTH:
        data = t.utils.data.TensorDataset(t.tensor(np.arange(20.0).reshape(10, 2)), t.tensor(np.arange(10)))
        loader = t.utils.data.DataLoader(data, **settings)
        found.append((len(loader), [plain(batch) for batch in loader]))
    assert found[0] == found[1]


@pytest.mark.parametrize("n", [0, 1, 7, 8])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batch_samplers(n, drop_last):
    found = [t.utils.data.BatchSampler(range(n), 4, drop_last) for t in BOTH]
    assert list(found[0]) == list(found[1]) and len(found[0]) == len(found[1])


def test_data_sets_one_behind_the_other():
    found = [t.utils.data.ConcatDataset([range(3), [10], (), range(20, 25)]) for t in BOTH]
    assert [[data[i] for i in range(-9, 9)] for data in found][0] == [
        [data[i] for i in range(-9, 9)] for data in found
    ][1]
    assert found[0].cumulative_sizes == found[1].cumulative_sizes
    for data in found:
        with pytest.raises((IndexError, ValueError)):
            data[9]


@pytest.mark.parametrize(("n", "lengths"), [(10, [0.5, 0.5]), (11, [0.5, 0.25, 0.25]), (7, [3, 4]), (101, [0.1] * 10)])
def test_lengths_of_a_split(n, lengths):
    found = [[len(part) for part in t.utils.data.random_split(range(n), lengths)] for t in BOTH]
    assert found[0] == found[1] and sum(found[0]) == n


def test_a_state_dict_goes_from_torch_to_here_and_back(tmp_path):
    from safetensors.torch import load_file, save_file

    theirs, ours = torch.nn.Linear(3, 2), tinytorch.nn.Linear(3, 2)
    save_file(theirs.state_dict(), tmp_path / "theirs")
    ours.load_state_dict(tinytorch.load(tmp_path / "theirs"))
    x = generator().standard_normal((4, 3)).astype(np.float32)
    assert_close(ours(tinytorch.tensor(x)), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-5)
    tinytorch.save(ours.state_dict(), tmp_path / "ours")
    assert torch.nn.Linear(3, 2).load_state_dict(load_file(tmp_path / "ours")).missing_keys == []
    torch.save(theirs.state_dict(), tmp_path / "pickle")
    with pytest.raises(ValueError, match="a pickle, as torch.save writes it"):
        tinytorch.load(tmp_path / "pickle")
    save_file({"a": torch.zeros(2, dtype=torch.bfloat16)}, tmp_path / "half")
    with pytest.raises(ValueError, match="bfloat16.*write its tensors as float32"):
        tinytorch.load(tmp_path / "half")


def test_every_function_that_torch_has_as_a_method_is_one():
    functions = [name for name in tinytorch.__all__ if callable(getattr(tinytorch, name))]
    both = {name for name in functions if callable(getattr(torch.Tensor, name, None))}
    assert len(both) > 150
    assert {name for name in both if not hasattr(tinytorch.Tensor, name)} == set()
