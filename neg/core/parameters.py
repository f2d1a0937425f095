"""Named parameters: meaning, default and allowed range, for models and for blocks of models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_range
from neg.core.errors import InvalidShapeError, unknown_name


class Parameter(NamedTuple):
    """What a user may want to know of a scalar parameter.

    ``cost`` marks a cost factor, one where nothing is lost, whose logarithm is what counts (iceberg
    costs): searches over its whole range then go by the size of the logarithm.
    """

    name: str
    meaning: str
    default: float
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool
    cost: bool = False


class Alias(NamedTuple):
    """Another way to state a parameter, such as freeness ``phi`` for the trade cost ``tau``."""

    meaning: str
    get: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]
    low: float | None = None
    high: float | None = None


def as_float(value: Any) -> Array:
    """A double-precision array, whatever number or list comes in."""
    return jnp.asarray(value, dtype=float)


def parameter(
    default: float,
    meaning: str,
    *,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    high_open: bool = False,
    cost: bool = False,
) -> Any:
    """Field for a scalar parameter with its meaning, default and allowed range.

    ``cost`` marks a cost factor such as an iceberg cost; see :class:`Parameter`.
    """
    return eqx.field(
        default=default,
        converter=as_float,
        metadata={
            "neg": Parameter("", meaning, default, low, high, low_open, high_open, cost),
        },
    )


def option(default: str, meaning: str, choices: Iterable[str]) -> Any:
    """Field for a named switch; its value is static, a new value compiles a new program."""
    return eqx.field(
        default=default,
        static=True,
        metadata={"neg_option": (meaning, tuple(choices))},
    )


def _declared(cls: type) -> dict[str, Parameter]:
    return {
        field.name: field.metadata["neg"]._replace(name=field.name)
        for field in dataclasses.fields(cls)
        if "neg" in field.metadata
    }


def _switches(cls: type) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        field.name: field.metadata["neg_option"]
        for field in dataclasses.fields(cls)
        if "neg_option" in field.metadata
    }


class Parametric(eqx.Module):
    """Something with named scalar parameters and switches: a model, or a block of one."""

    aliases: ClassVar[dict[str, Alias]] = {}

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """The scalar parameters, by name."""
        return _declared(cls)

    @classmethod
    def options(cls) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The named switches: meaning and allowed values, by name."""
        return _switches(cls)

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a scalar parameter or alias."""
        if name in self.parameters():
            return getattr(self, name)
        if name in self.aliases:
            return jnp.asarray(self.aliases[name].get(self))
        raise unknown_name("parameter", name, [*self.parameters(), *self.aliases])

    def with_(self, **values: Any) -> Self:
        """The same with some parameters, aliases or fields replaced, and checked."""
        names = {field.name for field in dataclasses.fields(self)}
        direct = {key: value for key, value in values.items() if key in names}
        model = dataclasses.replace(self, **direct) if direct else self
        for key, value in values.items():
            if key in names:
                continue
            if key not in self.aliases:
                raise unknown_name("parameter", key, [*sorted(names), *self.aliases])
            alias = self.aliases[key]
            check_range(key, value, alias.low, alias.high)
            model = alias.put(model, jnp.asarray(value, dtype=float))
        return model

    def __check_init__(self) -> None:
        for name, spec in _declared(type(self)).items():
            value = getattr(self, name)
            if jnp.ndim(value) != 0:
                raise InvalidShapeError(f"{name} has shape {jnp.shape(value)}; must be a scalar")
            check_range(
                name,
                value,
                spec.low,
                spec.high,
                low_open=spec.low_open,
                high_open=spec.high_open,
            )
        for name, (_, choices) in _switches(type(self)).items():
            check_choice(name, getattr(self, name), choices)
