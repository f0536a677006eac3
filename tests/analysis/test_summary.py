"""summary: counts by hand, conventions, totals, and what it prints."""

import looked_at
import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.nn import functional as F


def rows(found):
    return {row.name: row for row in found.rows}


def test_simple_cnn_by_hand():
    found = tinytorch.summary(nn.SimpleCNN(), (1, 3, 32, 32))
    assert [row.name for row in found.rows] == ["", "conv1", "pool:1", "conv2", "pool:2", "flatten", "fc"]
    assert [row.params for row in found.rows] == [0, 896, 0, 18_496, 0, 0, 40_970]
    per_place = 32 * (27 + 1), 64 * (288 + 1)
    assert [row.mult_adds for row in found.rows] == [0, per_place[0] * 1024, 0, per_place[1] * 256, 0, 0, 10 * 4097]
    numbers = [32 * 1024, 32 * 256, 64 * 256, 64 * 64, 0, 10 + 10]  # fc: the product, and with its bias
    assert [row.activation_bytes for row in found.rows[1:]] == [4 * n for n in numbers]
    assert found.rows[0].activation_bytes == 4 * (numbers[0] + numbers[2])  # the two relus, functions of the forward
    assert [row.output_shape for row in found.rows[-3:]] == [(1, 64, 8, 8), (1, 4096), (1, 10)]
    assert found.total_params == found.trainable_params == 60_362
    assert found.total_mult_adds == 5_693_450
    assert (found.input_bytes, found.param_bytes) == (4 * 3 * 1024, 4 * 60_362)


# torchinfo 1.8.0 on the same networks in torch: total_mult_adds and total_params. Of batch norm torchinfo counts the
# parameters once for each picture, which is no number of multiply-adds: 2 x 16 of 127,808 are not counted here.
def test_totals_are_torchinfos():
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.c, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
            self.d, self.l = nn.Conv2d(8, 8, 3, padding=1, stride=2, groups=8), nn.Linear(8, 8)

        def forward(self, x):
            x = self.d(self.d(tinytorch.relu(self.b(self.c(x)))))
            return self.l(self.l(x.mean((2, 3))))

    found = tinytorch.summary(nn.SimpleCNN(), (2, 3, 32, 32))
    assert (found.total_mult_adds, found.total_params) == (11_386_900, 60_362)
    found = tinytorch.summary(Small(), (2, 3, 16, 16))
    assert (found.total_mult_adds, found.total_params) == (127_808 - 2 * 16, 392)


@pytest.mark.parametrize("name", looked_at.NETWORKS)
def test_rows_add_up_to_the_totals(name):
    build, shape = looked_at.NETWORKS[name]
    model = build(tinytorch)
    found = tinytorch.summary(model, shape)
    assert found.total_params == sum(row.params for row in found.rows) == sum(p.numel() for p in model.parameters())
    assert found.total_mult_adds == sum(row.mult_adds for row in found.rows) > 0
    assert found.total_activation_bytes == sum(row.activation_bytes for row in found.rows) > 0
    for share in ("params_share", "mult_adds_share", "activation_share"):
        assert sum(getattr(row, share) for row in found.rows) == pytest.approx(1)
    largest = max(found.rows, key=lambda row: row.mult_adds)
    assert largest.mult_adds_share == largest.mult_adds / found.total_mult_adds


def test_the_batch_counts():
    one, five = (tinytorch.summary(nn.SimpleCNN(), (n, 3, 32, 32)) for n in (1, 5))
    assert five.total_mult_adds == 5 * one.total_mult_adds
    assert five.total_activation_bytes == 5 * one.total_activation_bytes
    assert five.total_params == one.total_params


def test_what_is_shared_counts_once_and_computes_twice():
    found = rows(tinytorch.summary(looked_at.shared(tinytorch), (1, 3, 16, 16)))
    assert found["conv:1"].params == 6 * 54 + 6 and not found["conv:1"].shared
    assert found["conv:2"].params == 0 and found["conv:2"].shared
    assert found["conv:1"].mult_adds == 4 * found["conv:2"].mult_adds == 256 * 6 * 55
    assert found["dense:1"].mult_adds == found["dense:2"].mult_adds == 6 * 7


def test_a_parameter_of_two_layers_counts_once():
    tied = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    tied[1].weight = tied[0].weight
    found = tinytorch.summary(tied, (1, 4))
    assert [row.params for row in found.rows] == [0, 20, 4] and found.rows[2].shared
    assert found.total_params == 24


def test_a_layer_that_is_never_called_is_told():
    found = rows(tinytorch.summary(looked_at.shared(tinytorch), (1, 3, 16, 16)))
    spare = found["spare"]
    assert (spare.output_shape, spare.params, spare.mult_adds, spare.activation_bytes) == (None, 35, 0, 0)
    assert "not called" in str(tinytorch.summary(looked_at.shared(tinytorch), (1, 3, 16, 16)))


def test_frozen_parameters_are_not_trained():
    model = nn.SimpleCNN()
    model.conv1.weight.requires_grad = model.conv1.bias.requires_grad = False
    found = tinytorch.summary(model, (1, 3, 32, 32))
    assert (found.total_params, found.trainable_params) == (60_362, 60_362 - 896)
    assert (rows(found)["conv1"].params, rows(found)["conv1"].trainable_params) == (896, 0)
    assert rows(found)["conv1"].mult_adds == 917_504


