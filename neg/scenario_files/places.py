"""The economy of a file whose places are cities."""

from __future__ import annotations

from typing import Any

from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.data.table import Table
from neg.scenario_files.baseline import named_parts
from neg.scenario_files.roads import road_network, routes
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.values import by_sector, labels_of

WITHIN = "within-economies"
"""What files call free choice of place and sector within the own economy."""
_MOBILITY = ("immobile", "sectors", "places", "free", WITHIN)


def build_cities(scenario: ScenarioFile, table: Table) -> Any:
    """The economy of cities of a file: the table is its equilibrium, economy by economy.

    Raises named errors for what makes no sense between cities.
    """
    from neg.east_asia import city_economy, city_places
    from neg.east_asia.places import FAR

    section, net = scenario.economy, scenario.network
    if net is None or net.base != "east-asia":
        raise InvalidDataError(
            "places = 'cities' needs the roads between them; must go with [network] base = "
            "'east-asia'"
        )
    if section.mobility not in _MOBILITY:
        raise InvalidParameterError(
            f"economy.mobility = {section.mobility!r} is not allowed with places = 'cities'; must "
            f"be one of {list(_MOBILITY)}"
        )
    for name, said, instead in (
        ("border", scenario.border, "[[network.border]]"),
        ("agreement", scenario.agreement or scenario.edit.agreement, "economies"),
        ("tariff", scenario.tariff, "economies"),
        ("chain", scenario.chain, "economies"),
        ("economy.keep", section.keep, "all economies"),
        ("economy.merge_places", section.merge_places, "all economies"),
        ("economy.uses", section.uses == "separate", "uses = 'common'"),
    ):
        if said:
            raise InvalidDataError(
                f"{name} is for economies, not for places = 'cities'; must be left out (use "
                f"{instead})"
            )
    places = city_places(net.most_places, net.merge_km)
    built = road_network(scenario)
    value, daily = (
        by_sector(f"shipment.{name}", getattr(scenario.shipment, name), table.sectors)
        for name in ("value_usd", "time_cost_per_day")
    )
    given = routes(scenario, built, value, daily)
    given["route_theta"] = given.pop("theta")
    carried = given.pop("carried") or tuple(table.sectors)
    labels = labels_of((*places.index, *FAR), table.sectors)
    found = city_economy(
        places=places,
        network=built,
        table=table,
        sectors={},
        carried=carried,
        theta=by_sector("economy.theta", section.theta, table.sectors),
        alpha=by_sector("economy.alpha", section.alpha, table.sectors),
        mobility="free" if section.mobility == WITHIN else str(section.mobility),
        parts=tuple(named_parts(scenario, labels)),
        deficit_rule=section.deficits,
        rebate=section.rebate,
        **given,
    ).economy
    return found if section.numeraire == "world" else found.with_(numeraire=section.numeraire)
