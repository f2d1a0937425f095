"""The network of a file: from its sections to a part of the economy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.network import Carriage, Gates, network
from neg.scenario_files.schema import LinkSection, NetworkSection, ScenarioFile


def carriage(scenario: ScenarioFile, places: Sequence[str], value: Any, daily: Any) -> Carriage:
    """The part that carries goods on the network of a file.

    Where every place of the economy stands on the network under its own name, that is where trade
    starts and ends; else costs between economies are means over their places by weight. Links
    that edits build are there from the start, closed.
    """
    section = scenario.network
    assert section is not None
    if not section.place or not section.link:
        raise InvalidDataError(
            "network gives no places or no links; must give [[network.place]] and [[network.link]]"
        )
    new = [edit for edit in scenario.edit.link if edit.add is not None]
    links = [_link(one) for one in section.link]
    for edit in new:
        assert edit.add is not None
        terms = edit.add.model_dump()
        ends = {"origin": edit.from_, "destination": edit.to}
        links.append({**ends, "mode": edit.mode, "two_way": edit.two_way, **terms})
    built = network(
        [_given(one, ("name", "economy", "longitude", "latitude")) for one in section.place],
        links,
        modes=[one.model_dump() for one in section.mode] or None,
        transfers=[
            {"place": t.place, "first": t.modes[0], "second": t.modes[1]}
            | {"usd": t.usd, "hours": t.hours}
            for t in section.transfer
        ],
        borders=[
            {"first": b.between[0], "second": b.between[1]}
            | {"mode": b.mode, "usd": b.usd, "hours": b.hours}
            for b in section.border
        ],
    )
    given: dict[str, Any] = {
        "shipment": value,
        "daily": daily,
        "theta": 1.0 / section.dispersion,
        "routing": section.routing,
        "fees": section.fees,
        "closed": np.repeat([0.0, 1.0], [len(section.link), len(new)]),
    }
    if section.congestion > 0:
        given |= {"congestion": section.congestion, "congested": "yes"}
    if set(places) <= set(built.names):
        return Carriage.on(built, **given)
    return Gates.through(built, _gates(section, places), **given)


def _given(one: Any, names: Sequence[str]) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _link(one: LinkSection) -> dict[str, Any]:
    names = ("mode", "km", "usd_per_km", "kmh", "fixed_usd", "fixed_hours", "capacity", "two_way")
    return {"origin": one.from_, "destination": one.to} | _given(one, (*names, "name"))


def _gates(section: NetworkSection, places: Sequence[str]) -> dict[str, dict[str, float]]:
    """Places of each economy with the shares of its trade, of economies that are in the table."""
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
