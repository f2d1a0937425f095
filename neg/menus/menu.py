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
from neg.menus.sizes import Sizes


def envelope(
    slope: Float[Array, " line"], cost: Float[Array, " line"], start: Any = 0.0
) -> tuple[Float[Array, " line"], Float[Array, " line"]]:
    """Where each line ``slope x - cost`` is the highest of all, from ``start`` on.

        low_m  = max over flatter lines j  of (cost_m - cost_j) / (slope_m - slope_j), and start
        high_m = min over steeper lines j  of (cost_j - cost_m) / (slope_j - slope_m), and infinity

    A line that is nowhere the highest has ``high = low``. Of equal lines the first is taken. The
    ends are differentiable except where a line enters or leaves the envelope.

    >>> low, high = envelope(jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 4.0]))
    >>> low.tolist(), high.tolist()
    ([0.0, 1.0, 3.0], [1.0, 3.0, inf])
    """
    order = jnp.arange(slope.shape[0])
    rise = slope[:, None] - slope[None, :]  # of the line over the other
    extra = cost[:, None] - cost[None, :]
    kink = extra / jnp.where(rise == 0, 1.0, rise)
    low = jnp.max(jnp.where(rise > 0, kink, -jnp.inf), axis=1)
    high = jnp.min(jnp.where(rise < 0, kink, jnp.inf), axis=1)
    beaten = (rise == 0) & ((extra > 0) | ((extra == 0) & (order[:, None] > order[None, :])))
    low = jnp.maximum(low, start)
    return low, jnp.where(jnp.any(beaten, axis=1), low, jnp.maximum(low, high))


class Choice(eqx.Module):
    """Who chose what: one entry for each mode, the first of which is to stay out.

    ``low`` and ``high`` bound the scale of the firms of a mode (equal where nobody takes it),
    ``firms`` is their share among all, ``scale`` the sum of their scale per firm of all,
    ``sales`` what they sell per firm of all, ``profit`` the mean profit of a firm of all, those
    that stay out included.
    """

    modes: tuple[str, ...] = eqx.field(static=True)
    low: Float[Array, " mode"]
    high: Float[Array, " mode"]
    firms: Float[Array, " mode"]
    scale: Float[Array, " mode"]
    sales: Float[Array, " mode"]
    profit: Float[Array, ""]

    @property
    def used(self) -> Bool[Array, " mode"]:
        """Which modes any firm takes."""
        return self.firms > 0

    @property
    def active(self) -> Float[Array, " mode"]:
        """Share of each mode among the firms that do not stay out; zero where all do."""
        inside = self.firms[1:]
        total = jnp.sum(inside)
        some = total > 0
        return jnp.concatenate(
            [jnp.zeros(1), jnp.where(some, inside / jnp.where(some, total, 1), 0)]
        )

    @property
    def sales_share(self) -> Float[Array, " mode"]:
        """Share of each mode in all sales; zero where nobody sells."""
        total = jnp.sum(self.sales)
        some = total > 0
        return jnp.where(some, self.sales / jnp.where(some, total, 1.0), 0.0)

    def labelled(self) -> xr.Dataset:
        """All of it by the names of the modes."""
        arrays = {
            name: ("mode", np.asarray(getattr(self, name)))
            for name in ("low", "high", "firms", "active", "scale", "sales", "sales_share")
        }
        return xr.Dataset(
            arrays, coords={"mode": list(self.modes)}, attrs={"profit": float(self.profit)}
        )


class Menu(eqx.Module):
    """Modes that a firm of scale x may choose among, or stay out: profit ``slope x - cost``.

    Args:
        slope: ``[mode]`` operating profit per unit of scale.
        cost: ``[mode]`` fixed cost; money.
        modes: names of the modes; numbers from one where left out.
        sales: ``[mode]`` sales per unit of scale; ``slope`` where left out (shares of sales are
            right then if all modes have the same mark-up: sales are ``sigma slope x``).

    Firms with CES demand have ``x = z^(sigma-1)``: set-up cost, make or buy, tiers, exports and
    credit are all menus. The derivative of shares is that of the closed forms of
    :class:`neg.menus.Sizes`; it jumps where a mode enters or leaves the envelope.

    Raises :class:`InvalidDataError` for what is not finite and for slopes below zero,
    :class:`InvalidShapeError` and :class:`LabelMismatchError` for names and lengths that differ.

    Source: Melitz (2003), Econometrica 71(6); Helpman, Melitz and Yeaple (2004), AER 94(1).

    >>> from neg.menus import Pareto
    >>> menu = Menu([1.0, 2.0], [1.0, 4.0], modes=("home", "export"))
    >>> menu.choose(Pareto(shape=1.5, low=0.5)).active.round(3).tolist()
    [0.0, 0.808, 0.192]
    """

    slope: Float[Array, " mode"]
    cost: Float[Array, " mode"]
    sales: Float[Array, " mode"]
    modes: tuple[str, ...] = eqx.field(static=True)

    def __init__(
        self, slope: Any, cost: Any, *, modes: tuple[str, ...] | None = None, sales: Any = None
    ) -> None:
        self.slope = jnp.asarray(slope, dtype=float)
        self.cost = jnp.asarray(cost, dtype=float)
        if self.slope.ndim != 1 or self.slope.shape[0] == 0:
            raise InvalidShapeError(
                f"slope has shape {self.slope.shape}; must be a list of one number or more"
            )
        self.sales = self.slope if sales is None else jnp.asarray(sales, dtype=float)
        self.modes = tuple(modes or (str(m + 1) for m in range(self.slope.shape[0])))
        for name in ("cost", "sales"):
            check_shape(name, getattr(self, name), self.slope.shape)
        check_labels("modes", ("out", *self.modes))
        if len(self.modes) != self.slope.shape[0]:
            raise InvalidShapeError(
                f"modes has {len(self.modes)} names; must have {self.slope.shape[0]}, one a mode"
            )
        check_finite("slope", self.slope, nonnegative=True)
        check_finite("cost", self.cost)
        check_finite("sales", self.sales, nonnegative=True)

    def choose(self, sizes: Sizes) -> Choice:
        """What firms of these sizes choose.

        firms_m = Pr(low_m < x <= high_m),   scale_m = E[x; low_m < x <= high_m]
        sales_m = sales_m scale_m,           profit = sum_m slope_m scale_m - cost_m firms_m
        """
        slope = jnp.concatenate([jnp.zeros(1), self.slope])
        cost = jnp.concatenate([jnp.zeros(1), self.cost])
        low, high = envelope(slope, cost, sizes.least)
        firms, scale = sizes.between(low, high), sizes.between(low, high, 1.0)
        sales = jnp.concatenate([jnp.zeros(1), self.sales]) * scale
        profit = jnp.sum(slope * scale - cost * firms)
        return Choice(("out", *self.modes), low, high, firms, scale, sales, profit)

    def best(self, scale: Any) -> Array:
        """Number of the best mode at each scale, 0 for none; ``scale`` of any shape."""
        value = jnp.asarray(scale, dtype=float)[..., None] * self.slope - self.cost
        return jnp.where(jnp.max(value, axis=-1) > 0, 1 + jnp.argmax(value, axis=-1), 0)
