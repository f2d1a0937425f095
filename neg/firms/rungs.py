"""The rungs of a chain, and what policy does for those who climb them."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.numbers import as_float
from neg.core.parameters import Parameter, Parametric, parameter


def _by_tier(default: tuple[float, ...], meaning: str, unit: str, **ends: Any) -> Any:
    """Field of a parameter with an entry for every tier."""
    spec = Parameter(
        "", meaning, float("nan"), 0.0, None, ends.get("low_open", False), False, ("tier",), unit
    )
    return eqx.field(default=default, converter=as_float, metadata={"neg": spec})


class Rungs(Parametric):
    """What each tier is worth, takes to enter, and risks; tier 0 sells locally.

    >>> Rungs(worth=(1.0, 2.0), quality=1.0, standards=0.5, certification=0.2, risk=0.1).count
    2
    """

    within: ClassVar[str] = "rungs"

    worth: Float[Array, " tier"] = _by_tier(
        (1.0, 1.5, 2.25, 3.5), "value added per unit of size", "1", low_open=True
    )
    quality: Float[Array, " tier"] = _by_tier(
        (1.0, 1.5, 5.0, 20.0), "entry cost of quality", "units of the cost bundle"
    )
    standards: Float[Array, " tier"] = _by_tier(
        (0.2, 1.0, 3.0, 9.0), "entry cost of standards", "units of the cost bundle"
    )
    certification: Float[Array, " tier"] = _by_tier(
        (0.0, 0.5, 2.0, 6.0), "entry cost of certification", "units of the cost bundle"
    )
    risk: Float[Array, " tier"] = _by_tier((0.2, 0.12, 0.07, 0.03), "exit rate", "1 / year")

    def __check_init__(self) -> None:
        count = self.count
        for name in ("quality", "standards", "certification", "risk"):
            if jnp.size(getattr(self, name)) not in (1, count):
                raise InvalidParameterError(
                    f"rungs.{name} has {jnp.size(getattr(self, name))} tiers; must have {count}, "
                    "as worth"
                )
        if is_concrete(self.worth) and (np.diff(np.atleast_1d(self.worth)) <= 0).any():
            raise InvalidParameterError(
                f"rungs.worth = {np.asarray(self.worth).tolist()} is not allowed; must rise with "
                "the tier"
            )
        if is_concrete(self.risk) and (np.diff(np.atleast_1d(self.risk)) > 0).any():
            raise InvalidParameterError(
                f"rungs.risk = {np.asarray(self.risk).tolist()} is not allowed; must not rise with "
                "the tier"
            )

    @property
    def count(self) -> int:
        """Number of tiers."""
        return jnp.size(self.worth)


class TierPolicy(Parametric):
    """What the public does for suppliers of each place: standards, certificates, money.

    ``sharing`` and ``training`` are paid by the budget of the place; None switches them off.

    >>> TierPolicy(harmonised=0.5).sharing is None
    True
    """

    within: ClassVar[str] = "policy"

    harmonised: Float[Array, " place"] = parameter(
        0.0,
        "share by which harmonising cuts costs of standards",
        low=0.0,
        high=1.0,
        axes=("place",),
    )
    recognised: Float[Array, " place"] = parameter(
        0.0, "share of certification saved by recognition", low=0.0, high=1.0, axes=("place",)
    )
    sharing: Float[Array, " place"] | None = parameter(
        None,
        "share of the cost of quality that the budget pays",
        low=0.0,
        high=1.0,
        axes=("place",),
        neutral=0.0,
    )
    training: Float[Array, " place"] | None = parameter(
        None, "budget of training", low=0.0, axes=("place",), unit="money / year", neutral=0.0
    )
    halves: Float[Array, ""] = parameter(
        0.05,
        "budget at which training halves the cost of quality",
        low=0.0,
        low_open=True,
        unit="money / year",
    )
