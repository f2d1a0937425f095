"""Levers: which entries of which parameter move, and how. One kind for every use.

Edits of scenarios, axes of diagrams, unknowns of a calibration, instruments of a policy and the
arguments of a gradient are Levers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.core.checks import check_choice
from neg.core.errors import InvalidParameterError, InvalidShapeError, unknown_name
from neg.core.labels import align, has_labels
from neg.core.numbers import as_float
from neg.core.parameters import Parameter, altered, uniform
from neg.economy.delegate import Delegate
from neg.economy.model import Model

OPERATIONS = ("set", "times", "plus")
_NEUTRAL = {"times": 1.0, "plus": 0.0}
_AXIS = {
    "among": (
        *("origin", "destination", "residence", "workplace", "place"),
        *("exporter", "importer", "economy"),
    ),
    "origins": ("origin", "residence", "exporter"),
    "destinations": ("destination", "workplace", "importer"),
    "places": ("place", "economy"),
    "sectors": ("sector",),
    "groups": ("group",),
    "cells": ("cell",),
    "kinds": ("kind",),
    "links": ("link",),
    "transfers": ("transfer",),
    "borders": ("border",),
    "tiers": ("tier",),
    "inputs": ("input",),
    "uses": ("use",),
}
SELECTORS = tuple(_AXIS)
"""What may name entries; each is a field of a :class:`Lever`."""
_PAIRS = (("origin", "destination"), ("residence", "workplace"), ("exporter", "importer"))


def _names(value: Sequence[str] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


@dataclasses.dataclass(frozen=True)
class Lever:
    """A parameter of an economy, the entries that move, and the operation.

    ``path`` names it as :meth:`with_` does: ``productivity``, ``border.cost``, ``land.supply``,
    ``phi``. ``operation`` is ``set`` (entries become the value), ``times`` (they are multiplied by
    it) or ``plus`` (it is added). Selectors name the entries by their labels: ``origins`` and
    ``destinations`` (or ``among``, for both), ``places`` (``among`` too), ``sectors``, ``kinds``,
    ``cells``, ``tiers`` of a chain, ``inputs`` (sectors that are bought from), ``uses``, and of a
    network ``links``, ``transfers``, ``borders``; left out, all move. Commuters have residences for
    origins and workplaces for destinations; what stands between the economies of cities is named by
    economy. Sales, and ways to work, at home move only if ``abroad_only`` is false. A parameter
    that is switched off (``None``) starts from the value that it declares to change nothing.

    >>> Lever("border.cost", "times", among=("SGP", "MYS", "THA"))
    Lever('border.cost', 'times', among=('SGP', 'MYS', 'THA'))

    Raises named errors for a path, label or selector that the economy does not have, for a
    selection of nothing, and for a parameter that is switched off and has no such value.
    """

    path: str
    operation: str = "set"
    among: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    destinations: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = None
    sectors: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    cells: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    links: tuple[str, ...] | None = None
    transfers: tuple[str, ...] | None = None
    borders: tuple[str, ...] | None = None
    tiers: tuple[str, ...] | None = None
    inputs: tuple[str, ...] | None = None
    uses: tuple[str, ...] | None = None
    abroad_only: bool = True

    def __post_init__(self) -> None:
        check_choice("operation", self.operation, OPERATIONS)
        for name in SELECTORS:
            object.__setattr__(self, name, _names(getattr(self, name)))
            if getattr(self, name) == ():
                raise InvalidParameterError(
                    f"{name} of lever {self.path!r} is empty, so that nothing would move; "
                    "must name something, or be left out"
                )
        if self.among is not None and any(
            given is not None for given in (self.origins, self.destinations, self.places)
        ):
            raise InvalidParameterError(
                f"lever {self.path!r} gives among and origins, destinations or places; "
                "must give one or the other"
            )

    def __repr__(self) -> str:
        shown = [repr(self.path), repr(self.operation)]
        for field in dataclasses.fields(self)[2:]:
            value = getattr(self, field.name)
            if value != field.default:
                shown.append(f"{field.name}={value!r}")
        return f"Lever({', '.join(shown)})"

    def check(self, economy: Model) -> None:
        """Raise a named error unless path and labels exist and something moves."""
        spec = _spec(economy, self.path)
        if spec.axes:
            self.mask(economy, spec)
        elif chosen := [name for name in SELECTORS if getattr(self, name) is not None]:
            raise InvalidParameterError(f"{self.path} is one number; {chosen[0]} must be left out")

    def mask(self, economy: Model, spec: Parameter) -> Bool[np.ndarray, "*axes"]:
        """Which entries move, with one axis for each of the parameter's."""
        labels = economy.labels
        wanted: dict[str, tuple[str, ...]] = {}
        for name in SELECTORS:
            chosen = getattr(self, name)
            if chosen is None:
                continue
            present = [axis for axis in _AXIS[name] if axis in spec.axes]
            if not present:
                raise InvalidParameterError(
                    f"{self.path} has the axes {list(spec.axes)}; {name} must be left out"
                )
            wanted |= dict.fromkeys(present, chosen)
        mask = np.ones(tuple(len(labels[axis]) for axis in spec.axes), dtype=bool)
        for axis, chosen in wanted.items():
            for label in chosen:
                if label not in labels[axis]:
                    raise unknown_name(axis, label, labels[axis])
            shape = [-1 if other == axis else 1 for other in spec.axes]
            mask &= np.isin(labels[axis], chosen).reshape(shape)
        if spec.axes[:2] in _PAIRS and self.abroad_only:
            home = np.eye(len(labels[spec.axes[0]]), dtype=bool)
            mask &= ~home.reshape((*home.shape, *(1,) * (mask.ndim - 2)))
        if not mask.any():
            raise InvalidParameterError(
                f"lever {self.path!r} selects nothing; must name entries that exist "
                "(a place's sales to itself need abroad_only=False)"
            )
        return mask

    def start(self, economy: Model) -> Float[Array, ""]:
        """The value at which the lever changes nothing."""
        if self.operation in _NEUTRAL:
            return jnp.asarray(_NEUTRAL[self.operation])
        spec = _spec(economy, self.path)
        economy = _switched_on(economy, spec)
        if not spec.axes or self.path not in economy.parameters():
            return economy.get(self.path)
        mask = self.mask(economy, spec)
        full = economy.full(self.path, _sizes(economy))
        return uniform(self.path, full[np.nonzero(mask)])

    def put(self, economy: Model, value: Any) -> Any:
        """The economy with the lever at a value: a number, or one for every entry.

        Labelled values are read by their labels. Differentiable in the value.
        """
        spec = _spec(economy, self.path)
        if not spec.axes:
            self.check(economy)
            if self.operation == "set":
                return economy.with_(**{self.path: as_float(value, self.path)})
            old = _switched_on(economy, spec).get(self.path)
            value = as_float(value, self.path)
            return economy.with_(**{self.path: _operate(self.operation, old, value)})
        mask = self.mask(economy, spec)
        labels = economy.labels
        if has_labels(value):
            value = align(self.path, value, {axis: labels[axis] for axis in spec.axes})
        value = as_float(value, self.path)
        if 0 < value.ndim < mask.ndim:  # of the first axes, such as a matrix for every sector
            value = value.reshape(value.shape + (1,) * (mask.ndim - value.ndim))
        if value.ndim > mask.ndim or any(
            size not in (1, full) for size, full in zip(value.shape, mask.shape, strict=False)
        ):
            raise InvalidShapeError(
                f"{self.path} is put to an array of shape {value.shape}; must be a number or "
                f"{mask.shape} ({', '.join(spec.axes)})"
            )
        old = _switched_on(economy, spec).full(self.path, _sizes(economy))
        new = jnp.where(mask, _operate(self.operation, old, value), old)
        return economy.with_(**{self.path: new})


