"""Levers as unknowns and as instruments: fits to moments, and the best policy, on any economy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.analysis.calibration import Calibration, bounded, descend, free, match_moments
from neg.analysis.gradient import solved_at
from neg.core.checks import check_range
from neg.core.compilation import quick_jit
from neg.core.errors import ConvergenceError, InvalidParameterError
from neg.economy.lever import Lever
from neg.economy.model import Model
from neg.solvers.long_run import LongRun
from neg.solvers.short_run import ShortRun

Outcomes = dict[str, Array]
Levers = Mapping[str, tuple[Lever | str, float, float]]
"""Lever, lower and upper bound of every unknown or instrument, by a name of one's choice."""


class Fit(NamedTuple):
    """A calibration and the economy that it found."""

    economy: Any
    calibration: Calibration


class Policy(NamedTuple):
    """The best values of the instruments, what they gain, and whether to believe it.

    ``gain`` is the objective less that at the start, ``gradient`` the largest derivative left in
    the transformed instruments, ``slope`` the derivative of the objective to each instrument.
    """

    economy: Any
    values: dict[str, float]
    gain: float
    slope: dict[str, float]
    gradient: float
    steps: int


def fit(
    economy: Model,
    unknowns: Levers,
    moments: Callable[[Outcomes], dict[str, Array]],
    targets: Mapping[str, Any],
    *,
    at: ShortRun | LongRun | None = None,
    **options: Any,
) -> Fit:
    """The economy in which the unknowns make the moments of its equilibrium equal the targets.

        minimise sum_m weight_m |moment_m(outcomes) - target_m|^2   over the levers' values

    ``unknowns`` maps a name to a lever (or a parameter's name) and the bounds of its value, which
    hold exactly; the start is where the lever changes nothing. ``moments`` maps named outcomes to
    named numbers. The equilibrium is that on the branch of ``at``, by default the short run at
    the observed distribution. Options (``weights``, ``tolerance``, ...) and errors are those of
    :func:`neg.analysis.calibration.match_moments`.
    """
    levers = _levers(economy, unknowns)
    start = {
        name: (_inside(name, levers[name], economy, low, high), low, high)
        for name, (_, low, high) in unknowns.items()
    }
    found = match_moments(_Moments(economy, levers, at, moments), start, targets, **options)
    return Fit(_put(economy, levers, found.values), found)


def maximise(
    economy: Model,
    instruments: Levers,
    objective: Callable[[Outcomes], Array],
    *,
    at: ShortRun | LongRun | None = None,
    tolerance: float = 1e-7,
    max_steps: int = 200,
) -> Policy:
    """The values of the instruments that make an objective of the equilibrium largest.

    ``instruments`` are levers with bounds, as in :func:`fit`; ``objective`` maps named outcomes to
    a number, such as ``lambda out: jnp.log(out["welfare"]).sum()``: it says what is maximised.
    Gradients run through the equilibrium (on the branch of ``at``); the maximum is a local one.
    Raises :class:`ConvergenceError` where a derivative above ``tolerance`` is left.
    """
    levers = _levers(economy, instruments)
    bounds = {name: (low, high) for name, (_, low, high) in instruments.items()}
    names = tuple(levers)
    z = jnp.stack(
        [free(_inside(name, levers[name], economy, *bounds[name]), *bounds[name]) for name in names]
    )

    def loss(point: Array) -> tuple[float, Array]:
        value, slope = _objective(point, economy, at, levers, bounds, objective)
        return -float(value), -slope

    first = -loss(z)[0]
    z, steps = descend(loss, z, tolerance, max_steps)
    last, left = loss(z)
    largest = float(jnp.max(jnp.abs(left)))
    if not largest <= tolerance:
        raise ConvergenceError(
            f"best policy: gradient {largest:.3g} after {steps} steps; must be at most "
            f"{tolerance:g}"
        )
    values = {name: bounded(z[k], *bounds[name]) for k, name in enumerate(names)}
    slope = _slopes(values, economy, at, levers, objective)
    return Policy(
        _put(economy, levers, values),
        {name: float(value) for name, value in values.items()},
        -last - first,
        {name: float(value) for name, value in slope.items()},
        largest,
        steps,
    )


class _Moments(eqx.Module):
    """Moments of the equilibrium at given values of the unknowns."""

    economy: Model
    levers: dict[str, Lever] = eqx.field(static=True)
    at: Any
    moments: Callable[[Outcomes], dict[str, Array]] = eqx.field(static=True)

    def __call__(self, values: dict[str, Array]) -> dict[str, Array]:
        """The moments."""
        return self.moments(solved_at(_put(self.economy, self.levers, values), self.at).outcomes)


def _levers(economy: Model, given: Levers) -> dict[str, Lever]:
    if not given:
        raise InvalidParameterError("no lever is given; there must be one to move")
    levers = {}
    for name, (lever, low, high) in given.items():
        levers[name] = Lever(lever) if isinstance(lever, str) else lever
        levers[name].check(economy)
        check_range(f"lower bound of {name}", np.asarray(low) if np.isfinite(low) else 0.0)
        if not low < high:
            raise InvalidParameterError(f"bounds of {name} are ({low:g}, {high:g}); must increase")
    return levers


def _inside(name: str, lever: Lever, economy: Model, low: float, high: float) -> Array:
    start = lever.start(economy)
    if not low < float(start) < high:
        raise InvalidParameterError(
            f"{name} starts at {float(start):g}, where {lever!r} changes nothing; must lie "
            f"strictly inside ({low:g}, {high:g})"
        )
    return start


def _put(economy: Model, levers: Mapping[str, Lever], values: Mapping[str, Any]) -> Any:
    for name, lever in levers.items():
        economy = lever.put(economy, values[name])
    return economy


@quick_jit
def _objective(
    z: Array,
    economy: Model,
    at: Any,
    levers: dict[str, Lever],
    bounds: dict[str, tuple[float, float]],
    objective: Callable[[Outcomes], Array],
) -> tuple[Array, Array]:
    def value(point: Array) -> Array:
        values = {name: bounded(point[k], *bounds[name]) for k, name in enumerate(levers)}
        return objective(solved_at(_put(economy, levers, values), at).outcomes)

    return jax.value_and_grad(value)(z)


@quick_jit
def _slopes(
    values: dict[str, Array],
    economy: Model,
    at: Any,
    levers: dict[str, Lever],
    objective: Callable[[Outcomes], Array],
) -> dict[str, Array]:
    return jax.grad(lambda v: objective(solved_at(_put(economy, levers, v), at).outcomes))(values)
