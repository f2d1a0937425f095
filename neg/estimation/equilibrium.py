"""The equilibrium of an economy next to one that is known: warm starts along a search."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neg.core.status import STABILITY_TOLERANCE
from neg.economy.model import Model, Prices
from neg.solvers.long_run import LongRun, equilibrium_at
from neg.solvers.short_run import ShortRun, short_run


class Near(eqx.Module):
    """Where an equilibrium is sought: distribution, log prices, and in the long run used cells.

    ``stable`` is what the branch is (None: not asked, as in the short run).
    """

    x: Float[Array, " cell"]
    prices: Prices
    used: Bool[Array, " cell"] | None = None
    stable: Bool[Array, ""] | None = None


def near(economy: Model, at: ShortRun | LongRun | None = None) -> Near:
    """The branch of a solution; by default that of markets that clear at the observed people."""
    at = short_run(economy) if at is None else at
    if isinstance(at, LongRun):
        return Near(at.x, at.prices, at.used, at.growth <= STABILITY_TOLERANCE)
    return Near(at.x, at.prices)


def solve_near(economy: Model, start: Near) -> tuple[ShortRun | LongRun, Near, Bool[Array, ""]]:
    """The solution next to ``start``, where to seek the next one, and whether it may be used.

    A solution that did not converge, or that is stable where the branch is not (or the other way
    round), lies beyond a fold or branch point: it may not be used, and the start stays.
    """
    found: ShortRun | LongRun
    if start.used is None:
        found = short_run(economy, start.x, prices=start.prices, throw=False)
        here = Near(start.x, found.prices)
        good = found.status == 0
    else:
        found = equilibrium_at(economy, start.x, start.used, prices=start.prices, throw=False)
        here = Near(found.x, found.prices, start.used, start.stable)
        same = jnp.isnan(found.growth) | ((found.growth <= STABILITY_TOLERANCE) == start.stable)
        good = (found.status == 0) & same
    kept = jax.tree.map(
        lambda new, old: jax.lax.stop_gradient(jnp.where(good, new, old)), here, start
    )
    return found, kept, good


def solved_at(economy: Model, at: ShortRun | LongRun | None) -> ShortRun | LongRun:
    """The solution of an economy on the branch of another solution."""
    if isinstance(at, LongRun):
        return equilibrium_at(economy, at.x, at.used, prices=at.prices, throw=False)
    if at is not None:
        return short_run(economy, at.x, prices=at.prices, throw=False)
    return short_run(economy, throw=False)
