"""One vocabulary for how a solve ended: each status has a name, a cause and a remedy."""

from __future__ import annotations

import math
from enum import Enum, IntEnum
from typing import Any


class Status(IntEnum):
    """How a solve ended. Inside compiled code it travels as its integer value.

    ``CONVERGED`` is the only success; every other member names a cause and a remedy through
    :attr:`cause` and :attr:`remedy`.
    """

    CONVERGED = 0
    MAX_STEPS = 1
    NON_FINITE = 2
    STALLED = 3
    SINGULAR = 4
    LEFT_DOMAIN = 5
    NOT_EQUILIBRIUM = 6
    NO_EQUILIBRIUM = 7
    UNDETERMINED = 8

    @property
    def ok(self) -> bool:
        """Whether the solve reached what was asked for."""
        return self is Status.CONVERGED

    @property
    def cause(self) -> str:
        """What happened, in one sentence."""
        return _CAUSE_REMEDY[self][0]

    @property
    def remedy(self) -> str:
        """What a user can do about it, in one sentence."""
        return _CAUSE_REMEDY[self][1]

    @property
    def message(self) -> str:
        """Name, cause and remedy in one line."""
        return f"{self.name.lower()}: {self.cause} {self.remedy}".strip()


_CAUSE_REMEDY: dict[Status, tuple[str, str]] = {
    Status.CONVERGED: ("The equilibrium condition holds within the tolerance.", ""),
    Status.MAX_STEPS: (
        "The step limit was reached before the equilibrium condition held.",
        "Raise max_steps, start nearer, or approach the parameters by continuation.",
    ),
    Status.NON_FINITE: (
        "The residual or its derivative became infinite or not a number.",
        "Check for empty cells, zero costs or parameters at the edge of their range.",
    ),
    Status.STALLED: (
        "No step along the search direction reduces the residual any further.",
        "Start elsewhere, or follow the equilibrium from parameters where it is known.",
    ),
    Status.SINGULAR: (
        "The linear system at the equilibrium is singular (fold or break point).",
        "No derivative exists here; move the parameter off the threshold.",
    ),
    Status.LEFT_DOMAIN: (
        "A mass or price left the region in which the model is defined.",
        "Start nearer to an equilibrium or choose another set of used cells.",
    ),
    Status.NOT_EQUILIBRIUM: (
        "The solution balances markets but some unit would gain by moving.",
        "Ask for the long-run equilibrium that the adjustment dynamics reach.",
    ),
    Status.NO_EQUILIBRIUM: (
        "No prices clear the markets of this economy.",
        "Change what makes it impossible.",
    ),
    Status.UNDETERMINED: (
        "Many prices clear the markets of this economy: its parts are not tied to each other.",
        "Say what ties them, or solve each part by itself.",
    ),
}

STABILITY_TOLERANCE = 1e-7
"""Growth rates, payoff gaps and slopes closer to zero than this decide nothing."""


class Stability(Enum):
    """What is known of the stability of an equilibrium."""

    STABLE = "stable"
    UNSTABLE = "unstable"
    CANNOT_TELL = "cannot tell"
    """The growth rate was computed, and is too close to zero or too roughly known."""
    NOT_COMPUTED = "not computed"

    @classmethod
    def of(cls, growth: Any, error: Any = 0.0, tolerance: float = STABILITY_TOLERANCE) -> Stability:
        """The verdict of a growth rate that is known to within ``error`` (NaN: not computed)."""
        growth, error = float(growth), float(error)
        if math.isnan(error) or (math.isnan(growth) and error == 0.0):
            return cls.NOT_COMPUTED
        if not abs(growth) > max(tolerance, error):
            return cls.CANNOT_TELL
        return cls.STABLE if growth < 0 else cls.UNSTABLE

    @property
    def known(self) -> bool | None:
        """Whether stable, where that is known; None otherwise."""
        return {Stability.STABLE: True, Stability.UNSTABLE: False}.get(self)
