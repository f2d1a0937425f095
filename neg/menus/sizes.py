"""How firms differ: distributions of scale, with the partial moments that menus add up."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import jax.numpy as jnp
from jax.scipy.special import log_ndtr
from jaxtyping import Array, Float

from neg.core.checks import check_range, is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.parameters import Parametric, parameter


class Sizes(Parametric):
    """Distribution of scale ``x`` over firms; with productivity ``z``, ``x = z^(sigma-1)``."""

    @property
    @abstractmethod
    def least(self) -> Float[Array, ""]:
        """The lower end of the support."""

    @abstractmethod
    def above(self, cut: Array, power: float = 0.0) -> Array:
        """Partial moment ``E[x^power; x > cut]`` at finite positive cuts; traced and vectorised."""

    def between(self, low: Any, high: Any, power: float = 0.0) -> Array:
        """``E[x^power; low < x <= high]``; ``high`` may be infinite, intervals may be empty.

        Args:
            low, high: ends of the intervals, any shape.
            power: 0 for the share of firms, 1 for their mean scale.

        >>> float(Pareto(shape=1.5).between(1.0, 4.0))
        0.875
        """
        low = jnp.maximum(jnp.asarray(low, dtype=float), self.least)
        high = jnp.maximum(jnp.asarray(high, dtype=float), self.least)
        some = high > low
        return jnp.where(some, self._beyond(low, power) - self._beyond(high, power), 0.0)

    def _beyond(self, cut: Array, power: float) -> Array:
        finite = jnp.isfinite(cut) & (cut > 0)
        found = self.above(jnp.where(finite, cut, 1.0 + self.least), power)
        whole = self.above(jnp.maximum(self.least, 1e-300), power)
        return jnp.where(finite, found, jnp.where(cut > 0, 0.0, whole))


class Pareto(Sizes):
    """Pareto scale: ``Pr(x > c) = (c / low)^-shape``, so that sales of large firms have fat tails.

        E[x^s; x > c] = shape / (shape - s) low^shape c^(s - shape)

    With productivity of shape kappa and elasticity of substitution sigma the shape is
    ``kappa / (sigma - 1)``; above one, or sales have no mean.
    """

    shape: Array = parameter(1.5, "shape of the distribution of scale", low=1.0, low_open=True)
    low: Array = parameter(1.0, "scale of the smallest firm", low=0.0, low_open=True)

    @classmethod
    def of_productivity(cls, kappa: Any, sigma: Any, low: Any = 1.0) -> Pareto:
        """Scale of firms whose productivity is Pareto(kappa) from ``low`` on.

        Raises :class:`InvalidParameterError` unless ``kappa > sigma - 1 > 0``.

        >>> float(Pareto.of_productivity(kappa=4.5, sigma=4.0).shape)
        1.5
        """
        check_range("sigma", sigma, 1.0, low_open=True)
        check_range("kappa", kappa, 0.0, low_open=True)
        shape = jnp.asarray(kappa) / (jnp.asarray(sigma) - 1.0)
        if is_concrete(shape) and not bool(jnp.all(shape > 1.0)):
            raise InvalidParameterError(
                f"kappa = {kappa} is not allowed with sigma = {sigma}; must be above sigma - 1, or "
                "sales have no mean"
            )
        return cls(shape=shape, low=jnp.asarray(low) ** (jnp.asarray(sigma) - 1.0))

    @property
    def least(self) -> Float[Array, ""]:
        """The scale of the smallest firm."""
        return self.low

    def above(self, cut: Array, power: float = 0.0) -> Array:
        """``shape / (shape - power) low^shape cut^(power - shape)``, from the smallest firm on."""
        cut = jnp.maximum(cut, self.low)
        factor = self.shape / (self.shape - power)
        return factor * self.low**power * (cut / self.low) ** (power - self.shape)


class LogNormal(Sizes):
    """Log-normal scale: ``log x`` is normal with ``mean`` and ``spread``.

    E[x^s; x > c] = exp(s mean + s^2 spread^2 / 2) Phi((mean + s spread^2 - log c) / spread)
    """

    mean: Array = parameter(0.0, "mean of log scale")
    spread: Array = parameter(1.0, "standard deviation of log scale", low=0.0, low_open=True)

    @classmethod
    def of_productivity(cls, mean: Any, spread: Any, sigma: Any) -> LogNormal:
        """Scale of firms whose log productivity is normal."""
        check_range("sigma", sigma, 1.0, low_open=True)
        power = jnp.asarray(sigma) - 1.0
        return cls(mean=power * jnp.asarray(mean), spread=power * jnp.asarray(spread))

    @property
    def least(self) -> Float[Array, ""]:
        """Zero: some firms are as small as one likes."""
        return jnp.zeros(())

    def above(self, cut: Array, power: float = 0.0) -> Array:
        """The partial moment; its tail in logs, so that far cuts keep a gradient."""
        variance = self.spread**2
        level = power * self.mean + 0.5 * power**2 * variance
        score = (self.mean + power * variance - jnp.log(cut)) / self.spread
        return jnp.exp(level + log_ndtr(score))
