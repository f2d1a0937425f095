"""Magnification: what trade costs do to trade when goods cross borders stage by stage."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.chains import Chain, trace
from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError


class Magnification(eqx.Module):
    """Trade of identical places in the good of one chain, and its answers to the trade cost.

    ``link_share`` ``[block]`` share of each link that crosses a border; ``trade`` gross trade over
    spending; ``elasticity`` ``-d log trade / d log tau``; ``path_elasticity`` that of the odds of a
    path that crosses at every link against one that stays; ``price_elasticity``
    ``d log P / d log tau``, the loss of real income; ``value_added_trade`` value added of others in
    a buyer's spending, and ``vax`` its ratio to gross trade; ``crossings`` of borders per unit.
    """

    link_share: Float[Array, " block"]
    trade: Float[Array, ""]
    elasticity: Float[Array, ""]
    path_elasticity: Float[Array, ""]
    price_elasticity: Float[Array, ""]
    value_added_trade: Float[Array, ""]
    vax: Float[Array, ""]
    crossings: Float[Array, ""]


def magnification(chain: Chain, tau: Any, places: int = 2) -> Magnification:
    """What a chain does to trade between identical places at one trade cost abroad.

    Args:
        chain: shares of value, theta, kind of draws (:meth:`neg.chains.Chain.equal`).
        tau: iceberg cost between two places, above 0; 1 is free trade.
        places: number of them, two or more.

    Every number is a derivative or a sum of the traced chain; closed forms, with
    ``x_n = tau^-e_n`` and ``s_n = (N-1) x_n / (1 + (N-1) x_n)``:

        trade = sum beta_n s_n = d log P / d log tau,     path elasticity = sum e_n
        elasticity = sum beta_n s_n (1 - s_n) e_n / sum beta_n s_n

    So gross trade is magnified under ``value-added`` draws only; levels, welfare and path odds
    under ``chain`` and ``stage`` draws too.

    Source: Yi (2003, 2010); Antras and de Gortari (2020) [S]; Johnson and Moxnes (2019).

    >>> round(float(magnification(Chain.equal(4), 1.5).elasticity), 4)
    2.0682
    """
    check_range("tau", tau, 0.0, low_open=True)
    if places < 2:
        raise InvalidParameterError(f"places = {places} is not allowed; must be 2 or more")
    return _magnification(chain, jnp.asarray(tau, dtype=float), places)


@eqx.filter_jit
def _magnification(chain: Chain, tau: Array, places: int) -> Magnification:
    abroad = 1.0 - jnp.eye(places)
    blocks = chain.blocks
    crossing = jnp.asarray([[(n + blocks) % 2 for n in range(blocks)]])  # ends abroad, at buyer 0
    staying = jnp.zeros((1, blocks), dtype=int)

    def look(log_tau: Array) -> tuple[Any, Any]:
        link = jnp.exp(log_tau * abroad)[..., None] * jnp.ones(blocks)
        found = trace(chain, jnp.ones((places, blocks)), link)
        odds = jnp.log(found.path_share(crossing, 0)) - jnp.log(found.path_share(staying, 0))
        return (jnp.log(found.gross_trade[0]), odds[0], jnp.log(found.price[0])), found

    slopes, found = jax.jacfwd(look, has_aux=True)(jnp.log(tau))
    away = jnp.sum(found.bought[:, 0] * abroad[0][:, None], axis=0)
    foreign = jnp.sum(found.value_added[1:, :, 0])
    return Magnification(
        away,
        found.gross_trade[0],
        -slopes[0],
        -slopes[1],
        slopes[2],
        foreign,
        foreign / found.gross_trade[0],
        found.crossings[0],
    )
