"""What a scenario changes: edits by kind, each with exactly one change."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from neg.scenario_files.strict import Entry, Selected, Strict

Pair = Annotated[list[str], Field(min_length=2, max_length=2)]


class OneChange(Strict):
    """An edit that gives exactly one of its changes."""

    changes: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _exactly_one(self) -> OneChange:
        given = [name for name in self.changes if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"gives {given or 'no change'}; must give exactly one of {list(self.changes)}"
            )
        return self

    @property
    def change(self) -> str:
        """Name of the change that is given."""
        return next(name for name in self.changes if getattr(self, name) is not None)


class LayerEdit(OneChange, Entry):
    """Of a layer: the factor on its rate, its new rate, or a factor on the cost of deliveries.

    Registered layers by pair take a ``factor`` on what they measure: hours, money, or a rate.
    """

    changes: ClassVar[tuple[str, ...]] = ("factor", "rate", "cost")

    layer: str
    factor: float | None = None
    rate: float | None = None
    cost: float | None = None


class ParameterEdit(OneChange, Selected):
    """Of any parameter, by the path and the selectors of a Lever."""

    changes: ClassVar[tuple[str, ...]] = ("factor", "value", "plus")

    path: str
    factor: float | None = None
    value: float | None = None
    plus: float | None = None


class NewLink(Strict):
    """A link that is built."""

    km: float
    kmh: float
    usd_per_km: float


class LinkEdit(OneChange):
    """Of a link of the network: faster, cheaper, closed, or built."""

    changes: ClassVar[tuple[str, ...]] = ("time_factor", "money_factor", "close", "add")

    from_: str = Field(alias="from")
    to: str
    mode: str = "road"
    time_factor: float | None = None
    money_factor: float | None = None
    close: Literal[True] | None = None
    add: NewLink | None = None
    two_way: bool = True


class BorderEdit(OneChange):
    """Of the borders of economies, or of the crossing between two of them."""

    changes: ClassVar[tuple[str, ...]] = (
        *("hours_factor", "hours", "fee_factor", "fee_usd", "level_of"),
    )

    between: Pair | None = None
    economies: list[str] | None = None
    mode: str = ""
    hours_factor: float | None = None
    hours: float | None = None
    fee_factor: float | None = None
    fee_usd: float | None = None
    level_of: str | None = None

    @model_validator(mode="after")
    def _who(self) -> BorderEdit:
        if (self.between is None) == (self.economies is None):
            raise ValueError("must give exactly one of between and economies")
        if self.between is not None and self.level_of is not None:
            raise ValueError("level_of holds for economies, not between two of them")
        return self


class TransferEdit(OneChange):
    """Of a transfer of the network: cheaper, faster, or none."""

    changes: ClassVar[tuple[str, ...]] = ("money_factor", "hours_factor", "remove")

    place: str
    modes: Pair
    money_factor: float | None = None
    hours_factor: float | None = None
    remove: Literal[True] | None = None


class AgreementEdit(Strict):
    """An agreement that is added, replaced (by the one of its name) or removed.

    ``names`` of those to remove may have ``*``; other keys are those of an agreement.
    """

    model_config = ConfigDict(extra="allow")

    action: Literal["add", "remove", "replace"]
    names: list[str] | None = None

    @model_validator(mode="after")
    def _whole(self) -> AgreementEdit:
        fields = self.model_extra or {}
        if (self.action == "remove") != (self.names is not None):
            raise ValueError("names goes with action = 'remove', and with it alone")
        if self.action == "remove" and fields:
            raise ValueError(f"{sorted(fields)} do not go with action = 'remove'")
        if self.action != "remove" and "name" not in fields:
            raise ValueError("must give the name of the agreement")
        return self

    @property
    def fields(self) -> dict[str, Any]:
        """The agreement."""
        return dict(self.model_extra or {})


class Edits(Strict):
    """All edits of a file; they are made in the order in which they stand here."""

    agreement: list[AgreementEdit] = []
    layer: list[LayerEdit] = []
    border: list[BorderEdit] = []
    transfer: list[TransferEdit] = []
    link: list[LinkEdit] = []
    parameter: list[ParameterEdit] = []

    def __bool__(self) -> bool:
        return any(getattr(self, kind) for kind in type(self).model_fields)
