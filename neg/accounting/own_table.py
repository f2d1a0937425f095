"""The table of a model's own equilibrium, so that accounts of model and data are one function."""

from __future__ import annotations

from typing import Any

import numpy as np

from neg.core.errors import InvalidDataError
from neg.data import Table
from neg.economy.general.outcomes import trade


def own_table(solution: Any) -> Table:
    """The input-output table of a general economy at an equilibrium, at basic prices.

    Sales are what sellers get; tariffs and export taxes stand with the buyer's net taxes, where
    production and final taxes are. Goods of a block of a chain go to the next block of the chain,
    in the place that buys them. Unit: that of the numeraire.

    Args:
        solution: of :func:`neg.short_run` or :func:`neg.long_run`, of a general economy.

    Raises :class:`InvalidDataError` for an economy with a homogeneous good (it has no origin) or
    with stock changes, and for a model that is no general economy.

    >>> from neg import general_economy, short_run
    >>> economy = general_economy(places=("A", "B"), sectors=("goods",), employment=1.0, theta=4.0)
    >>> own_table(short_run(economy)).final.sum().round(6).item()
    2.0
    """
    model, x = solution.model, solution.x
    if not hasattr(model, "technology"):
        raise InvalidDataError(f"{type(model).__name__} has no table; must be a general economy")
    bent = model.bent_at(solution.prices, x)
    if any(bent.technology.homogeneous) or bent.closure.stock_change is not None:
        raise InvalidDataError(
            "an economy with a homogeneous good or stock changes has no table; must have neither"
        )
    seen = model.flows(solution.prices, x)
    technology, household = bent.technology, bent.household
    bought = np.asarray(trade(bent.market, seen))  # buyers' prices, [o, d, sector, use]
    wedge = np.asarray(bent.market.wedge)
    revenue = np.asarray(seen.revenue)
    needs = np.asarray(technology.input_share) * revenue[:, None, :]  # [place, input, industry]
    wants = np.asarray(household.final_share) * np.asarray(seen.spendable)[:, None, None]
    use_of = np.asarray(technology.industry_use)
    final_use = np.asarray(household.final_use)
    spent = np.asarray(seen.spending)
    for n, after in _next(bent).items():
        needs[:, n, after] += spent[:, n, 0]
    share = np.divide(bought, spent[None], out=np.zeros_like(bought), where=spent[None] != 0)
    paid = np.einsum("ijks,jks->ikjs", share[..., use_of], needs)
    paid_final = np.einsum("ijkf,jkf->ikjf", share[..., final_use], wants)
    basic = np.moveaxis(1.0 / wedge, 2, 1)[..., None]
    tax_share = np.asarray(technology.tax_share)
    sold, sold_final = paid * basic, paid_final * basic
    taxes = (paid - sold).sum(axis=(0, 1)) + tax_share * revenue
    final_tax = np.asarray(household.final_tax * seen.spendable)
    taxes_final = (paid_final - sold_final).sum(axis=(0, 1))
    taxes_final[:, 0] += final_tax
    output = sold.sum(axis=(2, 3)) + sold_final.sum(axis=(2, 3))
    factors = np.asarray(technology.labour_share + technology.land_share) * revenue
    return Table(
        places=model.places,
        sectors=model.sectors,
        uses=household.kinds,
        intermediate=sold,
        final=sold_final,
        value_added=np.where(output > 0, factors, 0.0),
        net_taxes_industry=taxes,
        net_taxes_final=taxes_final,
        unit="numeraire",
        source=f"equilibrium of {type(model).__name__}",
        balance_tolerance=1e-6,
    )


def _next(model: Any) -> dict[int, int]:
    """The block that buys from each block but the last."""
    chains = model.chains.blocks
    return {n: after for chain in chains for n, after in zip(chain[:-1], chain[1:], strict=True)}
