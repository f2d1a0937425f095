"""The menu: firms of size x choose the best of several lines ``a x - F``, or stay out."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_finite, is_concrete
from neg.core.errors import InvalidParameterError, InvalidShapeError
from neg.firms.productivity import Productivity


class Menu(eqx.Module):
    """Modes that a firm of size ``x = z^(sigma - 1)`` chooses among; build it with :func:`menu`.

        profit(x) = max_m (a_m x - F_m),     revenue of mode m  = sigma a_m x

    A mode is chosen between two sizes, or never: the upper envelope of the lines decides, not
    thresholds between neighbours. Axes before the last are markets, places or scenarios.
    """

    slope: Float[Array, "*batch mode"]
    fixed: Float[Array, "*batch mode"]

    def bounds(self, least: Any = 0.0) -> tuple[Array, Array]:
        """Sizes from and to which each mode is chosen; both infinite for one that never is.

            lo_m = max over flatter m' of (F_m - F_m') / (a_m - a_m'),
            hi_m = min over steeper m' of (F_m' - F_m) / (a_m' - a_m)

        ``least`` is the size of the smallest firm. Of equal lines the first stands.
        """
        rise = self.slope[..., :, None] - self.slope[..., None, :]
        extra = self.fixed[..., :, None] - self.fixed[..., None, :]
        kink = extra / jnp.where(rise == 0, 1.0, rise)
        low = jnp.max(jnp.where(rise > 0, kink, -jnp.inf), axis=-1)
        high = jnp.min(jnp.where(rise < 0, kink, jnp.inf), axis=-1)
        order = jnp.arange(self.slope.shape[-1])
        beaten = (extra > 0) | ((extra == 0) & (order[:, None] > order[None, :]))
        never = jnp.any((rise == 0) & beaten, axis=-1)
        low = jnp.maximum(low, least)
        never = never | ~(low < high)
        return jnp.where(never, jnp.inf, low), jnp.where(never, jnp.inf, high)

    def profit(self, x: Array) -> Array:
        """What a firm of each size earns by its best mode."""
        return jnp.max(self._lines(x), axis=-1)

    def choice(self, x: Array) -> Array:
        """The mode that a firm of each size takes."""
        return jnp.argmax(self._lines(x), axis=-1)

    def _lines(self, x: Array) -> Array:
        return self.slope * jnp.asarray(x)[..., None] - self.fixed

    def firms(self, size: Productivity) -> Float[Array, "*batch mode"]:
        """Share of all firms in each mode; ``size`` is the distribution of x."""
        low, high = self.bounds(size.least)
        return size.between(0.0, low, high)

    def volume(self, size: Productivity) -> Float[Array, "*batch mode"]:
        """``E[x; mode m]``, of which revenue is ``sigma a_m`` times."""
        low, high = self.bounds(size.least)
        return size.between(1.0, low, high)

    def revenue_shares(self, size: Productivity) -> Float[Array, "*batch mode"]:
        """Share of each mode in the revenue of all; zeros where nobody is in."""
        earned = self.slope * self.volume(size)
        total = jnp.sum(earned, axis=-1, keepdims=True)
        return earned / jnp.where(total > 0, total, 1.0)

    def expected_profit(self, size: Productivity) -> Float[Array, "*batch"]:
        """Profit of the average firm before it knows its size: what free entry compares."""
        return jnp.sum(self.slope * self.volume(size) - self.fixed * self.firms(size), axis=-1)

    def expected_fixed(self, size: Productivity) -> Float[Array, "*batch"]:
        """Fixed costs of the average firm."""
        return jnp.sum(self.fixed * self.firms(size), axis=-1)

    def used(self, size: Productivity) -> Array:
        """Which modes some firm takes."""
        low, _ = self.bounds(size.least)
        return jnp.isfinite(low)


def menu(slope: Any, fixed: Any, *, stay_out: bool = True) -> Menu:
    """The menu of modes with these slopes and fixed costs, with staying out in front.

    Args:
        slope: profit per unit of size ``[*batch, mode]``, money; not negative.
        fixed: fixed cost ``[*batch, mode]``, money.
        stay_out: whether mode 0 is to earn nothing at no cost, before the given ones.

    Raises :class:`neg.core.errors.InvalidShapeError` for slopes and costs of different shape,
    :class:`neg.core.errors.InvalidParameterError` for a negative slope. Tiers of a chain
    (``tiers_menu``), kappa 4.5 and sigma 4:

    >>> from neg.firms import Pareto
    >>> tiers = menu([0.2, 0.3, 0.45, 0.7], [0.3, 0.6, 1.3, 3.5])
    >>> [round(float(share), 6) for share in tiers.firms(Pareto(4.5).raised(3.0))]
    [0.455669, 0.351881, 0.093255, 0.060888, 0.038307]

    Source: Helpman, Melitz and Yeaple (2004), American Economic Review 94(1). Leaves out: sunk
    costs, and modes that are worth more together.
    """
    slope, fixed = jnp.asarray(slope, dtype=float), jnp.asarray(fixed, dtype=float)
    if slope.shape != fixed.shape or slope.ndim == 0:
        raise InvalidShapeError(
            f"fixed has shape {fixed.shape}; must be that of slope, {slope.shape}, modes last"
        )
    check_finite("slope", slope)
    check_finite("fixed", fixed)
    if is_concrete(slope) and bool(jnp.any(slope < 0)):
        raise InvalidParameterError(
            f"slope = {float(slope.min()):g} is not allowed; must not be negative"
        )
    if stay_out:
        nothing = jnp.zeros((*slope.shape[:-1], 1))
        slope = jnp.concatenate([nothing, slope], axis=-1)
        fixed = jnp.concatenate([nothing, fixed], axis=-1)
    return Menu(slope, fixed)
