"""An agreement as data: who, what, at which rate, under which rule, at which cost, from when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_labels, check_range
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.groups import group
from neg.core.parameters import Parametric, option, parameter
from neg.data.groups import BY_NAME

CUMULATIONS = ("none", "bilateral", "diagonal", "full")
"""Whose inputs count as own: nobody's, the buyer's, those of members that originate, or what
members added to any."""
_SECTOR = ("sector",)


def _members(names: Sequence[str]) -> tuple[str, ...]:
    named = [names] if isinstance(names, str) else names
    found = [one for name in named for one in BY_NAME.get(name, (name,))]
    return tuple(dict.fromkeys(found))


class RuleOfOrigin(Parametric):
    """The rule that goods must meet to originate: their regional value content, and whose counts.

        o = 1 / (1 + exp(-(content - R) / width))            share of firms that meet the rule

    ``width`` zero is the sharp rule, which has no gradient
    (:func:`neg.agreements.equilibrium.settle` solves it).

    >>> float(RuleOfOrigin(0.4).origin(0.4))
    0.5
    """

    within: ClassVar[str] = "rule"

    content: Float[Array, ""] = parameter(
        meaning="required regional value content R", low=0.0, high=1.0
    )
    width: Float[Array, ""] = parameter(0.05, "spread of content among firms", low=0.0)
    cumulation: str = option("diagonal", "whose inputs count as own", CUMULATIONS)

    def origin(self, content: Any) -> Array:
        """Share of firms whose goods originate, at this content."""
        above = content - self.content
        smooth = self.width > 0
        logistic = jax.nn.sigmoid(above / jnp.where(smooth, self.width, 1.0))
        return jnp.where(smooth, logistic, (above >= 0).astype(float))


class Lines(Parametric):
    """The tariff lines that an agreement covers: a share by sector, and sectors left out.

    >>> Lines(excluded=("food",)).share(["food", "cars"]).tolist()
    [0.0, 1.0]
    """

    within: ClassVar[str] = "lines"

    coverage: Float[Array, " sector"] = parameter(
        1.0, "share of the lines of a sector in the agreement", low=0.0, high=1.0, axes=_SECTOR
    )
    excluded: tuple[str, ...] = eqx.field(static=True, default=(), converter=tuple)

    def share(self, sectors: Sequence[str]) -> Float[Array, " sector"]:
        """Share of the lines of every sector that the agreement covers."""
        out = np.isin(sectors, self.excluded)
        return jnp.broadcast_to(self.coverage, (len(sectors),)) * ~out


class PhaseIn(Parametric):
    """How far the cuts of an agreement have come, or will, by year from ``start``.

    ``kept`` is the part of MFN duties still levied now: one before the agreement, zero when it is
    phased in; ``schedule`` gives it by year (:func:`phase_in`, :meth:`Agreement.in_year`).

    >>> PhaseIn(schedule=phase_in(4), start=2020).schedule[1]
    0.75
    """

    within: ClassVar[str] = "phase_in"

    kept: Float[Array, ""] = parameter(0.0, "share of MFN duties kept", low=0.0, high=1.0)
    schedule: tuple[float, ...] = eqx.field(static=True, default=(), converter=tuple)
    start: int = eqx.field(static=True, default=0)

    def __check_init__(self) -> None:
        check_range("phase_in.schedule", self.schedule, 0.0, 1.0)

    def by(self, year: int) -> PhaseIn:
        """The same in a year; before the start nothing is phased in."""
        if not self.schedule:
            return self
        if year < self.start:
            return self.with_(kept=1.0)
        return self.with_(kept=self.schedule[min(year - self.start, len(self.schedule) - 1)])


class Agreement(Parametric):
    """One trade agreement: its members, what it covers, its rates, its rule and its cost.

        t_g = t_P + kept (t_M - t_P)                         duty under the agreement
        t_P = rate,  or (1 + t_M) / (1 + margin) - 1         where a margin is given

    ``members`` are places (or groups of them, such as ``ASEAN``); with ``partners`` preferences
    hold between members and partners only, and both count for origin. ``kept`` is the part of MFN
    duties still levied (:class:`PhaseIn`). No preference raises a duty. Without a ``rule``
    everything that members make qualifies. ``cost`` is what users pay, in the terms of the
    distribution (:mod:`neg.agreements.compliance`). ``depth`` is the share of the non-tariff
    barriers of ``agreements.ntm`` that it removes, as it phases in.

    >>> Agreement("AFTA", ("ASEAN",), rate=0.0, rule=RuleOfOrigin(0.4)).members[:3]
    ('BRN', 'IDN', 'KHM')
    """

    name: str = eqx.field(static=True)
    members: tuple[str, ...] = eqx.field(static=True, converter=_members)
    rate: Float[Array, " sector"] = parameter(
        0.0, "preferential duty", low=-1.0, low_open=True, axes=_SECTOR, unit="ad valorem"
    )
    cost: Float[Array, ""] = parameter(
        0.03, "cost of using it, in the terms of the distribution", low=0.0, unit="ad valorem"
    )
    margin: Float[Array, " sector"] | None = parameter(
        None, "preferential margin, in place of a rate", low=0.0, axes=_SECTOR, unit="ad valorem"
    )
    depth: Float[Array, ""] = parameter(
        0.0, "share of non-tariff barriers removed", low=0.0, high=1.0
    )
    partners: tuple[str, ...] = eqx.field(static=True, default=(), converter=_members)
    rule: RuleOfOrigin | None = group(RuleOfOrigin, "rule of origin", absent=True)
    lines: Lines = group(Lines, "tariff lines that it covers")
    phase_in: PhaseIn = group(PhaseIn, "how far its cuts have come")

    def __check_init__(self) -> None:
        check_labels(f"members of agreement {self.name!r}", [*self.members, *self.partners])
        if not self.name or "." in self.name:
            raise InvalidParameterError(
                f"name {self.name!r} of an agreement is not allowed; must be a name without a dot"
            )
        if not self.pairs:
            raise InvalidParameterError(
                f"agreement {self.name!r} holds between nobody: its members are "
                f"{list(self.members)}, its partners {list(self.partners)}; must be two members "
                "at least, or a member and a partner"
            )

    @property
    def zone(self) -> tuple[str, ...]:
        """Everybody whose inputs may count: members and partners."""
        return (*self.members, *self.partners)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Origins and destinations between which it holds."""
        within = not self.partners
        return tuple(
            (a, b)
            for a in self.zone
            for b in self.zone
            if a != b and (within or (a in self.members) != (b in self.members))
        )

    @property
    def cumulation(self) -> str:
        """Whose inputs count as own; where there is no rule it makes no difference."""
        return "diagonal" if self.rule is None else self.rule.cumulation

    def in_year(self, year: int) -> Agreement:
        """The agreement as far as its schedule has come; before it starts nothing is phased in."""
        return self.with_(phase_in=self.phase_in.by(year))

    def duty(self, mfn: Any) -> Array:
        """Duty under the agreement, sectors last; never above MFN."""
        preferred = jnp.minimum(self.rate, mfn)
        if self.margin is not None:
            preferred = (1.0 + mfn) / (1.0 + jnp.minimum(self.margin, jnp.maximum(mfn, 0.0))) - 1.0
        return preferred + self.phase_in.kept * (mfn - preferred)

    def origin(self, content: Any) -> Array:
        """Share of firms whose goods originate, at this content; all without a rule."""
        return jnp.ones_like(content) if self.rule is None else self.rule.origin(content)

    def check(self, places: Sequence[str], sectors: Sequence[str]) -> None:
        """Raise a named error for members and sectors that the economy does not have."""
        for name in self.zone:
            if name not in places:
                raise unknown_name(f"member of agreement {self.name!r}:", name, places)
        for name in self.lines.excluded:
            if name not in sectors:
                raise unknown_name(f"excluded sector of agreement {self.name!r}:", name, sectors)


def phase_in(years: int) -> tuple[float, ...]:
    """Share of MFN duties kept in the starting year and after: all, then linearly to none.

    >>> phase_in(4)
    (1.0, 0.75, 0.5, 0.25, 0.0)
    """
    check_range("years", years, 1)
    return tuple(float(1.0 - year / years) for year in range(years + 1))
