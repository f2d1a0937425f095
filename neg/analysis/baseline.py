"""Calibrates the general economy to an input-output table, flow by flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neg.analysis.blocks import links, own_shares
from neg.analysis.inversion import invert_moving_costs
from neg.barriers.layer import trade_costs
from neg.core.checks import check_choice, check_kind, check_range
from neg.core.compilation import own_settings, plain_jit
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.core.numbers import if_given
from neg.core.parameters import altered
from neg.data.table import Table
from neg.economy.general.build import general_economy
from neg.economy.general.fill import spread
from neg.economy.general.mobility import Mobility
from neg.economy.model import Model
from neg.economy.part import Part

USES = ("separate", "common")
_OF_TABLE = {
    "tariff": "the table's own, or a layer: layers={'tariff': (rate, 'tariff')}",
    "deficit": "the table's, or none: table.without_deficits()",
    "land": "land_share, by which rents are told from wages",
    "own_share": "chains, whose links the table shows",
} | dict.fromkeys(
    (
        *("employment", "productivity", "taste", "reference", "labour_share", "tax_share"),
        *("input_share", "final_share", "final_tax", "housing_share", "stock_change"),
        "income_start",
    ),
    "the table's; a scenario changes them",
)
"""What a table says of an economy, and where it is to be said instead."""


@own_settings
def calibrate(
    table: Table,
    *,
    theta: Any = 4.0,
    alpha: Any = 0.0,
    layers: Mapping[str, tuple[Any, str]] | None = None,
    parts: Iterable[Part] = (),
    uses: str = "separate",
    land_share: Any = 0.0,
    mobility: str | Mapping[str, str] | Mobility = "immobile",
    chains: Sequence[Sequence[str]] = (),
    **given: Any,
) -> Any:
    """The general economy whose equilibrium at unit prices is the table, for any elasticities.

    Units are chosen so that every wage, unit cost and price index is one in the table's year:

        employment L = value added;  cost shares = columns of the table over output
        D_ijsu (tau_ijs (1 + t_ijs))^-theta = origin share in what use u of j buys
        reference quantity Q = Y,  supply S = 1
        deficit_j = spending on final uses and their taxes - value added - all taxes

    ``layers`` are the trade costs of the table's year, ``name: (rate, kind)`` as
    :func:`neg.barriers.layer.trade_costs` reads them; ``parts`` are mechanisms (and layers of
    your own). Both become part of the economy: scenarios edit them, and tastes and productivity
    absorb what they do at the baseline. Tariffs are those of a tariff layer or of the table, and
    are refused where the two differ; they are paid on top of the table's flows and taken out of
    its net taxes. Solving the result after a change of parameters is exact hat algebra.

    ``theta`` and ``alpha`` are one number or one per sector. With ``uses="separate"`` every
    industry and kind of final demand keeps its own mix of origins, so that every entry of the
    table is reproduced; with ``"common"`` all uses of a sector share one mix, and bilateral flows
    by sector are. Value added counts as labour, but for the ``land_share`` of it (one number, or by
    place and sector) that is the rent of land, of which each place has a fixed stock: at rents of
    one, the rents of the table's year. Negative final flows become stock changes of fixed
    quantity. ``chains`` lists sectors of the table that are blocks, in order, as
    :func:`neg.data.split_chain` makes them: a block sells to the next one only, and what it buys
    from the one before is one share of its output in every place (at buyers' prices, duties of
    layers included). Chains need ``uses="common"``. ``mobility`` and ``given`` (``draws`` of
    chains, ``deficit_rule``, ``numeraire``, ``rebate``, ...) are those of
    :func:`neg.economy.general.general_economy`. With residents or tastes, and no moving costs
    given, those under which the observed people stay where they are are inferred
    (:func:`neg.analysis.inversion.invert_moving_costs`), so that the table is a long-run
    equilibrium whatever the tastes.

    Source: Dekle, Eaton and Kortum (2008), IMF Staff Papers 55(3); Caliendo and Parro (2015);
    with people who move, Caliendo, Dvorkin and Parro (2019), Econometrica 87(3); chains, Antras
    and de Gortari (2020), Econometrica 88(4), whose tastes stand for their place-pair costs.

    Raises :class:`neg.core.errors.NegError` for names, labels, shapes and values that do not fit,
    each by name, and for what is given though the table says it (productivity, deficits, ...).

    >>> from neg.data import load_icio
    >>> economy = calibrate(load_icio().select(["JPN", "CHN"]), uses="common")
    >>> economy.places, len(economy.sectors)
    (('JPN', 'CHN', 'ROW'), 11)
    """
    check_kind("table", table, Table)
    check_choice("uses", uses, USES)
    for name in given:
        if name in _OF_TABLE:
            raise InvalidParameterError(
                f"{name} is read from the table, and not allowed beside it; must be "
                f"{_OF_TABLE[name]}"
            )
    if chains and uses != "common":
        raise InvalidDataError(f"uses = {uses!r} does not go with chains; must be 'common'")
    theta = np.asarray(spread("theta", theta, {"sector": table.sectors}, (len(table.sectors),)))
    table = table.balanced()
    active = table.output > 0
    n, s = active.shape
    steps = links(table, chains)
    f = len(table.uses)
    rented = _land_share(table, land_share)
    parts = (*trade_costs(table.places, table.sectors, layers or {}), *parts)
    first = general_economy(
        places=table.places,
        sectors=table.sectors,
        employment=(1.0 - rented) * table.value_added,
        theta=theta,
        alpha=alpha,
        productivity=active.astype(float),
        chains=chains,
        own_share=own_shares(table, steps, table.intermediate, exact=False) if chains else None,
        mobility=mobility,
        uses=(
            table.uses,
            tuple(range(s)) if uses == "separate" else (0,) * s,
            tuple(range(s, s + f)) if uses == "separate" else (0,) * f,
        ),
        parts=parts,
        **given,
    )
    seen = _at_start(first)
    stated = _own_tariff(table, np.asarray(seen.market.tariff))
    tariff = np.asarray(seen.market.tariff) + stated
    paid = (1.0 + tariff).transpose(0, 2, 1)[..., None]  # [origin, sector, destination, 1]

    taken = np.minimum(table.final, 0.0)
    final = (table.final - taken) * paid
    intermediate = table.intermediate * paid
    own = own_shares(table, steps, intermediate)
    output = np.where(active, table.output * own, 1.0)  # what own inputs earn
    bought = np.concatenate([intermediate, final], axis=3)  # [i, s, j, use]
    if uses == "common":
        bought = bought.sum(axis=3, keepdims=True)
    total = bought.sum(axis=0, keepdims=True)
    share = np.divide(bought, total, out=np.zeros_like(bought), where=total > 0)
    none = np.ones((n, n, s, 1))
    chained = altered(seen.chains, own_share=own) if steps else seen.chains
    freeness = _freeness(
        altered(chained.on_links(seen.market), tariff=tariff, taste=none),
    )
    taste = share.transpose(0, 2, 1, 3) / np.asarray(freeness)

    # Tariffs on inputs are part of the net taxes of a balanced table; so are those on final uses.
    tax = table.net_taxes_industry - (intermediate - table.intermediate).sum(axis=(0, 1))
    final_tax = (table.net_taxes_final - (final - table.final + taken).sum(axis=(0, 1))).sum(axis=1)
    spent = final.sum(axis=(0, 1, 3)) + final_tax
    revenue = (table.flows * tariff).sum(axis=(0, 2))
    stock = taken.sum(axis=3)
    earned = table.value_added.sum(axis=1) + tax.sum(axis=1) + final_tax + revenue
    deficit = spent + stock.sum(axis=(0, 1)) - earned
    deficit = np.where(np.abs(deficit) > 1e-10 * earned, deficit, 0.0)  # rounding is no deficit
    efficiency = seen.bent.efficiency
    steep = np.asarray(chained.steepness(seen.market).theta)
    ahead = 1.0
    if efficiency is not None:
        ahead = np.exp(steep * np.asarray(efficiency) / np.asarray(chained.power(s)))
    inputs = intermediate.sum(axis=0).transpose(1, 0, 2) / output[:, None, :]
    for before, after in steps:
        inputs[:, before, after] = 0.0  # what passes along a chain is no input of its own
    land = (rented * table.value_added).sum(axis=1)
    economy = first.with_(
        taste=taste,
        tariff=stated,
        productivity=active / ahead,
        reference=output,
        own_share=own if chains else None,
        labour_share=np.where(active, (1.0 - rented) * table.value_added / output, 1.0),
        land_share=np.where(active, rented * table.value_added / output, 0.0),
        land=np.where(land > 0, land, 1.0),
        tax_share=np.where(active, tax / output, 0.0),
        input_share=np.where(active[:, None, :], inputs, 0.0),
        final_share=final.sum(axis=0).transpose(1, 0, 2) / spent[:, None, None],
        final_tax=final_tax / spent,
        stock_change=stock if stock.any() else None,
        deficit=deficit - deficit.mean(),
        income_start=earned,
    )
    if economy.closure.named("deficit_rule") == "zero" and (deficit != 0).any():
        worst = int(np.argmax(np.abs(deficit)))
        raise InvalidDataError(
            f"deficit of {table.places[worst]} is {deficit[worst]:g}; must be zero under "
            "deficit_rule 'zero' for the table to be an equilibrium: take "
            "table.without_deficits(), or calibrate under another rule and solve "
            "economy.with_(deficit_rule='zero')"
        )
    said = getattr(economy, "parts", ())
    residents = mobility.residents if isinstance(mobility, Mobility) else None
    chooses = residents is not None or any(part.label == "tastes" for part in said)
    if "moving costs" in economy.says or not chooses:
        return economy
    income = {"income": np.log(spent + stock.sum(axis=(0, 1)))}
    one = {"wage": np.zeros((n, s)), "cost": np.zeros((n, s))} | income
    x = economy.initial_distribution()
    return invert_moving_costs(economy, prices=economy.initial_prices(x) | one)


def duties(
    table: Table,
    parts: Iterable[Part],
    *,
    chains: Sequence[Sequence[str]] = (),
    draws: str = "chain",
) -> np.ndarray:
    """Tariffs that parts levy in a table's year, ``[origin, destination, sector]``."""
    steps = links(table, chains)
    economy = general_economy(
        places=table.places,
        sectors=table.sectors,
        employment=table.value_added,
        theta=4.0,
        productivity=(table.output > 0).astype(float),
        chains=chains,
        own_share=own_shares(table, steps, table.intermediate, exact=False) if chains else None,
        draws=draws,
        parts=parts,
    )
    return np.asarray(_at_start(economy).market.tariff)


