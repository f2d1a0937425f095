"""Short-run equilibrium: the prices that clear every market, given who is where."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from neg.core.checks import (
    as_masses,
    check_choice,
    check_finite,
    check_kind,
    check_shape,
    is_concrete,
)
from neg.core.compilation import own_settings, plain_jit, quick_jit
from neg.core.errors import ConvergenceError
from neg.core.numbers import as_float
from neg.core.status import Status
from neg.economy.model import Groups, Model, Prices
from neg.solvers.implicit import SINGULAR_BELOW, implicit_solution, reciprocal_condition
from neg.solvers.matrix_free import DENSE_PRICES_UP_TO, METHODS, clear_markets
from neg.solvers.newton import newton, stubborn
from neg.solvers.rescue import FAILED, can_look, checked, follow_eased
from neg.solvers.solution import ShortRun
from neg.solvers.system import flat_prices, market, stop

_SMALL = 150_000
"""Numbers in an economy up to which compiling a solve takes longer than hundreds of solves."""


@own_settings
def short_run(
    model: Model,
    x: Any = None,
    *,
    prices: Prices | None = None,
    tolerance: float = 1e-11,
    max_steps: int = 60,
    method: str = "auto",
    throw: bool = True,
) -> ShortRun:
    """Find the prices that clear every market at the distribution ``x``, from ``prices``.

    ``x`` has one entry per cell, in the units of the group masses; default the model's initial
    distribution. ``method`` is ``dense`` (Newton with a Jacobian), ``matrix-free`` (Anderson
    acceleration and Newton-Krylov on the model's ``relaxation``), or ``auto``: by the number of
    unknowns. Differentiable with respect to ``model`` and ``x`` in both modes. Raises
    :class:`neg.core.errors.ConvergenceError` if ``throw`` and the markets do not clear.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> found = short_run(CorePeriphery(tau=1.7), [0.6, 0.4])
    >>> [round(float(wage), 4) for wage in found.outcomes["wage"]]
    [0.9785, 1.0323]
    """
    check_kind("model", model, Model)
    x = check_distribution(model, _start(model) if x is None else as_float(x, "x"))
    prices = initial_prices(model, x) if prices is None else prices
    check_choice("method", method, METHODS)
    size = sum(leaf.size for leaf in jax.tree.leaves(prices))
    dense = method == "dense" or (method == "auto" and size <= DENSE_PRICES_UP_TO)
    limits = jnp.asarray(tolerance), jnp.asarray(max_steps)

    def solve(economy: Model, near: ShortRun | None) -> ShortRun:
        start = prices if near is None else near.prices
        found = (_solve if dense else _solve_free)(economy, x, start, *limits)
        worth = dense and can_look(economy, found.status) and int(found.status) in FAILED
        return _solve(economy, x, start, *limits, hard=True) if worth else found

    solution = checked(model, solve(model, None))
    return at_boundary(follow_eased(model, solution, solve), throw)


@plain_jit
def initial_prices(model: Model, x: Array) -> Prices:
    """The model's initial log prices, compiled: many small operations in one."""
    return model.initial_prices(x)


@plain_jit
def _start(model: Model) -> Array:
    return model.initial_distribution()


@plain_jit
def _groups(model: Model) -> Groups:
    return model.groups


@quick_jit
def _solve(
    model: Model, x: Array, prices: Prices, tolerance: Array, max_steps: Array, hard: bool = False
) -> ShortRun:
    p0 = jax.flatten_util.ravel_pytree(prices)[0].astype(float)
    _, unravel = flat_prices(model, x)
    find = stubborn if hard else newton
    root = find(market_system, stop(p0), stop((model, x)), tolerance=tolerance, max_steps=max_steps)
    condition = reciprocal_condition(root.jacobian) if p0.shape[0] else jnp.asarray(1.0)
    p = implicit_solution(
        root.z,
        (model, x),
        root.status == Status.CONVERGED,
        condition > SINGULAR_BELOW,
        residual=market_system,
    )
    return ShortRun(
        model, x, unravel(p), root.status, root.residual, condition=condition, steps=root.steps
    )


def _free(model: Model, x: Array, prices: Prices, tolerance: Array, max_steps: Array) -> ShortRun:
    p0 = jax.flatten_util.ravel_pytree(prices)[0].astype(float)
    _, unravel = flat_prices(model, x)
    p, root = clear_markets(model, x, p0, tolerance, max_steps)
    return ShortRun(
        model, x, unravel(p), root.status, root.residual, steps=root.steps, error=root.error
    )


_free_once, _free_often = plain_jit(_free), quick_jit(_free)


def _solve_free(model: Model, x: Array, *given: Any) -> ShortRun:
    # Up to this size a solve takes some hundredths of a second at most, compiling it seconds.
    size = sum(leaf.size for leaf in jax.tree.leaves(model) if hasattr(leaf, "size"))
    return (_free_once if size <= _SMALL else _free_often)(model, x, *given)


def market_system(p: Array, args: tuple[Model, Array]) -> Array:
    """Market residual in the form that root finders and the implicit rule read."""
    model, x = args
    return market(model, p, x)


def check_distribution(model: Model, x: Array) -> Array:
    """``x``, adding up to the masses of the model's groups; a named error if it cannot."""
    groups = _groups(model)
    check_shape("x", x, (groups.cells,))
    check_finite("x", x, nonnegative=True)
    return as_masses("x", x, groups.index, groups.mass)


def at_boundary(solution: Any, throw: bool) -> Any:
    """Raise for a bad status where it can be seen; inside compiled code leave it to the status."""
    if throw and is_concrete(solution.status):
        status = Status(int(solution.status))
        if not status.ok:
            reason = f" {solution.reason}" if solution.reason else ""
            raise ConvergenceError(
                f"{status.message}{reason} (residual {float(solution.residual):.3g} "
                f"after {int(solution.steps)} steps)",
                solution,
            )
    return solution
