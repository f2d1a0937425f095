"""How much using a preference costs: distributions over firms, and integrals over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, parameter

_POINTS, _MASS = np.polynomial.legendre.leggauss(128)
_NODES, _WEIGHTS = 0.5 * (_POINTS + 1.0), 0.5 * _MASS
"""Gauss-Legendre nodes and weights on the unit interval."""


class Masses(NamedTuple):
    """What an interval of draws holds: of firms by number, of sales, of two integrals."""

    firms: Array
    value: Array
    kernel: Array  # integral of (1 + c)^-theta over sales
    burnt: Array  # integral of c (1 + c)^(-theta - 1) over sales


class Compliance(Parametric):
    """Draws ``z`` of firms; an agreement of cost ``a`` costs its users ``c = a z`` ad valorem.

    ``z`` is a function of a coordinate in which sales have a smooth density. ``distribution`` names
    the family in data. Subclasses say what the cost of an agreement means in them.
    """

    distribution: ClassVar[str] = ""
    cost_is: ClassVar[str] = ""
    ends: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def coordinate(self, z: Array) -> Array:
        """Coordinate of a draw, inside ``ends``; any number of at least zero may be given."""
        raise NotImplementedError

    def draw(self, y: Array) -> Array:
        """The draw at a coordinate."""
        raise NotImplementedError

    def density(self, y: Array) -> Array:
        """Density of sales over the coordinate."""
        raise NotImplementedError

    def by_value(self, y: Array) -> Array:
        """Share of sales of firms with smaller draws."""
        raise NotImplementedError

    def by_count(self, y: Array) -> Array:
        """Share of firms with smaller draws; that of sales where cost and size are independent."""
        return self.by_value(y)

    def between(self, low: Array, high: Array, cost: Array, theta: Array) -> Masses:
        """What the draws between ``low`` and ``high`` hold, for an agreement of this cost.

        An interval that ends before it begins holds nothing.
        """
        first = self.coordinate(low)
        last = jnp.maximum(self.coordinate(high), first)
        y = first[..., None] + (last - first)[..., None] * _NODES
        weight = (last - first)[..., None] * _WEIGHTS * self.density(y)
        c = cost[..., None] * self.draw(y)
        power = jnp.exp(-theta[..., None] * jnp.log1p(c))
        return Masses(
            self.by_count(last) - self.by_count(first),
            self.by_value(last) - self.by_value(first),
            jnp.sum(weight * power, axis=-1),
            jnp.sum(weight * power * c / (1.0 + c), axis=-1),
        )


def _positive(z: Array, value: Callable[[Array], Array], at_zero: float) -> Array:
    """A function of draws above zero, without its infinite slope at zero."""
    some = z > 0
    return jnp.where(some, value(jnp.where(some, z, 1.0)), at_zero)


class LogNormalCost(Compliance):
    """Log-normal compliance costs: the cost of an agreement is their median.

        F(c) = Phi(log(c / median) / sd)

    Independent of size, so that shares by count and by value at given sales are the same.
    """

    distribution: ClassVar[str] = "lognormal"
    cost_is: ClassVar[str] = "median"
    ends: ClassVar[tuple[float, float]] = (-12.0, 12.0)

    sd: Float[Array, ""] = parameter(
        0.8, "standard deviation of log compliance cost", low=0.0, low_open=True
    )

    def coordinate(self, z: Array) -> Array:
        """Standard normal score."""
        low, high = self.ends
        score = _positive(z, lambda v: jnp.log(jnp.minimum(v, 1e300)) / self.sd, low)
        return jnp.clip(score, low, high)

    def draw(self, y: Array) -> Array:
        """Draw of a score."""
        return jnp.exp(self.sd * y)

    def density(self, y: Array) -> Array:
        """Normal density."""
        return norm.pdf(y)

    def by_value(self, y: Array) -> Array:
        """Normal distribution; exactly none and all at the ends."""
        low, high = self.ends
        return jnp.where(y <= low, 0.0, jnp.where(y >= high, 1.0, norm.cdf(y)))


class UniformCost(Compliance):
    """Compliance costs spread evenly from zero: the cost of an agreement is the highest.

    F(c) = c / highest
    """

    distribution: ClassVar[str] = "uniform"
    cost_is: ClassVar[str] = "highest"

    def coordinate(self, z: Array) -> Array:
        """The draw itself."""
        return jnp.clip(z, 0.0, 1.0)

    def draw(self, y: Array) -> Array:
        """The coordinate itself."""
        return y

    def density(self, y: Array) -> Array:
        """One."""
        return jnp.ones_like(y)

    def by_value(self, y: Array) -> Array:
        """The coordinate itself."""
        return y


class FixedCost(Compliance):
    """One cost per firm, whose sales are Pareto: small firms pay the largest share, and drop out.

        share of firms that pay at most c:  (c / highest)^zeta,   of sales:  (c / highest)^(zeta-1)

    The cost of an agreement is ``highest``: the fixed cost over the sales of the smallest firm, at
    given sales. A margin ``mu`` is used by ``(fixed / (mu least sales))^-zeta`` of the firms, with
    the power ``1 - zeta`` of the sales, and by all where it covers the smallest.
    """

    distribution: ClassVar[str] = "fixed"
    cost_is: ClassVar[str] = "highest"

    zeta: Float[Array, ""] = parameter(
        1.06, "tail of the distribution of sales", low=1.0, low_open=True
    )

    @property
    def _power(self) -> Array:
        """Sales are the coordinate to this power: high enough that densities are smooth."""
        return 4.0 * jnp.maximum(1.0, self.zeta - 1.0)

    def coordinate(self, z: Array) -> Array:
        """Share of sales, to a power."""
        power = (self.zeta - 1.0) / self._power
        return jnp.clip(_positive(z, lambda v: jnp.minimum(v, 1.0) ** power, 0.0), 0.0, 1.0)

    def draw(self, y: Array) -> Array:
        """Cost over that of the smallest firm."""
        return y ** (self._power / (self.zeta - 1.0))

    def density(self, y: Array) -> Array:
        """Of sales."""
        return self._power * y ** (self._power - 1.0)

    def by_value(self, y: Array) -> Array:
        """Of sales."""
        return y**self._power

    def by_count(self, y: Array) -> Array:
        """Of firms: the large ones are few."""
        return y ** (self._power * self.zeta / (self.zeta - 1.0))


FAMILIES: dict[str, type[Compliance]] = {
    family.distribution: family for family in (LogNormalCost, UniformCost, FixedCost)
}
"""Distributions of compliance costs by name."""
