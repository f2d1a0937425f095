"""What parts do to a general economy: trade costs, efficiency, hours, workplaces."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, altered, parameter
from neg.economy.composed import add
from neg.economy.general.market import Market

EFFECTS = frozenset(
    {"barrier", "tariff", "export_tax", "delay", "productivity", "hours", "commute", "access"}
    | {"margin", "needs"}
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
    # Share of sales that sellers pay to the cell of their sector at the destination.
    margin: Float[Array, " sector"] | None = parameter(None, axes=("sector",))
    # What everybody buys first, of homogeneous goods: money per head.
    needs: Float[Array, "place sector"] | None = parameter(None, axes=("place", "sector"))


def bend(
    market: Market, bent: Bent, shape: tuple[int, int], effects: dict[str, Array]
) -> tuple[Market, Bent]:
    """The market and what is bent beside it under log factors by name.

    ``barrier``, ``tariff`` and ``export_tax`` are ``[origin, destination]`` or with sectors,
    ``delay`` raises the log of resource costs by its factor, ``productivity`` and ``hours`` are
    ``[place, sector]``; ``commute``, ``access``, ``margin`` and ``needs`` are no logs but shares
    and values.
    """
    fields: dict[str, Any] = {}
    log_tau = jnp.log(market.tau)
    if "barrier" in effects:
        log_tau = add(log_tau, effects["barrier"])
    if "delay" in effects:
        delay = jnp.exp(effects["delay"])
        log_tau = log_tau * (delay if delay.ndim == 3 else delay[..., None])
    if "barrier" in effects or "delay" in effects:
        fields["tau"] = jnp.exp(log_tau)
    for name in ("tariff", "export_tax"):
        if name in effects:
            fields[name] = jnp.expm1(add(jnp.log1p(getattr(market, name)), effects[name]))
    given: dict[str, Any] = {}
    for effect, name in (("productivity", "efficiency"), ("hours", "hours")):
        if effect in effects:
            given[name] = jnp.broadcast_to(effects[effect], shape)
    plain = ("commute", "access", "margin", "needs")
    given |= {name: effects[name] for name in plain if name in effects}
    return altered(market, **fields), altered(bent, **given)
