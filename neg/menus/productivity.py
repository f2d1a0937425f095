"""How productive firms are: Pareto and log-normal distributions and their upper moments."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import jax.numpy as jnp
import jax.random as jr
from jax.scipy.special import log_ndtr, ndtri
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, parameter


class Productivity(Parametric):
    """A distribution of the productivity z of firms, told by its upper moments.

        above(s, c) = E[z^s; z > c],    s = 0: the share of firms above c

    ``raised(s)`` is the distribution of ``z^s``: that of size, for ``s = sigma - 1``.

    >>> sizes = Pareto(4.5).raised(3.0)
    >>> float(sizes.kappa), float(sizes.between(0.0, 1.0, 4.0))
    (1.5, 0.875)
    """

    @abstractmethod
    def above(self, power: Any, cut: Any) -> Array:
        """``E[z^power; z > cut]``, of the shape of ``cut``; infinite cuts give zero."""

    @abstractmethod
    def raised(self, power: Any) -> Self:
        """The distribution of ``z^power``."""

    @abstractmethod
    def quantile(self, share: Any) -> Array:
        """The z below which a share of firms lies."""

    @property
    @abstractmethod
    def least(self) -> Float[Array, ""]:
        """The end of the support."""

    def between(self, power: Any, low: Any, high: Any) -> Array:
        """``E[z^power; low < z <= high]``; zero where ``high`` is not above ``low``."""
        low, high = jnp.asarray(low, dtype=float), jnp.asarray(high, dtype=float)
        return jnp.where(high > low, self.above(power, low) - self.above(power, high), 0.0)

    def hazard(self, power: Any, cut: Any) -> Array:
        """``- d log E[z^power; z > c] / d log c``: the extensive elasticity of Chaney (2008)."""
        tail = self.above(power, cut)
        return cut ** (1.0 + power) * self.density(cut) / tail

    @abstractmethod
    def density(self, value: Any) -> Array:
        """Density of z."""

    def draw(self, key: Array, count: int) -> Float[Array, " firm"]:
        """A simulated population."""
        return self.quantile(jr.uniform(key, (count,)))


class Pareto(Productivity):
    """Pareto productivity: ``P(z > c) = (low / c)^kappa``.

        E[z^s; z > c] = kappa / (kappa - s) low^kappa c^(s - kappa),   c >= low, s < kappa

    >>> float(Pareto(4.5).above(3.0, jnp.asarray(1.0)))
    3.0
    """

    kappa: Float[Array, ""] = parameter(
        4.5, "shape of the Pareto distribution", low=0.0, low_open=True
    )
    low: Float[Array, ""] = parameter(1.0, "least productivity", low=0.0, low_open=True)

    @property
    def least(self) -> Float[Array, ""]:
        """The lowest productivity."""
        return self.low

    def above(self, power: Any, cut: Any) -> Array:
        """In closed form."""
        gap = self.kappa - power
        cut = jnp.maximum(jnp.asarray(cut, dtype=float), self.low)
        some = jnp.isfinite(cut)
        log_tail = self.kappa * jnp.log(self.low) - gap * jnp.log(jnp.where(some, cut, 1.0))
        value = self.kappa / jnp.where(gap > 0, gap, 1.0) * jnp.exp(log_tail)
        return jnp.where(some, jnp.where(gap > 0, value, jnp.inf), 0.0)

    def raised(self, power: Any) -> Self:
        """Pareto again, of shape ``kappa / power``."""
        return type(self)(self.kappa / power, self.low**power)

    def quantile(self, share: Any) -> Array:
        """``low (1 - share)^(-1 / kappa)``."""
        return self.low * (1.0 - share) ** (-1.0 / self.kappa)

    def density(self, value: Any) -> Array:
        """``kappa low^kappa z^(-kappa - 1)``."""
        inside = value >= self.low
        safe = jnp.where(inside, value, self.low)
        return jnp.where(inside, self.kappa / safe * (self.low / safe) ** self.kappa, 0.0)


class LogNormal(Productivity):
    """Log-normal productivity: ``log z ~ N(mu, sd^2)``.

        E[z^s; z > c] = exp(s mu + s^2 sd^2 / 2) Phi((mu + s sd^2 - log c) / sd)

    The tail is taken in logs, so that values and gradients stay finite at far cut-offs.

    >>> float(LogNormal(0.0, 0.8).above(0.0, jnp.asarray(1.0)))
    0.5
    """

    mu: Float[Array, ""] = parameter(0.0, "mean of log productivity")
    sd: Float[Array, ""] = parameter(
        0.8, "standard deviation of log productivity", low=0.0, low_open=True
    )

    @property
    def least(self) -> Float[Array, ""]:
        """Zero: there is no least productivity."""
        return jnp.zeros(())

    def log_above(self, power: Any, cut: Any) -> Array:
        """Log of the upper moment, at cuts that are positive and finite."""
        z = (self.mu + power * self.sd**2 - jnp.log(cut)) / self.sd
        return power * self.mu + 0.5 * (power * self.sd) ** 2 + log_ndtr(z)

    def above(self, power: Any, cut: Any) -> Array:
        """In closed form."""
        cut = jnp.asarray(cut, dtype=float)
        inside = (cut > 0) & jnp.isfinite(cut)
        value = jnp.exp(self.log_above(power, jnp.where(inside, cut, 1.0)))
        whole = jnp.exp(power * self.mu + 0.5 * (power * self.sd) ** 2)
        return jnp.where(inside, value, jnp.where(cut <= 0, whole, 0.0))

    def hazard(self, power: Any, cut: Any) -> Array:
        """The normal hazard over sd, in logs."""
        z = (jnp.log(cut) - self.mu - power * self.sd**2) / self.sd
        return jnp.exp(-0.5 * z**2 - 0.5 * jnp.log(2 * jnp.pi) - log_ndtr(-z)) / self.sd

    def raised(self, power: Any) -> Self:
        """Log-normal again."""
        return type(self)(power * self.mu, jnp.abs(power) * self.sd)

    def quantile(self, share: Any) -> Array:
        """``exp(mu + sd Phi^-1(share))``."""
        return jnp.exp(self.mu + self.sd * ndtri(share))

    def density(self, value: Any) -> Array:
        """The log-normal density."""
        safe = jnp.where(value > 0, value, 1.0)
        z = (jnp.log(safe) - self.mu) / self.sd
        found = jnp.exp(-0.5 * z**2) / (safe * self.sd * jnp.sqrt(2 * jnp.pi))
        return jnp.where(value > 0, found, 0.0)