def _land_share(table: Table, given: Any) -> np.ndarray:
    """Share of value added that is rent, where value added can hold any."""
    share = spread(
        "land_share",
        given,
        {"place": table.places, "sector": table.sectors},
        table.value_added.shape,
    )
    share = np.asarray(share)
    check_range("land_share", share, 0.0, 1.0, high_open=True)
    return np.where(table.value_added > 0, share, 0.0)


def _at_start(economy: Model) -> Any:
    """The general economy as its parts leave it at the baseline: prices of one, observed people."""
    seen = _bent(economy)
    if seen.bent.commute is not None:
        raise InvalidDataError(
            "a table gives workers by workplace; part 'commuting' needs residents: "
            "compose it onto an economy built from them"
        )
    check_untaxed(seen.market.export_tax, if_given(seen.bent.grant))
    return seen


def check_untaxed(export_tax: Any, grant: Any = None) -> None:
    """Raise a named error for export taxes or grants at the baseline of a table.

    Tables value exports before such taxes or after them, and do not say whose budget they meet:
    deficits between places would depend on it.
    """
    if grant is not None and np.asarray(grant).any():
        raise InvalidDataError(
            "grants at the baseline are not read from a table, which does not show what a budget "
            "adds to sales; must be 0 (a scenario may give them)"
        )
    if np.asarray(export_tax).any():
        raise InvalidDataError(
            "export taxes at the baseline are not read from a table; must be 0 (a scenario may "
            "levy them)"
        )


@plain_jit
def _bent(economy: Any) -> Any:
    x = economy.initial_distribution()
    return economy.bent_at(economy.initial_prices(x), x)


@plain_jit
def _freeness(market: Any) -> Any:
    return market.freeness()


def _own_tariff(table: Table, layered: np.ndarray) -> np.ndarray:
    """Tariffs of the table that no layer holds."""
    stated = np.zeros_like(layered) if table.tariff is None else np.asarray(table.tariff)
    if not layered.any():
        return stated
    if stated.any() and not np.allclose(stated, layered, rtol=1e-9, atol=1e-12):
        i, j, s = np.argwhere(~np.isclose(stated, layered, rtol=1e-9, atol=1e-12))[0]
        raise InvalidDataError(
            f"the table's tariff on {table.sectors[s]} from {table.places[i]} to "
            f"{table.places[j]} is {stated[i, j, s]:g} and that of the layers "
            f"{layered[i, j, s]:g}; must be the same, or said in one place"
        )
    return np.zeros_like(layered)
