"""Computes once what an iterated function computes again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import Literal
from jaxtyping import Array


def hoist(function: Callable[[Array], Any], z: Array) -> Callable[[Array], Any]:
    """The same function, with all that does not depend on its argument computed now.

    Equations of models raise trade costs to powers and build bilateral kernels; a solver that
    evaluates them hundreds of times should do so once. The function is traced at the shape of
    ``z``; operations that its argument does not reach are carried out here, the rest when the
    returned function is called. Works under transformations, as everything stays traceable.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(z)
    jaxpr, structure = closed.jaxpr, jax.tree.structure(shape)
    moving = set(jaxpr.invars)
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    later = []
    for equation in jaxpr.eqns:
        if equation.effects or any(_is_in(var, moving) for var in equation.invars):
            later.append(equation)
            moving.update(equation.outvars)
        else:
            _evaluate(equation, known)

    def rest(point: Array) -> Any:
        values = known | {jaxpr.invars[0]: point}
        for equation in later:
            _evaluate(equation, values)
        return jax.tree.unflatten(structure, [_read(var, values) for var in jaxpr.outvars])

    return rest


def _is_in(var: Any, names: set) -> bool:
    return not isinstance(var, Literal) and var in names


def _read(var: Any, values: dict) -> Any:
    return var.val if isinstance(var, Literal) else values[var]


def _evaluate(equation: Any, values: dict) -> None:
    """Carry out one operation of a traced program."""
    bound = equation.primitive.get_bind_params(equation.params)
    # Older versions of JAX return the functions that an operation calls apart.
    functions, parameters = bound if isinstance(bound, tuple) else ((), bound)
    inputs = [_read(var, values) for var in equation.invars]
    results = equation.primitive.bind(*functions, *inputs, **parameters)
    results = results if equation.primitive.multiple_results else [results]
    values.update(zip(equation.outvars, results, strict=True))
