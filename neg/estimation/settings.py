"""How a fit is sought: tolerances, starts, the long way."""

from __future__ import annotations

import dataclasses

ROUTES = ("distance", "exact")


@dataclasses.dataclass(frozen=True)
class FitSettings:
    """How a fit is sought.

    ``route``: ``distance``, Levenberg-Marquardt on the weighted gaps, or ``exact``, Newton's method
    where there are as many moments as unknowns, each of which is then met to ``tolerance``. On the
    other route that is for the largest derivative of the loss in the unbounded unknowns.
    ``max_steps`` of either; ``starts``, the first as given, the others spread around it (``seed``);
    ``far`` steps of Adam first (route ``distance``), ``rate`` their length; ``throw`` without
    convergence.
    """

    route: str = "distance"
    tolerance: float = 1e-8
    max_steps: int = 500
    starts: int = 1
    seed: int = 0
    far: int = 0
    rate: float = 0.05
    throw: bool = True
