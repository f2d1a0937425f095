"""Language, law and whatever else two places share or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.barriers.pair import PAIR, PairLayer
from neg.core.errors import LabelMismatchError
from neg.core.parameters import parameter
from neg.economy.scene import Scene


class FixedFrictions(PairLayer):
    """What it costs to trade across a difference, of language say.

        1 + rate = 1 + size differs,     differs: 1, 0, or a share between

    The literature reviewed by Anderson and van Wincoop (2004) puts language at some 7 per cent;
    the default is zero, the user's number.
    """

    label: ClassVar[str] = "language"
    lever: ClassVar[str] = "size"
    scale: ClassVar[str] = "size"

    size: Float[Array, "origin destination"] = parameter(
        0.0, "cost where the places differ", low=0.0, axes=PAIR, unit="ad valorem"
    )
    differs: Float[Array, "origin destination"] = parameter(
        1.0, "how far the places differ", low=0.0, high=1.0, axes=PAIR
    )

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Log of one plus the rate."""
        return jnp.log1p(self.size * self.differs)


def different(
    places: Sequence[str], traits: Mapping[str, Sequence[str]]
) -> Float[np.ndarray, "origin destination"]:
    """One where two places have no trait (no language) in common, zero where they have.

    >>> different(["SGP", "AUS", "JPN"], {"SGP": ["en", "zh"], "AUS": ["en"], "JPN": ["ja"]})[0]
    array([0., 0., 1.])
    """
    missing = [name for name in places if name not in traits]
    if missing:
        raise LabelMismatchError(f"traits of {missing} are not given; must be one entry a place")
    shared = [[bool(set(traits[a]) & set(traits[b])) for b in places] for a in places]
    return 1.0 - np.asarray(shared, dtype=float)
