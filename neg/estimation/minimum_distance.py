"""Fits: named unknowns that make named moments of an equilibrium what was observed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_range, check_shape
from neg.core.compilation import own_settings
from neg.core.errors import ConvergenceError, InvalidParameterError
from neg.economy.model import Model
from neg.estimation.equilibrium import near, solve_near
from neg.estimation.inversion import invert
from neg.estimation.least_squares import Lanes, Problem, evaluate, long_way, minimise
from neg.estimation.levers import Levers, Point, Unknown, in_hands
from neg.estimation.result import Result, rank_of
from neg.estimation.settings import ROUTES, FitSettings
from neg.estimation.weights import weights_of
from neg.solvers.long_run import LongRun
from neg.solvers.short_run import ShortRun

Outcomes = dict[str, Array]
PRIOR = "prior of "
"""Before the name of an unknown: the moment that its prior is."""


class Estimation(eqx.Module):
    """A problem of minimum distance with its data: what a result is refitted and judged from."""

    problem: Problem
    target: Float[Array, " moment"]
    root: Float[Array, "moment moment"]
    """Root of the weights: the loss is ``|root (moments - target)|^2``."""
    covariance: Float[np.ndarray, "moment moment"] | None
    """That of the moments, where it is known."""
    z: Float[Array, " unknown"]
    near: Any
    point: Point | None = None
    search: FitSettings = eqx.field(static=True, default=FitSettings())


@own_settings
def fit(
    economy: Model,
    unknowns: Levers,
    moments: Callable[[Outcomes], dict[str, Array]],
    targets: Mapping[str, Any],
    *,
    at: ShortRun | LongRun | None = None,
    weights: Mapping[str, Any] | None = None,
    covariance: Any = None,
    **search: Any,
) -> Result:
    """The economy in which the unknowns make the moments of its equilibrium equal the targets.

        minimise (m(v) - target)' W (m(v) - target)     over the levers' values v

    ``unknowns`` maps a name to an :class:`Unknown`, or to a lever (or a parameter's name) and the
    bounds of its value, which cannot be left; a prior is one more moment. ``moments`` maps named
    outcomes to named numbers or arrays. W is the inverse of ``covariance`` (a matrix in the sorted
    order of the names, or standard deviations by name), or holds ``weights`` by name (default 1);
    with neither the loss is the sum of squared gaps. Everything that is no unknown is known: it is
    what ``economy`` says. ``search`` are the fields of :class:`FitSettings`.

    The equilibrium is that on the branch of ``at``, by default the short run at the observed
    distribution; it is solved again in every step, from where the last step found it, and never
    followed across a fold: steps that would leave the branch are refused. Raises
    :class:`ConvergenceError` where a derivative above the tolerance is left, and named errors for
    levers, bounds and names that make no sense.

    Source: methods of simulated moments: Gourieroux and Monfort (1996).

    >>> from neg.models.core_periphery import CorePeriphery
    >>> from neg.solvers.short_run import short_run
    >>> model = CorePeriphery(tau=1.7)
    >>> def index(out): return {"index": out["price_index"][0]}
    >>> target = index(short_run(CorePeriphery(tau=1.5)).outcomes)
    >>> round(float(fit(model, {"tau": ("tau", 1.0, 3.0)}, index, target).values["tau"]), 6)
    1.5
    """
    point = in_hands(economy, unknowns, inside=True)
    priors = {
        name: one.prior
        for name, one in unknowns.items()
        if isinstance(one, Unknown) and one.prior is not None
    }
    start = near(economy, at)
    made = _Moments(economy, point, moments, tuple(priors))
    aims = dict(targets) | {PRIOR + name: mean for name, (mean, _) in priors.items()}
    sure = {PRIOR + name: sd for name, (_, sd) in priors.items()}
    return _search(
        made,
        dict(zip(point.names, point.start, strict=True)),
        dict(zip(point.names, zip(point.low, point.high, strict=True), strict=True)),
        aims,
        (weights, covariance, sure),
        start,
        FitSettings(**search),
        point,
    )


def match_moments(
    moments: Callable[[dict[str, Array]], dict[str, Array]],
    unknowns: Mapping[str, tuple[Any, float, float]],
    targets: Mapping[str, Any],
    *,
    weights: Mapping[str, Any] | None = None,
    covariance: Any = None,
    **search: Any,
) -> Result:
    """Find the unknowns whose ``moments`` are nearest to ``targets``: any function of named values.

        minimise sum_m weight_m |moment_m(unknowns) - target_m|^2

    ``unknowns`` maps names to a start (a number or an array) and its bounds, which hold exactly.
    ``moments`` maps named unknowns to named moments, and may solve an equilibrium: its gradient
    runs through the solve. Weights, search and errors are those of :func:`fit`.
    """
    bounds = {name: (low, high) for name, (_, low, high) in unknowns.items()}
    starts = {name: start for name, (start, _, _) in unknowns.items()}
    made = _Plain(moments)
    return _search(
        made, starts, bounds, targets, (weights, covariance, {}), (), FitSettings(**search)
    )


class _Moments(eqx.Module):
    """Moments of the equilibrium at given values of the unknowns, on one branch."""

    economy: Model
    point: Point
    moments: Callable[[Outcomes], dict[str, Array]]
    priors: tuple[str, ...] = eqx.field(static=True)

    def __call__(self, values: dict[str, Array], start: Any) -> tuple[dict[str, Array], Any]:
        found, after, good = solve_near(self.point.put(self.economy, values), start)
        kept = jnp.where(good, 1.0, jnp.nan)
        named = {name: value * kept for name, value in self.moments(found.outcomes).items()}
        return named | {PRIOR + name: values[name] for name in self.priors}, after


class _Plain(eqx.Module):
    """Moments that need no memory of the last evaluation."""

    moments: Callable[[dict[str, Array]], dict[str, Array]]

    def __call__(self, values: dict[str, Array], start: Any) -> tuple[dict[str, Array], Any]:
        return self.moments(values), start


def _search(
    made: Any,
    starts: Mapping[str, Any],
    bounds: Mapping[str, tuple[float, float]],
    targets: Mapping[str, Any],
    weighting: tuple[Any, Any, Mapping[str, float]],
    start: Any,
    search: FitSettings,
    point: Point | None = None,
) -> Result:
    check_range("starts", search.starts, 1)
    check_choice("route", search.route, ROUTES)
    for name, value in starts.items():
        low, high = bounds[name]
        if not np.all((np.asarray(value) > low) & (np.asarray(value) < high)):
            raise InvalidParameterError(
                f"{name} starts at {value}; must lie strictly inside ({low:g}, {high:g})"
            )
    aims = {name: np.asarray(targets[name], dtype=float) for name in sorted(targets)}
    problem = Problem(
        made,
        tuple(starts),
        tuple(np.shape(value) for value in starts.values()),
        tuple(float(bounds[name][0]) for name in starts),
        tuple(float(bounds[name][1]) for name in starts),
        tuple(aims),
    )
    z = problem.point(dict(starts))
    shaped = _shaped(problem, z, start, aims)
    target = jnp.concatenate([jnp.ravel(shaped[name]) for name in aims])
    root, covariance = weights_of({k: v.shape for k, v in shaped.items()}, *weighting)
    data = Estimation(problem, target, jnp.asarray(root), covariance, z, start, point, search)
    return _result(data, lanes(data, _spread(z, search)))


def lanes(
    data: Estimation, z: Array, *, target: Array | None = None, pinned: np.ndarray | None = None
) -> Lanes:
    """Solve the estimation from several points, for several targets, or with some values pinned."""
    count = len(z)
    many = jnp.broadcast_to(data.target, (count, len(data.target))) if target is None else target
    start = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (count, *jnp.shape(leaf))), data.near)
    if data.search.route == "exact" and target is None and pinned is None:
        return invert(
            data.problem,
            z,
            data.target,
            data.near,
            tolerance=data.search.tolerance,
            max_steps=data.search.max_steps,
        )
    if data.search.far and pinned is None:
        noise = jnp.zeros((data.search.far, len(data.target)))
        rate = jnp.asarray(data.search.rate)
        z, start = long_way(data.problem, z, many, data.root, start, noise, rate)
    return minimise(
        data.problem,
        z,
        many,
        data.root,
        start,
        pinned=pinned,
        tolerance=data.search.tolerance,
        max_steps=data.search.max_steps,
    )


def _spread(z: Array, search: FitSettings) -> Array:
    """The start, and others around it: one unit in the unbounded unknowns."""
    noise = np.random.default_rng(search.seed).normal(size=(search.starts, len(z)))
    noise[0] = 0.0
    return z + jnp.asarray(noise)


def _shaped(
    problem: Problem, z: Array, start: Any, aims: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Targets in the shapes of the moments, which one number may stand for."""
    look = lambda problem, z, start: problem.flat(z, start)[1]
    named = eqx.filter_eval_shape(look, problem, z, start)
    found = {}
    for name, aim in aims.items():
        shape = named[name].shape
        if aim.shape not in ((), shape):
            check_shape(f"target {name}", aim, shape)
        found[name] = np.broadcast_to(aim, shape)
        if not np.all(np.isfinite(found[name])):
            raise InvalidParameterError(f"target {name} is {aim}; must be finite")
    return found


def _result(data: Estimation, found: Lanes) -> Result:
    loss = np.asarray(jnp.sum(found.at.gaps**2, axis=1))
    converged = found.gradient <= data.search.tolerance
    best = int(np.argmin(np.where(converged, 0.0, np.inf) + np.nan_to_num(loss, nan=np.inf)))
    if not converged.any():
        best = int(np.argmin(np.nan_to_num(loss, nan=np.inf)))
    here = jax.tree.map(lambda leaf: leaf[best], found.at)
    problem = data.problem
    values = problem.values(found.z[best])
    data = eqx.tree_at(lambda d: (d.z, d.near), data, (found.z[best], here.near))
    economy = solution = None
    if data.point is not None:
        # Of types: moments with a point have an economy.
        economy = data.point.put(problem.moments.economy, values)  # type: ignore[attr-defined]
        solution, _, _ = solve_near(economy, data.near)
    result = Result(
        values=values,
        objective=float(loss[best]),
        gradient=float(found.gradient[best]),
        converged=bool(converged[best]),
        outcomes=here.moments,
        jacobian=_natural(data),
        steps=int(found.steps[best]),
        solves=int(found.solves),
        rank=rank_of(np.asarray(here.jacobian)),
        economy=economy,
        solution=solution,
        problem=data,
    )
    if data.search.throw and not result.converged:
        raise ConvergenceError(_why(data, result), result)
    return result


def _natural(data: Estimation) -> np.ndarray:
    """Derivative of the moments in the values of the unknowns, in their own units."""
    lane = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], (data.z, data.target, data.near))
    z, target, start = lane
    here = evaluate(data.problem, z, target, jnp.eye(len(data.target)), start)
    slope = np.asarray(here.slope[0])
    return np.asarray(here.jacobian[0]) / np.where(slope != 0, slope, np.nan)


