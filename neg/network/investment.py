"""The best improvements of links under a budget."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array, Float
from scipy.optimize import minimize

from neg.core.checks import check_range
from neg.core.errors import ConvergenceError, InvalidShapeError, SpectralRadiusError
from neg.core.status import Status
from neg.network.routed import RoutedTrade
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

_LEAST = 1e-30
"""Smallest share of spending that is told from none: cost stays finite, traffic is nothing."""

_FAR = 1e-3
"""Gap in shares of spending above which what the search found is no best point."""


class ConvexImprovementWarning(UserWarning):
    """Returns to improving a link rise: the best spending may be a corner, and one of several."""


@dataclasses.dataclass(frozen=True)
class Improvement:
    """The best spending found, what it buys, and how exactly it is a best one."""

    table: pd.DataFrame
    """By link: ``share`` of the budget, ``improvement`` bought, ``traffic`` both ways,
    ``elasticity`` of welfare to it, all at the best."""
    log_welfare: float
    log_welfare_equal: float
    """Welfare where every link gets the same share of the budget."""
    kkt: float
    """Largest gap between the share of a link in spending and in the total elasticity of welfare,
    over links that get something; for those that get nothing, how much their elasticity exceeds."""
    starts: int
    agree: int
    """How many of the starts ended at this welfare, to 1e-9."""
    equilibrium: Any


def improve_links(
    economy: RoutedTrade,
    budget: float,
    *,
    gamma: float,
    price: Any = 1.0,
    x: Any = None,
    mobile: bool = True,
    starts: int = 6,
    seed: int = 0,
) -> Improvement:
    """Spend a budget on links so that welfare is highest.

        tbar_l = tbar_l improvement_l^-gamma,   sum_l price_l improvement_l = budget

    At the best each link's share of spending is its share in the total elasticity of welfare, so
    that in an economy without spillovers and congestion it is its share of traffic. Shares are
    found as softmax of free numbers, by a quasi-Newton method with exact gradients through the
    equilibrium, from several starts.

    Args:
        economy: on a network.
        budget: positive, in the unit of price times improvement.
        gamma: elasticity of link costs to improvement, not negative.
        price: of one unit of improvement, a number or one a link.
        x: people in each place, by default spread evenly; where the search for the equilibrium
            begins if they are mobile.
        mobile: whether people move until all places are worth the same; else welfare is the mean
            of log real income over places, weighed by income before the improvement.
        starts: of the search: equal shares, nearly all in one link, random.
        seed: of the random ones.

    Warns:
        ConvexImprovementWarning: ``theta gamma >= 1 + theta lambda`` on parallel links.

    Raises:
        SpectralRadiusError: the search came upon spending at which the sum over routes is infinite
            (a spectral radius of one or more): near it welfare rises without bound, and nothing is
            best.
        ConvergenceError: no start led to an equilibrium, or the best one found is none.

    Source: Fajgelbaum and Schaal (2020), Econometrica 88(4), for the question.
    """
    links = len(economy.network.links)
    check_range("budget", budget, 0.0, low_open=True)
    check_range("gamma", gamma, 0.0)
    check_range("price", price, 0.0, low_open=True)
    check_range("starts", starts, 1)
    prices = np.broadcast_to(np.asarray(price, dtype=float), np.shape(price) or (links,))
    if prices.shape != (links,):
        raise InvalidShapeError(f"price has shape {prices.shape}; must be a number or ({links},)")
    theta, slow = float(economy.theta), float(economy.congestion)
    strength = theta * gamma / (1.0 + theta * slow)
    if strength >= 1.0:
        warnings.warn(
            f"theta gamma / (1 + theta lambda) = {strength:.3g} is one or more: returns to "
            "improving a link rise, spending concentrates and what is found may be one of "
            "several best ones",
            ConvexImprovementWarning,
            stacklevel=2,
        )
    start = economy.initial_distribution() if x is None else jnp.asarray(x, dtype=float)
    base = economy.with_(factor=economy.full("factor", {"link": links}))
    weight = _weights(base, start)
    given = base, start, weight, jnp.asarray(budget), jnp.asarray(prices), jnp.asarray(gamma)

    def negative(z: np.ndarray) -> tuple[float, np.ndarray]:
        welfare, slope = _welfare_and_slope(jnp.asarray(z), *given, mobile)
        if not np.isfinite(welfare):
            _check_bounded(_improved(_shares(jnp.asarray(z)), given))
            return 1e6, np.zeros_like(z)  # the line search steps back
        return -float(welfare), -np.asarray(slope)

    ends = []
    for z in _starts(links, starts, seed):
        found = minimize(negative, z, jac=True, method="BFGS", options={"gtol": 1e-12})
        if found.fun < 1e6:
            ends.append(found)
    if not ends:
        raise ConvergenceError("no start of the search for link improvements had an equilibrium")
    best = min(ends, key=lambda one: one.fun)
    agree = sum(one.fun - best.fun < 1e-9 for one in ends)
    share, effect = _polished(np.asarray(_shares(jnp.asarray(best.x))), given, mobile)
    improved, solution = _solved(share, given, mobile)
    equal = float(_welfare_and_slope(jnp.log(jnp.full(links, 1.0 / links)), *given, mobile)[0])
    table = pd.DataFrame(
        {
            "share": share,
            "improvement": share * budget / prices,
            "traffic": np.asarray(solution.outcomes["traffic"]),
            "elasticity": gamma * effect,
        },
        index=pd.Index(economy.network.labels["link"], name="link"),
    )
    value = float(_value(improved, start, weight, mobile))
    gap = _gap(share, effect)
    if not gap < _FAR:
        raise ConvergenceError(
            f"the search for link improvements ended at shares of spending that are {gap:.3g} from "
            f"those of a best one; must be less than {_FAR:g}: more starts, or a smaller budget",
            solution,
        )
    return Improvement(table, value, equal, gap, starts, agree, solution)


def _check_bounded(improved: RoutedTrade) -> None:
    """Raise a named error where the sum over routes is infinite with the links so improved.

    Congestion keeps it finite, whatever links cost when they are empty.
    """
    if float(improved.congestion) > 0.0:
        return
    radius = improved.radius(improved.initial_prices(improved.initial_distribution()))
    if not radius < 1.0:
        bought = dict(zip(improved.labels["link"], np.asarray(improved.factor), strict=True))
        best = min(bought, key=lambda label: bought[label])
        raise SpectralRadiusError(
            "the budget can make links so cheap that the matrix of links has a spectral radius of "
            f"{radius:.6g} (with a factor of {bought[best]:.6g} on {best!r}), where the sum over "
            "routes is infinite and no spending is best; must be below one: a smaller budget or "
            "gamma, or a larger theta"
        )


def _gap(share: np.ndarray, effect: np.ndarray) -> float:
    """How far shares of spending are from those of the total elasticity."""
    relative = effect / effect.sum()
    over = np.maximum(relative - share, 0.0)
    return float(np.where(share > 1e-9, np.abs(relative - share), over).max())


def _polished(share: np.ndarray, given: Any, mobile: bool) -> tuple[np.ndarray, np.ndarray]:
    """Spend in proportion to elasticities as long as that comes closer to a best point.

    The search stops where welfare is flat to rounding, at half the digits of the shares.
    """
    _, x, weight, *_ = given

    def effect(at: np.ndarray) -> np.ndarray:
        return np.asarray(_elasticity(_improved(jnp.asarray(at), given), x, weight, mobile))

    found = effect(share)
    for _ in range(60):
        gap = _gap(share, found)
        moved = np.maximum(found / found.sum(), _LEAST)
        there = effect(moved)
        if not np.isfinite(there).all() or not _gap(moved, there) < gap:
            break
        share, found = moved, there
        if gap < 1e-13:
            break
    return share, found


def _shares(z: Array) -> Float[Array, " link"]:
    share = jax.nn.softmax(z)
    return jnp.maximum(share, _LEAST)


def _improved(share: Array, given: Any) -> RoutedTrade:
    base, _, _, budget, prices, gamma = given
    logs = jnp.log(base.factor) - gamma * (jnp.log(share) + jnp.log(budget / prices))
    return eqx.tree_at(lambda model: model.factor, base, jnp.exp(logs))


def _equilibrium(model: RoutedTrade, x: Array, mobile: bool) -> Any:
    if mobile:
        return equilibrium_at(model, x, jnp.ones(x.shape, bool), throw=False)
    return short_run(model, x, throw=False)


def _value(model: RoutedTrade, x: Array, weight: Array, mobile: bool) -> Array:
    found = _equilibrium(model, x, mobile)
    if mobile:
        return jnp.sum(found.x * found.payoff) / jnp.sum(found.x)
    return jnp.sum(weight * found.payoff)


@eqx.filter_jit
def _welfare_and_slope(
    z: Array,
    base: RoutedTrade,
    x: Array,
    weight: Array,
    budget: Array,
    prices: Array,
    gamma: Array,
    mobile: bool,
) -> tuple[Array, Array]:
    given = base, x, weight, budget, prices, gamma

    def welfare(free: Array) -> Array:
        return _value(_improved(_shares(free), given), x, weight, mobile)

    return jax.value_and_grad(welfare)(z)


@eqx.filter_jit
def _elasticity(model: RoutedTrade, x: Array, weight: Array, mobile: bool) -> Array:
    """Minus the elasticity of welfare to the cost of each link."""

    def welfare(logs: Array) -> Array:
        moved = eqx.tree_at(lambda one: one.factor, model, model.factor * jnp.exp(logs))
        return _value(moved, x, weight, mobile)

    return -jax.grad(welfare)(jnp.zeros(model.factor.shape))


def _weights(base: RoutedTrade, x: Array) -> Array:
    """Shares of places in income before the improvement."""
    found = short_run(base, x, throw=False)
    income = jnp.asarray(found.outcomes["income"])
    return jnp.where(jnp.all(jnp.isfinite(income)), income / jnp.sum(income), x / jnp.sum(x))


def _solved(share: np.ndarray, given: Any, mobile: bool) -> tuple[RoutedTrade, Any]:
    improved = _improved(jnp.asarray(share), given)
    solution = _equilibrium(improved, given[1], mobile)
    if int(solution.status) != Status.CONVERGED:
        raise ConvergenceError("the economy with the best links found has no equilibrium", solution)
    return improved, solution


def _starts(links: int, count: int, seed: int) -> list[np.ndarray]:
    """Equal shares, then most in one link after another, then random ones."""
    rng = np.random.default_rng(seed)
    found = [np.zeros(links)]
    found += [np.where(np.arange(links) == k, 4.0, 0.0) for k in range(min(links, count))]
    while len(found) < count:
        found.append(rng.normal(0.0, 1.5, links))
    return found[:count]
