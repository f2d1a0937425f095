"""The economy of a file whose places are cities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neg.analysis.baseline import duties
from neg.barriers.inherited import Inherited
from neg.barriers.pair import PairLayer
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.data.table import Table
from neg.economy.part import Part
from neg.scenario_files.baseline import (
    RESTS,
    ROUNDS,
    clearance_of,
    layer_of,
    part_of,
    registered,
    shipments,
)
from neg.scenario_files.roads import road_network, routes
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.values import by_sector, labels_of

WITHIN = "within-economies"
"""What files call free choice of place and sector within the own economy."""
_SIDES = ("among", "origins", "destinations")
_MOBILITY = ("immobile", "sectors", "places", "free", WITHIN)


def build_cities(scenario: ScenarioFile, table: Table) -> Any:
    """The economy of cities of a file: the table is its equilibrium, economy by economy.

    Raises named errors for what makes no sense between cities.
    """
    from neg.east_asia import Strengths, Where, city_economy, city_places
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
    given = routes(scenario, built, *shipments(scenario, table.sectors))
    given["route_theta"] = given.pop("theta")
    carried = given.pop("carried") or tuple(table.sectors)
    names = (*(str(name) for name in places.index), *FAR)
    member = tuple(str(one) for one in (*places["economy"], *FAR))
    found = city_economy(
        Where(places=places, network=built),
        Strengths(
            theta=by_sector("economy.theta", section.theta, table.sectors),
            alpha=by_sector("economy.alpha", section.alpha, table.sectors),
        ),
        table=table,
        sectors={},
        carried=carried,
        mobility="free" if section.mobility == WITHIN else str(section.mobility),
        parts=_parts(scenario, table, names, member),
        deficit_rule=section.deficits,
        rebate=section.rebate,
        **given,
    ).economy
    return found if section.numeraire == "world" else found.with_(numeraire=section.numeraire)


def _parts(
    scenario: ScenarioFile, table: Table, names: tuple[str, ...], member: tuple[str, ...]
) -> tuple[Part, ...]:
    """The parts of a file: what stands between economies, and what places have of their own.

    Layers by pair, clearance, duties and agreements are those of the economies, which their places
    inherit. A layer stands between places where one of its entries names some.
    """
    whole = labels_of(table.places, table.sectors)
    own = labels_of(names, table.sectors)
    found: list[Part] = []
    between: list[Part] = []
    for layer in scenario.layer:
        named = {n for one in layer.entries for side in _SIDES for n in getattr(one, side) or ()}
        if named & (set(names) - set(table.places)):
            found.append(layer_of(layer, own))
        else:
            between.append(layer_of(layer, whole))
    for section in scenario.part:
        if issubclass(registered().get(section.name, Part), PairLayer):
            between.append(part_of(section, whole))
        else:
            found.append(part_of(section, own))
    between += clearance_of(scenario, whole)
    between += _agreements(scenario, table, between)
    return (*found, *(Inherited(one, member) for one in between))


def _agreements(scenario: ScenarioFile, table: Table, others: Sequence[Part]) -> list[Part]:
    """Agreements between economies, contents and duties of the table's year fitting each other."""
    from neg.scenario_files.treaties import agreements_part, has_agreements

    if not has_agreements(scenario):
        return []
    made, duty = agreements_part(scenario, table), np.zeros(1)
    for _ in range(ROUNDS if scenario.agreement else 0):
        before, duty = duty, duties(table, [*others, made])
        if np.allclose(duty, before, rtol=0.0, atol=RESTS):
            break
        made = agreements_part(scenario, table, duty)
    return [made]
