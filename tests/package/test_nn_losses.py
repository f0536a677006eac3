"""NLLLoss and BCEWithLogitsLoss: objects that remember the settings of a loss."""

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close

LOG_P = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6]])


@pytest.mark.parametrize(
    ("arguments", "settings", "expected"),
    [
        ([], {}, -np.log([0.5, 0.1, 0.6]).mean()),
        ([], {"reduction": "sum"}, -np.log([0.5, 0.1, 0.6]).sum()),
        ([], {"ignore_index": 1}, -np.log([0.5, 0.6]).mean()),
        ([[1.0, 3.0, 2.0]], {"reduction": "none"}, -np.log([0.5, 0.1, 0.6]) * [1, 3, 2]),
        ([[1.0, 3.0, 2.0]], {}, -np.log([0.5, 0.1, 0.6]) @ [1, 3, 2] / 6),
    ],
)
def test_nll_loss_is_called_with_the_settings(arguments, settings, expected):
    assert_close(nn.NLLLoss(*arguments, **settings)(Tensor(LOG_P), Tensor(np.array([0, 1, 2]))), expected)


def test_binary_cross_entropy_is_called_with_the_settings():
    # score 0: the probability of yes is a half, and either answer costs ln 2
    scores, answers = Tensor(np.zeros((1, 2))), Tensor(np.array([[1.0, 0.0]]))
    half = np.log(2)
    assert_close(nn.BCEWithLogitsLoss()(scores, answers), half)
    assert_close(nn.BCEWithLogitsLoss(reduction="sum")(scores, answers), 2 * half)
    loss = nn.BCEWithLogitsLoss([2.0, 5.0], reduction="none", pos_weight=[3.0, 7.0])
    assert_close(loss(scores, answers), np.array([[6 * half, 5 * half]]))


def test_weights_are_saved_and_not_learned():
    loss = nn.BCEWithLogitsLoss([1.0, 2.0], pos_weight=Tensor([3.0, 4.0]))
    assert sorted(loss.state_dict()) == ["pos_weight", "weight"]
    assert_close(nn.NLLLoss([1.0, 2.0]).state_dict()["weight"], Tensor([1.0, 2.0]))
    assert not list(loss.parameters())
    assert nn.NLLLoss().state_dict() == {}


@pytest.mark.parametrize("loss", [nn.NLLLoss, nn.BCEWithLogitsLoss])
def test_an_unknown_reduction_is_refused_when_the_object_is_made(loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: reduction: .*'summ'; did you mean 'sum'\?"):
        loss(reduction="summ")
