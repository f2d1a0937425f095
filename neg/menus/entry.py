"""Free entry: the demand at which firms that do not yet know their scale expect to break even."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float

from neg.core.checks import check_range, is_concrete
from neg.core.errors import ConvergenceError
from neg.menus.menu import Menu
from neg.menus.sizes import Sizes

_STEPS = 100


def free_entry(menu: Menu, sizes: Sizes, entry_cost: Any) -> Float[Array, ""]:
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
    >>> factor = free_entry(Menu([0.4], [1.0]), Pareto(shape=1.5), 0.5)
    >>> menu = Menu([0.4 * factor], [1.0])
    >>> round(float(menu.choose(Pareto(shape=1.5)).profit), 12)
    0.5
    """
    check_range("entry_cost", entry_cost, 0.0, low_open=True)
    factor, good = _solve(menu, sizes, jnp.asarray(entry_cost, dtype=float))
    if is_concrete(good) and not bool(good):
        raise ConvergenceError("no demand was found at which entry pays for itself")
    return jnp.where(good, factor, jnp.nan)


@eqx.filter_jit
def _solve(menu: Menu, sizes: Sizes, entry_cost: Array) -> tuple[Array, Array]:
    def excess(log_factor: Array, args: tuple[Menu, Sizes, Array]) -> Array:
        menu, sizes, cost = args
        found = Menu(jnp.exp(log_factor) * menu.slope, menu.cost, modes=menu.modes)
        return jnp.log(found.choose(sizes).profit) - jnp.log(cost)

    steepest, mean = jnp.max(menu.slope), sizes.between(0.0, jnp.inf, 1.0)
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
