"""What a search for thresholds returns: as objects, as a table, and as plain values for JSON."""

from __future__ import annotations

import contextlib
import functools
import math
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd

from neg.breakpoints.scale import declared
from neg.breakpoints.witness import (
    Witness,
    break_witness,
    fold_witness,
    gradient_of,
    sustain_witness,
)
from neg.core.checks import check_choice
from neg.core.compilation import own_settings
from neg.core.errors import InvalidParameterError
from neg.economy.model import Model
from neg.solvers.system import Unknowns, pack

KINDS = ("break", "fold", "sustain")


@dataclass(frozen=True, repr=False)
class Threshold:
    """A parameter value at which an equilibrium gains or loses its standing.

    ``kind`` says what happens there:

    - ``break``: a growth rate of an interior equilibrium passes zero, and the equilibrium goes on;
    - ``fold``: two interior equilibria meet and vanish; with ``rank`` 0 one of them is stable, with
      a higher one both are saddles;
    - ``sustain``: full agglomeration becomes or ceases to be an equilibrium.

    ``growth`` is the test value at the point, zero up to rounding: the growth rate of the critical
    mode, or what the first unit gains by leaving. ``converged`` says that it is zero, that it was
    seen with opposite signs on the two sides, and that the equilibria there are one continuous
    branch. ``interval`` is the bracket on whose ends that was seen (at a fold both lie on the same
    side). ``pattern`` is, for a break or fold, the critical mode over cells with largest entry one;
    for a sustain point the distribution of the agglomeration. ``places`` names the places of
    agglomeration that share the value by symmetry. ``equilibrium`` is the distribution at the
    threshold. ``below`` tells what holds at smaller values of the parameter. ``rank`` counts the
    modes that grow at the point: 0 is the one that decides stability. ``oscillates`` says that the
    critical mode is a pair that turns.
    """

    kind: str
    parameter: str
    value: float
    converged: bool
    pattern: np.ndarray
    places: tuple[str, ...]
    interval: tuple[float, float]
    equilibrium: np.ndarray
    below: str
    rank: int
    growth: float
    oscillates: bool
    model: Model
    state: Unknowns
    used: np.ndarray
    closed: np.ndarray

    @functools.cached_property
    def witness(self) -> Witness:
        """What is frozen at the threshold, for its derivatives."""
        where = (self.model, self.parameter, self.value, pack(self.state), jnp.asarray(self.used))
        if self.kind == "sustain":
            return sustain_witness(*where, jnp.asarray(self.closed))
        return break_witness(*where) if self.kind == "break" else fold_witness(*where)

    def gradient(self) -> dict[str, float]:
        """Derivative of the threshold with respect to every other scalar parameter."""
        return threshold_gradient(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, texts and lists, ready for JSON."""
        return {
            "kind": self.kind,
            "value": self.value,
            "converged": self.converged,
            "growth": self.growth,
            "interval": list(self.interval),
            "below": self.below,
            "rank": self.rank,
            "oscillates": self.oscillates,
            "places": list(self.places),
            "pattern": np.asarray(self.pattern).tolist(),
            "equilibrium": np.asarray(self.equilibrium).tolist(),
        }

    def __repr__(self) -> str:
        verdict = "" if self.converged else ", NOT CONVERGED"
        return (
            f"{self.kind} at {self.parameter} = {self.value:.10g} "
            f"({self.below} below, growth {self.growth:.1e}{verdict})"
        )


@dataclass(frozen=True, repr=False)
class Thresholds:
    """All thresholds of ``parameter`` in ``searched``, by value; or the reason for none.

    ``none_because`` is the reason for no threshold at all; ``missing`` gives the reason for each
    kind (``break``, ``sustain``) of which there is none. ``followed`` counts the branches that were
    searched, ``notes`` say where they end inside the interval and what was left out.
    """

    model: Model
    parameter: str
    points: tuple[Threshold, ...]
    searched: tuple[float, float]
    none_because: str | None
    missing: dict[str, str] = field(default_factory=dict)
    followed: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> tuple[Threshold, ...]:
        """The break points, the folds or the sustain points."""
        check_choice("kind", kind, KINDS)
        return tuple(point for point in self.points if point.kind == kind)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters that were held, by name."""
        fixed = moved_by(self.model, self.parameter)
        return {name: v for name, v in numbers(self.model).items() if name not in fixed}

    def to_frame(self) -> pd.DataFrame:
        """One row for each threshold."""
        rows = [
            {
                "kind": point.kind,
                self.parameter: point.value,
                "converged": point.converged,
                "below": point.below,
                "rank": point.rank,
                "growth": point.growth,
                "low": point.interval[0],
                "high": point.interval[1],
                "places": ", ".join(point.places),
            }
            for point in self.points
        ]
        columns = ["kind", self.parameter, "converged", "below", "rank", "growth", "low", "high"]
        return pd.DataFrame(rows, columns=[*columns, "places"])

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, texts and lists, ready for JSON, with what was searched."""
        return {
            "model": _name(self.model),
            "parameter": self.parameter,
            "parameters": self.parameters,
            "places": list(self.model.cell_labels),
            "searched": {
                "low": self.searched[0],
                "high": self.searched[1],
                **{f"{name}_branches": count for name, count in self.followed.items()},
            },
            "thresholds": [point.as_dict() for point in self.points],
            "none_because": self.none_because,
            "missing": dict(self.missing),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return "\n".join([self._title, *([self._table()] if self.points else []), *self._remarks])

    def _repr_html_(self) -> str:
        from html import escape

        table = self._frame().to_html(index=False, border=0) if self.points else ""
        remarks = "".join(f"<p>{escape(text)}</p>" for text in self._remarks)
        return f"<p>{escape(self._title)}</p>{table}{remarks}"

    @property
    def _title(self) -> str:
        low, high = self.searched
        return (
            f"thresholds of {self.parameter} from {low:.7g} to {high:.7g}, {_name(self.model)}"
            + ("" if self.points else ": none found")
        )

    @property
    def _remarks(self) -> list[str]:
        reasons = [f"no {kind} point: {reason}" for kind, reason in self.missing.items()]
        return [*([self.none_because] if self.none_because else reasons), *self.notes]

    def _frame(self) -> pd.DataFrame:
        frame = self.to_frame().drop(columns=["low", "high"])
        frame[self.parameter] = [f"{point.value:.10g}" for point in self.points]
        frame["converged"] = ["yes" if point.converged else "NO" for point in self.points]
        frame["growth"] = [f"{point.growth:.1e}" for point in self.points]
        return frame

    def _table(self) -> str:
        return str(self._frame().to_string(index=False))


@own_settings
def threshold_gradient(point: Threshold, names: tuple[str, ...] | None = None) -> dict[str, float]:
    """Derivative of a threshold with respect to the named (default all other) parameters.

    ``d lambda / d theta = - g_theta / g_lambda`` with the response of the equilibrium included.
    NaN where the threshold did not converge.
    """
    if names is None:
        fixed = moved_by(point.model, point.parameter)
        names = tuple(name for name in numbers(point.model) if name not in fixed)
    slopes = gradient_of(point.witness, point.model, names)
    return {name: float(slopes[name]) if point.converged else math.nan for name in names}


def moved_by(model: Model, parameter: str) -> set[str]:
    """The parameters that move when this parameter or alias does: itself, or what it stands for."""
    if parameter in model.parameters():
        return {parameter}
    spec = declared(model, parameter)
    here = float(model.get(parameter))
    low = -np.inf if spec.low is None else spec.low
    high = np.inf if spec.high is None else spec.high
    near = [here + s * 0.01 * max(abs(here), 1e-3) for s in (1.0, -1.0)]
    other = next((value for value in near if low < value < high), 0.5 * (low + high))
    changed = model.with_(**{parameter: other})
    after = numbers(changed)
    return {name for name, value in numbers(model).items() if after.get(name) != value}


def numbers(model: Model) -> dict[str, float]:
    """The parameters that are one number, by name; not those with several entries or none."""
    found = {}
    for name in model.parameters():
        with contextlib.suppress(InvalidParameterError, TypeError):
            found[name] = float(model.get(name))
    return found


def _name(model: Model) -> str:
    return model.name or type(model).__name__
