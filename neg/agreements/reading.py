"""Agreements from plain data (a scenario file, say), with units and names checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Strict, ValidationError

from neg.agreements.agreement import Agreement, Lines, PhaseIn, RuleOfOrigin, phase_in
from neg.agreements.compliance import FAMILIES, Compliance, LogNormalCost
from neg.agreements.preferences import Agreements
from neg.core.errors import InvalidParameterError, did_you_mean, unknown_name
from neg.core.parameters import declared

_Names = Annotated[tuple[Annotated[str, Strict()], ...], Strict(False)]
_Numbers = Annotated[tuple[Annotated[float, Strict()], ...], Strict(False)]
"""Lists or tuples whose entries are what they say."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _PhaseIn(_Strict):
    start: int
    years: int | None = None
    kept: _Numbers | None = None


class _Rule(_Strict):
    content: float
    width: float = 0.05
    cumulation: Literal["none", "bilateral", "diagonal", "full"] = "diagonal"


class _Compliance(_Strict):
    distribution: Literal["lognormal", "uniform", "fixed"] = "lognormal"
    median: float | None = None
    highest: float | None = None
    sd: float | None = None
    zeta: float | None = None


class _Data(_Strict):
    name: str
    members: _Names
    partners: _Names = ()
    exclude_sectors: _Names = ()
    coverage: float | dict[str, float] = 1.0
    preferential_rate: float | dict[str, float] | None = None
    margin: float | dict[str, float] | None = None
    phase_in: _PhaseIn | None = None
    rule: _Rule | None = None
    compliance: _Compliance | None = None
    services_depth: float = 0.0


def read_agreements(
    data: Sequence[Mapping[str, Any]],
    sectors: Sequence[str],
    *,
    year: int | None = None,
    mfn: Any = 0.0,
    ntm: Any = 0.0,
    nu: float = 0.1,
) -> Agreements:
    """The part of an economy that holds the agreements of plain data.

    Each entry has ``name`` and ``members`` (places or groups such as ``ASEAN``); it may have
    ``partners``, ``exclude_sectors``, ``coverage`` (a share, or shares by sector),
    ``preferential_rate`` or ``margin``, ``phase_in`` (``start`` and ``years``, or ``kept`` by
    year), ``rule`` (``content``, ``width``, ``cumulation``), ``compliance`` (``distribution`` with
    ``median`` and ``sd``, or ``highest`` and ``zeta``) and ``services_depth``. Firms draw once for
    all agreements, so that all must name one distribution. ``year`` says how far they are phased
    in; left out, fully. ``mfn``, ``ntm`` and ``nu`` are those of :class:`Agreements`.

    >>> part = read_agreements([{"name": "AFTA", "members": ["ASEAN"]}], ["goods"], mfn=0.1)
    >>> len(part["AFTA"].members)
    10

    Raises named errors for keys (with the nearest one that exists), names and values that are
    not allowed.
    """
    read = [_validated(entry) for entry in data]
    drawn: dict[tuple[str, float | None], str] = {}
    for one in read:
        if one.compliance is not None:
            shape = _shape(one.name, one.compliance)
            drawn.setdefault((one.compliance.distribution, shape), one.name)
    if len(drawn) > 1:
        raise InvalidParameterError(
            f"agreements {list(drawn.values())} have compliance costs of different distributions "
            f"{list(drawn)}; must be one: firms draw once for all agreements"
        )
    family: Compliance = LogNormalCost()
    if drawn:
        (name, shape), _ = drawn.popitem()
        given = {} if shape is None else dict.fromkeys(declared(FAMILIES[name]), shape)
        family = FAMILIES[name](**given)
    made = tuple(_agreement(one, sectors, year, family) for one in read)
    return Agreements(made, compliance=family, mfn=mfn, ntm=ntm, nu=nu)


def _shape(agreement: str, given: _Compliance) -> float | None:
    """The parameter of an agreement's distribution; None where it is left out."""
    family, found = FAMILIES[given.distribution], None
    for name in ("sd", "zeta"):
        value = getattr(given, name)
        if value is not None and name not in declared(family):
            raise InvalidParameterError(
                f"compliance of agreement {agreement!r}: {name} = {value:g} is no parameter of a "
                f"{family.distribution} distribution, which takes "
                f"{', '.join([family.cost_is, *declared(family)])}"
            )
        found = value if value is not None else found
    return found


def _validated(entry: Mapping[str, Any]) -> _Data:
    try:
        return _Data.model_validate(dict(entry))
    except ValidationError as error:
        wrong = error.errors()
        # An unknown key before a missing one: it may be what the other was meant to be.
        first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
        where = ".".join(str(part) for part in first["loc"])
        told = first["msg"]
        if first["type"] not in ("extra_forbidden", "missing"):
            told += f", not {first['input']!r}"
        if first["type"] == "extra_forbidden":
            rooms: dict[str, type[_Strict]]
            rooms = {"rule": _Rule, "compliance": _Compliance, "phase_in": _PhaseIn}
            room = rooms.get(str(first["loc"][0]), _Data)
            hint = did_you_mean(first["loc"][-1], room.model_fields)
            told = f"is no key of an agreement{hint or '; allowed: '}"
            told += "" if hint else ", ".join(room.model_fields)
        raise InvalidParameterError(
            f"agreement {entry.get('name', '?')!r}: {where}: {told}"
        ) from None


def _agreement(
    one: _Data, sectors: Sequence[str], year: int | None, family: Compliance
) -> Agreement:
    if one.preferential_rate is not None and one.margin is not None:
        raise InvalidParameterError(
            f"agreement {one.name!r} gives preferential_rate and margin; must give one of them"
        )
    terms: dict[str, Any] = {}
    if one.rule is not None:
        terms["rule"] = RuleOfOrigin(**one.rule.model_dump())
    if one.phase_in is not None:
        given = one.phase_in
        if (given.years is None) == (given.kept is None):
            raise InvalidParameterError(
                f"phase_in of agreement {one.name!r} must give exactly one of years and kept"
            )
        schedule = given.kept if given.years is None else phase_in(given.years)
        terms["phase_in"] = PhaseIn(schedule=schedule or (), start=given.start)
    if one.compliance is not None:
        cost = getattr(one.compliance, family.cost_is)
        other = {"median", "highest"} - {family.cost_is}
        if any(getattr(one.compliance, name) is not None for name in other):
            raise InvalidParameterError(
                f"compliance of agreement {one.name!r}: a {family.distribution} distribution is "
                f"given by its {family.cost_is}, not by {sorted(other)}"
            )
        terms |= {} if cost is None else {"cost": cost}
    if one.margin is not None:
        terms["margin"] = _by_sector("margin", one, one.margin, sectors, 0.0)
    made = Agreement(
        one.name,
        one.members,
        _by_sector("preferential_rate", one, one.preferential_rate or 0.0, sectors, 0.0),
        lines=Lines(_by_sector("coverage", one, one.coverage, sectors, 1.0), one.exclude_sectors),
        depth=one.services_depth,
        partners=one.partners,
        **terms,
    )
    return made if year is None else made.in_year(year)


def _by_sector(key: str, one: _Data, value: Any, sectors: Sequence[str], rest: float) -> Any:
    """A number for all sectors, or numbers by sector; those that are not named have ``rest``."""
    if not isinstance(value, dict):
        return value
    for name in value:
        if name not in sectors:
            raise unknown_name(f"sector in {key} of agreement {one.name!r}:", name, sectors)
    return np.array([value.get(name, rest) for name in sectors], dtype=float)
