"""The network of a file: from its sections to a part of the economy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.network import (
    Border,
    Carriage,
    Gates,
    Link,
    Mode,
    Network,
    Place,
    Transfer,
    network,
)
from neg.network.objects import read
from neg.network.terms import own_terms
from neg.scenario_files.schema import LinkSection, NetworkSection, ScenarioFile


def carriage(scenario: ScenarioFile, places: Sequence[str], value: Any, daily: Any) -> Carriage:
    """The part that carries goods on the network of a file.

    Where every place of the economy stands on the network under its own name, that is where trade
    starts and ends; else costs between economies are means over their places by weight, on the
    embedded network by people.
    """
    section = scenario.network
    assert section is not None
    built = road_network(scenario)
    given = routes(scenario, built, value, daily)
    if set(places) <= set(built.names):
        return Carriage.on(built, **given)
    return Gates.through(built, _gates(section, places), **given)


def routes(scenario: ScenarioFile, built: Network, value: Any, daily: Any) -> dict[str, Any]:
    """What the part is given beside the network: shipments, routing, links that are closed."""
    section = scenario.network
    assert section is not None
    new = len([edit for edit in scenario.edit.link if edit.add is not None])
    given: dict[str, Any] = own_terms(built)
    closed = np.repeat([0.0, 1.0], [len(built.links) - new, new])
    given |= {
        "costs": given["costs"].with_(closed=closed),
        "shipment": value,
        "daily": daily,
        "theta": 1.0 / section.dispersion,
        "routing": section.routing,
        "fees": section.fees,
        "carried": tuple(section.carried),
    }
    if section.congestion > 0:
        slow = given["crowding"].with_(congestion=section.congestion, congested="yes")
        given["crowding"] = slow
    return given


def road_network(scenario: ScenarioFile) -> Network:
    """The network of a file: its own, or the embedded one with what the file adds or replaces.

    Links that edits build are there from the start, closed, and last.
    """
    section = scenario.network
    assert section is not None
    nodes = [
        Place(**_given(one, ("name", "economy", "longitude", "latitude"))) for one in section.place
    ]
    links = list(read(Link, [_link(one) for one in section.link], "network.link"))
    modes = [Mode(**one.model_dump()) for one in section.mode]
    transfers = [
        Transfer(t.place, t.modes[0], t.modes[1], t.usd, t.hours) for t in section.transfer
    ]
    borders = [Border(b.between[0], b.between[1], b.mode, b.usd, b.hours) for b in section.border]
    if section.base == "east-asia":
        from neg.east_asia.network import embedded

        base = embedded(section.most_places, section.merge_km)
        own = {one.label for one in links}
        both = {
            label
            for one in links
            if one.two_way
            for label in (one.label, f"{one.destination}-{one.origin}:{one.mode}")
        }
        links = [one for one in base.links if one.label not in own | both] + links
        nodes = _over(base.places, nodes, "name")
        modes = _over(base.modes, modes, "name")
        transfers = _over(base.transfers, transfers, "label")
        borders = _over(base.borders, borders, "label")
    elif not section.place or not section.link:
        raise InvalidDataError(
            "network gives no places or no links; must give [[network.place]] and "
            "[[network.link]], or base = 'east-asia'"
        )
    for edit in scenario.edit.link:
        if edit.add is not None:
            ends = {"from": edit.from_, "to": edit.to, "mode": edit.mode, "two_way": edit.two_way}
            links += read(Link, [ends | edit.add.model_dump()], "edit.link.add")
    return network(nodes, links, modes=modes or None, transfers=transfers, borders=borders)


def _over(base: Sequence[Any], own: Sequence[Any], key: str) -> list[Any]:
    """Those of the base that the file does not replace, then the file's."""
    named = {getattr(one, key) for one in own}
    return [one for one in base if getattr(one, key) not in named] + list(own)


def _given(one: Any, names: Sequence[str]) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _link(one: LinkSection) -> dict[str, Any]:
    names = ("mode", "km", "usd_per_km", "kmh", "fixed_usd", "fixed_hours", "capacity", "two_way")
    return {"origin": one.from_, "destination": one.to} | _given(one, (*names, "name"))


def _gates(section: NetworkSection, places: Sequence[str]) -> dict[str, dict[str, float]]:
    """Places of each economy with the shares of its trade, of economies that are in the table."""
    if section.base == "east-asia":
        if any(one.weight is not None for one in section.place):
            raise InvalidDataError(
                "network.place gives a weight with base = 'east-asia', where people are the "
                "weights; must be left out"
            )
        return _peopled(section, places)
    found: dict[str, dict[str, float]] = {}
    count: dict[str, int] = {}
    for one in section.place:
        count[one.economy] = count.get(one.economy, 0) + 1
    for one in section.place:
        weight = one.weight
        if weight is None:
            weight = 1.0 if count[one.economy] == 1 else 0.0
        if weight > 0 and one.economy in places:
            found.setdefault(one.economy, {})[one.name] = weight
    for economy, weights in found.items():
        if abs(sum(weights.values()) - 1.0) > 1e-9:
            raise InvalidParameterError(
                f"weights of the places of {economy} add up to {sum(weights.values()):g}; must "
                "add up to 1"
            )
    if len(found) < 2:
        raise InvalidDataError(
            f"the network joins {list(found) or 'no'} economies of the table; must join two at "
            "least: give places of them a weight"
        )
    return found


def _peopled(section: NetworkSection, places: Sequence[str]) -> dict[str, dict[str, float]]:
    """Places of the embedded network with their shares in the people of their economy."""
    from neg.east_asia import city_places
    from neg.east_asia.places import FAR

    found: dict[str, dict[str, float]] = {name: {name: 1.0} for name in FAR if name in places}
    people = city_places(section.most_places, section.merge_km)
    for economy, own in people.groupby("economy"):
        if economy in places:
            share = own["population"] / own["population"].sum()
            found[str(economy)] = {str(name): float(one) for name, one in share.items()}
    if len(found) < 2:
        raise InvalidDataError(
            f"the network of East Asia joins {list(found) or 'no'} economies of the table; must "
            "join two at least: places of the table must be ISO codes, not merged"
        )
    return found
