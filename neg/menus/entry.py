"""Free entry: the demand at which firms that do not yet know their scale expect to break even."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_range, is_concrete
from neg.core.errors import ConvergenceError
from neg.menus.menu import Menu
from neg.menus.productivity import Productivity

_STEPS = 100


def free_entry(menu: Menu, sizes: Productivity, entry_cost: Any) -> Float[Array, ""]:
    """Factor on all slopes at which the mean profit pays for entry; 1 at an equilibrium.

        sum_m b slope_m scale_m(b) - cost_m firms_m(b) = entry_cost

    Args:
        menu: modes whose slopes are right up to one factor, that of demand.
        sizes: distribution of scale.
        entry_cost: cost of learning one's scale, positive; money.

    Log profit is concave in log demand, so that Newton's method finds the one root from anywhere.
    Its derivative is that of the implicit function theorem. Raises
    :class:`neg.core.errors.ConvergenceError` if it does not (NaN inside compiled code).

    >>> from neg.menus import Menu, Pareto
    >>> factor = free_entry(Menu([0.4], [1.0]), Pareto(1.5), 0.5)
    >>> menu = Menu([0.4 * factor], [1.0])
    >>> round(float(menu.choose(Pareto(1.5)).profit), 12)
    0.5
    """
    check_range("entry_cost", entry_cost, 0.0, low_open=True)
    factor, good = _solve(menu, sizes, jnp.asarray(entry_cost, dtype=float))
    if is_concrete(good) and not bool(good):
        raise ConvergenceError("no demand was found at which entry pays for itself")
    return jnp.where(good, factor, jnp.nan)


def break_even(
    slope: Float[Array, "*batch mode"],
    cost: Float[Array, "*batch mode"],
    sizes: Productivity,
    entry_cost: Float[Array, "*batch"],
) -> Float[Array, "*batch"]:
    """The factor of :func:`free_entry` for many menus at once, inside compiled code.

    By bisection, between ``exp(-40)`` and ``exp(40)``; the derivative is that of the implicit
    function theorem.

    >>> from neg.menus import Pareto
    >>> lines = jnp.array([[0.4], [0.8]]), jnp.ones((2, 1))
    >>> factor = break_even(*lines, Pareto(1.5), jnp.full(2, 0.5))
    >>> (factor[0] / factor[1]).round(12).item()
    2.0
    """

    def expected(log_b: Array) -> tuple[Array, Array]:
        factor = jnp.exp(log_b)[..., None]
        chosen = Menu(factor * slope, cost).choose(sizes)
        # The slope in log b is operating profit, by the envelope theorem.
        return chosen.profit, jnp.sum(chosen.sales, axis=-1)

    return paid_for(expected, entry_cost)


def paid_for(
    expected: Callable[[Array], tuple[Array, Array]], entry_cost: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """The factor at which expected profit pays for entry: ``profit(log b) = entry cost``.

    ``expected`` gives, at log b, expected profit, increasing in b, and its slope in log b. By
    bisection, between ``exp(-40)`` and ``exp(40)``; two steps of Newton after it are zero at the
    root and have its derivative.
    """

    def halve(_: Any, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = 0.5 * (low + high)
        enough = expected(middle)[0] > entry_cost
        return jnp.where(enough, low, middle), jnp.where(enough, middle, high)

    ends = (jnp.full(entry_cost.shape, -40.0), jnp.full(entry_cost.shape, 40.0))
    start = jax.lax.fori_loop(0, 60, halve, jax.lax.stop_gradient(ends))
    log_b = jax.lax.stop_gradient(0.5 * (start[0] + start[1]))
    for _ in range(2):
        excess, steep = expected(log_b)
        log_b = log_b - (excess - entry_cost) / steep
    return jnp.exp(log_b)


@eqx.filter_jit
def _solve(menu: Menu, sizes: Productivity, entry_cost: Array) -> tuple[Array, Array]:
    import optimistix as optx  # loaded where it is used: it takes half a second

    def excess(log_factor: Array, args: tuple[Menu, Productivity, Array]) -> Array:
        menu, sizes, cost = args
        found = Menu(jnp.exp(log_factor) * menu.slope, menu.cost, modes=menu.modes)
        return jnp.log(found.choose(sizes).profit) - jnp.log(cost)

    steepest, mean = jnp.max(menu.slope), sizes.above(1.0, sizes.least)
    enough = entry_cost + jnp.maximum(jnp.max(menu.cost), 0.0)
    found: Any = optx.root_find(
        excess,
        optx.Newton(rtol=1e-14, atol=1e-14),
        jnp.log(enough / (steepest * mean)),
        (menu, sizes, entry_cost),
        max_steps=_STEPS,
        throw=False,
    )
    return jnp.exp(found.value), jnp.asarray(found.result == optx.RESULTS.successful)
