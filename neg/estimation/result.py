"""One result for fits and policies: where the search ended, and whether to believe it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Array, Float


@dataclasses.dataclass(frozen=True)
class Result:
    """What a fit or a policy found.

    ``values`` of the levers by name, the ``economy`` with them in it and its equilibrium, the
    ``solution``. ``objective`` is the weighted sum of squared gaps of a fit (smallest), or what a
    policy maximises; ``gain`` what it improved since the start. ``gradient`` is what is left of
    the first-order conditions: of a fit, the largest derivative of the objective in the unbounded
    unknowns; of a policy, the largest violation of the Karush-Kuhn-Tucker conditions, in units of
    the objective per full range of an instrument. ``converged``: that is at most the tolerance.
    ``outcomes`` are the moments of a fit, or what constrains a policy (what is left of the budget),
    ``jacobian`` their derivatives ``[outcome, lever]`` in the units of the values; ``slope`` that
    of the objective. ``shadow_prices`` are the derivatives of the best objective with respect to
    each limit that binds: the budget, floors, bounds (``low NAME``, ``high NAME``).
    ``steps`` and ``solves`` count; ``rank`` is the number of directions of the levers that the
    outcomes see (a fit with less than the number of levers cannot tell them apart).
    """

    values: dict[str, Any]
    objective: float
    gradient: float
    converged: bool
    outcomes: dict[str, Any]
    jacobian: Float[np.ndarray, "outcome lever"]
    steps: int
    solves: int
    gain: float = float("nan")
    slope: dict[str, float] = dataclasses.field(default_factory=dict)
    shadow_prices: dict[str, float] = dataclasses.field(default_factory=dict)
    rank: int = 0
    economy: Any = None
    solution: Any = None
    problem: Any = dataclasses.field(default=None, repr=False)
    """What was solved, for standard errors, profiles and refits."""

    @property
    def moments(self) -> dict[str, Array]:
        """Moments of a fit at its end: ``outcomes`` by its usual name."""
        return self.outcomes

    @property
    def loss(self) -> float:
        """Weighted sum of squared gaps of a fit: ``objective`` by its usual name."""
        return self.objective

    @property
    def calibration(self) -> Result:
        """The fit itself."""
        return self


def rank_of(jacobian: np.ndarray, smallest: float = 1e-8) -> int:
    """Numerical rank, relative to the largest singular value; zero where it is not finite."""
    if not np.all(np.isfinite(jacobian)) or not jacobian.size:
        return 0
    size = np.linalg.svd(jacobian, compute_uv=False)
    return int(np.sum(size > smallest * max(size[0], 1e-300)))
