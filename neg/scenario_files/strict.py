"""What all sections of a scenario file have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from neg.economy.lever import SELECTORS

BySector = float | dict[str, float]
"""A number for every sector, or one for each by name."""


class Strict(BaseModel):
    """A section: no key that is not known, no number in quotes, nothing infinite."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, validate_by_alias=True
    )


class Entry(Strict):
    """Which pairs and sectors are meant; what is left out means all."""

    among: list[str] | None = None
    origins: list[str] | None = None
    destinations: list[str] | None = None
    sectors: list[str] | None = None

    def selectors(self) -> dict[str, tuple[str, ...]]:
        """Those given, as a Lever takes them."""
        known = [name for name in SELECTORS if name in type(self).model_fields]
        found = {name: getattr(self, name) for name in known}
        return {name: tuple(value) for name, value in found.items() if value is not None}


_OTHERS = (name for name in SELECTORS if name not in Entry.model_fields)
_FIELDS: Any = dict.fromkeys(_OTHERS, (list[str] | None, None))
Selected: Any = create_model("Selected", __base__=Entry, **_FIELDS)
"""Which entries of any parameter are meant: an entry with all selectors of a Lever."""
