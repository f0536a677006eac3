"""The speed ladder, from the file of `tito bench spatial --json`."""

import json

import pytest

pytestmark = pytest.mark.extras

ROWS = [
    {"rung": "conv2d_loops", "idea": "seven loops", "pictures": 1, "seconds": 8.0, "speed_up": 1.0},
    {"rung": "conv2d", "idea": "the exported one", "pictures": 32, "seconds": 0.004, "speed_up": 2000.0},
    {"rung": "torch", "idea": "torch 2.13.0", "pictures": 32, "seconds": 0.005, "speed_up": 1600.0},
]


def test_a_bar_for_each_rung_in_milliseconds(viz):
    (axes,) = viz.speed_ladder(ROWS).axes
    assert [bar.get_width() for bar in axes.patches] == [8000.0, 4.0, 5.0]
    assert [text.get_text() for text in axes.texts] == ["8,000.0 ms, 1x", "4.0 ms, 2,000x", "5.0 ms, 1,600x"]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names == ["conv2d_loops\nseven loops", "conv2d\nthe exported one", "torch 2.13.0"]
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "milliseconds for 32 pictures (logarithmic)"
    assert axes.get_title() == "One convolution, climbed in 2 rungs"
    assert axes.yaxis_inverted(), "the first rung stands at the top"
    ours, other = (axes.patches[i].get_facecolor() for i in (1, 2))
    assert ours != other, "torch is no rung of ours"


def test_the_file_of_the_bench(viz, tmp_path):
    file = tmp_path / "ladder.json"
    file.write_text(json.dumps({"machine": {}, "rows": ROWS}))
    for path in (file, str(file)):
        assert len(viz.speed_ladder(path).axes[0].patches) == 3


@pytest.mark.parametrize("content", ['{"machine": {}}', '{"rows": [{"work": "conv2d"}]}', "[1]", "not json"])
def test_another_file_is_answered_with_the_command_that_makes_one(viz, tmp_path, content):
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(ValueError, match="expected the rows of a ladder; make them: `tito bench spatial --json"):
        viz.speed_ladder(file)
