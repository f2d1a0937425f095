"""Agreements of a file: those in force at the baseline, and those after its edits."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from neg.agreements import Agreements, observed, read_agreements
from neg.barriers.inherited import Inherited
from neg.core.checks import check_labels
from neg.core.errors import unknown_name
from neg.data.table import Table
from neg.economy.composed import compose
from neg.economy.part import Part
from neg.scenario_files.schema import ScenarioFile, TariffSection
from neg.scenario_files.values import by_pairs, labels_of

Terms = Mapping[str, Any]


def has_agreements(scenario: ScenarioFile) -> bool:
    """Whether a file speaks of agreements or of the duties that they replace."""
    return bool(scenario.tariff or scenario.agreement or scenario.edit.agreement)


def agreements_part(scenario: ScenarioFile, table: Table, duty: Any = 0.0) -> Agreements:
    """The agreements in force at the baseline, their contents those of the table's own inputs."""
    return _part(scenario, scenario.agreement, table, duty)


def with_agreements(economy: Any, scenario: ScenarioFile, table: Table) -> Any:
    """The economy with agreements added, replaced and removed."""
    new: Part = _part(scenario, edited(scenario), table)
    old = economy.part("agreements")
    if isinstance(old, Inherited):
        new = Inherited(new, old.member)
    parts = [new if one is old else one for one in economy.parts]
    return compose(economy.base, parts)


def edited(scenario: ScenarioFile) -> list[Terms]:
    """Terms of the agreements after the edits of a file.

    Raises :class:`neg.core.errors.UnknownNameError` for one that is removed or replaced and is not
    there, :class:`neg.core.errors.LabelMismatchError` for one that is added twice.
    """
    found: list[Terms] = list(scenario.agreement)
    for number, edit in enumerate(scenario.edit.agreement):
        names = [str(one.get("name", "?")) for one in found]
        where = f"edit.agreement.{number}"
        if edit.action == "remove":
            for pattern in edit.names or []:
                hit = fnmatch.filter(names, pattern)
                if not hit:
                    raise unknown_name(f"agreement of {where}", pattern, names)
                found = [one for one in found if one.get("name") not in hit]
        elif edit.action == "add":
            found.append(edit.fields)
            check_labels(f"names of agreements after {where}", [str(o.get("name")) for o in found])
        else:
            name = edit.fields["name"]
            if name not in names:
                raise unknown_name(f"agreement of {where}", name, names)
            found = [edit.fields if one.get("name") == name else one for one in found]
    return found


def _part(
    scenario: ScenarioFile, terms: Sequence[Terms], table: Table, duty: Any = 0.0
) -> Agreements:
    tariff = scenario.tariff or TariffSection()
    entries = [(one.mfn_rate, one) for one in tariff.entries]
    labels = labels_of(table.places, table.sectors)
    mfn = by_pairs("tariff.mfn_rate", tariff.mfn_rate, entries, labels)
    part = read_agreements(
        [dict(one) for one in terms],
        table.sectors,
        year=tariff.year,
        mfn=mfn,
        ntm=by_pairs("tariff.ntm_rate", tariff.ntm_rate, [], labels),
        nu=tariff.managing_cost,
    )
    return observed(part, table, uses=scenario.economy.uses, duty=duty)
