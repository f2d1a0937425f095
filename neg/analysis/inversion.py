"""Inversion: the fundamentals that make observed wages and people an equilibrium, exactly."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from neg.core.checks import check_finite, check_range, check_shape
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import InvalidDataError
from neg.core.status import Status
from neg.economy.composed import compose
from neg.economy.general import General
from neg.parts.moving import MovingCosts
from neg.solvers.matrix_free import solve_step
from neg.solvers.short_run import ShortRun, at_boundary, short_run

_EQUAL = 1e-9  # payoffs that differ by less need no moving costs


@own_settings
def invert(economy: General, wage: Any, employment: Any, *, tolerance: float = 1e-11) -> General:
    """Productivity and amenity under which these wages and people are an equilibrium.

    ``wage`` and ``employment`` are ``[place, sector]``; everything else is that of ``economy``.
    Productivity clears every goods market; amenity makes all places of a mobility group pay the
    same (where workers of a place are in several groups, those of the first sector's group). What
    amenity cannot do, since wages or groups differ between the sectors of a place, moving costs do
    (:func:`invert_moving_costs`); with groups by origin they do all, and amenity stays as it is.
    Wages are rescaled to the numeraire. Normalisation: in each sector the geometric mean of
    productivity over places is one, that of amenity over all places is one. Solving the result
    returns the data.

    Data that no productivity can rationalise are refused: with several sectors, world wages in
    each must be what its buyers spend, since productivity moves sales between places only.

    Source: Allen and Arkolakis (2014), Quarterly Journal of Economics 129(3), theorem 2 (unique
    fundamentals); Redding and Rossi-Hansberg (2017), Annual Review of Economics 9.
    """
    _, wage, employment = checked_data(economy, wage, employment)
    economy = economy.with_(employment=employment)
    x = economy.initial_distribution()
    log_a, prices, root = _productivity(economy, jnp.log(jnp.asarray(wage)), x, tolerance)
    status = Status(int(root.status))
    if not status.ok:
        raise InvalidDataError(
            "no productivity rationalises these wages and people "
            f"({status.name.lower()}, residual {float(root.residual):.3g}): in every sector world "
            "wages must be what its buyers spend"
        )
    active = np.asarray(economy.active)
    economy = economy.with_(productivity=np.where(active, np.exp(np.asarray(log_a)), 0.0))
    if "moving costs" in economy.says or economy.cells.origin_share is not None:
        return invert_moving_costs(economy, prices=prices)
    return invert_amenity(economy, prices=prices)


def invert_amenity(economy: General, *, prices: Any = None) -> General:
    """Amenity under which observed people stay where they are, given everything else.

    Amenity makes all places of a mobility group pay the same (where workers of a place are in
    several groups, those of the first sector's group); what it cannot do, since wages or groups
    differ between the sectors of a place, moving costs do (:func:`invert_moving_costs`).
    Normalisation: the geometric mean of amenity over all places is one. ``prices`` are log prices
    that clear markets at observed people; by default they are solved for.
    """
    x = economy.initial_distribution()
    prices = short_run(economy, x).prices if prices is None else prices
    value = _payoff(economy, prices, x)
    member = np.asarray(economy.groups.index)
    best = np.asarray(economy.groups.total(x * value) / economy.groups.mass)
    place_of = economy.cells.places
    first = np.unique(place_of, return_index=True)[1]
    log_b = np.zeros(len(economy.places))
    log_b[place_of[first]] = best[member[first]] - np.asarray(value)[first]
    amenity = np.asarray(economy.amenity) * np.exp(log_b)
    economy = economy.with_(amenity=amenity / np.exp(np.mean(np.log(amenity))))
    left = np.asarray(value) + log_b[place_of] - best[member]
    if np.max(np.abs(left)) <= _EQUAL:
        return economy
    return invert_moving_costs(economy, prices=prices)


def checked_data(
    economy: General, wage: Any, employment: Any
) -> tuple[float, np.ndarray, np.ndarray]:
    """Factor that turns money into units of the numeraire, wages in these units, and people."""
    wage, employment = np.asarray(wage, dtype=float), np.asarray(employment, dtype=float)
    check_shape("wage", wage, economy.shape)
    check_shape("employment", employment, economy.shape)
    check_range("wage", wage, 0.0, low_open=True)
    check_finite("employment", employment, nonnegative=True)
    if any(economy.homogeneous):
        raise InvalidDataError("a sector of price one has no productivity or taste to invert for")
    if np.any((employment <= 0) & np.asarray(economy.active)):
        raise InvalidDataError("employment must be positive in every cell that can produce")
    people = employment.sum(axis=1)
    weight = np.asarray(economy.closure.numeraire)
    one = np.sum(weight * (wage * employment).sum(axis=1)) / np.sum(weight * people)
    return 1.0 / one, wage / one, employment


def invert_moving_costs(economy: General, *, prices: Any = None) -> General:
    """Moving costs under which observed people stay where they are, at any tastes.

        k_m = V_is - nu log(n_gi / m_g) - eta log(x_m / n_gi) - v_g

    makes every used cell of a group pay ``v_g``. Normalisation: costs at home average zero over
    the people there (with one cell at home, staying costs nothing); for groups without an origin,
    or of whom nobody is at home, over all their people. Cells without people cost nothing.
    ``prices`` are log prices that clear markets at observed people; by default they are solved
    for.

    Source: Tombe and Zhu (2019), American Economic Review 109(5), section III.
    """
    x = economy.initial_distribution()
    kept = [part for part in getattr(economy, "parts", ()) if part.label != MovingCosts.label]
    bare = compose(getattr(economy, "base", economy), [*kept, MovingCosts()])
    prices = short_run(bare, x).prices if prices is None else prices
    value, people = np.asarray(_payoff(bare, prices, x)), np.asarray(x)
    member = economy.cells.group
    place = economy.cells.places
    home = people * (place == np.asarray(economy.cells.origin)[member])
    count = len(economy.cells.names)
    some = np.bincount(member, home, count) > 0
    weight = np.where(some[member], home, people)
    total = np.bincount(member, weight, count)
    used = people > 0
    paid = np.bincount(member, np.where(used, weight * value, 0.0), count)
    level = paid / np.where(total > 0, total, 1.0)
    return bare.with_(**{"moving.cost": np.where(used, value - level[member], 0.0)})


@quick_jit
def _payoff(economy: General, prices: Any, x: Array) -> Array:
    return economy.payoff(prices, x)


def rationalised(economy: General, *, throw: bool = True) -> ShortRun:
    """The equilibrium of an inverted economy at its employment: returns wages as observed."""
    return at_boundary(short_run(economy, throw=False), throw)


@quick_jit
def _productivity(economy: Any, log_wage: Array, x: Array, tolerance: float) -> tuple:
    """Solve the market conditions for productivity in place of wages."""
    start = economy.initial_prices(x)
    start = start | {"wage": jnp.zeros(economy.shape)}  # the place of wages is productivity's
    flat, unravel = ravel_pytree(start)
    active = economy.active
    count = jnp.maximum(jnp.sum(active, axis=0), 1)

    def at(z: Array) -> tuple[Any, Any, Array]:
        named = unravel(z)
        shifter = jnp.where(active, jnp.exp(named["wage"]), 0.0)
        with_a = economy.with_(productivity=shifter)
        return with_a, {**named, "wage": log_wage}, named["wage"]

    def step(z: Array) -> tuple[Array, Array]:
        with_a, prices, log_a = at(z)
        residual = with_a.market_residual(prices, x)
        excess = jnp.where(active, residual["wage"], 0.0)
        mean = jnp.sum(jnp.where(active, log_a, 0.0), axis=0) / count
        # The sum over places of a sector's markets holds by itself; the mean is pinned instead.
        change = jnp.where(active, -excess - mean, -log_a)
        largest = jnp.max(jnp.abs(ravel_pytree(residual | {"wage": excess})[0]))
        moved = ravel_pytree(residual | {"wage": change})[0]
        return moved, jnp.maximum(largest, jnp.max(jnp.abs(mean)))

    root = solve_step(step, flat, tolerance, 40)
    _, prices, log_a = at(root.z)
    return log_a, prices, root
