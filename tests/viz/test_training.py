"""Learning curves, confusion matrix, surest mistakes."""

import numpy as np
import pytest

from tinytorch import Trainer, nn
from tinytorch.data import DataLoader, Digits, Subset
from tinytorch.optim import SGD

pytestmark = pytest.mark.extras

HISTORY = [
    {"epoch": 1, "loss": 2.0, "accuracy": 0.3, "val_loss": 1.5, "val_accuracy": 0.5, "seconds": 1.0},
    {"epoch": 2, "loss": 1.0, "accuracy": 0.6, "val_loss": 0.75, "val_accuracy": 0.725, "seconds": 1.0},
]


def curves(axes):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def test_curves_of_loss_and_accuracy(viz):
    figure = viz.learning_curves(HISTORY)
    loss, accuracy = figure.axes
    assert curves(loss) == {"training": ([1, 2], [2.0, 1.0]), "validation": ([1, 2], [1.5, 0.75])}
    assert curves(accuracy) == {"training": ([1, 2], [0.3, 0.6]), "validation": ([1, 2], [0.5, 0.725])}
    assert loss.get_title() == "loss: 0.750 in validation at the end"
    assert accuracy.get_title() == "accuracy: 72.5% in validation at the end"
    assert loss.get_xlabel() == accuracy.get_xlabel() == "epoch"
    assert loss.get_ylim()[0] == 0


def test_what_was_not_measured_has_no_curve(viz):
    (axes,) = viz.learning_curves([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]).axes
    assert curves(axes) == {"training": ([1, 2], [0.5, 0.25])}
    assert axes.get_title() == "loss: 0.250 at the end"


def test_what_a_trainer_returns_can_be_drawn(viz):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    loader = DataLoader(Subset(Digits(), range(64)), batch_size=32)
    history = Trainer(model, SGD(model.parameters(), lr=0.1)).fit(loader, 2, validation=loader, verbose=False)
    loss, _ = viz.learning_curves(history).axes
    assert curves(loss)["validation"] == ([1, 2], [epoch["val_loss"] for epoch in history])


def test_no_history_or_something_else(viz):
    with pytest.raises(ValueError, match="history: expected at least one epoch, got none"):
        viz.learning_curves([])
    for wrong in ([0.5, 0.25], {"loss": [1, 2]}, None, [{"epoch": 1}]):
        with pytest.raises(TypeError, match="history: expected a list of dicts with a loss"):
            viz.learning_curves(wrong)


LOGITS = [[4, 0, 0], [0, 4, 0], [0, 9, 0], [0, 0, 1], [5, 0, 0], [0, 0, 3], [0, 2, 0]]
LABELS = np.array([0, 1, 0, 2, 2, 2, 0])


def test_a_confusion_matrix_counts_labels_down_and_guesses_across(viz, answers):
    model, images = answers(LOGITS)
    axes, bar = viz.confusion_matrix(model, (images, LABELS), classes=["ant", "bee", "cat"]).axes
    counts = np.array([[1, 2, 0], [0, 1, 0], [1, 0, 2]])
    np.testing.assert_allclose(axes.images[0].get_array(), counts / counts.sum(axis=1, keepdims=True))
    written = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axes.texts}
    assert written == {place: str(count) for place, count in np.ndenumerate(counts) if count}
    assert axes.get_title() == "4 of 7 pictures named rightly: 57.1%"
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == ["ant", "bee", "cat"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("the network says", "the picture shows")
    assert bar.get_ylabel() == "share of the row"


def test_a_data_set_tells_its_classes_also_behind_a_loader_and_a_subset(viz):
    model, digits = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), Digits(train=False)
    digits.classes = [f"digit {k}" for k in range(10)]
    part = Subset(digits, range(0, 355, 5))
    for data in (part, DataLoader(part, batch_size=20)):
        axes = viz.confusion_matrix(model, data).axes[0]
        assert [tick.get_text() for tick in axes.get_xticklabels()] == digits.classes
        assert "of 71 pictures" in axes.get_title()


def test_a_class_without_pictures_has_an_empty_row(viz, answers):
    model, images = answers([[1, 0, 0]])
    axes = viz.confusion_matrix(model, (images, [0])).axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), [[1, 0, 0], [0, 0, 0], [0, 0, 0]])


def test_with_more_than_20_classes_only_colours_are_drawn(viz, answers):
    model, images = answers(np.eye(21))
    axes = viz.confusion_matrix(model, (images, np.arange(21))).axes[0]
    assert not axes.texts and axes.images[0].get_array().shape == (21, 21)


def test_the_surest_mistakes_come_first(viz, answers):
    model, images = answers(LOGITS)
    figure = viz.surest_mistakes(model, (images, LABELS), count=2, classes=["ant", "bee", "cat"])
    assert figure.get_suptitle() == "The surest of 3 mistakes in 7 pictures"
    assert [axes.get_title() for axes in figure.axes] == [
        f"says bee {np.exp(9) / (np.exp(9) + 2):.1%}\nis ant",
        f"says ant {np.exp(5) / (np.exp(5) + 2):.1%}\nis cat",
    ]
    for axes, index in zip(figure.axes, (2, 4)):
        shown = axes.images[0].get_array()
        assert shown.argmax() == 0 and images[index, 0, 0, 0] == index


def test_no_mistake_is_told(viz, answers):
    model, images = answers([[1, 0], [0, 1]])
    figure = viz.surest_mistakes(model, (images, [0, 1]))
    assert figure.get_suptitle() == "No mistake in 2" and not figure.axes


WRONG = {
    "labels too large": ({"labels": LABELS + 1}, ValueError, "indices from 0 to 2, .*3 outputs, got 1 to 3"),
    "labels negative": ({"labels": LABELS - 1}, ValueError, "got -1 to 1"),
    "fewer labels": ({"labels": LABELS[:4]}, ValueError, r"same length, got shapes \(7, 1, 4, 4\), \(4,\)"),
    "one-hot": (
        {"labels": np.eye(3)[LABELS]},
        ValueError,
        r"shape \(7,\), got .*from one-hot rows: labels.argmax\(1\)",
    ),
    "names": ({"classes": ["ant"]}, ValueError, "classes: expected 3 names"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("draw", ["confusion_matrix", "surest_mistakes"])
def test_labels_that_do_not_match(viz, answers, draw, case):
    change, error, message = WRONG[case]
    given = {"labels": LABELS, "classes": None, **change}
    model, images = answers(LOGITS)
    with pytest.raises(error, match=message):
        getattr(viz, draw)(model, (images, given["labels"]), classes=given["classes"])


def test_data_that_is_none(viz, cnn, images):
    for wrong in (images, 3):
        with pytest.raises(TypeError, match="expected a data set, a DataLoader or a pair"):
            viz.confusion_matrix(cnn, wrong)
    with pytest.raises(ValueError, match=r"model: expected logits, shape \(N, classes\), got \(6, 5, 8, 8\)"):
        viz.confusion_matrix(cnn[0], (images, np.zeros(6, int)))
    with pytest.raises(ValueError, match="count: expected at least 1, got 0"):
        viz.surest_mistakes(cnn, (images, np.zeros(6, int)), count=0)
