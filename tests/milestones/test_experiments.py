"""milestones/experiments: the facts of the chapter come out, and the tables say what was measured."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, nn, no_grad
from tinytorch.testing import assert_close, generator, shared_among

FOLDER = Path(__file__).resolve().parents[2] / "milestones" / "experiments"
NAMES = ["weight_sharing", "translation", "receptive_field", "small_kernels", "separable", "memory", "timing"]


@pytest.fixture
def experiment(monkeypatch):
    """An experiment by name. They are files beside their program, as Python runs it."""
    monkeypatch.syspath_prepend(FOLDER)
    files = {path.stem for path in FOLDER.glob("[!_]*.py")}
    yield importlib.import_module
    for name in files & sys.modules.keys():
        if Path(sys.modules[name].__file__ or "").parent == FOLDER:
            del sys.modules[name]


def run(*arguments):
    return subprocess.run([sys.executable, FOLDER, *arguments], capture_output=True, text=True, timeout=120)


# ---- weight sharing --------------------------------------------------------------------------------


def test_parameters_of_a_convolution_and_of_the_dense_map(experiment):
    rows = {row["in"]: row for row in experiment("weight_sharing").measure()["rows"]}
    small, colour = rows[1, 8, 8], rows[3, 32, 32]
    assert (small["conv"], small["dense"]) == (10, sum(p.numel() for p in nn.Linear(64, 64).parameters()))
    assert (colour["conv"], colour["out"]) == (896, (32, 32, 32))
    assert colour["dense"] - 32 * 32 * 32 == 100_663_296, "the weights, without the biases"
    assert rows[3, 224, 224]["out"] == (64, 112, 112)


@pytest.mark.parametrize("settings", [{"padding": 1}, {"stride": 2}])
def test_the_matrix_does_what_the_convolution_does(experiment, settings):
    sharing, conv = experiment("weight_sharing"), nn.Conv2d(2, 3, 3, bias=False, **settings)
    x = Tensor(generator().random((4, 2, 5, 5), np.float32))
    with no_grad():
        assert_close(conv(x).flatten(1), x.flatten(1).data @ sharing.matrix(conv, (2, 5, 5)).T)


def test_one_filter_as_a_matrix_has_nine_different_weights(experiment):
    weights = experiment("weight_sharing").measure()["matrix"]
    assert weights.shape == (64, 64)
    assert len(np.unique(weights[weights != 0])) == 9
    assert np.count_nonzero(weights) == (3 * 8 - 2) ** 2, "rows above and below are missing at the border, and columns"


# ---- translation -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def translation():
    sys.path.insert(0, str(FOLDER))
    try:
        module = importlib.import_module("translation")
        tinytorch.manual_seed(int(generator().integers(2**32)))
        return module, module.measure(1500, {"convolutional": 4, "dense": 15})
    finally:
        sys.path.remove(str(FOLDER))


def test_the_other_corner_is_known_to_the_convolutional_network_only(translation):
    _, found = translation
    cnn, dense = (found["accuracies"][name] for name in ("convolutional", "dense"))
    assert cnn["upper left"] > 0.9 and dense["upper left"] > 0.7, "both have learned the corner they were shown"
    assert cnn["lower right"] > 0.9 * cnn["upper left"]
    assert dense["lower right"] < 0.2, "ten classes: chance is 0.1"
    assert dense["parameters"] > cnn["parameters"]


def test_convolution_is_equivariant_to_rounding_and_pooling_partly_invariant(translation):
    _, found = translation
    assert [row["shift"] for row in found["shifts"]] == [1, 2, 3, 4]
    for row in found["shifts"]:
        assert row["moved back"] < 1e-6
        assert row["conv"] > row["pooled 2 × 2"] > row["pooled 4 × 4"] > 0.1, "less with every pooling, but not nothing"
        assert row["mean of all places"] < 0.05
    for name in ("conv", "pooled 2 × 2", "pooled 4 × 4"):
        changes = [row[name] for row in found["shifts"]]
        assert changes == sorted(changes)


def test_the_training_corner_and_the_other_do_not_overlap(translation):
    module, _ = translation
    here, there = (module.shapes(where, False, 100).images > 128 for where in (module.UPPER_LEFT, module.LOWER_RIGHT))
    assert here[:, :, :16, :16].any(axis=(1, 2, 3)).all() and there[:, :, 16:, 16:].any(axis=(1, 2, 3)).all()
    here[:, :, :16, :16] = there[:, :, 16:, 16:] = False
    assert not here.any() and not there.any()


def test_a_layer_that_is_not_equivariant_is_found_out(translation):
    module, _ = translation

    class Dense(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(3 * 16 * 16, 4 * 16 * 16)

        def forward(self, x):
            return self.inner(x.flatten(1)).reshape(len(x), 4, 16, 16)

    rows = module.shift_effects(Dense(), generator().random((2, 3, 16, 16), np.float32))
    assert all(row["moved back"] > 0.1 for row in rows)


# ---- receptive field and small kernels -------------------------------------------------------------


def test_sixteen_layers_of_3_by_3_see_all_of_32_by_32(experiment):
    found = experiment("receptive_field").until_all_is_seen(32)
    assert [row["layers"] for row in found] == list(range(1, 17))
    assert [row["size"] for row in found] == list(range(3, 34, 2))
    assert [row["pixels"] for row in found] == [(1 + 2 * n) ** 2 for n in range(1, 16)] + [1024]


def test_many_small_layers_against_one_large_kernel(experiment):
    small, large = experiment("receptive_field").measure(8)["networks"].items()
    assert (small[0], large[0]) == ("4 layers 3 × 3", "one layer 9 × 9")
    for (_, row), parameters, layers in ((small, 4 * 9 * 16**2, 4), (large, 81 * 16**2, 1)):
        assert row["receptive field"] == 9
        assert row["parameters"] == parameters
        assert row["multiply-adds"] == parameters * 64, "each weight once for each of 8 × 8 places"
        assert row["nonlinearities"] == layers
        assert row["effective"].shape == (8, 8)


def test_three_3_by_3_against_one_7_by_7(experiment):
    pairs = experiment("small_kernels").measure(rounds=1, pairs=[(2, 5), (3, 7)])
    found = {name: row for pair in pairs for name, row in pair.items()}
    small, large = found["3 of 3 × 3"], found["one 7 × 7"]
    assert (small["weights"], large["weights"]) == (110_592, 200_704)
    assert (small["per output"], large["per output"]) == (1_728, 3_136)
    assert (small["sees"], large["sees"]) == (7, 7)
    assert (small["ReLU"], large["ReLU"]) == (3, 1)
    assert all(one["sees"] == other["sees"] for one, other in (pair.values() for pair in pairs))


# ---- separable, memory, time -----------------------------------------------------------------------


def test_separable_convolution_costs_what_the_formula_says(experiment):
    separable = experiment("separable")
    found = separable.measure(rounds=1, count=100, epochs=1)
    ordinary, apart = found["layer"]["ordinary"], found["layer"]["separable"]
    assert (ordinary["parameters"], apart["parameters"]) == (9 * 64 * 128, 9 * 64 + 64 * 128)
    assert apart["multiply-adds"] / ordinary["multiply-adds"] == pytest.approx(1 / 128 + 1 / 9)
    for row in found["network"].values():
        assert 0 <= row["accuracy"] <= 1 and row["milliseconds"] > 0
    assert found["network"]["separable"]["parameters"] < found["network"]["ordinary"]["parameters"] / 5


def test_separable_is_an_ordinary_convolution_of_a_special_kind(experiment):
    separable = experiment("separable")
    alone, mix, whole = separable.depthwise(2), separable.pointwise(2, 3), separable.ordinary(2, 3)
    whole.weight.data[...] = mix.weight.data * alone.weight.data[:, 0]
    x = Tensor(generator().random((1, 2, 5, 5), np.float32))
    assert_close(mix(alone(x)), whole(x))


def test_activations_of_simple_cnn_and_what_backward_keeps(experiment):
    memory = experiment("memory")
    with shared_among(1):  # each core has buffers of its own for the convolutions
        found = memory.measure(batch=64)  # with few pictures, they weigh more
    sizes = [32 * 32 * 32, 32 * 32 * 32, 32 * 16 * 16, 64 * 16 * 16, 64 * 16 * 16, 64 * 8 * 8, 0, 10]
    assert [row["bytes"] for row in found["rows"]] == [64 * 4 * size for size in sizes]
    simple, other = found["networks"]["SimpleCNN"], found["networks"]["without pooling"]
    assert simple["parameters"] == 60_362 and other["parameters"] == 896 + 18_496 + 655_370
    for row in (simple, other):
        assert row["kept for backward"] == pytest.approx(row["activations"], rel=0.02), "all outputs are kept"
        assert row["without gradients"] < 0.75 * row["kept for backward"]
        assert row["a training step"] > row["kept for backward"]
    assert other["activations"] > 1.7 * simple["activations"]


def test_the_steps_of_simple_cnn_are_its_forward(experiment):
    memory, model = experiment("memory"), nn.SimpleCNN()
    x = y = Tensor(generator().random((2, 3, 32, 32), np.float32))
    for _, step in memory.pooled(model):
        y = step(y)
    assert_close(y, model(x))


def test_exponents_are_fitted(experiment, capsys):
    timing = experiment("timing")
    p, a = timing.power_law([2, 4, 8, 16], [3 * size**1.7 for size in (2, 4, 8, 16)])
    assert (p, a) == (pytest.approx(1.7), pytest.approx(3))
    found = timing.measure(rounds=1)
    assert list(found) == ["kernel size", "channels", "image side"]
    for row in found.values():
        assert timing.power_law(row["sizes"], row["multiply-adds"])[0] == pytest.approx(2)
        assert len(row["milliseconds"]) == len(row["sizes"]) and min(row["milliseconds"]) > 0
    timing.show(found)
    measured = timing.power_law(found["channels"]["sizes"], found["channels"]["milliseconds"])[0]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("channels")]
    assert line.split()[-2:] == [f"{measured:.2f}", "2.00"]


# ---- tables and figures ----------------------------------------------------------------------------


def test_a_table_has_words_to_the_left_and_numbers_to_the_right(experiment, capsys):
    experiment("tools").table(["name", "count", "share"], [["a", 1200, "3.5%"], ["long name", 7, "12.0%"]])
    assert capsys.readouterr().out.splitlines() == [
        "name       count  share",
        "---------  -----  -----",
        "a          1,200   3.5%",
        "long name      7  12.0%",
    ]


QUICK = {
    "weight_sharing": {},
    "receptive_field": {"side": 6},
    "small_kernels": {"rounds": 1, "pairs": [(2, 5)]},
    "separable": {"rounds": 1, "count": 100, "epochs": 1},
    "memory": {"batch": 2},
    "timing": {"rounds": 1},
}


@pytest.mark.extras
@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_drawn(experiment, tmp_path, request, name):
    pytest.importorskip("matplotlib", reason="figures need the extra `viz`: pip install -e '.[viz]'")
    if name == "translation":
        module, found = request.getfixturevalue("translation")
    else:
        module = experiment(name)
        found = module.measure(**QUICK[name])
    figure = module.draw(found)
    figure.savefig(tmp_path / "figure.png")
    for axes in figure.axes:
        if axes.get_label() != "<colorbar>":
            assert axes.get_title() and (axes.lines or axes.patches or axes.images)


@pytest.mark.extras
def test_the_drawn_numbers_are_the_measured_ones(experiment):
    pytest.importorskip("matplotlib", reason="figures need the extra `viz`: pip install -e '.[viz]'")
    sharing = experiment("weight_sharing")
    found = sharing.measure()
    bars, matrix = sharing.draw(found).axes[:2]
    assert {bar.get_width() for bar in bars.patches} == {row[k] for row in found["rows"] for k in ("conv", "dense")}
    np.testing.assert_array_equal(matrix.images[0].get_array(), found["matrix"])


# ---- the program -----------------------------------------------------------------------------------


def test_without_a_name_it_lists_the_experiments():
    done = run()
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(NAMES)]] == NAMES, done.stderr
    assert all(len(line.split()) > 5 for line in lines[: len(NAMES)]), "a sentence about each"


def test_a_named_one_is_run():
    done = run("weight_sharing", "memory")
    assert done.returncode == 0, done.stderr
    assert "100,696,064" in done.stdout and "64 × 16 × 16" in done.stdout


def test_a_terminal_without_unicode_gets_its_tables(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("memory")
    assert done.returncode == 0, done.stderr
    assert "32 ? 32 ? 32" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["weigth_sharing"], "no experiment 'weigth_sharing'; did you mean weight_sharing?"),
        (["memory", "timing", "--plot", "x.png"], "--plot draws one experiment: name one"),
        (["--plot", "x.png"], "--plot draws one experiment: name one"),
    ],
)
def test_what_cannot_be_run_is_said_at_once(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.extras
@pytest.mark.parametrize(
    ("file", "message"),
    [("x.foo", "of no kind that can be drawn: name it x.png"), ("/nowhere/x.png", "there is no folder /nowhere")],
)
def test_a_figure_that_could_not_be_written_is_refused_before_anything_is_measured(file, message):
    pytest.importorskip("matplotlib", reason="figures need the extra `viz`: pip install -e '.[viz]'")
    done = run("memory", "--plot", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_plot_without_matplotlib_names_the_extra(tmp_path):
    program = (
        "import runpy, sys\nsys.modules['matplotlib'] = None\n"
        f"sys.argv[1:] = ['memory', '--plot', 'x.png']\nrunpy.run_path({str(FOLDER)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert "the extra `viz`: pip install -e '.[viz]'" in done.stderr


@pytest.mark.extras
def test_a_figure_is_written(tmp_path):
    pytest.importorskip("matplotlib", reason="figures need the extra `viz`: pip install -e '.[viz]'")
    done = run("weight_sharing", "--plot", tmp_path / "sharing.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sharing.png").read_bytes().startswith(b"\x89PNG")
