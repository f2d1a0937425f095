"""What parts add up to: what they say, log factors, welfare, and what their budgets spend."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.economy.ledger import Ledger
from neg.economy.scene import Scene


def say(said: dict[str, str], label: str, topics: Iterable[str]) -> None:
    """Note what a part says, or raise a named error for what is said already."""
    for topic in sorted(topics):
        if topic in said:
            raise InvalidParameterError(
                f"part {label!r} is not allowed: {said[topic]} already says {topic}; must be said "
                "once"
            )
        said[topic] = f"part {label!r}"


def add(first: Array, second: Array) -> Array:
    """Sum of two log factors, of which one may hold for every sector."""
    if first.ndim < second.ndim:
        first = first[..., None]
    elif second.ndim < first.ndim:
        second = second[..., None]
    return first + second


def welfare(
    x: Float[Array, " cell"], felt: Float[Array, " cell"], cell_places: np.ndarray, places: int
) -> Float[Array, " place"]:
    """Utility of the people of each place in consumption baskets: ``sum x exp(payoff)``."""
    value = jnp.where(x > 0, x * jnp.exp(jnp.where(x > 0, felt, 0.0)), 0.0)
    crowd = np.flatnonzero(cell_places >= 0)
    return jnp.zeros(places).at[cell_places[crowd]].add(value[crowd])


def under_way(parts: Iterable[Any], scene: Scene) -> Scene:
    """The scene with the hours that goods are under way, where a part goes by them."""
    parts = list(parts)
    if not any(part.waits for part in parts):
        return scene
    found = [hours for part in parts if (hours := part.transit(scene)) is not None]
    if not found:
        return scene
    total = functools.reduce(add, found)
    return Scene(scene.model, scene.x, scene.prices, scene.named | {"hours": total})


def outlays(parts: Iterable[Any], scene: Scene) -> Float[Array, " place"] | None:
    """What the budgets of places spend on parts in all; None where no part has a budget."""
    found = [amount for part in parts if (amount := part.outlay(scene)) is not None]
    return sum(found[1:], found[0]) if found else None


def log_left(scene: Scene, outlay: Float[Array, " place"]) -> Float[Array, " cell"]:
    """Log of the share of their spendable income that people keep after paying for an outlay."""
    spendable = scene.model.flows(scene.prices, scene.x).spendable
    some = spendable > 0
    share = jnp.where(some, outlay / jnp.where(some, spendable, 1.0), 0.0)
    return scene.at_cells(jnp.log1p(-share))


def bought_by_budget(
    found: Ledger, outlay: Float[Array, " place"], spendable: Float[Array, " place"]
) -> Ledger:
    """The ledger where people pay an outlay to the budget, which spends it on what they buy.

    The budget buys the basket of the people of its place, so that demand is what it was; what
    they consume falls by the share of the outlay in their income.
    """
    share = (outlay / jnp.where(spendable > 0, spendable, 1.0))[:, None]
    after: Ledger = {}
    collected = jnp.zeros(share.shape[0])
    for (payer, payee, what), paid in found.items():
        moved = share * paid if payer == "people" and what != "stock changes" else None
        after[payer, payee, what] = paid if moved is None else paid - moved
        if moved is not None:
            after["budget", payee, what] = moved
            collected = collected + jnp.sum(moved, axis=1)
    return after | {("people", "budget", "taxes for outlays"): jnp.diag(collected)}


def check_effects(composed: Any) -> None:
    """Effects must be among what the base takes up."""

    def look(x: Array) -> dict[str, dict[str, Array]]:
        prices = composed.base.initial_prices(x)
        every = composed.initial_prices(x)
        own = {name: start for name, start in every.items() if name not in prices}
        scene = under_way(composed.parts, Scene(composed.base, x, prices, own))
        return {part.label: part.effects(scene) for part in composed.parts}

    found = jax.eval_shape(look, composed.base.initial_distribution())
    for label, effects in found.items():
        for name in effects:
            if name not in composed.accepts:
                raise InvalidParameterError(
                    f"part {label!r} moves {name}, which {type(composed.base).__name__} does not "
                    f"take up; must be among {sorted(composed.accepts)}"
                )
