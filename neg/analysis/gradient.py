"""Exact gradients of outcomes with respect to anything that a Lever moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from neg.core.checks import check_kind, check_shape
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.labels import align
from neg.economy.lever import Lever
from neg.economy.model import Model
from neg.estimation.equilibrium import solved_at
from neg.solvers.long_run import LongRun
from neg.solvers.short_run import ShortRun

Outcome = Callable[[dict[str, Array]], Array]
"""A number from the outcomes of a solution, by name."""


@own_settings
def gradient(
    economy: Model,
    outcome: Outcome,
    lever: Lever | str,
    *,
    at: ShortRun | LongRun | None = None,
) -> xr.DataArray:
    """Derivative of an outcome with respect to every entry that a lever moves: one adjoint solve.

        d outcome / d value_e,   entries e of ``lever`` each put to a value of its own

    ``outcome`` maps named outcomes to a number, such as
    ``lambda out: jnp.log(out["welfare"].sum())``. With ``times`` it is the derivative with respect
    to the factor at one: an elasticity, if the outcome is a log. ``at`` is the solution at which
    it is taken (and whose branch it follows); by default the short-run equilibrium at the
    observed distribution. Entries that the lever leaves alone are NaN; a lever that moves one
    number gives one number. NaN without convergence, and at a fold or break point.

    >>> import jax.numpy as jnp
    >>> from neg.economy.general import general_economy
    >>> economy = general_economy(
    ...     places=["a", "b"], sectors=["goods"], employment=1.0, theta=4.0, tau=1.5
    ... )
    >>> log_welfare = lambda out: jnp.log(out["welfare"][0])
    >>> gradient(economy, log_welfare, Lever("tau", "times"))[..., 0].values.round(4).tolist()
    [[nan, -0.0717], [-0.0932, nan]]
    """
    check_kind("economy", economy, Model)
    lever = Lever(lever) if isinstance(lever, str) else lever
    lever.check(economy)
    spec = economy.parameters().get(lever.path)
    axes = spec.axes if spec is not None else ()
    labels = economy.labels
    if axes:
        # Of types: there are axes only where there is a spec.
        mask = lever.mask(economy, spec)  # type: ignore[arg-type]
        sizes = {axis: len(labels[axis]) for axis in labels}
        start = economy.full(lever.path, sizes) if lever.operation == "set" else None
        neutral = 1.0 if lever.operation == "times" else 0.0
        start = jnp.full(mask.shape, neutral) if start is None else start
    else:
        mask, start = np.ones(()), lever.start(economy)
    slope = np.asarray(_slope(economy, start, at, outcome, lever))
    return xr.DataArray(
        np.where(mask, slope, np.nan),
        dims=axes,
        coords={axis: list(labels[axis]) for axis in axes},
        name="gradient",
        attrs={"label": f"derivative with respect to {lever.path} ({lever.operation})"},
    )


@own_settings
def real_income_gradient(
    economy: Model, weights: Any, *, at: ShortRun | LongRun | None = None
) -> xr.DataArray:
    """Elasticity of weighted welfare to every bilateral trade cost.

        d log sum_j weight_j welfare_j / d log tau_ijs

    ``weights`` has one entry per place (labelled, or in the order of the places), none NaN and
    some positive. The result is ``[origin, destination, sector]``, labelled; sales at home are
    included. At the short-run equilibrium, or on the branch of ``at``. Where hours answer wages
    welfare is utility, not consumption.
    """
    places = economy.labels["place"]
    weight = align("weights", weights, {"place": places})
    check_shape("weights", weight, (len(places),))
    if not np.all(np.isfinite(weight)) or np.any(weight < 0) or not np.any(weight > 0):
        raise InvalidParameterError(
            f"weights are {np.round(weight, 6).tolist()}; must be finite, not negative, "
            "and positive for some place"
        )
    lever = Lever("tau", "times", abroad_only=False)
    found = gradient(economy, Weighted("welfare", tuple(weight.tolist())), lever, at=at)
    return found.assign_attrs(
        label="elasticity of welfare to the trade cost", units="1", outcome="welfare"
    )


class Weighted(eqx.Module):
    """Log of a weighted sum of an outcome over places."""

    name: str = eqx.field(static=True)
    weights: tuple[float, ...] = eqx.field(static=True)

    def __call__(self, outcomes: Mapping[str, Array]) -> Array:
        """The number."""
        if self.name not in outcomes:
            raise unknown_name("outcome", self.name, sorted(outcomes))
        weight = jnp.asarray(self.weights)
        # Places of no weight may have outcomes that are not finite: they count for nothing.
        value = jnp.where(weight > 0, outcomes[self.name], 0.0)
        return jnp.log(jnp.sum(weight * value))


@quick_jit
def _slope(economy: Model, start: Array, at: Any, outcome: Outcome, lever: Lever) -> Array:
    def number(value: Array) -> Array:
        return outcome(solved_at(lever.put(economy, value), at).outcomes)

    return jax.grad(number)(start)
