"""Mechanisms that an economy takes on, one in a file: see :func:`neg.economy.composed.compose`.

Competition among firms through the price index is no part: it is in every model already.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from neg.core.errors import unknown_name
from neg.economy.composed import compose
from neg.economy.model import Model
from neg.economy.part import Part
from neg.parts.commuting import Commuting
from neg.parts.density import Density
from neg.parts.efficiency import Efficiency
from neg.parts.hours import Hours
from neg.parts.knowledge import Knowledge
from neg.parts.land import Land
from neg.parts.learning import Learning
from neg.parts.moving import MovingCosts, moving_costs
from neg.parts.pollution import Pollution
from neg.parts.spillovers import Spillovers
from neg.parts.subsistence import Subsistence
from neg.parts.tastes import Tastes
from neg.parts.traffic import Traffic
from neg.parts.wages import Wages

__all__ = [
    "Commuting",
    "Density",
    "Efficiency",
    "Hours",
    "Knowledge",
    "Land",
    "Learning",
    "MovingCosts",
    "Part",
    "Pollution",
    "Spillovers",
    "Subsistence",
    "Tastes",
    "Traffic",
    "Wages",
    "moving_costs",
    "switched_on",
]


def switched_on(model: Model, values: Mapping[str, Any] | Iterable[str]) -> Model:
    """The model with the parts that these names call for, such as ``{"land.h": 0.2}``.

    A label alone (``["land", "tastes"]``) switches a part on with its defaults. Raises
    :class:`neg.core.errors.UnknownNameError` for a part or parameter that does not exist.
    """
    labels: list[str] = []
    for name in values:
        label = name.partition(".")[0]
        if label not in Part.registry:
            raise unknown_name("part", label, sorted(Part.registry))
        if label not in labels:
            labels.append(label)
    if not labels:
        return model
    settings = values if isinstance(values, Mapping) else {}
    composed = compose(model, [Part.registry[label]() for label in labels])
    return composed.with_(**{name: v for name, v in settings.items() if "." in name})


def __dir__() -> list[str]:
    return list(__all__)
