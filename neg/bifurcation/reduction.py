"""Equilibria with a given symmetry, in as few unknowns as that symmetry leaves.

Cells that a symmetry exchanges have the same share, and so have their prices: one unknown per orbit
is enough. Without this reduction Newton's method fails where the even distribution breaks, because
several branches meet there; with it each of them is the only one.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.line import ParameterLine
from neg.bifurcation.symmetry import Symmetry, cleared
from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.system import market, payoff


class Reduction(eqx.Module):
    """Which cells, prices and groups move together.

    ``cells``, ``prices`` and ``values`` are 0/1 matrices from unknowns to cells, prices and groups
    (regional groups that a symmetry exchanges earn the same); columns without a
    one are padding (their unknowns are held at zero), so that few shapes need compiling. Cells
    without a one are unused. The unknowns are raw shares of the group's mass per cell, so that a
    branch can reach a corner, log prices, and the value of each group.
    """

    cells: Float[Array, "cell a"]
    prices: Float[Array, "price b"]
    values: Float[Array, "group c"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of shares, prices and values among the unknowns."""
        return self.cells.shape[1], self.prices.shape[1], self.values.shape[1]

    def split(self, z: Float[Array, " unknown"]) -> tuple[Array, Array, Array]:
        """Shares by orbit, log prices by class, values by class of groups."""
        a, b, _ = self.shape
        return z[:a], z[a : a + b], z[a + b :]

    def expand(self, model: Model, z: Float[Array, " unknown"]) -> tuple[Array, Array, Array]:
        """Distribution over all cells, all flat log prices, values of the groups."""
        share, prices, value = self.split(z)
        x = model.groups.cell_mass * (self.cells @ share)
        return x, self.prices @ prices, self.values @ value

    def gather(self, share: Any, p: Any, value: Any) -> Float[Array, " unknown"]:
        """The unknowns of a full state: means over orbits and classes (inverse of expand)."""
        pairs = ((self.cells, share), (self.prices, p), (self.values, value))
        return jnp.concatenate([mean(members, jnp.asarray(full)) for members, full in pairs])

    @property
    def used(self) -> Array:
        """Which cells are used."""
        return self.cells.sum(axis=1) > 0

    @property
    def weights(self) -> Float[Array, " unknown"]:
        """Weights of the squared length of a step: squared shares, mean squared log prices."""
        total = max(self.prices.shape[0], 1)
        nothing = jnp.zeros(self.values.shape[1])
        return jnp.concatenate([self.cells.sum(axis=0), self.prices.sum(axis=0) / total, nothing])


def mean(members: Float[Array, "item class"], values: Float[Array, " item"]) -> Array:
    """Mean of values over each class; zero for padding."""
    return (values @ members) / jnp.maximum(members.sum(axis=0), 1.0)


def reduced_residual(
    z: Float[Array, " unknown"],
    position: Float[Array, ""],
    args: tuple[Model, ParameterLine, Reduction],
) -> Float[Array, " unknown"]:
    """Equilibrium conditions of the used cells, one for each orbit and class of prices.

    V_i - v_g = 0 (each orbit),  F(p, x) = 0 (each class),  sum_g x / m_g - 1 = 0
    """
    economy, line, reduction = args
    model = line.at(economy, position)
    x, p, value = reduction.expand(model, z)
    gap = jnp.where(reduction.used, payoff(model, p, x) - value[model.groups.index], 0.0)
    surplus = model.groups.total(x) / model.groups.mass - 1.0
    share, prices, values = reduction.split(z)
    rows = (
        (reduction.cells, gap, share),
        (reduction.prices, market(model, p, x), prices),
        (reduction.values, surplus, values),
    )
    return jnp.concatenate(
        [
            mean(members, full) + jnp.where(members.sum(axis=0) > 0, 0.0, padding)
            for members, full, padding in rows
        ]
    )


def reduce(model: Model, symmetry: Symmetry, used: Any) -> Reduction:
    """The reduction for distributions with this symmetry and these used cells.

    Prices that agree at two distributions drawn at random with this symmetry, and whose market
    residuals agree too when prices are drawn at random, are one unknown; a model whose equations
    break the symmetry of its solutions (one good as numeraire, say) keeps all its prices.
    """
    used = np.asarray(used, dtype=bool)
    orbits = symmetry.orbits
    classes = _price_classes(model, orbits, used)
    cells = np.where(used, orbits, -1)
    groups = _group_classes(np.asarray(model.groups.index), orbits, model.groups.count)
    return Reduction(*_memberships(cells, classes), jnp.asarray(_membership(groups, len(groups))))


def _group_classes(index: np.ndarray, orbits: np.ndarray, count: int) -> np.ndarray:
    """Label groups so that those with cells in one orbit agree."""
    labels = np.arange(count)
    for _ in range(count):
        for orbit in np.unique(orbits):
            members = np.unique(index[orbits == orbit])
            labels[members] = labels[members].min()
    return labels


def _price_classes(model: Model, orbits: np.ndarray, used: np.ndarray) -> np.ndarray:
    index, mass = np.asarray(model.groups.index), np.asarray(model.groups.mass)
    rng = np.random.default_rng(20)

    def draw() -> np.ndarray:
        weight = np.where(used, rng.uniform(0.7, 1.3, orbits.max() + 1)[orbits], 0.0)
        return weight * (mass / np.bincount(index, weight, len(mass)))[index]

    states = [draw(), draw()]
    prices = np.array([cleared(model, jnp.asarray(x))[0] for x in states])
    single = np.arange(prices.shape[1])
    if len(single) == 0 or not np.isfinite(prices).all():
        return single
    classes = _classes(prices)
    shaken = [p + rng.uniform(-0.1, 0.1, classes.max() + 1)[classes] for p in prices]
    residuals = np.array(
        [
            _market(model, jnp.asarray(p), jnp.asarray(x))
            for p, x in zip(shaken, states, strict=True)
        ]
    )
    if not np.isfinite(residuals).all():
        return single
    spread = np.abs(residuals - _class_means(residuals, classes)).max()
    return classes if spread < 1e-8 else single


_market = quick_jit(market)


def _classes(columns: np.ndarray, tolerance: float = 1e-8) -> np.ndarray:
    """Label items whose values agree in every row."""
    labels = np.full(columns.shape[1], -1)
    for item in range(columns.shape[1]):
        if labels[item] < 0:
            same = (np.abs(columns - columns[:, [item]]) < tolerance).all(axis=0) & (labels < 0)
            labels[same] = labels.max() + 1
    return labels


def _class_means(rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    size = np.bincount(classes)
    return np.array([(np.bincount(classes, row) / size)[classes] for row in rows])


def _memberships(cells: np.ndarray, classes: np.ndarray) -> tuple[Array, Array]:
    """0/1 matrices from unknowns to cells and to prices; label -1 belongs to none.

    Both are padded to one of few common widths, four times the one before, as each new shape has
    to be compiled.
    """
    ratio = -(-len(classes) // len(cells))
    level = 4
    while level < len(np.unique(cells[cells >= 0])) or level * ratio < len(np.unique(classes)):
        level *= 4
    return (
        jnp.asarray(_membership(cells, min(level, len(cells)))),
        jnp.asarray(_membership(classes, min(level * ratio, len(classes)))),
    )


def _membership(labels: np.ndarray, width: int) -> np.ndarray:
    matrix = np.zeros((len(labels), width))
    for column, label in enumerate(np.unique(labels[labels >= 0])):
        matrix[labels == label, column] = 1.0
    return matrix
