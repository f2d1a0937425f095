"""Scenarios: named edits of an economy, each a Lever with a value. A scenario is data."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from neg.barriers.layer import layers_of
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.labels import has_labels
from neg.economy.lever import OPERATIONS, SELECTORS, Lever
from neg.economy.model import Model

_LAYER = {"factor": ("factor", "times"), "rate": ("rate", "set"), "cost": ("cost", "times")}
"""Short forms for a layer of trade cost: the parameter that moves, and how."""


_SELECTORS: Any = dict.fromkeys(SELECTORS, (tuple[str, ...] | None, None))
_Selected: Any = create_model("_Selected", **_SELECTORS)


class Edit(_Selected):
    """One change: a path, exactly one of ``set``, ``times`` and ``plus``, and who is meant.

    ``{"path": "productivity", "times": 1.1, "places": ["VNM"]}``; for a layer of trade cost also
    ``{"layer": "border", "cost": 0.95, "among": [...]}`` (deliveries cost 0.95 times as much),
    ``factor`` (of the layer's rate) or ``rate`` (the new one, a number or a whole array). Selectors
    are those of :class:`neg.economy.lever.Lever`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    path: str | None = None
    set: Any = None
    times: Any = None
    plus: Any = None
    layer: str | None = None
    factor: Any = None
    rate: Any = None
    cost: Any = None
    abroad_only: bool = True

    @field_validator(*OPERATIONS, *_LAYER)
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        if value is None or has_labels(value) or hasattr(value, "dtype"):
            return value
        try:
            np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"is {value!r}; must be a number or an array of numbers") from None
        return value

    @model_validator(mode="after")
    def _one_change(self) -> Edit:
        if (self.path is None) == (self.layer is None):
            raise ValueError("must give exactly one of path and layer")
        allowed = OPERATIONS if self.layer is None else tuple(_LAYER)
        given = [n for n in (*OPERATIONS, *_LAYER) if getattr(self, n) is not None]
        if len(given) != 1 or given[0] not in allowed:
            raise ValueError(
                f"gives {given or 'no change'}; must give exactly one of {list(allowed)}"
            )
        return self

    @property
    def lever(self) -> Lever:
        """What moves, and how."""
        selectors = {name: getattr(self, name) for name in SELECTORS}
        path, operation = self._change
        return Lever(path, operation, abroad_only=self.abroad_only, **selectors)

    @property
    def value(self) -> Any:
        """The number, or the array, that the lever is put to."""
        given = [getattr(self, n) for n in (*OPERATIONS, *_LAYER)]
        return next(value for value in given if value is not None)

    @property
    def _change(self) -> tuple[str, str]:
        if self.layer is None:
            operation = next(n for n in OPERATIONS if getattr(self, n) is not None)
            return str(self.path), operation
        name = next(n for n in _LAYER if getattr(self, n) is not None)
        parameter, operation = _LAYER[name]
        return f"{self.layer}.{parameter}", operation


class Scenario(BaseModel):
    """A name, a description for people, and the edits that make it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: str
    description: str = ""
    edits: tuple[Edit, ...] = ()

    def apply(self, economy: Model) -> Any:
        """The economy after all edits, in order. Each edit is checked against the economy."""
        for edit in self.edits:
            layers = [layer.label for layer in layers_of(economy)]
            if edit.layer is not None and edit.layer not in layers:
                raise unknown_name("layer", edit.layer, layers)
            economy = edit.lever.put(economy, edit.value)
        return economy


def scenario(data: dict[str, Any]) -> Scenario:
    """Read a scenario from plain data (from a configuration file, say), naming what is wrong.

    >>> made = scenario({"name": "open", "edits": [{"layer": "border", "cost": 0.9}]})
    >>> made.edits[0].lever
    Lever('border.cost', 'times')
    """
    try:
        found = Scenario.model_validate(data)
        for edit in found.edits:
            _ = edit.lever  # a lever says what is wrong with its selectors
        return found
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidParameterError(
            f"scenario {data.get('name', '?')!r}: {where}: {first['msg']}"
        ) from None
