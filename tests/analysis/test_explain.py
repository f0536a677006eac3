"""explain: each part of one number, against the layer itself and by hand."""

import looked_at
import numpy as np
import pytest

import tinytorch
from tinytorch import explain, nn

LAYERS = {
    "plain": lambda: nn.Conv2d(4, 6, 3),
    "padding, stride": lambda: nn.Conv2d(4, 6, (2, 3), stride=(2, 1), padding=(1, 2)),
    "dilation": lambda: nn.Conv2d(4, 6, 3, dilation=(2, 3), padding=3, bias=False),
    "groups": lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2),
    "depthwise": lambda: nn.Conv2d(4, 8, 2, groups=4),
    "same": lambda: nn.Conv2d(4, 6, 4, padding="same"),
    "valid": lambda: nn.Conv2d(4, 6, 1, stride=3, padding="valid"),
    "max": lambda: nn.MaxPool2d((2, 3)),
    "max, padding, dilation": lambda: nn.MaxPool2d(3, 2, 1, dilation=2),
    "average": lambda: nn.AvgPool2d(2),
    "average, border counts": lambda: nn.AvgPool2d(3, 2, 1),
    "average, border left out": lambda: nn.AvgPool2d(3, 2, (0, 1), count_include_pad=False),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_parts_make_the_value_at_every_place(name):
    layer, x = LAYERS[name](), looked_at.pictures(2, 4, 9, 8)
    if getattr(layer, "bias", None) is not None:
        layer.bias.data[...] = looked_at.pictures(*layer.bias.shape)
    y = layer(tinytorch.Tensor(x)).data
    padded = np.pad(x, ((0, 0), (0, 0), (9, 9), (9, 9)), constant_values=-np.inf if name.startswith("max") else 0)
    corners = [(n, o, i, j) for n in (0, 1) for o in (0, y.shape[1] - 1) for i in (0, -1) for j in (0, -1)]
    for n, o, i, j in [*corners, (1, 1, 1, 1)]:
        i, j = i % y.shape[2], j % y.shape[3]
        e = explain(layer, x, (n, o, i, j))
        assert e.value == y[n, o, i, j]
        assert np.array_equal(e.window, padded[n][np.ix_(e.channels, e.rows + 9, e.columns + 9)])
        assert np.array_equal(e.inside, ((e.rows >= 0) & (e.rows < 9))[:, None] & (e.columns >= 0) & (e.columns < 8))
        if e.kind == "convolution":
            assert np.array_equal(e.kernel, layer.weight.data[o])
            assert np.array_equal(e.products, e.window * e.kernel)
            assert e.bias == (0 if layer.bias is None else layer.bias.data[o])
            assert e.sum + e.bias == pytest.approx(e.value, abs=1e-5)
        elif e.kind == "max pooling":
            assert e.window[0][e.winner] == e.value == e.window.max()
        else:
            assert e.sum / e.divisor == pytest.approx(e.value, abs=1e-6)
            assert e.divisor == (e.inside.sum() if "left out" in name else e.inside.size)


def test_where_the_window_stands():
    e = explain(
        nn.Conv2d(6, 4, 3, stride=2, padding=1, dilation=2, groups=2), looked_at.pictures(2, 6, 9, 9), (1, 3, 0, 2)
    )
    assert e.rows.tolist() == [-1, 1, 3] and e.columns.tolist() == [3, 5, 7]
    assert e.channels.tolist() == [3, 4, 5]  # filter 3 of 4 is of the second group
    pooled = explain(nn.MaxPool2d(2), looked_at.pictures(2, 6, 9, 9), (1, 3, 0, 2))
    assert pooled.channels.tolist() == [3] and pooled.rows.tolist() == [0, 1] and pooled.columns.tolist() == [4, 5]


def test_of_equals_the_first_wins():
    assert explain(nn.MaxPool2d(2), np.ones((1, 1, 2, 2), np.float32), (0, 0, 0, 0)).winner == (0, 0)
    below_zero = explain(nn.MaxPool2d(2, padding=1), np.full((1, 1, 2, 2), -5, np.float32), (0, 0, 0, 0))
    assert below_zero.winner == (1, 1) and below_zero.value == -5


def by_hand():
    conv = nn.Conv2d(1, 1, 2, padding=1)
    conv.weight.data[...] = [[[[-1, -2], [0.5, 3]]]]
    conv.bias.data[...] = 10
    return explain(conv, np.arange(1, 5, dtype=np.float32).reshape(1, 1, 2, 2), (0, 0, 1, 0))


