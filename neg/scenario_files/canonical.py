"""The economy of a file's ``[model]``: a canonical model by its name, places and parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from neg.core.errors import InvalidParameterError, UnknownNameError, did_you_mean, unknown_name
from neg.economy.composed import compose
from neg.economy.model import Model, SpatialModel
from neg.economy.part import Part
from neg.economy.starting import Starting
from neg.firms.takeoff import TakeOff
from neg.places.layouts import Geography, from_distance, layout
from neg.scenario_files.described import distances
from neg.scenario_files.world import ModelSection

Labels = Mapping[str, tuple[str, ...]]


def known_models() -> dict[str, type[Model]]:
    """Models that a file may name: the canonical ones and the host of plants."""
    import neg.models  # noqa: F401  (models register themselves)

    own = {name: kind for name, kind in Model.registry.items() if name}
    return dict(sorted((own | {"take-off": TakeOff}).items()))


def canonical(section: ModelSection, parts: Callable[[Labels], Sequence[Part]]) -> Any:
    """The model that a section describes, with the ``parts`` that its labels allow.

    Raises named errors for a model, parameter, place or cell that does not exist.
    """
    kinds = known_models()
    if section.name not in kinds:
        raise _unknown("model", section.name, kinds)
    kind = kinds[section.name]
    options = kind.options()
    known = [*kind.parameters(), *kind.aliases, *options]
    numbers: dict[str, float] = {}
    made: dict[str, Any] = {}
    for name, value in section.parameters.items():
        if name not in known:
            raise _unknown(f"parameter of model {section.name!r}", name, known)
        if isinstance(value, str) != (name in options):
            raise InvalidParameterError(
                f"model.parameters.{name} = {value!r} is not allowed; must be "
                + (f"one of {list(options[name][1])}" if name in options else "a number")
            )
        if isinstance(value, str):
            made[name] = value
        else:
            numbers[name] = value
    geography = _geography(section)
    if geography is not None:
        if not issubclass(kind, SpatialModel):
            raise InvalidParameterError(
                f"model.places does not go with {section.name!r}, which has no map of its own; "
                "must be left out"
            )
        made["geography"] = geography
    model = kind(**made)
    model = model.with_(**numbers) if numbers else model
    if found := parts(model.labels):
        model = compose(model, found)
    return _started(section, model)


def _geography(section: ModelSection) -> Geography | None:
    places, kind = section.places, section.layout or "equidistant"
    if places is None:
        return None
    if isinstance(places, int):
        return layout(kind, places)
    drawn = None if section.distance is not None else layout(kind, len(places)).coordinates
    return from_distance(distances(section, places, "model"), places, drawn)


def _started(section: ModelSection, model: Model) -> Model:
    """The model with its start, held there where nobody may move."""
    held = section.mobility == "immobile"
    if section.start is None and not held:
        return model
    groups, labels = model.groups, model.cell_labels
    weight = np.zeros(groups.cells)
    for name, value in (section.start or {}).items():
        if name not in labels:
            raise _unknown("cell of model.start", name, labels)
        weight[labels.index(name)] = value
    # A group of which nothing is said is spread evenly.
    said = groups.total(jnp.asarray(weight))[groups.index] > 0
    return Starting(model, groups.shared(jnp.where(said, weight, 1.0)), held=held)


def _unknown(what: str, name: str, allowed: Iterable[str]) -> UnknownNameError:
    """An unknown name, with the nearest one that exists."""
    allowed = list(allowed)
    return UnknownNameError(
        f"{unknown_name(what, name, allowed)}{did_you_mean(name, allowed, 0.5)}"
    )
