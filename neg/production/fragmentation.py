"""Set-up costs: firms that differ in scale choose how far to fragment their chain."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_range, is_concrete
from neg.core.errors import ConvergenceError
from neg.menus import Choice, Menu, Productivity, free_entry


def fragmentation_menu(
    costs: Any, sigma: Any, demand: Any, fixed_cost: Any, set_up_cost: Any
) -> Menu:
    """The menu of a lead firm: no cut, one cut, and so on, each at a set-up cost more.

        profit of q cuts = B C_q^(1-sigma) x - f - q f_cut,      x = z^(sigma-1)

    Args:
        costs: ``[cuts]`` unit cost of the cheapest chain with exactly q cuts
            (:func:`neg.chains.cheapest_by_cuts`); infinite where there is none; money.
        sigma: elasticity of substitution.
        demand: B, operating profit of a firm with unit cost and scale of one; money.
        fixed_cost, set_up_cost: f, and f_cut for each cut; money.

    A cost per extra site is charged per cut: the set of sites is no state of a chain. Left out:
    sunk costs, savings from using one site for several cuts.

    Source: Jones and Kierzkowski (1990); Helpman, Melitz and Yeaple (2004); Antras, Fort and
    Tintelnot (2017).

    >>> from neg.menus import Pareto
    >>> menu = fragmentation_menu([1.0, 0.75**0.5], 4.0, 0.4, 1.0, 1.0)
    >>> menu.choose(Pareto(4.5).raised(3.0)).active.round(3).tolist()
    [0.0, 0.604, 0.396]
    """
    check_range("sigma", sigma, 1.0, low_open=True)
    check_range("demand", demand, 0.0, low_open=True)
    check_range("set_up_cost", set_up_cost, 0.0)
    costs = jnp.asarray(costs, dtype=float)
    some = jnp.isfinite(costs)
    slope = jnp.where(some, demand * jnp.where(some, costs, 1.0) ** (1.0 - sigma), 0.0)
    cuts = jnp.arange(costs.shape[0])
    names = tuple(f"{q} cut" if q == 1 else f"{q} cuts" for q in range(costs.shape[0]))
    return Menu(slope, fixed_cost + cuts * jnp.asarray(set_up_cost, dtype=float), modes=names)


class NorthSouth(eqx.Module):
    """Equilibrium of North and South: wage of the South, entrants, who fragments.

    ``wage`` of the South where that of the North is ``wage_north``; ``entrants`` mass of northern
    firms; ``demand`` operating profit of a firm of scale one that stays at home; ``spending`` of
    the world; money in units of the North's wage.
    """

    wage: Float[Array, ""]
    entrants: Float[Array, ""]
    demand: Float[Array, ""]
    spending: Float[Array, ""]
    choice: Choice


def north_south(
    *,
    sizes: Productivity,
    sigma: Any,
    share: Any,
    link_cost: Any,
    fixed_cost: Any,
    set_up_cost: Any,
    entry_cost: Any,
    labour: tuple[Any, Any] = (1.0, 1.0),
    wage_north: Any = 1.0,
) -> NorthSouth:
    """Wage of the South when northern firms may make one block there, with free entry.

        C_1 / C_0 = (w_S d / w_N)^share
        w_S L_S   = share (sigma - 1) / sigma S_F(w_S) (w_N L_N + w_S L_S)
        mean profit = w_N f_E

    Args:
        sizes: distribution of scale of the lead firms.
        sigma: elasticity of substitution.
        share: cost share of the block that may move.
        link_cost: d, factor on the cost of the block made in the South, at least 1.
        fixed_cost, set_up_cost, entry_cost: in northern labour.
        labour: workers of North and South.
        wage_north: the numeraire.

    ``S_F``, the share of sales fragmented, falls in ``w_S``: one root in ``(0, w_N / d)``, found by
    bisection, with the derivative of the implicit function theorem. Raises
    :class:`neg.core.errors.ConvergenceError` without a root.

    >>> from neg.menus import Pareto
    >>> found = north_south(sizes=Pareto(1.5), sigma=4.0, share=0.5, link_cost=1.2,
    ...     fixed_cost=0.2, set_up_cost=0.6, entry_cost=0.3, labour=(1.0, 0.9))
    >>> round(float(found.wage), 6)
    0.482938
    """
    check_range("sigma", sigma, 1.0, low_open=True)
    check_range("share", share, 0.0, 1.0, low_open=True, high_open=True)
    check_range("link_cost", link_cost, 1.0)
    for name, value in {"fixed_cost": fixed_cost, "set_up_cost": set_up_cost}.items():
        check_range(name, value, 0.0)
    check_range("entry_cost", entry_cost, 0.0, low_open=True)
    check_range("labour", labour, 0.0, low_open=True)
    given = (sigma, share, link_cost, fixed_cost, set_up_cost, entry_cost, *labour, wage_north)
    wage, good = _wage(sizes, tuple(jnp.asarray(v, dtype=float) for v in given))
    if is_concrete(good) and not bool(good):
        raise ConvergenceError("no wage of the South was found at which its labour is employed")
    wage = jnp.where(good, wage, jnp.nan)
    demand, choice = _choice(sizes, tuple(jnp.asarray(v, dtype=float) for v in given), wage)
    spending = wage_north * labour[0] + wage * labour[1]
    return NorthSouth(wage, spending / (sigma * jnp.sum(choice.sales)), demand, spending, choice)


def _choice(sizes: Productivity, given: tuple, wage: Array) -> tuple[Array, Choice]:
    sigma, share, link, fixed, set_up, entry, _, _, north = given
    costs = jnp.stack([jnp.ones(()), (wage * link / north) ** share])
    menu = fragmentation_menu(costs, sigma, 1.0, north * fixed, north * set_up)
    demand = free_entry(menu, sizes, north * entry)
    menu = fragmentation_menu(costs, sigma, demand, north * fixed, north * set_up)
    return demand, menu.choose(sizes)


@eqx.filter_jit
def _wage(sizes: Productivity, given: tuple) -> tuple[Array, Array]:
    import optimistix as optx  # loaded where it is used: it takes half a second

    def excess(log_wage: Array, args: tuple) -> Array:
        sizes, given = args
        wage = jnp.exp(log_wage)
        sigma, share, _, _, _, _, people, south, north = given
        _, choice = _choice(sizes, given, wage)
        spent = north * people + wage * south
        return wage * south / spent - share * (sigma - 1.0) / sigma * choice.sales_share[2]

    top = jnp.log(given[8] / given[2])
    low = top - 60.0
    found: Any = optx.root_find(
        excess,
        # Of types: generated fields that the checker does not see.
        optx.Bisection(rtol=1e-15, atol=1e-15),  # type: ignore[call-arg]
        0.5 * (low + top),
        (sizes, given),
        options={"lower": low, "upper": top},
        max_steps=200,
        throw=False,
    )
    wage = jnp.exp(found.value)
    residual = excess(found.value, (sizes, given))
    return wage, jnp.abs(residual) < 1e-9