def test_functions_belong_to_the_layer_whose_forward_calls_them():
    found = tinytorch.summary(looked_at.functional(tinytorch), (1, 3, 23, 17))
    assert [row.name for row in found.rows] == [""]
    assert found.total_mult_adds == 4 * 11 * 8 * 27 + 7 * 100  # and none for the means of adaptive pooling
    block = rows(tinytorch.summary(looked_at.nested(tinytorch), (1, 3, 24, 20)))["blocks.0"]
    assert block.activation_bytes == 2 * 4 * 8 * 12 * 10  # x + change(x), and its relu


def test_views_take_no_memory_of_their_own():
    found = rows(tinytorch.summary(looked_at.dense(tinytorch), (5, 3, 4, 4)))
    assert found["0"].activation_bytes == 0 and found["2"].activation_bytes == 4 * 5 * 9


def test_receptive_fields_of_the_rows():
    found = rows(tinytorch.summary(nn.SimpleCNN(), (1, 3, 32, 32)))
    sizes = {name: row.receptive_field.axes[0] for name, row in found.items() if row.receptive_field}
    assert {name: (axis.size, axis.jump, axis.start) for name, axis in sizes.items()} == {
        "conv1": (3, 1, -1),
        "pool:1": (4, 2, -1),
        "conv2": (8, 2, -3),
        "pool:2": (10, 4, -3),
        "fc": (32, 0, 0),
        "": (32, 0, 0),
    }  # flatten has none: each of its numbers sees something else


def test_the_network_is_left_as_it_was():
    model = looked_at.nested(tinytorch)
    model.blocks[0].eval()
    state = {name: value.data.copy() for name, value in model.state_dict().items()}
    tinytorch.manual_seed(3)
    tinytorch.summary(model, (2, 3, 24, 20))
    drawn = tinytorch.randn(3).data
    tinytorch.manual_seed(3)
    assert np.array_equal(tinytorch.randn(3).data, drawn)  # what training draws is not changed by looking
    assert all(np.array_equal(value, model.state_dict()[name].data) for name, value in state.items())
    assert model.training and not model.blocks[0].training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_as_text():
    text = str(tinytorch.summary(nn.SimpleCNN(), (1, 3, 32, 32)))
    lines = text.splitlines()
    assert lines[0] == "SimpleCNN on 1x3x32x32"
    assert lines[2].split() == "layer output params % mult-adds % bytes % field jump start".split()
    cells = next(line for line in lines if line.lstrip().startswith("conv2")).split()
    assert cells == "conv2 (Conv2d) 1x64x16x16 18,496 30.6 4,734,976 83.2 65,536 14.8 8 2 -3".split()
    assert "60,362, of which 60,362 are trained" in text and "5,693,450" in text
    assert len(max(lines, key=len)) <= 120
    across = str(tinytorch.summary(nn.Conv2d(1, 1, (3, 5), stride=(1, 2)), (1, 1, 9, 9)))
    assert across.splitlines()[4].split()[-3:] == ["3x5", "1x2", "0"]


def test_as_html():
    class Odd(nn.Sequential):
        pass

    Odd.__name__ = "Odd<b>"
    page = tinytorch.summary(Odd(nn.Conv2d(1, 2, 3)), (1, 1, 5, 5))._repr_html_()
    assert page.count("<tr>") == 1 + 2 + 4
    assert "Odd&lt;b&gt;" in page and "Odd<b>" not in page
    assert ">180</td>" in page  # 9 places, 2 filters, 9 products and a bias


def test_without_images_no_receptive_fields_are_shown():
    text = str(tinytorch.summary(nn.Sequential(nn.Linear(4, 3)), (1, 4)))
    assert "jump" not in text and "15" in text


class Products(nn.Module):
    def forward(self, x):
        constant = tinytorch.Tensor(np.ones((4, 3), np.float32))
        return F.linear(x, constant.T, tinytorch.ones(3)) + (x @ constant + x.sum(dim=1, keepdim=True) + 2.0)


def test_every_product_counts_and_a_bias_is_what_is_added_to_each_row_of_one():
    assert tinytorch.summary(Products(), (2, 4)).total_mult_adds == 2 * 3 * (4 + 1) + 2 * 3 * 4


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((3, 32, 32), r"input_shape: expected \(batch, channels, height, width\).*batch of one: \(1, 3, 32, 32\)"),
        (32, r"input_shape: expected whole numbers from 1 on, batch first, .*got 32"),
        ((0, 3, 32, 32), "input_shape: expected whole numbers from 1 on"),
        ((1, 3, 32.0, 32), "input_shape: expected whole numbers from 1 on"),
        ((), "input_shape: expected whole numbers"),
        ((1, 1, 32, 32), "Conv2d: x: expected 3 channels, got 1"),
        ((1, 3, 16, 16), "Linear: input: expected 4096 features"),
    ],
)
def test_bad_shapes(shape, words):
    with pytest.raises(ValueError, match=words):
        tinytorch.summary(nn.SimpleCNN(), shape)


def test_a_dense_network_without_its_batch_axis():
    with pytest.raises(ValueError, match=r"expected \(batch, features\), got \(4,\); with a batch of one: \(1, 4\)"):
        tinytorch.summary(nn.Linear(4, 2), (4,))
