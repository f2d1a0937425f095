"""Computes once what an iterated function computes again and again, or twice over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal
from jaxtyping import Array


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
    jaxpr, structure = closed.jaxpr, jax.tree.structure(shape)
    moving = set(jaxpr.invars)
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    first: dict[Any, Any] = {}  # of variables with one value, the first
    seen: dict[Any, Any] = {}
    later = []
    for original in jaxpr.eqns:
        equation = original.replace(invars=[_standing(var, first) for var in original.invars])
        earlier = seen.setdefault(_identity(equation), equation.outvars)
        if earlier is not equation.outvars:
            first.update(zip(equation.outvars, earlier, strict=True))
        elif equation.effects or any(_is_in(var, moving) for var in equation.invars):
            later.append(equation)
            moving.update(equation.outvars)
        else:
            _evaluate(equation, known)

    def rest(point: Array) -> Any:
        values = known | {jaxpr.invars[0]: point}
        for equation in later:
            _evaluate(equation, values)
        results = [_read(_standing(var, first), values) for var in jaxpr.outvars]
        return jax.tree.unflatten(structure, results)

    return rest


def _identity(equation: Any) -> Any:
    """A key that two equations share only if they compute the same; at worst one of its own."""
    inputs = tuple(
        (var.aval, np.asarray(var.val).tobytes()) if isinstance(var, Literal) else var
        for var in equation.invars
    )
    key = (equation.primitive, inputs, tuple(sorted(equation.params.items(), key=lambda p: p[0])))
    try:
        hash(key)
    except TypeError:  # such as a parameter that is an array
        return object()
    return object() if equation.effects else key


def _standing(var: Any, first: dict) -> Any:
    """The first variable of the same value."""
    return var if isinstance(var, Literal) else first.get(var, var)


def _is_in(var: Any, names: set) -> bool:
    return not isinstance(var, Literal) and var in names


def _read(var: Any, values: dict) -> Any:
    return var.val if isinstance(var, Literal) else values[var]


def _evaluate(equation: Any, values: dict) -> None:
    results = apply(equation, [_read(var, values) for var in equation.invars])
    values.update(zip(equation.outvars, results, strict=True))


def apply(equation: Any, inputs: list[Any]) -> list[Any]:
    """The results of one operation of a traced program."""
    bound = equation.primitive.get_bind_params(equation.params)
    # Older versions of JAX return the functions that an operation calls apart.
    functions, parameters = bound if isinstance(bound, tuple) else ((), bound)
    results = equation.primitive.bind(*functions, *inputs, **parameters)
    return results if equation.primitive.multiple_results else [results]
