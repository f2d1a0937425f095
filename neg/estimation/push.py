"""A big push: a policy that ends, and industry that stays."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from neg.core.checks import check_range
from neg.core.errors import ConvergenceError, InvalidDataError
from neg.core.status import Stability
from neg.economy.lever import Lever
from neg.economy.model import Model
from neg.estimation.levers import hand
from neg.solvers.long_run import LongRun, long_run, tilt

_SAME = 1e-6
_MOST_STEPS = 50_000
_SHARES = (0.5, 0.4, 0.6, 0.3, 0.7)  # of an interval: where a bisection looks, in this order


@dataclasses.dataclass(frozen=True)
class Push:
    """Equilibria before, under and after a temporary policy.

    ``moved`` is the largest change of a share of a group that stays when the policy has ended;
    ``permanent`` whether there is one: the policy moved the economy to another equilibrium of the
    very same economy.
    """

    before: LongRun
    during: LongRun
    after: LongRun
    moved: float

    @property
    def permanent(self) -> bool:
        """Whether industry stays where the policy has put it."""
        return self.moved > _SAME


def big_push(
    economy: Model,
    levers: Mapping[Lever | str, float],
    at: LongRun | Any,
) -> Push:
    """Put levers to values for as long as industry needs to settle, then put them back.

    Under the policy industry moves by the replicator dynamics from the equilibrium ``at`` (or from
    the one that they reach from the distribution ``at``); when the policy ends it moves on from
    where it is. Before and after are equilibria of the same economy: where they differ, history
    decides, and a temporary policy has a permanent effect. A small tilt breaks ties: of places that
    are alike it may be either that gains. Raises :class:`neg.core.errors.InvalidDataError` where
    the start is not a stable equilibrium, from which anything would move industry.
    """
    before = at if isinstance(at, LongRun) else long_run(economy, at)
    if before.stability is not Stability.STABLE:
        raise InvalidDataError(
            f"the equilibrium at the start is {before.stability.value}; must be stable for a "
            "push to be what moves industry"
        )
    pushed = economy
    for lever, value in levers.items():
        pushed = hand(pushed, lever).put(pushed, jnp.asarray(float(value)))
    # Close to the least push that moves industry the dynamics pass by slowly.
    during = long_run(pushed, _nudged(economy, before.x), max_steps=_MOST_STEPS)
    after = long_run(economy, _nudged(economy, during.x), max_steps=_MOST_STEPS)
    mass = np.asarray(economy.groups.cell_mass)
    moved = float(np.max(np.abs(np.asarray(after.x) - np.asarray(before.x)) / mass))
    return Push(before, during, after, moved)


def least_push(
    economy: Model,
    lever: Lever | str,
    at: LongRun,
    none: float,
    most: float,
    *,
    tolerance: float = 1e-3,
) -> float:
    """The smallest value of a lever, between ``none`` and ``most``, that moves industry for good.

    By bisection to ``tolerance`` of the range: right where a stronger push never moves less. NaN
    where even ``most`` moves nothing for good. Right at the least push the equilibrium under the
    policy is a fold, next to which industry takes without end to pass or to settle: a value that
    is not decided within the steps that a push may take is left for others between the same ends.
    """
    check_range("tolerance", tolerance, 0.0, 1.0, low_open=True, high_open=True)
    if not big_push(economy, {lever: most}, at).permanent:
        return float("nan")
    low, high = float(none), float(most)
    while abs(high - low) > tolerance * abs(most - none):
        middle, moves = _decided(economy, lever, at, low, high)
        low, high = (low, middle) if moves else (middle, high)
    return high


def _decided(
    economy: Model, lever: Lever | str, at: LongRun, low: float, high: float
) -> tuple[float, bool]:
    """A value between two others, near their middle, and whether it moves industry for good."""
    for share in _SHARES[:-1]:
        value = low + share * (high - low)
        with contextlib.suppress(ConvergenceError):
            return value, big_push(economy, {lever: value}, at).permanent
    value = low + _SHARES[-1] * (high - low)
    return value, big_push(economy, {lever: value}, at).permanent


def _nudged(economy: Model, x: Any) -> Float[np.ndarray, " cell"]:
    """A distribution with a trace of industry everywhere and a small tilt: what pays can grow."""
    mass, groups = np.asarray(economy.groups.cell_mass), economy.groups
    y = np.asarray(tilt(groups, np.maximum(np.asarray(x), 1e-6 * mass)))
    total = np.bincount(np.asarray(groups.index), y, groups.count)
    return y * (np.asarray(groups.mass) / total)[np.asarray(groups.index)]
