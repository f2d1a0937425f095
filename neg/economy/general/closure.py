"""Closures of the general economy as data: deficits, who gets rents and rebates, the numeraire."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neg.core.checks import check_choice, is_concrete
from neg.core.errors import unknown_name
from neg.core.numbers import if_given
from neg.core.parameters import Parametric, parameter

DEFICIT_RULES = ("fixed", "world-share", "own-share", "zero", "spending-share")
RENT_RULES = ("local", "pooled", "per-head")
REBATES = ("proportional", "lump-sum")

_DEFICITS = {
    "fixed": "trade deficits in units of the numeraire (results depend on it where they are large)",
    "world-share": "trade deficits as shares of world labour income",
    "own-share": "trade deficits as shares of own labour income (scaled to add up)",
    "zero": "trade deficits at zero",
    "spending-share": "spending over income earned (scaled so that the world spends its income)",
}
_RENTS = {
    "local": "rents stay in their place",
    "pooled": "rents are pooled and shared in proportion to wages",
    "per-head": "rents are pooled and shared equally per head",
}
_REBATES = {
    "proportional": "rents, taxes and transfers reach people in proportion to wages",
    "lump-sum": "rents, taxes and transfers reach people equally per head of their place",
}


def _numbered(name: str, choices: tuple[str, ...]) -> Any:
    """Converter from the name of a rule to its number; numbers pass, so that rules are data."""

    def convert(value: Any) -> Array:
        if isinstance(value, str):
            check_choice(name, value, choices)
            return jnp.asarray(choices.index(value), dtype=int)
        if is_concrete(value) and not 0 <= int(value) < len(choices):
            raise unknown_name(name, value, choices)
        return jnp.asarray(value, dtype=int)

    return convert


class Closure(Parametric):
    """Rules that a change of rule does not compile anew: they are numbers, chosen by name.

    Deficits D are spending in excess of income earned: ``fixed`` in units of the numeraire;
    ``world-share`` of the world's wages; ``own-share`` of own wages (and a transfer in proportion
    to wages, so that they add up); ``zero`` (whatever ``deficit`` says); ``spending-share``:
    spending is ``k phi_j`` times income earned, ``phi_j`` that of the start (with
    ``income_start``), and k such that the world spends what it earns.

    Rents stay with the people of the place (``local``), or those of a pool of places are shared in
    proportion to wages (``pooled``) or per head. Transfers (rents, taxes, deficits) reach people
    in proportion to wages, or equally per head of the place (``rebate``: ``lump-sum``). The average
    wage of the people of ``numeraire`` places is one.

    Source: deficits: Dekle, Eaton and Kortum (2008), IMF Staff Papers 55(3); as a share of
    spending: Costinot and Rodriguez-Clare (2014), Handbook of International Economics 4, 4.1.
    """

    # Quantities taken from (or, negative, returned by) stocks, valued at unit cost.
    stock_change: Float[Array, "place sector destination"] | None = eqx.field(converter=if_given)
    deficit_rule: Int[Array, ""] = eqx.field(converter=_numbered("deficit_rule", DEFICIT_RULES))
    rent_rule: Int[Array, ""] = eqx.field(converter=_numbered("rent_rule", RENT_RULES))
    rebate: Int[Array, ""] = eqx.field(converter=_numbered("rebate", REBATES))
    # Pool of every place: rents that are not local are shared among the places of one pool.
    rent_pool: Int[Array, " place"] = eqx.field(converter=lambda v: jnp.asarray(v, dtype=int))
    deficit: Float[Array, " place"] = parameter(
        meaning="spending in excess of income earned, at the start", axes=("place",), unit="money"
    )
    numeraire: Float[Array, " place"] = parameter(
        meaning="weight of each place in the average wage that is one", low=0.0, axes=("place",)
    )
    income_start: Float[Array, " place"] | None = parameter(
        None, "income earned at the start, for spending-share", axes=("place",), unit="money"
    )

    def named(self, name: str) -> str:
        """The rule of this name, in words."""
        choices = {"deficit_rule": DEFICIT_RULES, "rent_rule": RENT_RULES, "rebate": REBATES}
        value = getattr(self, name)
        return choices[name][int(value)] if is_concrete(value) else "one of " + str(choices[name])

    def numeraire_name(self, places: tuple[str, ...]) -> str:
        """The numeraire in words."""
        if not is_concrete(self.numeraire):
            return "average wage of the chosen places"
        chosen = [p for p, w in zip(places, np.asarray(self.numeraire), strict=True) if w > 0]
        if len(chosen) == len(places):
            return "world average wage"
        return f"wage of {', '.join(chosen)}"

    @property
    def words(self) -> str:
        """The rules in words."""
        return "; ".join(
            [
                _DEFICITS[self.named("deficit_rule")],
                _RENTS[self.named("rent_rule")],
                _REBATES[self.named("rebate")],
            ]
        )

    def deficits(
        self,
        wages: Float[Array, " place"],
        start: Float[Array, " place"],
        earned: Float[Array, " place"],
    ) -> Float[Array, " place"]:
        """Deficits under the rule, given wages, wages at the start, and all income earned."""
        fixed = self.deficit
        world = fixed * jnp.sum(wages) / jnp.sum(start)
        own = fixed * wages / jnp.where(start > 0, start, 1.0)
        own = own - jnp.sum(own) * wages / jnp.sum(wages)
        base = start if self.income_start is None else self.income_start
        ratio = 1.0 + fixed / jnp.where(base > 0, base, 1.0)
        scale = jnp.sum(earned) / jnp.sum(ratio * earned)
        spending = scale * ratio * earned - earned
        rules = jnp.stack([fixed, world, own, jnp.zeros_like(fixed), spending])
        return rules[self.deficit_rule]

    def rents(
        self,
        land_income: Float[Array, " place"],
        wages: Float[Array, " place"],
        people: Float[Array, " place"],
    ) -> Float[Array, " place"]:
        """Rents received: of the own place, or a share of what the pool of places collects."""
        claim = jnp.where(self.rent_rule == 2, people, wages)
        places = land_income.shape[0]
        collected = jnp.zeros(places).at[self.rent_pool].add(land_income)[self.rent_pool]
        claims = jnp.zeros(places).at[self.rent_pool].add(claim)[self.rent_pool]
        shared = collected * claim / jnp.where(claims > 0, claims, 1.0)
        return jnp.where(self.rent_rule == 0, land_income, shared)

    def log_numeraire(
        self, wage: Array, employment: Array, same: Float[Array, "place place"]
    ) -> Float[Array, " place"]:
        """Log average wage of the numeraire places, by people: as if all worked as much.

        ``same`` is one for places that trade ties together. A block apart has a numeraire of its
        own: its numeraire places, or all of its places where none is one.
        """
        bill, people = jnp.sum(wage * employment, axis=1), jnp.sum(employment, axis=1)
        weight = jnp.where(same @ (self.numeraire * people) > 0, self.numeraire, 1.0)
        there = same @ (weight * people)
        mean = (same @ (weight * bill)) / jnp.where(there > 0, there, 1.0)
        return jnp.log(jnp.where(there > 0, mean, 1.0))
