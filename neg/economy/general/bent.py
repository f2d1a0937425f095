"""What parts do to a general economy: trade costs, efficiency, hours, workplaces."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, altered, parameter
from neg.economy.adding import add
from neg.economy.general.market import Market

EFFECTS = frozenset(
    {"barrier", "tariff", "export_tax", "delay", "productivity", "hours", "commute", "access"}
    | {"margin", "made", "grant", "needs", "transfer", "cuts", "inputs"}
)
"""What a general economy takes up of its parts."""


class Bent(Parametric):
    """What parts bend that is no parameter: log efficiency, log hours, commuting, transfers."""

    efficiency: Float[Array, "place sector"] | None = parameter(None, axes=("place", "sector"))
    hours: Float[Array, "place sector"] | None = parameter(None, axes=("place", "sector"))
    # Share of the people of each residence who work in each place, and what that is worth to them.
    commute: Float[Array, "residence workplace sector"] | None = parameter(
        None, axes=("residence", "workplace", "sector")
    )
    access: Float[Array, "place sector"] | None = parameter(None, axes=("place", "sector"))
    # Share of sales that sellers pay to the cell of their sector at the destination, and the log
    # of what the firms of a cell sell over what it earns, which then differ.
    margin: Float[Array, " sector"] | None = parameter(None, axes=("sector",))
    made: Float[Array, "place sector"] | None = parameter(None, axes=("place", "sector"))
    # Log of one plus what the budget of the origin adds to a money unit of sales.
    grant: Float[Array, "origin destination sector"] | None = parameter(
        None, axes=("origin", "destination", "sector")
    )
    # Money that people of a place receive from those of others; adds up to 0 over places.
    transfer: Float[Array, " place"] | None = parameter(None, axes=("place",))
    # What everybody buys first, of homogeneous goods: money per head.
    needs: Float[Array, "place sector"] | None = parameter(None, axes=("place", "sector"))
    # Of what a sector buys of the last block of a chain, the share in chains of at most q cuts.
    cuts: Float[Array, "place sector cut"] | None = parameter(None, axes=("place", "sector", "cut"))
    # Log of cost shares of inputs, as they are, over those of the parameters.
    inputs: Float[Array, "place input sector"] | None = parameter(
        None, axes=("place", "input", "sector")
    )


def bend(
    market: Market, bent: Bent, shape: tuple[int, int], effects: dict[str, Array]
) -> tuple[Market, Bent]:
    """The market and what is bent beside it under log factors by name.

    ``barrier``, ``tariff`` and ``export_tax`` are ``[origin, destination]`` or with sectors,
    ``delay`` raises the log of resource costs by its factor, ``productivity`` and ``hours`` are
    ``[place, sector]``; ``commute``, ``access``, ``margin``, ``needs`` and ``transfer`` (money that
    a place gets from others, beside its deficit) are no logs but shares and values. ``grant`` is
    what the budget of the origin adds to sales, the price of buyers given: a cost in resources of
    the same size, and a negative tax on exports and on sales at home that pays it. ``made`` are
    sales of the firms of a cell over its revenue, where a margin makes them differ. ``cuts`` are
    shares: of what a sector buys of the last block of a chain, those in chains with at most so
    many cuts. ``inputs`` are log factors on cost shares of inputs; labour and land share the rest
    as before (:meth:`neg.economy.general.technology.Technology.bent`).
    """
    fields: dict[str, Any] = {}
    log_tau = jnp.log(market.tau)
    if "barrier" in effects:
        log_tau = add(log_tau, effects["barrier"])
    if "delay" in effects:
        delay = jnp.exp(effects["delay"])
        log_tau = log_tau * (delay if delay.ndim == 3 else delay[..., None])
    given: dict[str, Any] = {}
    if "grant" in effects:
        grant = effects["grant"]
        grant = grant if grant.ndim == 3 else grant[..., None]
        given["grant"] = jnp.broadcast_to(grant, log_tau.shape)
        log_tau = log_tau + grant
        effects = effects | {"export_tax": add(effects.get("export_tax", 0.0 * grant), -grant)}
    if "barrier" in effects or "delay" in effects or "grant" in effects:
        fields["tau"] = jnp.exp(log_tau)
    for name in ("tariff", "export_tax"):
        if name in effects:
            fields[name] = jnp.expm1(add(jnp.log1p(getattr(market, name)), effects[name]))
    for effect, name in (("productivity", "efficiency"), ("hours", "hours")):
        if effect in effects:
            given[name] = jnp.broadcast_to(effects[effect], shape)
    plain = ("commute", "access", "margin", "made", "needs", "transfer", "cuts", "inputs")
    given |= {name: effects[name] for name in plain if name in effects}
    return altered(market, **fields), altered(bent, **given)
