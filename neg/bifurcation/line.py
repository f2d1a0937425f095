"""Lines through the parameters, along which equilibria are followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.symmetry import Symmetry, symmetries
from neg.core.checks import as_numbers, check_range
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Model


class ParameterLine(eqx.Module):
    """A straight line through the parameters: ``origin + position * direction``.

    For a single parameter the position is the value of the parameter itself.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    origin: Float[Array, " parameter"]
    direction: Float[Array, " parameter"]
    low: Float[Array, ""]
    high: Float[Array, ""]

    def at(self, model: Model, position: Any) -> Model:
        """The model at this position along the line."""
        values = self.origin + position * self.direction
        return model.with_(**dict(zip(self.names, values, strict=True)))

    @property
    def label(self) -> str:
        """Name of the quantity that the position measures."""
        return self.names[0] if len(self.names) == 1 else "position"


def parameter_line(
    model: Model,
    parameter: str | Mapping[str, tuple[float, float]],
    low: float | None = None,
    high: float | None = None,
) -> ParameterLine:
    """Line along one parameter from ``low`` to ``high``, or along a line through several.

    For several, ``parameter`` gives each its values at the two ends, positions 0 and 1. Raises a
    named error for unknown parameters, an empty interval or values that the model does not allow.
    """
    if isinstance(parameter, str):
        if parameter not in (*model.parameters(), *model.aliases):
            raise unknown_name("parameter", parameter, [*model.parameters(), *model.aliases])
        if low is None or high is None:
            raise InvalidParameterError(f"low and high of {parameter} are needed")
        check_range(f"low and high of {parameter}", [low, high])
        names: tuple[str, ...] = (parameter,)
        ends = np.array([[0.0, 1.0]])
    else:
        names = tuple(parameter)
        ends = as_numbers("ends of the line", [parameter[name] for name in names])
        if not names or ends.shape != (len(names), 2):
            raise InvalidParameterError(
                f"parameter = {dict(parameter)} is not allowed; must give each of them its values "
                "at both ends of the line"
            )
        check_range("ends of the line", ends)
        if len(names) == 1:  # the parameter itself, not a position between its ends
            if low is not None or high is not None:
                raise InvalidParameterError(
                    f"low and high of {names[0]} are given twice; must be left out beside its ends"
                )
            return parameter_line(model, names[0], *sorted(ends[0].tolist()))
        low, high = (0.0 if low is None else low), (1.0 if high is None else high)
    origin, direction = ends[:, 0], ends[:, 1] - ends[:, 0]
    if not low < high:
        raise InvalidParameterError(f"low = {low:g} is not allowed; must be below high = {high:g}")
    line = ParameterLine(names, jnp.asarray(origin), jnp.asarray(direction), *_as_floats(low, high))
    for end in (low, high):  # the model's own checks name what is out of range
        values = origin + end * direction
        model.with_(**dict(zip(names, values.tolist(), strict=True)))
    return line


def _as_floats(*values: float) -> tuple[Array, ...]:
    return tuple(jnp.asarray(value, dtype=float) for value in values)


def line_symmetries(model: Model, line: ParameterLine) -> Symmetry:
    """The symmetries that the model has all along a line: those at two points inside it."""
    low, high = float(line.low), float(line.high)
    inside = [low + share * (high - low) for share in (0.3819, 0.7236)]
    return symmetries(*(line.at(model, jnp.asarray(position)) for position in inside))
