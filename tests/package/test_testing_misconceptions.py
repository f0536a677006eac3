"""The catalogue: it names the mistake that was made and no other, and puts mistakes into a dev file."""

import importlib
import inspect
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from tinytorch import core
from tinytorch.testing import Case, assert_close, generator, misconceptions
from tinytorch.testing.misconceptions import catalogue, diagnose, diagnosis, draw_for, mutate
from tinytorch.testing.misconceptions.diagnosis import alike
from tinytorch.testing.misconceptions.places import in_place, places

KNOWN = "tinytorch.testing.misconceptions.m09_spatial"
FLIPPED = "conv2d: your output is what you get when the kernel is flipped."


def right(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """The convolution that the students of these tests should write; padding and dilation stay as they are."""
    assert (padding, dilation, groups) == (0, 1, 1)
    down, across = (stride, stride) if isinstance(stride, int) else stride
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::down, ::across]
    y = np.einsum("ncijpq,ocpq->noij", windows, weight)
    return y if bias is None else y + bias[:, None, None]


def flipped(x, weight, bias=None, **settings):
    return right(x, weight[..., ::-1, ::-1], bias, **settings)


def stride_ignored(x, weight, bias=None, *, stride=1, **settings):
    return right(x, weight, bias, **settings)


def bias_forgotten(x, weight, bias=None, **settings):
    return right(x, weight, **settings)


def conv2d_cases(random, home):
    x = random.standard_normal((2, 2, *random.integers(3, 7, 2)))
    weight = random.standard_normal((3, 2, *random.integers(1, 4, 2)))
    stride = tuple(int(s) for s in random.integers(1, 4, 2))
    return Case(home.conv2d, x, weight, random.standard_normal(3), stride=stride)


def module(name, code, **names):
    home = types.ModuleType(name)
    vars(home).update(np=np, right=right, **names)
    exec(code, vars(home))
    return home


@pytest.fixture
def student(monkeypatch):
    """Make a loaded `pretend_dev` of some code, as if a student's file had been imported.

    A module of its own, so that what the real chapters have loaded is not found beside it.
    """

    def load(code, **names):
        home = module("pretend_dev", code, **names)
        monkeypatch.setitem(sys.modules, "pretend_dev", home)
        return home

    return load


def conv2d(change):
    return f"""
def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    {change}
    return right(x, weight, bias, **settings)
"""


@pytest.fixture
def only(monkeypatch):
    """A catalogue with nothing in it but what the test enters."""
    monkeypatch.setattr(misconceptions, "_entries", [])
    monkeypatch.setattr(misconceptions, "_draws", {})
    monkeypatch.setattr(misconceptions, "_layers", [])
    monkeypatch.setattr(misconceptions, "_load", lambda: None)

    def enter(place, name, wrong, draw=None):
        wrong.__module__ = "tinytorch.testing.misconceptions.m10_pretend"
        misconceptions.misconception(place, name=name, belief="b", explanation="e.", hints=("h", "i"))(wrong)
        if draw is not None:
            draw.__module__ = wrong.__module__
            misconceptions.draws(place)(draw)

    return enter


@pytest.fixture
def known(only):
    """A catalogue of three mistakes in conv2d."""
    only("conv2d", "the kernel is flipped", flipped, conv2d_cases)
    only("conv2d", "the stride is ignored", stride_ignored)
    only("conv2d", "the bias is forgotten", bias_forgotten)


X, W = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([[[[0.0, 0.0], [0.0, 1.0]]]])


def test_the_mistake_is_the_first_thing_said(student, known):
    case = Case(student(conv2d("weight = weight[:, :, ::-1, ::-1]")).conv2d, X, W)
    with pytest.raises(AssertionError) as caught:
        assert_close(case(), np.array([[[[4.0]]]]), case=case)
    lines = str(caught.value).splitlines()
    assert lines[0] == FLIPPED
    assert lines[1] == "  e."
    assert lines[2].endswith("expected 4, got 1")
    assert caught.value.diagnosis.headline == FLIPPED


def test_the_shape_gives_a_mistake_away_too(student, known):
    case = Case(student(conv2d("settings['stride'] = 1")).conv2d, np.ones((1, 1, 5, 5)), W, stride=2)
    with pytest.raises(AssertionError, match="when the stride is ignored.(.|\n)*expected shape"):
        assert_close(case(), np.ones((1, 1, 2, 2)), case=case)


def test_a_mistake_that_nobody_knows_is_not_named(student, known):
    case = Case(student(conv2d("weight = 1.5 * weight")).conv2d, X, W)
    assert diagnose(case, case()) is None


