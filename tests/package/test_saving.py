"""`save` and `load`: what goes into a file comes out of it, and nothing else goes in."""

import errno
import io
import math
import os
import pickle
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, optim


@pytest.fixture
def path(tmp_path):
    return tmp_path / "saved.pt"


def there_and_back(value, path):
    tinytorch.save(value, path)
    return tinytorch.load(path)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2**70,
        -0.5,
        "é",
        [],
        (),
        {},
        [1, [2, (3, "x")], None],
        {"epoch": 3, 7: "a", None: [True], 1.5: {"b": ()}},
        {"a.b": 1, "a": {"b": 2}},
    ],
    ids=str,
)
def test_plain_values_come_back_with_their_types(path, value):
    found = there_and_back(value, path)
    assert found == value and repr(found) == repr(value)


def test_floats_that_json_has_not(path):
    found = there_and_back([math.inf, -math.inf, math.nan], path)
    assert found[:2] == [math.inf, -math.inf] and math.isnan(found[2])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int32, np.int64, np.float16, np.float32, np.float64])
def test_tensors_and_arrays_keep_their_dtype_and_shape(path, dtype):
    array = np.arange(6).astype(dtype)
    for shape in ((6,), (2, 3), (6, 1, 1)):
        tensor, plain = there_and_back((tinytorch.tensor(array.reshape(shape)), array.reshape(shape)), path)
        assert isinstance(tensor, tinytorch.Tensor) and type(plain) is np.ndarray
        for found in (tensor.data, plain):
            assert found.dtype == dtype and found.shape == shape and (found == array.reshape(shape)).all()
            found[...] = 0  # it may be written to
    for empty in (np.zeros((0, 3), dtype), np.zeros((), dtype)):
        assert there_and_back(empty, path).shape == empty.shape


def test_a_tensor_keeps_whether_it_learns(path):
    w = tinytorch.tensor([1.0], requires_grad=True)
    frozen = nn.Parameter([2.0], requires_grad=False)
    found = there_and_back([w, w * 2, nn.Parameter([1.0]), frozen, w.detach()], path)
    assert [t.requires_grad for t in found] == [True, True, True, False, False]
    assert [isinstance(t, nn.Parameter) for t in found] == [False, False, True, True, False]
    assert all(t.is_leaf for t in found)


def test_places_of_one_name_stay_two(path):
    found = there_and_back({"a": {"b": np.zeros(1)}, "a.b": np.ones(2)}, path)
    assert found["a"]["b"].tolist() == [0.0] and found["a.b"].tolist() == [1.0, 1.0]


def test_a_name_that_the_format_keeps_for_itself_can_be_used(path):
    assert there_and_back({"__metadata__": np.ones(2)}, path)["__metadata__"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("was", "becomes"), [(b"tensor", b"tensoz"), (b"saved", b"sawed"), (b": {", b":  "), (b"false", b"falsy")]
)
def test_a_head_of_which_a_byte_was_changed_is_told_with_the_file(path, was, becomes):
    tinytorch.save({"w": tinytorch.ones(2)}, path)
    content = path.read_bytes()
    head = content.index(b"saved") - 10  # behind the format's own
    path.write_bytes(content[:head] + content[head:].replace(was, becomes, 1))
    assert path.read_bytes() != content
    with pytest.raises(ValueError, match=str(path)):
        tinytorch.load(path)


def test_a_model_and_its_optimizer_go_on(path):
    def made():
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        optimizer = optim.Adam(model.parameters(), lr=0.1, amsgrad=True)
        return model, optimizer, optim.lr_scheduler.MultiStepLR(optimizer, [1, 3])

    def steps(model, optimizer, schedule):
        for _ in range(3):
            optimizer.zero_grad()
            model(tinytorch.ones(2, 3)).sum().backward()
            optimizer.step()
            schedule.step()

    parts = made()
    steps(*parts)
    tinytorch.save({"epoch": 3, "parts": [part.state_dict() for part in parts]}, path)
    steps(*parts)
    again = made()
    saved = tinytorch.load(path)
    for part, state in zip(again, saved["parts"]):
        part.load_state_dict(state)
    steps(*again)
    for ours, theirs in zip(again[0].parameters(), parts[0].parameters()):
        assert (ours.data == theirs.data).all()
    assert saved["epoch"] == 3 and again[2].get_last_lr() == parts[2].get_last_lr()


