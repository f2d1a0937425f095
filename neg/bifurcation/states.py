"""Equilibria on a branch in full: distribution, prices, payoffs, and how payoffs respond."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.bifurcation.arclength import correct, metric_of, unit_tangent
from neg.bifurcation.line import ParameterLine
from neg.bifurcation.reduction import Reduction
from neg.bifurcation.spectrum import adapted_basis, blocks, eigenvalues, tangent_matrices
from neg.bifurcation.symmetry import Symmetry
from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.long_run import STABILITY_TOLERANCE
from neg.solvers.system import slopes

FINE = 1e-12
"""Residual to which special points are solved."""


class Details(NamedTuple):
    """What an equilibrium looks like in full."""

    x: Any
    prices: Any
    value: Any
    payoff: Any
    slope: Any


def _details(model: Model, line: ParameterLine, reduction: Reduction, u: Array) -> Details:
    here = line.at(model, u[-1])
    x, p, value = reduction.expand(here, u[:-1])
    slope = slopes(here, p, x)
    return Details(x, p, value, slope.payoff, slope.total)


@quick_jit
def details_along(
    model: Model, line: ParameterLine, reduction: Reduction, points: Array
) -> Details:
    """Full states of all points of a trace; rows that hold no point are skipped."""

    def one(u: Array) -> Details:
        shape = jax.eval_shape(lambda v: _details(model, line, reduction, v), u)
        nothing = jax.tree.map(lambda leaf: jnp.full(leaf.shape, jnp.nan), shape)
        return jax.lax.cond(
            jnp.isnan(u[-1]), lambda: nothing, lambda: _details(model, line, reduction, u)
        )

    return jax.lax.map(one, points)


@quick_jit
def equilibrium_between(
    model: Model,
    line: ParameterLine,
    reduction: Reduction,
    guess: Array,
    row: Array,
    heading: Array,
) -> tuple[Array, Array, Array, Array, Details]:
    """The equilibrium in the hyperplane ``row`` through ``guess``.

    Returns point, tangent, residual, status and full state.
    """
    args = (model, line, reduction)
    u, along, residual, _, status = correct(guess, row, row @ guess, args, jnp.asarray(FINE))
    tangent = unit_tangent(along, heading, metric_of(line, reduction))
    return u, tangent, residual, status, _details(model, line, reduction, u)


class Spectra(NamedTuple):
    """Eigenvalues along a branch, one array (point, mode) for each block of an adapted basis."""

    points: int
    bases: list[np.ndarray]
    values: list[np.ndarray]

    @property
    def largest(self) -> np.ndarray:
        """Largest real part at each point; minus infinity where nothing can move."""
        nothing = np.full(self.points, -np.inf)
        return np.max([nothing, *(v.real.max(axis=1) for v in self.values)], axis=0)

    @property
    def unstable(self) -> np.ndarray:
        """Number of growing directions at each point."""
        nothing = np.zeros(self.points, dtype=int)
        growing = ((v.real > STABILITY_TOLERANCE).sum(axis=1) for v in self.values)
        return np.sum([nothing, *growing], axis=0)


def spectra(model: Model, symmetry: Symmetry, used: np.ndarray, details: Details) -> Spectra:
    """Spectra on the tangent space of used cells, split into blocks by symmetry."""
    index = np.asarray(model.groups.index)
    matrices = tangent_matrices(index, details.x, details.slope, used)
    basis, pieces = adapted_basis(index, used, symmetry)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    parts = [basis[:, columns] for columns in blocks(basis, pieces, matrices[finite])]
    return Spectra(len(details.x), parts, [eigenvalues(part, matrices) for part in parts])