def test_an_accident_on_these_inputs_is_not_a_mistake(student, known):
    # All zeros is what the flipped kernel gives here, too; on other inputs it is not.
    home = student(conv2d("return np.zeros((1, 1, 1, 1))"))
    x = np.array([[[[0.0, 1.0], [1.0, 1.0]]]])
    case = Case(home.conv2d, x, W)
    assert alike(case(), flipped(x, W))
    assert diagnose(case, case()) is None


def test_two_mistakes_that_look_alike_are_told_apart(student, only):
    def stride_on_rows_only(x, weight, bias=None, *, stride=1, **settings):
        return right(x, weight, bias, stride=(stride[0], 1), **settings)

    only("conv2d", "the stride is ignored", stride_ignored)
    only("conv2d", "the stride moves rows only", stride_on_rows_only, conv2d_cases)
    row = np.arange(5.0).reshape(1, 1, 1, 5)
    for change, name in (("1", "the stride is ignored"), ("(stride[0], 1)", "the stride moves rows only")):
        case = Case(student(conv2d(f"settings['stride'] = {change}")).conv2d, row, np.ones((1, 1, 1, 1)), stride=(2, 2))
        found = diagnose(case, case())
        assert [entry.name for entry in found.entries] == [name]


def test_what_cannot_be_told_apart_is_all_said(student, only):
    only("conv2d", "this is done", bias_forgotten)
    only("conv2d", "that is done", lambda x, weight, bias=None, **settings: right(x, weight, **settings))
    case = Case(student(conv2d("bias = None")).conv2d, X, W, np.ones(1))
    text = diagnose(case, case()).text
    assert "when this is done.\n  e.\nor, which looks the same here:\nconv2d" in text and "when that is done." in text


LAYER = """
class Conv2d:
    def __init__(self, weight):
        self.weight = weight
    def __call__(self, x):
        return self.forward(x)
    def forward(self, x):
        return conv2d(x, self.weight)
"""


def test_a_mistake_in_a_function_is_named_under_the_layer_that_uses_it(student, known):
    home = student(conv2d("weight = weight[:, :, ::-1, ::-1]") + LAYER)
    case = Case(home.Conv2d(W), X)
    assert diagnose(case, case()).headline == FLIPPED


def test_a_layer_that_errs_itself_is_not_blamed_on_its_function(student, known):
    home = student(conv2d("") + LAYER.replace("conv2d(x, self.weight)", "conv2d(x, 2 * self.weight)"))
    case = Case(home.Conv2d(W), X)
    assert diagnose(case, case()) is None


@pytest.fixture
def declared(known, monkeypatch):
    """`known`, and what the forward of Conv2d gives."""

    def forward(home, self, x):
        return home.conv2d(x, self.weight, self.bias, stride=self.stride)

    forward.__module__ = "tinytorch.testing.misconceptions.m10_pretend"
    misconceptions.layer("Conv2d.forward", of="conv2d")(forward)


STRIDED = """
class Conv2d:
    def __init__(self, weight, bias, stride):
        self.weight, self.bias, self.stride = weight, bias, stride
    def __call__(self, x):
        return self.forward(x)
    def forward(self, x):
        return conv2d({})

def network(x):
    return Conv2d(np.arange(8.0).reshape(2, 1, 2, 2), np.ones(2), 2)(x)
"""
PASSED_ON = "x, self.weight, self.bias, stride=self.stride"
OF_LAYER = "Conv2d.forward: your output is what you get when {}."


def strided_case(home, made_within, weight=None):
    """A case that is the layer, or a function that makes it."""
    layer = home.Conv2d(np.arange(8.0).reshape(2, 1, 2, 2) if weight is None else weight, np.ones(2), 2)
    return Case(home.network if made_within else layer, np.arange(25.0).reshape(1, 1, 5, 5))


@pytest.mark.parametrize("made_within", [False, True])
@pytest.mark.parametrize(
    ("passed_on", "headline"),
    [
        ("x, self.weight[..., ::-1, ::-1], self.bias, stride=2", OF_LAYER.format("the kernel is flipped")),
        ("x, self.weight, self.bias", OF_LAYER.format("the stride is ignored")),
        ("x, self.weight, stride=self.stride", OF_LAYER.format("the bias is forgotten")),
        ("x, 2 * self.weight, self.bias, stride=self.stride", None),
    ],
)
def test_a_mistake_in_a_forward_is_the_layers(student, declared, passed_on, headline, made_within):
    case = strided_case(student(conv2d("") + STRIDED.format(passed_on)), made_within)
    found = diagnose(case, case())
    assert [entry.headline for entry in found.entries] == [headline] if headline else found is None