def test_other_software_reads_a_state_dict_by_name_and_its_files_are_read(path):
    from safetensors.numpy import load_file, save_file

    model = nn.Linear(3, 2)
    tinytorch.save(model.state_dict(), path)
    found = load_file(path)
    assert set(found) == {"weight", "bias"} and (found["weight"] == model.weight.data).all()
    save_file({"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}, path)
    model.load_state_dict(tinytorch.load(path))
    assert (model.weight.data == 1).all()


def test_open_files_are_written_and_read():
    file = io.BytesIO()
    tinytorch.save({"a": tinytorch.ones(2)}, file)
    file.seek(0)
    assert tinytorch.load(file, map_location="cpu", weights_only=True)["a"].data.tolist() == [1.0, 1.0]


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nn.Linear(2, 2), r"the object: expected .*, got Linear; save its state_dict\(\): a file never holds code"),
        ({"model": [nn.ReLU()]}, r"model.0: expected .*, got ReLU; save its state_dict\(\)"),
        (lambda: 0, "the object: expected .*, got function; leave it out: a file never holds code"),
        ({"kind": int}, "kind: expected .*, got type; leave it out"),
        ({"x": {1, 2}}, "x: expected .*, got set"),
        ([Pair(1, 2)], "0: expected .*, got Pair"),
        ({(1, 2): 3}, "the object: expected strings or numbers as keys, got tuple"),
        ({"a": np.array(["x"])}, "a: expected numbers, got an array of <U1"),
        ({"a": np.array([None])}, "a: expected numbers, got an array of object"),
        (1j, "the object: expected .*, got complex"),
    ],
    ids=["layer", "layer in a list", "function", "type", "set", "named tuple", "key", "text", "object", "complex"],
)
def test_what_cannot_be_stored_is_named_with_its_place_and_no_file_is_written(path, value, message):
    with pytest.raises(TypeError, match=f"^save: {message}"):
        tinytorch.save(value, path)
    assert os.listdir(path.parent) == []


def test_a_dict_of_another_class_is_saved_as_a_dict(path):
    assert there_and_back(OrderedDict(a=1), path) == {"a": 1}


@pytest.mark.parametrize("content", [pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(100)], ids=["pickle", "zip"])
def test_a_pickle_is_refused_with_what_to_do(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^load: .*: a pickle, .* safetensors.torch.save_file\(model.state_dict"):
        tinytorch.load(path)


@pytest.mark.parametrize("content", [b"", b"abcdefgh", bytes(7), b"\x10" + bytes(50)])
def test_a_damaged_file_is_named(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="truncated or damaged"):
        tinytorch.load(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(FileNotFoundError, match="saved.pt"):
        tinytorch.load(path)


def test_another_device_is_refused(path):
    tinytorch.save(1, path)
    with pytest.raises(ValueError, match="load: map_location: expected None or 'cpu', got 'cuda'"):
        tinytorch.load(path, map_location="cuda")


def test_a_trainers_checkpoint_and_a_saved_object_are_not_taken_for_each_other(path):
    model = nn.Linear(2, 2)
    trainer = tinytorch.Trainer(model, optim.SGD(model.parameters(), lr=0.1))
    trainer.save(path)
    with pytest.raises(ValueError, match="a checkpoint of a Trainer; Trainer.load reads it"):
        tinytorch.load(path)
    tinytorch.save(model.state_dict(), path)
    with pytest.raises(ValueError, match="a safetensors file, but not one of a Trainer"):
        trainer.load(path)


def test_a_full_disk_leaves_the_old_file(path, monkeypatch):
    tinytorch.save(1, path)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left on device"):
        tinytorch.save(2, path)
    monkeypatch.undo()
    assert tinytorch.load(path) == 1 and os.listdir(path.parent) == [path.name]
