"""What a scenario file may say: sections, keys with their units, kinds of values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from neg.scenario_files.edits import Edits
from neg.scenario_files.searches import FitSection, PolicySection
from neg.scenario_files.strict import BySector, Entry, Strict
from neg.scenario_files.world import ChainSection, ModelSection, WorldSection

SCHEMA = 1
Value = float | str | bool
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


_OF_TABLE = frozenset(
    {"data", "format", "year", "places", "keep", "merge_places", "merge_sectors"}
    | {"land_share", "uses"}
)
"""Keys of ``[economy]`` that mean nothing where the file describes its own."""


class EconomySection(Strict):
    """Which table, merged how, and the rules of the economy that is calibrated to it.

    ``residents`` says where the people of a place come from, as shares of other origins by place;
    the rest are from there. On a table who moves pays for it, as much as makes people stay first.
    """

    data: str = "icio2020"
    format: Literal["icio", "wiod", "pairs"] = "icio"
    year: int | None = None
    places: Literal["economies", "cities"] = "economies"
    keep: list[str] | None = None
    merge_places: dict[str, list[str]] = {}
    merge_sectors: dict[str, list[str]] = {}
    theta: BySector = 4.0
    alpha: BySector = 0.0
    land_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    uses: Literal["separate", "common"] = "common"
    mobility: str | dict[str, str] = "immobile"
    residents: dict[str, dict[str, Annotated[float, Field(ge=0, lt=1)]]] = {}
    solve: Literal["short", "long"] | None = None
    deficit_rule: Literal["fixed", "world-share", "own-share", "zero", "spending-share"] | None = (
        None
    )
    rebate: Literal["proportional", "lump-sum"] = "proportional"
    numeraire: str = "world"

    @property
    def deficits(self) -> str:
        """The rule for deficits, where the file says none that of its places."""
        return self.deficit_rule or ("spending-share" if self.places == "cities" else "world-share")

    @model_validator(mode="after")
    def _one_rule(self) -> EconomySection:
        moves = self.mobility != "immobile"
        if self.solve is not None and (self.solve == "long") != moves:
            raise ValueError(
                f'solve = "{self.solve}" does not go with mobility = "{self.mobility}": in the '
                "short run nobody moves, in the long run somebody must"
            )
        if self.residents and (not moves or self.places == "cities"):
            raise ValueError(
                'residents do not go with mobility = "immobile", where nobody moves, nor with '
                'places = "cities"; must be left out'
            )
        return self


class PartSection(Strict):
    """A registered part, or layer of trade cost, by its name, with values of its parameters.

    ``sectors`` are those on which a part that names sectors acts; a list is one value for each
    entry of an axis that the part brings with it, such as tiers.
    """

    name: str
    sectors: list[str] | None = None
    parameters: dict[str, float | str | dict[str, float] | list[float]] = {}


class RateEntry(Entry):
    """A rate of some pairs and sectors."""

    rate: float


class LayerSection(Strict):
    """A layer given as ad valorem rates: one, one a sector, or by pairs."""

    name: str
    kind: Literal["resource", "risk", "tariff", "export-tax"] = "resource"
    rate: BySector = 0.0
    entries: list[RateEntry] = []


class MfnEntry(Entry):
    """An MFN duty of some pairs and sectors."""

    mfn_rate: float


class TariffSection(Strict):
    """MFN duties that preferences replace, and what overlapping agreements cost to manage.

    ``ntm_rate`` is what non-tariff barriers between economies burn, over value; the
    ``services_depth`` of an agreement is the share of it that its members remove.
    """

    mfn_rate: BySector = 0.0
    ntm_rate: BySector = 0.0
    entries: list[MfnEntry] = []
    managing_cost: float = 0.1
    year: int | None = None


class ShipmentSection(Strict):
    """What a shipment is worth and what a day costs: for clearance and for the network."""

    value_usd: BySector = 30_000.0
    time_cost_per_day: BySector = 0.01


class BorderSection(Strict):
    """Clearance and fees at the borders of one economy, paid on all its trade."""

    economy: str
    export_hours: float = 0.0
    import_hours: float = 0.0
    export_usd: float = 0.0
    import_usd: float = 0.0


class PlaceSection(Strict):
    """A place of the network. ``weight``: share of its economy's trade that starts and ends here.

    Left out it is one where the economy has one place, and nothing for places passed through.
    """

    name: str
    economy: str
    weight: float | None = None
    longitude: float | None = None
    latitude: float | None = None


class ModeSection(Strict):
    """A mode and what its links cost unless they say otherwise."""

    name: str
    usd_per_km: float = 0.0
    kmh: float
    fixed_usd: float = 0.0
    fixed_hours: float = 0.0


class LinkSection(Strict):
    """A way of one mode between two places."""

    from_: str = Field(alias="from")
    to: str
    mode: str = "road"
    km: float
    usd_per_km: float | None = None
    kmh: float | None = None
    fixed_usd: float | None = None
    fixed_hours: float | None = None
    capacity: float | None = None
    two_way: bool = True
    name: str | None = None


class TransferSection(Strict):
    """A change of mode, or of vehicle, at a place."""

    place: str
    modes: Annotated[list[str], Field(min_length=2, max_length=2)]
    usd: float = 0.0
    hours: float = 0.0


class CrossingSection(Strict):
    """What crossing from one economy to the other costs, by one mode or any."""

    between: Annotated[list[str], Field(min_length=2, max_length=2)]
    mode: str = ""
    usd: float = 0.0
    hours: float = 0.0


class NetworkSection(Strict):
    """A transport network whose routes are a layer of trade cost.

    ``base = "east-asia"`` is the network of real places of :mod:`neg.east_asia`: at most
    ``most_places`` per economy, cities within ``merge_km`` merged. What the file gives comes on
    top, and replaces what has the same label. ``carried`` names the sectors whose goods travel.
    """

    base: Literal["none", "east-asia"] = "none"
    routing: Literal["least", "smooth"] = "least"
    dispersion: Annotated[float, Field(gt=0)] = 0.005
    congestion: Annotated[float, Field(ge=0)] = 0.0
    fees: Literal["nobody", "destination"] = "nobody"
    most_places: Annotated[int, Field(ge=1)] = 60
    merge_km: Annotated[float, Field(ge=0)] = 50.0
    carried: list[str] = []
    place: list[PlaceSection] = []
    mode: list[ModeSection] = []
    link: list[LinkSection] = []
    transfer: list[TransferSection] = []
    border: list[CrossingSection] = []


class Range(Strict):
    """Equal steps from one value to another, both included."""

    from_: float = Field(alias="from")
    to: float
    steps: Annotated[int, Field(ge=2)]


class OutputSection(Strict):
    """What the result folder holds."""

    variables: list[str] = ["real_income", "income", "trade"]
    figures: bool = True
    report: Literal["md", "html"] = "html"


class ScenarioFile(BaseModel):
    """A whole file: data or economy, what stands between places, edits, sweep, output.

    Read it with :func:`neg.scenario_files.read_scenario`. Keys carry their units. A file names
    parts, layers and data of the library; it cannot execute anything.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, validate_by_alias=True
    )

    schema_: Literal[1] = Field(alias="schema")
    name: Name
    description: str = ""
    assumptions: list[str] = []
    economy: EconomySection = EconomySection()
    world: WorldSection | None = None
    model: ModelSection | None = None
    chain: list[ChainSection] = []
    part: list[PartSection] = []
    layer: list[LayerSection] = []
    tariff: TariffSection | None = None
    agreement: list[dict[str, Any]] = []
    shipment: ShipmentSection = ShipmentSection()
    border: list[BorderSection] = []
    network: NetworkSection | None = None
    edit: Edits = Edits()
    fit: FitSection | None = None
    policy: PolicySection | None = None
    sweep: dict[str, list[Value] | Range | list[dict[str, Value]]] = {}
    output: OutputSection = OutputSection()

    @model_validator(mode="after")
    def _one_source(self) -> ScenarioFile:
        of_table = sorted(_OF_TABLE & self.economy.model_fields_set)
        treaties = [name for name in ("tariff", "agreement") if getattr(self, name)]
        treaties += ["edit.agreement"] if self.edit.agreement else []
        if self.world is not None and (of_table or treaties):
            said = treaties[0] if not of_table else f"economy.{of_table[0]}"
            raise ValueError(
                f"{said} is about a table, and [world] describes an economy without one; must be "
                "left out (duties may be a [[layer]])"
            )
        if self.model is not None:
            own = [f"economy.{name}" for name in sorted(self.economy.model_fields_set)]
            others = [name for name in ("world", "chain") if getattr(self, name)]
            if own or treaties or others:
                raise ValueError(
                    f"{[*own, *others, *treaties][0]} does not go with [model], which has "
                    "elasticities, places and mobility of its own; must be left out"
                )
        return self

    @property
    def moves(self) -> bool:
        """Whether anybody may move: the long run is solved then."""
        mobility = self.economy.mobility if self.model is None else self.model.mobility
        return mobility != "immobile"

    @model_validator(mode="after")
    def _sweep_is_whole(self) -> ScenarioFile:
        for path, values in self.sweep.items():
            listed = isinstance(values, list)
            if listed and not values:
                raise ValueError(f"sweep {path!r} is empty; must list values")
            cases = listed and all(isinstance(value, dict) for value in values)
            if cases != (path == "cases"):
                raise ValueError(
                    f"sweep {path!r} must list "
                    + (
                        "tables of path = value"
                        if path == "cases"
                        else "values, or from, to, steps"
                    )
                )
        if "cases" in self.sweep and len(self.sweep) > 1:
            raise ValueError("sweep gives cases and a grid; must give one or the other")
        return self

    def data(self) -> dict[str, Any]:
        """What the file says, as plain lists and tables; defaults left out stay out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
