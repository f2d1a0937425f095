"""An economy of cities whose baseline is the table of 2020, on the network of real places."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neg import data
from neg.analysis.compare import solve
from neg.analysis.inversion import invert_amenity
from neg.core.checks import check_range
from neg.data import Table
from neg.east_asia.accounts import CARRIED, SECTORS, Accounts, split
from neg.east_asia.fitting import fitted
from neg.east_asia.geometry import great_circle
from neg.east_asia.network import city_network, embedded
from neg.east_asia.places import city_places
from neg.economy.part import Part
from neg.network import Carriage, Network
from neg.parts import Tastes

OWN_KM = 20.0
"""Distance of a place to itself, where tastes fall with distance: assumed."""
DECAY = 0.9
"""Elasticity of tastes to distance: the mean elasticity of trade in 1,467 estimates (Disdier and
Head 2008, Review of Economics and Statistics 90(1)), all of which is laid on tastes: assumed."""
KAPPA = 0.3
"""Dispersion of tastes for places: what the elasticity -0.3 of amenity to people in Allen and
Arkolakis (2022, Review of Economic Studies 89(6)) comes to; assumed to hold here."""


@dataclasses.dataclass(frozen=True, eq=False)
class Where:
    """Which places: as :func:`neg.east_asia.city_places` finds them, or others.

    ``most`` and ``merge_km`` are its arguments; ``places`` is such a table made by hand, and
    ``network`` another than :func:`neg.east_asia.city_network` gives for the places.
    """

    most: int = 60
    merge_km: float = 50.0
    places: pd.DataFrame | None = None
    network: Network | None = None

    def found(self) -> tuple[pd.DataFrame, Network]:
        """The places and the network that joins them."""
        frame = city_places(self.most, self.merge_km) if self.places is None else self.places
        if self.network is not None:
            return frame, self.network
        known = self.places is None
        return frame, embedded(self.most, self.merge_km) if known else city_network(frame)


@dataclasses.dataclass(frozen=True, eq=False)
class Strengths:
    """How strongly things answer each other.

    ``theta`` and ``alpha`` are trade and scale elasticities, one number or one a sector;
    ``size_premium`` the elasticity of output per worker to the size of a place, ``decay`` that of
    tastes to distance, and ``kappa`` the dispersion of tastes for places (all three assumed);
    without one (None) the observed allocation need not be stable.
    """

    theta: Any = 4.0
    alpha: Any = 0.0
    size_premium: float = 0.05
    decay: float = DECAY
    kappa: float | None = KAPPA


@dataclasses.dataclass(frozen=True, eq=False)
class Cities:
    """An economy of places, what it was built from, and what it must give back."""

    economy: Any
    network: Network
    places: pd.DataFrame
    accounts: Accounts
    money: float
    """USD (a worker and year) that a unit of the numeraire is worth."""
    gap: float
    """Largest gap of flows between places to the sums of the table, over that sum."""
    prices: Any
    """Those of the baseline, as the inversion knows them: its solve starts there."""

    def solve(self, **given: Any) -> Any:
        """The baseline equilibrium: people mobile within their economies, or nobody.

        From the prices of the inversion, unless ``prices`` or a ``start`` are given.
        """
        known = {} if given.get("start") is not None else {"prices": self.prices}
        return solve(self.economy, **known | given)

    def totals(self, solution: Any) -> xr.Dataset:
        """Output by sector and GDP of every economy at a solution, beside those of the table."""
        table, member = self.accounts.table, self.accounts.member
        count = len(table.places)
        found = solution.outcomes
        output = np.zeros((count, len(table.sectors)))
        np.add.at(output, member, np.asarray(found["output"]) * self.money)
        gdp = np.bincount(member, np.asarray(found["gdp"]) * self.money, count)
        theirs = table.value_added.sum(axis=1) + table.net_taxes_industry.sum(axis=1)
        theirs = theirs + table.net_taxes_final.sum(axis=1)
        attrs = {"units": "million USD", "year": table.year}
        return xr.Dataset(
            {
                "output": (("economy", "sector"), output, attrs),
                "output_table": (("economy", "sector"), np.array(table.output), attrs),
                "gdp": ("economy", gdp, attrs),
                "gdp_table": ("economy", theirs, attrs),
            },
            coords={"economy": list(table.places), "sector": list(table.sectors)},
        )

    def misfit(self, solution: Any) -> float:
        """Largest gap of people by place and sector, and of wages, to those observed, over them."""
        found = solution.outcomes
        people = np.asarray(self.economy.employment)
        wage = self.accounts.wage[:, None] / self.money
        gaps = [
            np.asarray(found["employment"]) / people - 1.0,
            np.asarray(found["wage"]) / wage - 1.0,
        ]
        return float(max(np.abs(gap[people > 0]).max() for gap in gaps))


def city_economy(
    where: Where = Where(),  # noqa: B008  (frozen)
    strengths: Strengths = Strengths(),  # noqa: B008  (frozen)
    *,
    table: Table | None = None,
    sectors: dict[str, tuple[str, ...]] | None = None,
    mobility: str = "free",
    parts: tuple[Part, ...] = (),
    deficit_rule: str = "spending-share",
    rebate: str = "proportional",
    carried: tuple[str, ...] | None = None,
    **routes: Any,
) -> Cities:
    """The economy of cities of the 18 economies, whose baseline is the table of 2020.

    Places, roads, ports and airports are real, populations indicative
    (:func:`neg.east_asia.city_places`); USA, EU27 and ROW are one place each. Output and income of
    economies are split over places (:func:`neg.east_asia.accounts.split`). Flows between places

        X_ijs = S_is D_ijs tau_ijs^-theta_s P_js^theta_s E_js,   D_ijs = d_ods km_ij^-decay

    add up to the table: tastes ``d`` by pair of economies and sector, and productivities of places
    follow from its flows, output and spending (:func:`neg.east_asia.fit_blocks`), in closed form

        P_js^-theta = E_js / b_js,   A_is = a_is c_is^(alpha + theta) (Q / Y)^alpha,   Q = Y / c

    and amenities of places from equal payoffs within every economy
    (:func:`neg.analysis.invert_amenity`), so that observed people, wages and incomes are a long-run
    equilibrium. Trade costs ``tau`` are those of the network, of goods that are ``carried``.
    People choose place and sector within their economy and differ in tastes for places
    (:class:`neg.parts.Tastes`); in the sectors of a place they earn the same.

    Args:
        where: which places, and the network that joins them.
        strengths: elasticities, and how tastes for places differ.
        table: of the 18 economies and USA, EU27, ROW; the embedded one of 2020 by default.
        sectors: groups of sectors of the table; by default five (:data:`SECTORS`).
        mobility: ``free`` (place and sector, within the economy), ``places``, ``sectors`` or
            ``immobile``.
        parts: other mechanisms; they must leave the baseline as it is or be absorbed by amenity.
            Tariffs at the baseline are taken out of the table's net taxes. What stands between
            economies goes in as :class:`neg.barriers.Inherited`, by the economy of each place
            (:attr:`neg.east_asia.accounts.Accounts.member`).
        deficit_rule, rebate: as in :func:`neg.economy.general.general_economy`.
        carried: sectors whose goods travel on the network.
        routes: of :meth:`neg.network.Carriage.on`: ``routing``, ``theta`` as ``route_theta``,
            ``shipment``, ``daily``, ``fees``, ...

    >>> cities = city_economy(Where(most=1))
    >>> len(cities.economy.places), len(cities.economy.sectors)
    (21, 5)
    """
    check_range("decay", strengths.decay, 0.0)
    groups = SECTORS if sectors is None else sectors
    wanted = (CARRIED if sectors is None else tuple(groups)) if carried is None else carried
    whole = (data.load_icio() if table is None else table).balanced()
    whole = whole.aggregate(sectors={k: list(v) for k, v in groups.items()} if groups else None)
    frame, net = where.found()
    own = split(whole, frame, size_premium=strengths.size_premium)
    if "route_theta" in routes:
        routes["theta"] = routes.pop("route_theta")
    mechanisms: list[Part] = [Carriage.on(net, carried=tuple(wanted), **routes), *parts]
    if strengths.kappa is not None and mobility != "immobile":
        mechanisms.append(Tastes(kappa=strengths.kappa, sectors=0.0))
    found = fitted(
        own,
        _tastes(net, own.names, strengths.decay),
        tuple(mechanisms),
        strengths.theta,
        strengths.alpha,
        mobility,
        deficit_rule=deficit_rule,
        rebate=rebate,
    )
    economy = found.economy
    if mobility != "immobile":
        economy = invert_amenity(economy, prices=found.prices)
    return Cities(economy, net, frame, own, found.money, found.gap, found.prices)


def _tastes(net: Network, names: tuple[str, ...], decay: float) -> np.ndarray:
    at = [net.places[k] for k in net.index(names)]
    lon, lat = (np.array([getattr(p, side) for p in at]) for side in ("longitude", "latitude"))
    km = great_circle(lon[:, None], lat[:, None], lon, lat)
    return (np.maximum(km, OWN_KM) / OWN_KM) ** -decay