@pytest.mark.parametrize("made_within", [False, True])
@pytest.mark.parametrize("change", ["weight = weight[:, :, ::-1, ::-1]", "weight = 2 * weight"])
def test_a_mistake_in_its_function_is_not_the_layers(student, declared, change, made_within):
    case = strided_case(student(conv2d(change) + STRIDED.format(PASSED_ON)), made_within)
    found = diagnose(case, case())
    assert [entry.headline for entry in found.entries] == [FLIPPED] if "::-1" in change else found is None


def test_an_accident_with_these_weights_is_no_mistake_of_the_layer(student, declared):
    passed_on = PASSED_ON.replace("self.weight", "self.weight.swapaxes(2, 3)")
    home = student(conv2d("") + STRIDED.format(passed_on))
    weight = np.array([[[[5.0, 1.0], [2.0, 5.0]]]] * 2)  # transposed and flipped are the same
    case = strided_case(home, False, weight)
    assert alike(case(), flipped(case.inputs[0], weight, np.ones(2), stride=2))
    assert diagnose(case, case()) is None


def test_a_mistake_is_the_functions_where_the_layer_is_not_made_as_declared(student, declared):
    layer = STRIDED.format(PASSED_ON).replace("self.stride", "self.step")
    case = strided_case(student(conv2d("weight = weight[:, :, ::-1, ::-1]") + layer), False)
    assert diagnose(case, case()).headline == FLIPPED


def test_a_mistake_of_a_layer_takes_the_place_of_the_solution(student, declared, tmp_path):
    [derived] = [entry for entry in catalogue() if entry.key == "10_pretend/Conv2d.forward/flipped"]
    source = (
        "class Conv2d:\n    def forward(self, x):\n        check(x)\n        ### BEGIN SOLUTION\n"
        "        return conv2d(x, self.weight)\n        ### END SOLUTION\n"
    )
    mutated = mutate(source, derived).splitlines()
    assert mutated[:4] == source.splitlines()[:4] and mutated[-1] == source.splitlines()[-1]
    assert mutated[4:-1] == [
        "        from tinytorch.testing.misconceptions import wrong_function",
        "        return wrong_function('10_pretend/Conv2d.forward/flipped')(self, x)",
    ]
    assert misconceptions.wrong_function(derived.key).__name__ == "flipped"


OPTIMIZER = """
class Adam:
    def __init__(self, value):
        super().__init__()
        self.value = value
    def step(self, gradient):
        __class__
        self.value = self.value - 0.1 * np.sign(gradient) {change}
"""


@pytest.mark.parametrize(("change", "named"), [("* 3", True), ("* 4", False)])
def test_a_method_with_state_can_be_diagnosed(student, only, change, named):
    def three_times(self, gradient):
        self.value = self.value - 0.3 * np.sign(gradient)

    def steps(home):
        def two_steps(value, gradient):
            optimizer = home.Adam(value)
            optimizer.step(gradient)
            optimizer.step(gradient)
            return optimizer.value

        return two_steps

    def draw(random, home):
        return Case(steps(home), random.standard_normal(3), random.standard_normal(3))

    only("Adam.step", "each step is made three times", three_times, draw)
    home = student(OPTIMIZER.format(change=change))
    case = Case(steps(home), np.ones(2), np.ones(2))
    found = diagnose(case, case())
    assert (found is not None) == named
    if found:
        assert found.headline == "Adam.step: your output is what you get when each step is made three times."


def test_a_mistake_is_known_by_its_exception_too(student, only):
    def raises(x, weight, bias=None, **settings):
        raise ValueError("no room")

    only("conv2d", "the padding comes after", raises)
    case = Case(student(conv2d("raise ValueError('no room')")).conv2d, X, W)
    with pytest.raises(AssertionError, match="when the padding comes after.\n  e.\nValueError: no room"):
        case()
    with pytest.raises(TypeError):
        Case(student(conv2d("raise TypeError('no room')")).conv2d, X, W)()


