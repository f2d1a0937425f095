"""The same estimation many times in one batch: other samples, other starts, values held."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from neg.core.checks import check_range, check_shape
from neg.core.errors import InvalidDataError, InvalidParameterError, unknown_name
from neg.estimation.least_squares import Lanes
from neg.estimation.minimum_distance import Estimation, lanes
from neg.estimation.result import Result

Array = np.ndarray


@dataclasses.dataclass(frozen=True)
class Refits:
    """Estimates of many samples: values ``[sample, unknown]``, losses, and which converged.

    ``errors`` are the standard errors that each sample gives by itself, by the delta method (NaN
    where the fit was not weighted by the inverse of the covariance of its moments).
    """

    names: tuple[str, ...]
    values: Float[Array, "sample unknown"]
    loss: Float[Array, " sample"]
    gradient: Float[Array, " sample"]
    converged: Bool[Array, " sample"]
    errors: Float[Array, "sample unknown"]

    @property
    def standard_errors(self) -> Float[Array, " unknown"]:
        """Standard deviation over the samples that converged."""
        return np.std(self.values[self.converged], axis=0, ddof=1)

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Quantiles of an unknown over the samples that converged."""
        if name not in self.names:
            raise unknown_name("unknown", name, self.names)
        tails = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
        column = self.values[self.converged, self.names.index(name)]
        low, high = np.quantile(column, tails)
        return float(low), float(high)


def bootstrap(
    result: Result, samples: Any = 200, *, covariance: Any = None, seed: int = 0
) -> Refits:
    """Estimate again on samples of the targets, all in one batch.

    ``samples`` is a number: then targets are drawn from the normal distribution around those of
    the fit with the covariance of the moments (given here or to the fit): the parametric
    bootstrap. Or targets ``[sample, moment]``, in the sorted order of the moments: those of
    resampled data. Samples start from the estimate; those that do not converge are marked.
    """
    data: Estimation = result.problem
    target = np.asarray(data.target)
    if np.ndim(samples) == 0:
        check_range("samples", samples, 2)
        spread = data.covariance if covariance is None else np.asarray(covariance, dtype=float)
        if spread is None:
            raise InvalidDataError(
                "the covariance of the moments is not known: give it to the fit or here"
            )
        check_shape("covariance", spread, (len(target), len(target)))
        root = np.linalg.cholesky(spread)
        noise = np.random.default_rng(seed).normal(size=(int(samples), len(target)))
        drawn = target + noise @ root.T
    else:
        drawn = np.asarray(samples, dtype=float)
        if drawn.ndim != 2 or drawn.shape[1] != len(target):
            raise InvalidParameterError(
                f"samples have shape {drawn.shape}; must be (samples, {len(target)})"
            )
    return refit(data, jnp.broadcast_to(data.z, (len(drawn), len(data.z))), jnp.asarray(drawn))


def refit(data: Estimation, z: Any, target: Any = None) -> Refits:
    """The estimation from the points ``z``, a lane each."""
    found = lanes(data, z, target=target)
    values = [data.problem.values(one) for one in found.z]
    flat = np.stack(
        [np.concatenate([np.ravel(np.asarray(v)) for v in one.values()]) for one in values]
    )
    return Refits(
        tuple(data.problem.names),
        flat,
        np.asarray(jnp.sum(found.at.gaps**2, axis=1)),
        found.gradient,
        found.gradient <= data.search.tolerance,
        _errors(data, found),
    )


def _errors(data: Estimation, found: Lanes) -> Array:
    """Standard errors of every lane: with the best weights, ``(J'J)^-1`` of the weighted slopes."""
    slope = np.asarray(found.at.slope)
    if data.covariance is None:
        return np.full(slope.shape, np.nan)
    jacobian = np.asarray(found.at.jacobian)
    squares = np.swapaxes(jacobian, 1, 2) @ jacobian
    good = np.isfinite(squares).all(axis=(1, 2))
    inverse = np.linalg.pinv(np.where(good[:, None, None], squares, 0.0), rcond=1e-14)
    variance = np.einsum("luu->lu", inverse) * slope**2
    return np.where(good[:, None], np.sqrt(variance), np.nan)


@dataclasses.dataclass(frozen=True)
class Profile:
    """Smallest loss with one unknown held at each value of a grid, and the interval that it gives.

    ``interval`` are the values at which the loss exceeds its minimum by the quantile of chi
    squared with one degree of freedom (infinite where the grid ends before); NaN losses did not
    converge.
    """

    name: str
    grid: Float[Array, " value"]
    loss: Float[Array, " value"]
    least: float
    interval: tuple[float, float]


def profile(result: Result, name: str, grid: Any, *, level: float = 0.95) -> Profile:
    """Profile likelihood of one unknown: the others are estimated again at every value of it.

    The loss is twice the negative log likelihood up to a constant where the fit was given the
    covariance of normal moments; otherwise the interval has no such meaning, and is refused.
    """
    data: Estimation = result.problem
    problem = data.problem
    if name not in problem.names:
        raise unknown_name("unknown", name, problem.names)
    if data.covariance is None:
        raise InvalidDataError(
            "a profile needs a fit that was given the covariance of its moments: its loss is no "
            "likelihood otherwise"
        )
    k = problem.names.index(name)
    if any(problem.shapes):
        raise InvalidParameterError("profiles are of numbers; unknowns that are arrays have none")
    values = np.sort(np.asarray(grid, dtype=float))
    check_range("grid", values, problem.low[k], problem.high[k], low_open=True, high_open=True)
    best = {key: float(value) for key, value in result.values.items()}
    z = jnp.stack([problem.point(best | {name: value}) for value in values])
    held = np.zeros(z.shape, dtype=bool)
    held[:, k] = True
    found = lanes(data, z, pinned=held)
    good = found.gradient <= max(data.search.tolerance, 1e-6)
    loss = np.where(good, np.asarray(jnp.sum(found.at.gaps**2, axis=1)), np.nan)
    limit = result.loss + float(stats.chi2.ppf(level, 1))
    return Profile(name, values, loss, result.loss, _crossings(values, loss, best[name], limit))


def _crossings(grid: Array, loss: Array, best: float, limit: float) -> tuple[float, float]:
    ends = [-np.inf, np.inf]
    for side in (0, 1):
        order = [i for i in np.argsort(np.abs(grid - best)) if (grid[i] > best) == bool(side)]
        inner, inner_loss = best, -np.inf
        for i in order:
            if not np.isfinite(loss[i]):
                break
            if loss[i] > limit:
                low = inner_loss if np.isfinite(inner_loss) else limit - 1e-12
                share = (limit - low) / (loss[i] - low) if loss[i] > low else 1.0
                ends[side] = inner + share * (grid[i] - inner)
                break
            inner, inner_loss = grid[i], loss[i]
    return float(ends[0]), float(ends[1])
