"""Computes once what an iterated function computes again and again, or twice over."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import Literal
from jaxtyping import Array

Name = Any
"""Of a value in a program: a number, or a literal, which is its own value."""


class _Line(NamedTuple):
    """One operation: from the values of these names to values of those."""

    equation: Any
    inputs: Sequence[Name]
    outputs: Sequence[Name]


class _Program:
    """Operations in order, functions that they call written out where they are called."""

    def __init__(self, closed: Any) -> None:
        self._numbers = itertools.count()
        self.lines: list[_Line] = []
        self.known: dict[Name, Any] = {}
        self.inputs = self._fresh(closed.jaxpr.invars)
        self.outputs = self._write(closed, self.inputs)

    def _fresh(self, many: Sequence[Any]) -> list[Name]:
        return [next(self._numbers) for _ in many]

    def _write(self, closed: Any, inputs: Sequence[Name]) -> list[Name]:
        jaxpr = closed.jaxpr
        constants = self._fresh(closed.consts)
        self.known.update(zip(constants, closed.consts, strict=True))
        name = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *inputs], strict=True))
        named = lambda var: var if isinstance(var, Literal) else name[var]
        for equation in jaxpr.eqns:
            given = [named(var) for var in equation.invars]
            if equation.primitive.name in ("jit", "pjit") and not equation.effects:
                found = self._write(equation.params["jaxpr"], given)
            else:
                found = self._fresh(equation.outvars)
                self.lines.append(_Line(equation, given, found))
            name.update(zip(equation.outvars, found, strict=True))
        return [named(var) for var in jaxpr.outvars]


def hoist(function: Callable[[Array], Any], z: Array) -> Callable[[Array], Any]:
    """The same function, with all that does not depend on its argument computed now.

    Equations of models raise trade costs to powers and build bilateral kernels; a solver that
    evaluates them hundreds of times should do so once. The function is traced at the shape of
    ``z``; operations that its argument does not reach are carried out here, the rest when the
    returned function is called. The same operation on the same operands is kept once: markets and
    payoffs ask for the same price index, and the compiler does not see that the kernels they
    carry into a loop are one. Works under transformations, as everything stays traceable.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(z)
    program, structure = _Program(closed), jax.tree.structure(shape)
    moving, known = set(program.inputs), program.known
    first: dict[Name, Name] = {}  # of names with one value, the first
    seen: dict[Any, Any] = {}
    later = []
    for line in program.lines:
        line = line._replace(inputs=list(_standing(line.inputs, first)))
        earlier = seen.setdefault(_identity(line), line.outputs)
        if earlier is not line.outputs:
            first.update(zip(line.outputs, earlier, strict=True))
        elif line.equation.effects or any(_is_in(name, moving) for name in line.inputs):
            later.append(line)
            moving.update(line.outputs)
        else:
            _evaluate(line, known)
    results = list(_standing(program.outputs, first))

    def rest(point: Array) -> Any:
        values = known | {program.inputs[0]: point}
        for line in later:
            _evaluate(line, values)
        return jax.tree.unflatten(structure, [_read(name, values) for name in results])

    return rest


def _identity(line: _Line) -> Any:
    """A key that two lines share only if they compute the same; at worst one of its own."""
    equation = line.equation
    inputs = tuple(
        (name.aval, np.asarray(name.val).tobytes()) if isinstance(name, Literal) else name
        for name in line.inputs
    )
    key = (equation.primitive, inputs, tuple(sorted(equation.params.items(), key=lambda p: p[0])))
    try:
        hash(key)
    except TypeError:  # such as a parameter that is an array
        return object()
    return object() if equation.effects else key


def _standing(names: Sequence[Name], first: dict[Name, Name]) -> Iterator[Name]:
    """For each name the first one of the same value."""
    return (name if isinstance(name, Literal) else first.get(name, name) for name in names)


def _is_in(name: Name, names: set[Name]) -> bool:
    return not isinstance(name, Literal) and name in names


def _read(name: Name, values: dict[Name, Any]) -> Any:
    return name.val if isinstance(name, Literal) else values[name]


def _evaluate(line: _Line, values: dict[Name, Any]) -> None:
    results = apply(line.equation, [_read(name, values) for name in line.inputs])
    values.update(zip(line.outputs, results, strict=True))


def apply(equation: Any, inputs: list[Any]) -> list[Any]:
    """The results of one operation of a traced program."""
    bound = equation.primitive.get_bind_params(equation.params)
    # Older versions of JAX return the functions that an operation calls apart.
    functions, parameters = bound if isinstance(bound, tuple) else ((), bound)
    results = equation.primitive.bind(*functions, *inputs, **parameters)
    return results if equation.primitive.multiple_results else [results]