def test_diagnosing_prints_nothing_warns_of_nothing_and_leaves_the_code_as_it_was(student, known, capsys):
    home = student(conv2d("print('tried'); weight = weight[:, :, ::-1, ::-1] / np.zeros(1)"))
    code = home.conv2d.__code__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case = Case(home.conv2d, X, W)
        got = case()
    capsys.readouterr()
    diagnose(case, got)
    assert capsys.readouterr().out == ""
    assert home.conv2d.__code__ is code and not [name for name in vars(home) if "wrong" in name]
    assert home.conv2d.__kwdefaults__ == {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def test_a_no_grad_that_never_ends_changes_nothing_that_is_tried_after_it():
    from tinytorch.core.autograd import no_grad
    from tinytorch.core.tensor import Tensor

    def doubled(x):
        with no_grad():
            2 * x
        return (2 * x).requires_grad

    (entry,) = (entry for entry in catalogue() if entry.wrong.__name__ == "disabled_for_good")
    case = Case(doubled, Tensor([1.0], requires_grad=True))
    with in_place(entry.where, entry.wrong):
        assert diagnosis._outcome(case) is False
    assert case()


def test_a_stand_in_serves_every_reference_and_goes_even_after_an_error(student):
    home = student(conv2d(""))
    kept = home.conv2d
    where = ("10_pretend", "conv2d")
    with pytest.raises(KeyError), in_place(where, lambda *given, **settings: "stood in") as calls:
        assert calls == [] and kept(X, W, stride=2) == kept(X, W) == "stood in"
        assert calls == [((X, W), {"stride": 2})], "the first call"
        raise KeyError
    assert kept(X, W).shape == (1, 1, 1, 1)


def test_only_loaded_places_are_found(student):
    assert places(("10_pretend", "conv2d_of_nobody")) == []
    home = student("from textwrap import dedent as borrowed\ndef own(): pass\n")
    assert [place.home for place in places(("10_pretend", "own"))] == [home]
    assert places(("10_pretend", "borrowed")) == []


def test_a_rule_is_found_by_the_module_that_wrote_it(student, monkeypatch):
    home = student("def conv2d(x): pass\ndef rule(grad, out, x): pass\n")
    other = module("tinytorch.core.pretend", "def conv2d(x): pass\ndef rule(grad, out, x): pass\n")
    monkeypatch.setitem(sys.modules, "tinytorch.core.pretend", other)
    autograd = types.ModuleType("autograd_dev")
    autograd.rules = {other.conv2d: other.rule, home.conv2d: home.rule}
    monkeypatch.setitem(sys.modules, "autograd_dev", autograd)
    assert {place.function for place in places(("10_pretend", "vjp(conv2d)"))} == {home.rule, other.rule}
    assert {place.home for place in places(("10_pretend", "vjp(conv2d)"))} == {home, other}


def test_a_function_that_is_found_twice_is_itself_again_afterwards(student, monkeypatch):
    home = student("def conv2d(x): pass\ndef rule(grad, out, x): return 'mine'\n")
    for name in ("autograd_dev", "tinytorch.core.autograd"):  # two tables with one rule, as after `rules[g] = rules[f]`
        autograd = types.ModuleType(name)
        autograd.rules = {home.conv2d: home.rule}
        monkeypatch.setitem(sys.modules, name, autograd)
    with in_place(("10_pretend", "vjp(conv2d)"), lambda grad, out, x: "wrong"):
        assert home.rule(1, 2, 3) == "wrong"
    assert home.rule(1, 2, 3) == "mine"


DEV = '''
@primitive
def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Slide.

    TODO: write it.
    """
    # a remark
    ### BEGIN SOLUTION
    return (
        x + weight
    )
    ### END SOLUTION

# %% the next cell
@vjp(T.conv2d)
def _(grad, out, x, weight, bias=None, **settings):
    ### BEGIN SOLUTION
    return grad
    ### END SOLUTION


class Adam(Optimizer):
    rate = 1

    def step(self, *groups): return None

    def other(self):
        @decorated
        def inner():
            pass

        return 5

    def documented(self):
        """Nothing more."""
'''


def entry(place, name="kernel_flipped"):
    wrong = types.FunctionType((lambda: None).__code__, {}, name)
    wrong.__module__ = KNOWN
    return misconceptions.Misconception("n", ("09_spatial", place), "b", "e", ("h",), wrong)


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("conv2d", "kernel_flipped(x, weight, bias, stride=stride, padding=padding)"),
        ("vjp(conv2d)", "kernel_flipped(grad, out, x, weight, bias, **settings)"),
        ("Adam.step", "kernel_flipped(self, *groups)"),
        ("Adam.other", "kernel_flipped(self)"),
        ("Adam.documented", "kernel_flipped(self)"),
    ],
)
def test_a_mistake_takes_the_place_of_the_solution_and_of_nothing_else(place, call):
    mutated = mutate(DEV, entry(place))
    compile(mutated, "dev", "exec")
    assert f"return {call}\n" in mutated
    assert mutated.count("import kernel_flipped") == 1
    for text in ("TODO: write it.", "# %% the next cell", "@primitive", "rate = 1"):
        assert text in mutated
    others = {
        "conv2d": "x + weight",
        "vjp(conv2d)": "return grad",
        "Adam.other": "return 5",
        "Adam.step": "return None",
    }
    assert [text in mutated for name, text in others.items()] == [name != place for name in others]
    assert ("@decorated" in mutated) == (place != "Adam.other")
    marked = (
        f"    ### BEGIN SOLUTION\n    from {KNOWN} import kernel_flipped\n    return {call}\n    ### END SOLUTION\n"
    )
    assert (marked in mutated) == (place[-2:] in ("2d", "d)")), "what was an exercise is one"
    assert mutated.count("### BEGIN SOLUTION") == mutated.count("### END SOLUTION") == DEV.count("### BEGIN SOLUTION")


