"""What a file may say of a fit and of a policy: levers with bounds, targets, aims, costs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from neg.scenario_files.strict import Selected, Strict

Named = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.,-]*$")]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
_NOTES = {"source"}
"""Keys that say where a number comes from: for the report, not for the solver."""


class LeverEntry(Selected):
    """A Lever: which entries of which parameter move, and how."""

    path: str
    operation: Literal["set", "times", "plus"] = "set"
    abroad_only: bool = True

    def plain(self) -> dict[str, Any]:
        """What is said, without where it comes from."""
        return self.model_dump(exclude_unset=True, exclude=_NOTES)


class UnknownEntry(LeverEntry):
    """An unknown of a fit: its bounds, perhaps its start and a prior (mean, standard deviation)."""

    low: float
    high: float
    start: float | None = None
    prior: Pair | None = None
    source: str = ""


class KnownEntry(LeverEntry):
    """What a fit takes as known: a Lever, its value and where that comes from."""

    value: float
    source: str = ""


class MomentEntry(Strict):
    """A sum of entries of an outcome, as a share of another one, in logs."""

    outcome: str
    places: list[str] | None = None
    origins: list[str] | None = None
    destinations: list[str] | None = None
    sectors: list[str] | None = None
    abroad_only: bool = True
    log: bool = False
    over: MomentEntry | None = None


class TargetEntry(MomentEntry):
    """A moment, its observed value, how sure that is (or its weight), and its source."""

    value: float
    sd: Annotated[float, Field(gt=0)] | None = None
    weight: Annotated[float, Field(ge=0)] | None = None
    source: str = ""

    def plain(self) -> dict[str, Any]:
        """What is said, without where it comes from."""
        return self.model_dump(exclude_unset=True, exclude=_NOTES)


class FitSearch(Strict):
    """How a fit is sought: see :class:`neg.estimation.settings.FitSettings`."""

    route: Literal["distance", "exact"] = "distance"
    tolerance: Annotated[float, Field(gt=0)] = 1e-8
    max_steps: Annotated[int, Field(ge=1)] = 500
    starts: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    far: Annotated[int, Field(ge=0)] = 0
    rate: Annotated[float, Field(gt=0)] = 0.05


class FitSection(Strict):
    """Unknowns that make an equilibrium meet targets, given what is known."""

    unknowns: Annotated[dict[Named, UnknownEntry], Field(min_length=1)]
    targets: Annotated[dict[Named, TargetEntry], Field(min_length=1)]
    known: dict[Named, KnownEntry] = {}
    search: FitSearch = FitSearch()


class PolicyLever(LeverEntry):
    """An instrument, its bounds, and the stages of development at which it is used."""

    low: float
    high: float
    start: float | None = None
    stages: list[str] | None = None


class StageCost(Strict):
    """What a stage of development changes of a cost."""

    base: float | None = None
    price: float | None = None
    steep: float | None = None
    reach: float | None = None
    share: float | None = None


class CostEntry(StageCost):
    """What a lever costs: an assumption.

    ``base`` is money for the first unit of the lever's value, or ``price`` that of the first per
    cent over one per cent of the yearly flow on which it works; ``steep`` how much dearer the last
    unit of the ``reach`` is; ``share`` what the budget pays of it.
    """

    stages: dict[str, StageCost] = {}
    source: str = ""

    def plain(self) -> dict[str, Any]:
        """What is said, without where it comes from."""
        return self.model_dump(exclude_unset=True, exclude=_NOTES)


class AimEntry(Strict):
    """What a policy makes large: real income, averse welfare, a gap, small firms, a moment."""

    kind: Literal["real-income", "atkinson", "gap", "small-firms", "moment"]
    places: list[str] | None = None
    aversion: Annotated[float, Field(ge=0)] | None = None
    rich: list[str] | None = None
    poor: list[str] | None = None
    people: dict[str, float] | None = None
    of: Literal["enterprises", "jobs", "value_added", "exports"] | None = None
    moment: MomentEntry | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> AimEntry:
        needs = {"atkinson": {"aversion"}, "gap": {"rich", "poor"}, "moment": {"moment"}}
        may = {
            "real-income": {"places"},
            "atkinson": {"places", "people"},
            "gap": {"people"},
            "small-firms": {"places", "of"},
        }
        given = {name for name in AimEntry.model_fields if getattr(self, name) is not None}
        must = needs.get(self.kind, set())
        if must - given or given - must - may.get(self.kind, set()) - {"kind"}:
            raise ValueError(
                f"an aim of kind {self.kind!r} gives {sorted(given - {'kind'})}; must give "
                f"{sorted(must) or 'nothing'}, and may give {sorted(may.get(self.kind, set()))}"
            )
        return self


class FloorEntry(AimEntry):
    """An aim that must not fall below a level."""

    at_least: float


class PolicySearch(Strict):
    """How a policy is sought: see :func:`neg.estimation.policy.maximise`."""

    tolerance: Annotated[float, Field(gt=0)] = 1e-7
    max_steps: Annotated[int, Field(ge=1)] = 200


class PolicySection(Strict):
    """The best use of a budget over levers, at a stage of development, for sure or over draws."""

    objective: AimEntry
    levers: Annotated[dict[Named, PolicyLever], Field(min_length=1)]
    costs: dict[Named, CostEntry | float] = {}
    budget: Annotated[float, Field(ge=0)] | None = None
    budgets: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] | None = None
    stage: str | None = None
    floors: dict[Named, FloorEntry] = {}
    draws: dict[str, Annotated[list[float], Field(min_length=2)]] = {}
    over: Literal["expected", "worst"] = "expected"
    search: PolicySearch = PolicySearch()

    @model_validator(mode="after")
    def _one_budget(self) -> PolicySection:
        if self.budget is not None and self.budgets is not None:
            raise ValueError("budget and budgets are both given; must be one of them")
        for name in self.costs:
            if name not in self.levers:
                raise ValueError(f"costs name {name!r}, which is no lever of {list(self.levers)}")
        return self
