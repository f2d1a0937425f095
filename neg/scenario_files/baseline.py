"""From the sections of a file to the economy of its baseline: table, layers, parts, network."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neg import data
from neg.analysis.baseline import calibrate, duties
from neg.barriers.clearance import Clearance
from neg.barriers.layer import Layer
from neg.core.errors import InvalidDataError, InvalidParameterError, unknown_name
from neg.core.groups import made
from neg.core.parameters import Parameter, declared
from neg.data.aggregate import aggregate, select
from neg.data.table import Table
from neg.economy.general import Mobility
from neg.economy.part import Part
from neg.scenario_files.blocks import with_blocks
from neg.scenario_files.canonical import canonical
from neg.scenario_files.described import described, same_draws
from neg.scenario_files.schema import BorderSection, PartSection, ScenarioFile
from neg.scenario_files.values import by_label, by_pairs, by_sector, labels_of, residents_of

_BUILT_IN = "icio2020"
ROUNDS, RESTS = 20, 1e-14  # of duties and contents at the baseline
_OWN_SECTION = {"network": "[network]", "clearance": "[[border]]"}
"""Parts that have sections of their own in a file."""


def load_table(scenario: ScenarioFile, folder: str | os.PathLike[str] = ".") -> Table:
    """The table that a file names, merged and split as it says; paths start at ``folder``."""
    section = scenario.economy
    if section.data == _BUILT_IN:
        table = data.load_icio()
    else:
        path = Path(folder) / section.data
        if not path.is_file():
            raise InvalidDataError(
                f"economy.data = {section.data!r} is no file; must be {_BUILT_IN!r} or the path of "
                "a table"
            )
        table = _read(path, section.format, section.year)
    if section.merge_places or section.merge_sectors:
        table = aggregate(table, section.merge_places, section.merge_sectors)
    table = table if section.keep is None else select(table, section.keep)
    return with_blocks(table, scenario.chain)


def _read(path: Path, form: str, year: int | None) -> Table:
    if form == "icio":
        return data.read_icio(path, year=year)
    if form == "wiod":
        return data.read_wiod(path, year=year)
    pairs = data.read_pairs(path, year=year)
    return data.from_flows(pairs["flows"], pairs.get("tariff"))


def build_economy(scenario: ScenarioFile, folder: str | os.PathLike[str] = ".") -> Any:
    """The calibrated economy of a file before its edits: the table is its equilibrium.

    Raises named errors for names of places, sectors, parts and parameters that do not exist.
    """
    section = scenario.economy
    if scenario.model is not None:
        return canonical(scenario.model, lambda labels: parts_of(scenario, labels))
    closure: dict[str, Any] = {"deficit_rule": section.deficits, "rebate": section.rebate}
    if section.numeraire != "world":
        closure["numeraire"] = section.numeraire
    if scenario.world is not None:
        world = scenario.world
        parts = parts_of(scenario, labels_of(world.places, world.sectors))
        residents = residents_of(section.residents, world.places)
        closure["mobility"] = Mobility(section.mobility, world.areas, residents)
        return described(world, scenario.chain, section.theta, section.alpha, parts, **closure)
    table = load_table(scenario, folder)
    if section.places == "cities":
        from neg.scenario_files.places import build_cities

        return build_cities(scenario, table)
    parts = parts_of(scenario, labels_of(table.places, table.sectors), table)
    if scenario.chain:
        whole = load_table(scenario.model_copy(update={"chain": []}), folder)
        table = with_blocks(whole, scenario.chain, parts)
        closure["chains"] = [tuple(chain.blocks) for chain in scenario.chain]
        closure["draws"] = same_draws(scenario.chain)
    chains = {name: closure[name] for name in ("chains", "draws") if name in closure}
    duty = np.zeros(1)
    for _ in range(ROUNDS if scenario.agreement and section.uses == "common" else 0):
        # Contents under rules of origin are those of the mix that all uses have, duties and all
        # (and of the table in blocks); duties depend on who meets the rules.
        before, duty = duty, duties(table, parts, **chains)
        if np.allclose(duty, before, rtol=0.0, atol=RESTS):
            break
        parts = parts_of(scenario, labels_of(table.places, table.sectors), table, duty)
        table = with_blocks(whole, scenario.chain, parts) if scenario.chain else table
    return calibrate(
        table,
        theta=by_sector("economy.theta", section.theta, table.sectors),
        alpha=by_sector("economy.alpha", section.alpha, table.sectors),
        parts=parts,
        uses=section.uses,
        land_share=section.land_share,
        mobility=Mobility(
            section.mobility, residents=residents_of(section.residents, table.places)
        ),
        **closure,
    )


def parts_of(
    scenario: ScenarioFile,
    labels: Mapping[str, tuple[str, ...]],
    table: Table | None = None,
    duty: Any = 0.0,
) -> list[Part]:
    """Layers, registered parts, clearance, network and agreements of a file, in that order.

    ``duty`` are those of the table's year, on which contents under rules of origin depend.
    """
    found = named_parts(scenario, labels)
    found += clearance_of(scenario, labels)
    if scenario.network is not None:
        from neg.scenario_files.roads import carriage

        found.append(carriage(scenario, labels["place"], *shipments(scenario, labels["sector"])))
    from neg.scenario_files.treaties import agreements_part, has_agreements

    if table is not None and has_agreements(scenario):
        found.append(agreements_part(scenario, table, duty))
    return found


def shipments(scenario: ScenarioFile, sectors: Sequence[str]) -> tuple[Any, Any]:
    """What a shipment is worth and what a day of it costs, by sector where they differ."""
    value, daily = (
        by_sector(f"shipment.{name}", getattr(scenario.shipment, name), sectors)
        for name in ("value_usd", "time_cost_per_day")
    )
    return value, daily


def clearance_of(scenario: ScenarioFile, labels: Mapping[str, tuple[str, ...]]) -> list[Part]:
    """Clearance at the borders of economies, where a file gives some."""
    if not scenario.border:
        return []
    given = shipments(scenario, labels["sector"])
    return [_clearance(scenario.border, labels["place"], *given)]


def named_parts(scenario: ScenarioFile, labels: Mapping[str, tuple[str, ...]]) -> list[Part]:
    """Layers and registered parts of a file."""
    found: list[Part] = [layer_of(one, labels) for one in scenario.layer]
    return found + [part_of(one, labels) for one in scenario.part]


def layer_of(one: Any, labels: Mapping[str, tuple[str, ...]]) -> Layer:
    """A layer of a file, of places with these labels."""
    entries = [(entry.rate, entry) for entry in one.entries]
    rate = by_pairs(f"rate of layer {one.name!r}", one.rate, entries, labels)
    ones = np.ones(rate.shape)
    return Layer(one.name, rate, ones, ones, kind=one.kind)


def registered() -> dict[str, type[Part]]:
    """Parts and layers that a file may name."""
    import neg.barriers
    import neg.firms
    import neg.parts
    import neg.production  # noqa: F401  (parts register themselves)

    return {name: part for name, part in Part.registry.items() if name not in _OWN_SECTION}


def part_of(one: PartSection, labels: Mapping[str, tuple[str, ...]]) -> Part:
    """A registered part of a file, of places with these labels."""
    known = registered()
    if one.name in _OWN_SECTION:
        raise InvalidParameterError(
            f"part {one.name!r} is not given under [[part]]; must stand under "
            f"{_OWN_SECTION[one.name]}"
        )
    if one.name not in known:
        raise unknown_name("part", one.name, sorted(known))
    kind = known[one.name]
    specs, options = declared(kind), kind.options()
    given: dict[str, Any] = {}
    if one.sectors is not None:
        if "sectors" not in {field.name for field in dataclasses.fields(kind)}:
            raise InvalidParameterError(
                f"part {one.name!r} acts on no sectors of its own; sectors must be left out"
            )
        for name in one.sectors:
            if name not in labels["sector"]:
                raise unknown_name(f"sector of part {one.name!r}", name, labels["sector"])
        given["sectors"] = tuple(one.sectors)
    for name, value in one.parameters.items():
        if name not in specs and name not in options:
            raise unknown_name(f"parameter of part {one.name!r}", name, [*specs, *options])
        if isinstance(value, Mapping):
            axes = specs[name].axes if name in specs else ()
            if len(axes) != 1:
                raise InvalidParameterError(
                    f"{one.name}.{name} has the axes {list(axes)}; must be one number here (an "
                    "edit may then move some entries)"
                )
            given[name] = by_label(f"{one.name}.{name}", value, axes[0], labels[axes[0]])
            continue
        if isinstance(value, list) and (name in options or _brought(specs[name], labels) is None):
            raise InvalidParameterError(
                f"{one.name}.{name} = {value!r} is not allowed; must be a number, or values by "
                "label: a list is for entries that the part brings with it, such as tiers"
            )
        if isinstance(value, str) != (name in options):
            raise InvalidParameterError(
                f"{one.name}.{name} = {value!r} is not allowed; must be "
                + (f"one of {list(options[name][1])}" if name in options else "a number")
            )
        given[name] = value
    try:
        return made(kind, given)
    except TypeError as error:
        raise InvalidParameterError(
            f"part {one.name!r} needs more than numbers, and cannot stand in a file: {error}"
        ) from None


def _brought(spec: Parameter, labels: Mapping[str, tuple[str, ...]]) -> str | None:
    """The one axis of a parameter, if its part brings it: the economy has no names for it."""
    return spec.axes[0] if len(spec.axes) == 1 and spec.axes[0] not in labels else None


def _clearance(
    borders: Sequence[BorderSection], places: Sequence[str], value: Any, daily: Any
) -> Clearance:
    columns = {
        name: np.zeros(len(places))
        for name in ("export_hours", "import_hours", "export_usd", "import_usd")
    }
    seen: set[str] = set()
    for one in borders:
        if one.economy not in places:
            raise unknown_name("economy of [[border]]", one.economy, places)
        if one.economy in seen:
            raise InvalidDataError(f"[[border]] gives {one.economy} twice; must be given once")
        seen.add(one.economy)
        for name, column in columns.items():
            column[list(places).index(one.economy)] = getattr(one, name)
    return Clearance(shipment=value, daily=daily, **columns)
