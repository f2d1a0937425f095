"""One vocabulary for how a solve ended: each status has a name, a cause and a remedy."""

from __future__ import annotations

from enum import IntEnum


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
}
