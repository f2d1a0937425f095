"""Moments and aims as plain data: which outcome, of whom, as a share of what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Model
from neg.solvers.short_run import short_run

_AXES = {
    ("place",): {"places": 0},
    ("place", "sector"): {"places": 0, "sectors": 1},
    ("origin", "destination"): {"origins": 0, "destinations": 1},
    ("origin", "destination", "sector"): {"origins": 0, "destinations": 1, "sectors": 2},
}


@dataclasses.dataclass(frozen=True)
class Moment:
    """A sum of entries of an outcome, or its share in another one; ``log`` takes the log.

    Selectors name places, origins, destinations and sectors; left out, all count. Sales at home
    count only if ``abroad_only`` is false.

    >>> inside = Moment("trade", origins=("A", "B"), destinations=("A", "B"))
    >>> share = Moment("trade", origins=("A", "B"), destinations=("A", "B"), over=Moment("trade"))
    """

    outcome: str
    places: Sequence[str] | None = None
    origins: Sequence[str] | None = None
    destinations: Sequence[str] | None = None
    sectors: Sequence[str] | None = None
    abroad_only: bool = True
    log: bool = False
    over: Moment | None = None

    def __post_init__(self) -> None:
        for name in ("places", "origins", "destinations", "sectors"):
            value = getattr(self, name)
            if value is not None:
                names = (value,) if isinstance(value, str) else tuple(value)
                if not names:
                    raise InvalidParameterError(
                        f"{name} of moment {self.outcome!r} is empty; must name something"
                    )
                object.__setattr__(self, name, names)
        if isinstance(self.over, Mapping):
            object.__setattr__(self, "over", Moment(**self.over))

    def weights(self, economy: Model) -> Float[np.ndarray, "*axes"]:
        """One for each entry of the outcome that counts."""
        shapes = eqx.filter_eval_shape(_outcomes, economy)
        if self.outcome not in shapes:
            raise unknown_name("outcome", self.outcome, sorted(shapes))
        shape = shapes[self.outcome].shape
        axes = self._axes(economy, shape)
        mask = np.ones(shape)
        labels = economy.labels
        for name in ("places", "origins", "destinations", "sectors"):
            chosen = getattr(self, name)
            if chosen is None:
                continue
            if name not in axes:
                raise InvalidParameterError(
                    f"outcome {self.outcome!r} has no {name}; must be left out (it has "
                    f"{', '.join(axes) or 'one number'})"
                )
            known = list(labels["sector" if name == "sectors" else "place"])
            for label in chosen:
                if label not in known:
                    raise unknown_name(name.removesuffix("s"), label, known)
            side = [-1 if k == axes[name] else 1 for k in range(len(shape))]
            mask = mask * np.isin(known, chosen).reshape(side)
        if "origins" in axes and self.abroad_only:
            mask = mask * ~np.eye(shape[0], dtype=bool).reshape(shape[:2] + (1,) * (len(shape) - 2))
        return mask

    def _axes(self, economy: Model, shape: tuple[int, ...]) -> dict[str, int]:
        labels = economy.labels
        places, sectors = len(labels["place"]), len(labels.get("sector", ()))
        sizes = {
            ("place",): (places,),
            ("place", "sector"): (places, sectors),
            ("origin", "destination"): (places, places),
            ("origin", "destination", "sector"): (places, places, sectors),
        }
        for axes, size in sizes.items():
            if size == shape and not (axes == ("place", "sector") and self.outcome == "trade"):
                return _AXES[axes]
        return {}

    def bind(self, economy: Model) -> Bound:
        """The moment as a function of the outcomes of an economy (and of others like it)."""
        over = None if self.over is None else self.over.bind(economy)
        return Bound(self.outcome, jnp.asarray(self.weights(economy)), self.log, over)


def _outcomes(economy: Model) -> dict[str, Array]:
    return short_run(economy, throw=False).outcomes


class Bound(eqx.Module):
    """A moment that knows the places and sectors of an economy."""

    outcome: str = eqx.field(static=True)
    weight: Float[Array, "*axes"]
    log: bool = eqx.field(static=True)
    over: Bound | None

    def __call__(self, outcomes: Mapping[str, Array]) -> Array:
        """The number."""
        value = jnp.sum(jnp.where(self.weight > 0, self.weight * outcomes[self.outcome], 0.0))
        value = value if self.over is None else value / self.over(outcomes)
        return jnp.log(value) if self.log else value


class Several(eqx.Module):
    """Named moments in one function, as :func:`neg.estimation.minimum_distance.fit` takes it."""

    each: dict[str, Any]

    def __call__(self, outcomes: Mapping[str, Array]) -> dict[str, Array]:
        """The moments by name."""
        return {name: one(outcomes) for name, one in self.each.items()}


def moments_of(economy: Model, given: Mapping[str, Moment | Mapping[str, Any]]) -> Several:
    """Named moments from plain data, bound to an economy."""
    if not given:
        raise InvalidParameterError("no moment is given; there must be one to match")
    return Several({name: read(one).bind(economy) for name, one in given.items()})


def read(given: Moment | Mapping[str, Any] | str) -> Moment:
    """A moment from plain data; a name is the sum of that outcome."""
    if isinstance(given, Moment):
        return given
    if isinstance(given, str):
        return Moment(given)
    known = [field.name for field in dataclasses.fields(Moment)]
    for key in given:
        if key not in known:
            raise unknown_name("entry of a moment", key, known)
    if "outcome" not in given:
        raise InvalidParameterError(f"moment {dict(given)} names no outcome; must have one")
    return Moment(**given)