def _operate(operation: str, old: Array, value: Any) -> Array:
    if operation == "times":
        return old * value
    return old + value if operation == "plus" else value


def _switched_on(economy: Model, spec: Parameter) -> Any:
    """The economy with the parameter at the value of no effect, where it is switched off."""
    if spec.name not in economy.parameters() or economy.value(spec.name) is not None:
        return economy
    if spec.neutral is None:
        raise InvalidParameterError(
            f"{spec.name} is switched off (None), and no value of it changes nothing; must be "
            f"given a value in {spec.allowed} before a Lever moves it"
        )
    return economy.with_(**{spec.name: spec.neutral})


def _sizes(economy: Model) -> dict[str, int]:
    return {axis: len(names) for axis, names in economy.labels.items()}


def _spec(economy: Model, path: str) -> Parameter:
    """What the economy says of the parameter, whether it is an alias or not."""
    specs = economy.parameters()
    if path in specs:
        return specs[path]
    if path in economy.aliases:
        alias = economy.aliases[path]
        return Parameter(path, alias.meaning, float("nan"), alias.low, alias.high, False, False)
    raise unknown_name("parameter", path, [*specs, *economy.aliases])


class Held(Delegate):
    """An economy with levers in hand: each is one more parameter, by the name it was given.

    Diagrams, thresholds, calibrations and gradients then move it like any other parameter.
    """

    economy: Model
    levers: tuple[tuple[str, Lever], ...] = eqx.field(static=True)
    values: tuple[Float[Array, ""], ...]

    @property
    def base(self) -> Model:
        """The economy with every lever at its value."""
        found = self.economy
        for (_, lever), value in zip(self.levers, self.values, strict=True):
            found = lever.put(found, value)
        return found

    # Of types: of an instance; of other models, of the class.
    def parameters(self) -> dict[str, Parameter]:  # type: ignore[override]
        """Those of the economy, and the levers."""
        found = dict(self.economy.parameters())
        for name, lever in self.levers:
            spec = _spec(self.economy, lever.path)
            low, high = (spec.low, spec.high) if lever.operation == "set" else (None, None)
            found[name] = spec._replace(
                name=name, meaning=f"{lever.operation}: {spec.meaning}", axes=(), low=low, high=high
            )
        return found

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a lever or of any parameter."""
        for (own, _), value in zip(self.levers, self.values, strict=True):
            if own == name:
                return value
        return self.base.get(name)

    def value(self, name: str) -> Array:
        """Value of a parameter with all its entries."""
        return self.get(name) if name in dict(self.levers) else self.base.value(name)

    def with_(self, **values: Any) -> Self:
        """The same with levers at other values, or the economy under them changed."""
        own = {name: values.pop(name) for name, _ in self.levers if name in values}
        economy = self.economy.with_(**values) if values else self.economy
        moved = tuple(
            jnp.asarray(own[name], dtype=float) if name in own else value
            for (name, _), value in zip(self.levers, self.values, strict=True)
        )
        return altered(self, economy=economy, values=moved)


def in_hand(economy: Model, lever: Lever | str, name: str = "lever") -> tuple[Model, str]:
    """An economy and the name of a parameter of it that the lever moves.

    A lever that moves a whole parameter, or its plain name, is that parameter.
    """
    if isinstance(lever, str):
        return economy, lever
    lever.check(economy)
    return Held(economy, ((name, lever),), (lever.start(economy),)), name
