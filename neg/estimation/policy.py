"""The best policy: instruments under a budget, bounds and floors, for sure or under uncertainty."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.core.checks import check_choice, check_range
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import (
    ConvergenceError,
    InvalidParameterError,
    LabelMismatchError,
    unknown_name,
)
from neg.economy.model import Model
from neg.estimation.costs import Cost, cost_of
from neg.estimation.equilibrium import Near, near, solve_near
from neg.estimation.levers import Levers, Point, in_hands
from neg.estimation.program import End, Seen, solve_program
from neg.estimation.result import Result, rank_of
from neg.solvers.long_run import LongRun
from neg.solvers.short_run import ShortRun

Outcomes = dict[str, Array]
Objective = Callable[[Outcomes], Array]
OVER = ("expected", "worst")
BUDGET = "budget"


@own_settings
def maximise(
    economy: Model | Sequence[Model],
    instruments: Levers,
    objective: Objective,
    *,
    at: ShortRun | LongRun | None = None,
    budget: float | None = None,
    costs: Mapping[str, Cost | float] | None = None,
    floors: Mapping[str, tuple[Objective, float]] | None = None,
    over: str = "expected",
    tolerance: float = 1e-7,
    max_steps: int = 200,
) -> Result:
    """The values of the instruments that make an objective of the equilibrium largest.

        maximise f(outcomes(v))   subject to   sum_k cost_k(v_k) <= budget,
                                  g(outcomes(v)) >= floor,   low <= v <= high

    ``instruments`` are levers with bounds, as for a fit; the start (where they change nothing) may
    lie on a bound, where the derivative is that of one side. ``objective``
    maps named outcomes to a number (:mod:`neg.estimation.welfare` has the usual ones), ``floors``
    name others with what they must at least be. ``costs`` say what an instrument costs: a price of
    a unit away from the start, or a :class:`neg.estimation.costs.Cost`.

    Several economies of one structure are draws of what is not known: then the mean (``over``:
    ``expected``) or the smallest (``worst``) of the objective is maximised, and floors hold in
    every draw. Gradients run through the equilibrium on the branch of ``at``; the maximum is a
    local one. Raises :class:`ConvergenceError` where the Karush-Kuhn-Tucker conditions are
    violated by more than ``tolerance`` (full range of an instrument).

    The optimal tariff of one of two places, ``1 / (theta lambda_FF)``:

    >>> from neg.economy.general.build import general_economy
    >>> from neg.economy.lever import Lever
    >>> two = general_economy(places=["home", "foreign"], sectors=["goods"], theta=4.0,
    ...     employment=[[1.0], [1.0]], tau=[[1.0, 1.4], [1.4, 1.0]])
    >>> lever = Lever("tariff", "set", destinations="home")
    >>> best = maximise(two, {"t": (lever, 0.0, 2.0)}, lambda out: out["welfare"][0])
    >>> spent = best.solution.outcomes["trade"][:, 1, 0]
    >>> abs(best.values["t"] - 1 / (4 * float(spent[1] / spent.sum()))) < 1e-6
    True
    """
    check_choice("over", over, OVER)
    economies = [economy] if isinstance(economy, Model) else list(economy)
    if not economies:
        raise InvalidParameterError("economy is empty; must be one economy, or one a draw")
    point = in_hands(economies[0], instruments, inside=False)
    charge = _charges(point, budget, costs)
    numbers = (objective, *(one for one, _ in (floors or {}).values()))
    least = np.asarray([float(level) for _, level in (floors or {}).values()])
    names = ([BUDGET] if charge else []) + list(floors or {})
    look = _Look(economies, point, numbers, near(economies[0], at))
    worst = over == "worst" and len(economies) > 1
    count = len(point.names)

    def evaluate(v: np.ndarray) -> Seen:
        value, slope = look(v[:count])
        limits, limit_slopes = value[:, 1:] - least, slope[:, 1:]
        low = limits.argmin(axis=0)
        rows = [limits[low[k], k] for k in range(len(least))]
        slopes = [limit_slopes[low[k], k] for k in range(len(least))]
        if charge is not None:
            spent, marginal = charge(v[:count])
            rows.insert(0, float(budget or 0.0) - spent)
            slopes.insert(0, -marginal)
        wide = np.zeros((len(rows), len(v)))
        wide[:, :count] = np.reshape(slopes, (len(rows), count))
        if not worst:
            mean, tilt = value[:, 0].mean(), slope[:, 0].mean(axis=0)
            return Seen(float(mean), tilt, np.asarray(rows), wide)
        above = np.concatenate([slope[:, 0], -np.ones((len(value), 1))], axis=1)
        return Seen(
            float(v[-1]),
            np.eye(count + 1)[-1],
            np.concatenate([rows, value[:, 0] - v[-1]]),
            np.concatenate([wide, above]),
        )

    start, low, high = point.start, np.asarray(point.low), np.asarray(point.high)
    first = look(start)[0][:, 0]
    if not np.all(np.isfinite(first)):
        raise ConvergenceError("best policy: the equilibrium at the start did not converge")
    if worst:
        start = np.append(start, first.min())
        low, high = np.append(low, -np.inf), np.append(high, np.inf)
    end = solve_program(evaluate, start, low, high, tolerance=tolerance, max_steps=max_steps)
    begin = float(first.min() if worst else first.mean())
    return _result(economies, point, look, end, names, begin, tolerance)


def _result(
    economies: list[Model],
    point: Point,
    look: _Look,
    end: End,
    names: list[str],
    begin: float,
    tolerance: float,
) -> Result:
    count = len(point.names)
    v = end.v[:count]
    value, slope = look(v)
    values = {name: float(one) for name, one in zip(point.names, v, strict=True)}
    shadow = {name: float(end.multipliers[k]) for k, name in enumerate(names)}
    for side, multipliers in (("low", end.low), ("high", end.high)):
        shadow |= {
            f"{side} {name}": float(m)
            for name, m in zip(point.names, multipliers, strict=False)
            if m > 0
        }
    best = point.put(economies[0], values)
    solution, _, _ = solve_near(best, look.start_of(0))
    worst = int(np.argmin(value[:, 0]))
    plain = len(end.v) == count
    tilt = slope[:, 0].mean(axis=0) if plain else slope[worst, 0]
    result = Result(
        values=values,
        objective=end.seen.value,
        gradient=end.residual,
        converged=bool(end.residual <= tolerance),
        outcomes={name: float(end.seen.limits[k]) for k, name in enumerate(names)},
        jacobian=end.seen.limit_slopes[: len(names), :count],
        steps=end.steps,
        solves=end.evaluations * len(economies),
        gain=end.seen.value - begin,
        slope=dict(zip(point.names, tilt.tolist(), strict=True)),
        shadow_prices=shadow,
        rank=rank_of(end.seen.limit_slopes[: len(names), :count]),
        economy=best,
        solution=solution,
        problem=look,
    )
    if not result.converged:
        raise ConvergenceError(
            f"best policy: gradient {end.residual:.3g} after {end.steps} steps; must be at most "
            f"{tolerance:g}",
            result,
        )
    return result


def value_at(result: Result, number: Objective) -> np.ndarray:
    """Another number of the equilibrium at the end of a policy, in every draw: ``[draw]``."""
    look = result.problem
    v = np.asarray([result.values[name] for name in look.point.names])
    return look.of((number,))(v)[0][:, 0]


def marginal_values(
    economy: Model | Sequence[Model],
    instruments: Levers,
    objective: Objective,
    costs: Mapping[str, Cost | float],
    *,
    at: ShortRun | LongRun | None = None,
    values: Mapping[str, float] | None = None,
) -> np.ndarray:
    """What one more unit of money spent on each lever adds to the objective: ``[draw, lever]``.

        (d objective / d v_k) / (d cost_k / d v_k),   in the direction in which the cost rises

    at ``values`` (default: the start, where the derivative is that of the side inside the bounds).
    Several economies are draws of what is not known; their quantiles are confidence intervals.
    """
    economies = [economy] if isinstance(economy, Model) else list(economy)
    point = in_hands(economies[0], instruments, inside=False)
    charge = _charges(point, 0.0, costs)
    assert charge is not None
    v = point.start if values is None else np.asarray([values[name] for name in point.names])
    _, slope = _Look(economies, point, (objective,), near(economies[0], at))(v)
    _, marginal = charge(v, each=True)
    return slope[:, 0] / marginal


def stacked(economies: Sequence[Model]) -> tuple[Any, Any]:
    """Economies of one structure as one with a leading axis of draws; refused if they differ."""
    moving, fixed = zip(*(eqx.partition(one, eqx.is_array) for one in economies), strict=True)
    first: Any = jax.tree.structure(moving[0])
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(moving[0])]
    for number, (one, other) in enumerate(zip(moving, fixed, strict=True)):
        same = jax.tree.structure(one) == first and eqx.tree_equal(other, fixed[0]) is True
        if not same or [jnp.shape(leaf) for leaf in jax.tree.leaves(one)] != shapes:
            raise LabelMismatchError(
                f"economy {number} differs from the first in more than numbers; draws must have "
                "the same places, sectors, parts and shapes"
            )
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *moving), fixed[0]


class _Look:
    """Numbers of the equilibrium and their slopes in the instruments, in every draw."""

    def __init__(
        self, economies: list[Model], point: Point, numbers: tuple[Objective, ...], start: Near
    ) -> None:
        self.single = len(economies) == 1
        self.point, self.numbers = point, numbers
        self.economy: Any = economies[0] if self.single else stacked(economies)
        many = lambda leaf: jnp.broadcast_to(leaf, (len(economies), *jnp.shape(leaf)))
        self.near = start if self.single else jax.tree.map(many, start)

    def of(self, numbers: tuple[Objective, ...]) -> _Look:
        """The same economies and instruments with other numbers to look at."""
        other = copy.copy(self)
        other.numbers = numbers
        return other

    def start_of(self, draw: int) -> Near:
        """Where the equilibrium of a draw was last found."""
        return self.near if self.single else jax.tree.map(lambda leaf: leaf[draw], self.near)

    def __call__(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values ``[draw, number]`` and slopes ``[draw, number, instrument]``."""
        given = (jnp.asarray(v), self.economy, self.point, self.numbers, self.near)
        value, slope, self.near = (_look if self.single else _look_draws)(*given)
        value, slope = np.asarray(value), np.asarray(slope)
        return (value[None], slope[None]) if self.single else (value, slope)


