"""What all sections of a scenario file have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

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
        found = {name: getattr(self, name) for name in Entry.model_fields}
        return {name: tuple(value) for name, value in found.items() if value is not None}
