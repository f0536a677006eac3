"""What the checks of module 09 share: drawn convolutions, and the smallest one on which a function fails."""

import random
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator
from tinytorch.testing.case import Mismatch


def check(expected, function, *inputs, **keywords):
    """The function on these inputs gives `expected`; where it does not, the mistake is named."""
    case = Case(function, *inputs, **keywords)
    assert_close(case(), expected, case=case)


def drawn(draw, *shape, dtype=np.float64):
    return Tensor(draw.normal(size=shape).astype(dtype))


@dataclass(frozen=True)
class Convolution:
    """The shapes and settings of one conv2d; `reads` as a sentence."""

    image: tuple
    weight: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    groups: int

    @property
    def settings(self):
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    @property
    def reads(self):
        parts = [f"x {by(self.image)}", f"kernel {by(self.weight[2:])}"]
        for name, value, usual in (
            ("stride", self.stride, 1),
            ("padding", self.padding, 0),
            ("dilation", self.dilation, 1),
        ):
            if value != (usual, usual):
                parts.append(f"{name} {value[0] if value[0] == value[1] else value}")
        filters, per_group = self.weight[:2]
        parts += [f"{filters} filters"] * (filters > 1) + [f"{self.groups} groups"] * (self.groups > 1)
        return ", ".join(parts)

    def tensors(self, seed, count=1):
        """`count` images, `count` weights and a bias, of whole numbers: sums of them are exact in any order."""
        draw = np.random.default_rng(seed)
        shapes = [self.image] * count + [self.weight] * count + [self.weight[:1]]
        return [Tensor(draw.integers(1, 9, shape) * draw.choice((-1.0, 1.0), shape)) for shape in shapes]


def by(shape):
    return "×".join(map(str, shape))


@st.composite
def convolutions(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    groups, per_group, filters = draw(st.integers(1, 2)), draw(st.sampled_from((1, 2, 12))), draw(st.integers(1, 2))
    kernel, stride, padding, dilation, more = pair(1, 3), pair(1, 3), pair(0, 2), pair(1, 2), pair(0, 3)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    size = [max(1, r - 2 * p) + extra for r, p, extra in zip(reach, padding, more)]
    image = (draw(st.integers(1, 2)), groups * per_group, *size)
    return Convolution(image, (groups * filters, per_group, *kernel), stride, padding, dilation, groups)


def holds_for_all_convolutions(law, examples=40):
    """`law(convolution, seed)` gives (case, expected), which agree to the last digit for every drawn convolution.

    The first that fails is made as small as it goes, and that one is shown.
    """
    draw = generator()
    seed = int(draw.integers(2**32))

    def fails(convolution):
        try:
            case, expected = law(convolution, seed)
            got = case.run()
        except NotImplementedError:
            raise
        except Exception:
            return True
        return got.shape != expected.shape or not np.array_equal(got.data, expected.data)

    quick = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        smallest = find(convolutions(), fails, settings=quick, random=random.Random(seed))
    except NoSuchExample:
        return
    sentence = f"smallest failing case: {smallest.reads}"
    try:
        case, expected = law(smallest, seed)
        assert_close(case(), expected, case=case, rtol=0, atol=0)
    except AssertionError as error:
        raise Mismatch(f"{error}\n{sentence}", getattr(error, "diagnosis", None)) from None
    except Exception as error:
        raise Mismatch(f"{type(error).__name__}: {error}\n{sentence}") from error
    raise Mismatch(f"the result changes from call to call\n{sentence}")
