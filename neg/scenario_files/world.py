"""What a file says of an economy that it describes itself, and of chains of blocks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neg.scenario_files.strict import BySector, Entry, Strict

ByPlace = float | dict[str, float]
"""A number for every place, or one for each by name."""
ByCell = float | dict[str, float | dict[str, float]]
"""A number; one for each sector or each place; or for each place one for each sector."""
Labels = Annotated[list[str], Field(min_length=1)]
Layout = Literal["equidistant", "line", "racetrack", "star", "square", "hexagonal"]
Distances = dict[str, dict[str, float]]
Draws = Literal["chain", "stage", "value-added"]


class ChainSection(Strict):
    """A chain of blocks, first to last; ``own_share`` is one in the first.

    On a table it splits ``sector`` (:func:`neg.data.split_chain`): ``parts`` of what the sector
    buys from itself go along the chain, ``value_added`` is that of blocks over that of the rest,
    which is called ``rest``. In an economy of the file's own, ``blocks`` are among its sectors.
    """

    blocks: Labels
    own_share: Annotated[list[float], Field(min_length=1)]
    draws: Draws = "chain"
    sector: str | None = None
    parts: float | None = None
    value_added: list[float] | None = None
    rest: str | None = None

    @model_validator(mode="after")
    def _as_many(self) -> ChainSection:
        for name in ("own_share", "value_added"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.blocks):
                raise ValueError(
                    f"{name} has {len(given)} numbers for {len(self.blocks)} blocks; must have one "
                    "for each"
                )
        return self


class CostEntry(Entry):
    """An iceberg cost of some pairs and sectors, whatever their distance; at least one."""

    cost: Annotated[float, Field(ge=1)]


class TradeCostSection(Strict):
    """Iceberg costs: ``between`` is that of one step (or unit of distance), at least one.

    What is ``d`` apart costs ``between ** d``. Distances are those of a ``layout``, or given by
    place, one way or both; left out, places are one step apart. Entries come on top.
    """

    between: BySector = 1.0
    layout: Layout | None = None
    distance: Distances | None = None
    entries: list[CostEntry] = []

    @model_validator(mode="after")
    def _one_geography(self) -> TradeCostSection:
        if self.layout is not None and self.distance is not None:
            raise ValueError("gives a layout and distances; must give one or the other")
        return self


class ModelSection(Strict):
    """A canonical model by its registered name, in place of a table or of ``[world]``.

    ``parameters`` hold numbers of its parameters and aliases, and words of its options. ``places``
    are names, or how many; they lie as in ``layout`` or ``distance``, like those of ``[world]``.
    Whoever moves in the model does, from ``start`` (weights by cell within each group; evenly where
    nothing is said), unless ``mobility`` is ``immobile``: then all stay at the start.
    """

    name: str
    parameters: dict[str, float | str] = {}
    places: Annotated[int, Field(ge=1)] | Labels | None = None
    layout: Layout | None = None
    distance: Distances | None = None
    mobility: Literal["free", "immobile"] = "free"
    start: dict[str, Annotated[float, Field(ge=0)]] | None = None

    @model_validator(mode="after")
    def _one_geography(self) -> ModelSection:
        if self.layout is not None and self.distance is not None:
            raise ValueError("gives a layout and distances; must give one or the other")
        if self.places is None and (self.layout or self.distance):
            raise ValueError("says how places lie, and not which there are; must give places")
        if self.distance is not None and isinstance(self.places, int):
            raise ValueError("gives distances by name; must name its places")
        return self


class WorldSection(Strict):
    """An economy of the file's own: what :func:`neg.general_economy` takes, by name.

    Elasticities, mobility and the rules of closure stand in ``[economy]``, chains in ``[[chain]]``.
    ``input_share`` holds for each buying sector the cost share of each input. Left out, the labour
    share is what other cost shares leave, and final spending is spread evenly.
    """

    places: Labels
    sectors: Labels
    homogeneous: list[str] = []
    employment: ByCell
    productivity: ByCell = 1.0
    labour_share: ByCell | None = None
    land_share: ByCell = 0.0
    tax_share: ByCell = 0.0
    input_share: dict[str, dict[str, ByPlace]] = {}
    final_share: ByCell | None = None
    final_tax: ByPlace = 0.0
    housing_share: ByPlace = 0.0
    amenity: ByPlace = 1.0
    land: ByPlace = 1.0
    deficit: ByPlace = 0.0
    trade_cost: TradeCostSection = TradeCostSection()
    areas: dict[str, list[str]] | None = None