def _why(data: Estimation, result: Result) -> str:
    if data.search.route == "exact":
        flat = {name: np.ravel(np.asarray(value)) for name, value in result.outcomes.items()}
        names = [name for name, value in flat.items() for _ in value]
        gaps = np.concatenate(list(flat.values())) - np.asarray(data.target)
        worst = int(np.argmax(np.nan_to_num(np.abs(gaps), nan=np.inf)))
        return (
            f"exact inversion: moment {names[worst]!r} misses its target "
            f"{float(data.target[worst]):.6g} by {gaps[worst]:.3g} after {result.steps} steps; "
            f"must be at most {data.search.tolerance:g}. It may be that no values inside the "
            "bounds meet all targets: route 'distance' comes as near as it can"
        )
    words = (
        f"calibration: gradient {result.gradient:.3g} after {result.steps} steps; must be at most "
        f"{data.search.tolerance:g} (loss {result.loss:.3g})"
    )
    if result.solution is not None and data.near.used is not None:
        condition = float(result.solution.condition)
        words += (
            f"; the search stays on its branch, whose equilibrium has reciprocal condition "
            f"{condition:.2g} and growth rate {float(result.solution.growth):.2g} there: near zero "
            "it ends in a fold or branch point, and other targets lie on another branch"
        )
    return words
