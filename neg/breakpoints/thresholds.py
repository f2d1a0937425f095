"""Break and sustain points of any parameter, from the model's own spectrum and payoff gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.breakpoints.agglomerated import Corner, Leaving, corners, leavings
from neg.breakpoints.interior import Crossing, Interior
from neg.breakpoints.scale import scale_of
from neg.breakpoints.witness import (
    Witness,
    break_witness,
    differentiable,
    fold_witness,
    gradient_of,
    sustain_witness,
)
from neg.core.checks import check_choice, is_concrete
from neg.core.errors import BlackHoleError, ConvergenceError, InvalidParameterError
from neg.economy.model import Model
from neg.solvers.system import stop

_NODES = 129


@dataclass(frozen=True)
class Threshold:
    """A parameter value at which an equilibrium gains or loses its standing.

    ``kind`` is ``break`` (the most symmetric interior equilibrium gains or loses stability) or
    ``sustain`` (full agglomeration becomes or ceases to be an equilibrium). ``pattern`` is, for a
    break, the unstable mode over cells with largest entry one; for a sustain point the
    distribution of the agglomeration. ``places`` names the places of agglomeration that share the
    value by symmetry. ``interval`` is a bracket on whose ends the test value was seen to have
    opposite signs. ``equilibrium`` is the distribution at the threshold. ``below`` tells what
    holds at smaller values of the parameter. ``rank`` counts unstable modes: 0 is the one that
    decides stability.
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
    model: Model = field(repr=False)
    witness: Witness = field(repr=False)

    def gradient(self) -> dict[str, float]:
        """Derivative of the threshold with respect to every other scalar parameter."""
        return threshold_gradient(self)


@dataclass(frozen=True)
class Thresholds:
    """All thresholds of ``parameter`` in ``searched``, by value; or the reason for none."""

    model: Model = field(repr=False)
    parameter: str
    points: tuple[Threshold, ...]
    searched: tuple[float, float]
    none_because: str | None

    def of_kind(self, kind: str) -> tuple[Threshold, ...]:
        """The break points or the sustain points."""
        check_choice("kind", kind, ("break", "sustain"))
        return tuple(point for point in self.points if point.kind == kind)


def thresholds(
    model: Model,
    parameter: str = "tau",
    low: float | None = None,
    high: float | None = None,
    *,
    modes: int = 1,
    nodes: int = _NODES,
) -> Thresholds:
    """Find every break and sustain point of a scalar parameter or alias.

    The most symmetric interior equilibrium and full agglomeration in each place are followed over
    the allowed range (or from ``low`` to ``high``) on ``nodes`` points of a scale that resolves
    both ends; sign changes of the largest growth rate and of the gain from leaving, and places
    where these turn back near zero, are bracketed and converged to about 1e-12. With ``modes``
    above one the crossings of so many leading modes are listed, the later ones with
    ``rank`` > 0. Where an asymmetric geography turns the break into a fold, the fold is reported.
    Raises :class:`neg.core.errors.UnknownNameError` for an unknown parameter and
    :class:`neg.core.errors.InvalidParameterError` for bounds outside its range.
    """
    scale = scale_of(model, parameter, low, high)
    if not all(is_concrete(leaf) for leaf in jax.tree.leaves(stop(model))):
        raise InvalidParameterError(
            "model holds traced values; thresholds are searched outside of jit and vmap"
        )
    model = stop(model)
    v = scale.nodes(nodes)
    interior = Interior(model, parameter, scale, v)
    edge = corners(model, parameter, scale, v)
    points = [_break(model, parameter, c) for c in interior.crossings(modes)]
    points += [_sustain(model, parameter, c) for c in leavings(model, parameter, scale, edge)]
    points.sort(key=lambda point: (round(point.value, 10), point.kind))
    searched = (float(scale.value(scale.first)), float(scale.value(scale.last)))
    reason = None if points else _reason(parameter, searched, interior, edge)
    return Thresholds(model, parameter, tuple(points), searched, reason)


