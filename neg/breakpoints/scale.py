"""Where along a parameter to look: a smooth scale that resolves both ends of its range."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.line import ParameterLine
from neg.core.checks import as_numbers
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Alias, Model, Parameter

_SMALL, _LARGE = 1e-6, 1e6
_LARGEST_LOG = 60.0


class Scale(eqx.Module):
    """A parameter ``value`` as a smooth increasing function of a coordinate ``v``.

        between two ends   value = low + (high - low) / (1 + exp(-v))
        a cost factor      value = exp(exp(v))
        above a low end    value = low + exp(v)
        below a high end   value = high - exp(-v)
        unbounded          value = sinh(v)

    ``first`` and ``last`` bound the coordinate that is searched.
    """

    low: Float[Array, ""]
    span: Float[Array, ""]
    first: Float[Array, ""]
    last: Float[Array, ""]
    kind: str = eqx.field(static=True)

    def value(self, v: Any) -> Any:
        """The parameter at coordinate ``v``."""
        if self.kind == "between":
            return self.low + self.span / (1.0 + jnp.exp(-v))
        if self.kind == "cost":
            return jnp.exp(jnp.exp(v))
        if self.kind == "above":
            return self.low + jnp.exp(v)
        if self.kind == "below":
            return self.low - jnp.exp(-v)
        return jnp.sinh(v)

    def coordinate(self, value: Any) -> float:
        """The coordinate of a parameter value inside the range; infinite at an end of it."""
        low, span = float(self.low), float(self.span)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.kind == "between":
                share = (value - low) / span
                return float(np.log(share) - np.log1p(-share))
            if self.kind == "cost":
                return float(np.log(np.log(value)))
            if self.kind == "above":
                return float(np.log(value - low))
            if self.kind == "below":
                return float(-np.log(low - value))
            return float(np.arcsinh(value))


class ScaledPath(ParameterLine):
    """One parameter followed along a scale: the position is the scale's coordinate."""

    scale: Scale

    def at(self, model: Model, position: Any) -> Model:
        """The model with the parameter at this coordinate."""
        return model.with_(**{self.names[0]: self.scale.value(position)})

    def value(self, position: Any) -> float:
        """The parameter at this coordinate."""
        return float(self.scale.value(jnp.asarray(position)))


def scaled_path(
    model: Model, parameter: str, low: float | None = None, high: float | None = None
) -> ScaledPath:
    """Line along a scalar parameter or alias of ``model``, from ``low`` to ``high``.

    Without bounds it covers the whole allowed range, up to a relative distance of 1e-6 from a
    finite end. Raises a named error for unknown names and for bounds outside the range.
    """
    scale = scale_of(model, parameter, low, high)
    none, one = jnp.zeros(1), jnp.ones(1)
    return ScaledPath((parameter,), none, one, scale.first, scale.last, scale)


def scale_of(
    model: Model, parameter: str, low: float | None = None, high: float | None = None
) -> Scale:
    """The scale of a scalar parameter or alias of ``model``, searched from ``low`` to ``high``.

    Which one it is follows from the declared range, and from the mark that a parameter is a cost
    factor.
    """
    spec = declared(model, parameter)
    least, most = spec.low, spec.high
    for name, bound in (("low", low), ("high", high)):
        if bound is not None:
            as_numbers(name, bound)
        inside = bound is None or (
            np.isfinite(bound)
            and (least is None or bound >= least)
            and (most is None or bound <= most)
        )
        if not inside:
            raise InvalidParameterError(
                f"{name} = {bound} is not allowed; must lie in the range of {parameter}, "
                f"[{least}, {most}]"
            )
    if low is not None and high is not None and not low < high:
        raise InvalidParameterError(f"low = {low:g} is not allowed; must be below high = {high:g}")
    near, far = float(np.log(_SMALL)), float(np.log(_LARGE))
    start, span = 0.0, 1.0
    if least is not None and most is not None:
        start, span, kind, ends = least, most - least, "between", (near, -near)
    elif least is not None and isinstance(spec, Parameter) and spec.cost:
        start, kind, ends = least, "cost", (near, float(np.log(_LARGEST_LOG)))
    elif least is not None:
        start, kind, ends = least, "above", (near, far)
    elif most is not None:
        start, kind, ends = most, "below", (-far, -near)
    else:
        kind, ends = "unbounded", (-far, far)
    whole = _scale(start, span, *ends, kind)
    first, last = _bound(whole, low, ends[0], max), _bound(whole, high, ends[1], min)
    if not first < last:
        raise InvalidParameterError(
            f"low = {low} and high = {high} leave nothing of what is searched of {parameter}, "
            f"{float(whole.value(ends[0])):.7g} to {float(whole.value(ends[1])):.7g}"
        )
    return _scale(start, span, first, last, kind)


def _scale(low: float, span: float, first: float, last: float, kind: str) -> Scale:
    start, width, one, other = (jnp.asarray(a, dtype=float) for a in (low, span, first, last))
    return Scale(start, width, one, other, kind)


def declared(model: Model, parameter: str) -> Parameter | Alias:
    """What the model says of a scalar parameter or alias: its meaning and allowed range."""
    if parameter in model.parameters():
        return model.parameters()[parameter]
    if parameter in model.aliases:
        return model.aliases[parameter]
    raise unknown_name("parameter", parameter, [*model.parameters(), *model.aliases])


def _bound(scale: Scale, value: float | None, default: float, pick: Any) -> float:
    at = np.inf if value is None else scale.coordinate(value)
    return default if not np.isfinite(at) else float(pick(at, default))
