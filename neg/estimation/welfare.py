"""What a policy maximises: functions of named outcomes that say whose welfare counts, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_range
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Model
from neg.solvers.short_run import short_run

Outcomes = dict[str, Array]


def _welfare(outcomes: Outcomes) -> Array:
    if "welfare" not in outcomes:
        raise unknown_name("outcome", "welfare", sorted(outcomes))
    return outcomes["welfare"]


class RealIncome(eqx.Module):
    """Log of the total welfare of some places: ``log sum_j weight_j welfare_j``."""

    weight: Float[Array, " place"]

    def __call__(self, outcomes: Outcomes) -> Array:
        """The number."""
        # Places of no weight may have outcomes that are not finite: they count for nothing.
        value = jnp.where(self.weight > 0, _welfare(outcomes), 0.0)
        return jnp.log(jnp.sum(self.weight * value))


class Atkinson(eqx.Module):
    """Log of the income per head that, had by all, would be worth as much (Atkinson 1970).

        log [ sum_j n_j y_j^(1-e) / sum_j n_j ]^(1/(1-e)),   y_j = welfare_j / n_j

    ``n`` are the people of each place at the start, ``e`` the aversion to inequality: 0 counts
    the total, 1 the mean log, more cares more for the poorest.
    """

    people: Float[Array, " place"]
    aversion: Float[Array, ""]

    def __call__(self, outcomes: Outcomes) -> Array:
        """The number."""
        inside = self.people > 0
        share = self.people / jnp.sum(self.people)
        head = jnp.where(inside, _welfare(outcomes), 1.0) / jnp.where(inside, self.people, 1.0)
        power = 1.0 - self.aversion
        near = jnp.abs(power) < 1e-9
        safe = jnp.where(near, 1.0, power)
        general = jnp.log(jnp.sum(share * head**safe)) / safe
        return jnp.where(near, jnp.sum(share * jnp.log(head)), general)


class Gap(eqx.Module):
    """Minus the log of income per head of one group of places over that of another."""

    rich: Float[Array, " place"]
    poor: Float[Array, " place"]

    def __call__(self, outcomes: Outcomes) -> Array:
        """The number: larger is a narrower gap."""
        head = lambda people: (
            jnp.sum(jnp.where(people > 0, _welfare(outcomes), 0.0)) / jnp.sum(people)
        )
        return jnp.log(head(self.poor)) - jnp.log(head(self.rich))


class SmallFirms(eqx.Module):
    """Share of small firms in the jobs (or value added, exports, enterprises) of some places.

        log sum_jk weight_jk share_jk / sum_jk weight_jk

    over places j and sectors k with firms that differ; weights are what there is of it at the
    start, so that the number moves with firms and not with the size of places.
    """

    outcome: str = eqx.field(static=True)
    weight: Float[Array, "place sector"]

    def __call__(self, outcomes: Outcomes) -> Array:
        """The number."""
        share = jnp.where(self.weight > 0, outcomes[self.outcome], 0.0)
        return jnp.log(jnp.sum(self.weight * share) / jnp.sum(self.weight))


_SMALL = ("enterprises", "jobs", "value_added", "exports")


def real_income(economy: Model, places: Sequence[str] | None = None) -> RealIncome:
    """Log of the total real income (welfare) of ``places``, by default of all.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> real_income(CorePeriphery(), ["0"]).weight.tolist()
    [1.0, 0.0]
    """
    return RealIncome(jnp.asarray(_inside(economy, places), dtype=float))


def atkinson(
    economy: Model, aversion: float, places: Sequence[str] | None = None, *, people: Any = None
) -> Atkinson:
    """Inequality-averse welfare of ``places`` with ``people`` in each (default: workers there)."""
    check_range("aversion", aversion, 0.0)
    count = _people(economy, people) * _inside(economy, places)
    return Atkinson(jnp.asarray(count), jnp.asarray(float(aversion)))


def gap(economy: Model, rich: Sequence[str], poor: Sequence[str], *, people: Any = None) -> Gap:
    """The gap in real income per head between two groups of places, to be made small."""
    count = _people(economy, people)
    return Gap(
        jnp.asarray(count * _inside(economy, rich)), jnp.asarray(count * _inside(economy, poor))
    )


def small_firms(
    economy: Model, places: Sequence[str] | None = None, *, of: str = "jobs"
) -> SmallFirms:
    """Log share of small firms in the jobs of ``places``, by the census of firms that differ.

    ``of`` is ``enterprises``, ``jobs``, ``value_added`` or ``exports``; small is a firm of at most
    ``limit`` workers. Weights are the workers of each place and sector at the start. For economies
    with :class:`neg.firms.Selection` or :class:`neg.firms.FinancedSelection`; raises
    :class:`InvalidParameterError` for others, whose firms are all alike.
    """
    check_choice("of", of, _SMALL)
    at = short_run(economy)
    names = [f"{part}.small_{of}" for part in ("selection", "financed_selection")]
    name = next((one for one in names if one in at.outcomes), None)
    if name is None:
        raise InvalidParameterError(
            "firms of the economy do not differ, so that none is small; must have the part "
            "'selection' (neg.firms.Selection) or 'financed_selection'"
        )
    share, workers = (np.asarray(at.outcomes[key]) for key in (name, "employment"))
    weight = workers * (share > 0) * _inside(economy, places)[:, None]
    if not weight.sum() > 0:
        raise InvalidParameterError("the places have no small firms at the start; must have some")
    return SmallFirms(name, jnp.asarray(weight))


def _inside(economy: Model, places: Sequence[str] | None) -> np.ndarray:
    names = list(economy.labels["place"])
    if places is None:
        return np.ones(len(names))
    chosen = [places] if isinstance(places, str) else list(places)
    for name in chosen:
        if name not in names:
            raise unknown_name("place", name, names)
    if not chosen:
        raise InvalidParameterError("places is empty; must name some")
    return np.isin(names, chosen).astype(float)


def _people(economy: Model, people: Any) -> np.ndarray:
    if people is None:
        x = economy.initial_distribution()
        count = np.zeros(len(economy.labels["place"]))
        crowd = np.asarray(economy.cell_places) >= 0
        np.add.at(count, np.asarray(economy.cell_places)[crowd], np.asarray(x)[crowd])
    else:
        count = np.broadcast_to(np.asarray(people, dtype=float), len(economy.labels["place"]))
    check_range("people", count, 0.0)
    return count