def test_a_convolution_as_text():
    # the window: border, 1 / border, 3
    assert str(by_hand()).splitlines() == [
        "convolution: y[0, 0, 1, 0] = 17",
        "the window on image 0, channel 0, begins at row 1*1 - 1 = 0, column 0*1 - 1 = -1",
        "",
        "  x[0, 0], rows 0 to 1, columns -1 to 0     kernel[0, 0]     products",
        "  border       1                             -1   -2          0  -2",
        "  border       3                            0.5    3          0   9",
        "",
        "sum of 4 products 7 + bias 10 = 17",
    ]


def test_pooling_as_text():
    x = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 2, 2)
    assert str(explain(nn.MaxPool2d(2), x, (0, 0, 0, 0))).splitlines()[-4:] == [
        "   1   2",
        "   3  4*",
        "",
        "the largest, marked *, at row 1, column 1: 4",
    ]
    assert str(explain(nn.AvgPool2d(2), x, (0, 0, 0, 0))).splitlines()[-1] == "sum 10 / 4 numbers = 2.5"
    border = explain(nn.AvgPool2d(2, 2, 1), x, (0, 0, 0, 0))
    assert str(border).splitlines()[-1] == "sum 1 / 4 numbers, the border counted as 0 = 0.25"


def test_many_channels_are_told_in_one_line():
    conv = nn.Conv2d(32, 4, 3)
    e = explain(conv, looked_at.pictures(1, 32, 5, 5), (0, 1, 0, 0))
    text = str(e)
    assert text.count("kernel[1, ") == 4 and len(text.splitlines()) < 40
    rest = f"{e.products[4:].sum() + 0.0:.5g}"
    assert f"and channels 4 to 31, 28 more: {rest}" in text
    assert f"sum of channel 2: {e.products[2].sum():.5g}" in text
    assert "sum of 288 products" in text


def test_in_a_notebook():
    page = by_hand()._repr_html_()
    assert page.count("<table") == 3 and page.count(">border</td>") == 2
    assert "17" in page and "bias 10" in page
    marked = explain(nn.MaxPool2d(2), np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2), (0, 0, 0, 0))._repr_html_()
    assert marked.count("font-weight:bold") == 1 + 0 and ">3*</td>" in marked


def test_functions_of_the_ladder_are_explained_too():
    class Slow(nn.Conv2d):
        def forward(self, x):
            return nn.functional.conv2d_loops(x, self.weight, self.bias, padding=1)

    assert explain(Slow(1, 1, 3), looked_at.pictures(1, 1, 4, 4), (0, 0, 0, 0)).rows.tolist() == [-1, 0, 1]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((2, 0, 0, 0), r"at: n \(image\): expected a whole number from 0 to 1, got 2; the output is \(2, 6, 7, 6\)"),
        ((0, 6, 0, 0), r"at: o \(channel\): .*from 0 to 5, got 6"),
        ((0, 0, 7, 0), r"at: i \(row\): .*from 0 to 6, got 7"),
        ((0, 0, 0, -1), r"at: j \(column\): .*from 0 to 5, got -1"),
        ((0, 0, 0.5, 0), r"at: i \(row\): expected a whole number"),
        ((0, 0, 0), r"at: expected \(n, o, i, j\)"),
        (0, r"at: expected \(n, o, i, j\)"),
    ],
)
def test_places_that_the_output_has_not(at, words):
    with pytest.raises(ValueError, match=words):
        explain(LAYERS["plain"](), looked_at.pictures(2, 4, 9, 8), at)


@pytest.mark.parametrize(
    ("layer", "x", "error", "words"),
    [
        (
            nn.Linear(8, 3),
            np.ones((2, 4, 9, 8), np.float32),
            TypeError,
            "layer: expected a convolution.*got Linear, ",
        ),
        (
            nn.Identity(),
            np.ones((2, 4, 9, 8), np.float32),
            TypeError,
            "layer: .*got Identity, whose output comes from no function",
        ),
        (
            nn.SimpleCNN(),
            np.ones((1, 3, 32, 32), np.float32),
            TypeError,
            "of a network, pass one layer, such as model.conv1",
        ),
        (nn.Conv2d(3, 2, 3), np.ones((3, 9, 8), np.float32), ValueError, "Conv2d: x: expected 4 axes"),
        (nn.Conv2d(3, 2, 3), np.ones((1, 3, 9, 8), np.int64), TypeError, "x: expected floating numbers, got int64"),
    ],
)
def test_bad_input(layer, x, error, words):
    with pytest.raises(error, match=words):
        explain(layer, x, (0, 0, 0, 0))
