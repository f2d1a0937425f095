"""What is done where a solve fails, or would succeed on an economy that has no answer.

The model is asked for an obstacle: why it has no equilibrium, or a family of them.
After a failure the equilibrium is followed from an economy that is easier to solve to the one that
was asked for, in steps that shrink where the next solve fails; where they shrink to nothing, the
model is asked what gives out there. Runs outside compiled code only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp

from neg.core.checks import is_concrete
from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.solution import Solution

S = TypeVar("S", bound=Solution)

_FIRST, _LONGEST = 0.25, 0.25  # steps along the way, as shares of it
_SHORTEST = 1e-3  # of the way already gone, to which its end is located
_LEAST = 1e-9  # step with which a way may begin
_GROWTH = 4.0


FAILED = (Status.MAX_STEPS, Status.NON_FINITE, Status.STALLED, Status.SINGULAR)
"""Ends of a root finder that say nothing of the economy: worth another way."""


def checked(model: Model, solution: S) -> S:
    """The solution, or none where the model knows why it has none, or a whole family of them."""
    obstacle = model.obstacle(solution.x) if can_look(model, solution.status) else None
    return solution if obstacle is None else refused(solution, *obstacle)


def follow_eased(model: Model, failed: S, solve: Callable[[Model, S | None], S]) -> S:
    """The solution at the end of the way to ``model`` from an economy that is easy to solve.

    ``solve(economy, near)`` solves an economy from a solution near by (None: from scratch).
    Without such a way, or where it ends early, the failed solution, with the reason if the model
    knows one: status ``NO_EQUILIBRIUM`` then, as the branch of equilibria itself ends there.
    """
    if not can_look(model, failed.status) or int(failed.status) not in FAILED:
        return failed
    start = model.eased(jnp.asarray(0.0))
    if start is None:
        return failed
    near = solve(start, None)
    if not Status(int(near.status)).ok:
        return failed
    share, step = 0.0, _FIRST
    while step >= max(_LEAST, _SHORTEST * share):
        ahead = min(share + step, 1.0)
        economy = model if ahead == 1.0 else model.eased(jnp.asarray(ahead))
        assert economy is not None
        found = solve(economy, near)
        if Status(int(found.status)).ok:
            if ahead == 1.0:
                return found
            near, share, step = found, ahead, min(_GROWTH * step, _LONGEST)
        else:
            step /= 4.0
    words = near.model.impasse(near.prices, near.x)
    if not words:
        return failed
    return refused(failed, Status.NO_EQUILIBRIUM, f"{words} (equilibria end at {share:.2%} of it)")


def refused(solution: S, status: Status, reason: str) -> S:
    """The solution without values, with this status and reason."""
    numbers = lambda tree: jax.tree.map(
        lambda leaf: leaf * jnp.nan if eqx.is_inexact_array(leaf) else leaf, tree
    )
    places = lambda s: (s.x, s.prices) + ((s.payoff, s.value) if hasattr(s, "value") else ())
    blank = eqx.tree_at(places, solution, numbers(places(solution)))
    blank = eqx.tree_at(lambda s: s.status, blank, jnp.asarray(int(status)))
    return dataclasses.replace(blank, reason=reason)


def can_look(model: Model, status: object) -> bool:
    """Whether numbers can be looked at: outside compiled code and derivatives."""
    leaves = jax.tree.leaves(eqx.filter(model, eqx.is_array))
    return is_concrete(status) and all(is_concrete(leaf) for leaf in leaves)
