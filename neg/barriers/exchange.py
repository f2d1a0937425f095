"""Exchange-rate risk, and the arrangements that remove it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.barriers.pair import PAIR, PairLayer
from neg.core.checks import check_range
from neg.core.errors import unknown_name
from neg.core.parameters import parameter
from neg.economy.scene import Scene


class ExchangeRisk(PairLayer):
    """The premium that makes a buyer as well off as with a sure exchange rate.

        1 + rate = 1 + (1 - coverage) (premium + aversion volatility^2 / 2)

    ``volatility`` is the standard deviation of a year's change of the rate. ``coverage`` is one in
    a currency union and what a swap arrangement insures for its pairs (:func:`swap`); ``line`` is
    what that costs the budget of the origin, in resources and out of income. The premium
    of one per cent is an assumption; effects on trade are found to be small and not robust (Clark,
    Tamirisa, Wei, Sadikov and Zeng 2004, IMF Occasional Paper 235).
    """

    label: ClassVar[str] = "exchange_risk"
    lever: ClassVar[str] = "coverage"
    kind: ClassVar[str] = "risk"
    source: ClassVar[str] = "Clark, Tamirisa, Wei, Sadikov and Zeng 2004"

    premium: Float[Array, "origin destination"] = parameter(
        0.01, "premium whatever the volatility", low=0.0, axes=PAIR, unit="ad valorem"
    )
    coverage: Float[Array, "origin destination"] = parameter(
        0.0, "share of the risk that an arrangement removes", low=0.0, high=1.0, axes=PAIR
    )
    volatility: Float[Array, "origin destination"] = parameter(
        0.0, "standard deviation of a year's change of the rate", low=0.0, axes=PAIR
    )
    aversion: Float[Array, ""] = parameter(0.0, "relative risk aversion", low=0.0)
    line: Float[Array, ""] | None = parameter(
        None,
        "cost of a swap line to the budget, per unit of sales that it covers",
        low=0.0,
        neutral=0.0,
    )

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Log of one plus what is left of the premium."""
        risk = self.premium + 0.5 * self.aversion * self.volatility**2
        return jnp.log1p((1.0 - self.coverage) * risk)

    def borne(self, scene: Scene) -> Array | None:
        """What swap lines cost the budgets of origins."""
        if self.line is None:
            return None
        return self._spread(jnp.log1p(self.line * self.coverage), scene.places)

    def log_factor(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """What is left of the premium, and what lines cost."""
        left, line = super().log_factor(scene), self.borne(scene)
        return left if line is None else left + line

    @property
    def words(self) -> str:
        """What is fixed."""
        return "volatility of exchange rates and what insures against it"


def swap(
    places: Sequence[str], coverage: float, *members: Sequence[str]
) -> Float[np.ndarray, "origin destination"]:
    """Coverage of the pairs within each group of places: swap lines, currency unions (one).

    Raises named errors for a place that is not there and a coverage outside ``[0, 1]``.

    >>> swap(["CHN", "JPN", "KOR"], 0.8, ["CHN", "KOR"])[0].tolist()
    [0.0, 0.0, 0.8]
    """
    check_range("coverage", coverage, 0.0, 1.0)
    found: Any = np.zeros((len(places), len(places)))
    for group in members:
        for name in group:
            if name not in places:
                raise unknown_name("place of a swap arrangement", name, places)
        inside = np.isin(places, list(group))
        found = np.maximum(found, coverage * np.outer(inside, inside))
    return found * ~np.eye(len(places), dtype=bool)
