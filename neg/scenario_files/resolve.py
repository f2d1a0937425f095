"""A file made real: its economy, the economy after its edits, and the Levers between."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import jax

from neg.core.errors import unknown_name
from neg.core.quantities import describe
from neg.scenario_files.baseline import build_economy, load_table
from neg.scenario_files.moves import Move, apply, moves_of
from neg.scenario_files.schema import ScenarioFile

SPECIAL = {"real_income": "consumption"}
"""Names in files for outcomes of the library."""
TIME_LAYERS = "time_layers"


@dataclasses.dataclass(frozen=True)
class Resolved:
    """A file's economy: at the baseline, with agreements as edited, and the Levers that remain."""

    scenario: ScenarioFile
    baseline: Any
    changed: Any
    """The baseline with agreements added, replaced and removed; Levers come on top."""
    moves: list[Move]

    @property
    def edited(self) -> Any:
        """The economy after all edits; raises where a place is then out of reach of another."""
        economy = apply(self.changed, self.moves)
        if self.moves:
            check_routes(economy)
        return economy


def check_routes(economy: Any) -> None:
    """Raise a named error where the network of an economy leaves a place out of reach."""
    for part in getattr(economy, "parts", ()):
        if part.label == "network":
            part.check(economy.base)


def resolve(scenario: ScenarioFile, folder: str | os.PathLike[str] = ".") -> Resolved:
    """Build what a file describes; ``folder`` is where paths of data in it start.

    Raises named errors for whatever the file names and the library, or the data, do not have.
    """
    baseline = build_economy(scenario, folder)
    changed = baseline
    if scenario.edit.agreement:
        from neg.scenario_files.treaties import with_agreements

        changed = with_agreements(baseline, scenario, load_table(scenario, folder))
    moves = moves_of(scenario, changed)
    found = Resolved(scenario, baseline, changed, moves)
    outcome_names(found)
    return found


def outcome_names(found: Resolved) -> dict[str, str]:
    """Outcomes of the library for the variables that a file asks for; time layers stand apart."""
    known = known_outcomes(found.baseline)
    names = {}
    output = found.scenario.output
    # A canonical model has few outcomes: all of them, where the file does not choose.
    every = found.scenario.model is not None and "variables" not in output.model_fields_set
    for name in known if every else output.variables:
        if name == TIME_LAYERS and "network.hours" in known:
            continue
        inner = SPECIAL.get(name, name)
        if inner not in known:
            layers = [TIME_LAYERS] if "network.hours" in known else []
            allowed = [*SPECIAL, *layers, *known]
            raise unknown_name("output.variables", name, allowed)
        names[name] = inner
    # Policies are judged by welfare, which is not consumption where people choose their hours.
    chosen = "variables" in output.model_fields_set or found.scenario.policy is None
    return names if chosen or "welfare" not in known else names | {"welfare": "welfare"}


def known_outcomes(economy: Any) -> list[str]:
    """Names of what an economy reports; nothing is computed."""

    def look(x: Any) -> Any:
        return economy.outcomes(economy.initial_prices(x), x)

    return list(jax.eval_shape(look, economy.initial_distribution()))


def label_of(name: str) -> tuple[str, str]:
    """Label and unit of a variable of a file."""
    quantity = describe(SPECIAL.get(name, name))
    return ("real income" if name == "real_income" else quantity.label), quantity.unit
