"""Menus: the upper envelope of lines of profit, and how many firms stand on which line."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float

from neg.core.checks import check_finite, check_labels, check_shape
from neg.core.errors import InvalidShapeError
from neg.menus.given import check_mean
from neg.menus.productivity import Productivity


def envelope(
    slope: Float[Array, "*batch line"], cost: Float[Array, "*batch line"], start: Any = 0.0
) -> tuple[Float[Array, "*batch line"], Float[Array, "*batch line"]]:
    """Where each line ``slope x - cost`` is the highest of all, from ``start`` on.

        low_m  = max over flatter lines j  of (cost_m - cost_j) / (slope_m - slope_j), and start
        high_m = min over steeper lines j  of (cost_j - cost_m) / (slope_j - slope_m), and infinity

    A line that is nowhere the highest has ``high = low``. Of equal lines the first is taken. The
    ends are differentiable except where a line enters or leaves the envelope.

    >>> low, high = envelope(jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 4.0]))
    >>> low.tolist(), high.tolist()
    ([0.0, 1.0, 3.0], [1.0, 3.0, inf])
    """
    order = jnp.arange(slope.shape[-1])
    rise = slope[..., :, None] - slope[..., None, :]  # of the line over the other
    extra = cost[..., :, None] - cost[..., None, :]
    kink = extra / jnp.where(rise == 0, 1.0, rise)
    low = jnp.max(jnp.where(rise > 0, kink, -jnp.inf), axis=-1)
    high = jnp.min(jnp.where(rise < 0, kink, jnp.inf), axis=-1)
    beaten = (rise == 0) & ((extra > 0) | ((extra == 0) & (order[:, None] > order[None, :])))
    low = jnp.maximum(low, start)
    return low, jnp.where(jnp.any(beaten, axis=-1), low, jnp.maximum(low, high))


class Choice(eqx.Module):
    """Who chose what: one entry for each mode, the first of which is to stay out.

    ``low`` and ``high`` bound the scale of the firms of a mode (equal where nobody takes it),
    ``firms`` is their share among all, ``scale`` the sum of their scale per firm of all,
    ``sales`` what they sell per firm of all, ``profit`` the mean profit of a firm of all, those
    that stay out included.
    """

    modes: tuple[str, ...] = eqx.field(static=True)
    low: Float[Array, "*batch mode"]
    high: Float[Array, "*batch mode"]
    firms: Float[Array, "*batch mode"]
    scale: Float[Array, "*batch mode"]
    sales: Float[Array, "*batch mode"]
    profit: Float[Array, "*batch"]

    @property
    def used(self) -> Bool[Array, "*batch mode"]:
        """Which modes any firm takes."""
        return self.firms > 0

    @property
    def active(self) -> Float[Array, "*batch mode"]:
        """Share of each mode among the firms that do not stay out; zero where all do."""
        return _shares(self.firms.at[..., 0].set(0.0))

    @property
    def sales_share(self) -> Float[Array, "*batch mode"]:
        """Share of each mode in all sales; zero where nobody sells."""
        return _shares(self.sales)

    def labelled(self) -> xr.Dataset:
        """All of it by the names of the modes; axes before the mode are ``axis_0``, ``axis_1``."""
        axes = (*(f"axis_{n}" for n in range(self.firms.ndim - 1)), "mode")
        arrays = {
            name: (axes, np.asarray(getattr(self, name)))
            for name in ("low", "high", "firms", "active", "scale", "sales", "sales_share")
        } | {"profit": (axes[:-1], np.asarray(self.profit))}
        return xr.Dataset(arrays, coords={"mode": list(self.modes)})


class Menu(eqx.Module):
    """Modes that a firm of scale x may choose among, or stay out: profit ``slope x - cost``.

    Args:
        slope: ``[..., mode]`` operating profit per unit of scale; axes before the last are
            markets, places or scenarios, each with its own menu.
        cost: ``[..., mode]`` fixed cost; money.
        modes: names of the modes; numbers from one where left out.
        sales: ``[..., mode]`` sales per unit of scale; ``slope`` where left out (shares of sales
            are right then if all modes have the same mark-up: sales are ``sigma slope x``).

    Firms with CES demand have ``x = z^(sigma-1)``: set-up cost, make or buy, tiers, exports and
    credit are all menus. The derivative of shares is that of the closed forms of
    :class:`neg.menus.Productivity`; it jumps where a mode enters or leaves the envelope.

    Raises :class:`InvalidDataError` for what is not finite and for slopes below zero,
    :class:`InvalidShapeError` and :class:`LabelMismatchError` for names and lengths that differ.

    Source: Melitz (2003), Econometrica 71(6); Helpman, Melitz and Yeaple (2004), AER 94(1).

    >>> from neg.menus import Pareto
    >>> menu = Menu([1.0, 2.0], [1.0, 4.0], modes=("home", "export"))
    >>> menu.choose(Pareto(1.5, 0.5)).active.round(3).tolist()
    [0.0, 0.808, 0.192]

    Tiers of a chain, kappa 4.5 and sigma 4:

    >>> tiers = Menu([0.2, 0.3, 0.45, 0.7], [0.3, 0.6, 1.3, 3.5])
    >>> [round(float(share), 6) for share in tiers.choose(Pareto(4.5).raised(3.0)).firms]
    [0.455669, 0.351881, 0.093255, 0.060888, 0.038307]
    """

    slope: Float[Array, "*batch mode"]
    cost: Float[Array, "*batch mode"]
    sales: Float[Array, "*batch mode"]
    modes: tuple[str, ...] = eqx.field(static=True)

    def __init__(
        self, slope: Any, cost: Any, *, modes: tuple[str, ...] | None = None, sales: Any = None
    ) -> None:
        self.slope = jnp.asarray(slope, dtype=float)
        self.cost = jnp.asarray(cost, dtype=float)
        if self.slope.ndim == 0 or self.slope.shape[-1] == 0:
            raise InvalidShapeError(
                f"slope has shape {self.slope.shape}; must end in an axis of one mode or more"
            )
        self.sales = self.slope if sales is None else jnp.asarray(sales, dtype=float)
        count = self.slope.shape[-1]
        self.modes = tuple(modes or (str(m + 1) for m in range(count)))
        for name in ("cost", "sales"):
            check_shape(name, getattr(self, name), self.slope.shape)
        check_labels("modes", ("out", *self.modes))
        if len(self.modes) != count:
            raise InvalidShapeError(
                f"modes has {len(self.modes)} names; must have {count}, one a mode"
            )
        check_finite("slope", self.slope, nonnegative=True)
        check_finite("cost", self.cost)
        check_finite("sales", self.sales, nonnegative=True)

    def choose(self, sizes: Productivity) -> Choice:
        """What firms choose; ``sizes`` is the distribution of x (``productivity.raised(sigma-1)``).

            firms_m = Pr(low_m < x <= high_m),   scale_m = E[x; low_m < x <= high_m]
            sales_m = sales_m scale_m,           profit = sum_m slope_m scale_m - cost_m firms_m

        Raises :class:`neg.core.errors.InvalidParameterError` for sizes without a mean.
        """
        check_mean("sizes", sizes)
        slope, cost, value = (
            jnp.concatenate([jnp.zeros_like(line[..., :1]), line], axis=-1)
            for line in (self.slope, self.cost, self.sales)
        )
        low, high = envelope(slope, cost, sizes.least)
        firms, scale = (sizes.between(power, low, high) for power in (0.0, 1.0))
        profit = jnp.sum(slope * scale - cost * firms, axis=-1)
        return Choice(("out", *self.modes), low, high, firms, scale, value * scale, profit)

    def best(self, scale: Any) -> Array:
        """Number of the best mode at each scale, 0 for none; ``scale`` of any shape.

        With a menu for each of several markets the axes of ``scale`` stand after theirs.
        """
        scale = jnp.asarray(scale, dtype=float)
        batch, more = self.slope.shape[:-1], (1,) * scale.ndim
        slope, cost = (
            line.reshape(*batch, *more, len(self.modes)) for line in (self.slope, self.cost)
        )
        value = scale[..., None] * slope - cost
        return jnp.where(jnp.max(value, axis=-1) > 0, 1 + jnp.argmax(value, axis=-1), 0)


def _shares(amount: Float[Array, "*batch mode"]) -> Float[Array, "*batch mode"]:
    total = jnp.sum(amount, axis=-1, keepdims=True)
    some = total > 0
    return jnp.where(some, amount / jnp.where(some, total, 1.0), 0.0)