def test_a_place_that_is_not_there_is_an_error():
    for place in ("conv3d", "Adam.undo", "Nobody.step", "vjp(conv3d)"):
        with pytest.raises(LookupError, match="the dev file has no"):
            mutate(DEV, entry(place))


def test_a_mutated_dev_file_is_red_and_names_the_mistake(tmp_path):
    dev = f"""import numpy as np
from tinytorch.testing import Case, assert_close, inline_test, report

{inspect.getsource(right)}

def conv2d_windows(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    return right(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)

@inline_test("Conv2d")
def test_conv2d(verify):
    with verify("a window, a bias, a stride"):
        case = Case(conv2d_windows, np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 2.0]]]]), np.ones(1), stride=2)
        assert_close(case(), np.array([3.0, 21.0]).reshape(1, 1, 2, 1), case=case)
report()
"""
    (known,) = [entry for entry in catalogue() if entry.key == "09_spatial/conv2d_windows/kernel_flipped"]
    for text, status in ((dev, 0), (mutate(dev, known), 1)):
        (tmp_path / "spatial_dev.py").write_text(text)
        command = [sys.executable, "spatial_dev.py"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert run.returncode == status, run.stdout + run.stderr
        assert (known.headline in run.stdout) == (status == 1)


@pytest.mark.parametrize("check", ["assert f(5, 3) == 3", "{3: 1}[f(5, 3)]"])
def test_a_mistake_is_named_in_a_test_without_a_case(tmp_path, check):
    """The test as a whole is the case: by what does not hold, or by the error that is raised."""
    dev = f"""from tinytorch.testing import inline_test, report

def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1

@inline_test("places")
def test_places(verify):
    f = conv_output_size
    with verify("three"):
        {check}
report()
"""
    (known,) = [entry for entry in catalogue() if entry.key == "09_spatial/conv_output_size/last_place_not_counted"]
    for text, status in ((dev, 0), (mutate(dev, known), 1), (dev.replace("// stride + 1", "// stride + 2"), 1)):
        (tmp_path / "spatial_dev.py").write_text(text)
        command = [sys.executable, "spatial_dev.py"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert run.returncode == status, run.stdout + run.stderr
        assert (known.headline in run.stdout) == ("import last_place_not_counted" in text)


def test_entries_in_a_folder_belong_to_the_module_of_the_folder(only):
    def wrong():
        pass

    only("conv2d", "it is in a folder", wrong)
    wrong.__module__ = "tinytorch.testing.misconceptions.m10_pretend.convolution"
    misconceptions.misconception("conv2d", name="n", belief="b", explanation="e.", hints=("h", "i"))(wrong)
    assert [entry.where for entry in misconceptions._entries] == [("10_pretend", "conv2d")] * 2


def test_every_entry_is_complete_and_has_a_key_of_its_own():
    entries = catalogue()
    keys = [entry.key for entry in entries]
    assert entries and len(set(keys)) == len(keys)
    for known in entries:
        assert known.where[0][:2].isdigit()
        assert 2 <= len(known.hints) <= 3
        assert not known.name.endswith(".") and known.name == known.name.strip()
        assert known.belief.endswith(".") and known.explanation.endswith(".")
        assert (known.headline + known.explanation).isascii()


def test_no_entry_takes_what_is_right_for_its_mistake():
    """The inputs that are drawn for a place tell each of its mistakes from the reference, or it would be named there."""
    for chapter in Path(core.__file__).parent.glob("[!_]*.py"):
        importlib.import_module(f"tinytorch.core.{chapter.stem}")
    drawn = [entry for entry in catalogue() if draw_for(entry.where)]
    assert len(drawn) > 500
    with diagnosis._quiet():
        taken = [e.key for e in drawn if all(diagnosis._agrees(e, generator()) for _ in range(3))]
    assert taken == []


def test_the_catalogue_loads_nothing_of_the_framework():
    code = "import sys; from tinytorch.testing.misconceptions import catalogue; catalogue(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not [name for name in loaded.stdout.split() if name.startswith("tinytorch.core.")]
