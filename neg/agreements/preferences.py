"""Agreements as a part of the general economy: preferences, their use, content and origin."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.agreements.agreement import Agreement, RuleOfOrigin
from neg.agreements.compliance import Compliance, LogNormalCost
from neg.agreements.origin import content, shape_of, unmet
from neg.agreements.pairs import Slots, by_pair, slots_of
from neg.agreements.use import Use, overlapping_use
from neg.core.checks import check_labels, is_concrete
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.parameters import Parameter, declared, parameter
from neg.economy.part import Part
from neg.economy.scene import Scene

_PAIR = ("origin", "destination", "sector")


class AgreementWarning(UserWarning):
    """An agreement that changes nothing, or a rule of origin that no good can meet."""


class Agreements(Part):
    """Preferences among members, used by the firms for which they pay.

        price over the gate = k^(-1/e) = factor (1 + t_eff)           pairs with an agreement
        content r = what members' goods are made of, solved with wages and prices

    ``k`` is the kernel of :func:`neg.agreements.use.overlapping_use` at the elasticity e of demand:
    theta, on links of chains that of :class:`neg.chains.Chain`. Duties go to the destination;
    compliance is burnt by the exporter. ``mfn`` are the MFN duties that preferences replace: they
    stand here, and tariffs of the economy itself or of layers come on top of them. ``ntm`` are
    burnt barriers of which agreements remove the share ``depth`` (of several, the deepest).

    Parameters of an agreement are those of :class:`Agreement`, as ``agreements.AFTA.content``.
    ``held`` gives contents, one array an agreement, which are then not solved for: origin at given
    input shares. ``begin`` are contents from which a solve starts (one, unless given).

    Leaves out: firms that change sourcing to qualify.
    """

    lever: ClassVar[str] = "nu"
    source: ClassVar[str] = "Cadot and Ing 2016, Asian Economic Papers"
    says: ClassVar[frozenset[str]] = frozenset({"agreements"})

    agreements: tuple[Agreement, ...] = eqx.field(default=(), converter=tuple)
    compliance: Compliance = eqx.field(default_factory=LogNormalCost)
    nu: Float[Array, ""] = parameter(
        0.1, "cost of managing each further agreement of a pair, share of compliance", low=0.0
    )
    mfn: Float[Array, "origin destination sector"] = parameter(
        0.0, "MFN duty", low=-1.0, low_open=True, axes=_PAIR, unit="ad valorem"
    )
    ntm: Float[Array, "origin destination sector"] = parameter(
        0.0, "burnt non-tariff barriers", low=0.0, axes=_PAIR, unit="ad valorem"
    )
    held: tuple[Any, ...] | None = None
    begin: tuple[Array, ...] | None = None

    def __check_init__(self) -> None:
        check_labels("agreements", [one.name for one in self.agreements])

    @property
    # Of types: one name for all agreements, and no place in the registry.
    def label(self) -> str:  # type: ignore[override]
        """Name of the part; not in the registry, as its parameters are those of its agreements."""
        return "agreements"

    # Names ------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Agreement:
        """The agreement of this name."""
        for one in self.agreements:
            if one.name == name:
                return one
        raise unknown_name("agreement", name, [one.name for one in self.agreements])

    # Of types: those of an instance; of other parts, of the class.
    def parameters(self) -> dict[str, Parameter]:  # type: ignore[override]
        """Own ones, those of the distribution, and those of every agreement by its name."""
        found = declared(type(self)) | declared(type(self.compliance))
        for one in self.agreements:
            for name, spec in declared(type(one)).items():
                full = f"{one.name}.{name}"
                found[full] = spec._replace(name=full)
        return found

    def _owner(self, name: str) -> tuple[Any, str]:
        first, dot, rest = name.partition(".")
        if dot:
            return self[first], rest
        own = first in declared(type(self)) or first not in declared(type(self.compliance))
        return (None, first) if own else (self.compliance, first)

    def value(self, name: str) -> Array:
        """Value of a parameter with all its entries."""
        owner, inner = self._owner(name)
        return super().value(name) if owner is None else owner.value(inner)

    def full(self, name: str, sizes: Mapping[str, int]) -> Array:
        """The same, a number taken for every entry."""
        owner, inner = self._owner(name)
        return super().full(name, sizes) if owner is None else owner.full(inner, sizes)

    def with_(self, **values: Any) -> Self:
        """The same with parameters of its own or of an agreement replaced, and checked."""
        own: dict[str, Any] = {}
        inner: dict[str, dict[str, Any]] = {}
        drawn: dict[str, Any] = {}
        for name, value in values.items():
            first, dot, rest = name.partition(".")
            if dot:
                inner.setdefault(self[first].name, {})[rest] = value
            elif self._owner(name)[0] is None:
                own[name] = value
            else:
                drawn[name] = value
        if inner:
            given = own.get("agreements", self.agreements)
            own["agreements"] = tuple(
                one.with_(**inner[one.name]) if one.name in inner else one for one in given
            )
        if drawn:
            own["compliance"] = own.get("compliance", self.compliance).with_(**drawn)
        return super().with_(**own)

    def check_axes(self, sizes: Mapping[str, int], prefix: str = "") -> None:
        """Raise a named error unless arrays have the sizes of their axes."""
        super().check_axes(sizes, prefix)
        for one in self.agreements:
            one.check_axes(sizes, f"{prefix}{one.name}.")

    def check(self, model: Any) -> None:
        """Raise for what makes no sense here; warn of agreements that change nothing."""
        if "tariff" not in model.accepts:
            raise InvalidParameterError(
                f"part {self.label!r} is not allowed on {type(model).__name__}, which has no "
                "tariffs; must be a general economy"
            )
        if model.market.tariff_response is not None:
            raise InvalidParameterError(
                "tariff_response is not allowed beside agreements: firms weigh duties and "
                "compliance alike; must be left out"
            )
        sectors = model.labels["sector"]
        for one in self.agreements:
            one.check(model.place_names, sectors)
            if self.held is None and one.rule is not None and not _smooth(one.rule):
                raise InvalidParameterError(
                    f"{self.label}.{one.name}.rule.width = 0 is not allowed where contents are "
                    "solved for: a sharp rule has no gradient; must be positive, or contents held "
                    "(neg.agreements.settle finds them)"
                )
        slots_of(self.agreements, model.place_names)
        for sentence in self.out_of_reach():
            warnings.warn(sentence, AgreementWarning, stacklevel=3)
        for name in self.idle(model):
            warnings.warn(
                f"agreement {name!r} changes nothing: there is no margin on anything that it "
                "covers, and no barrier that it removes (MFN duties stand in agreements.mfn; "
                "tariffs of layers and of the economy itself are not seen)",
                AgreementWarning,
                stacklevel=3,
            )

    def out_of_reach(self, contents: Mapping[str, Array] | None = None) -> tuple[str, ...]:
        """Rules that no good of a member meets, in sentences, at these contents.

        By default those that are held or begun with; where neither is given nothing is said.
        """
        if contents is None:
            given = self.held if self.held is not None else self.begin
            ruled = self.ruled() if given is not None else []
            contents = {one.name: r for one, r in zip(ruled, given or (), strict=True)}
        return unmet({name: (self[name], r) for name, r in contents.items()})

    def idle(self, model: Any) -> tuple[str, ...]:
        """Agreements that leave every duty and barrier as it is."""
        mfn, ntm = self.spread("mfn", model), self.spread("ntm", model)
        if not is_concrete((mfn, self.agreements, self.ntm)):
            return ()
        found = []
        for one in self.agreements:
            pairs = [tuple(map(model.place_names.index, pair)) for pair in one.pairs]
            i, j = np.transpose(pairs)
            cut = (one.duty(mfn) < mfn) & (one.lines.share(model.labels["sector"]) > 0)
            deep = one.depth * (1.0 - one.phase_in.kept) * ntm > 0
            if not bool(jnp.any((cut | deep)[i, j])):
                found.append(one.name)
        return tuple(found)

    # Equations --------------------------------------------------------------------------------

    def spread(self, name: str, model: Any) -> Float[Array, "origin destination sector"]:
        """``mfn`` or ``ntm`` of every pair and sector; a number holds abroad only."""
        value, shape = getattr(self, name), model.market.tau.shape
        if value.ndim == 0:
            return jnp.where(jnp.eye(shape[0], dtype=bool)[..., None], 0.0, value) * jnp.ones(shape)
        return jnp.broadcast_to(value[..., None] if value.ndim == 2 else value, shape)

    def ruled(self) -> list[Agreement]:
        """Agreements with a rule of origin."""
        return [one for one in self.agreements if one.rule is not None]

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Contents of members' goods, by agreement."""
        if self.held is not None:
            return {}
        sectors = len(scene.model.labels["sector"])
        starts = self.begin or [jnp.ones(shape_of(one, sectors)) for one in self.ruled()]
        return {one.name: value for one, value in zip(self.ruled(), starts, strict=True)}

    def contents(self, scene: Scene) -> dict[str, Array]:
        """Content by agreement with a rule, as held or as solved for."""
        if self.held is not None:
            return {one.name: value for one, value in zip(self.ruled(), self.held, strict=True)}
        return {one.name: scene.own(self, one.name) for one in self.ruled()}

    def origins(self, scene: Scene) -> Float[Array, "agreement origin destination sector"]:
        """Share of firms that may use each agreement, for every pair; zero outside it."""
        known = self.contents(scene)
        names, sectors = scene.model.place_names, len(scene.model.labels["sector"])
        found = []
        for one in self.agreements:
            i, j = np.transpose([tuple(map(names.index, pair)) for pair in one.pairs])
            share = jnp.ones((len(i), sectors))
            if one.name in known:
                share = one.origin(by_pair(one, known[one.name]))
            found.append(jnp.zeros((len(names), len(names), sectors)).at[i, j].set(share))
        return jnp.stack(found)

    def use(self, scene: Scene, mfn: Array) -> tuple[Slots, Use]:
        """Use of preferences by the pairs that have any."""
        slots = slots_of(self.agreements, scene.model.place_names)
        sectors = scene.model.labels["sector"]
        base = mfn[slots.origin, slots.destination]
        duty = jnp.stack([one.duty(base) for one in self.agreements], axis=-1)
        lines = jnp.stack([one.lines.share(sectors) for one in self.agreements], axis=-1)
        cost = jnp.stack([one.cost for one in self.agreements])
        origin = self.origins(scene)[:, slots.origin, slots.destination]  # [agreement, pair, s]
        pick = slots.agreement
        row = np.arange(len(pick))[:, None]
        none = (pick < 0)[:, None, :]
        use = overlapping_use(
            base,
            jnp.where(none, base[..., None], jnp.moveaxis(duty[row, :, pick], 1, 2)),
            cost[pick][:, None, :],
            jnp.where(none, 0.0, jnp.moveaxis(origin[pick, row], 1, 2)),
            jnp.where(none, 0.0, jnp.moveaxis(lines.T[pick], 1, 2)),
            theta=scene.model.chains.on_links(scene.model.market).theta,
            compliance=self.compliance,
            nu=self.nu,
        )
        return slots, use

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What is burnt, and duties in place of MFN."""
        mfn = self.spread("mfn", scene.model)
        burnt = jnp.log1p(self.spread("ntm", scene.model))
        duty = jnp.log1p(mfn)
        if self.agreements:
            slots, use = self.use(scene, mfn)
            at = (slots.origin, slots.destination)
            left = jnp.expm1(burnt) * (1.0 - self._depth(scene, slots))
            burnt = jnp.log1p(left).at[at].add(jnp.log(use.factor))
            duty = duty.at[at].set(jnp.log1p(use.effective_tariff))
        return {"barrier": burnt, "tariff": duty}

    def _depth(self, scene: Scene, slots: Slots) -> Float[Array, "origin destination 1"]:
        """Share of the barriers removed: that of the deepest agreement of a pair."""
        each = jnp.stack([one.depth * (1.0 - one.phase_in.kept) for one in self.agreements])
        of_pair = jnp.max(jnp.where(slots.agreement < 0, 0.0, each[slots.agreement]), axis=1)
        places = len(scene.model.place_names)
        full = jnp.zeros((places, places)).at[slots.origin, slots.destination].set(of_pair)
        return full[..., None]

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Contents are those of what is bought."""
        if self.held is not None or not self.ruled():
            return {}
        inputs = scene.model.inputs(scene.prices, scene.x)
        found = {}
        for one in self.ruled():
            r = scene.own(self, one.name)
            place = [scene.model.place_names.index(name) for name in one.zone]
            found[one.name] = content(one, place, inputs, r, one.origin(r)) - r
        return found

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Use by count and by value, duty levied, compliance burnt, content and origin.

        By pair and sector; with an agreement's name where several may hold. ``compliance`` is in
        money, by the exporter that burns it and its market.
        """
        mfn = self.spread("mfn", scene.model)
        found: dict[str, Array] = {"effective_tariff": mfn}
        if not self.agreements:
            return found
        slots, use = self.use(scene, mfn)
        at = (slots.origin, slots.destination)
        empty = jnp.zeros(mfn.shape)
        full = lambda value: empty.at[at].set(value)
        found["effective_tariff"] = mfn.at[at].set(use.effective_tariff)
        found["factor"] = (empty + 1.0).at[at].set(use.factor)
        found["use_count"] = full(jnp.sum(use.firms, axis=-1))
        found["use_value"] = full(jnp.sum(use.value, axis=-1))
        found["compliance"] = full(jnp.sum(use.burnt, axis=-1)) * scene.model.paid(
            scene.prices, scene.x
        )
        known, names = self.contents(scene), scene.model.place_names
        for number, one in enumerate(self.agreements):
            here = (slots.agreement == number)[:, None, :]
            found[f"{one.name}_use"] = full(jnp.sum(jnp.where(here, use.value, 0.0), axis=-1))
            if one.name in known:
                i, j = np.transpose([tuple(map(names.index, pair)) for pair in one.pairs])
                r = by_pair(one, known[one.name])
                found[f"{one.name}_content"] = empty.at[i, j].set(r)
                found[f"{one.name}_origin"] = empty.at[i, j].set(one.origin(r))
        return found

    @property
    def words(self) -> str:
        """What is fixed."""
        return "MFN duties, rules of origin and compliance costs of agreements"


def _smooth(rule: RuleOfOrigin) -> bool:
    return not is_concrete(rule.width) or float(rule.width) > 0.0
