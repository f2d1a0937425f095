"""A linear map of a large economy, and the same with its large matrices in single precision.

What takes time in such maps is reading bilateral kernels from memory. Where a product may be rough,
kernels of half the size do: it is right to about 1e-6, in half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.extend.core import Literal
from jaxtyping import Array, Float

from neg.solvers.hoist import apply

_LARGE = 250_000
"""Numbers in a matrix from which it does not stay in the caches of a core."""


class LinearMap(eqx.Module):
    """A linear function as a traced program; :meth:`rough` reads its large matrices in halves."""

    program: Any = eqx.field(static=True)
    constants: list[Array]
    halves: list[Array | None]

    @classmethod
    def of(cls, function: Callable[[Array], Any], z: Float[Array, " unknown"]) -> Self:
        """The map that ``function`` is at vectors like ``z``; its values are a tuple of arrays."""
        traced = jax.make_jaxpr(function)(z)
        constants = [jnp.asarray(one) for one in traced.consts]
        halves = [
            one.astype(jnp.float32) if one.dtype == float and one.size > _LARGE else None
            for one in constants
        ]
        return cls(traced.jaxpr, constants, halves)

    def __call__(self, z: Float[Array, " unknown"]) -> tuple[Array, ...]:
        """The values at ``z``."""
        return tuple(jax.core.eval_jaxpr(self.program, self.constants, z))

    def rough(self, z: Float[Array, " unknown"]) -> tuple[Array, ...]:
        """The values at ``z`` to single precision where that is faster."""
        pairs = zip(self.constants, self.halves, strict=True)
        used = [one if half is None else half for one, half in pairs]
        return tuple(_values(self.program, used, [z]))


def _values(program: Any, constants: list[Any], arguments: list[Any]) -> list[Any]:
    """Values of a traced program some of whose inputs are of single precision.

    Products of matrices take them as they are; every other operation gets doubles.
    """
    values = dict(zip([*program.constvars, *program.invars], [*constants, *arguments], strict=True))

    def read(var: Any) -> Any:
        return var.val if isinstance(var, Literal) else values[var]

    for equation in program.eqns:
        inputs = [read(var) for var in equation.invars]
        found = _applied(equation, inputs) if any(map(_is_half, inputs)) else None
        if found is None:
            found = apply(equation, [_double(one) for one in inputs])
        values.update(zip(equation.outvars, found, strict=True))
    return [_double(read(var)) for var in program.outvars]


def _applied(equation: Any, inputs: list[Any]) -> list[Any] | None:
    """The results of an operation that reads half-size matrices as they are; None for others."""
    name, given = equation.primitive.name, equation.params
    if name == "dot_general":
        short = [one.astype(jnp.float32) for one in inputs]
        product = jax.lax.dot_general(short[0], short[1], given["dimension_numbers"])
        return [product.astype(float)]
    if name == "cond":
        branches = [
            lambda *operands, branch=branch: _values(branch.jaxpr, branch.consts, list(operands))
            for branch in given["branches"]
        ]
        return jax.lax.switch(inputs[0], branches, *inputs[1:])
    if name in ("jit", "pjit"):
        inner = given["jaxpr"]
        return _values(inner.jaxpr, inner.consts, inputs)
    if name == "transpose":
        return [jax.lax.transpose(inputs[0], given["permutation"])]
    return None


def _is_half(value: Any) -> bool:
    return getattr(value, "dtype", None) == jnp.float32


def _double(value: Any) -> Any:
    return value.astype(float) if _is_half(value) else value
