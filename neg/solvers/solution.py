"""What solvers return: a point at which markets clear, how the solve ended, what can be shown."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neg.core.checks import is_concrete
from neg.core.compilation import plain_jit, quick_jit
from neg.core.status import Stability, Status
from neg.economy.ledger import Ledger
from neg.economy.model import Model, Prices

_SHOWN = 12
"""Cells that a printed solution lists; the rest is counted."""
_LARGE = 1000
"""Cells above which outcomes are compiled with care."""


def _unknown() -> Array:
    return jnp.asarray(jnp.nan)


@plain_jit
def outcomes_at(model: Model, prices: Prices, x: Array) -> dict[str, Array]:
    """The model's outcomes, compiled: many small operations in one."""
    return model.outcomes(prices, x)


@quick_jit
def large_outcomes_at(model: Model, prices: Prices, x: Array) -> dict[str, Array]:
    """The same, compiled with care: arrays of millions of pairs take longer than that."""
    return model.outcomes(prices, x)


@plain_jit
def payoff_at(model: Model, prices: Prices, x: Array) -> Array:
    """The model's payoffs, compiled."""
    return model.payoff(prices, x)


@plain_jit
def ledger_at(model: Model, prices: Prices, x: Array) -> Ledger:
    """The model's flows of money, compiled."""
    return model.ledger(prices, x)


class Solution(eqx.Module):
    """A distribution ``x`` over cells and log ``prices`` that clear the markets of ``model``.

    ``residual`` is the largest violation of the equilibrium conditions in relative units,
    ``condition`` the reciprocal condition number of the linear system, ``error`` the largest change
    of a log unknown that one more Newton step would make; NaN where they were not computed
    (condition: matrix-free, error: dense). ``status`` is the integer of a
    :class:`neg.core.status.Status`. Without convergence prices and values are NaN.
    """

    model: Model
    x: Float[Array, " cell"]
    prices: Prices
    status: Int[Array, ""]
    residual: Float[Array, ""]
    condition: Float[Array, ""] = eqx.field(default_factory=_unknown, kw_only=True)
    steps: Int[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(0), kw_only=True)
    error: Float[Array, ""] = eqx.field(default_factory=_unknown, kw_only=True)
    reason: str = eqx.field(default="", static=True, kw_only=True)
    """What stands in the way of an equilibrium, where that could be found out."""

    @property
    def outcomes(self) -> dict[str, Array]:
        """Named outcomes of the model."""
        look = large_outcomes_at if self.x.shape[0] > _LARGE else outcomes_at
        return look(self.model, self.prices, self.x)

    @property
    def ledger(self) -> Ledger:
        """Every flow of money, ``(payer, payee, what)`` to ``[place of payer, place of payee]``."""
        return ledger_at(self.model, self.prices, self.x)

    def to_frame(self) -> Any:
        """One row per cell, by its label: mass ``x``, share of its group's mass, payoff."""
        import pandas as pd

        mass = np.asarray(self.model.groups.cell_mass)
        x = np.asarray(self.x)
        columns = {
            "x": x,
            "share": x / np.where(mass > 0, mass, np.nan),
            # Of types: both kinds of solution have one.
            "payoff": np.asarray(self.payoff),  # type: ignore[attr-defined]
        }
        if isinstance(self, LongRun):
            columns["used"] = np.asarray(self.used)
        index = pd.Index(self.model.cell_labels, name="cell")
        return pd.DataFrame(columns, index=index)

    def plot(self, axes: Any = None) -> Any:
        """Bars of the share of each cell in its group; returns the axes of matplotlib."""
        if axes is None:
            import matplotlib.pyplot as plt

            _, axes = plt.subplots(layout="constrained")
        self.to_frame()["share"].plot.bar(ax=axes, width=0.8)
        axes.set_ylabel("share of its group")
        axes.set_xlabel("")
        return axes

    def summary(self) -> dict[str, str]:
        """How the solve ended, in words and numbers."""
        words = {
            "status": Status(int(self.status)).name.lower().replace("_", " "),
            "residual": f"{float(self.residual):.2g}",
        }
        if self.reason:
            words["reason"] = self.reason
        if isinstance(self, LongRun):
            words["stability"] = self.stability.value
            if self.stability is not Stability.NOT_COMPUTED:
                words["growth rate"] = f"{float(self.growth):.3g}"
        return words

    def __repr__(self) -> str:
        if not is_concrete((self.x, self.status, self.prices, self.residual)):
            return f"{type(self).__name__}(of {type(self.model).__name__}, traced)"
        frame = self.to_frame()
        table = frame.head(_SHOWN).to_string(float_format=lambda value: f"{value:.6g}")
        more = [] if len(frame) <= _SHOWN else [f"... {len(frame) - _SHOWN} more cells"]
        head = ", ".join(f"{key} {value}" for key, value in self.summary().items())
        return "\n".join(
            [f"{type(self).__name__} of {type(self.model).__name__}: {head}", table, *more]
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        head = ", ".join(f"{key} <b>{value}</b>" for key, value in self.summary().items())
        frame = self.to_frame()
        table = frame.to_html(max_rows=_SHOWN, float_format=lambda value: f"{value:.6g}")
        return f"<p>{type(self).__name__} of {type(self.model).__name__}: {head}</p>{table}"


class ShortRun(Solution):
    """Prices that clear the markets of ``model`` at the distribution ``x``; see :class:`Solution`.

    ``residual`` is the largest absolute market residual.
    """

    @property
    def payoff(self) -> Float[Array, " cell"]:
        """Payoff of every cell, used or not."""
        return payoff_at(self.model, self.prices, self.x)


class LongRun(Solution):
    """A long-run equilibrium of ``model``; see :class:`Solution`.

    ``payoff`` of every cell, ``value`` what each group earns, ``used`` which cells are used.
    ``residual`` is the largest payoff gap of used cells, gain from moving to an unused one, or
    excess demand. ``growth`` is the largest growth rate of a small deviation under the replicator
    dynamics and ``growth_error`` how well it is known: zero where the whole spectrum was computed,
    the residual of an eigenvector where one was iterated, infinite where that failed, NaN where
    nothing was computed (inside compiled code, without a matrix).
    """

    payoff: Float[Array, " cell"]
    value: Float[Array, " group"]
    used: Bool[Array, " cell"]
    growth: Float[Array, ""] = eqx.field(default_factory=_unknown, kw_only=True)
    growth_error: Float[Array, ""] = eqx.field(
        default_factory=lambda: jnp.asarray(0.0), kw_only=True
    )

    @property
    def stability(self) -> Stability:
        """Stable, unstable, cannot tell (growth too close to zero), or not computed."""
        return Stability.of(self.growth, self.growth_error)

    @property
    def stable(self) -> bool | None:
        """True or False, None where that is not known; :attr:`stability` says why."""
        return self.stability.known