def threshold(
    model: Model,
    kind: str = "break",
    parameter: str = "tau",
    low: float | None = None,
    high: float | None = None,
    *,
    which: int = -1,
) -> Float[Array, ""]:
    """One threshold as a JAX scalar, differentiable with respect to every leaf of ``model``.

    ``which`` picks among several, in increasing order of the parameter; default the last. The
    derivative is that of the symmetric state under changes that keep its symmetry. Not for use
    inside ``jit``. Raises :class:`neg.core.errors.BlackHoleError` with the reason if there is none.
    """
    check_choice("kind", kind, ("break", "sustain"))
    found = thresholds(model, parameter, low, high)
    points = found.of_kind(kind)
    if not points:
        raise BlackHoleError(found.none_because or f"there is no {kind} point of {parameter}")
    try:
        point = points[which]
    except IndexError:
        raise InvalidParameterError(
            f"which = {which} is not allowed; there are {len(points)} {kind} points"
        ) from None
    if not point.converged:
        raise ConvergenceError(f"the {kind} point near {point.value:g} did not converge", point)
    return differentiable(point.witness, model, True)


def threshold_gradient(point: Threshold, names: tuple[str, ...] | None = None) -> dict[str, float]:
    """Derivative of a threshold with respect to the named (default all other) parameters.

    ``d lambda / d theta = - g_theta / g_lambda`` with the response of the equilibrium included.
    NaN where the threshold did not converge.
    """
    if names is None:
        fixed = {point.parameter} | ({"tau"} if point.parameter in point.model.aliases else set())
        names = tuple(name for name in point.model.parameters() if name not in fixed)
    slopes = gradient_of(point.witness, point.model, names)
    return {name: float(slopes[name]) if point.converged else math.nan for name in names}


def _break(model: Model, parameter: str, crossing: Crossing) -> Threshold:
    value = crossing.zero.value
    used = jnp.ones(model.groups.cells, dtype=bool)
    mode = break_witness(model, parameter, value, crossing.z, used)
    witness = mode
    if crossing.left is not None:
        witness = fold_witness(model, parameter, value, crossing.z, used, crossing.left)
    word = "stable" if crossing.stable_below else "unstable"
    if crossing.left is not None:
        word = "vanishes" if not crossing.stable_below else "exists"
    return Threshold(
        kind="break",
        parameter=parameter,
        value=value,
        converged=crossing.zero.converged,
        pattern=np.real(np.asarray(mode.right)),
        places=(),
        interval=crossing.zero.interval,
        equilibrium=crossing.x,
        below=word,
        rank=crossing.rank,
        model=model,
        witness=witness,
    )


def _sustain(model: Model, parameter: str, leaving: Leaving) -> Threshold:
    value, corner = leaving.zero.value, leaving.corner
    places = tuple(_place(model, cell) for cell in corner.same_as)
    return Threshold(
        kind="sustain",
        parameter=parameter,
        value=value,
        converged=leaving.zero.converged,
        pattern=leaving.x,
        places=places,
        interval=leaving.zero.interval,
        equilibrium=leaving.x,
        below="sustained" if leaving.sustained_below else "not sustained",
        rank=0,
        model=model,
        witness=sustain_witness(
            model, parameter, value, leaving.z, corner.walk.used, corner.walk.closed
        ),
    )


def _place(model: Model, cell: int) -> str:
    return model.cell_labels[cell]


def _reason(
    parameter: str, searched: tuple[float, float], interior: Interior, edge: list[Corner]
) -> str:
    """Why there is no threshold: what holds everywhere instead."""
    where = f"at every {parameter} searched, from {searched[0]:.7g} to {searched[1]:.7g}"
    growth = np.concatenate([chain.growth[:, 0] for chain in interior.chains] or [np.zeros(0)])
    gain = np.concatenate([corner.gain for corner in edge] or [np.zeros(0)])
    stable, unstable = (growth < 0).all(), (growth > 0).all()
    sustained, not_sustained = (gain < 0).all(), (gain > 0).all()
    if not growth.size:
        return f"no interior equilibrium was found {where}"
    if unstable and sustained and gain.size:
        return (
            f"black hole: full agglomeration is an equilibrium and the most symmetric state is "
            f"unstable {where}"
        )
    if stable and not_sustained and gain.size:
        return (
            f"no agglomeration: the most symmetric state is stable and full agglomeration is no "
            f"equilibrium {where}"
        )
    if interior.poles:
        poles = ", ".join(f"{value:.7g}" for value in interior.poles)
        return (
            f"the growth rate changes sign only through infinity, where market clearing is "
            f"singular ({parameter} = {poles}), {where}"
        )
    if stable:
        return f"the most symmetric state is stable, and so nothing breaks, {where}"
    if unstable:
        return f"the most symmetric state is unstable, and so never regains stability, {where}"
    return f"no growth rate or payoff gap that could be decided changes sign {where}"
