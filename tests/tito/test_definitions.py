"""The functions, methods and rules of a file: their names and where they stand."""

import ast

from tito.definitions import definitions

TEXT = '''\
@primitive
@cached(size=1)
def double(x):
    ### a marker
    return 2 * x
    ### a marker

# of the next function


class Adam(Optimizer):
    """Adam."""

    def step(self):
        def inner():
            return 1

        async def other():
            return 2

        return inner
    # below step

    class State:
        def empty(self):
            return not self


@vjp(T.double)
def _(grad):
    return grad


@autograd.vjp(T.add, sub)
@checked
def _(grad):
    return grad, grad


@other(T.double)
def _(grad):
    return grad


@vjp(T.double)
def named(grad):
    return grad


x = 1
'''


def test_each_definition_has_its_name_and_its_lines():
    found = {definition.name: (definition.first, definition.last) for definition in definitions(ast.parse(TEXT))}
    assert found == {
        "double": (1, 10),
        "Adam.step": (14, 23),
        "Adam.step.inner": (15, 17),
        "Adam.step.other": (18, 20),
        "Adam.State.empty": (25, 28),
        "vjp(double)": (29, 33),
        "vjp(add, sub)": (34, 39),
        "_": (40, 44),
        "named": (45, 49),
    }


def test_a_definition_holds_the_lines_from_its_decorators_to_the_next_statement():
    double = definitions(ast.parse(TEXT))[0]
    assert [line for line in range(12) if double.holds(line)] == [*range(1, 11)]


def test_the_last_definition_holds_all_that_follows():
    [only] = definitions(ast.parse("def f():\n    return 1\n    # below\n"))
    assert only.holds(3)