def _numbers(
    v: Array, economy: Model, point: Point, numbers: tuple[Objective, ...], start: Near
) -> tuple[Array, Array, Near]:
    def found(v: Array) -> tuple[Array, tuple[Array, Near]]:
        values = {name: v[k] for k, name in enumerate(point.names)}
        solution, after, good = solve_near(point.put(economy, values), start)
        kept = jnp.where(good, 1.0, jnp.nan)
        value = jnp.stack([number(solution.outcomes) for number in numbers]) * kept
        return value, (value, after)

    slope, (value, after) = jax.jacrev(found, has_aux=True)(v)
    return value, slope, after


@quick_jit
def _look(v: Array, economy: Any, point: Point, numbers: Any, start: Near) -> tuple:
    return _numbers(v, economy, point, numbers, start)


@quick_jit
def _look_draws(v: Array, economies: Any, point: Point, numbers: Any, start: Near) -> tuple:
    moving, fixed = economies
    one = lambda economy, start: _numbers(v, eqx.combine(economy, fixed), point, numbers, start)
    return jax.vmap(one)(moving, start)


def _charges(point: Point, budget: float | None, costs: Mapping[str, Cost | float] | None) -> Any:
    """What all instruments cost, and by how much more at the margin; None without a budget."""
    if budget is None and costs is None:
        return None
    if budget is None or costs is None:
        raise InvalidParameterError("budget and costs must be given together, or both left out")
    check_range("budget", budget, 0.0)
    for name in costs:
        if name not in point.names:
            raise unknown_name("instrument with a cost", name, point.names)
    for name in point.names:
        if name not in costs:
            raise InvalidParameterError(
                f"instrument {name!r} has no cost; costs must name every instrument (0 if free)"
            )
    every = [cost_of(costs[name]) for name in point.names]

    def charge(v: np.ndarray, each: bool = False) -> tuple[Any, np.ndarray]:
        found = [
            one.at(float(value), float(start), low, high)
            for one, value, start, low, high in zip(
                every, v, point.start, point.low, point.high, strict=True
            )
        ]
        spent = [total for total, _ in found]
        return (spent if each else float(sum(spent))), np.asarray([slope for _, slope in found])

    return charge
