"""Where along a parameter to look: a smooth scale that resolves both ends of its range."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Alias, Model, Parameter

_SMALL, _LARGE = 1e-6, 1e6
_LARGEST_LOG = 60.0


class Scale(eqx.Module):
    """A parameter ``value`` as a smooth increasing function of a coordinate ``v``.

        between two ends   value = low + (high - low) / (1 + exp(-v))
        above one (costs)  value = exp(exp(v))
        above another low  value = low + exp(v)
        unbounded          value = sinh(v)

    ``first`` and ``last`` bound the coordinate that is searched.
    """

    low: Float[Array, ""]
    span: Float[Array, ""]
    first: float = eqx.field(static=True)
    last: float = eqx.field(static=True)
    kind: str = eqx.field(static=True)

    def value(self, v: Any) -> Any:
        """The parameter at coordinate ``v``."""
        if self.kind == "between":
            return self.low + self.span / (1.0 + jnp.exp(-v))
        if self.kind == "cost":
            return jnp.exp(jnp.exp(v))
        if self.kind == "above":
            return self.low + jnp.exp(v)
        return jnp.sinh(v)

    def coordinate(self, value: Any) -> float:
        """The coordinate of a parameter value inside the range."""
        if self.kind == "between":
            share = (value - float(self.low)) / float(self.span)
            return float(np.log(share) - np.log1p(-share))
        if self.kind == "cost":
            return float(np.log(np.log(value)))
        if self.kind == "above":
            return float(np.log(value - float(self.low)))
        return float(np.arcsinh(value))

    def nodes(self, count: int) -> np.ndarray:
        """Evenly spaced coordinates over the searched part of the range."""
        return np.linspace(self.first, self.last, count)


def scale_of(
    model: Model, parameter: str, low: float | None = None, high: float | None = None
) -> Scale:
    """The scale of a scalar parameter or alias of ``model``, searched from ``low`` to ``high``.

    Without bounds the whole allowed range is searched, up to a relative distance of 1e-6 from a
    finite end. Raises a named error for unknown names and for bounds outside the range.
    """
    least, most = parameter_range(model, parameter)
    for name, bound in (("low", low), ("high", high)):
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
    if least is not None and most is not None:
        start, kind = least, "between"
        ends = (np.log(_SMALL), -np.log(_SMALL))
    elif least is None:
        start, kind, ends = 0.0, "unbounded", (-np.log(_LARGE), np.log(_LARGE))
    elif least == 1.0:
        start, kind, ends = 1.0, "cost", (np.log(_SMALL), np.log(_LARGEST_LOG))
    else:
        start, kind, ends = least, "above", (np.log(_SMALL), np.log(_LARGE))
    span = most - least if kind == "between" else 1.0  # type: ignore[operator]
    scale = Scale(jnp.asarray(start), jnp.asarray(span), float(ends[0]), float(ends[1]), kind)
    first = _bound(scale, low, scale.first, max)
    last = _bound(scale, high, scale.last, min)
    return Scale(scale.low, scale.span, first, last, kind)


def parameter_range(model: Model, parameter: str) -> tuple[float | None, float | None]:
    """The allowed range of a scalar parameter or alias."""
    spec: Parameter | Alias
    if parameter in model.parameters():
        spec = model.parameters()[parameter]
    elif parameter in model.aliases:
        spec = model.aliases[parameter]
    else:
        raise unknown_name("parameter", parameter, [*model.parameters(), *model.aliases])
    return spec.low, spec.high


def _bound(scale: Scale, value: float | None, default: float, pick: Any) -> float:
    if value is None:
        return default
    with np.errstate(divide="ignore", invalid="ignore"):
        at = scale.coordinate(value)
    return default if not np.isfinite(at) else float(pick(at, default))
