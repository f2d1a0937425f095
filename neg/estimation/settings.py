"""How a fit is sought: tolerances, starts, the long way."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Search:
    """How a fit is sought.

    ``tolerance`` on the largest derivative of the loss in the unbounded unknowns; ``max_steps`` of
    Levenberg-Marquardt; ``starts`` in one batch, the first as given, the others spread around it
    (``seed``); ``far`` steps of Adam first, ``rate`` their length; ``throw`` without convergence.
    """

    tolerance: float = 1e-8
    max_steps: int = 500
    starts: int = 1
    seed: int = 0
    far: int = 0
    rate: float = 0.05
    throw: bool = True
